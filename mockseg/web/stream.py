"""``GET /stream``: calls, requests and deliveries as server-sent events, while they come about.

A stream keeps no queue. It remembers how far it has read and reads the journal on from
there whenever something was recorded, so a slow reader costs nothing but its own delay,
and what it takes too long to fetch is evicted like everything else: its reader gets a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.clock import breathe
from mockseg.conversion import invalid
from mockseg.errors import OperationError
from mockseg.hub.handlers.requests import request_view
from mockseg.matching.match import ScalarMatch, compile_match
from mockseg.web.answers import security_headers
from mockseg.web.keys import HUB, OPEN_REQUESTS
from mockseg.web.parameters import check_content_type, read_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.delivery.records import KeptDelivery
    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.hub import Hub
    from mockseg.matching.match import Matchable


# Proxies close what is silent for a minute or half of it.
KEEP_ALIVE_SECONDS = 15.0
# How long a browser waits before it connects again.
_RETRY_MILLISECONDS = 1000
_CALLS_AT_ONCE = 200
_REQUESTS_AT_ONCE = 50
_DELIVERIES_AT_ONCE = 50


class StreamQuery(ScalarMatch, frozen=True, kw_only=True, rename="camel"):
    """Which calls to tell of; requests and deliveries too where no key but ``source`` is given.

    Attributes:
        after: the id of the last event that was seen, or a cursor; from now on without.
            The header ``Last-Event-ID`` goes before it.
    """

    after: str | None = None


class Gap(msgspec.Struct, frozen=True, rename="camel"):
    """Calls were evicted, or the server was started anew, before this stream could tell of them.

    Attributes:
        after: the last cursor that was sent before.
        next: the first cursor that is kept after it, or null.
        reason: ``evicted`` or ``restarted``.
    """

    after: int
    next: int | None
    reason: str


class Place(msgspec.Struct, frozen=True):
    """How far a stream has read; an event's id.

    Attributes:
        cursor: of the last call.
        number: of the last request.
        run: which run of which server it is; 0 means this one.
        finished: of the last delivery that became final.
    """

    cursor: int
    number: int
    run: int = 0
    finished: int = 0


async def stream(request: web.Request) -> web.StreamResponse:
    """Answer with events until the client or the server goes away.

    Raises:
        OperationError: 422 a wrong parameter, 503 the server is stopping.
    """
    check_content_type(request)
    hub = request.app[HUB]
    query = read_query(request, StreamQuery)
    after = request.headers.get("Last-Event-ID") or query.after
    reading = _Reading(hub, query, _place(hub, after))
    headers = security_headers() | {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    try:
        with request.app[OPEN_REQUESTS].hold(request), hub.sources.watching(query.source):
            await response.prepare(request)
            await reading.send(response)
    except OperationError:
        if not response.prepared:
            raise
        transport = request.transport
        if transport is not None and transport.get_write_buffer_size() > 0:
            # The reader is behind; a polite end would wait for it.
            transport.abort()
    return response


class _Reading:
    """One stream: how far it has read, and what it still has to send."""

    def __init__(self, hub: Hub, query: StreamQuery, place: Place) -> None:
        self._hub = hub
        self._source = query.source
        self._matches: Callable[[Matchable], bool] = compile_match(query)
        # Requests and deliveries too, where no key but the source narrows the stream.
        self._sends_all = set(msgspec.to_builtins(query)) <= {"source", "after"}
        elsewhere = place.run not in {0, hub.run} or place.cursor > hub.journal.cursor
        self._restarted = place if elsewhere else None
        start = Place(0, 0) if elsewhere else place
        self._cursor, self._number, self._finished = start.cursor, start.number, start.finished

    async def send(self, response: web.StreamResponse) -> None:
        hub, source = self._hub, self._source
        await response.write(b"id: %b\nretry: %d\n\n" % (self._id(), _RETRY_MILLISECONDS))
        if self._restarted is not None:
            await self._write(response, b"gap", Gap(self._restarted.cursor, None, "restarted"))
        while True:
            # No await lies between looking and listening: nothing falls in between.
            calls = hub.journal.calls_after(self._cursor, limit=_CALLS_AT_ONCE, source=source)
            requests: list[KeptRequest] = []
            deliveries: list[KeptDelivery] = []
            if self._sends_all:
                requests = hub.journal.requests_after(
                    self._number, limit=_REQUESTS_AT_ONCE, source=source
                )
                deliveries = hub.destinations.ledger.finals(
                    after=self._finished, limit=_DELIVERIES_AT_ONCE, source=source
                )
            await self._write_calls(response, calls)
            for request in requests:
                self._number = request.number
                view = request_view(request, hub.journal.calls_of(request))
                await self._write(response, b"request", view)
            for delivery in deliveries:
                self._finished = delivery.finished
                await self._write(response, b"delivery", delivery.view())
            if calls or requests or deliveries:
                await breathe()
            elif not await hub.bell.wait(KEEP_ALIVE_SECONDS):
                await response.write(b": keep-alive\n\n")

    async def _write_calls(self, response: web.StreamResponse, calls: list[KeptCall]) -> None:
        gap = self._gap(calls)
        if gap is not None:
            await self._write(response, b"gap", gap)
        for call in calls:
            self._cursor = call.cursor
            if self._matches(call):
                await self._write(response, b"call", call.view())

    async def _write(self, response: web.StreamResponse, event: bytes, value: object) -> None:
        data = json_types.encode_printable(value)
        await response.write(b"event: %b\nid: %b\ndata: %b\n\n" % (event, self._id(), data))

    def _id(self) -> bytes:
        return b"%d.%d.%d.%d" % (self._cursor, self._number, self._hub.run, self._finished)

    def _gap(self, calls: list[KeptCall]) -> Gap | None:
        """Return the gap if calls were evicted after those that were sent."""
        cursor = self._cursor
        if not calls:
            self._cursor = self._hub.journal.cursor
        if self._source is None:
            evicted = self._hub.journal.evicted_cursor
            # The cursors of all sources together have holes where something is missing.
            complete = calls and calls[-1].cursor - cursor == len(calls)
        else:
            evicted, complete = self._hub.sources.lost(self._source).cursor, False
        if evicted <= cursor or complete:
            return None
        return Gap(cursor, calls[0].cursor if calls else None, "evicted")


def _place(hub: Hub, after: str | None) -> Place:
    """Return where to begin: now, or after what was seen.

    Raises:
        OperationError: 422, it is not such an id.
    """
    finished = hub.destinations.ledger.finished
    if after is None:
        return Place(hub.journal.cursor, hub.tally.requests, finished=finished)
    cursor, *more = after.split(".")
    if not _is_count(cursor) or len(more) > 3 or not all(_is_count(part) for part in more):
        raise invalid(
            "after",
            f"`after` is {after[:100]!r}: it must be an event's id, such as 12.7.3.4, or a cursor",
            allowed="the id of an event, or a cursor",
        )
    if more:
        return Place(int(cursor), *(int(part) for part in more))
    following = hub.journal.calls_after(int(cursor), limit=1)
    if cursor == "0":
        return Place(0, 0)
    number = following[0].request.number - 1 if following else hub.tally.requests
    return Place(int(cursor), number, finished=finished)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
