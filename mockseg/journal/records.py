"""Numbered records, bounded: what the journal, the ledger and the vendors' logs are made of."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Generic, Protocol, TypeVar

_Record = TypeVar("_Record")
_Group = TypeVar("_Group")

# Records in one block: to look for a block, and to move what follows a removed record, costs about
# the same then.
_BLOCK = 512


class UnreadBlock(Protocol[_Record]):
    """Records that stand in a file and are read when they are asked for.

    Attributes:
        first, last: numbers of the first and the last one.
    """

    first: int
    last: int

    def __len__(self) -> int:
        """Return how many they are, one at least."""

    @property
    def is_mixed(self) -> bool:
        """Return whether some of them were read, with others, so that it must be split."""

    def parts(self) -> Sequence[UnreadBlock[_Record]]:
        """Return blocks that may be read, in order: each takes a few milliseconds."""

    def read(self) -> tuple[list[int], list[_Record]]:
        """Return the numbers and the records of a part, once."""

    def get(self, number: int) -> _Record | None:
        """Return one record, None without one of this number."""

    def drop(self) -> bool:
        """Let go of them and return true, unless they, or others with them, were read."""


class NumberedRecords(Generic[_Record]):
    """Records in the order of their numbers; any can be removed, the oldest evicted.

    They stand in blocks, so that nothing but a look into one block depends on how many there are.
    A block may be one that is read when it is asked for.

    Attributes:
        evicted: number of records evicted since the last clear.
        evicted_number: of the latest of them, 0 if none was.
    """

    __slots__ = (
        "_blocks",
        "_count",
        "_firsts",
        "_new",
        "_new_numbers",
        "_numbers",
        "evicted",
        "evicted_number",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        # Of each block a number that is at most its first one and above all before.
        self._firsts: list[int] = []
        self._numbers: list[list[int]] = []
        self._blocks: list[list[_Record] | UnreadBlock[_Record]] = []
        # What was appended since the last look: to append costs every call, to look does not.
        self._new_numbers: list[int] = []
        self._new: list[_Record] = []
        # How many records stand in blocks.
        self._count = self.evicted = self.evicted_number = 0

    def __len__(self) -> int:
        return self._count + len(self._new)

    @property
    def oldest(self) -> _Record | None:
        if not self._blocks:
            self._sort_in()
        records = self._block(0)
        return records[0] if records else None

    @property
    def oldest_number(self) -> int:
        """Number of the oldest record, or 0; nothing is read for it."""
        if not self._blocks:
            self._sort_in()
        if not self._blocks:
            return 0
        block = self._blocks[0]
        return block.first if not isinstance(block, list) else self._numbers[0][0]

    @property
    def newest_number(self) -> int:
        """Number of the newest record, or 0; nothing is read for it."""
        self._sort_in()
        if not self._blocks:
            return 0
        block = self._blocks[-1]
        return block.last if not isinstance(block, list) else self._numbers[-1][-1]

    def append_unread(self, block: UnreadBlock[_Record]) -> None:
        """Append records that are read when one is asked for, with higher numbers."""
        self._sort_in()
        self._firsts.append(block.first)
        self._numbers.append([])
        self._blocks.append(block)
        self._count += len(block)

    def drop_unread(self) -> list[UnreadBlock[_Record]]:
        """Remove blocks of which nothing was read, and return them."""
        for at in reversed(range(len(self._blocks))):
            block = self._blocks[at]
            if not isinstance(block, list) and block.is_mixed:
                self._split(at)
        stay, dropped = [], []
        for at, block in enumerate(self._blocks):
            if isinstance(block, list) or not block.drop():
                stay.append(at)
            else:
                self._count -= len(block)
                dropped.append(block)
        self._firsts = [self._firsts[at] for at in stay]
        self._numbers = [self._numbers[at] for at in stay]
        self._blocks = [self._blocks[at] for at in stay]
        return dropped

    def append(self, number: int, record: _Record) -> None:
        """Append a record with a higher number than all before."""
        self._new_numbers.append(number)
        self._new.append(record)
        if len(self._new) >= _BLOCK:
            self._sort_in()

    def extend(self, numbers: Sequence[int], records: Sequence[_Record]) -> None:
        """Append records with higher numbers than all before."""
        self._new_numbers.extend(numbers)
        self._new.extend(records)
        if len(self._new) >= _BLOCK:
            self._sort_in()

    def evict(self, most: int) -> list[_Record]:
        """Remove at most this many of the oldest records, count them as evicted, return them."""
        if len(self._blocks) < 2:
            self._sort_in()
        evicted: list[_Record] = []
        while len(evicted) < most and (records := self._block(0)):
            numbers = self._numbers[0]
            count = min(most - len(evicted), len(records))
            evicted += records[:count]
            self.evicted_number = numbers[count - 1]
            self._remove(0, 0, count)
        self.evicted += len(evicted)
        return evicted

    def evict_before(self, number: int) -> list[_Record]:
        """Evict all records with lower numbers."""
        block, place = self._find(number)
        return self.evict(sum(map(len, self._blocks[: max(block, 0)])) + place)

    def remove_all(self, numbers: Sequence[int]) -> None:
        """Remove records by their numbers, in order; those that stand side by side cost as one."""
        start = 0
        while start < len(numbers):
            block, place = self._find(numbers[start])
            side_by_side = self._numbers[block][place : place + len(numbers) - start]
            if side_by_side != numbers[start : start + len(side_by_side)]:
                side_by_side = [numbers[start]]
            self._remove(block, place, len(side_by_side))
            start += len(side_by_side)

    def remove(self, number: int) -> None:
        """Remove the record with this number, if there is one."""
        block, place = self._find(number)
        if block >= 0 and self._numbers[block][place : place + 1] == [number]:
            self._remove(block, place, 1)

    def get(self, number: int) -> _Record | None:
        """Return the record with this number, None without one."""
        at = bisect_right(self._firsts, number) - 1
        unread = self._blocks[at] if at >= 0 else None
        if unread is not None and not isinstance(unread, list) and number <= unread.last:
            # To read all of its block would take far longer.
            return unread.get(number)
        block, place = self._find(number)
        if block >= 0 and self._numbers[block][place : place + 1] == [number]:
            return self._block(block)[place]
        return None

    def after(self, number: int) -> Iterator[_Record]:
        """Yield the records with higher numbers, oldest first; nothing may change meanwhile."""
        # A generator between would cost more than the records.
        return chain.from_iterable(self._runs_after(number))

    def _runs_after(self, number: int) -> Iterator[Iterable[_Record]]:
        self._sort_in()
        block, place = self._find(number + 1)
        if block >= 0 and place < len(self._blocks[block]):
            yield islice(self._block(block), place, None)
        while records := self._block(block := block + 1):
            yield records

    def before(self, number: int | None = None) -> Iterator[_Record]:
        """Yield the records with lower numbers, or all, newest first; likewise."""
        return chain.from_iterable(self._runs_before(number))

    def _runs_before(self, number: int | None) -> Iterator[Iterable[_Record]]:
        self._sort_in()
        block, place = (len(self._blocks), 0) if number is None else self._find(number)
        if place and not isinstance(self._blocks[block], list):
            # All of it is lower.
            block += 1
        elif place:
            yield reversed(self._block(block)[:place])
        while block > 0:
            block = self._read(block - 1)
            if block >= 0:
                yield reversed(self._block(block))

    def take_newest(self, limit: int) -> tuple[list[int], list[_Record]]:
        """Remove some of the newest records, at most `limit`; return their numbers and them."""
        self._sort_in()
        block = self._read(len(self._blocks) - 1)
        if block < 0:
            return [], []
        numbers, records = self._numbers[block], self._block(block)
        taken = numbers[-limit:], records[-limit:]
        del numbers[-limit:], records[-limit:]
        self._count -= len(taken[0])
        if not records:
            del self._firsts[-1], self._numbers[-1], self._blocks[-1]
        return taken

    def _sort_in(self) -> None:
        """Put what is new into blocks."""
        numbers, records = self._new_numbers, self._new
        if not records:
            return
        start = 0
        last = self._blocks[-1] if self._blocks else None
        if isinstance(last, list) and len(last) < _BLOCK:
            start = _BLOCK - len(last)
            self._numbers[-1].extend(numbers[:start])
            last.extend(records[:start])
        for place in range(start, len(records), _BLOCK):
            self._firsts.append(numbers[place])
            self._numbers.append(numbers[place : place + _BLOCK])
            self._blocks.append(records[place : place + _BLOCK])
        self._count += len(records)
        self._new_numbers, self._new = [], []

    def _find(self, number: int) -> tuple[int, int]:
        """Return the block, -1 if all come later, and the place of the first not below a number."""
        if self._new and number >= self._new_numbers[0]:
            self._sort_in()
        block = bisect_right(self._firsts, number) - 1
        if block < 0:
            return block, 0
        unread = self._blocks[block]
        if not isinstance(unread, list):
            if number > unread.last:
                return block, len(unread)
            if self._split(block) == 1:
                self._read(block)
            return self._find(number)
        return block, bisect_left(self._numbers[block], number)

    def _block(self, block: int) -> list[_Record]:
        """Return the records of a block, or of the next one that has any; empty for none."""
        while block < len(self._blocks):
            records = self._blocks[block]
            if isinstance(records, list):
                return records
            if self._split(block) == 1:
                self._read(block)
        return []

    def _split(self, block: int) -> int:
        """Put the parts of an unread block in its place; return how many these are."""
        unread = self._blocks[block]
        if isinstance(unread, list):
            return 1
        parts = unread.parts()
        self._count += sum(map(len, parts)) - len(unread)
        self._firsts[block : block + 1] = [part.first for part in parts]
        self._numbers[block : block + 1] = [[] for _ in parts]
        self._blocks[block : block + 1] = parts
        return len(parts)

    def _read(self, block: int) -> int:
        """Read the last part of a block, if it is unread; return where its last records stand.

        Where it has none, read the block before.
        """
        while block >= 0:
            block += self._split(block) - 1
            unread = self._blocks[block] if block >= 0 else []
            if isinstance(unread, list):
                break
            numbers, records = unread.read()
            self._count += len(numbers) - len(unread)
            starts = range(0, len(numbers), _BLOCK)
            self._firsts[block : block + 1] = numbers[::_BLOCK]
            self._numbers[block : block + 1] = [numbers[at : at + _BLOCK] for at in starts]
            self._blocks[block : block + 1] = [records[at : at + _BLOCK] for at in starts]
            block += len(starts) - 1
            if numbers:
                break
        return block

    def _remove(self, block: int, place: int, count: int) -> None:
        numbers, records = self._numbers[block], self._block(block)
        del numbers[place : place + count], records[place : place + count]
        self._count -= count
        if not records:
            del self._firsts[block], self._numbers[block], self._blocks[block]
        elif block > 0 and len(records) < _BLOCK // 4:
            before = self._blocks[block - 1]
            if isinstance(before, list) and len(before) + len(records) <= _BLOCK:
                # Few are left between others: they move to the block before.
                self._numbers[block - 1].extend(numbers)
                before.extend(records)
                del self._firsts[block], self._numbers[block], self._blocks[block]


def evict_largest(
    groups: Mapping[str, _Group],
    *,
    size: Callable[[_Group], int],
    evict: Callable[[_Group, int], object],
    excess: Callable[[], int],
    slack: int,
) -> None:
    """Evict from the largest group first, so that a noisy test never evicts its neighbour's.

    To find the largest costs a look at every group, so some are evicted ahead: at most one for
    each other group, because each costs time that a client waits for.

    Args:
        groups: by name.
        size: of a group; a group of size 0 has nothing to evict.
        evict: evicts one record of a group; or at most as many as it is told, where size and excess
            count records: that many leave the group no smaller than the next.
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
        gap = min(sizes[1:3], default=(0,))[0] - largest
        evict(groups[name], max(1, min(over + slack // 10, gap)))
        heapq.heapreplace(sizes, (-size(groups[name]), name))
