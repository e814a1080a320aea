"""The dedup window: which messageIds were recorded in the last 24 hours.

Source: Segment's page on duplicate data: at least 24 hours, by messageId alone.
"""

from __future__ import annotations

from bisect import bisect_right

from mockseg.domain.limits import DEDUP_WINDOW_SECONDS

__all__ = ["DedupWindow"]

_WINDOW_NS = DEDUP_WINDOW_SECONDS * 1_000_000_000
_STEP_NS = 1_000_000_000


class DedupWindow:
    """Remembers messageIds in two generations, the older dropped whole.

    That bounds the memory without walking it: at least `generation` ids are remembered,
    at most twice as many.
    """

    __slots__ = ("_carried", "_generation", "_moments", "_newer", "_older")

    def __init__(self, *, generation: int) -> None:
        self._generation = generation
        self._newer: dict[str, int] = {}
        self._older: dict[str, int] = {}
        # How many requests carried an id, where that is not simply one.
        self._carried: dict[str, int] = {}
        # (cursor, moment) about once a second: when a cursor was recorded.
        self._moments: list[tuple[int, int]] = []

    def begin(self, cursor: int, now_ns: int) -> None:
        """Say that the calls from this cursor on are recorded now."""
        moments = self._moments
        # Also when time went back: clocks are set, and imported calls have old times.
        if not moments or not 0 <= now_ns - moments[-1][1] < _STEP_NS:
            moments.append((cursor, now_ns))
        if len(self._newer) >= self._generation:
            self._older = self._newer
            self._newer = {}
            self._carried = {k: n for k, n in self._carried.items() if k in self._older}
            oldest = min(self._older.values())
            keep = bisect_right(moments, oldest, key=lambda moment: moment[0]) - 1
            del moments[: max(keep, 0)]

    def is_new(self, message_id: str) -> bool:
        """Tell whether no request has carried this id, as far as is remembered."""
        return (
            message_id not in self._newer
            and message_id not in self._older
            and message_id not in self._carried
        )

    def remember(self, message_id: str, cursor: int) -> None:
        """Take an id in."""
        self._newer[message_id] = cursor

    def first(self, message_id: str, now_ns: int) -> int:
        """Give the cursor of the call that had this id within the window, or 0."""
        cursor = self._newer.get(message_id) or self._older.get(message_id)
        if cursor is None:
            return 0
        place = bisect_right(self._moments, cursor, key=lambda moment: moment[0]) - 1
        recorded_ns = self._moments[max(place, 0)][1]
        return cursor if now_ns - recorded_ns < _WINDOW_NS else 0

    def attempt(self, message_id: str, *, known: bool) -> int:
        """Give 1 + the earlier requests that carried this id.

        Args:
            message_id: of the call.
            known: whether `first` knows it.
        """
        return 1 + self._carried.get(message_id, 1 if known else 0)

    def carried(self, message_id: str, attempt: int) -> None:
        """Note that so many requests carried this id by now."""
        if len(self._carried) >= 2 * self._generation:
            self._carried.clear()
        self._carried[message_id] = attempt

    def clear(self) -> None:
        """Forget everything."""
        self._newer = {}
        self._older = {}
        self._carried = {}
        self._moments = []
