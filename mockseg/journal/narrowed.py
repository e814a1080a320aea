"""A search that looks only at calls which an index knows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final

from mockseg.clock import Turn
from mockseg.domain.call import KeptCall
from mockseg.journal.segments import Keys, Probe, Segment, probes

# How many calls one portion has.
_PORTION: Final = 32
# How many calls of a segment are read one by one before all of them are.
_ONE_BY_ONE: Final = 128


class Narrowed:
    """The calls that may have some keys: those of closed segments by index, the later ones all.

    Args:
        keys: what calls are looked for by.
        segments: closed ones, oldest first.
        oldest: cursors of the oldest kept call of each source that is meant.
        removed: cursors of calls that were forgotten one by one.
        call: returns the call at a cursor, None when it is not kept; does not read others for it.
        read: returns all kept calls between two cursors, both included.
        later: yields the calls after a cursor that come after the segments, in portions.
        later_back: the same newest first, before a cursor or all.
    """

    __slots__ = (
        "_call",
        "_keys",
        "_later",
        "_later_back",
        "_oldest",
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
        later: Callable[[int], AsyncIterator[list[KeptCall]]],
        later_back: Callable[[int | None], AsyncIterator[list[KeptCall]]],
    ) -> None:
        self._keys, self._segments = keys, segments
        self._probes = {source: probes(keys, source) for source in oldest}
        self._oldest, self._removed = oldest, removed
        self._call, self._read = call, read
        self._later, self._later_back = later, later_back

    async def total(self) -> int | None:
        """Return how many kept calls have these keys, None where each must be looked at."""
        if self._keys.loosely:
            return None
        total, turn = 0, Turn()
        for segment in self._segments:
            for source, asked in self._asked(segment):
                oldest = self._oldest[source]
                removed = segment.those_of(self._removed)
                if segment.first_cursor >= oldest and not removed:
                    total += segment.count(asked)
                else:
                    cursors = {segment.cursor(place) for place in segment.find(asked)} - removed
                    total += sum(cursor >= oldest for cursor in cursors)
            await turn.over()
        async for portion in self._later(0):
            total += len(self._picked(portion))
        return total

    async def after(self, cursor: int) -> AsyncIterator[list[KeptCall]]:
        """Yield the calls after a cursor that may have these keys, oldest first, in portions."""
        start = bisect_right(self._segments, cursor, key=attrgetter("last_cursor"))
        turn = Turn()
        for segment in islice(self._segments, start, None):
            cursors = self._cursors(segment)
            calls = self._calls(segment, cursors[bisect_right(cursors, cursor) :])
            while portion := [*islice(calls, _PORTION)]:
                yield portion
                await turn.over()
            await turn.over()
        async for portion in self._later(cursor):
            yield self._picked(portion)

    async def before(self, cursor: int | None) -> AsyncIterator[list[KeptCall]]:
        """Yield the calls before a cursor, or all, newest first; otherwise as `after`."""
        async for portion in self._later_back(cursor):
            yield self._picked(portion)
        turn = Turn()
        for segment in reversed(self._segments):
            if cursor is not None and segment.first_cursor >= cursor:
                continue
            cursors = self._cursors(segment)
            end = len(cursors) if cursor is None else bisect_left(cursors, cursor)
            calls = self._calls(segment, cursors[:end][::-1])
            while portion := [*islice(calls, _PORTION)]:
                yield portion
                await turn.over()
            await turn.over()

    def _asked(self, segment: Segment) -> Iterator[tuple[str, list[Probe]]]:
        for source in segment.sources:
            asked = self._probes.get(source)
            if asked is not None and self._oldest[source] <= segment.last_cursor:
                yield source, asked

    def _cursors(self, segment: Segment) -> list[int]:
        found = [segment.find(asked) for _, asked in self._asked(segment)]
        places = found[0] if len(found) == 1 else sorted(set().union(*found))
        return [segment.cursor(place) for place in places]

    def _calls(self, segment: Segment, cursors: Sequence[int]) -> Iterator[KeptCall]:
        for cursor in cursors[:_ONE_BY_ONE]:
            call = self._call(cursor)
            if call is not None:
                yield call
        rest = cursors[_ONE_BY_ONE:]
        if rest:
            calls = self._read(segment.first_cursor, segment.last_cursor)
            kept = {call.cursor: call for call in calls}
            yield from (kept[cursor] for cursor in rest if cursor in kept)

    def _picked(self, portion: list[KeptCall]) -> list[KeptCall]:
        """Return those of the calls without an index that may have these keys."""
        keys = self._keys
        if keys.loosely:
            return portion
        # A pass for each key that is asked for costs less than one for all.
        if keys.message_id is not None:
            portion = [call for call in portion if call.message_id == keys.message_id]
        if keys.user_id is not None:
            portion = [call for call in portion if call.user_id == keys.user_id]
        if keys.event is not None:
            portion = [call for call in portion if call.event == keys.event]
        return portion
