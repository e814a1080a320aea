"""What becomes of a request: its answer, and the verdict on each of its calls."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mockseg.domain import reading, spec
from mockseg.domain.call import KeptCall, Remark, call_id
from mockseg.domain.findings import Discard, Finding, discard
from mockseg.domain.limits import MAX_BATCH_BYTES, MAX_BATCH_CALLS, MAX_CALL_BYTES
from mockseg.hub.answers import DEBUG_MESSAGES, SUCCESS, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.domain.call import Verdict
    from mockseg.domain.reading import Reading
    from mockseg.domain.request import Answer, Arrival, KeptRequest
    from mockseg.hub.sources import Source
    from mockseg.journal.window import DedupWindow
    from mockseg.json_types import Json

__all__ = ["Ruling", "judge_calls", "read", "rule"]


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """What holds for a request as a whole.

    Attributes:
        answer: to the client.
        finding: against all of its calls, or None.
        verdict: on all of its calls, where there is a finding.
    """

    answer: Answer
    finding: Discard | None = None
    verdict: Verdict = "accepted"


_SUCCESS = Ruling(SUCCESS)


def read(arrival: Arrival) -> Reading:
    """Read what a request holds."""
    if arrival.problem is not None:
        return reading.Reading(problem=arrival.problem)
    if arrival.route.carries == "message":
        return reading.read_message(arrival.body)
    if arrival.route.carries == "batch":
        return reading.read_batch(arrival.body)
    return reading.Reading()


def rule(arrival: Arrival, read_: Reading, source: Source, *, known: bool) -> Ruling:
    """Decide what holds for the request as a whole.

    Args:
        arrival: the request.
        read_: what it holds.
        source: whose it is.
        known: whether its write key is one that this server knows.
    """
    if arrival.route.carries == "nothing":
        return _SUCCESS
    if read_.problem is not None:
        return _refused(arrival, source, read_.problem, read_.problem.description)
    limit = MAX_CALL_BYTES if arrival.route.carries == "message" else MAX_BATCH_BYTES
    if len(arrival.body) > limit:
        finding = discard(
            "payload_too_large",
            "",
            f"the payload has {len(arrival.body)} bytes after inflation, at most {limit} are"
            " allowed",
        )
        return _refused(arrival, source, finding, "Exceed payload limit")
    if not known:
        finding = discard(
            "unknown_source", "writeKey", "this write key is not among the known ones"
        )
        answer = refusal(
            401, finding.description, code="unknown_source", plain=source.error_body == "text"
        )
        return Ruling(answer, finding, "rejected")
    if source.key == "":
        finding = discard("unknown_source", "writeKey", "the request has no write key")
        if source.profile == "debug-api":
            return _refused(arrival, source, finding, DEBUG_MESSAGES["unknown_source"])
        return Ruling(SUCCESS, finding, "dropped")
    if len(read_.items) > MAX_BATCH_CALLS:
        finding = discard(
            "batch_too_many_calls",
            "batch",
            f"the batch has {len(read_.items)} calls, at most {MAX_BATCH_CALLS} are allowed",
        )
        return Ruling(SUCCESS, finding, "dropped")
    if source.profile == "debug-api":
        return _debugged(arrival, read_, source)
    return _SUCCESS


def _refused(arrival: Arrival, source: Source, finding: Discard, message: str) -> Ruling:
    """Refuse with 400; in 2018 the short routes said 200 and lost the message."""
    if source.profile == "2018" and arrival.route.client:
        return Ruling(SUCCESS, finding, "dropped")
    if source.profile == "debug-api" and finding.code == "bad_request":
        message = f"{DEBUG_MESSAGES['bad_request']}: {finding.description}"
    return Ruling(refusal(400, message, plain=source.error_body == "text"), finding, "rejected")


def _debugged(arrival: Arrival, read_: Reading, source: Source) -> Ruling:
    """Answer as the removed Debug API did: 400 with the first reason, nothing delivered."""
    for _, message in read_.items:
        discards = spec.check(message, _message_type(arrival, message))
        if discards:
            first = discards[0]
            said = DEBUG_MESSAGES.get(first.code, first.description)
            other = discard("bad_request", "", "another message of this request was refused")
            answer = refusal(400, said, plain=source.error_body == "text")
            return Ruling(answer, other, "rejected")
    return _SUCCESS


def _message_type(arrival: Arrival, message: Json) -> str:
    """Give the type that the route names, else the message's own."""
    if arrival.route.type:
        return arrival.route.type
    own = message.get("type") if isinstance(message, dict) else None
    return own if isinstance(own, str) else ""


def judge_calls(
    arrival: Arrival,
    read_: Reading,
    *,
    request: KeptRequest,
    ruling: Ruling,
    window: DedupWindow,
    first_cursor: int,
    mint: Callable[[], str],
    shared_text: Callable[[str], str],
) -> list[KeptCall]:
    """Make the calls of a request, each with its verdict.

    Args:
        arrival: the request as it came.
        read_: what it holds.
        request: as it is kept.
        ruling: what holds for all of them.
        window: the messageIds seen so far; new ones are taken in.
        first_cursor: of the first call.
        mint: gives a messageId to a message that has none.
        shared_text: gives equal texts the same string, to save memory.
    """
    calls = []
    cursor = first_cursor
    now_ns = request.received_ns
    route_type = arrival.route.type
    in_batch = arrival.route.carries == "batch"
    remarked: set[str] = set()
    window.begin(cursor, now_ns)
    for raw, message in read_.items:
        if type(message) is dict:
            get = message.get
            event, user_id, message_id = get("event"), get("userId"), get("messageId")
            type_ = route_type or get("type")
            type_ = shared_text(type_) if type(type_) is str else ""
        else:
            event = user_id = message_id = None
            type_ = route_type
        findings: tuple[Finding, ...] = spec.check(message, type_)
        if not message_id or type(message_id) is not str:
            message_id = mint()
        if ruling.finding is not None:
            findings = _with_ruling(ruling, findings)
        elif in_batch and (size := len(memoryview(raw))) > MAX_CALL_BYTES:
            findings = (*findings, _too_large(size))
        if not findings and window.is_new(message_id):
            window.remember(message_id, cursor)
            remark = None
        else:
            first = window.first(message_id, now_ns)
            again = message_id in remarked or first >= first_cursor
            remarked.add(message_id)
            remark = _remark(ruling, findings, message_id, window=window, first=first, again=again)
            if not remark.findings:
                window.remember(message_id, cursor)
        calls.append(
            KeptCall(
                cursor,
                request,
                cursor - first_cursor,
                raw,
                type_,
                shared_text(event) if type(event) is str and type_ == "track" else None,
                shared_text(user_id) if type(user_id) is str else None,
                message_id,
                remark,
            )
        )
        cursor += 1
    return calls


def _remark(
    ruling: Ruling,
    findings: tuple[Finding, ...],
    message_id: str,
    *,
    window: DedupWindow,
    first: int,
    again: bool,
) -> Remark:
    """Say what is to be said of a call that is not simply good and new.

    Args:
        ruling: what holds for all calls of the request.
        findings: against this one.
        message_id: of this one.
        window: the messageIds seen so far.
        first: the cursor of the call that had this messageId before, or 0.
        again: whether the same request carried it before in its batch.
    """
    attempt = window.attempt(message_id, known=bool(first))
    if again:
        attempt -= 1
    else:
        window.carried(message_id, attempt)
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


def _with_ruling(ruling: Ruling, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    assert ruling.finding is not None  # noqa: S101  (the caller has looked)
    if ruling.finding.code == "bad_request" and findings:
        return findings
    return (ruling.finding, *findings)


def _too_large(size: int) -> Discard:
    return discard(
        "call_too_large",
        "",
        f"the call has {size} bytes, at most {MAX_CALL_BYTES} are allowed in a batch",
    )
