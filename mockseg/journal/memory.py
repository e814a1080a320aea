"""The journal: requests and calls, in memory, bounded by calls, by requests and by bytes.

Over a bound the oldest of the largest source are evicted, so that a noisy test never
evicts its neighbour's calls. A cursor names a place in the one order in which the server
recorded calls. Reading "after" one never skips and never repeats a call, whatever arrives
meanwhile.
"""

from __future__ import annotations

import heapq
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from mockseg.clock import breathe
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.journal.records import NumberedRecords, evict_largest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest


_Item = TypeVar("_Item")

# How many calls or requests a long scan looks at before it lets the loop do its other work.
_SCAN_STEP = 2000


class _Source:
    """Calls and requests of one source."""

    __slots__ = ("calls", "requests", "size_bytes")

    def __init__(self) -> None:
        self.calls: NumberedRecords[KeptCall] = NumberedRecords()
        self.requests: NumberedRecords[KeptRequest] = NumberedRecords()
        # Of the bodies of its requests.
        self.size_bytes = 0

    @property
    def lost(self) -> Lost:
        calls, requests = self.calls, self.requests
        return Lost(calls.evicted, calls.evicted_number, requests.evicted, requests.evicted_number)

    @property
    def kept(self) -> Lost:
        """What is lost if the whole source is evicted now."""
        calls, requests = self.calls, self.requests
        return Lost(len(calls), calls.newest_number, len(requests), requests.newest_number)


class MemoryJournal:
    """Requests and calls, in this process.

    Args:
        max_calls: maximum number of calls to keep.
        max_requests: maximum number of requests to keep, those without calls too.
        max_bytes: maximum number of bytes of bodies to keep.

    Attributes:
        cursor: of the last call that was recorded.
        number: of the last request that was recorded.
        evicted_ever: number of calls evicted since the server started.
        evicted_cursor: of the latest of them.
    """

    __slots__ = (
        "_bytes",
        "_calls",
        "_max_bytes",
        "_max_calls",
        "_max_requests",
        "_requests",
        "_sources",
        "cursor",
        "evicted_cursor",
        "evicted_ever",
        "number",
    )

    def __init__(self, *, max_calls: int, max_requests: int, max_bytes: int) -> None:
        self._max_calls = max_calls
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._sources: dict[str, _Source] = {}
        self._calls = self._requests = self._bytes = 0
        self.cursor = self.number = self.evicted_ever = self.evicted_cursor = 0

    # --- writing

    def append(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        """Record a request with its calls; evict what is over a bound then."""
        source = self._sources.get(request.source)
        if source is None:
            source = self._sources[request.source] = _Source()
        self.number = request.number
        source.requests.extend((request.number,), (request,))
        size_bytes = len(request.body)
        source.size_bytes += size_bytes
        self._bytes += size_bytes
        self._requests += 1
        if calls:
            source.calls.extend([call.cursor for call in calls], calls)
            self.cursor = calls[-1].cursor
            self._calls += len(calls)
        if (
            self._calls > self._max_calls
            or self._requests > self._max_requests
            or self._bytes > self._max_bytes
        ):
            self._evict()

    def forget(self, source: str) -> Lost:
        """Evict all that a source has; return that, with what was evicted of it before."""
        found = self._sources.get(source)
        if found is None:
            return NOTHING_LOST
        lost = found.lost + found.kept
        self._count_evicted(len(found.calls), lost.cursor)
        self.clear(source)
        return lost

    def remove(self, call: KeptCall) -> None:
        """Forget one call that is kept; its request stays."""
        self._sources[call.source].calls.remove(call.cursor)
        self._calls -= 1

    def clear(self, source: str) -> int:
        """Clear a source's calls and requests; return how many calls those were."""
        found = self._sources.pop(source, None)
        if found is None:
            return 0
        self._calls -= len(found.calls)
        self._requests -= len(found.requests)
        self._bytes -= found.size_bytes
        return len(found.calls)

    # --- reading

    def calls_after(self, cursor: int, *, limit: int, source: str | None = None) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        parts = (each.calls.after(cursor) for each in self._of(source))
        return _merged(parts, limit, "cursor")

    def latest(self, limit: int, *, source: str | None = None) -> list[KeptCall]:
        """Return the newest calls, newest first."""
        every = (call for each in self._of(source) for call in each.calls.newest(limit))
        return heapq.nlargest(limit, every, key=attrgetter("cursor"))

    def call(self, cursor: int) -> KeptCall | None:
        """Return the call at a cursor, None when it is not kept."""
        found = (each.calls.get(cursor) for each in self._sources.values())
        return next(filter(None, found), None)

    def calls_of(self, request: KeptRequest) -> list[KeptCall]:
        """Return the calls of a request that are still kept, oldest first."""
        first, end = request.first_cursor, request.first_cursor + request.calls
        calls = self.calls_after(first - 1, limit=request.calls, source=request.source)
        return [call for call in calls if call.cursor < end]

    def requests_after(
        self, number: int, *, limit: int, source: str | None = None
    ) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        parts = (each.requests.after(number) for each in self._of(source))
        return _merged(parts, limit, "number")

    def request(self, number: int) -> KeptRequest | None:
        """Return one request, None when it is not kept."""
        found = (each.requests.get(number) for each in self._sources.values())
        return next(filter(None, found), None)

    def count(self, source: str | None = None) -> tuple[int, int]:
        """Return how many calls and how many requests are kept."""
        if source is None:
            return self._calls, self._requests
        found = self._sources.get(source)
        return (0, 0) if found is None else (len(found.calls), len(found.requests))

    def lost(self, source: str | None = None) -> Lost:
        """Return what was evicted of a source since it was last cleared, or of all sources."""
        some = (each for each in self._of(source) if each.calls.evicted or each.requests.evicted)
        return sum((each.lost for each in some), NOTHING_LOST)

    async def scan(
        self, *, after: int = 0, source: str | None = None
    ) -> AsyncIterator[list[KeptCall]]:
        """Yield all calls after a cursor in portions; the loop goes on in between."""
        while portion := self.calls_after(after, limit=_SCAN_STEP, source=source):
            yield portion
            after = portion[-1].cursor
            if len(portion) < _SCAN_STEP:
                return
            await breathe()

    async def scan_requests(
        self, *, after: int = 0, source: str | None = None, step: int = _SCAN_STEP
    ) -> AsyncIterator[list[KeptRequest]]:
        """Yield all requests after a number in portions; the loop goes on in between."""
        while portion := self.requests_after(after, limit=step, source=source):
            yield portion
            after = portion[-1].number
            if len(portion) < step:
                return
            await breathe()

    def _of(self, source: str | None) -> Iterable[_Source]:
        if source is None:
            return self._sources.values()
        found = self._sources.get(source)
        return () if found is None else (found,)

    # --- evicting

    def _evict(self) -> None:
        evict_largest(
            self._sources,
            size=lambda source: len(source.calls),
            evict=self._evict_call,
            excess=lambda: self._calls - self._max_calls,
            slack=self._max_calls // 100,
        )
        evict_largest(
            self._sources,
            size=lambda source: len(source.requests),
            evict=self._evict_request,
            excess=lambda: self._requests - self._max_requests,
            slack=self._max_requests // 100,
        )
        evict_largest(
            self._sources,
            size=lambda source: source.size_bytes,
            evict=self._evict_request,
            excess=lambda: self._bytes - self._max_bytes,
            slack=self._max_bytes // 20,
        )

    def _evict_call(self, source: _Source) -> None:
        """Evict the oldest call, and the requests that no kept call needs any more."""
        call = source.calls.evict()
        self._calls -= 1
        self._count_evicted(1, call.cursor)
        following = source.calls.oldest
        needed = call.request.number + 1 if following is None else following.request.number
        while (oldest := source.requests.oldest) is not None and oldest.number < needed:
            self._drop_request(source)

    def _evict_request(self, source: _Source) -> None:
        """Evict the oldest request with its calls."""
        number = self._drop_request(source)
        while (call := source.calls.oldest) is not None and call.request.number <= number:
            source.calls.evict()
            self._calls -= 1
            self._count_evicted(1, call.cursor)

    def _drop_request(self, source: _Source) -> int:
        request = source.requests.evict()
        self._requests -= 1
        source.size_bytes -= len(request.body)
        self._bytes -= len(request.body)
        return request.number

    def _count_evicted(self, calls: int, cursor: int) -> None:
        self.evicted_ever += calls
        self.evicted_cursor = max(self.evicted_cursor, cursor)


def _merged(parts: Iterable[Iterator[_Item]], limit: int, key: str) -> list[_Item]:
    return list(islice(heapq.merge(*parts, key=attrgetter(key)), limit))
