"""The suite ``basic``: what arrives when nothing fails, and how it looks on the wire."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mockseg.conformance import sources
from mockseg.conformance.assertions import (
    all_arrive,
    batches_within,
    cli_keeps_contract,
    delay_is_kept,
    fields_arrive,
    interval_flushes,
    order_is_kept,
    small_survives,
    types_arrive,
)
from mockseg.conformance.check import EVENT, Check, Trial, at_once, config, numbered, track
from mockseg.conformance.wire_judges import (
    all_good,
    basic_header,
    bodies_are_json,
    bodies_within,
    key_is_named,
    large_is_kept_back,
    libraries_are_named,
    message_ids_are_right,
    moments_are_right,
    no_retry_count,
    sent_at_is_said,
    users_are_named,
)

if TYPE_CHECKING:
    from mockseg.conformance.contract import E2eConfig


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


def _needs_auth_header(said: E2eConfig) -> str:
    return "" if said.flag("AUTH_HEADER") else "AUTH_HEADER is not true in the e2e-config"


_basic = functools.partial(Check, suite="basic")

BASIC: tuple[Check, ...] = (
    _basic(
        "types-arrive",
        expected="Each of the six types arrives once, and nothing else.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=types_arrive(tuple(_SIX)),
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
        judge=bodies_are_json,
    ),
    _basic(
        "write-key",
        expected="Each request names the write key in its body, as Basic user, or both alike.",
        source=sources.HTTP_API,
        trial=_SIX_TYPES,
        judge=key_is_named,
    ),
    _basic(
        "auth-header",
        expected="Each request has Authorization: Basic with the write key and no password.",
        source=sources.HTTP_API,
        trial=_ONE,
        judge=basic_header,
        needs=_needs_auth_header,
    ),
    _basic(
        "message-id",
        expected="Each message has a messageId of its own, a text of 1 to 100 characters.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=message_ids_are_right,
    ),
    _basic(
        "identity",
        expected="Each message has a userId or an anonymousId.",
        source=sources.IDENTITY,
        trial=_SIX_TYPES,
        judge=users_are_named,
    ),
    _basic(
        "timestamps",
        expected="timestamp and sentAt, where they are, are ISO 8601 and of this minute.",
        source=sources.TIMESTAMPS,
        trial=_SIX_TYPES,
        judge=moments_are_right,
    ),
    _basic(
        "sent-at",
        expected="Each request says sentAt, for itself or with each message.",
        source=sources.TIMESTAMPS,
        trial=_SIX_TYPES,
        judge=sent_at_is_said,
    ),
    _basic(
        "library",
        expected="Each message has context.library with name and version.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=libraries_are_named,
    ),
    _basic(
        "good",
        expected="Segment would let every call through.",
        source=sources.SPEC,
        trial=_SIX_TYPES,
        judge=all_good,
    ),
    _basic(
        "cli-contract",
        expected="The CLI says success: true and ends with status 0.",
        source=sources.CONTRACT,
        trial=_ONE,
        judge=cli_keeps_contract,
    ),
    _basic(
        "first-attempt",
        expected="A request that is no retry has no X-Retry-Count.",
        source=sources.RETRY_COUNT,
        trial=_BATCHED,
        judge=no_retry_count,
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
        judge=bodies_within,
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
        judge=large_is_kept_back,
    ),
)
