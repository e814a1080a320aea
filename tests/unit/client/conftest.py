"""A server that is only a script, and calls made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mockseg.client.operation_call import run
from mockseg.domain.call import Call, RequestRef
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.errors import OperationError
from mockseg.matching.evidence import evidence_of
from mockseg.matching.explain import explain
from mockseg.operations.calls import CallPage, Summary, WaitedCalls
from mockseg.operations.explanations import Explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.client.operation_call import OperationCall, Steps
    from mockseg.matching.matcher import Matcher


class Script:
    """Answers what it was told, in order, and keeps what it was asked."""

    def __init__(self, *answers: msgspec.Struct | OperationError) -> None:
        self.answers = list(answers)
        self.asked: list[OperationCall] = []

    def perform(self, asked: OperationCall) -> msgspec.Struct:
        """Give the next answer."""
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, OperationError):
            raise answer
        return answer

    def run(self, steps: Steps[Any]) -> Any:
        """Carry a verb out, to the end of the script."""
        try:
            return run(steps, self.perform)
        finally:
            assert self.answers == [], "the verb asked less than the script has"

    @property
    def operations(self) -> list[str]:
        """Name what was asked, in order."""
        return [asked.operation for asked in self.asked]


@pytest.fixture
def script() -> type[Script]:
    """Give the class of scripted servers."""
    return Script


@pytest.fixture
def make_call() -> Callable[..., Call]:
    """Give a function that makes a track call."""

    def make(cursor: int = 1, event: str = "Signed Up", **fields: Any) -> Call:
        properties = fields.pop("properties", {})
        values: dict[str, Any] = {
            "id": f"call-{cursor}",
            "cursor": cursor,
            "source": "key",
            "type": "track",
            "event": event,
            "user_id": "u1",
            "anonymous_id": None,
            "group_id": None,
            "message_id": f"m{cursor}",
            "verdict": "accepted",
            "good": True,
            "findings": (),
            "message": {"type": "track", "event": event, "properties": properties},
            "raw": {},
            "request": RequestRef(id="req-1", path="/v1/track", index=0, attempt=1),
            "received_at": "2026-01-31T12:00:00.000Z",
        }
        return Call(**{**values, **fields})

    return make


@pytest.fixture
def waited() -> Callable[..., WaitedCalls]:
    """Give a function that makes the answer to a wait."""

    def make(*calls: Call, cleared: int = 0) -> WaitedCalls:
        return WaitedCalls(calls=list(calls), next=calls[-1].cursor, cleared=cleared)

    return make


@pytest.fixture
def page() -> Callable[..., CallPage]:
    """Give a function that makes a page of calls."""

    def make(*calls: Call, next: int | None = None) -> CallPage:  # noqa: A002 (as on the wire)
        return CallPage(calls=list(calls), total=len(calls), next=next)

    return make


@pytest.fixture
def counts() -> Callable[..., Summary]:
    """Give a function that makes a summary of nothing but what is said."""

    def make(*, lost: Lost = NOTHING_LOST, **fields: Any) -> Summary:
        values: dict[str, Any] = dict.fromkeys(Summary.__struct_fields__, 0)
        values |= {"by_event": {}, "refusals": [], "evicted": lost.calls, "lost": lost}
        return Summary(**{**values, **fields})

    return make


@pytest.fixture
def explained() -> Callable[..., Explained]:
    """Give a function that makes the answer to a question why, as a server that saw these calls."""

    def make(
        matcher: Matcher, *seen: Call, candidates: tuple[Call, ...] = (), **known: Any
    ) -> Explained:
        evidence = evidence_of(matcher, seen, source="key", **known)
        answer = msgspec.convert(explain(evidence).as_json(), Explained)
        return msgspec.structs.replace(answer, candidates=list(candidates))

    return make


@pytest.fixture
def timed_out() -> OperationError:
    """Give the refusal of a wait whose time is up."""
    return OperationError("time is up", status=406, code="timeout", details={"seen": 0})


@pytest.fixture
def dropped() -> Callable[[Call], OperationError]:
    """Give a function that makes the refusal of a wait that has become hopeless."""

    def make(call: Call) -> OperationError:
        details = {"seen": 0, "call": msgspec.to_builtins(call)}
        return OperationError("dropped", status=406, code="dropped", details=details)

    return make
