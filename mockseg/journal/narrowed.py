"""A search that looks only at calls which an index knows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final

from mockseg.clock import Turn
from mockseg.domain.call import KeptCall
from mockseg.journal.segments import Keys, Probe, Segment, is_altered, probes

# How many calls one portion has.
_PORTION: Final = 32
# Calls are read one by one where more than this share of those between them is not looked for.
_DENSE: Final = 4


class Narrowed:
    """The calls that may have some keys: of closed segments by index, of the later ones by a look.

    Args:
        keys: what calls are looked for by.
        segments: closed ones, oldest first.
        oldest: cursors of the oldest kept call of each source that is meant.
        removed: cursors of calls that were forgotten one by one.
        call: returns the call at a cursor, None when it is not kept; does not read others for it.
        read: returns all kept calls between two cursors, both included.
        later: yields the calls that come after the segments, oldest first, in portions.
    """

    __slots__ = (
        "_call",
        "_keys",
        "_later",
        "_oldest",
        "_picked",
        "_probes",
        "_read",
        "_removed",
        "_segments",
    )

    def __init__(
        self,
        keys: Keys,
        segments: Sequence[Segment],
        *,
        oldest: Mapping[str, int],
        removed: set[int],
        call: Callable[[int], KeptCall | None],
        read: Callable[[int, int], Sequence[KeptCall]],
        later: Callable[[], AsyncIterator[list[KeptCall]]],
    ) -> None:
        self._keys, self._segments = keys, segments
        self._probes = {source: probes(keys, source) for source in oldest}
        self._oldest, self._removed = oldest, removed
        self._call, self._read, self._later = call, read, later
        # Of the later calls, when they were looked at.
        self._picked: list[KeptCall] | None = None

    async def total(self, matches: Callable[[KeptCall], bool]) -> int:
        """Return how many kept calls match.

        Segments without any are not looked into again.

        Args:
            matches: says whether a call matches. It is asked only of those whose keys do not say
                it; of others that have these keys it is true.
        """
        total, hit, turn = 0, [], Turn()
        loosely, oldest_of = self._keys.loosely, self._oldest
        for segment in self._segments:
            before = total
            unsure: list[int] = []
            removed = segment.those_of(self._removed) if self._removed else ()
            for source, asked in self._asked(segment):
                oldest = oldest_of[source]
                if not loosely and segment.first_cursor >= oldest and not removed:
                    total += segment.count(asked)
                    continue
                if loosely:
                    places, maybe = segment.find_surely(asked)
                    unsure += maybe
                else:
                    places = segment.find(asked)
                found = map(segment.cursor, places)
                total += sum(each >= oldest and each not in removed for each in found)
            if unsure:
                cursors = [segment.cursor(place) for place in sorted(unsure)]
                for call in self._calls(cursors):
                    total += matches(call)
                    await turn.over()
            if total > before or unsure:
                hit.append(segment)
            if turn.is_over:
                await turn.over()
        self._segments = hit
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
        start = bisect_right(self._segments, cursor, key=attrgetter("last_cursor"))
        turn = Turn()
        for segment in islice(self._segments, start, None):
            cursors = self._cursors(segment)
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
        for segment in reversed(self._segments):
            if cursor is not None and segment.first_cursor >= cursor:
                continue
            cursors = self._cursors(segment)
            end = len(cursors) if cursor is None else bisect_left(cursors, cursor)
            calls = self._calls(cursors[:end][::-1])
            while portion := [*islice(calls, _size(most))]:
                most -= len(portion)
                yield portion
                await turn.over()
            await turn.over()

    def _asked(self, segment: Segment) -> list[tuple[str, list[Probe]]]:
        """Return the sources of a segment that are meant, and what to look for there."""
        asked = []
        for source in segment.sources:
            probes_ = self._probes.get(source)
            if probes_ is not None and self._oldest[source] <= segment.last_cursor:
                asked.append((source, probes_))
        return asked

    def _cursors(self, segment: Segment) -> list[int]:
        found = [segment.find(asked) for _, asked in self._asked(segment)]
        places = found[0] if len(found) == 1 else sorted(set().union(*found))
        return [segment.cursor(place) for place in places]

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
