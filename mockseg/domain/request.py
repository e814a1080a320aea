"""A request: what carried one message or a batch, and what it was answered."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from mockseg import json_types
from mockseg.domain.findings import Discard
from mockseg.domain.message import Shared
from mockseg.json_types import Json

_LONGEST_PATH = 200
# Marks calls that are sent again: what sends them is not the client that made them.
REPLAY_HEADER = "X-Mockseg-Replay"

Headers: TypeAlias = tuple[tuple[str, str], ...]


class Route(msgspec.Struct, frozen=True):
    """One way into Segment.

    Attributes:
        path: as Segment documents it, lower case, no trailing slash.
        carries: one message, a batch of them, or nothing that is a message (telemetry).
        type: the message type that the path names, or empty.
        client: one of the short routes of browsers and phones.
        pixel: answered with a picture whatever happens.
        delivered: its calls go on to the destinations of their source.
        internal: mockseg makes its requests itself; no fault hits them.
    """

    path: str
    carries: Literal["message", "batch", "nothing"]
    type: str = ""
    client: bool = False
    pixel: bool = False
    delivered: bool = True
    internal: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What a request was answered.

    Attributes:
        status: the HTTP status.
        body: bytes.
        content_type: of the body.
    """

    status: int
    body: bytes
    content_type: str = "application/json"


class Arrival(msgspec.Struct, frozen=True):
    """A request as the web floor hands it to the hub: read, inflated, not yet judged.

    Attributes:
        route: where it came in.
        method, path, query: as sent.
        headers: as sent, secrets redacted.
        body: inflated bytes; what was there when it could not be inflated.
        sent_bytes: how many bytes the body had on the wire.
        received_ns: a moment; 0 means now, by the clock of its source.
        key: the write key from the Authorization header or the query, empty when none.
        problem: why the body could not be read at all, or None.
        ip: IPv4 address of the client, where a message may need it; else empty.
    """

    route: Route
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    sent_bytes: int
    received_ns: int = 0
    key: str = ""
    problem: Discard | None = None
    ip: str = ""


def internal_arrival(route: Route, message: Json, *, key: str, received_ns: int = 0) -> Arrival:
    """Return a request of mockseg's own that carries one message.

    Args:
        route: an internal one that carries batches.
        message: of the call.
        key: the write key of its source.
        received_ns: a moment; 0 means now, by the clock of its source.
    """
    body = json_types.encode({"batch": [message]})
    return Arrival(
        route=route,
        method="POST",
        path=route.path,
        query="",
        headers=(),
        body=body,
        sent_bytes=len(body),
        received_ns=received_ns,
        key=key,
    )


# A request without texts, and two strings in a tuple, in CPython 3.11.
_REQUEST_BYTES = 330
_PAIR_BYTES = 154


class OwnHeaders(tuple[tuple[str, str], ...]):
    """Headers that this request shares with no other, so that their bytes are its own."""

    __slots__ = ()

    @property
    def size_bytes(self) -> int:
        return sum(_PAIR_BYTES + len(name) + len(value) for name, value in self)


class FaultMark(msgspec.Struct, frozen=True, gc=False):
    """A fault that hit a request.

    Attributes:
        id: of the fault.
        words: what it did, in a line.
        stored: whether the calls of the request were recorded all the same.
        usual: status that the request would have been answered without the fault; 0 where that
            is not known.
    """

    id: str
    words: str
    stored: bool
    usual: int = 0

    @property
    def text(self) -> str:
        return f"{self.id}: {self.words}"


class KeptRequest(msgspec.Struct, gc=False):
    """A request in the journal. No cycles lead here: calls point to it, it to nothing of theirs.

    Attributes:
        number: counts the requests of a server from 1.
        source: the write key, empty when there was none.
        method, path, query, headers, body, sent_bytes, received_ns: as in :class:`Arrival`.
        answer: what it was answered; a status of 0 means nothing at all, because of a fault.
        reason: why it was refused, or None.
        fault: the fault that hit it, or None.
        shared: what it says for all of its messages, or None.
        first_cursor: of its calls; 0 when it has none.
        calls: how many calls could be read from it.
        spent_ns: from the last byte read to the answer made.
    """

    number: int
    source: str
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    sent_bytes: int
    received_ns: int
    answer: Answer
    reason: Discard | None = None
    fault: FaultMark | None = None
    shared: Shared | None = None
    first_cursor: int = 0
    calls: int = 0
    spent_ns: int = 0

    @property
    def id(self) -> str:
        return f"req-{self.number}"

    @property
    def size_bytes(self) -> int:
        """Memory that it takes without its calls, to within a third (measured)."""
        size = _REQUEST_BYTES + len(self.body) + len(self.query) + len(self.path)
        headers = self.headers
        if type(headers) is OwnHeaders:
            size += headers.size_bytes
        return size if self.reason is None else size + len(self.answer.body)

    @property
    def refused(self) -> bool:
        """Return whether it was answered 4xx or 5xx or, because of a fault, not at all."""
        return self.answer.status >= 400 or self.answer.status == 0


def refusal_reason(reason: Discard | None, fault: FaultMark | None) -> str:
    """Return why a request was refused: the fault that hit it, else the finding, or empty."""
    if fault is not None:
        return fault.text
    return "" if reason is None else reason.description


def route_text(method: str, path: str) -> str:
    """Return what a request asked for: ``POST /v1/track``, or ``(not HTTP)``."""
    return f"{method} {path[:_LONGEST_PATH]}" if method else "(not HTTP)"


def refusal_text(*, status: int, method: str, path: str, reason: str) -> str:
    """Return a refused request in a few words: ``404 POST /v1/v1/t; /v1 is doubled``.

    Args:
        status: that was answered; 0 for no answer.
        method: of the request; empty where it was no HTTP.
        path: of the request.
        reason: why it was refused, or empty.
    """
    text = f"{status or 'no answer'} {route_text(method, path)}"
    return f"{text}; {reason}" if reason else text
