"""The ledger: what became of each call at each destination, bounded, read through a cursor."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import deque
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from mockseg.delivery.records import KeptDelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.delivery.records import KeptAttempt
    from mockseg.domain.delivery import DeliveryState


# A shelf gives up what is gone in one move once it is so much.
_SPENT = 1024


class _Shelf:
    """One source's deliveries, oldest first; what is gone stands among them for a while."""

    __slots__ = ("entries", "evicted", "evicted_call", "finals", "gone", "open")

    def __init__(self) -> None:
        self.entries: list[KeptDelivery] = []
        # In the order in which they became final.
        self.finals: deque[KeptDelivery] = deque()
        self.open = 0
        self.gone = 0
        # How many were evicted, and the cursor of the latest call that they were of.
        self.evicted = self.evicted_call = 0


class Ledger:
    """Keeps deliveries; over a bound final ones make room, of the source that has most of them.

    Deliveries that are not final are never evicted: the queues bound them.

    Args:
        max_deliveries: how many are kept.
        max_bytes: how many bytes of bodies and answers are kept.
        on_change: told of each delivery that was opened or changed.
    """

    def __init__(
        self,
        *,
        max_deliveries: int = 100_000,
        max_bytes: int = 256 * 1024 * 1024,
        on_change: Callable[[KeptDelivery], object] | None = None,
    ) -> None:
        self._max_deliveries = max_deliveries
        self._max_bytes = max_bytes
        self.on_change = on_change
        self._shelves: dict[str, _Shelf] = {}
        self._by_call: dict[int, KeptDelivery | list[KeptDelivery]] = {}
        self._kept = 0
        self._bytes = 0
        self._open = 0
        # In the order in which they became final; what is gone leaves at the old end.
        self._ended: deque[KeptDelivery] = deque()
        self.cursor = 0
        self.finished = 0
        self.evicted = 0

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
        shelf = self._shelves.get(source)
        if shelf is None:
            shelf = self._shelves[source] = _Shelf()
        shelf.entries.append(kept)
        shelf.open += 1
        self._open += 1
        self._kept += 1
        if call:
            self._index(call, kept)
        if self._kept > self._max_deliveries:
            self._make_room()
        self._tell(kept)
        return kept

    def attempted(self, kept: KeptDelivery, attempt: KeptAttempt) -> None:
        """Add an attempt; `retrying` or `finish` follows, which tells of both."""
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
        """Say that a delivery is tried again then."""
        kept.state = "retrying"
        kept.next_ns = next_ns
        self._tell(kept)

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
        kept.state = state
        kept.reason = reason
        kept.description = description
        kept.next_ns = 0
        shelf = self._shelves[kept.source]
        shelf.open -= 1
        self._open -= 1
        shelf.finals.append(kept)
        self.finished += 1
        kept.finished = self.finished
        self._ended.append(kept)
        self._tell(kept)
        if self._bytes > self._max_bytes or self._kept > self._max_deliveries:
            self._make_room()

    def drop_source(self, source: str) -> int:
        """Forget a source's deliveries, whatever their state; give how many those were."""
        shelf = self._shelves.pop(source, None)
        if shelf is None:
            return 0
        self._open -= shelf.open
        dropped = 0
        for kept in shelf.entries:
            if not kept.gone:
                self._forget(kept)
                dropped += 1
        return dropped

    def drop_call(self, call: int) -> None:
        """Forget the deliveries of a call, by its cursor, whatever their state."""
        for kept in self.of_call(call):
            shelf = self._shelves[kept.source]
            if kept.final:
                shelf.finals.remove(kept)
            else:
                shelf.open -= 1
                self._open -= 1
            self._forget(kept)
            shelf.gone += 1

    # --- reading

    def pending(self, source: str | None = None) -> int:
        """Count the deliveries that are not final, of a source or of all."""
        if source is None:
            return self._open
        shelf = self._shelves.get(source)
        return 0 if shelf is None else shelf.open

    def evicted_of(self, source: str | None) -> tuple[int, int]:
        """Return how many deliveries of a source were evicted, and of which calls.

        Since it was last cleared; of all sources, since the server started. The second is the
        cursor of the latest call that one of them was of: later calls have all of theirs.
        """
        if source is None:
            latest = max((shelf.evicted_call for shelf in self._shelves.values()), default=0)
            return self.evicted, latest
        shelf = self._shelves.get(source)
        return (0, 0) if shelf is None else (shelf.evicted, shelf.evicted_call)

    def page(
        self,
        *,
        source: str | None = None,
        destination: str | None = None,
        state: DeliveryState | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[KeptDelivery]:
        """Give at most `limit` deliveries after a cursor, oldest first."""
        if source is None:
            parts = [_after(shelf, after) for shelf in self._shelves.values()]
            found: Iterator[KeptDelivery] = heapq.merge(*parts, key=attrgetter("cursor"))
        else:
            shelf = self._shelves.get(source)
            found = iter(()) if shelf is None else _after(shelf, after)
        wanted = (
            kept
            for kept in found
            if (destination is None or kept.destination == destination)
            and (state is None or kept.state == state)
        )
        return list(islice(wanted, limit))

    def finals(self, *, after: int, limit: int, source: str | None = None) -> list[KeptDelivery]:
        """Give at most `limit` that became final after so many, in the order in which they did."""
        if not self._ended:
            return []
        # They are numbered without holes.
        start = max(0, after + 1 - self._ended[0].finished)
        wanted = (
            kept
            for kept in islice(self._ended, start, None)
            if not kept.gone and source in {None, kept.source}
        )
        return list(islice(wanted, limit))

    def of_call(self, call: int) -> list[KeptDelivery]:
        """Give the deliveries of a call, by the call's cursor, oldest first."""
        found = self._by_call.get(call, [])
        return list(found) if isinstance(found, list) else [found]

    # --- inside

    def _tell(self, kept: KeptDelivery) -> None:
        if self.on_change is not None and not kept.gone:
            self.on_change(kept)

    def _index(self, call: int, kept: KeptDelivery) -> None:
        others = self._by_call.get(call)
        if others is None:
            self._by_call[call] = kept
        elif isinstance(others, list):
            others.append(kept)
        else:
            self._by_call[call] = [others, kept]

    def _make_room(self) -> None:
        """Let final ones go until a little less than the bounds is kept, or only open ones."""
        most, most_bytes = self._max_deliveries, self._max_bytes
        if self._kept > most:
            most -= most // 100
        if self._bytes > most_bytes:
            most_bytes -= most_bytes // 20
        # Room is made for a while, so that the search for the largest source is rare.
        sizes = [(-len(shelf.finals), name) for name, shelf in self._shelves.items()]
        heapq.heapify(sizes)
        while (self._kept > most or self._bytes > most_bytes) and self._kept > self._open:
            name = sizes[0][1]
            shelf = self._shelves[name]
            oldest = shelf.finals.popleft()
            self._forget(oldest)
            heapq.heapreplace(sizes, (-len(shelf.finals), name))
            self.evicted += 1
            shelf.evicted += 1
            shelf.evicted_call = max(shelf.evicted_call, oldest.call)
            shelf.gone += 1
            if shelf.gone > _SPENT and shelf.gone * 2 > len(shelf.entries):
                shelf.entries = [kept for kept in shelf.entries if not kept.gone]
                shelf.gone = 0

    def _forget(self, kept: KeptDelivery) -> None:
        self._kept -= 1
        self._bytes -= kept.size_bytes
        kept.gone = True
        kept.attempts = ()
        while self._ended and self._ended[0].gone:
            self._ended.popleft()
        others = self._by_call.get(kept.call)
        if isinstance(others, list):
            others.remove(kept)
            if others:
                return
        self._by_call.pop(kept.call, None)


def _after(shelf: _Shelf, cursor: int) -> Iterator[KeptDelivery]:
    entries = shelf.entries
    start = bisect_right(entries, cursor, key=attrgetter("cursor"))
    return (entries[place] for place in range(start, len(entries)) if not entries[place].gone)
