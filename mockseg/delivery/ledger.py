"""The ledger: the fate of each call at each destination, bounded, read through a cursor."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile

import msgspec

from mockseg.delivery.records import KeptAttempt, KeptDelivery
from mockseg.domain.delivery import DeliveryState
from mockseg.journal.background import FREED_AT_ONCE, BackgroundWork
from mockseg.journal.meter import Meter
from mockseg.journal.records import NumberedRecords, evict_largest

# How many retries that are over may wait among the others to be swept out.
_SWEPT_AT_ONCE = 64
# Maximum number of deliveries to keep.
MAX_DELIVERIES = 100_000


class _Source:
    """Deliveries of one source, or of all.

    Attributes:
        after: cursor of the last delivery before its first one.
        open_bytes, final_bytes: what those take that are not final, and those that are.
        refused: number of deliveries that a full queue refused.
    """

    __slots__ = (
        "after",
        "entries",
        "evicted",
        "evicted_call",
        "final_bytes",
        "finals",
        "open",
        "open_bytes",
        "refused",
        "retries",
    )

    def __init__(self, after: int) -> None:
        self.after = after
        self.open_bytes = self.final_bytes = 0
        self.entries: NumberedRecords[KeptDelivery] = NumberedRecords()
        # By their place among those that became final.
        self.finals: NumberedRecords[KeptDelivery] = NumberedRecords()
        self.open = self.refused = 0
        # How many were evicted, and the cursor of the latest call that they were of.
        self.evicted = self.evicted_call = 0
        # A heap: when deliveries are tried again, and their cursors; also what is over by now.
        self.retries: list[tuple[int, int]] = []

    def retry(self, kept: KeptDelivery) -> None:
        heapq.heappush(self.retries, (kept.next_ns, kept.cursor))
        if len(self.retries) > 2 * self.open + _SWEPT_AT_ONCE:
            # What is sorted is a heap.
            self.retries = sorted({each for each in self.retries if self._holds(*each)})

    def next_retry_ns(self) -> int | None:
        while self.retries and not self._holds(*self.retries[0]):
            heapq.heappop(self.retries)
        return self.retries[0][0] if self.retries else None

    def _holds(self, next_ns: int, cursor: int) -> bool:
        kept = self.entries.get(cursor)
        return kept is not None and kept.state == "retrying" and kept.next_ns == next_ns

    def count_evicted(self, call: int) -> None:
        self.evicted += 1
        self.evicted_call = max(self.evicted_call, call)


class Ledger:
    """Deliveries; over a bound final ones are evicted, of the source that has most of them.

    Deliveries that are not final are never evicted: the queues bound them.

    Args:
        max_deliveries: maximum number of deliveries to keep.
        meter: bounds the bytes that they take, with those of others; None for no bound.
        background: frees what was dropped; None for one of its own.
        on_change: called with each delivery that was opened or changed.

    Attributes:
        cursor: of the latest delivery.
        finished: number of deliveries that became final, ever.
        on_gone: called with each delivery that was evicted, or dropped with its call.
        on_dropped: called with a source whose deliveries were dropped.
    """

    def __init__(
        self,
        *,
        max_deliveries: int = MAX_DELIVERIES,
        meter: Meter | None = None,
        background: BackgroundWork | None = None,
        on_change: Callable[[KeptDelivery], object] = lambda _: None,
    ) -> None:
        self._max_deliveries = max_deliveries
        self._meter = Meter(sys.maxsize) if meter is None else meter
        self._queued = self._meter.accounts["queues"]
        self._finished = self._meter.accounts["deliveries"]
        self._finished.evict = self._evict_bytes
        self._background = BackgroundWork() if background is None else background
        self.on_change = on_change
        self.on_gone: Callable[[KeptDelivery], object] = lambda _: None
        self.on_dropped: Callable[[str], object] = lambda _: None
        self._sources: dict[str, _Source] = {}
        self._by_call: dict[int, KeptDelivery | list[KeptDelivery]] = {}
        # The same of all sources.
        self._all = _Source(0)
        # How many sources were dropped and are not let go of yet.
        self._dropping = 0
        self._kept = 0
        self.cursor = self.finished = 0

    def __len__(self) -> int:
        return self._kept

    # --- writing

    def open(
        self,
        *,
        call: int,
        message_id: str,
        type: str,  # noqa: A002  (the word that messages have for it)
        event: str | None,
        user_id: str | None,
        source: str,
        destination: str,
        again: bool = False,
    ) -> KeptDelivery:
        """Begin a delivery, queued; the arguments are as in :class:`KeptDelivery`."""
        self.cursor += 1
        kept = KeptDelivery(
            self.cursor, call, message_id, type, event, user_id, source, destination, again=again
        )
        self._add(kept)
        if self._kept > self._max_deliveries:
            self._evict()
        self.on_change(kept)
        return kept

    def restore(self, deliveries: Iterable[KeptDelivery], *, cursor: int, finished: int) -> None:
        """Have deliveries of an earlier run again; nothing is reported, and there are none yet.

        Args:
            deliveries: in any order; none has a higher cursor or place than these.
            cursor: of the latest delivery that there ever was.
            finished: likewise, how many became final.
        """
        for kept in sorted(deliveries, key=lambda kept: kept.cursor):
            self._add(kept)
            if kept.state == "retrying":
                self._sources[kept.source].retry(kept)
        for kept in sorted(self._all.entries.after(0), key=lambda kept: kept.finished):
            if kept.finished:
                source = self._sources[kept.source]
                self._count_open(source, -kept.size_bytes)
                self._count_final(source, kept.size_bytes)
                self._add_final(kept)
        self.cursor, self.finished = cursor, finished
        self._evict()
        self._meter.keep_bound()

    def restore_evicted(self, source: str, *, evicted: int, call: int) -> None:
        """Have it known again that deliveries of a source were evicted; see `evicted_of`."""
        for each in (self._sources.setdefault(source, _Source(0)), self._all):
            each.evicted += evicted
            each.evicted_call = max(each.evicted_call, call)

    def attempted(self, kept: KeptDelivery, attempt: KeptAttempt) -> None:
        """Add an attempt; `retrying` or `finish` follows and reports both."""
        if not self._holds(kept):
            return
        size_bytes = kept.size_bytes
        if kept.attempts and (before := kept.attempts[-1].answer) == attempt.answer:
            # Most failures answer the same each time: one object for all.
            attempt = msgspec.structs.replace(attempt, answer=before)
        kept.attempts = (*kept.attempts, attempt)
        self._count_open(self._sources[kept.source], kept.size_bytes - size_bytes)

    def retrying(self, kept: KeptDelivery, next_ns: int) -> None:
        kept.state = "retrying"
        kept.next_ns = next_ns
        if self._holds(kept):
            self._sources[kept.source].retry(kept)
            self.on_change(kept)

    def finish(
        self,
        kept: KeptDelivery,
        state: DeliveryState,
        reason: str | None = None,
        description: str | None = None,
    ) -> None:
        """End a delivery: delivered, filtered or failed. What is final stays as it is."""
        if kept.final or not self._holds(kept):
            return
        source = self._sources[kept.source]
        self._count_open(source, -kept.size_bytes)
        kept.state, kept.reason, kept.description, kept.next_ns = state, reason, description, 0
        self._count_final(source, kept.size_bytes)
        self.finished += 1
        kept.finished = self.finished
        self._add_final(kept)
        self.on_change(kept)
        if self._kept > self._max_deliveries:
            self._evict()
        self._meter.keep_bound()

    def refuse(self, kept: KeptDelivery, description: str) -> None:
        """End a delivery that a full queue refused: it failed as ``queue_full``."""
        self._sources[kept.source].refused += 1
        self._all.refused += 1
        self.finish(kept, "failed", "queue_full", description)

    def drop_source(self, source: str) -> int:
        """Forget a source's deliveries, whatever their state; return how many those were.

        They are no longer found. They are freed in the background.
        """
        found = self._sources.pop(source, None)
        if found is None:
            return 0
        dropped = len(found.entries)
        self._all.open -= found.open
        self._all.refused -= found.refused
        self._kept -= dropped
        self._queued.add(-found.open_bytes)
        self._finished.add(-found.final_bytes)
        self._dropping += 1
        self._background.add(self._free(found))
        self.on_dropped(source)
        return dropped

    def drop_call(self, call: int) -> None:
        """Forget the deliveries of a call, by its cursor, whatever their state."""
        for kept in self.of_call(call):
            source = self._sources[kept.source]
            if kept.final:
                source.finals.remove(kept.finished)
            else:
                source.open -= 1
                self._all.open -= 1
            source.entries.remove(kept.cursor)
            self._forget(kept, source)
            self.on_gone(kept)

    # --- reading

    def pending(self, source: str | None = None) -> int:
        found = self._of(source)
        return 0 if found is None else found.open

    def refused(self, source: str | None = None) -> int:
        """Return how many deliveries a full queue refused since the source was last cleared."""
        found = self._of(source)
        return 0 if found is None else found.refused

    def next_retries(self, source: str | None = None) -> Iterator[tuple[str, int]]:
        """Yield each source, or this one, that has retries to make, and the moment of the first.

        A retry that is under way counts until its fate is known.
        """
        for key in self._sources if source is None else (source,):
            found = self._sources.get(key)
            moment = None if found is None else found.next_retry_ns()
            if moment is not None:
                yield key, moment

    def evicted_of(self, source: str | None) -> tuple[int, int]:
        """Return how many deliveries of a source were evicted, and of which calls.

        Since it was last cleared; of all sources, since the server started. The second is the
        cursor of the latest call that one of them was of: later calls have all of theirs.
        """
        found = self._of(source)
        return (0, 0) if found is None else (found.evicted, found.evicted_call)

    def page(
        self,
        *,
        source: str | None = None,
        wanted: Callable[[KeptDelivery], bool] = lambda _kept: True,
        after: int = 0,
        before: int | None = None,
        newest: bool = False,
        limit: int = 100,
    ) -> list[KeptDelivery]:
        """Return deliveries between two cursors, the oldest or newest first.

        Args:
            source: a write key; all if omitted.
            wanted: which deliveries.
            after: a cursor.
            before: another one; without a bound if omitted.
            newest: whether the newest come first.
            limit: maximum number of deliveries.
        """
        of_source = self._of(source)
        if of_source is None:
            return []
        entries = of_source.entries
        found = (
            takewhile(lambda kept: kept.cursor > after, entries.before(before))
            if newest
            else takewhile(
                lambda kept: before is None or kept.cursor < before, entries.after(after)
            )
        )
        return list(islice(filter(wanted, self._alive(found)), limit))

    def finals(self, *, after: int, limit: int, source: str | None = None) -> list[KeptDelivery]:
        """Return at most `limit` deliveries that became final after this many others."""
        of_source = self._of(source)
        if of_source is None:
            return []
        return list(islice(self._alive(of_source.finals.after(after)), limit))

    def of_call(self, call: int) -> list[KeptDelivery]:
        """Return the deliveries of a call, by the call's cursor, oldest first."""
        found = self._by_call.get(call, [])
        return list(self._alive(found if isinstance(found, list) else [found]))

    # --- inside

    def _add(self, kept: KeptDelivery) -> None:
        source = self._sources.get(kept.source)
        if source is None:
            source = self._sources[kept.source] = _Source(kept.cursor - 1)
        source.entries.append(kept.cursor, kept)
        self._all.entries.append(kept.cursor, kept)
        source.open += 1
        self._all.open += 1
        self._kept += 1
        if kept.call:
            self._index(kept.call, kept)
        self._count_open(source, kept.size_bytes)

    def _add_final(self, kept: KeptDelivery) -> None:
        source = self._sources[kept.source]
        source.open -= 1
        self._all.open -= 1
        source.finals.append(kept.finished, kept)
        self._all.finals.append(kept.finished, kept)

    def _of(self, source: str | None) -> _Source | None:
        return self._all if source is None else self._sources.get(source)

    def _index(self, call: int, kept: KeptDelivery) -> None:
        others = self._by_call.get(call)
        if others is None:
            self._by_call[call] = kept
        elif isinstance(others, list):
            others.append(kept)
        else:
            self._by_call[call] = [others, kept]

    def _alive(self, deliveries: Iterable[KeptDelivery]) -> Iterable[KeptDelivery]:
        return filter(self._holds, deliveries) if self._dropping else deliveries

    def _holds(self, kept: KeptDelivery) -> bool:
        """Return whether a delivery is still in the ledger."""
        source = self._sources.get(kept.source)
        return source is not None and not kept.gone and kept.cursor > source.after

    def _count_open(self, source: _Source, size_bytes: int) -> None:
        source.open_bytes += size_bytes
        self._queued.add(size_bytes)

    def _count_final(self, source: _Source, size_bytes: int) -> None:
        source.final_bytes += size_bytes
        self._finished.add(size_bytes)

    def _evict(self) -> None:
        """Evict final deliveries until the bound holds, or only open ones are kept."""
        evict_largest(
            self._sources,
            size=lambda source: len(source.finals),
            evict=self._evict_final,
            excess=lambda: self._kept - self._max_deliveries,
            slack=self._max_deliveries // 100,
        )

    def _evict_bytes(self, excess: Callable[[], int]) -> None:
        evict_largest(
            self._sources,
            size=lambda source: source.final_bytes,
            evict=self._evict_final,
            excess=excess,
            slack=self._meter.max_bytes // 100,
        )

    def _evict_final(self, source: _Source, _: int) -> None:
        (oldest,) = source.finals.evict(1)
        source.entries.remove(oldest.cursor)
        self._forget(oldest, source)
        source.count_evicted(oldest.call)
        self._all.count_evicted(oldest.call)
        self.on_gone(oldest)

    def _forget(self, kept: KeptDelivery, source: _Source) -> None:
        self._kept -= 1
        (self._count_final if kept.final else self._count_open)(source, -kept.size_bytes)
        self._unlink(kept)

    def _free(self, source: _Source) -> Iterator[None]:
        while source.entries or source.finals:
            for kept in source.entries.take_newest(FREED_AT_ONCE)[1]:
                self._unlink(kept)
            source.finals.take_newest(FREED_AT_ONCE)
            yield
        self._dropping -= 1

    def _unlink(self, kept: KeptDelivery) -> None:
        """Take a delivery out of what is kept of all sources."""
        kept.gone = True
        kept.attempts = ()
        self._all.entries.remove(kept.cursor)
        self._all.finals.remove(kept.finished)
        others = self._by_call.get(kept.call)
        if isinstance(others, list):
            others.remove(kept)
            if others:
                return
        self._by_call.pop(kept.call, None)
