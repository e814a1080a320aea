"""The one table of operations.

What the control plane, its OpenAPI document, the clients, the object in this process and
the command line offer, they offer because it stands here.
Adding an operation is adding a row here, and its handler on the hub.
"""

from __future__ import annotations

import dataclasses
import re

import msgspec

from mockseg.operations.base import (
    Nothing,
    OfSource,
)
from mockseg.operations.calls import (
    CallDetails,
    CallPage,
    ClearCalls,
    Cleared,
    GetCall,
    ImportCalls,
    Imported,
    ListCalls,
    Settle,
    Settled,
    Summary,
    WaitCalls,
    WaitedCalls,
)
from mockseg.operations.deliveries import (
    DeliveryPage,
    ListDeliveries,
    Redeliver,
    Redelivered,
    WaitDeliveries,
    WaitedDeliveries,
)
from mockseg.operations.destinations import (
    Act,
    Acted,
    AddDestination,
    AudienceChanged,
    ChangeAudience,
    DeletionRequested,
    DestinationList,
    DestinationView,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    PatchDestination,
    PutVendorState,
    RequestDeletion,
    VendorRequestPage,
    VendorState,
    WaitVendorRequests,
)
from mockseg.operations.explanations import ExplainCalls, Explained, UnmetWait
from mockseg.operations.faults import (
    AddFault,
    AskTruth,
    ClearFaults,
    FaultList,
    FaultPreview,
    FaultsCleared,
    FaultView,
    Released,
    ReleaseHeld,
    Truth,
)
from mockseg.operations.plans import (
    CoverageView,
    GetRule,
    MarkAsserted,
    Marked,
    PutPlan,
    RuleList,
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
from mockseg.operations.rows import (
    CallCounts,
    CopiedText,
    CopyCall,
    CopyCalls,
    CountCalls,
    ExplainedQuery,
    ExplainQuery,
    ListRows,
    RowPage,
)
from mockseg.operations.sources import (
    AdvanceClock,
    ClockView,
    CreateSource,
    Deleted,
    GetSource,
    Health,
    ListSources,
    PatchSource,
    SetClock,
    SourceList,
    SourceView,
    Window,
)
from mockseg.operations.warehouse import (
    QueriedWarehouse,
    QueryWarehouse,
    ShowWarehouse,
    WarehouseView,
)

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
        details: what ``error.details`` of a 406 has, or None.
        harmless: asking a second time gives the same as asking once, although it is a POST.
        command: that asks it on the command line, or None.
        verb: class and method that ask it in Python, or None.
    """

    name: str
    method: str
    path: str
    summary: str
    params: type[msgspec.Struct]
    result: type[msgspec.Struct]
    status: int = 200
    refusals: tuple[tuple[int, str], ...] = ()
    details: type[msgspec.Struct] | None = None
    harmless: bool = False
    command: str | None = None
    verb: str | None = None

    @property
    def repeatable(self) -> bool:
        """Whether a client may send it again when it does not know what happened."""
        return self.harmless or self.method != "POST"

    @property
    def changes(self) -> bool:
        """Whether something of the server is different afterwards."""
        return self.method != "GET" and not self.harmless

    @property
    def path_names(self) -> tuple[str, ...]:
        """The names in braces of the path, as parameters are called on the wire."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def has_body(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH"}


_NO_CALL = ((404, "no such call was recorded"), (410, "the call was evicted or cleared"))
_NO_SOURCE = (404, "no such source")
_NO_DESTINATION = (404, "no such destination")
_NOT_IMITATED = (409, "the destination is a service of your own, which mockseg does not imitate")
_NO_WAREHOUSE = (
    (410, "calls were evicted before they were loaded"),
    (413, "the calls take more bytes than a warehouse in memory may have"),
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "health",
        "GET",
        "/health",
        "Say that the server is ready.",
        Nothing,
        Health,
        command="readyz",
        verb="Client.health",
    ),
    Operation(
        "list_calls",
        "GET",
        "/calls",
        "List recorded calls.",
        ListCalls,
        CallPage,
        command="calls",
        verb="Source.calls",
    ),
    Operation(
        "wait_calls",
        "POST",
        "/calls/wait",
        "Answer as soon as the calls are there.",
        WaitCalls,
        WaitedCalls,
        refusals=((406, "time is up, or it can no longer come true"),),
        details=UnmetWait,
        harmless=True,
        command="wait",
        verb="Source.wait_for",
    ),
    Operation(
        "explain_calls",
        "POST",
        "/calls/explain",
        "Say why calls are not there as often as expected.",
        ExplainCalls,
        Explained,
        harmless=True,
        verb="Source.assert_called",
    ),
    Operation(
        "import_calls",
        "POST",
        "/calls/import",
        "Record exported calls.",
        ImportCalls,
        Imported,
        command="import",
    ),
    Operation(
        "clear_calls",
        "DELETE",
        "/calls",
        "Forget calls.",
        ClearCalls,
        Cleared,
        command="clear",
        verb="Source.clear",
    ),
    Operation(
        "call_rows",
        "GET",
        "/calls/rows",
        "List recorded calls as rows, the newest first.",
        ListRows,
        RowPage,
    ),
    Operation(
        "call_counts",
        "GET",
        "/calls/counts",
        "Count calls by verdict, by time and by their most frequent values.",
        CountCalls,
        CallCounts,
    ),
    Operation(
        "explain_query",
        "GET",
        "/calls/query",
        "Say which terms of a query hold, for all calls and for each of the newest.",
        ExplainQuery,
        ExplainedQuery,
        command="calls",
    ),
    Operation(
        "copy_calls",
        "POST",
        "/calls/copy",
        "Return calls as text for a terminal, a test or a report.",
        CopyCalls,
        CopiedText,
        refusals=_NO_CALL,
        harmless=True,
    ),
    Operation(
        "copy_call",
        "GET",
        "/calls/{id}/copy",
        "Return one call as text for a terminal, a test or a report.",
        CopyCall,
        CopiedText,
        refusals=_NO_CALL,
        command="show",
    ),
    Operation(
        "get_call",
        "GET",
        "/calls/{id}",
        "Show one call with all that is known of it.",
        GetCall,
        CallDetails,
        refusals=_NO_CALL,
        command="show",
    ),
    Operation(
        "clear_call",
        "DELETE",
        "/calls/{id}",
        "Forget one call.",
        GetCall,
        Cleared,
        refusals=_NO_CALL,
    ),
    Operation(
        "settle",
        "POST",
        "/settle",
        "Answer when nothing is in flight.",
        Settle,
        Settled,
        refusals=((406, "it did not become quiet in time"),),
        harmless=True,
        verb="Source.settle",
    ),
    Operation(
        "summary",
        "GET",
        "/summary",
        "Count what was recorded.",
        OfSource,
        Summary,
        command="summary",
        verb="Source.summary",
    ),
    Operation(
        "list_requests",
        "GET",
        "/requests",
        "List requests.",
        ListRequests,
        RequestPage,
        command="requests",
        verb="Source.requests",
    ),
    Operation(
        "get_request",
        "GET",
        "/requests/{id}",
        "Show one request.",
        GetRequest,
        RequestView,
        refusals=((404, "no such request, or no longer kept"),),
        command="show",
    ),
    Operation(
        "list_sources",
        "GET",
        "/sources",
        "List sources.",
        ListSources,
        SourceList,
        command="sources",
        verb="Client.sources",
    ),
    Operation(
        "create_source",
        "POST",
        "/sources",
        "Open a source.",
        CreateSource,
        SourceView,
        status=201,
        refusals=((409, "this write key is open already"),),
        verb="Client.source",
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
        verb="Source.update",
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
        harmless=True,
        verb="Client.window",
    ),
    Operation(
        "put_plan",
        "PUT",
        "/sources/{writeKey}/plan",
        "Set the plans of a source.",
        PutPlan,
        SourcePlans,
        verb="Source.update",
    ),
    Operation(
        "get_coverage",
        "GET",
        "/sources/{writeKey}/coverage",
        "Tell what was seen of a source's plans.",
        GetSource,
        CoverageView,
        command="coverage",
        verb="Source.coverage",
    ),
    Operation(
        "get_rule",
        "GET",
        "/plans/{plan}/events/{event}",
        "Show the rules of an event of a plan, and what was seen of them.",
        GetRule,
        RuleList,
        refusals=((404, "no such plan, or no such event in it"),),
    ),
    Operation(
        "mark_asserted",
        "POST",
        "/sources/{writeKey}/asserted",
        "Note which calls assertions matched.",
        MarkAsserted,
        Marked,
        verb="Source.assert_called",
    ),
    Operation(
        "validate_messages",
        "POST",
        "/plans/validate",
        "Judge messages without recording them.",
        ValidateMessages,
        ValidatedMessages,
        refusals=((409, "the source was forgotten with its plan"),),
        verb="Client.validate",
    ),
    Operation(
        "list_faults", "GET", "/faults", "List faults.", OfSource, FaultList, command="fault list"
    ),
    Operation(
        "add_fault",
        "POST",
        "/faults",
        "Add a fault.",
        AddFault,
        FaultView,
        status=201,
        command="fault add",
        verb="Source.faults",
    ),
    Operation(
        "preview_fault",
        "POST",
        "/faults/dry",
        "Tell what a fault would hit, and what it would have hit; add nothing.",
        AddFault,
        FaultPreview,
        harmless=True,
        command="fault add",
    ),
    Operation(
        "clear_faults",
        "DELETE",
        "/faults",
        "Take faults away.",
        ClearFaults,
        FaultsCleared,
        refusals=((404, "no such fault"),),
        command="fault clear",
        verb="Source.faults",
    ),
    Operation(
        "release_held",
        "POST",
        "/faults/release",
        "Answer at once what faults hold back; the faults stay in force.",
        ReleaseHeld,
        Released,
        command="fault release",
        verb="Source.release_held",
    ),
    Operation(
        "truth",
        "GET",
        "/truth",
        "Report the fate of each message.",
        AskTruth,
        Truth,
        command="truth",
        verb="Source.truth",
    ),
    Operation(
        "list_destinations",
        "GET",
        "/destinations",
        "List destinations.",
        ListDestinations,
        DestinationList,
        command="destination list",
        verb="Source.destinations",
    ),
    Operation(
        "add_destination",
        "POST",
        "/destinations",
        "Connect a destination to a source.",
        AddDestination,
        DestinationView,
        status=201,
        refusals=((409, "the API key belongs to another destination"),),
        command="destination add",
        verb="Source.destination",
    ),
    Operation(
        "get_destination",
        "GET",
        "/destinations/{id}",
        "Show one destination.",
        GetDestination,
        DestinationView,
        refusals=(_NO_DESTINATION,),
    ),
    Operation(
        "patch_destination",
        "PATCH",
        "/destinations/{id}",
        "Change how calls are forwarded.",
        PatchDestination,
        DestinationView,
        refusals=(_NO_DESTINATION, (409, "the API key belongs to another destination")),
        verb="Destination.update",
    ),
    Operation(
        "delete_destination",
        "DELETE",
        "/destinations/{id}",
        "Take a destination away with all that it has.",
        GetDestination,
        Deleted,
        refusals=(_NO_DESTINATION,),
        command="destination remove",
        verb="Destination.remove",
    ),
    Operation(
        "get_destination_state",
        "GET",
        "/destinations/{id}/state",
        "Show what an imitated vendor has.",
        GetDestination,
        VendorState,
        refusals=(_NO_DESTINATION, _NOT_IMITATED),
        command="destination state",
        verb="Destination.state",
    ),
    Operation(
        "put_destination_state",
        "PUT",
        "/destinations/{id}/state",
        "Set what an imitated vendor has.",
        PutVendorState,
        VendorState,
        refusals=(_NO_DESTINATION, _NOT_IMITATED),
        verb="Destination.put_state",
    ),
    Operation(
        "act",
        "POST",
        "/destinations/{id}/actions/{action}",
        "Do what only the vendor's own page or SDK could.",
        Act,
        Acted,
        refusals=(_NO_DESTINATION, _NOT_IMITATED),
        command="destination act",
        verb="Destination.act",
    ),
    Operation(
        "list_vendor_requests",
        "GET",
        "/destinations/{id}/requests",
        "List what reached a vendor.",
        ListVendorRequests,
        VendorRequestPage,
        refusals=(_NO_DESTINATION, _NOT_IMITATED),
        command="destination requests",
        verb="Destination.requests",
    ),
    Operation(
        "wait_vendor_requests",
        "POST",
        "/destinations/{id}/requests/wait",
        "Answer as soon as something reaches a vendor.",
        WaitVendorRequests,
        VendorRequestPage,
        refusals=(_NO_DESTINATION, (406, "time is up"), _NOT_IMITATED),
        verb="Destination.assert_received",
    ),
    Operation(
        "list_deliveries",
        "GET",
        "/deliveries",
        "List the fate of calls at destinations.",
        ListDeliveries,
        DeliveryPage,
        command="deliveries",
        verb="Source.deliveries",
    ),
    Operation(
        "wait_deliveries",
        "POST",
        "/deliveries/wait",
        "Answer as soon as calls are delivered.",
        WaitDeliveries,
        WaitedDeliveries,
        refusals=((406, "time is up, or it can no longer come true"),),
        verb="Source.wait_for_delivery",
    ),
    Operation(
        "redeliver",
        "POST",
        "/deliveries/again",
        "Deliver recorded calls again.",
        Redeliver,
        Redelivered,
        refusals=(_NO_DESTINATION,),
        command="redeliver",
        verb="Source.redeliver",
    ),
    Operation(
        "change_audience",
        "POST",
        "/sources/{writeKey}/audiences",
        "Change who is in an audience, or a computed trait.",
        ChangeAudience,
        AudienceChanged,
        verb="Source.audience",
    ),
    Operation(
        "request_deletion",
        "POST",
        "/sources/{writeKey}/deletions",
        "Tell destinations that a user is to be deleted.",
        RequestDeletion,
        DeletionRequested,
        verb="Source.request_deletion",
    ),
    Operation(
        "query_warehouse",
        "POST",
        "/sources/{writeKey}/warehouse/query",
        "Run SQL on calls in Segment's warehouse schema.",
        QueryWarehouse,
        QueriedWarehouse,
        refusals=_NO_WAREHOUSE,
        harmless=True,
        command="warehouse",
        verb="Warehouse.query",
    ),
    Operation(
        "show_warehouse",
        "GET",
        "/sources/{writeKey}/warehouse",
        "Show tables and columns of a source's warehouse.",
        ShowWarehouse,
        WarehouseView,
        refusals=_NO_WAREHOUSE,
        command="warehouse",
        verb="Warehouse.show",
    ),
    Operation(
        "get_clock", "GET", "/clock", "Tell the time.", OfSource, ClockView, verb="Source.clock"
    ),
    Operation(
        "set_clock", "PUT", "/clock", "Set the time.", SetClock, ClockView, verb="Source.set_clock"
    ),
    Operation(
        "advance_clock",
        "POST",
        "/clock/advance",
        "Move time on.",
        AdvanceClock,
        ClockView,
        verb="Source.advance_clock",
    ),
)


def by_name(name: str) -> Operation:
    return _BY_NAME[name]


_BY_NAME = {operation.name: operation for operation in OPERATIONS}
