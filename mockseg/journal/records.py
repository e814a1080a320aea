"""Numbered records, bounded: what the journal, the ledger and the vendors' logs are made of."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_Record = TypeVar("_Record")
_Group = TypeVar("_Group")

# The lists are compacted once they hold more removed records than this, and than kept ones.
_MOST_REMOVED = 4096


class NumberedRecords(Generic[_Record]):
    """Records in the order of their numbers; any can be removed, the oldest evicted.

    Attributes:
        evicted: number of records evicted since the last clear.
        evicted_number: of the latest of them, 0 if none was.
    """

    __slots__ = ("_count", "_first", "_numbers", "_records", "evicted", "evicted_number")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._numbers: list[int] = []
        # None where a record was removed. Before the first kept one are only such.
        self._records: list[_Record | None] = []
        self._first = self._count = self.evicted = self.evicted_number = 0

    def __len__(self) -> int:
        return self._count

    @property
    def oldest(self) -> _Record | None:
        return self._records[self._first] if self._count else None

    @property
    def newest_number(self) -> int:
        """Number of the newest record, 0 if there is none."""
        places = range(len(self._records) - 1, self._first - 1, -1)
        return next((self._numbers[at] for at in places if self._records[at] is not None), 0)

    def extend(self, numbers: Sequence[int], records: Sequence[_Record]) -> None:
        """Append records with higher numbers than all before."""
        self._numbers.extend(numbers)
        self._records.extend(records)
        self._count += len(records)

    def evict(self) -> _Record:
        """Remove the oldest record and count it as evicted."""
        oldest = self._records[self._first]
        assert oldest is not None  # noqa: S101  (the caller has looked)
        self.evicted += 1
        self.evicted_number = self._numbers[self._first]
        self._remove(self._first)
        return oldest

    def remove(self, number: int) -> None:
        place = bisect_left(self._numbers, number, self._first)
        if self._numbers[place : place + 1] == [number] and self._records[place] is not None:
            self._remove(place)

    def after(self, number: int) -> Iterator[_Record]:
        """Yield the records with higher numbers, oldest first."""
        start = bisect_right(self._numbers, number, self._first)
        places = range(start, len(self._records))
        return (each for at in places if (each := self._records[at]) is not None)

    def newest(self, limit: int) -> list[_Record]:
        """Return the newest records, newest first."""
        places = range(len(self._records) - 1, self._first - 1, -1)
        kept = (each for at in places if (each := self._records[at]) is not None)
        return list(islice(kept, limit))

    def get(self, number: int) -> _Record | None:
        place = bisect_left(self._numbers, number, self._first)
        found = self._numbers[place : place + 1] == [number]
        return self._records[place] if found else None

    def _remove(self, place: int) -> None:
        self._records[place] = None
        self._count -= 1
        while self._first < len(self._records) and self._records[self._first] is None:
            self._first += 1
        if len(self._records) - self._count > max(_MOST_REMOVED, self._count):
            kept = [at for at, each in enumerate(self._records) if each is not None]
            self._numbers = [self._numbers[at] for at in kept]
            self._records = [self._records[at] for at in kept]
            self._first = 0


def evict_largest(
    groups: Mapping[str, _Group],
    *,
    size: Callable[[_Group], int],
    evict: Callable[[_Group], object],
    excess: Callable[[], int],
    slack: int,
) -> None:
    """Evict from the largest group first, so that a noisy test never evicts its neighbour's.

    To find the largest costs a look at every group, so some are evicted ahead: at most one for
    each other group, because each costs time that a client waits for.

    Args:
        groups: by name.
        size: of a group; a group of size 0 has nothing to evict.
        evict: evicts one record of a group.
        excess: how much too much is kept; 0 or less is allowed.
        slack: how far below the bound eviction may go on.
    """
    if excess() <= 0:
        return
    sizes = [(-size(group), name) for name, group in groups.items()]
    heapq.heapify(sizes)
    ahead = len(sizes) - 1
    while (over := excess()) > 0 or (ahead > 0 and over > -slack):
        largest, name = sizes[0]
        if not largest:
            return
        ahead -= over <= 0
        evict(groups[name])
        heapq.heapreplace(sizes, (-size(groups[name]), name))
