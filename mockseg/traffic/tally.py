"""The results of a run, counted in bounded memory however long it is.

Times are counted in buckets, every value within a thousandth. Buckets and table follow the
idea of HdrHistogram: as wide as a thousandth of what they hold, so that the far end is as true
as the middle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mockseg.json_types import JsonObject
from mockseg.traffic.packets import GeneratedCall

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
        most: the largest value, 0 if empty.
    """

    __slots__ = ("_buckets", "_sum", "count", "most")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self._sum = 0
        self.count = 0
        self.most = 0

    def add(self, microseconds: int) -> None:
        """Count a value; below 0 counts as 0."""
        value = max(microseconds, 0)
        shift = max(value.bit_length() - _BITS - 1, 0)
        bucket = (value >> shift) << shift if value >= _EXACT else value
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self._sum += value
        self.count += 1
        self.most = max(self.most, value)

    @property
    def mean(self) -> float:
        return self._sum / self.count if self.count else 0.0

    def percentile(self, share: float) -> int:
        """Return the value that so large a share (0 to 1) did not exceed, in microseconds."""
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
        total = 0
        for bucket in sorted(self._buckets):
            total += self._buckets[bucket]
            shift = max(bucket.bit_length() - _BITS - 1, 0)
            yield bucket + (1 << shift) - 1, total


_PERCENTILES: Final = (0.5, 0.9, 0.95, 0.99, 0.999)


class Tally:
    """Counts calls.

    Args:
        most_expected: labels to keep, to be held against what a server found.

    Attributes:
        made: calls that came due.
        labels: calls by what they were made as.
        names: calls by event.
        answered: calls in requests that were answered 2xx.
        refused: calls in requests that were answered otherwise, by status.
        failed: calls in requests that were not answered, by kind.
        unsent: calls that could not be sent in time.
        held_back: labelled calls whose mistake never left, by the reason: an SDK
            refuses some, and mends others.
        latency: from the due time of a request to its answer.
        lateness: from the due time of a request to its beginning.
        seconds: how long it took.
        interrupted: whether it was ended before its time.
        expected: the code that each labelled call must give, by messageId; at most
            ``most_expected``.
        unkept: labelled calls beyond those.
    """

    def __init__(self, *, most_expected: int = 200_000) -> None:
        self._most_expected = most_expected
        self.made = 0
        self.labels: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.answered = 0
        self.refused: Counter[int] = Counter()
        self.failed: Counter[str] = Counter()
        self.unsent = 0
        self.held_back: Counter[str] = Counter()
        self.latency = Histogram()
        self.lateness = Histogram()
        self.seconds = 0.0
        self.interrupted = False
        self.expected: dict[str, str] = {}
        self.unkept = 0

    @property
    def lost(self) -> int:
        """Number of calls that were refused, failed or not sent."""
        return self.refused.total() + self.failed.total() + self.unsent

    def came_due(self, calls: Sequence[GeneratedCall]) -> None:
        self.made += len(calls)
        for made in calls:
            self.labels[made.label] += 1
            self.names[made.name] += 1
            if made.code:
                self.codes[made.code] += 1
                if len(self.expected) < self._most_expected:
                    self.expected.setdefault(made.message_id, made.code)
                else:
                    self.unkept += 1

    def hold_back(self, made: GeneratedCall, how: str, *, code: str = "") -> None:
        """Count a labelled call whose mistake never left.

        Args:
            made: the call.
            how: the fate of the mistake.
            code: the finding that the call gives instead; empty for none.
        """
        self.held_back[how] += 1
        if self.expected.pop(made.message_id, None) is not None and code:
            self.expected[made.message_id] = code

    def answer(self, status: int, calls: int, *, microseconds: int) -> None:
        self.latency.add(microseconds)
        if 200 <= status < 300:
            self.answered += calls
        else:
            self.refused[status] += calls

    def as_json(self) -> JsonObject:
        return {
            "made": self.made,
            "seconds": round(self.seconds, 3),
            "rate": round(self.made / self.seconds, 1) if self.seconds else None,
            "interrupted": self.interrupted,
            "answered": self.answered,
            "refused": {str(status): n for status, n in sorted(self.refused.items())},
            "failed": dict(sorted(self.failed.items())),
            "unsent": self.unsent,
            "heldBack": dict(sorted(self.held_back.items())),
            "latencyMs": _milliseconds(self.latency),
            "latenessMs": _milliseconds(self.lateness),
            "labels": dict(sorted(self.labels.items())),
            "labelledCodes": dict(sorted(self.codes.items())),
            "byEvent": dict(self.names.most_common()),
        }


def _milliseconds(times: Histogram) -> JsonObject:
    shares = {f"p{share * 100:g}": times.percentile(share) / 1000 for share in _PERCENTILES}
    return {"mean": round(times.mean / 1000, 3), **shares, "max": times.most / 1000}
