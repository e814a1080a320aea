"""The suite ``basic``: what arrives when nothing fails, and how it looks on the wire."""

from __future__ import annotations

import base64
import collections
import functools
from collections.abc import Iterator
from typing import Any

from mockseg import json_types
from mockseg.conformance import sources
from mockseg.conformance.assertions import (
    LONGEST_VALUE,
    all_arrive,
    batches_within,
    cli_keeps_contract,
    delay_is_kept,
    fields_arrive,
    interval_flushes,
    judged,
    order_is_kept,
    shown,
    small_survives,
    types_arrive,
)
from mockseg.conformance.check import (
    EVENT,
    Check,
    Judgement,
    Trial,
    at_once,
    config,
    numbered,
    track,
)
from mockseg.conformance.evidence import Evidence, SentRequest
from mockseg.domain.findings import CallWarning
from mockseg.domain.limits import MAX_BATCH_BYTES, MAX_CALL_BYTES, MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.timestamps import parse_moment
from mockseg.json_types import JsonObject

_SIX: dict[str, dict[str, Any]] = {
    "identify": {"userId": "user-1", "traits": {"email": "ada@example.com", "age": 36}},
    "track": {"userId": "user-1", "event": EVENT, "properties": {"revenue": 25.5}},
    "page": {"userId": "user-1", "name": "Start", "properties": {"path": "/start"}},
    "screen": {"userId": "user-1", "name": "Basket", "properties": {"items": 2}},
    "group": {"userId": "user-1", "groupId": "group-1", "traits": {"name": "Acme"}},
    "alias": {"userId": "user-1", "previousId": "old-1"},
}
_VALUES: dict[str, Any] = {
    "text": 'Zoë said "hi" \\ 漢字 🎉',
    "float": 0.1,
    "large": 9007199254740991,
    "negative": -1,
    "yes": True,
    "no": False,
    "empty": "",
    "list": [1, "two", {"three": 3}],
    "nested": {"a": {"b": {"c": "deep"}}},
}
# A clock of the same machine; what is over this is another unit or another zone.
_MOST_SKEW_NS = 60_000_000_000
_OVER_32_KB = "x" * 33_000
# What comes to more than 500 KB on the wire, in an input that a command line can hold.
_MANY = 2400
_FLUSH_AT = 10
_DELAY_MS = 400

_SIX_TYPES = Trial(
    "all six types",
    at_once(*({"type": name, **fields} for name, fields in _SIX.items())),
    config(flush_at=20),
)
_ONE = Trial("one event", at_once(track(revenue=25.5)), config())
_VALUE_KINDS = Trial("values of all kinds", at_once(track(**_VALUES)), config())
_BATCHED = Trial("25 events", at_once(*numbered(25)), config(flush_at=_FLUSH_AT))
_LARGE = Trial(
    "over 500 KB",
    at_once(*({"type": "identify", "userId": f"u{number}"} for number in range(1, _MANY + 1))),
    config(flush_at=_MANY),
)
_OVERSIZE = Trial(
    "an event over 32 KB",
    at_once(track("Small"), track("Large", text=_OVER_32_KB)),
    config(flush_at=2),
)
_SEQUENCES = Trial(
    "two sequences",
    (
        {"delayMs": 0, "events": numbered(2)[:1]},
        {"delayMs": _DELAY_MS, "events": numbered(2)[1:]},
    ),
    config(),
)
_INTERVAL = Trial(
    "a batch that does not fill",
    (
        {"delayMs": 0, "events": [track("First")]},
        {"delayMs": 2000, "events": [track("Second")]},
    ),
    config(flush_at=20),
)


# --- how requests and messages look on the wire


def _bodies_are_json(evidence: Evidence) -> Judgement:
    def problems() -> Iterator[str]:
        for request in evidence.requests:
            if request.method != "POST":
                yield f"{request.method} {request.path}"
            elif not isinstance(request.document, dict):
                yield f"the body of {request.path} is not a JSON object"
            elif request.status != 200:
                yield f"{request.path} was answered {request.status}: {request.refused}"

    paths = collections.Counter(request.path for request in evidence.requests)
    fine = ", ".join(f"{count} to {path}" for path, count in paths.items())
    return judged(problems(), fine=fine, of=evidence.requests)


def _key_is_named(evidence: Evidence) -> Judgement:
    """Expect the write key in body or header, and nothing that disagrees."""
    places: set[str] = set()
    problems = []
    for request in evidence.requests:
        named = list(_keys(request))
        places.update(place for place, _ in named)
        if not named:
            problems.append(f"{request.path} names none")
        problems += [
            f"{place} is {shown(key)}" for place, key in named if key != evidence.write_key
        ]
    noun = "request with this write key"
    return judged(problems, fine=" and ".join(sorted(places)), of=evidence.requests, noun=noun)


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


def _basic_header(evidence: Evidence) -> Judgement:
    problems = (
        f"Authorization is {request.headers.get('authorization', 'missing')[:80]}"
        for request in evidence.requests
        if _basic_user(request) != evidence.write_key
    )
    return judged(problems, fine="Basic with the write key", of=evidence.requests)


def _message_ids_are_right(evidence: Evidence) -> Judgement:
    """Expect a messageId for each message, and no two alike."""
    messages = evidence.messages
    ids = [message.get("messageId") for message in messages]
    counts = collections.Counter(map(json_types.canonical, ids))
    problems = [
        f"{_type_of(message)}: messageId is {shown(id_)}"
        for message, id_ in zip(messages, ids, strict=True)
        if not isinstance(id_, str) or not 1 <= len(id_) <= MAX_MESSAGE_ID_CHARACTERS
    ]
    problems += [
        f"{id_.decode()[:LONGEST_VALUE]} came {count} times"
        for id_, count in counts.items()
        if count > 1
    ]
    example = next(iter(counts), b"none").decode()
    fine = f"{len(counts)} different ones, such as {example}"
    return judged(problems, fine=fine, of=messages, noun="message")


def _type_of(message: JsonObject) -> str:
    """Name a message by its type, whatever was sent as that."""
    type_ = message.get("type")
    return type_[:LONGEST_VALUE] if isinstance(type_, str) else f"type {shown(type_)}"


def _users_are_named(evidence: Evidence) -> Judgement:
    messages = evidence.messages
    problems = (
        f"{_type_of(message)} has neither"
        for message in messages
        if not any(
            isinstance(id_, str) and id_
            for id_ in (message.get("userId"), message.get("anonymousId"))
        )
    )
    fine = f"{len(messages)} messages with one"
    return judged(problems, fine=fine, of=messages, noun="message")


def _moments_are_right(evidence: Evidence) -> Judgement:
    counted, problems = 0, []
    for call in evidence.calls:
        received = parse_moment(call.received_at) or 0
        raw = call.raw if isinstance(call.raw, dict) else {}
        for name in ("timestamp", "sentAt", "originalTimestamp"):
            if raw.get(name) is None:
                continue
            counted += 1
            moment = parse_moment(raw[name])
            if moment is None:
                problems.append(f"{call.type}: {name} is {shown(raw[name])}")
            elif abs(received - moment) > _MOST_SKEW_NS:
                problems.append(f"{call.type}: {name} is {raw[name]}, received {call.received_at}")
    return judged(problems, fine=f"{counted} times of this minute", of=evidence.calls, noun="call")


def _sent_at_is_said(evidence: Evidence) -> Judgement:
    def problems() -> Iterator[str]:
        for request in evidence.requests:
            whole = request.document if isinstance(request.document, dict) else {}
            each = all(parse_moment(message.get("sentAt")) for message in request.messages)
            if not parse_moment(whole.get("sentAt")) and not (each and request.messages):
                yield f"{request.path} says {shown(whole.get('sentAt'))}"

    return judged(problems(), fine="each request says it", of=evidence.requests)


def _libraries_are_named(evidence: Evidence) -> Judgement:
    named, problems = set(), []
    for call in evidence.calls:
        library = call.context.get("library")
        found = library if isinstance(library, dict) else {}
        name, version = found.get("name"), found.get("version")
        if not (isinstance(name, str) and name and isinstance(version, str) and version):
            problems.append(f"{call.type}: context.library is {shown(library)}")
        named.add(f"{name} {version}")
    return judged(problems, fine=", ".join(sorted(named)), of=evidence.calls, noun="call")


def _all_good(evidence: Evidence) -> Judgement:
    findings = (
        f"{call.type}: {finding.code}: {finding.description}"
        for call in evidence.calls
        for finding in call.findings
        # What Segment takes all the same is nothing against an SDK: CLIs send empty ids.
        if not isinstance(finding, CallWarning)
    )
    fine = f"{len(evidence.calls)} good calls"
    return judged(findings, fine=fine, of=evidence.calls, noun="call")


def _no_retry_count(evidence: Evidence) -> Judgement:
    problems = (
        f"X-Retry-Count: {request.retry_count}"
        for request in evidence.requests
        if request.retry_count is not None
    )
    fine = f"{len(evidence.requests)} requests without it"
    return judged(problems, fine=fine, of=evidence.requests)


def _bodies_within(evidence: Evidence) -> Judgement:
    def problems() -> Iterator[str]:
        for request in evidence.requests:
            if request.body_bytes > MAX_BATCH_BYTES:
                yield f"a body of {request.body_bytes:,} bytes"
            elif request.status != 200:
                yield f"an answer of {request.status}: {request.refused}"

    largest = max((request.body_bytes for request in evidence.requests), default=0)
    fine = f"{len(evidence.requests)} requests, the largest of {largest:,} bytes"
    return judged(problems(), fine=fine, of=evidence.requests)


def _large_is_kept_back(evidence: Evidence) -> Judgement:
    large = evidence.carrying("Large")
    if not large:
        came = bool(evidence.requests)
        return Judgement(came, "it was kept back" if came else "no request came")
    beside = max(len(request.messages) for request in large) - 1
    size = max(len(json_types.encode(m)) for r in large for m in r.messages)
    right = beside == 0 or size <= MAX_CALL_BYTES
    return Judgement(right, f"it was sent, {size:,} bytes, with {beside} others")


# --- the suite


_basic = functools.partial(Check, suite="basic")

BASIC: tuple[Check, ...] = (
    _basic(
        "types-arrive",
        expected="Each type of call that the CLI can make arrives once, and nothing else.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=types_arrive,
    ),
    *(
        _basic(
            f"{name}-fields",
            expected=f"A call of {name} arrives with the fields that it was made with.",
            source=sources.SPEC,
            trial=_SIX_TYPES,
            judge=fields_arrive(name, fields),
        )
        for name, fields in _SIX.items()
    ),
    _basic(
        "bodies-are-json",
        expected="Each request is a POST of a JSON object to a route of Segment's, and is taken.",
        source=sources.BATCH,
        trial=_SIX_TYPES,
        judge=_bodies_are_json,
    ),
    _basic(
        "write-key",
        expected="Each request names the write key in its body, as Basic user, or both alike.",
        source=sources.HTTP_API,
        trial=_SIX_TYPES,
        judge=_key_is_named,
    ),
    _basic(
        "auth-header",
        expected="Each request has Authorization: Basic with the write key and no password.",
        source=sources.HTTP_API,
        trial=_ONE,
        judge=_basic_header,
        needs={"AUTH_HEADER": (True,)},
    ),
    _basic(
        "message-id",
        expected="Each message has a messageId of its own, a text of 1 to 100 characters.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=_message_ids_are_right,
    ),
    _basic(
        "identity",
        expected="Each message has a userId or an anonymousId.",
        source=sources.IDENTITY,
        trial=_SIX_TYPES,
        judge=_users_are_named,
    ),
    _basic(
        "timestamps",
        expected="timestamp and sentAt, where they are, are ISO 8601 and of this minute.",
        source=sources.TIMESTAMPS,
        trial=_SIX_TYPES,
        judge=_moments_are_right,
    ),
    _basic(
        "sent-at",
        expected="Each request says sentAt, for itself or with each message.",
        source=sources.TIMESTAMPS,
        trial=_SIX_TYPES,
        judge=_sent_at_is_said,
    ),
    _basic(
        "library",
        expected="Each message has context.library with name and version.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=_libraries_are_named,
    ),
    _basic(
        "good",
        expected="Segment would let every call through.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=_all_good,
    ),
    _basic(
        "cli-contract",
        expected="The CLI says success: true.",
        source=sources.CONTRACT,
        trial=_ONE,
        judge=cli_keeps_contract,
    ),
    _basic(
        "first-attempt",
        expected="A first attempt has no X-Retry-Count.",
        source=sources.RETRY_COUNT,
        trial=_BATCHED,
        judge=_no_retry_count,
    ),
    _basic(
        "values",
        expected="Texts, numbers, booleans, lists and objects arrive unchanged.",
        source=sources.SPEC,
        trial=_VALUE_KINDS,
        judge=fields_arrive("track", {"properties": _VALUES}),
    ),
    _basic(
        "all-arrive",
        expected="25 events arrive once each.",
        source=sources.CONTRACT,
        trial=_BATCHED,
        judge=all_arrive(25),
    ),
    _basic(
        "flush-at",
        expected=f"No batch has more than flushAt ({_FLUSH_AT}) messages.",
        source=sources.CONTRACT,
        trial=_BATCHED,
        judge=batches_within(_FLUSH_AT),
    ),
    _basic(
        "order-in-batch",
        expected="Within a batch, messages are in the order of the calls.",
        source=sources.BATCH,
        trial=_BATCHED,
        judge=order_is_kept,
    ),
    _basic(
        "order-of-sequences",
        expected=f"A sequence is tracked and sent after the one before, {_DELAY_MS} ms later.",
        source=sources.CONTRACT,
        trial=_SEQUENCES,
        judge=delay_is_kept(_DELAY_MS / 1000),
    ),
    _basic(
        "flush-interval",
        expected="A batch that does not fill is sent after flushInterval (200 ms).",
        source=sources.CONTRACT,
        trial=_INTERVAL,
        judge=interval_flushes,
    ),
    _basic(
        "batch-bytes",
        expected="No request has more than 500 KB, and none is refused.",
        source=sources.LIMITS,
        trial=_LARGE,
        judge=_bodies_within,
    ),
    _basic(
        "all-of-many-arrive",
        expected=f"{_MANY} events, over 500 KB together, arrive once each.",
        source=sources.LIMITS,
        trial=_LARGE,
        judge=all_arrive(_MANY),
    ),
    _basic(
        "small-beside-large",
        expected="A small event arrives although one over 32 KB was tracked beside it.",
        source=sources.LIMITS,
        trial=_OVERSIZE,
        judge=small_survives,
    ),
    _basic(
        "large-alone",
        expected="An event over 32 KB is kept back, or sent in no request with others.",
        source=sources.LIMITS,
        trial=_OVERSIZE,
        judge=_large_is_kept_back,
    ),
)
