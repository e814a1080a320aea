"""Judges of the suite ``basic``."""

from __future__ import annotations

import base64
import collections
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.conformance.check import Judgement
from mockseg.conformance.judging import judged
from mockseg.domain.limits import (
    MAX_BATCH_BYTES,
    MAX_CALL_BYTES,
    MAX_MESSAGE_ID_CHARACTERS,
)
from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.conformance.check import Judge
    from mockseg.conformance.seen import Seen, SentRequest
    from mockseg.json_types import Json, JsonObject

__all__ = [
    "all_arrive",
    "all_good",
    "basic_header",
    "batches_within",
    "bodies_are_json",
    "bodies_within",
    "cli_keeps_contract",
    "delay_is_kept",
    "fields_arrive",
    "interval_flushes",
    "key_is_named",
    "large_is_kept_back",
    "libraries_are_named",
    "message_ids_are_right",
    "moments_are_right",
    "no_retry_count",
    "number_of",
    "order_is_kept",
    "sent_at_is_said",
    "small_survives",
    "types_arrive",
    "users_are_named",
]

_NANOSECONDS = 1_000_000_000
# A clock of the same machine; what is over this is another unit or another zone.
_MOST_SKEW_NS = 60 * _NANOSECONDS
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
            was = _shown(there) if name in found else "missing"
            yield f"{place}{name} is {was}, not {_shown(value)}"


def _same(wanted: Json, found: Json) -> bool:
    # 1 and True are equal for Python, and not for JSON.
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _shown(value: Json) -> str:
    return json_types.encode(value).decode()[:80]


def bodies_are_json(seen: Seen) -> Judgement:
    """Expect requests as Segment documents them."""

    def troubles() -> Iterator[str]:
        if not seen.requests:
            yield "no request came"
        for request in seen.requests:
            if request.method != "POST":
                yield f"{request.method} {request.path}"
            elif not isinstance(request.document, dict):
                yield f"the body of {request.path} is no JSON object"
            elif request.status != 200:
                yield f"{request.path} was answered {request.status}: {request.refused}"

    return judged(troubles(), fine=_requests(seen))


def _requests(seen: Seen) -> str:
    paths = collections.Counter(request.path for request in seen.requests)
    return ", ".join(f"{count} to {path}" for path, count in paths.items())


def key_is_named(seen: Seen) -> Judgement:
    """Expect the write key in body or header, and nothing that disagrees."""
    places: set[str] = set()

    def troubles() -> Iterator[str]:
        if not seen.requests:
            yield "no request came with this write key"
        for request in seen.requests:
            named = list(_keys(request))
            places.update(place for place, _ in named)
            if not named:
                yield f"{request.path} names none"
            yield from (
                f"{place} is {_shown(key)}" for place, key in named if key != seen.write_key
            )

    found = list(troubles())
    return judged(found, fine=" and ".join(sorted(places)))


def _keys(request: SentRequest) -> Iterator[tuple[str, Any]]:
    if isinstance(request.document, dict) and "writeKey" in request.document:
        yield "writeKey in the body", request.document["writeKey"]
    if (user := _basic_user(request)) is not None:
        yield "Basic user", user
    # Browsers repeat it in each message of a batch.
    for message in request.messages:
        if "writeKey" in message and message is not request.document:
            yield "writeKey of a message", message["writeKey"]


def _basic_user(request: SentRequest) -> str | None:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest.split(" ")[0]).decode().removesuffix(":")
    except ValueError:
        return ""


def basic_header(seen: Seen) -> Judgement:
    """Expect Basic authentication."""

    def troubles() -> Iterator[str]:
        if not seen.requests:
            yield "no request came"
        for request in seen.requests:
            if _basic_user(request) != seen.write_key:
                yield f"Authorization is {request.headers.get('authorization', 'missing')[:80]}"

    return judged(troubles(), fine="Basic with the write key")


def message_ids_are_right(seen: Seen) -> Judgement:
    """Expect a messageId for each message, and no two alike."""
    counts = collections.Counter(_shown(message.get("messageId")) for message in seen.messages)

    def troubles() -> Iterator[str]:
        if not seen.messages:
            yield "no message came"
        for message in seen.messages:
            id_ = message.get("messageId")
            if not isinstance(id_, str) or not 1 <= len(id_) <= MAX_MESSAGE_ID_CHARACTERS:
                yield f"{message.get('type')}: messageId is {_shown(id_)}"
        yield from (f"{id_} came {count} times" for id_, count in counts.items() if count > 1)

    example = next(iter(counts), "none")
    return judged(troubles(), fine=f"{len(counts)} different ones, such as {example}")


def users_are_named(seen: Seen) -> Judgement:
    """Expect an identity in each message."""

    def troubles() -> Iterator[str]:
        if not seen.messages:
            yield "no message came"
        for message in seen.messages:
            ids = [message.get(name) for name in ("userId", "anonymousId")]
            if not any(isinstance(id_, str) and id_ for id_ in ids):
                yield f"{message.get('type')} has neither"

    return judged(troubles(), fine=f"{len(seen.messages)} messages with one")


def moments_are_right(seen: Seen) -> Judgement:
    """Expect times that Segment can correct a clock by."""
    counted = 0

    def troubles() -> Iterator[str]:
        nonlocal counted
        for call in seen.calls:
            received = parse_moment(call.received_at) or 0
            raw = call.raw if isinstance(call.raw, dict) else {}
            for name in ("timestamp", "sentAt", "originalTimestamp"):
                if raw.get(name) is None:
                    continue
                counted += 1
                moment = parse_moment(raw[name])
                if moment is None:
                    yield f"{call.type}: {name} is {_shown(raw[name])}"
                elif abs(received - moment) > _MOST_SKEW_NS:
                    yield f"{call.type}: {name} is {raw[name]}, received {call.received_at}"

    found = list(troubles())
    if not seen.calls:
        found = ["no call came"]
    return judged(found, fine=f"{counted} times of this minute")


def sent_at_is_said(seen: Seen) -> Judgement:
    """Expect sentAt somewhere in each request."""

    def troubles() -> Iterator[str]:
        if not seen.requests:
            yield "no request came"
        for request in seen.requests:
            whole = request.document if isinstance(request.document, dict) else {}
            each = all(parse_moment(message.get("sentAt")) for message in request.messages)
            if not parse_moment(whole.get("sentAt")) and not (each and request.messages):
                yield f"{request.path} says {_shown(whole.get('sentAt'))}"

    return judged(troubles(), fine="each request says it")


def libraries_are_named(seen: Seen) -> Judgement:
    """Expect to be told which SDK sends."""
    named = set()

    def troubles() -> Iterator[str]:
        if not seen.calls:
            yield "no call came"
        for call in seen.calls:
            library = call.context.get("library")
            found = library if isinstance(library, dict) else {}
            name, version = found.get("name"), found.get("version")
            if not (isinstance(name, str) and name and isinstance(version, str) and version):
                yield f"{call.type}: context.library is {_shown(library)}"
            named.add(f"{name} {version}")

    found = list(troubles())
    return judged(found, fine=", ".join(sorted(named)))


def all_good(seen: Seen) -> Judgement:
    """Expect no finding."""
    findings = (
        f"{call.type}: {finding.code}: {finding.description}"
        for call in seen.calls
        for finding in call.findings
    )
    none = [] if seen.calls else ["no call came"]
    return judged([*none, *findings], fine=f"{len(seen.calls)} good calls")


def cli_keeps_contract(seen: Seen) -> Judgement:
    """Expect that it knows of its success."""
    said, status = seen.result, seen.outcome.status
    error = f" ({said.error[:100]})" if said.error else ""
    saw = f"success: {str(said.success).lower()}{error}, status {status}"
    return Judgement(said.success and status == 0, saw)


def no_retry_count(seen: Seen) -> Judgement:
    """Expect that first attempts do not look like retries."""
    counts = [request.retry_count for request in seen.requests if request.retry_count is not None]
    said = (f"X-Retry-Count: {count}" for count in counts)
    none = [] if seen.requests else ["no request came"]
    return judged([*none, *said], fine=f"{len(seen.requests)} requests without it")


def all_arrive(count: int) -> Judge:
    """Expect numbered events, each stored once and sent once."""

    def judge(seen: Seen) -> Judgement:
        stored = collections.Counter(number_of(call.message) for call in seen.accepted)
        sent = collections.Counter(number_of(message) for message in seen.messages)

        def troubles() -> Iterator[str]:
            if lost := [number for number in range(1, count + 1) if not stored[number]]:
                yield f"{len(lost)} did not arrive, number {lost[0]} the first"
            if twice := [number for number, times in stored.items() if times > 1]:
                yield f"{len(twice)} arrived more than once, such as number {twice[0]}"
            again = [number for number, times in sent.items() if times > max(stored[number], 1)]
            if again:
                yield f"{len(again)} were sent again although nothing failed"

        return judged(troubles(), fine=f"{len(stored)} events, {len(seen.requests)} requests")

    return judge


def number_of(message: JsonObject) -> int:
    """Tell which of the numbered events it is: by its property, or by its user; 0 is none."""
    properties, user = message.get("properties"), message.get("userId")
    number = properties.get("number") if isinstance(properties, dict) else None
    if isinstance(number, int | float):
        return int(number)
    digits = user.removeprefix("u") if isinstance(user, str) else ""
    return int(digits) if digits.isdecimal() and digits.isascii() else 0


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
        in_order = calls[1].cursor < calls[2].cursor
        # When they were tracked: the first request may take longer, as it connects.
        tracked = [parse_moment(calls[number].message["originalTimestamp"]) for number in (1, 2)]
        gap = ((tracked[1] or 0) - (tracked[0] or 0)) / _NANOSECONDS
        saw = f"tracked {gap:.2f} s apart, {'in order' if in_order else 'sent in the wrong order'}"
        return Judgement(in_order and gap >= seconds - _CLOCKS_DIFFER, saw)

    return judge


def interval_flushes(seen: Seen) -> Judgement:
    """Expect that the first event does not wait for the second."""
    first, second = seen.carrying("First"), seen.carrying("Second")
    if not first or not second:
        return Judgement(passed=False, saw=f"{len(seen.requests)} requests, not both events")
    lead = second[0].at - first[0].at
    return Judgement(lead >= _LEAST_LEAD, f"the first came {lead:.2f} s before the second")


def bodies_within(seen: Seen) -> Judgement:
    """Expect requests that Segment takes."""

    def troubles() -> Iterator[str]:
        if not seen.requests:
            yield "no request came"
        for request in seen.requests:
            if request.body_bytes > MAX_BATCH_BYTES:
                yield f"a body of {request.body_bytes:,} bytes"
            elif request.status != 200:
                yield f"an answer of {request.status}: {request.refused}"

    largest = max((request.body_bytes for request in seen.requests), default=0)
    return judged(
        troubles(), fine=f"{len(seen.requests)} requests, the largest of {largest:,} bytes"
    )


def small_survives(seen: Seen) -> Judgement:
    """Expect the small event, stored once."""
    stored = sum(call.event == "Small" for call in seen.accepted)
    answers = ", ".join(str(request.status) for request in seen.requests) or "none"
    return Judgement(stored == 1, f"stored {stored} times; answers: {answers}")


def large_is_kept_back(seen: Seen) -> Judgement:
    """Expect that nothing shares a request with what Segment refuses."""
    large = seen.carrying("Large")
    if not large:
        return Judgement(passed=True, saw="it was kept back")
    beside = max(len(request.messages) for request in large) - 1
    size = max(len(json_types.encode(m)) for r in large for m in r.messages)
    right = beside == 0 or size <= MAX_CALL_BYTES
    return Judgement(right, f"it was sent, {size:,} bytes, with {beside} others")
