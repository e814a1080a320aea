"""Judges, made from what is expected: what arrives, how often it is tried, what is reported."""

from __future__ import annotations

import collections
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.conformance.check import Judge, Judgement
from mockseg.conformance.evidence import Evidence, SentRequest
from mockseg.domain.timestamps import parse_moment
from mockseg.json_types import Json, JsonObject

LONGEST_VALUE = 80
"""Characters of a value that a sentence quotes."""

_LONGEST = 300
_A_NUMBER = re.compile(r"[0-9]{1,18}")
# A sleep may end a little early by another clock; some SDKs write whole seconds.
_CLOCKS_DIFFER = 0.05
_WHOLE_SECONDS_DIFFER = 1.0
# The first event waits for nothing else: flushInterval is 0.2 s, the next comes after 2 s.
_LEAST_LEAD = 0.5
# What tells of the attempt and not of the call; browsers count retries in their metadata.
_PASSING = frozenset({"sentAt", "_metadata"})
# Base 0.5 s, so 1 s before the third retry where the first is immediate, less the jitter.
_LEAST_THIRD_GAP = 0.9
# By how much it is longer than the first: a busy machine only ever makes gaps longer.
_LEAST_GROWTH = 1.2
# What a retry looks like is not seen without one; that there has to be one is other checks' matter.
_NO_RETRY = Judgement(None, "not judged: there was no retry")


def judged(
    problems: Iterable[str], *, fine: str, of: Sequence[object] | None = None, noun: str = "request"
) -> Judgement:
    """Judge by the problems that were found.

    Args:
        problems: a phrase each; without any it is as expected.
        fine: what was seen then.
        of: where the problems were looked for; where it is empty, that is the problem.
        noun: what it has.
    """
    found = list(problems)
    if of is not None and not of:
        found = [f"no {noun} came"]
    if not found:
        return Judgement(passed=True, saw=fine)
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    saw = "; ".join(found[:3])
    return Judgement(passed=False, saw=(saw if len(saw) <= _LONGEST else f"{saw[:299]}…") + more)


def shown(value: Json) -> str:
    """Write a JSON value, cut to a length that fits a sentence."""
    return json_types.encode(value).decode()[:LONGEST_VALUE]


# --- attempts to deliver an event


def attempts(
    event: str,
    *,
    least: int = 1,
    most: float = math.inf,
    stored: bool = False,
    success: bool | None = None,
) -> Judge:
    """Expect a number of attempts to deliver an event, and their result.

    Args:
        event: its name.
        least: how often it is tried, the first attempt counted.
        most: how often it may be tried.
        stored: whether it must be stored once in the end.
        success: what the CLI must say; None for anything.
    """

    def judge(evidence: Evidence) -> Judgement:
        tried, said = evidence.carrying(event), evidence.result.success
        count = sum(call.event == event for call in evidence.accepted)
        saw = f"{attempts_words(tried)}, stored {count} times"
        saw += f"; the CLI says success: {str(said).lower()}"
        right = least <= len(tried) <= most and (count == 1 or not stored)
        return Judgement(right and success in {None, said}, saw)

    return judge


def delivered_once(event: str, *, attempt: int) -> Judge:
    """Expect that an event is stored once in the end, at this attempt, and that the CLI knows."""
    return attempts(event, least=attempt, most=attempt, stored=True, success=True)


def waited(event: str, *, least: float, most: float = math.inf, gap: int = 0) -> Judge:
    """Expect a pause before a retry, in seconds, and that the event is stored in the end.

    Args:
        event: that is retried.
        least: seconds.
        most: seconds.
        gap: which one, from 0.
    """

    def judge(evidence: Evidence) -> Judgement:
        tried = evidence.carrying(event)
        gaps = _gaps_of(tried)
        stored = any(call.event == event for call in evidence.accepted)
        right = len(gaps) > gap and least <= gaps[gap] <= most
        saw = attempts_words(tried) + ("" if stored else ", never stored")
        return Judgement(right and stored, saw)

    return judge


def attempts_words(tried: Sequence[SentRequest]) -> str:
    """Say how often something was tried, what it was answered, and with which pauses."""
    if not tried:
        return "no attempt"
    answers = ", ".join(str(attempt.status or "no answer") for attempt in tried)
    count = f"{len(tried)} {'attempt' if len(tried) == 1 else 'attempts'} ({answers})"
    gaps = _gaps_of(tried)
    return f"{count}, {', '.join(f'{gap:.2f}' for gap in gaps)} s apart" if gaps else count


def _gaps_of(tried: Sequence[SentRequest]) -> list[float]:
    """Return the seconds between attempts."""
    return [later.at - earlier.at for earlier, later in itertools.pairwise(tried)]


def backoff_grows(evidence: Evidence) -> Judgement:
    """Expect that a server that is ill is left alone longer each time."""
    tried = evidence.requests
    gaps = _gaps_of(tried)
    if len(gaps) < 3:
        return Judgement(None, f"not judged: there was no third retry; {attempts_words(tried)}")
    right = gaps[2] >= _LEAST_THIRD_GAP and gaps[2] >= _LEAST_GROWTH * gaps[0]
    return Judgement(right, attempts_words(tried))


def retries_are_counted(event: str) -> Judge:
    def judge(evidence: Evidence) -> Judgement:
        counts = [attempt.retry_count for attempt in evidence.carrying(event)]
        if len(counts) < 2:
            return _NO_RETRY
        wanted = [None, *(str(number) for number in range(1, len(counts)))]
        saw = ", ".join(count or "absent" for count in counts)
        return Judgement(counts == wanted, saw)

    return judge


def ids_are_kept(evidence: Evidence) -> Judgement:
    """Expect one messageId for each event, however often it is sent."""
    tries = len(evidence.requests)
    if tries < 2:
        return _NO_RETRY
    ids: dict[tuple[bytes, int], set[bytes]] = {}
    for message in evidence.messages:
        # Any JSON value may be there; those of equal bytes are equal.
        event, id_ = (json_types.canonical(message.get(key)) for key in ("event", "messageId"))
        ids.setdefault((event, number_of(message)), set()).add(id_)
    changed = [
        f"{event.decode()[:LONGEST_VALUE]} {number or ''}".strip() + f" has {len(found)}"
        for (event, number), found in ids.items()
        if len(found) > 1
    ]
    return judged(changed, fine=f"one for each of {len(ids)} messages in {tries} tries")


def bodies_are_the_same(event: str) -> Judge:
    def judge(evidence: Evidence) -> Judgement:
        tried = [
            [
                {name: value for name, value in message.items() if name not in _PASSING}
                for message in attempt.messages
            ]
            for attempt in evidence.carrying(event)
        ]
        if len(tried) < 2:
            return _NO_RETRY
        # What was tracked meanwhile may come with it.
        changed = [
            f"attempt {number} carries other messages than the first"
            for number, messages in enumerate(tried, start=1)
            if [message for message in messages if message in tried[0]] != tried[0]
        ]
        return judged(changed, fine=f"the same {len(tried[0])} messages, {len(tried)} times")

    return judge


def resend_is_known(event: str) -> Judge:
    """Expect a second attempt with the messageId of the first, which dedup then drops."""

    def judge(evidence: Evidence) -> Judgement:
        verdicts = [call.verdict for call in evidence.calls if call.event == event]
        saw = f"{attempts_words(evidence.carrying(event))}; {', '.join(verdicts)}"
        return Judgement(verdicts == ["accepted", "dropped"], saw)

    return judge


# --- what is reported


def cli_keeps_contract(evidence: Evidence) -> Judgement:
    """Expect that the CLI tells of a success that there was."""
    said, status = evidence.result, evidence.outcome.status
    error = f" ({said.error[:100]})" if said.error else ""
    saw = f"success: {str(said.success).lower()}{error}, status {status}"
    saw += f"; {len(evidence.requests)} requests came"
    return Judgement(said.success and bool(evidence.accepted), saw)


def failure_is_reported(evidence: Evidence) -> Judgement:
    """Expect that the CLI says that it failed, whatever it tried."""
    said, status = evidence.result, evidence.outcome.status
    saw = f"success: {str(said.success).lower()}, status {status}"
    return Judgement(not said.success, saw)


def loss_is_reported(evidence: Evidence) -> Judgement:
    """Expect that the SDK tried, and tells of what it could not deliver."""
    failed, tried = failure_is_reported(evidence), len(evidence.requests)
    return Judgement(failed.passed and tried > 0, f"{failed.saw}; {tried} requests came")


# --- what arrives


def types_arrive(evidence: Evidence) -> Judgement:
    """Expect one call for each that the CLI was told to make."""
    counts = collections.Counter(call.type for call in evidence.calls)
    saw = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no calls"
    return Judgement(counts == collections.Counter(evidence.types), saw)


def fields_arrive(type_: str, fields: JsonObject) -> Judge:
    """Expect a message of a type with these fields; objects may have more keys."""

    def judge(evidence: Evidence) -> Judgement:
        of_type = [call.message for call in evidence.calls if call.type == type_]
        differences = _differences(fields, of_type[0], "") if of_type else ()
        return judged(differences, fine="they are there", of=of_type, noun=f"call of {type_}")

    return judge


def _differences(wanted: JsonObject, found: JsonObject, place: str) -> Iterator[str]:
    for name, value in wanted.items():
        there = found.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            yield from _differences(value, there, f"{place}{name}.")
        # 1 and True are equal for Python, and not for JSON.
        elif value != there or isinstance(value, bool) != isinstance(there, bool):
            was = shown(there) if name in found else "missing"
            yield f"{place}{name} is {was}, not {shown(value)}"


def all_arrive(count: int) -> Judge:
    def judge(evidence: Evidence) -> Judgement:
        stored = _stored(evidence)
        sent = collections.Counter(number_of(message) for message in evidence.messages)
        problems = list(_lost_or_invented(stored, count))
        again = [number for number, times in sent.items() if times > max(stored[number], 1)]
        if again:
            problems.append(f"{len(again)} were sent again although nothing failed")
        return judged(problems, fine=f"{len(stored)} events, {len(evidence.requests)} requests")

    return judge


def each_is_stored_once(count: int) -> Judge:
    return lambda evidence: judged(
        _lost_or_invented(_stored(evidence), count), fine=evidence.truth.summary
    )


def _stored(evidence: Evidence) -> collections.Counter[int]:
    return collections.Counter(number_of(call.message) for call in evidence.accepted)


def _lost_or_invented(stored: Mapping[int, int], count: int) -> Iterator[str]:
    """Say what is amiss with numbered events, by how often each was stored."""
    if lost := [number for number in range(1, count + 1) if not stored.get(number)]:
        yield f"{len(lost)} did not arrive, number {lost[0]} the first"
    if twice := [number for number, times in stored.items() if times > 1]:
        yield f"{len(twice)} stored more than once, such as number {twice[0]}"
    if invented := [number for number in stored if not 1 <= number <= count]:
        yield f"{len(invented)} stored that were never tracked"


def number_of(message: JsonObject) -> int:
    """Return which of the numbered events it is, by its property or its user; 0 if neither."""
    properties, user = message.get("properties"), message.get("userId")
    number = properties.get("number") if isinstance(properties, dict) else None
    if isinstance(number, int | float):
        return int(number)
    digits = user.removeprefix("u") if isinstance(user, str) else ""
    return int(digits) if _A_NUMBER.fullmatch(digits) else 0


def only_one_is_lost(events: tuple[str, ...], *, lost: str) -> Judge:
    def judge(evidence: Evidence) -> Judgement:
        stored = collections.Counter(call.event for call in evidence.accepted)
        wanted = collections.Counter(event for event in events if event != lost)
        saw = ", ".join(f"{event} {stored[event]} times" for event in events)
        return Judgement(stored == wanted, f"stored: {saw}")

    return judge


def small_survives(evidence: Evidence) -> Judgement:
    stored = sum(call.event == "Small" for call in evidence.accepted)
    answers = ", ".join(str(request.status) for request in evidence.requests) or "none"
    return Judgement(stored == 1, f"stored {stored} times; answers: {answers}")


# --- in which order, and when


def batches_within(most: int) -> Judge:
    def judge(evidence: Evidence) -> Judgement:
        counts = [len(request.messages) for request in evidence.requests]
        right = bool(counts) and max(counts) <= most
        return Judgement(right, f"batches of {', '.join(map(str, counts))}"[:200])

    return judge


def order_is_kept(evidence: Evidence) -> Judgement:
    batches = [[number_of(each) for each in request.messages] for request in evidence.requests]
    problems = (
        f"a batch with numbers {', '.join(map(str, numbers))}"
        for numbers in batches
        if numbers != sorted(numbers)
    )
    return judged(problems, fine="numbers rise in each batch", of=batches)


def delay_is_kept(seconds: float) -> Judge:
    """Expect that the second event was tracked so much later than the first, and came later."""

    def judge(evidence: Evidence) -> Judgement:
        calls = {number_of(call.message): call for call in reversed(evidence.accepted)}
        if set(calls) != {1, 2}:
            return Judgement(passed=False, saw=f"{len(calls)} of 2 events")
        if calls[1].cursor > calls[2].cursor:
            return Judgement(passed=False, saw="sent in the wrong order")
        # When they were tracked: the first request may take longer, as it connects.
        stamps = [calls[number].message.get("originalTimestamp") for number in (1, 2)]
        if None in stamps:
            return Judgement(passed=None, saw="not judged: the SDK sends no timestamp")
        tracked = [moment for moment in map(parse_moment, stamps) if moment is not None]
        if len(tracked) < 2:
            return Judgement(passed=False, saw=f"timestamps are {' and '.join(map(shown, stamps))}")
        gap = (tracked[1] - tracked[0]) / NANOSECONDS
        saw = f"tracked {gap:.2f} s apart, in order"
        whole = not any("." in str(stamp) for stamp in stamps)
        return Judgement(gap >= seconds - (_WHOLE_SECONDS_DIFFER if whole else _CLOCKS_DIFFER), saw)

    return judge


def interval_flushes(evidence: Evidence) -> Judgement:
    first, second = evidence.carrying("First"), evidence.carrying("Second")
    if not first or not second:
        return Judgement(passed=False, saw=f"{len(evidence.requests)} requests, not both events")
    lead = second[0].at - first[0].at
    return Judgement(lead >= _LEAST_LEAD, f"the first came {lead:.2f} s before the second")
