"""Judges of the suite ``basic``: what arrives, whole, once, in order and in time."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING

from mockseg.conformance.check import Judgement
from mockseg.conformance.judging import judged, shown
from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mockseg.conformance.check import Judge
    from mockseg.conformance.seen import Seen
    from mockseg.json_types import Json, JsonObject


_NANOSECONDS = 1_000_000_000
_A_NUMBER = re.compile(r"[0-9]{1,18}")
# A sleep may end a little early by another clock.
_CLOCKS_DIFFER = 0.05
# The first event waits for nothing else: flushInterval is 0.2 s, the next comes after 2 s.
_LEAST_LEAD = 0.5


def types_arrive(types: tuple[str, ...]) -> Judge:
    """Expect one message of each type."""

    def judge(seen: Seen) -> Judgement:
        counts = collections.Counter(call.type for call in seen.calls)
        saw = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no calls"
        return Judgement(counts == collections.Counter(types), saw)

    return judge


def fields_arrive(type_: str, fields: JsonObject) -> Judge:
    """Expect a message of a type with these fields; objects may have more keys."""

    def judge(seen: Seen) -> Judgement:
        of_type = [call.message for call in seen.calls if call.type == type_]
        if not of_type:
            return Judgement(passed=False, saw=f"no call of {type_}")
        return judged(_differences(fields, of_type[0], ""), fine="they are there")

    return judge


def _differences(wanted: JsonObject, found: JsonObject, place: str) -> Iterator[str]:
    for name, value in wanted.items():
        there = found.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            yield from _differences(value, there, f"{place}{name}.")
        elif not _same(value, there):
            was = shown(there) if name in found else "missing"
            yield f"{place}{name} is {was}, not {shown(value)}"


def _same(wanted: Json, found: Json) -> bool:
    # 1 and True are equal for Python, and not for JSON.
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def cli_keeps_contract(seen: Seen) -> Judgement:
    """Expect that it tells of a success that there was."""
    said, status = seen.result, seen.outcome.status
    error = f" ({said.error[:100]})" if said.error else ""
    saw = f"success: {str(said.success).lower()}{error}, status {status}"
    saw += f"; {len(seen.requests)} requests came"
    return Judgement(said.success and status == 0 and bool(seen.requests), saw)


def all_arrive(count: int) -> Judge:
    """Expect numbered events, each stored once and sent once."""

    def judge(seen: Seen) -> Judgement:
        stored = collections.Counter(number_of(call.message) for call in seen.accepted)
        sent = collections.Counter(number_of(message) for message in seen.messages)

        def troubles() -> Iterator[str]:
            yield from lost_or_invented(stored, count)
            again = [number for number, times in sent.items() if times > max(stored[number], 1)]
            if again:
                yield f"{len(again)} were sent again although nothing failed"

        return judged(troubles(), fine=f"{len(stored)} events, {len(seen.requests)} requests")

    return judge


def lost_or_invented(stored: Mapping[int, int], count: int) -> Iterator[str]:
    """Say what is amiss with numbered events, by how often each was stored."""
    if lost := [number for number in range(1, count + 1) if not stored.get(number)]:
        yield f"{len(lost)} did not arrive, number {lost[0]} the first"
    if twice := [number for number, times in stored.items() if times > 1]:
        yield f"{len(twice)} stored more than once, such as number {twice[0]}"
    if invented := [number for number in stored if not 1 <= number <= count]:
        yield f"{len(invented)} stored that nobody tracked"


def number_of(message: JsonObject) -> int:
    """Tell which of the numbered events it is: by its property, or by its user; 0 is none."""
    properties, user = message.get("properties"), message.get("userId")
    number = properties.get("number") if isinstance(properties, dict) else None
    if isinstance(number, int | float):
        return int(number)
    digits = user.removeprefix("u") if isinstance(user, str) else ""
    return int(digits) if _A_NUMBER.fullmatch(digits) else 0


def batches_within(most: int) -> Judge:
    """Expect no batch with more messages."""

    def judge(seen: Seen) -> Judgement:
        counts = [len(request.messages) for request in seen.requests]
        right = bool(counts) and max(counts) <= most
        return Judgement(right, f"batches of {', '.join(map(str, counts))}"[:200])

    return judge


def order_is_kept(seen: Seen) -> Judgement:
    """Expect rising numbers in each request."""

    def troubles() -> Iterator[str]:
        if not seen.requests:
            yield "no request came"
        for request in seen.requests:
            numbers = [number_of(message) for message in request.messages]
            if numbers != sorted(numbers):
                yield f"a batch with numbers {', '.join(map(str, numbers))}"

    return judged(troubles(), fine="numbers rise in each batch")


def delay_is_kept(seconds: float) -> Judge:
    """Expect that the second event was tracked so much later than the first, and came later."""

    def judge(seen: Seen) -> Judgement:
        calls = {number_of(call.message): call for call in reversed(seen.accepted)}
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
        gap = (tracked[1] - tracked[0]) / _NANOSECONDS
        saw = f"tracked {gap:.2f} s apart, in order"
        return Judgement(gap >= seconds - _CLOCKS_DIFFER, saw)

    return judge


def interval_flushes(seen: Seen) -> Judgement:
    """Expect that the first event does not wait for the second."""
    first, second = seen.carrying("First"), seen.carrying("Second")
    if not first or not second:
        return Judgement(passed=False, saw=f"{len(seen.requests)} requests, not both events")
    lead = second[0].at - first[0].at
    return Judgement(lead >= _LEAST_LEAD, f"the first came {lead:.2f} s before the second")


def small_survives(seen: Seen) -> Judgement:
    """Expect the small event, stored once."""
    stored = sum(call.event == "Small" for call in seen.accepted)
    answers = ", ".join(str(request.status) for request in seen.requests) or "none"
    return Judgement(stored == 1, f"stored {stored} times; answers: {answers}")
