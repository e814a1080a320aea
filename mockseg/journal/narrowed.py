"""A search that looks only at calls which an index knows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple, Protocol

from mockseg.clock import Turn
from mockseg.domain.call import KeptCall
from mockseg.journal.segments import Keys, Probe, Segment, is_altered

# How many calls one portion has.
_PORTION: Final = 32
# Calls are read one by one where more than this share of those between them is not looked for.
_DENSE: Final = 4


class Finder(Protocol):
    """Finds those calls of an index that may have the keys.

    Attributes:
        first_cursor, last_cursor: of the calls that the index knows.
    """

    @property
    def first_cursor(self) -> int: ...

    @property
    def last_cursor(self) -> int: ...

    def cursors(self) -> Sequence[int]:
        """Return the cursors of the calls that may have the keys, in order."""

    def surely(self) -> tuple[int, Sequence[int]]:
        """Return how many kept calls have the keys, and cursors of further ones that may."""


class Narrowed:
    """The calls that may have some keys: the older ones by an index, the later ones by a look.

    Args:
        keys: what calls are looked for by.
        finders: of the indexes, oldest first.
        call: returns the call at a cursor, None when it is not kept; does not read others for it.
        read: returns all kept calls between two cursors, both included.
        later: yields the calls that are in no index, oldest first, in portions.
    """

    __slots__ = ("_call", "_finders", "_keys", "_later", "_picked", "_read")

    def __init__(
        self,
        keys: Keys,
        finders: Sequence[Finder],
        *,
        call: Callable[[int], KeptCall | None],
        read: Callable[[int, int], Sequence[KeptCall]],
        later: Callable[[], AsyncIterator[list[KeptCall]]],
    ) -> None:
        self._keys, self._finders = keys, finders
        self._call, self._read, self._later = call, read, later
        # Of the later calls, when they were looked at.
        self._picked: list[KeptCall] | None = None

    async def total(self, matches: Callable[[KeptCall], bool], *, said: bool) -> int:
        """Return how many kept calls match.

        Indexes that know none of them are not looked into again.

        Args:
            matches: says whether a call matches.
            said: whether the keys say it: of calls that surely have them it is true, and they are
                not read.
        """
        total, hit, turn = 0, [], Turn()
        for finder in self._finders:
            number, unsure = finder.surely() if said else (0, finder.cursors())
            total += number
            for call in self._calls(unsure):
                total += matches(call)
                await turn.over()
            if number or unsure:
                hit.append(finder)
            if turn.is_over:
                await turn.over()
        self._finders = hit
        for portion in _portions(await self._later_ones()):
            total += sum(map(matches, portion))
            await turn.over()
        return total

    async def after(self, cursor: int, *, most: int = 0) -> AsyncIterator[list[KeptCall]]:
        """Yield the calls after a cursor that may have these keys, oldest first, in portions.

        Args:
            cursor: they come after it.
            most: how many are most likely needed, 0 for all; a portion ends with the last of them,
                so that no row is read for the others.
        """
        start = bisect_right(self._finders, cursor, key=attrgetter("last_cursor"))
        turn = Turn()
        for finder in islice(self._finders, start, None):
            cursors = finder.cursors()
            calls = self._calls(cursors[bisect_right(cursors, cursor) :])
            while portion := [*islice(calls, _size(most))]:
                most -= len(portion)
                yield portion
                await turn.over()
            await turn.over()
        later = await self._later_ones()
        for portion in _portions(later[bisect_right(later, cursor, key=_cursor) :]):
            yield portion
            await turn.over()

    async def before(self, cursor: int | None, *, most: int = 0) -> AsyncIterator[list[KeptCall]]:
        """Yield the calls before a cursor, or all, newest first; otherwise as `after`."""
        turn = Turn()
        later = await self._later_ones()
        end = len(later) if cursor is None else bisect_left(later, cursor, key=_cursor)
        for portion in _portions(later[:end][::-1]):
            most -= len(portion)
            yield portion
            await turn.over()
        for finder in reversed(self._finders):
            if cursor is not None and finder.first_cursor >= cursor:
                continue
            cursors = finder.cursors()
            end = len(cursors) if cursor is None else bisect_left(cursors, cursor)
            calls = self._calls(cursors[:end][::-1])
            while portion := [*islice(calls, _size(most))]:
                most -= len(portion)
                yield portion
                await turn.over()
            await turn.over()

    def _calls(self, cursors: Sequence[int]) -> Iterator[KeptCall]:
        for start in range(0, len(cursors), _PORTION):
            some = cursors[start : start + _PORTION]
            first, last = min(some), max(some)
            if len(some) == _PORTION and last - first < _DENSE * _PORTION:
                # To read all between them costs less than to read them one by one.
                kept = {call.cursor: call for call in self._read(first, last)}
                yield from (kept[cursor] for cursor in some if cursor in kept)
            else:
                found = (self._call(cursor) for cursor in some)
                yield from (call for call in found if call is not None)

    async def _later_ones(self) -> list[KeptCall]:
        """Return those of the calls without an index that may have these keys, oldest first."""
        if self._picked is None:
            self._picked = []
            async for portion in self._later():
                self._picked += self._picked_of(portion)
        return self._picked

    def _picked_of(self, portion: list[KeptCall]) -> list[KeptCall]:
        keys = self._keys
        altered = [call for call in portion if is_altered(call)] if keys.loosely else []
        # A pass for each key that is asked for costs less than one for all.
        if keys.message_id is not None:
            portion = [call for call in portion if call.message_id == keys.message_id]
        if keys.user_id is not None:
            portion = [call for call in portion if call.user_id == keys.user_id]
        if keys.event is not None:
            events = {keys.event, None} if keys.loosely else {keys.event}
            portion = [call for call in portion if call.event in events]
        if altered:
            found = {call.cursor: call for call in (*portion, *altered)}
            portion = [found[cursor] for cursor in sorted(found)]
        return portion


def _size(most: int) -> int:
    """Return how many calls the next portion has, where `most` are still needed."""
    return min(most, _PORTION) if most > 0 else _PORTION


def _portions(calls: list[KeptCall]) -> Iterator[list[KeptCall]]:
    return (calls[start : start + _PORTION] for start in range(0, len(calls), _PORTION))


_cursor = attrgetter("cursor")


class Look(NamedTuple):
    """What of one source is looked for in a segment.

    Attributes:
        probes: its keys there.
        oldest: cursor of the oldest call of the source that is kept.
    """

    probes: list[Probe]
    oldest: int


class SegmentFinder:
    """Finds the calls of a segment that may have some keys; see :class:`Finder`.

    Args:
        segment: where to look.
        looks: for what, of each source.
        removed: cursors of calls that were forgotten.
    """

    __slots__ = ("_looks", "_removed", "_segment")

    def __init__(self, segment: Segment, looks: list[Look], removed: set[int]) -> None:
        self._segment, self._looks, self._removed = segment, looks, removed

    @property
    def first_cursor(self) -> int:
        return self._segment.first_cursor

    @property
    def last_cursor(self) -> int:
        return self._segment.last_cursor

    def cursors(self) -> list[int]:
        found = [self._kept(self._segment.find(look.probes), look) for look in self._looks]
        return found[0] if len(found) == 1 else sorted(set().union(*found))

    def surely(self) -> tuple[int, list[int]]:
        segment, total = self._segment, 0
        unsure: list[int] = []
        removed = segment.those_of(self._removed) if self._removed else set[int]()
        for look in self._looks:
            loosely = any(probe.loosely for probe in look.probes)
            if not loosely and segment.first_cursor >= look.oldest and not removed:
                total += segment.count(look.probes)
                continue
            places: Sequence[int] = ()
            maybe: Sequence[int] = ()
            if loosely:
                places, maybe = segment.find_surely(look.probes)
            else:
                places = segment.find(look.probes)
            unsure += self._kept(maybe, look)
            total += sum(each not in removed for each in self._kept(places, look))
        return total, sorted(unsure)

    def _kept(self, places: Sequence[int], look: Look) -> list[int]:
        """Return the cursors of those that are not evicted."""
        found = [self._segment.cursor(place) for place in places]
        return found[bisect_left(found, look.oldest) :]
