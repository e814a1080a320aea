"""The ledger: what became of each call at each destination, bounded, read through a cursor."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import islice, takewhile

import msgspec

from mockseg.delivery.records import KeptAttempt, KeptDelivery
from mockseg.domain.delivery import DeliveryState
from mockseg.journal.records import NumberedRecords, evict_largest

# How many retries that are over may wait among the others to be swept out.
_SWEPT_AT_ONCE = 64


class _Source:
    __slots__ = ("entries", "evicted", "evicted_call", "finals", "open", "retries")

    def __init__(self) -> None:
        self.entries: NumberedRecords[KeptDelivery] = NumberedRecords()
        # By their place among those that became final.
        self.finals: NumberedRecords[KeptDelivery] = NumberedRecords()
        self.open = 0
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
        max_bytes: maximum number of bytes of bodies and answers to keep.
        on_change: called with each delivery that was opened or changed.

    Attributes:
        cursor: of the latest delivery.
        finished: number of deliveries that became final since the start.
    """

    def __init__(
        self,
        *,
        max_deliveries: int = 100_000,
        max_bytes: int = 256 * 1024 * 1024,
        on_change: Callable[[KeptDelivery], object] = lambda _: None,
    ) -> None:
        self._max_deliveries = max_deliveries
        self._max_bytes = max_bytes
        self.on_change = on_change
        self._sources: dict[str, _Source] = {}
        self._by_call: dict[int, KeptDelivery | list[KeptDelivery]] = {}
        # The same of all sources.
        self._all = _Source()
        self._kept = self._bytes = 0
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
    ) -> KeptDelivery:
        """Begin a delivery, queued; the arguments are as in :class:`KeptDelivery`."""
        self.cursor += 1
        kept = KeptDelivery(
            self.cursor, call, message_id, type, event, user_id, source, destination
        )
        of_source = self._sources.get(source)
        if of_source is None:
            of_source = self._sources[source] = _Source()
        of_source.entries.append(kept.cursor, kept)
        self._all.entries.append(kept.cursor, kept)
        of_source.open += 1
        self._all.open += 1
        self._kept += 1
        if call:
            self._index(call, kept)
        if self._kept > self._max_deliveries:
            self._evict()
        self.on_change(kept)
        return kept

    def attempted(self, kept: KeptDelivery, attempt: KeptAttempt) -> None:
        """Add an attempt; `retrying` or `finish` follows and reports both."""
        if kept.gone:
            return
        if not kept.attempts:
            kept.attempts = (attempt,)
            self._bytes += kept.size_bytes
            return
        before = kept.attempts[-1].answer
        if before == attempt.answer:
            # Most failures answer the same each time: one object for all.
            attempt = msgspec.structs.replace(attempt, answer=before)
        else:
            self._bytes += len(attempt.answer)
        kept.attempts = (*kept.attempts, attempt)

    def retrying(self, kept: KeptDelivery, next_ns: int) -> None:
        kept.state = "retrying"
        kept.next_ns = next_ns
        if not kept.gone:
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
        if kept.gone or kept.final:
            return
        kept.state, kept.reason, kept.description, kept.next_ns = state, reason, description, 0
        source = self._sources[kept.source]
        source.open -= 1
        self._all.open -= 1
        self.finished += 1
        kept.finished = self.finished
        source.finals.append(kept.finished, kept)
        self._all.finals.append(kept.finished, kept)
        self.on_change(kept)
        if self._bytes > self._max_bytes or self._kept > self._max_deliveries:
            self._evict()

    def drop_source(self, source: str) -> int:
        """Forget a source's deliveries, whatever their state; return how many those were."""
        found = self._sources.pop(source, None)
        if found is None:
            return 0
        self._all.open -= found.open
        for kept in found.entries.after(0):
            self._forget(kept)
        return len(found.entries)

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
            self._forget(kept)

    # --- reading

    def pending(self, source: str | None = None) -> int:
        found = self._of(source)
        return 0 if found is None else found.open

    def next_retries(self, source: str | None = None) -> Iterator[tuple[str, int]]:
        """Yield each source, or this one, that has retries to make, and the moment of the first.

        A retry that is under way counts until what became of it is known.
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
        destination: str | None = None,
        state: DeliveryState | None = None,
        after: int = 0,
        before: int | None = None,
        newest: bool = False,
        limit: int = 100,
    ) -> list[KeptDelivery]:
        """Return at most `limit` deliveries between two cursors, the oldest or newest first."""
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
        wanted = (
            kept
            for kept in found
            if (destination is None or kept.destination == destination)
            and (state is None or kept.state == state)
        )
        return list(islice(wanted, limit))

    def finals(self, *, after: int, limit: int, source: str | None = None) -> list[KeptDelivery]:
        """Return at most `limit` deliveries that became final after this many others."""
        of_source = self._of(source)
        return [] if of_source is None else list(islice(of_source.finals.after(after), limit))

    def of_call(self, call: int) -> list[KeptDelivery]:
        """Return the deliveries of a call, by the call's cursor, oldest first."""
        found = self._by_call.get(call, [])
        return list(found) if isinstance(found, list) else [found]

    # --- inside

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

    def _evict(self) -> None:
        """Evict final deliveries until the bounds hold, or only open ones are kept."""
        for excess, most in (
            (lambda: self._kept - self._max_deliveries, self._max_deliveries),
            (lambda: self._bytes - self._max_bytes, self._max_bytes),
        ):
            evict_largest(
                self._sources,
                size=lambda source: len(source.finals),
                evict=self._evict_final,
                excess=excess,
                slack=most // 100,
            )

    def _evict_final(self, source: _Source, _: int) -> None:
        (oldest,) = source.finals.evict(1)
        source.entries.remove(oldest.cursor)
        self._forget(oldest)
        source.count_evicted(oldest.call)
        self._all.count_evicted(oldest.call)

    def _forget(self, kept: KeptDelivery) -> None:
        self._kept -= 1
        self._bytes -= kept.size_bytes
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
