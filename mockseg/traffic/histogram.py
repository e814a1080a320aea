"""Times counted in buckets: every value within a thousandth, in bounded memory.

The buckets and the table follow the idea of HdrHistogram: as wide as a thousandth of
what they hold, so that the far end is as true as the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Histogram", "Row"]

_BITS: Final = 10
_EXACT: Final = 1 << (_BITS + 1)
# Halves the distance to the end each time, in five ticks.
_TICKS: Final = 5
_MOST_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the distribution.

    Attributes:
        microseconds: a value.
        share: of all values that do not exceed it, 0 to 1.
        count: how many those are.
    """

    microseconds: int
    share: float
    count: int


class Histogram:
    """Counts whole microseconds.

    Attributes:
        count: of values.
        most: the largest value, 0 when there is none.
    """

    __slots__ = ("_buckets", "_sum", "count", "most")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self._sum = 0
        self.count = 0
        self.most = 0

    def add(self, microseconds: int, *, times: int = 1) -> None:
        """Count a value; below 0 counts as 0."""
        value = max(microseconds, 0)
        shift = max(value.bit_length() - _BITS - 1, 0)
        bucket = (value >> shift) << shift if value >= _EXACT else value
        self._buckets[bucket] = self._buckets.get(bucket, 0) + times
        self._sum += value * times
        self.count += times
        self.most = max(self.most, value)

    @property
    def mean(self) -> float:
        """Give the mean in microseconds, 0 when there is none."""
        return self._sum / self.count if self.count else 0.0

    def percentile(self, share: float) -> int:
        """Give the value that so large a share (0 to 1) did not exceed, in microseconds."""
        wanted = share * self.count
        for value, reached in self._reached():
            if reached >= wanted:
                return min(value, self.most)
        return self.most

    def table(self) -> list[str]:
        """Return lines of value in ms, percentile, total count and 1/(1-percentile)."""
        lines = [f"{'ms':>12} {'percentile':>12} {'count':>10} {'1/(1-p)':>12}"]
        for row in self.rows():
            beyond = f"{1 / (1 - row.share):.2f}" if row.share < 1 else "inf"
            lines.append(
                f"{row.microseconds / 1000:12.3f} {row.share:12.6f} {row.count:10} {beyond:>12}"
            )
        return lines

    def rows(self) -> list[Row]:
        """Return the distribution up to its far end, no rows without values."""
        rows: list[Row] = []
        if not self.count:
            return rows
        share, half = 0.0, 0.5
        reached = list(self._reached())
        place = 0
        while len(rows) < _MOST_ROWS:
            while reached[place][1] < share * self.count:
                place += 1
            value, total = reached[place]
            if total == self.count:
                break
            rows.append(Row(value, share, total))
            if share + half / _TICKS >= 1 - half + 1e-12:
                half /= 2
            share += half / _TICKS
        rows.append(Row(self.most, 1.0, self.count))
        return rows

    def _reached(self) -> Iterator[tuple[int, int]]:
        """Give the upper end of each bucket with how many values are up to it."""
        total = 0
        for bucket in sorted(self._buckets):
            total += self._buckets[bucket]
            shift = max(bucket.bit_length() - _BITS - 1, 0)
            yield bucket + (1 << shift) - 1, total
