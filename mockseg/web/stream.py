"""``GET /stream``: calls, requests and deliveries as server-sent events, while they come about.

A stream keeps no queue. It remembers how far it has read and reads the journal on from
there whenever something was recorded, so a slow reader costs nothing but its own delay,
and what it takes too long to fetch is evicted like everything else: its reader gets a gap.

All streams together are paced: while requests arrive, they take a small share of the time, and
what several of them send is encoded once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from functools import partial

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.clock import SystemClock, Turn, breathe
from mockseg.errors import OperationError
from mockseg.hub.handlers.requests import request_view
from mockseg.hub.hub import Hub
from mockseg.matching.match import Matchable, ScalarMatch, compile_match
from mockseg.web.control_answers import security_headers
from mockseg.web.keys import HUB, OPEN_REQUESTS
from mockseg.web.parameters import check_content_type, read_query
from mockseg.web.places import Evictions, Gap, Place, place_of

# Proxies close what is silent for a minute or half of it.
KEEP_ALIVE_SECONDS = 15.0
# How long a browser waits before it connects again.
_RETRY_MILLISECONDS = 1000
_AT_ONCE = 200
# How many times as long as a turn took no stream has one, while requests arrive.
_REST = 30
# Maximum number of bytes of events that are kept for other streams that are at the same place.
_MAX_ENCODED_BYTES = 1_000_000


class StreamQuery(ScalarMatch, frozen=True, kw_only=True, rename="camel"):
    """Which calls to tell of; requests and deliveries too where no key but ``source`` is given.

    Attributes:
        q: a query, such as ``is:bad type:track``; it holds beside the match keys.
        after: the id of the last event that was seen, or a cursor; from now on without.
            The header ``Last-Event-ID`` goes before it.
    """

    q: str | None = None
    after: str | None = None


async def stream(request: web.Request) -> web.StreamResponse:
    """Answer with events until the client or the server goes away.

    Raises:
        OperationError: 422 a wrong parameter, 503 the server is stopping.
    """
    check_content_type(request)
    hub = request.app[HUB]
    query = read_query(request, StreamQuery)
    after = request.headers.get("Last-Event-ID") or query.after
    reading = _Reading(hub, query, place_of(hub, after))
    headers = security_headers() | {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    try:
        with request.app[OPEN_REQUESTS].hold(request), hub.sources.watching(query.source):
            await response.prepare(request)
            await reading.send(response, request.app[STREAM_PACE])
    except OperationError:
        if not response.prepared:
            raise
        transport = request.transport
        if transport is not None and transport.get_write_buffer_size() > 0:
            # The reader is behind; a polite end would wait for it.
            transport.abort()
    return response


class StreamPace:
    """Lets streams take turns, which take a small share of the time while requests arrive."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turns = asyncio.Lock()
        # When the next turn may begin, by the event loop's clock.
        self._next = 0.0
        # The newest request when the last turn ended.
        self._number = 0
        self._encoded: dict[Hashable, bytes] = {}
        self._encoded_bytes = 0

    async def turn(self, following: Callable[[StreamPace], bytes]) -> bytes:
        """Return what a stream has to send, when it has its turn."""
        loop = asyncio.get_running_loop()
        async with self._turns:
            await breathe()
            if self._hub.journal.number != self._number:
                await SystemClock().sleep(self._next - loop.time())
            began = loop.time()
            events = following(self)
            ended = loop.time()
            self._next = ended + (ended - began) * _REST
            self._number = self._hub.journal.number
        return events

    def encoded(self, name: Hashable, view: Callable[[], object]) -> bytes:
        """Return the JSON of a call or request, made once for all streams.

        Args:
            name: of it, as it is now: what changes has another name afterwards.
            view: what is encoded.
        """
        found = self._encoded.get(name)
        if found is None:
            if self._encoded_bytes > _MAX_ENCODED_BYTES:
                self._encoded.clear()
                self._encoded_bytes = 0
            found = self._encoded[name] = json_types.encode_printable(view())
            self._encoded_bytes += len(found)
        return found


STREAM_PACE = web.AppKey("stream_pace", StreamPace)


class _Reading:
    """One stream: how far it has read, and what it still has to send."""

    def __init__(self, hub: Hub, query: StreamQuery, place: Place) -> None:
        self._hub = hub
        self._source = query.source
        self._matches: Callable[[Matchable], bool] = compile_match(query)
        self._finds = None if query.q is None else hub.queries.compile(query.q).matches
        # Requests and deliveries too, where no key but the source narrows the stream.
        self._sends_all = set(msgspec.to_builtins(query)) <= {"source", "after"}
        elsewhere = place.is_elsewhere(hub)
        self._restarted = place if elsewhere else None
        start = Place(0, 0) if elsewhere else place
        self._cursor, self._number = start.cursor, start.number
        # A killed server may have told of deliveries that it had not saved yet.
        self._finished = min(start.finished, hub.destinations.ledger.finished)
        self._evictions = Evictions(hub, query.source)

    async def send(self, response: web.StreamResponse, pace: StreamPace) -> None:
        await response.write(b"id: %b\nretry: %d\n\n" % (self._id(), _RETRY_MILLISECONDS))
        if self._restarted is not None:
            gap = Gap(self._restarted.cursor, None, "restarted")
            await response.write(self._event("gap", json_types.encode_printable(gap)))
        while True:
            text = await pace.turn(self._following)
            if text:
                await response.write(text)
            # No await lies between looking and listening: nothing falls in between.
            elif not self._is_behind() and not await self._hub.bell.wait(KEEP_ALIVE_SECONDS):
                await response.write(b": keep-alive\n\n")

    def _is_behind(self) -> bool:
        hub = self._hub
        return self._cursor < hub.journal.cursor or (
            self._sends_all
            and (
                self._number < hub.journal.number
                or self._finished < hub.destinations.ledger.finished
            )
        )

    def _following(self, pace: StreamPace) -> bytes:
        """Return the next events, as many as fit into one turn."""
        turn = Turn()
        events = []
        for event in self._events(pace):
            events.append(event)
            if turn.is_over:
                break
        return b"".join(events)

    def _events(self, pace: StreamPace) -> Iterator[bytes]:
        """Yield what follows, at most a page of each kind; nothing for calls that do not match."""
        journal, source = self._hub.journal, self._source
        calls = journal.calls_after(self._cursor, limit=_AT_ONCE, source=source)
        gap = self._evictions.before(calls, cursor=self._cursor)
        if not calls:
            self._cursor = journal.cursor
        if gap is not None:
            yield self._event("gap", json_types.encode_printable(gap))
        for call in calls:
            self._cursor = call.cursor
            matches = self._matches(call) and (self._finds is None or self._finds(call))
            yield self._event("call", pace.encoded(call.cursor, call.view)) if matches else b""
        if len(calls) < _AT_ONCE:
            self._cursor = journal.cursor
        if not self._sends_all:
            return
        requests = journal.requests_after(self._number, limit=_AT_ONCE, source=source)
        for request in requests:
            self._number = request.number
            kept = journal.calls_of(request)
            view = partial(request_view, request, kept)
            # A request's calls only get fewer: their number says which are kept.
            yield self._event("request", pace.encoded((request.id, len(kept)), view))
        if len(requests) < _AT_ONCE:
            self._number = journal.number
        ledger = self._hub.destinations.ledger
        deliveries = ledger.finals(after=self._finished, limit=_AT_ONCE, source=source)
        for delivery in deliveries:
            self._finished = delivery.finished
            yield self._event("delivery", json_types.encode_printable(delivery.view()))
        if len(deliveries) < _AT_ONCE:
            self._finished = ledger.finished

    def _event(self, name: str, data: bytes) -> bytes:
        return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), self._id(), data)

    def _id(self) -> bytes:
        place = Place(self._cursor, self._number, self._hub.run, self._finished)
        return str(place).encode()
