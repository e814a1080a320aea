"""The messages that benches send: track calls of about 600 bytes, each with its own id."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from typing import TYPE_CHECKING

from load import post

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BATCH", "batches", "many_sources", "singles"]

BATCH = 100
_COUNTER = itertools.count(1)
_ID = b"00000000-0000-0000-0000-000000000000"


def _message() -> bytes:
    message = {
        "type": "track",
        "event": "Order Completed",
        "userId": "user-4711",
        "messageId": _ID.decode(),
        "timestamp": "2026-01-01T12:00:00.000Z",
        "properties": {"orderId": "o-1", "total": 42.5, "currency": "EUR", "note": "x" * 270},
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}, "locale": "en"},
        "integrations": {},
    }
    return json.dumps(message).encode()


_MESSAGE = _message()


def _fresh() -> bytes:
    return b"%036d" % next(_COUNTER)


def singles(port: int) -> Iterator[bytes]:
    """Requests with one track call each."""
    prepared = post("/v1/track", _MESSAGE, port)
    while True:
        yield prepared.replace(_ID, _fresh())


def many_sources(port: int, sources: int) -> Iterator[bytes]:
    """Requests with one track call each, of so many sources by turns."""
    prepared = post("/v1/track", _MESSAGE, port)
    for number in itertools.count():
        key = b64encode(b"bench%05d:" % (number % sources))
        yield prepared.replace(b"YmVuY2hrZXk6", key).replace(_ID, _fresh())


def batches(port: int, size: int = BATCH) -> Iterator[bytes]:
    """Requests with a hundred track calls each, or as many as are asked for."""
    body = b'{"batch":[' + b",".join([_MESSAGE] * size) + b'],"sentAt":"2026-01-01T12:00:01Z"}'
    parts = post("/v1/batch", body, port).split(_ID)
    while True:
        first = next(_COUNTER) * size
        ids = [b"%036d" % (first + place) for place in range(size)]
        yield b"".join(itertools.chain(*zip(parts, [*ids, b""], strict=True)))
