"""The verdict on each call of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.domain import spec
from mockseg.domain.call import KeptCall, Remark, call_id
from mockseg.domain.findings import Discard, Finding, discard
from mockseg.domain.limits import MAX_CALL_BYTES, MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.message import MESSAGE_TYPES, normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgspec import Raw

    from mockseg.domain.reading import Reading
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.ingest import Ruling
    from mockseg.hub.texts import SharedTexts
    from mockseg.journal.window import DedupWindow
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.planset import PlanSet

__all__ = ["Judge"]


# Equal texts as one string, as for the names that calls carry.
_TYPES = {type_: type_ for type_ in MESSAGE_TYPES}


class Judge:
    """Judges the calls of one request, in the order of Segment's pipeline.

    First what the edge discards, then duplicates, then the source's plans.

    Args:
        request: as it is kept.
        ruling: what holds for all of its calls.
        window: the messageIds seen so far; new ones are taken in.
        plans: of the source, or None.
        mint: gives a messageId to a message that has none.
        shared_text: gives equal texts the same string, to save memory.

    Attributes:
        remarked: the calls of which something had to be said.
    """

    __slots__ = (
        "_mint",
        "_plans",
        "_remarked_ids",
        "_request",
        "_ruling",
        "_shared_text",
        "_window",
        "remarked",
    )

    def __init__(
        self,
        request: KeptRequest,
        *,
        ruling: Ruling,
        window: DedupWindow,
        plans: PlanSet | None,
        mint: Callable[[], str],
        shared_text: SharedTexts,
    ) -> None:
        self._request = request
        self._ruling = ruling
        self._window = window
        self._plans = plans
        self._mint = mint
        self._shared_text = shared_text
        self.remarked: list[KeptCall] = []
        # The messageIds of this request of which something had to be said.
        self._remarked_ids: set[str] | None = None

    def calls(self, read: Reading, route_type: str, first_cursor: int) -> list[KeptCall]:
        """Make the calls of the request.

        Args:
            read: what the request holds.
            route_type: the type that its route names, or empty for a batch.
            first_cursor: of the first call.
        """
        request, window, plans = self._request, self._window, self._plans
        share, held = self._shared_text, self._shared_text.held.get
        ruled = self._ruling.finding is not None
        large = read.longest > MAX_CALL_BYTES
        calls = []
        cursor = first_cursor
        event: str | None
        message_id: str | None
        window.begin(cursor, request.received_ns)
        for raw, message in read.items:
            findings: tuple[Finding, ...] = ()
            remark = None
            # Nearly every call is a good track call: for that there is a short way.
            if (
                type(message) is dict
                and (route_type or message.get("type")) == "track"
                and not (ruled or (large and len(memoryview(raw)) > MAX_CALL_BYTES))
                and (keys := spec.plain_track(message)) is not None
            ):
                type_ = "track"
                event, user_id, message_id = keys
            else:
                type_, event, user_id, message_id = _keys(message, route_type)
                findings = self._findings(raw, message, type_, route_type)
            if not message_id:
                message_id = self._mint()
            if findings or not window.take_in(message_id, cursor):
                remark = self._remark(findings, message_id, first_cursor)
                if not remark.findings:
                    window.remember(message_id, cursor)
            if plans is not None and (remark is None or not remark.findings):
                remark = self._planned(plans, message, type_, message_id, remark)
            call = KeptCall(
                cursor,
                request,
                cursor - first_cursor,
                raw,
                type_,
                event and (held(event) or share(event)),
                user_id and (held(user_id) or share(user_id)),
                message_id,
                remark,
            )
            calls.append(call)
            if remark is not None:
                self.remarked.append(call)
            cursor += 1
        return calls

    def _findings(
        self, raw: Raw, message: Json, type_: str, route_type: str
    ) -> tuple[Finding, ...]:
        """Say what is wrong with a message whatever was recorded before."""
        findings = spec.check(message, type_)
        if self._ruling.finding is not None:
            return _with_ruling(self._ruling.finding, findings)
        if not route_type and (size := len(memoryview(raw))) > MAX_CALL_BYTES:
            return (*findings, _too_large(size))
        return findings

    def _remark(self, findings: tuple[Finding, ...], message_id: str, first_cursor: int) -> Remark:
        """Say what is to be said of a call that is not simply good and new."""
        # One character over the limit tells an id that is too long from all others.
        known_as = message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]
        window, ruling = self._window, self._ruling
        first = window.first(known_as, self._request.received_ns)
        attempt = window.attempt(known_as, known=bool(first))
        if self._remarked_ids is None:
            self._remarked_ids = set()
        if known_as in self._remarked_ids or first >= first_cursor:
            # The same request carried it before in its batch: that is no further attempt.
            attempt -= 1
        else:
            window.carried(known_as, attempt)
        self._remarked_ids.add(known_as)
        if ruling.finding is not None:
            return Remark(
                verdict=ruling.verdict, findings=findings, attempt=attempt, duplicate_of=first
            )
        if first:
            sentence = f'messageId "{message_id[:100]}" was recorded before, as {call_id(first)}'
            findings = (*findings, discard("duplicate_message_id", "messageId", sentence))
        return Remark(
            verdict="dropped" if findings else "accepted",
            findings=findings,
            attempt=attempt,
            duplicate_of=first,
        )

    def _planned(
        self,
        plans: PlanSet,
        raw: JsonObject,
        type_: str,
        message_id: str,
        remark: Remark | None,
    ) -> Remark | None:
        """Let the source's plans judge a call that the edge lets through."""
        request = self._request
        message = normalise(
            raw,
            type_=type_,
            message_id=message_id,
            received_ns=request.received_ns,
            shared=request.shared,
        )
        event = message.get("event")
        outcome = plans.decide(
            message,
            type=type_,
            event=event if isinstance(event, str) else None,
            source_id=request.source,
        )
        if outcome.message is message and not outcome.violations and not outcome.blocked:
            return remark
        findings: tuple[Finding, ...] = outcome.violations
        if outcome.blocked and outcome.code is not None:
            findings = (discard(outcome.code), *findings)
        return Remark(
            verdict="blocked" if outcome.blocked else "accepted",
            findings=findings,
            attempt=1 if remark is None else remark.attempt,
            altered=None if outcome.message is message else json_types.encode(outcome.message),
        )


def _keys(message: Json, route_type: str) -> tuple[str, str | None, str | None, str | None]:
    """Give type, event, userId and messageId of any message, where they are strings."""
    if type(message) is not dict:
        return route_type, None, None, None
    type_ = route_type or _text(message.get("type")) or ""
    return (
        _TYPES.get(type_, type_),
        _text(message.get("event")) if type_ == "track" else None,
        _text(message.get("userId")),
        _text(message.get("messageId")),
    )


def _text(value: Json) -> str | None:
    return value if type(value) is str else None


def _with_ruling(finding: Discard, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    if finding.code == "bad_request" and findings:
        return findings
    return (finding, *findings)


def _too_large(size: int) -> Discard:
    return discard(
        "call_too_large",
        "",
        f"the call has {size} bytes, at most {MAX_CALL_BYTES} are allowed in a batch",
    )
