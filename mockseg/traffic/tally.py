"""What became of a run, counted: bounded memory however long it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from mockseg.traffic.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.json_types import JsonObject
    from mockseg.traffic.made import Made

__all__ = ["Tally"]

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
        held_back: labelled calls whose mistake never left, by what became of it: an SDK
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

    def came_due(self, calls: Sequence[Made]) -> None:
        """Count calls that are due."""
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

    def hold_back(self, made: Made, how: str, *, code: str = "") -> None:
        """Count a labelled call whose mistake never left.

        Args:
            made: the call.
            how: what became of the mistake.
            code: the finding that the call gives instead; empty for none.
        """
        self.held_back[how] += 1
        if self.expected.pop(made.message_id, None) is not None and code:
            self.expected[made.message_id] = code

    def answer(self, status: int, calls: int, *, microseconds: int) -> None:
        """Count the answer to a request."""
        self.latency.add(microseconds)
        if 200 <= status < 300:
            self.answered += calls
        else:
            self.refused[status] += calls

    def as_json(self) -> JsonObject:
        """Return all of it as JSON; times in milliseconds."""
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
