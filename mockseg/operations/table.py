"""The one table of operations.

What the control plane, its OpenAPI document, the clients, the object in this process and
the command line offer, they offer because it stands here.
Adding an operation is adding a row here, and its handler on the hub.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import msgspec

from mockseg.operations.base import (
    Nothing,
    OfSource,
)
from mockseg.operations.calls import (
    CallPage,
    ClearCalls,
    Cleared,
    ImportCalls,
    Imported,
    ListCalls,
    Settle,
    Settled,
    Summary,
    WaitCalls,
    WaitedCalls,
)
from mockseg.operations.clock import (
    AdvanceClock,
    ClockView,
    Health,
    SetClock,
)
from mockseg.operations.faults import (
    AddFault,
    AskTruth,
    ClearFaults,
    FaultList,
    FaultsCleared,
    FaultView,
    Truth,
)
from mockseg.operations.plans import (
    CoverageView,
    MarkAsserted,
    Marked,
    PutPlan,
    SourcePlans,
    ValidatedMessages,
    ValidateMessages,
)
from mockseg.operations.requests import (
    GetRequest,
    ListRequests,
    RequestPage,
    RequestView,
)
from mockseg.operations.sources import (
    CreateSource,
    Deleted,
    GetSource,
    PatchSource,
    SourceList,
    SourceView,
    Window,
)

__all__ = ["OPERATIONS", "PREFIX", "Operation", "by_name", "to_wire"]

PREFIX = "/_mockseg/v1"


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        name: of the handler on the hub.
        method: HTTP method.
        path: below :data:`PREFIX`; names in braces are parameters.
        summary: one sentence.
        params: what it takes; from path and query for GET and DELETE, else from path and body.
        result: what it answers.
        status: of the answer when it went well.
        refusals: other statuses it may answer, with their meaning.
    """

    name: str
    method: str
    path: str
    summary: str
    params: type[msgspec.Struct]
    result: type[msgspec.Struct]
    status: int = 200
    refusals: tuple[tuple[int, str], ...] = ()

    @property
    def path_names(self) -> tuple[str, ...]:
        """Give the names in braces of the path, as parameters are called on the wire."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def has_body(self) -> bool:
        """Tell whether parameters travel in a body."""
        return self.method in {"POST", "PUT", "PATCH"}


_NO_SOURCE = (404, "no such source")

OPERATIONS: tuple[Operation, ...] = (
    Operation("health", "GET", "/health", "Say that the server is ready.", Nothing, Health),
    Operation("list_calls", "GET", "/calls", "List recorded calls.", ListCalls, CallPage),
    Operation(
        "wait_calls",
        "POST",
        "/calls/wait",
        "Answer as soon as the calls are there.",
        WaitCalls,
        WaitedCalls,
        refusals=((406, "time is up, or it can no longer come true"),),
    ),
    Operation(
        "import_calls", "POST", "/calls/import", "Record exported calls.", ImportCalls, Imported
    ),
    Operation("clear_calls", "DELETE", "/calls", "Forget calls.", ClearCalls, Cleared),
    Operation(
        "settle",
        "POST",
        "/settle",
        "Answer when nothing is in flight.",
        Settle,
        Settled,
        refusals=((406, "it did not become quiet in time"),),
    ),
    Operation("summary", "GET", "/summary", "Count what was recorded.", OfSource, Summary),
    Operation("list_requests", "GET", "/requests", "List requests.", ListRequests, RequestPage),
    Operation(
        "get_request",
        "GET",
        "/requests/{id}",
        "Show one request.",
        GetRequest,
        RequestView,
        refusals=((404, "no such request, or no longer kept"),),
    ),
    Operation("list_sources", "GET", "/sources", "List sources.", Nothing, SourceList),
    Operation(
        "create_source",
        "POST",
        "/sources",
        "Open a source.",
        CreateSource,
        SourceView,
        status=201,
        refusals=((409, "this write key is open already"),),
    ),
    Operation(
        "get_source",
        "GET",
        "/sources/{writeKey}",
        "Show a source.",
        GetSource,
        SourceView,
        refusals=(_NO_SOURCE,),
    ),
    Operation(
        "patch_source",
        "PATCH",
        "/sources/{writeKey}",
        "Change a source.",
        PatchSource,
        SourceView,
        refusals=(_NO_SOURCE,),
    ),
    Operation(
        "delete_source",
        "DELETE",
        "/sources/{writeKey}",
        "Forget a source and all it has.",
        GetSource,
        Deleted,
        refusals=(_NO_SOURCE,),
    ),
    Operation(
        "open_window",
        "POST",
        "/sources/{writeKey}/window",
        "See a source from now on, with its own dedup window.",
        GetSource,
        Window,
    ),
    Operation(
        "put_plan",
        "PUT",
        "/sources/{writeKey}/plan",
        "Set the plans of a source.",
        PutPlan,
        SourcePlans,
    ),
    Operation(
        "get_coverage",
        "GET",
        "/sources/{writeKey}/coverage",
        "Tell what was seen of a source's plans.",
        GetSource,
        CoverageView,
    ),
    Operation(
        "mark_asserted",
        "POST",
        "/sources/{writeKey}/asserted",
        "Note which calls assertions matched.",
        MarkAsserted,
        Marked,
    ),
    Operation(
        "validate_messages",
        "POST",
        "/plans/validate",
        "Judge messages without recording them.",
        ValidateMessages,
        ValidatedMessages,
    ),
    Operation("list_faults", "GET", "/faults", "List faults.", OfSource, FaultList),
    Operation("add_fault", "POST", "/faults", "Add a fault.", AddFault, FaultView, status=201),
    Operation(
        "clear_faults",
        "DELETE",
        "/faults",
        "Take faults away.",
        ClearFaults,
        FaultsCleared,
        refusals=((404, "no such fault"),),
    ),
    Operation("truth", "GET", "/truth", "Tell what became of each message.", AskTruth, Truth),
    Operation("get_clock", "GET", "/clock", "Tell the time.", OfSource, ClockView),
    Operation("set_clock", "PUT", "/clock", "Set the time.", SetClock, ClockView),
    Operation("advance_clock", "POST", "/clock/advance", "Move time on.", AdvanceClock, ClockView),
)


def by_name(name: str) -> Operation:
    """Give the operation of this name."""
    return _BY_NAME[name]


_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def to_wire(params: msgspec.Struct) -> dict[str, Any]:
    """Give parameters as JSON-able names and values, defaults left out."""
    built: dict[str, Any] = msgspec.to_builtins(params)
    return built
