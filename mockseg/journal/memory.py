"""The journal: requests and calls, in memory, bounded by calls and requests, metered in bytes.

Over a bound the oldest of the largest source are evicted, so that a noisy test never
evicts its neighbour's calls. A cursor names a place in the one order in which the server
recorded calls. Reading "after" one never skips and never repeats a call, whatever arrives
meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from itertools import islice, takewhile

from mockseg.clock import Turn
from mockseg.domain.call import CALL_BYTES, KeptCall, extra_bytes
from mockseg.domain.lost import NOTHING_LOST, Lost, with_bounds
from mockseg.domain.request import KeptRequest
from mockseg.journal.age import AgeLimit
from mockseg.journal.background import FREED_AT_ONCE, BackgroundWork
from mockseg.journal.counts import MINUTE_BYTES, Counts, count_arrival, count_departure
from mockseg.journal.key_index import KeyIndexes, kind_of
from mockseg.journal.meter import Meter
from mockseg.journal.narrowed import Finder, Narrowed
from mockseg.journal.records import evict_largest
from mockseg.journal.segments import Keys
from mockseg.journal.source_records import SourceRecords

# How many calls or requests a long scan looks at before it looks at the clock.
_SCAN_STEP = 32
# How many are looked at where only their keys are.
_LATER_STEP = 1024
# To look at so few calls is as good as an index.
_FEW_CALLS = 2048
# How many requests that are too old are evicted at once; each may have 2,500 calls.
_EXPIRED_AT_ONCE = 64


# What a source has that has nothing; only to read.
_NOTHING = SourceRecords(0)


class MemoryJournal:
    """Requests and calls, in this process.

    Args:
        max_calls: maximum number of calls to keep.
        max_requests: maximum number of requests to keep, those without calls too.
        meter: bounds the bytes of memory that calls and requests take, with those of others.
        background: frees what was cleared.
        age: how old a request may become; None for no limit.

    Attributes:
        cursor: of the last call that was recorded.
        number: of the last request that was recorded.
        evicted_ever: number of calls evicted since the server started.
        evicted_cursor: of the latest of them.
        saving: ends when what was recorded so far is on disk; None when nothing is to be waited
            for, as always here.
    """

    __slots__ = (
        "_account",
        "_age",
        "_all",
        "_all_lost",
        "_background",
        "_clearing",
        "_indexes",
        "_kept_calls",
        "_kept_requests",
        "_max_calls",
        "_max_requests",
        "_meter",
        "_sources",
        "cursor",
        "evicted_cursor",
        "evicted_ever",
        "number",
        "saving",
    )

    def __init__(
        self,
        *,
        max_calls: int,
        max_requests: int,
        meter: Meter,
        background: BackgroundWork,
        age: AgeLimit | None = None,
    ) -> None:
        self._max_calls = max_calls
        self._max_requests = max_requests
        self._meter = meter
        self._account = meter.accounts["journal"]
        self._account.evict = self._evict_bytes
        self._background = background
        self._age = age
        self._sources: dict[str, SourceRecords] = {}
        # Also what was cleared and is not let go of yet.
        self._all = SourceRecords(0)
        self._indexes = KeyIndexes(self._account)
        # What all sources lost; None when it is to be summed up.
        self._all_lost: Lost | None = NOTHING_LOST
        # How many sources were cleared and are not let go of yet.
        self._clearing = 0
        self._kept_calls = self._kept_requests = 0
        self.cursor = self.number = self.evicted_ever = self.evicted_cursor = 0
        self.saving: asyncio.Future[None] | None = None

    # --- writing

    def append(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        """Record a request with its calls; evict what is over a bound then."""
        source = self._sources.get(request.source)
        if source is None:
            source = self._sources[request.source] = SourceRecords(self.number)
        self.number = request.number
        source.requests.append(request.number, request)
        self._all.requests.append(request.number, request)
        minutes = count_arrival(request, calls, source.counts, self._all.counts)
        size_bytes = request.size_bytes + len(calls) * CALL_BYTES + extra_bytes(calls)
        size_bytes += minutes * MINUTE_BYTES
        source.size_bytes += size_bytes
        self._account.add(size_bytes)
        self._kept_requests += 1
        if len(calls) == 1:
            # The most frequent request has a short way.
            self.cursor = calls[0].cursor
            source.calls.append(self.cursor, calls[0])
            self._all.calls.append(self.cursor, calls[0])
        elif calls:
            cursors = [call.cursor for call in calls]
            source.calls.extend(cursors, calls)
            self._all.calls.extend(cursors, calls)
            self.cursor = cursors[-1]
        self._kept_calls += len(calls)
        if self._kept_calls > self._max_calls or self._kept_requests > self._max_requests:
            self._evict()
        meter = self._meter
        if meter.size_bytes > meter.max_bytes:
            meter.keep_bound()
        if self._age is not None:
            self._age.recorded(request.number)
            self.evict_expired()
        if self._clearing:
            self._background.run()

    def evict_expired(self) -> bool:
        """Evict some of the requests that are too old; return whether there may be more.

        A request evicts more than one, so that none is left over for long; what is asked of the
        journal evicts the rest first.
        """
        if self._age is None:
            return False
        number = self._age.expired(self.number)
        if not number:
            return False
        some = islice(self._all.requests.after(0), _EXPIRED_AT_ONCE)
        old = [*takewhile(lambda request: request.number <= number, some)]
        expired = Counter(request.source for request in old if self._is_kept(request))
        for source, requests in expired.items():
            self._evict_requests(self._sources[source], requests, bound="max_age")
        if len(old) < _EXPIRED_AT_ONCE:
            self._age.evicted(number)
        if not expired:
            # All that were looked at were cleared, and are freed now.
            self._background.run()
        return True

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
        source = self._sources[call.source]
        source.calls.remove(call.cursor)
        self._drop(source, [], [call])

    def clear(self, source: str) -> int:
        """Clear a source's calls and requests; return how many calls those were.

        They are no longer found. They are freed in the background.
        """
        found = self._sources.pop(source, None)
        if found is None:
            return 0
        self._kept_calls -= len(found.calls)
        self._kept_requests -= len(found.requests)
        self._account.add(-found.size_bytes)
        for whose in (source,) if self._sources else (source, None):
            self._indexes.clear(whose)
        self._all.counts.subtract(found.counts)
        calls = len(found.calls)
        if found.has_evicted:
            self._all_lost = None
        self._clearing += 1
        self._background.add(self._free(found))
        return calls

    def _free(self, source: SourceRecords) -> Iterator[None]:
        while source.calls or source.requests:
            for cursor in source.calls.take_newest(FREED_AT_ONCE)[0]:
                self._all.calls.remove(cursor)
            numbers = source.requests.take_newest(FREED_AT_ONCE)[0]
            for number in numbers:
                self._all.requests.remove(number)
            self._freed(numbers)
            yield
        self._clearing -= 1

    def _freed(self, numbers: list[int]) -> None:
        """Requests of a cleared source are gone for good."""

    def close(self) -> None:
        """Let go of what it is kept in."""

    # --- reading

    def calls_after(self, cursor: int, *, limit: int, source: str | None = None) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        return list(islice(self._alive_calls(self._of(source).calls.after(cursor)), limit))

    def calls_before(
        self, cursor: int | None, *, limit: int, source: str | None = None
    ) -> list[KeptCall]:
        """Return at most `limit` calls before a cursor, or the newest, newest first."""
        return list(islice(self._alive_calls(self._of(source).calls.before(cursor)), limit))

    def call(self, cursor: int) -> KeptCall | None:
        """Return the call at a cursor, None when it is not kept."""
        found = self._all.calls.get(cursor)
        return found if found is not None and self._is_kept(found.request) else None

    def calls_of(self, request: KeptRequest) -> list[KeptCall]:
        """Return the calls of a request that are still kept, oldest first."""
        first, end = request.first_cursor, request.first_cursor + request.calls
        calls = self.calls_after(first - 1, limit=request.calls, source=request.source)
        return [call for call in calls if call.cursor < end]

    def requests_after(
        self, number: int, *, limit: int, source: str | None = None
    ) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        return list(islice(self._alive_requests(self._of(source).requests.after(number)), limit))

    def requests_before(
        self, number: int | None, *, limit: int, source: str | None = None
    ) -> list[KeptRequest]:
        """Return at most `limit` requests before a number, or the newest, newest first."""
        return list(islice(self._alive_requests(self._of(source).requests.before(number)), limit))

    def request(self, number: int) -> KeptRequest | None:
        """Return one request, None when it is not kept."""
        found = self._all.requests.get(number)
        return found if found is not None and self._is_kept(found) else None

    def last_request(self, source: str | None = None) -> int:
        """Return the number of the last request of a source, or of all, 0 when it has none."""
        requests = self._of(source).requests
        return max(requests.newest_number, requests.evicted_number)

    def count(self, source: str | None = None) -> tuple[int, int]:
        """Return how many calls and how many requests are kept."""
        if source is None:
            return self._kept_calls, self._kept_requests
        found = self._of(source)
        return len(found.calls), len(found.requests)

    def counts(self, source: str | None = None) -> Counts:
        """Return what is kept in numbers, by name, verdict and refusal; only to read."""
        return self._of(source).counts

    def lost(self, source: str | None = None) -> Lost:
        """Return what was evicted of a source since it was last cleared, or of all sources."""
        if source is not None:
            return self._of(source).lost
        if self._all_lost is None:
            evicted = (each.lost for each in self._sources.values() if each.has_evicted)
            self._all_lost = sum(evicted, NOTHING_LOST)
        return self._all_lost

    def bounds(self, source: str | None = None) -> tuple[str, ...]:
        """Return the settings over which a source was evicted, or any."""
        return self._of(source).bounds

    async def narrow(self, keys: Keys, *, source: str | None) -> Narrowed | None:
        """Return a search by some keys, None where to look at all calls is as good.

        Args:
            keys: what calls are looked for by.
            source: a write key, None for all.
        """
        found, kind = self._of(source), kind_of(keys)
        if kind is None or not found.calls or len(found.calls) < _FEW_CALLS:
            return None
        index, turn = self._indexes.of(source, kind), Turn()
        for _ in index.grow(found.calls):
            await turn.over()
        self._meter.keep_bound()
        return self._narrowed(keys, index.finders(keys), index.last, source)

    async def scan_without_calls(
        self, *, source: str | None = None
    ) -> AsyncIterator[list[KeptRequest]]:
        """Yield all requests that brought no call, oldest first, in portions."""
        found, turn = self._of(source), Turn()
        index = self._indexes.of(source, "no_calls") if found.requests else None
        for _ in index.grow(found.requests) if index is not None else ():
            await turn.over()
        last, numbers = (index.last, index.numbers()) if index is not None else (0, iter(()))
        async for portion in self._requests_at(numbers):
            yield portion
        async for portion in self.scan_requests(after=last, source=source):
            yield [request for request in portion if not request.calls]

    async def _requests_at(self, numbers: Iterator[int]) -> AsyncIterator[list[KeptRequest]]:
        turn = Turn()
        while some := [*islice(numbers, _SCAN_STEP)]:
            yield [each for each in map(self.request, some) if each is not None]
            await turn.over()

    def _narrowed(
        self, keys: Keys, finders: Sequence[Finder], last: int, source: str | None
    ) -> Narrowed:
        """Return a search with the indexes of what was recorded up to a cursor."""

        def read(first: int, last: int) -> list[KeptCall]:
            calls = self._alive_calls(self._of(source).calls.after(first - 1))
            return [*takewhile(lambda call: call.cursor <= last, calls)]

        return Narrowed(
            keys,
            finders,
            call=self.call,
            read=read,
            later=lambda: self.scan(after=last, source=source, step=_LATER_STEP),
        )

    async def scan(
        self, *, after: int = 0, source: str | None = None, step: int = _SCAN_STEP
    ) -> AsyncIterator[list[KeptCall]]:
        """Yield all calls after a cursor in portions; others have their turn every 2 ms."""
        turn = Turn()
        while portion := self.calls_after(after, limit=step, source=source):
            yield portion
            after = portion[-1].cursor
            if len(portion) < step:
                return
            await turn.over()

    async def scan_back(
        self, *, before: int | None = None, source: str | None = None
    ) -> AsyncIterator[list[KeptCall]]:
        """Yield all calls before a cursor, newest first; otherwise as `scan`."""
        turn = Turn()
        while portion := self.calls_before(before, limit=_SCAN_STEP, source=source):
            yield portion
            before = portion[-1].cursor
            await turn.over()

    async def scan_requests(
        self, *, after: int = 0, source: str | None = None
    ) -> AsyncIterator[list[KeptRequest]]:
        """Yield all requests after a number in portions; others have their turn every 2 ms."""
        turn = Turn()
        while portion := self.requests_after(after, limit=_SCAN_STEP, source=source):
            yield portion
            after = portion[-1].number
            if len(portion) < _SCAN_STEP:
                return
            await turn.over()

    async def scan_requests_back(
        self, *, before: int | None = None, source: str | None = None
    ) -> AsyncIterator[list[KeptRequest]]:
        """Yield all requests before a number, newest first; otherwise as `scan_requests`."""
        turn = Turn()
        while portion := self.requests_before(before, limit=_SCAN_STEP, source=source):
            yield portion
            before = portion[-1].number
            await turn.over()

    def _of(self, source: str | None) -> SourceRecords:
        return self._all if source is None else self._sources.get(source, _NOTHING)

    def _alive_calls(self, calls: Iterator[KeptCall]) -> Iterator[KeptCall]:
        if not self._clearing:
            return calls
        return (call for call in calls if self._is_kept(call.request))

    def _alive_requests(self, requests: Iterator[KeptRequest]) -> Iterator[KeptRequest]:
        if not self._clearing:
            return requests
        return filter(self._is_kept, requests)

    def _is_kept(self, request: KeptRequest) -> bool:
        source = self._sources.get(request.source)
        return source is not None and request.number > source.after

    # --- evicting

    def _evict(self) -> None:
        evict_largest(
            self._sources,
            size=lambda source: len(source.calls),
            evict=partial(self._evict_calls, bound="max_calls"),
            excess=lambda: self._kept_calls - self._max_calls,
            slack=self._max_calls // 100,
        )
        evict_largest(
            self._sources,
            size=lambda source: len(source.requests),
            evict=partial(self._evict_requests, bound="max_requests"),
            excess=lambda: self._kept_requests - self._max_requests,
            slack=self._max_requests // 100,
        )

    def _evict_bytes(self, excess: Callable[[], int]) -> None:
        evict_largest(
            self._sources,
            size=lambda source: source.size_bytes,
            evict=lambda source, _: self._evict_requests(source, 1, bound="max_bytes"),
            excess=excess,
            slack=self._meter.max_bytes // 20,
        )

    def _evict_calls(self, source: SourceRecords, most: int, *, bound: str) -> None:
        """Evict the oldest calls, and the requests that no kept call needs any more."""
        calls = source.calls.evict(most)
        following = source.calls.oldest
        needed = calls[-1].request.number + 1 if following is None else following.request.number
        requests = source.requests.evict_before(needed)
        self._drop(source, requests, calls)
        if bound not in source.bounds:
            self._note_bound(source, calls[-1].source, bound)
        self._count_lost(calls, requests)

    def _evict_requests(self, source: SourceRecords, most: int, *, bound: str) -> None:
        """Evict the oldest requests with their calls."""
        requests = source.requests.evict(most)
        number = requests[-1].number
        theirs = takewhile(lambda call: call.request.number <= number, source.calls.after(0))
        calls = source.calls.evict(sum(1 for _ in theirs))
        self._drop(source, requests, calls)
        if bound not in source.bounds:
            self._note_bound(source, requests[-1].source, bound)
        self._count_lost(calls, requests)

    def _note_bound(
        self,
        source: SourceRecords,
        key: str,  # noqa: ARG002  (a file)
        bound: str,
    ) -> None:
        """Note over which setting a source was evicted for the first time."""
        for each in (source, self._all):
            each.bounds = with_bounds(each.bounds, (bound,))
        self._all_lost = None

    def _drop(
        self, source: SourceRecords, requests: list[KeptRequest], calls: list[KeptCall]
    ) -> None:
        """Take what a source no longer has out of everything that counts it."""
        self._all.calls.remove_all([call.cursor for call in calls])
        self._all.requests.remove_all([request.number for request in requests])
        self._kept_calls -= len(calls)
        self._kept_requests -= len(requests)
        minutes = count_departure(requests, calls, source.counts, self._all.counts)
        size_bytes = minutes * MINUTE_BYTES
        size_bytes += len(calls) * CALL_BYTES + extra_bytes(calls)
        size_bytes += sum([request.size_bytes for request in requests])
        source.size_bytes -= size_bytes
        self._account.add(-size_bytes)

    def _count_lost(self, calls: list[KeptCall], requests: list[KeptRequest]) -> None:
        cursor, number = calls[-1].cursor if calls else 0, requests[-1].number if requests else 0
        self._count_evicted(len(calls), cursor)
        if self._all_lost is not None:
            self._all_lost += Lost(len(calls), cursor, len(requests), number)

    def _count_evicted(self, calls: int, cursor: int) -> None:
        self.evicted_ever += calls
        self.evicted_cursor = max(self.evicted_cursor, cursor)
