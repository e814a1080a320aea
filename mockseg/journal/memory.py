"""The journal in memory: bounded by calls, by requests and by bytes.

Over a bound the oldest of the largest source are evicted, so that a noisy test never
evicts its neighbour's calls.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from mockseg.domain.lost import NOTHING_LOST, Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest


class Sizes:
    """Sizes by name, and the name of a largest one.

    Names of equal size stand together; so the largest is found without looking at all.
    """

    __slots__ = ("_alike", "_largest", "_sizes")

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._alike: dict[int, dict[str, None]] = {}
        self._largest = 0

    def add(self, name: str, change: int) -> None:
        """Let a size grow, or shrink when change is negative; at 0 the name is gone."""
        sizes, alike = self._sizes, self._alike
        old = sizes.get(name, 0)
        new = old + change
        if old:
            names = alike[old]
            del names[name]
            if not names:
                del alike[old]
        if new > 0:
            sizes[name] = new
            if new in alike:
                alike[new][name] = None
            else:
                alike[new] = {name: None}
        else:
            sizes.pop(name, None)
        if new > self._largest:
            self._largest = new
        elif self._largest not in alike:
            # An eviction leaves the name where it is or near it; only a clear needs a search.
            near = range(self._largest - 1, new - 1, -1) if new and -change < len(alike) else ()
            self._largest = next((size for size in near if size in alike), 0) or max(
                alike, default=0
            )

    def of(self, name: str) -> int:
        """Return the size of a name, 0 for an unknown one."""
        return self._sizes.get(name, 0)

    def largest(self) -> str:
        """Name a largest one; of equal ones the one that reached the size first."""
        return next(iter(self._alike[self._largest]))

    def lead(self, most: int) -> int:
        """Return by how much, up to `most`, the largest one can shrink and still be named first.

        That is until its size is another's; the last step may make them equal.
        """
        if len(self._sizes) == 1:
            return most
        if len(self._alike[self._largest]) > 1:
            return 1
        below = (self._largest - step for step in range(1, most))
        return next((self._largest - size for size in below if size in self._alike), most)


# A list gives up its front in one move once so much of it is spent.
_SPENT = 4096


class Shelf:
    """Calls and requests of one source, oldest first, evicted from the front.

    Attributes:
        lost_cursor: of the latest call that was evicted, 0 when none was.
        size_bytes: of the bodies of its requests.
    """

    __slots__ = (
        "_calls",
        "_first_call",
        "_first_request",
        "_lost_calls",
        "_lost_number",
        "_lost_requests",
        "_requests",
        "lost_cursor",
        "size_bytes",
    )

    def __init__(self) -> None:
        self._calls: list[KeptCall | None] = []
        self._first_call = 0
        self._requests: list[KeptRequest | None] = []
        self._first_request = 0
        self.size_bytes = 0
        self._lost_calls = self.lost_cursor = 0
        self._lost_requests = self._lost_number = 0

    @property
    def call_count(self) -> int:
        """Return how many calls are kept here."""
        return len(self._calls) - self._first_call

    @property
    def request_count(self) -> int:
        """Return how many requests are kept here."""
        return len(self._requests) - self._first_request

    @property
    def complete(self) -> bool:
        """Return whether nothing was evicted here."""
        return not self.lost_cursor and not self._lost_number

    @property
    def lost(self) -> Lost:
        """Return what was evicted here."""
        return Lost(self._lost_calls, self.lost_cursor, self._lost_requests, self._lost_number)

    @property
    def whole(self) -> Lost:
        """Return what is lost when all that is kept here goes."""
        last_call = self._calls[-1] if self.call_count else None
        last_request = self._requests[-1] if self.request_count else None
        return Lost(self.call_count, _cursor(last_call), self.request_count, _number(last_request))

    def add(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        """Put a request and its calls at the end."""
        self._requests.append(request)
        self._calls.extend(calls)
        self.size_bytes += len(request.body)

    def evict_calls(self, count: int) -> int:
        """Evict the oldest calls, and the requests that no kept call needs any more.

        Returns:
            How many requests went with them.
        """
        first, calls = self._first_call + count, self._calls
        spent = calls[first - 1]
        assert spent is not None  # noqa: S101  (what lies after the first is never spent)
        calls[self._first_call : first] = [None] * count
        self._first_call = first
        self._lost_calls += count
        self.lost_cursor = spent.cursor
        following = calls[first] if first < len(calls) else None
        needed = spent.request.number + 1 if following is None else following.request.number
        went = 0
        while self.request_count and self._oldest().number < needed:
            self._drop_request()
            went += 1
        self._trim()
        return went

    def evict_request(self) -> int:
        """Evict the oldest request with its calls.

        Returns:
            How many calls went with it.
        """
        number = self._oldest().number
        went = 0
        while self.call_count:
            call = self._calls[self._first_call]
            if call is None or call.request.number > number:
                break
            self._calls[self._first_call] = None
            self._first_call += 1
            self.lost_cursor = call.cursor
            went += 1
        self._lost_calls += went
        self._drop_request()
        self._trim()
        return went

    def remove(self, call: KeptCall) -> None:
        """Take one call out."""
        del self._calls[bisect_right(self._calls, call.cursor - 1, self._first_call, key=_cursor)]

    def calls_after(self, cursor: int, limit: int) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        start = bisect_right(self._calls, cursor, lo=self._first_call, key=_cursor)
        return [call for call in self._calls[start : start + limit] if call is not None]

    def latest(self, limit: int) -> list[KeptCall]:
        """Return the newest calls, newest first."""
        start = max(self._first_call, len(self._calls) - limit)
        return [call for call in reversed(self._calls[start:]) if call is not None]

    def requests_after(self, number: int, limit: int) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        start = bisect_right(self._requests, number, lo=self._first_request, key=_number)
        return [item for item in self._requests[start : start + limit] if item is not None]

    def _oldest(self) -> KeptRequest:
        oldest = self._requests[self._first_request]
        assert oldest is not None  # noqa: S101  (what lies after the first is never spent)
        return oldest

    def _drop_request(self) -> None:
        oldest = self._oldest()
        self.size_bytes -= len(oldest.body)
        self._lost_requests += 1
        self._lost_number = oldest.number
        self._requests[self._first_request] = None
        self._first_request += 1

    def _trim(self) -> None:
        if self._first_call > _SPENT and self._first_call * 2 > len(self._calls):
            del self._calls[: self._first_call]
            self._first_call = 0
        if self._first_request > _SPENT and self._first_request * 2 > len(self._requests):
            del self._requests[: self._first_request]
            self._first_request = 0


def _cursor(call: KeptCall | None) -> int:
    return 0 if call is None else call.cursor


def _number(request: KeptRequest | None) -> int:
    return 0 if request is None else request.number


_Item = TypeVar("_Item")


class MemoryJournal:
    """Requests and calls, in this process.

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

    def calls_after(self, cursor: int, *, limit: int, source: str | None = None) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        if source is not None:
            shelf = self._shelves.get(source)
            return [] if shelf is None else shelf.calls_after(cursor, limit)
        found = [shelf.calls_after(cursor, limit) for shelf in self._shelves.values()]
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

    def requests_after(
        self, number: int, *, limit: int, source: str | None = None
    ) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        if source is not None:
            shelf = self._shelves.get(source)
            return [] if shelf is None else shelf.requests_after(number, limit)
        found = [shelf.requests_after(number, limit) for shelf in self._shelves.values()]
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
