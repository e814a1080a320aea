"""Judges of the suite ``basic``: how requests and messages look on the wire."""

from __future__ import annotations

import base64
import collections
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.conformance.assertions import LONGEST_VALUE, judged, named, shown
from mockseg.conformance.check import Judgement
from mockseg.domain.limits import (
    MAX_BATCH_BYTES,
    MAX_CALL_BYTES,
    MAX_MESSAGE_ID_CHARACTERS,
)
from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.conformance.evidence import Evidence, SentRequest


# A clock of the same machine; what is over this is another unit or another zone.
_MOST_SKEW_NS = 60_000_000_000


def bodies_are_json(evidence: Evidence) -> Judgement:
    """Expect requests as Segment documents them."""

    def troubles() -> Iterator[str]:
        if not evidence.requests:
            yield "no request came"
        for request in evidence.requests:
            if request.method != "POST":
                yield f"{request.method} {request.path}"
            elif not isinstance(request.document, dict):
                yield f"the body of {request.path} is no JSON object"
            elif request.status != 200:
                yield f"{request.path} was answered {request.status}: {request.refused}"

    return judged(troubles(), fine=_requests(evidence))


def _requests(evidence: Evidence) -> str:
    paths = collections.Counter(request.path for request in evidence.requests)
    return ", ".join(f"{count} to {path}" for path, count in paths.items())


def key_is_named(evidence: Evidence) -> Judgement:
    """Expect the write key in body or header, and nothing that disagrees."""
    places: set[str] = set()

    def troubles() -> Iterator[str]:
        if not evidence.requests:
            yield "no request came with this write key"
        for request in evidence.requests:
            named = list(_keys(request))
            places.update(place for place, _ in named)
            if not named:
                yield f"{request.path} names none"
            yield from (
                f"{place} is {shown(key)}" for place, key in named if key != evidence.write_key
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


def basic_header(evidence: Evidence) -> Judgement:
    """Expect Basic authentication."""

    def troubles() -> Iterator[str]:
        if not evidence.requests:
            yield "no request came"
        for request in evidence.requests:
            if _basic_user(request) != evidence.write_key:
                yield f"Authorization is {request.headers.get('authorization', 'missing')[:80]}"

    return judged(troubles(), fine="Basic with the write key")


def message_ids_are_right(evidence: Evidence) -> Judgement:
    """Expect a messageId for each message, and no two alike."""
    counts = collections.Counter(
        json_types.canonical(message.get("messageId")) for message in evidence.messages
    )

    def troubles() -> Iterator[str]:
        if not evidence.messages:
            yield "no message came"
        for message in evidence.messages:
            id_ = message.get("messageId")
            if not isinstance(id_, str) or not 1 <= len(id_) <= MAX_MESSAGE_ID_CHARACTERS:
                yield f"{named(message)}: messageId is {shown(id_)}"
        yield from (
            f"{id_.decode()[:LONGEST_VALUE]} came {count} times"
            for id_, count in counts.items()
            if count > 1
        )

    example = next(iter(counts), b"none").decode()
    return judged(troubles(), fine=f"{len(counts)} different ones, such as {example}")


def users_are_named(evidence: Evidence) -> Judgement:
    """Expect an identity in each message."""

    def troubles() -> Iterator[str]:
        if not evidence.messages:
            yield "no message came"
        for message in evidence.messages:
            ids = [message.get(name) for name in ("userId", "anonymousId")]
            if not any(isinstance(id_, str) and id_ for id_ in ids):
                yield f"{named(message)} has neither"

    return judged(troubles(), fine=f"{len(evidence.messages)} messages with one")


def moments_are_right(evidence: Evidence) -> Judgement:
    """Expect times that Segment can correct a clock by."""
    counted = 0

    def troubles() -> Iterator[str]:
        nonlocal counted
        for call in evidence.calls:
            received = parse_moment(call.received_at) or 0
            raw = call.raw if isinstance(call.raw, dict) else {}
            for name in ("timestamp", "sentAt", "originalTimestamp"):
                if raw.get(name) is None:
                    continue
                counted += 1
                moment = parse_moment(raw[name])
                if moment is None:
                    yield f"{call.type}: {name} is {shown(raw[name])}"
                elif abs(received - moment) > _MOST_SKEW_NS:
                    yield f"{call.type}: {name} is {raw[name]}, received {call.received_at}"

    found = list(troubles())
    if not evidence.calls:
        found = ["no call came"]
    return judged(found, fine=f"{counted} times of this minute")


def sent_at_is_said(evidence: Evidence) -> Judgement:
    """Expect sentAt somewhere in each request."""

    def troubles() -> Iterator[str]:
        if not evidence.requests:
            yield "no request came"
        for request in evidence.requests:
            whole = request.document if isinstance(request.document, dict) else {}
            each = all(parse_moment(message.get("sentAt")) for message in request.messages)
            if not parse_moment(whole.get("sentAt")) and not (each and request.messages):
                yield f"{request.path} says {shown(whole.get('sentAt'))}"

    return judged(troubles(), fine="each request says it")


def libraries_are_named(evidence: Evidence) -> Judgement:
    """Expect to be told which SDK sends."""
    named = set()

    def troubles() -> Iterator[str]:
        if not evidence.calls:
            yield "no call came"
        for call in evidence.calls:
            library = call.context.get("library")
            found = library if isinstance(library, dict) else {}
            name, version = found.get("name"), found.get("version")
            if not (isinstance(name, str) and name and isinstance(version, str) and version):
                yield f"{call.type}: context.library is {shown(library)}"
            named.add(f"{name} {version}")

    found = list(troubles())
    return judged(found, fine=", ".join(sorted(named)))


def all_good(evidence: Evidence) -> Judgement:
    """Expect no finding."""
    findings = (
        f"{call.type}: {finding.code}: {finding.description}"
        for call in evidence.calls
        for finding in call.findings
    )
    none = [] if evidence.calls else ["no call came"]
    return judged([*none, *findings], fine=f"{len(evidence.calls)} good calls")


def no_retry_count(evidence: Evidence) -> Judgement:
    """Expect that first attempts do not look like retries."""
    counts = [
        request.retry_count for request in evidence.requests if request.retry_count is not None
    ]
    said = (f"X-Retry-Count: {count}" for count in counts)
    none = [] if evidence.requests else ["no request came"]
    return judged([*none, *said], fine=f"{len(evidence.requests)} requests without it")


def bodies_within(evidence: Evidence) -> Judgement:
    """Expect requests that Segment takes."""

    def troubles() -> Iterator[str]:
        if not evidence.requests:
            yield "no request came"
        for request in evidence.requests:
            if request.body_bytes > MAX_BATCH_BYTES:
                yield f"a body of {request.body_bytes:,} bytes"
            elif request.status != 200:
                yield f"an answer of {request.status}: {request.refused}"

    largest = max((request.body_bytes for request in evidence.requests), default=0)
    return judged(
        troubles(), fine=f"{len(evidence.requests)} requests, the largest of {largest:,} bytes"
    )


def large_is_kept_back(evidence: Evidence) -> Judgement:
    """Expect that nothing shares a request with what Segment refuses."""
    large = evidence.carrying("Large")
    if not large:
        came = bool(evidence.requests)
        return Judgement(came, "it was kept back" if came else "no request came")
    beside = max(len(request.messages) for request in large) - 1
    size = max(len(json_types.encode(m)) for r in large for m in r.messages)
    right = beside == 0 or size <= MAX_CALL_BYTES
    return Judgement(right, f"it was sent, {size:,} bytes, with {beside} others")
