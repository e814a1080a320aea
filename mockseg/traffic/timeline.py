"""From the place in a run to the time of day at which it happened."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from mockseg.traffic.quantities import SECOND

__all__ = ["Timeline"]

_HOUR: Final = 3600 * SECOND
_DAY: Final = 24 * _HOUR
# What share of a day's visits falls into each hour: few at night, most in the forenoon
# and the afternoon.
_HOURS: Final = (
    2,
    1,
    1,
    1,
    1,
    2,
    4,
    8,
    14,
    18,
    20,
    19,
    15,
    17,
    19,
    19,
    17,
    14,
    12,
    11,
    10,
    8,
    5,
    3,
)


class Timeline:
    """When things happen: in the time of the schedule itself, or over a longer one.

    Over a day or more people are awake by day.

    Args:
        start_ns: the moment of the beginning.
        length_ns: of the schedule.
        span_ns: over which time the schedule is spread, or None for its own.
        offset_minutes: of the people's time of day from UTC.
    """

    def __init__(
        self, *, start_ns: int, length_ns: int, span_ns: int | None, offset_minutes: int
    ) -> None:
        self._start = start_ns
        self._length = max(length_ns, 1)
        self._span = span_ns
        self._edges: list[int] = []
        self._bounds: list[int] = []
        if span_ns is not None and span_ns >= _DAY:
            self._set_hours(span_ns, offset_minutes)

    def _set_hours(self, span_ns: int, offset_minutes: int) -> None:
        local = self._start + offset_minutes * 60 * SECOND
        first = _HOUR - local % _HOUR
        self._edges = [0, *range(first, span_ns, _HOUR), span_ns]
        hour = local // _HOUR
        weights = [
            _HOURS[(hour + number) % 24] * ((end - begin) // SECOND)
            for number, (begin, end) in enumerate(zip(self._edges, self._edges[1:], strict=False))
        ]
        self._bounds = [0, *accumulate(weights)]

    def at(self, due_ns: int) -> int:
        """Give the moment for a place in the schedule; later places give later moments."""
        if self._span is None:
            return self._start + due_ns
        if not self._bounds:
            return self._start + self._span * due_ns // self._length
        weight = self._bounds[-1] * min(due_ns, self._length) // self._length
        hour = min(bisect_right(self._bounds, weight), len(self._bounds) - 1) - 1
        begin, end = self._edges[hour], self._edges[hour + 1]
        inside = weight - self._bounds[hour]
        width = max(self._bounds[hour + 1] - self._bounds[hour], 1)
        return self._start + begin + (end - begin) * inside // width
