"""Judges of the suite ``retry``."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.conformance.arrival_judges import lost_or_invented, number_of
from mockseg.conformance.check import Judgement
from mockseg.conformance.judging import LONGEST_VALUE, attempts_words, gaps_of, judged

if TYPE_CHECKING:
    from mockseg.conformance.check import Judge
    from mockseg.conformance.seen import Seen, SentRequest
    from mockseg.json_types import JsonObject


# What tells of the attempt and not of the call; browsers count retries in their metadata.
_PASSING = frozenset({"sentAt", "_metadata"})
# Base 0.5 s, so 1 s before the third retry where the first is immediate, less the jitter.
_LEAST_THIRD_GAP = 0.9
# By how much it is longer than the first: a busy machine only ever makes gaps longer.
_LEAST_GROWTH = 1.2


def loss_is_reported(seen: Seen) -> Judgement:
    """Expect that the SDK tried, and tells of what it could not deliver."""
    failed = failure_is_reported(seen)
    tried = len(seen.requests)
    return Judgement(failed.passed and tried > 0, f"{failed.saw}; {tried} requests came")


def failure_is_reported(seen: Seen) -> Judgement:
    """Expect that the CLI says that it failed, whatever it tried."""
    said, status = seen.result, seen.outcome.status
    saw = f"success: {str(said.success).lower()}, status {status}"
    return Judgement(not said.success and status == 1, saw)


def backoff_grows(seen: Seen) -> Judgement:
    """Expect that a server that is ill is given more room each time."""
    tried = seen.requests
    gaps = gaps_of(tried)
    right = len(gaps) >= 3 and gaps[2] >= _LEAST_THIRD_GAP and gaps[2] >= _LEAST_GROWTH * gaps[0]
    return Judgement(right, attempts_words(tried))


def retries_are_counted(event: str) -> Judge:
    """Expect the number of each retry in its header."""

    def judge(seen: Seen) -> Judgement:
        counts = [attempt.retry_count for attempt in seen.carrying(event)]
        wanted = [None, *(str(number) for number in range(1, len(counts)))]
        saw = ", ".join(count or "absent" for count in counts) or "no attempt"
        return Judgement(len(counts) > 1 and counts == wanted, saw)

    return judge


def ids_are_kept(seen: Seen) -> Judgement:
    """Expect one messageId for each event, however often it is sent."""
    ids: dict[tuple[bytes, int], set[bytes]] = {}
    for message in seen.messages:
        # Any JSON value may be there; those of equal bytes are equal.
        event, id_ = (json_types.canonical(message.get(key)) for key in ("event", "messageId"))
        ids.setdefault((event, number_of(message)), set()).add(id_)
    changed = [
        f"{event.decode()[:LONGEST_VALUE]} {number or ''}".strip() + f" has {len(found)}"
        for (event, number), found in ids.items()
        if len(found) > 1
    ]
    if len(seen.requests) < 2:
        return Judgement(passed=False, saw="there was no retry")
    return judged(
        changed, fine=f"one for each of {len(ids)} messages in {len(seen.requests)} tries"
    )


def bodies_are_the_same(event: str) -> Judge:
    """Expect the same messages in every attempt."""

    def judge(seen: Seen) -> Judgement:
        tried = seen.carrying(event)
        if len(tried) < 2:
            return Judgement(passed=False, saw="there was no retry")
        first = _lasting(tried[0])
        changed = [
            f"attempt {number} carries other messages than the first"
            for number, attempt in enumerate(tried[1:], start=2)
            if _lasting(attempt) != first
        ]
        return judged(changed, fine=f"the same {len(first)} messages, {len(tried)} times")

    return judge


def _lasting(request: SentRequest) -> list[JsonObject]:
    return [
        {name: value for name, value in message.items() if name not in _PASSING}
        for message in request.messages
    ]


def resend_is_known(event: str) -> Judge:
    """Expect a second attempt with the messageId of the first, which dedup then drops."""

    def judge(seen: Seen) -> Judgement:
        verdicts = [call.verdict for call in seen.calls if call.event == event]
        saw = f"{attempts_words(seen.carrying(event))}; {', '.join(verdicts)}"
        return Judgement(verdicts == ["accepted", "dropped"], saw)

    return judge


def each_is_stored_once(count: int) -> Judge:
    """Expect every numbered event once, and no other, whatever failed."""

    def judge(seen: Seen) -> Judgement:
        stored = collections.Counter(number_of(call.message) for call in seen.accepted)
        return judged(lost_or_invented(stored, count), fine=seen.truth.summary)

    return judge


def only_one_is_lost(events: tuple[str, ...], *, lost: str) -> Judge:
    """Expect all but one event, once each."""

    def judge(seen: Seen) -> Judgement:
        stored = collections.Counter(call.event for call in seen.accepted)
        wanted = collections.Counter(event for event in events if event != lost)
        saw = ", ".join(f"{event} {stored[event]} times" for event in events)
        return Judgement(stored == wanted, f"stored: {saw}")

    return judge
