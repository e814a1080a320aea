"""``GET /feed``: what a live page shows, in rows, at most four times a second.

A feed keeps no queue and never falls behind: what came faster than it is shown is counted as
skipped, and a page can load it. The first news is sent at once; what follows within a quarter of a
second is sent together. Feeds take turns with the streams (:class:`mockseg.web.stream.StreamPace`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.clock import SystemClock, Turn
from mockseg.domain.call import KeptCall
from mockseg.domain.delivery import DeliveryState
from mockseg.errors import OperationError
from mockseg.hub.call_rows import call_row, deliveries_of, read_fields
from mockseg.hub.hub import Hub
from mockseg.operations.base import Params, WriteKey
from mockseg.operations.rows import CallRow
from mockseg.version import version
from mockseg.web.control_answers import error_answer, security_headers
from mockseg.web.keys import HUB, OPEN_REQUESTS
from mockseg.web.parameters import check_content_type, read_query
from mockseg.web.places import Evictions, Gap, Place, place_of
from mockseg.web.stream import KEEP_ALIVE_SECONDS, STREAM_PACE, StreamPace

# Seconds between two messages; the first after a silence is sent at once.
INTERVAL_SECONDS: Final = 0.25
# Maximum number of rows of one message.
MAX_ROWS: Final = 500
MAX_FEEDS: Final = 64
_RETRY_MILLISECONDS = 1000
# How many calls are looked at between two looks at the clock.
_STEP = 64
_VERSION = version()


class FeedQuery(Params, frozen=True):
    """What to tell of.

    Attributes:
        q: a query, such as ``is:bad type:track``.
        source: a write key; all sources if omitted.
        after: the id of the last event that was seen, or a cursor; from now on if omitted. The
            header ``Last-Event-ID`` goes before it.
        fields: fields of the message whose values a row has, as for ``GET /calls/rows``.
        rows: whether calls are told of one by one; without them, only that something changed.
    """

    q: str | None = None
    source: WriteKey | None = None
    after: str | None = None
    fields: str = ""
    rows: bool = True


class FeedCounts(msgspec.Struct, frozen=True, rename="camel"):
    """Numbers of what is kept of the source, or of all.

    Attributes:
        total, good, accepted, dropped, blocked, rejected: calls.
        evicted: calls that are no longer kept.
        requests: kept requests.
        refused: requests that were answered 4xx or 5xx.
        sources: how many there are, in the whole server.
        destinations, faults: how many there are.
    """

    total: int
    good: int
    accepted: int
    dropped: int
    blocked: int
    rejected: int
    evicted: int
    requests: int
    refused: int
    sources: int
    destinations: int
    faults: int


class Hello(msgspec.Struct, frozen=True, rename="camel"):
    """The first event.

    Attributes:
        run: differs after each start of a server.
        version: of mockseg.
        cursor: of the last call recorded.
        counts: of what is kept.
    """

    run: int
    version: str
    cursor: int
    counts: FeedCounts


class Skipped(msgspec.Struct, frozen=True, rename="camel"):
    """Calls that match and came faster than they are shown.

    Attributes:
        count, bad: how many.
        after, before: the cursors between which they stand.
    """

    count: int
    bad: int
    after: int
    before: int


class Rows(msgspec.Struct, frozen=True, rename="camel"):
    """What came since the last message.

    Attributes:
        rows: the newest first, at most 500.
        skipped: older calls that are left out, or null.
        counts: of what is kept.
        deliveries: cursors of calls with their deliveries as they are now.
        changed: what else changed: faults, sources, destinations, clock, plans, cleared; without
            rows also requests.
        cleared_ms: when calls were cleared, milliseconds since 1970, where ``changed`` says so;
            else null.
    """

    rows: list[CallRow]
    skipped: Skipped | None
    counts: FeedCounts
    deliveries: list[tuple[int, list[tuple[str, DeliveryState]]]]
    changed: list[str]
    cleared_ms: int | None = None


class Feeds:
    """How many feeds are open."""

    def __init__(self) -> None:
        self.open = 0


FEEDS = web.AppKey("feeds", Feeds)


async def feed(request: web.Request) -> web.StreamResponse:
    """Answer with events until the client or the server goes away.

    Raises:
        OperationError: 422 a wrong parameter, 503 the server is stopping.
    """
    check_content_type(request)
    hub, feeds = request.app[HUB], request.app[FEEDS]
    asked = read_query(request, FeedQuery)
    if feeds.open >= MAX_FEEDS:
        return _too_many()
    reading = _Reading(hub, asked, request.headers.get("Last-Event-ID") or asked.after)
    headers = security_headers() | {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    feeds.open += 1
    try:
        with request.app[OPEN_REQUESTS].hold(request), hub.sources.watching(asked.source):
            await response.prepare(request)
            await reading.send(response, request.app[STREAM_PACE])
    except ConnectionError:
        # The page was closed: nothing reads an answer.
        return response
    except OperationError:
        if not response.prepared:
            raise
        transport = request.transport
        if transport is not None and transport.get_write_buffer_size() > 0:
            # The reader is behind; a polite end would wait for it.
            transport.abort()
    finally:
        feeds.open -= 1
    return response


def _too_many() -> web.Response:
    error = OperationError(
        f"{MAX_FEEDS} feeds are open, the maximum; close a page, or ask GET /calls/rows",
        status=503,
        code="too_many_feeds",
        details={"allowed": MAX_FEEDS},
    )
    return error_answer(error, headers={"Retry-After": "5"})


class _Reading:
    """One feed: how far it has read, and what it has found since its last message."""

    def __init__(self, hub: Hub, asked: FeedQuery, after: str | None) -> None:
        self._hub = hub
        self._source, self._wants_rows = asked.source, asked.rows
        self._fields = read_fields(asked.fields)
        query = hub.queries.compile(asked.q or "")
        self._matches = query.matches if query.terms else None
        place = place_of(hub, after)
        self._gap = Gap(place.cursor, None, "restarted") if place.is_elsewhere(hub) else None
        self._cursor = 0 if self._gap else place.cursor
        self._finished = 0 if self._gap else place.finished
        now = hub.sources.history.clears
        self._clears = now if self._gap or place.clears is None else place.clears
        self._evictions = Evictions(hub, asked.source)
        # Those that the next message tells of.
        self._gaps: list[Gap] = []
        # The newest that match, and those that no longer fit.
        self._found: deque[KeptCall] = deque(maxlen=MAX_ROWS)
        # Those that were made of them, the newest first.
        self._rows: list[CallRow] = []
        self._sent = self._cursor
        self._skipped = self._skipped_bad = 0
        self._state = self._changing()

    async def send(self, response: web.StreamResponse, pace: StreamPace) -> None:
        """Send messages until the request is ended."""
        hub, loop, clock = self._hub, asyncio.get_running_loop(), SystemClock()
        hello = Hello(hub.run, _VERSION, hub.journal.cursor, self._counts())
        await response.write(
            b"retry: %d\n\n%b" % (_RETRY_MILLISECONDS, self._event("hello", hello))
        )
        if self._gap is not None:
            await response.write(self._event("gap", self._gap))
        next_at = loop.time()
        while True:
            # What came meanwhile is told together.
            await clock.sleep(next_at - loop.time())
            while await pace.turn(self._collect):
                pass
            while await pace.turn(self._make_rows):
                pass
            text = await pace.turn(self._message)
            if text:
                await response.write(text)
                next_at = loop.time() + INTERVAL_SECONDS
            # No await lies between looking and listening: nothing falls in between.
            if not self._has_news() and not await hub.bell.wait(KEEP_ALIVE_SECONDS):
                # An event, because scripts do not see comments: silence means a dead connection.
                await response.write(b"event: alive\ndata: {}\n\n")

    def _has_news(self) -> bool:
        hub = self._hub
        return (
            self._cursor < hub.journal.cursor
            or self._finished < hub.destinations.ledger.finished
            or self._clears != hub.sources.history.clears
            or self._state != self._changing()
        )

    def _collect(self, _pace: StreamPace) -> bytes:
        """Look at calls for one turn; return something if more are left."""
        turn, journal = Turn(), self._hub.journal
        if not self._wants_rows:
            self._cursor = journal.cursor
            return b""
        while not turn.is_over:
            calls = journal.calls_after(self._cursor, limit=_STEP, source=self._source)
            gap = self._evictions.before(calls, cursor=self._cursor)
            if gap is not None:
                self._gaps.append(gap)
            for call in calls:
                if self._matches is None or self._matches(call):
                    self._add(call)
            if len(calls) < _STEP:
                self._cursor = journal.cursor
                return b""
            self._cursor = calls[-1].cursor
        return b"more"

    def _add(self, call: KeptCall) -> None:
        if len(self._found) == MAX_ROWS:
            self._skipped += 1
            self._skipped_bad += not self._found[0].good
        self._found.append(call)

    def _make_rows(self, _pace: StreamPace) -> bytes:
        """Make rows for one turn; return something if more are left."""
        turn, ledger = Turn(), self._hub.destinations.ledger
        while self._found:
            self._rows.append(call_row(self._found.pop(), ledger, self._fields))
            if turn.is_over:
                break
        return b"more" if self._found else b""

    def _message(self, _pace: StreamPace) -> bytes:
        rows = self._rows
        deliveries = self._delivered()
        state = self._changing()
        changed = [name for name, value in state.items() if self._state[name] != value]
        history, clears = self._hub.sources.history, self._clears
        self._clears = history.clears
        cleared_ms = None
        if history.cleared_after(clears, self._source):
            changed.append("cleared")
            last = history.last_clear(self._source)
            cleared_ms = None if last is None else last.at_ms
        gaps, self._gaps = self._gaps, []
        missed = b"".join(self._event("gap", gap) for gap in gaps)
        if not rows and not deliveries and not changed:
            return missed
        skipped = None
        if self._skipped:
            skipped = Skipped(self._skipped, self._skipped_bad, self._sent, rows[-1].cursor)
        self._rows = []
        message = Rows(
            rows=rows,
            skipped=skipped,
            counts=self._counts(),
            deliveries=deliveries,
            changed=changed,
            cleared_ms=cleared_ms,
        )
        self._sent, self._state = self._cursor, state
        self._skipped = self._skipped_bad = 0
        return missed + self._event("rows", message)

    def _delivered(self) -> list[tuple[int, list[tuple[str, DeliveryState]]]]:
        """Return the calls of which a delivery became final, the latest of many."""
        ledger = self._hub.destinations.ledger
        after = max(self._finished, ledger.finished - MAX_ROWS)
        finals = ledger.finals(after=after, limit=MAX_ROWS, source=self._source)
        self._finished = ledger.finished
        cursors = dict.fromkeys(kept.call for kept in finals if kept.call)
        return [(cursor, deliveries_of(cursor, ledger)) for cursor in cursors]

    def _changing(self) -> dict[str, object]:
        """Return values of which each stays the same until something of its name changes."""
        hub = self._hub
        settings = hub.sources.history.settings
        return {
            # With rows calls tell it.
            "requests": 0 if self._wants_rows else hub.journal.last_request(self._source),
            "faults": (hub.faults.changes, hub.faults.delays.count(self._source)),
            "sources": (len(hub.sources), hub.sources.forgotten, settings["sources"]),
            "destinations": self._destinations(),
            "clock": settings["clock"],
            "plans": settings["plans"],
        }

    def _destinations(self) -> int:
        destinations = self._hub.destinations
        return len(destinations if self._source is None else destinations.of(self._source))

    def _counts(self) -> FeedCounts:
        hub, source = self._hub, self._source
        counts = hub.journal.counts(source)
        verdicts, good = counts.by_verdict()
        return FeedCounts(
            total=sum(verdicts.values()),
            good=good,
            accepted=verdicts["accepted"],
            dropped=verdicts["dropped"],
            blocked=verdicts["blocked"],
            rejected=verdicts["rejected"],
            evicted=hub.sources.lost(source).calls,
            requests=hub.journal.count(source)[1],
            refused=sum(counts.refusals.values()),
            sources=len(hub.sources),
            destinations=self._destinations(),
            faults=hub.faults.count(source),
        )

    def _event(self, name: str, data: object) -> bytes:
        hub = self._hub
        place = Place(self._cursor, hub.journal.number, hub.run, self._finished, self._clears)
        encoded = json_types.encode_printable(data)
        return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), str(place).encode(), encoded)
