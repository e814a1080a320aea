"""The dedup window: which messageIds were recorded in the last 24 hours.

Source: Segment's page on duplicate data: at least 24 hours, by messageId alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, TypeAlias

from mockseg.clock import NANOSECONDS
from mockseg.domain.limits import DEDUP_WINDOW_SECONDS

_WINDOW_NS = DEDUP_WINDOW_SECONDS * NANOSECONDS
# How many moments are known. They are a second apart, or further where those of a day would be
# too many, but not further than a minute: as many as are known then are more than a day.
_MOST_MOMENTS = 4096
_STEP_NS = NANOSECONDS
_MOST_STEP_NS = 64 * NANOSECONDS
# One dict of a hundred thousand ids grows, and goes, in steps of several milliseconds.
_PARTS = 16

# The cursors of ids, each id in the part that its hash names.
_Parts: TypeAlias = "Sequence[dict[str, int]]"


class DedupWindow:
    """Remembers messageIds in two generations, the older dropped whole.

    That bounds the memory without walking it: at least `generation` ids are remembered,
    at most twice as many.
    """

    __slots__ = (
        "_before",
        "_carried",
        "_count",
        "_dropped",
        "_generation",
        "_moments",
        "_newer",
        "_older",
        "_since",
        "_step_ns",
    )

    def __init__(self, *, generation: int) -> None:
        self._generation = generation
        self.clear()

    def clear(self) -> None:
        # Made with the first call: an open source may never get one.
        self._newer: _Parts = _NOTHING
        self._older: _Parts = _NOTHING
        self._dropped: list[dict[str, int]] = []
        # How many ids stand in the newer generation, and the cursor with which it began.
        self._count = self._since = 0
        # How many requests carried an id, where that is not simply one; and the counts that
        # were made before the last turn.
        self._carried: dict[str, int] = {}
        self._before: dict[str, int] = {}
        # (cursor, moment), a step apart: when a cursor was recorded.
        self._moments: list[tuple[int, int]] = []
        self._step_ns = _STEP_NS

    def begin(self, cursor: int, now_ns: int) -> None:
        """Note that the calls from this cursor on are recorded now; comes before they do."""
        if self._newer is _NOTHING:
            self._newer = _new_parts()
        moments = self._moments
        # Also when time went back: clocks are set, and imported calls have old times.
        if not moments or not 0 <= now_ns - moments[-1][1] < self._step_ns:
            moments.append((cursor, now_ns))
            if len(moments) > _MOST_MOMENTS:
                # Those that follow are as far apart: else the oldest would get ever rarer.
                del moments[1::2]
                self._step_ns = min(2 * self._step_ns, _MOST_STEP_NS)
        if self._count >= self._generation:
            self._turn(cursor)
        elif self._dropped:
            self._dropped.pop()

    def _turn(self, cursor: int) -> None:
        """Begin a new generation at this cursor. The oldest goes part by part from here on."""
        self._dropped = list(self._older)
        self._older, self._newer = self._newer, _new_parts()
        self._before, self._carried = self._carried, {}
        moments = self._moments
        keep = bisect_right(moments, self._since, key=lambda moment: moment[0]) - 1
        del moments[: max(keep, 0)]
        self._count, self._since = 0, cursor

    def take_in(self, message_id: str, cursor: int) -> bool:
        """Remember an id that no request has carried, as far as is known; else return False."""
        part = hash(message_id) % _PARTS
        newer = self._newer[part]
        if (
            message_id in newer
            or message_id in self._older[part]
            or message_id in self._carried
            or message_id in self._before
        ):
            return False
        newer[message_id] = cursor
        self._count += 1
        return True

    def remember(self, message_id: str, cursor: int) -> None:
        newer = self._newer[hash(message_id) % _PARTS]
        self._count += message_id not in newer
        newer[message_id] = cursor

    def forget(self, message_id: str, cursor: int) -> None:
        """Let an id be new again, if it was taken in with this cursor."""
        part = hash(message_id) % _PARTS
        for ids in (self._newer[part], self._older[part]):
            if ids.get(message_id) == cursor:
                del ids[message_id]
                self._carried.pop(message_id, None)
                self._before.pop(message_id, None)

    def first(self, message_id: str, now_ns: int) -> int:
        """Return the cursor of the call that had this id within the window, or 0."""
        part = hash(message_id) % _PARTS
        cursor = self._newer[part].get(message_id) or self._older[part].get(message_id)
        if cursor is None:
            return 0
        place = bisect_right(self._moments, cursor, key=lambda moment: moment[0]) - 1
        recorded_ns = self._moments[max(place, 0)][1]
        return cursor if now_ns - recorded_ns < _WINDOW_NS else 0

    def attempt(self, message_id: str, *, known: bool) -> int:
        """Return 1 + the earlier requests that carried this id.

        Args:
            message_id: of the call.
            known: whether `first` knows it.
        """
        carried = self._carried.get(message_id) or self._before.get(message_id)
        return 1 + (carried or (1 if known else 0))

    def carried(self, message_id: str, attempt: int) -> None:
        """Note how many requests have carried this id by now."""
        if len(self._carried) >= self._generation:
            self._before, self._carried = self._carried, {}
        self._carried[message_id] = attempt


def _new_parts() -> _Parts:
    return [{} for _ in range(_PARTS)]


_NOTHING: Final[_Parts] = tuple(_new_parts())
