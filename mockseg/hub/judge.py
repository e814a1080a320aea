"""The verdict on each call of a request."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from msgspec import Raw
from msgspec.structs import replace

from mockseg.domain import spec
from mockseg.domain.call import KeptCall, Remark, UnexplainedRemark, call_id
from mockseg.domain.findings import CallWarning, Finding, discard
from mockseg.domain.limits import MAX_CALL_BYTES, MAX_FINDINGS, MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.message import Shared, normalise
from mockseg.domain.reading import Reading
from mockseg.domain.request import KeptRequest
from mockseg.hub.answers import SUCCESS
from mockseg.hub.explainer import Explanations
from mockseg.hub.ingest import Ruling, message_type
from mockseg.journal.window import DedupWindow
from mockseg.json_types import Json, JsonObject
from mockseg.plans.planset import PlanSet
from mockseg.schemas.vocabulary import shown


class DryRun:
    """Judges messages in the order of Segment's pipeline: the edge, duplicates, the plans.

    Args:
        plans: compiled, with the settings of Protocols; None judges by the edge alone.
        received_ns: when the messages are taken to have come, a moment.
        remembered: how many messageIds are known again at least; 0 finds no duplicates.
    """

    def __init__(self, plans: PlanSet | None, *, received_ns: int, remembered: int) -> None:
        self._plans = plans
        self._received_ns = received_ns
        self._window = DedupWindow(generation=remembered) if remembered else None
        minted = itertools.count()
        self._judge = Judge(mint=lambda: f"minted-{next(minted)}", intern=StringInterner())

    def judge(
        self, raw: Raw, message: Json, *, place: int, shared: Shared | None = None
    ) -> KeptCall:
        """Judge one message.

        Args:
            raw: as sent.
            message: decoded.
            place: stands for the cursor, so that a duplicate can say where the first one is.
            shared: what its request says for all of its messages, or None.
        """
        request = KeptRequest(
            number=0,
            source="",
            method="POST",
            path="",
            query="",
            headers=(),
            body=b"",
            sent_bytes=0,
            received_ns=self._received_ns,
            answer=SUCCESS,
            shared=shared,
            first_cursor=place,
        )
        (call,), _ = self._judge.calls(
            Reading(items=[(raw, message)], longest=len(memoryview(raw))),
            request=request,
            route_type="",
            ruling=_RULING,
            window=self._window or DedupWindow(generation=2),
            plans=self._plans,
        )
        return call


_RULING = Ruling(SUCCESS)


# Longer texts are rare, and too many of them would be too much to hold.
_LONGEST = 512


class StringInterner:
    """Returns the same string for equal texts. Forgets all when there are too many of them.

    Args:
        most: how many kinds of text are held.

    Attributes:
        held: the string for each text that is held; to ask first, where every call asks.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self.held: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if len(text) > _LONGEST:
            return text
        if len(self.held) >= self._most:
            self.held.clear()
        return self.held.setdefault(text, text)


class Judge:
    """Judges calls in the order of Segment's pipeline.

    First what the edge discards, then duplicates, then the source's plans.

    Args:
        mint: gives a messageId to a message that has none.
        intern: returns the same string for equal texts, to save memory.
        max_findings: how many violations of a call are told one by one.

    Attributes:
        explanations: of what plans say of calls.
    """

    __slots__ = ("_intern", "_mint", "explanations")

    def __init__(
        self, *, mint: Callable[[], str], intern: StringInterner, max_findings: int = MAX_FINDINGS
    ) -> None:
        self._mint = mint
        self._intern = intern
        self.explanations = Explanations(max_findings=max_findings)

    def calls(
        self,
        read: Reading,
        *,
        request: KeptRequest,
        route_type: str,
        ruling: Ruling,
        window: DedupWindow,
        plans: PlanSet | None,
    ) -> tuple[list[KeptCall], list[KeptCall]]:
        """Return the calls of a request: all, and those that have a remark.

        Args:
            read: what the request holds.
            request: as it is kept.
            route_type: the type that its route names, or empty for a batch.
            ruling: what holds for all of its calls.
            window: the messageIds seen so far; new ones are taken in.
            plans: of the source, or None.
        """
        share, held = self._intern, self._intern.held.get
        closely = ruling.finding is not None or read.longest > MAX_CALL_BYTES
        planned = None if plans is None else _Planned(plans, request, self.explanations)
        calls, remarked, remarks = [], [], None
        first_cursor = request.first_cursor
        # A dry run is of no source.
        in_batch = not route_type and ruling.finding is None and bool(request.source)
        window.begin(first_cursor, request.received_ns)
        for index, (raw, message) in enumerate(read.items):
            cursor, remark, keys, empty = first_cursor + index, None, None, None
            findings: tuple[Finding, ...] = ()
            type_ = "track"
            if type(message) is dict and not closely:
                # Nearly every call is a good track call: for that there is a short way.
                keys = spec.plain_track(message, route_type or message.get("type"))
            if keys is None:
                type_ = message_type(message, route_type)
                keys = _keys(message, type_)
                findings = _findings(message, type_, None if route_type else raw, ruling)
                empty = None if findings else spec.empty_id(message)
            event, user_id, message_id = keys
            message_id = message_id or self._mint()
            if findings or not window.take_in(message_id, cursor):
                remarks = remarks or _Remarks(request, ruling, window, first_cursor)
                remark = remarks.of(message_id, findings)
                if not remark.findings:
                    window.remember(message_id, cursor)
            if planned is not None and (remark is None or not remark.findings):
                remark = planned.judge(message, type_, message_id, remark=remark)
            if in_batch and type(message) is dict and message.get("writeKey"):
                remark = _of_other_source(message["writeKey"], request, remark)
            if empty is not None:
                remark = _warned(remark, _empty_id(empty))
            event = event and (held(event) or share(event))
            user_id = user_id and (held(user_id) or share(user_id))
            call = KeptCall(cursor, request, index, raw, type_, event, user_id, message_id, remark)
            calls.append(call)
            if remark is not None:
                remarked.append(call)
        return calls, remarked


class _Planned:
    """Judges those calls of a request by the source's plans that the edge let through."""

    __slots__ = ("_explainer", "_plans", "_request")

    def __init__(self, plans: PlanSet, request: KeptRequest, explanations: Explanations) -> None:
        self._plans = plans
        self._request = request
        self._explainer = explanations.explainer_of(plans)

    def judge(
        self, raw: JsonObject, type_: str, message_id: str, *, remark: Remark | None
    ) -> Remark | None:
        """Return the remark on a call, the one before if the plans say nothing of it."""
        plans, shared = self._plans, self._request.shared
        event = raw.get("event")
        event = event if isinstance(event, str) else None
        judgement = plans.judge_as_sent(raw, type_, event, shared=shared is not None)
        if judgement is None:
            message = normalise(
                raw,
                type_=type_,
                message_id=message_id,
                received_ns=self._request.received_ns,
                shared=shared,
            )
            judgement = plans.judge(message, type=type_, event=event)
        attempt = 1 if remark is None else remark.attempt
        if judgement.violates or judgement.changed or judgement.code is not None:
            return UnexplainedRemark(
                verdict="accepted" if judgement.code is None else "blocked",
                attempt=attempt,
                explainer=self._explainer,
                violates=judgement.violates,
            )
        if warnings := plans.warnings(raw, type=type_, event=event):
            return Remark(findings=warnings, attempt=attempt)
        return remark


class _Remarks:
    """Makes the remarks on those calls of a request that are not simply good and new."""

    __slots__ = ("_first_cursor", "_ids", "_request", "_ruling", "_window")

    def __init__(
        self, request: KeptRequest, ruling: Ruling, window: DedupWindow, first_cursor: int
    ) -> None:
        self._request = request
        self._ruling = ruling
        self._window = window
        self._first_cursor = first_cursor
        # Those of which something was said.
        self._ids: set[str] = set()

    def of(self, message_id: str, findings: tuple[Finding, ...]) -> Remark:
        # One character over the limit tells an id that is too long from all others.
        known_as = message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]
        window, ruling = self._window, self._ruling
        first = window.first(known_as, self._request.received_ns)
        attempt = window.attempt(known_as, known=bool(first))
        if known_as in self._ids or first >= self._first_cursor:
            # The same request carried it before in its batch: that is not a further attempt.
            attempt -= 1
        else:
            window.carried(known_as, attempt)
        self._ids.add(known_as)
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


def _of_other_source(own_key: Json, request: KeptRequest, remark: Remark | None) -> Remark | None:
    """Return the remark, with a warning if a message names another source than its batch.

    Args:
        own_key: the write key of the message.
        request: that carried it.
        remark: what else is said of the call, or None.
    """
    if own_key == request.source or not isinstance(own_key, str):
        return remark
    warning = CallWarning(
        code="write_key_differs",
        field="writeKey",
        description=f"writeKey is {shown(own_key)} and the batch's is {shown(request.source)}:"
        " the call was recorded in the batch's source",
    )
    return _warned(remark, warning)


def _empty_id(field: str) -> CallWarning:
    return CallWarning(
        code="empty_id",
        field=field,
        description=f"{field} is an empty string beside an id that names the user: leave it out",
    )


def _warned(remark: Remark | None, warning: CallWarning) -> Remark:
    """Return what is said of a call, and a warning after it."""
    remark = remark or _NO_REMARK
    return replace(remark, findings=(*remark.findings, warning))


_NO_REMARK = Remark()


def _keys(message: Json, type_: str) -> tuple[str | None, str | None, str | None]:
    """Return event, userId and messageId of any message, where they are strings."""
    if type(message) is not dict:
        return None, None, None
    return (
        _text(message.get("event")) if type_ == "track" else None,
        _text(message.get("userId")),
        _text(message.get("messageId")),
    )


def _text(value: Json) -> str | None:
    return value if type(value) is str else None


def _findings(
    message: Json, type_: str, in_batch: Raw | None, ruling: Ruling
) -> tuple[Finding, ...]:
    """Return what is wrong with a message whatever was recorded before.

    Args:
        message: decoded.
        type_: of it.
        in_batch: as sent, where it came in a batch.
        ruling: what holds for all of its request.
    """
    findings = spec.check(message, type_)
    if ruling.finding is not None:
        if ruling.finding.code == "bad_request" and findings:
            return findings
        return (ruling.finding, *findings)
    if in_batch is not None and (size := len(memoryview(in_batch))) > MAX_CALL_BYTES:
        sentence = f"the call has {size} bytes, at most {MAX_CALL_BYTES} are allowed in a batch"
        return (*findings, discard("call_too_large", "", sentence))
    return findings
