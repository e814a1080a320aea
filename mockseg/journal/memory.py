"""The journal in memory: bounded by calls, by requests and by bytes.

Over a bound the oldest of the largest source are evicted, so that a noisy test never
evicts its neighbour's calls.
"""

from __future__ import annotations

import heapq
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from mockseg.domain.lost import NOTHING_LOST
from mockseg.journal.shelf import Shelf
from mockseg.journal.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockseg.domain.call import KeptCall
    from mockseg.domain.lost import Lost
    from mockseg.domain.request import KeptRequest


_Item = TypeVar("_Item")


class MemoryJournal:
    """Keeps requests and calls in this process; a :class:`mockseg.journal.journal.Journal`.

    Args:
        max_calls: maximum number of calls to keep.
        max_requests: maximum number of requests to keep, those without calls too.
        max_bytes: maximum number of bytes of bodies to keep.

    Attributes:
        evicted_ever: number of calls evicted since the server started.
        evicted_cursor: of the latest of them.
    """

    __slots__ = (
        "_bytes",
        "_call_sizes",
        "_calls",
        "_max_bytes",
        "_max_calls",
        "_max_requests",
        "_requests",
        "_shelves",
        "evicted_cursor",
        "evicted_ever",
    )

    def __init__(self, *, max_calls: int, max_requests: int, max_bytes: int) -> None:
        self._max_calls = max_calls
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._shelves: dict[str, Shelf] = {}
        self._call_sizes = Sizes()
        self._calls = 0
        self._requests = 0
        self._bytes = 0
        self.evicted_ever = 0
        self.evicted_cursor = 0

    def append(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        """Record a request with its calls; what is too much by now is evicted."""
        source = request.source
        shelf = self._shelves.get(source)
        if shelf is None:
            shelf = self._shelves[source] = Shelf()
        shelf.add(request, calls)
        self._requests += 1
        self._bytes += len(request.body)
        if calls:
            self._calls += len(calls)
            self._call_sizes.add(source, len(calls))
            while self._calls > self._max_calls:
                self._evict_calls(self._calls - self._max_calls)
        if self._requests > self._max_requests:
            self._evict_requests()
        if self._bytes > self._max_bytes:
            self._evict_bytes()

    def calls(self, *, after: int, limit: int, source: str | None = None) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        if source is not None:
            shelf = self._shelves.get(source)
            return [] if shelf is None else shelf.calls_after(after, limit)
        found = [shelf.calls_after(after, limit) for shelf in self._shelves.values()]
        return _merged((calls for calls in found if calls), limit, "cursor")

    def latest(self, limit: int, *, source: str | None = None) -> list[KeptCall]:
        """Return the newest calls, newest first."""
        if source is not None:
            shelf = self._shelves.get(source)
            return [] if shelf is None else shelf.latest(limit)
        every = (call for shelf in self._shelves.values() for call in shelf.latest(limit))
        return heapq.nlargest(limit, every, key=attrgetter("cursor"))

    def call(self, cursor: int) -> KeptCall | None:
        """Return the call at a cursor, None when it is not kept."""
        for shelf in self._shelves.values():
            for call in shelf.calls_after(cursor - 1, 1):
                if call.cursor == cursor:
                    return call
        return None

    def requests(self, *, after: int, limit: int, source: str | None = None) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        if source is not None:
            shelf = self._shelves.get(source)
            return [] if shelf is None else shelf.requests_after(after, limit)
        found = [shelf.requests_after(after, limit) for shelf in self._shelves.values()]
        return _merged((requests for requests in found if requests), limit, "number")

    def request(self, number: int) -> KeptRequest | None:
        """Return one request, None when it is not kept."""
        for shelf in self._shelves.values():
            for request in shelf.requests_after(number - 1, 1):
                if request.number == number:
                    return request
        return None

    def count(self, source: str | None = None) -> tuple[int, int]:
        """Return how many calls and how many requests are kept."""
        if source is None:
            return self._calls, self._requests
        shelf = self._shelves.get(source)
        return (0, 0) if shelf is None else (shelf.call_count, shelf.request_count)

    def lost(self, source: str | None = None) -> Lost:
        """Return what was evicted of a source since it was last cleared, or of all sources."""
        if source is None:
            shelves = self._shelves.values()
            return sum((shelf.lost for shelf in shelves if not shelf.complete), NOTHING_LOST)
        shelf = self._shelves.get(source)
        return NOTHING_LOST if shelf is None else shelf.lost

    def forget(self, source: str) -> Lost:
        """Evict all that a source has; return that, with what was evicted of it before."""
        shelf = self._shelves.get(source)
        if shelf is None:
            return NOTHING_LOST
        lost = shelf.lost + shelf.whole
        self._evicted(shelf.call_count, lost.cursor)
        self.clear(source)
        return lost

    def remove(self, call: KeptCall) -> None:
        """Forget one call that is kept; its request stays."""
        self._shelves[call.source].remove(call)
        self._changed(call.source, calls=-1, requests=0)

    def clear(self, source: str) -> int:
        """Clear a source's calls and requests; return how many calls those were."""
        shelf = self._shelves.pop(source, None)
        if shelf is None:
            return 0
        self._bytes -= shelf.size_bytes
        self._changed(source, calls=-shelf.call_count, requests=-shelf.request_count)
        return shelf.call_count

    def _evict_calls(self, most: int) -> None:
        """Evict the oldest calls of the largest source, as many as it is ahead."""
        source = self._call_sizes.largest()
        count = self._call_sizes.lead(most)
        shelf = self._shelves[source]
        before = shelf.size_bytes
        went = shelf.evict_calls(count)
        self._evicted(count, shelf.lost_cursor)
        self._bytes -= before - shelf.size_bytes
        self._changed(source, calls=-count, requests=-went)

    def _evict_request(self, source: str) -> None:
        shelf = self._shelves[source]
        before = shelf.size_bytes
        went = shelf.evict_request()
        self._evicted(went, shelf.lost_cursor)
        self._bytes -= before - shelf.size_bytes
        self._changed(source, calls=-went, requests=-1)

    def _evict_requests(self) -> None:
        shelves = self._shelves
        self._evict_largest(
            lambda name: shelves[name].request_count,
            lambda: self._requests > self._max_requests,
            lambda: self._requests > self._max_requests - self._max_requests // 100,
        )

    def _evict_bytes(self) -> None:
        shelves = self._shelves
        self._evict_largest(
            lambda name: shelves[name].size_bytes,
            lambda: self._bytes > self._max_bytes,
            lambda: self._bytes > self._max_bytes - self._max_bytes // 20,
        )

    def _evict_largest(
        self, size: Callable[[str], int], must: Callable[[], bool], may: Callable[[], bool]
    ) -> None:
        """Evict requests of the largest sources.

        To find them costs a look at every source, so it is done ahead: as many more are
        evicted as there are sources. No more than that, because each costs time that a
        client waits for.

        Args:
            size: of a source, by which they are compared.
            must: whether there is too much.
            may: whether more may go.
        """
        sizes = [(-size(name), name) for name in self._shelves]
        heapq.heapify(sizes)
        left = len(sizes)
        while must() or (left > 0 and may()):
            left -= not must()
            name = sizes[0][1]
            self._evict_request(name)
            heapq.heapreplace(sizes, (-size(name), name))

    def _evicted(self, calls: int, cursor: int) -> None:
        self.evicted_ever += calls
        self.evicted_cursor = max(self.evicted_cursor, cursor)

    def _changed(self, source: str, *, calls: int, requests: int) -> None:
        self._calls += calls
        self._requests += requests
        if calls:
            self._call_sizes.add(source, calls)


def _merged(parts: Iterable[list[_Item]], limit: int, key: str) -> list[_Item]:
    return list(islice(heapq.merge(*parts, key=attrgetter(key)), limit))
