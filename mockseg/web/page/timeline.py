"""The timeline of the list of calls: how many came when, and what else happened."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from mockseg.operations.rows import Bucket, HappeningKind, HappeningView

BUCKETS: Final = 60
# Lengths of a column that the view offers, in seconds.
LENGTHS: Final = {60: "1 min", 600: "10 min", 3600: "1 h"}
# In units of the picture: how wide a column is, and how high the busiest one.
WIDTH: Final = 10
HEIGHT: Final = 42
_HIGHEST: Final = 40

_HAPPENED: Final[dict[HappeningKind, str]] = {
    "cleared": "cleared",
    "fault_added": "fault added",
    "fault_removed": "fault removed",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A span of time.

    Attributes:
        address: of the calls that came in it.
        moment: when it begins, ISO 8601.
        start_ms, length_ms: when, and for how long.
        good, bad: calls.
        good_height, bad_height: of the two parts of the column.
        chosen: whether only calls of a span are shown, and it is in it.
    """

    address: str
    moment: str
    start_ms: int
    length_ms: int
    good: int
    bad: int
    good_height: float
    bad_height: float
    chosen: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened besides calls.

    Attributes:
        kind: of it.
        x: where it is in the picture.
        moment: when, ISO 8601.
        text: what it was, in words.
    """

    kind: HappeningKind
    x: float
    moment: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    """What the picture shows.

    Attributes:
        columns: the last hour in which calls came, or as many longer columns; the oldest first.
        marks: of what happened meanwhile.
    """

    columns: list[Column]
    marks: list[Mark]


def timeline(
    buckets: list[Bucket],
    happenings: list[HappeningView],
    *,
    seconds: int,
    address_of: Callable[[str, str], str],
    chosen: tuple[float, float],
) -> Timeline:
    """Return the timeline of calls that were counted.

    Args:
        buckets: the spans of time.
        happenings: what else happened.
        seconds: length of a bucket.
        address_of: the address of the calls between two moments, ISO 8601.
        chosen: the span whose calls are shown, milliseconds since 1970; infinite for all.
    """
    busiest = max((bucket.good + bucket.bad for bucket in buckets), default=0)
    length_ms, unit = seconds * 1000, _HIGHEST / max(1, busiest)
    return Timeline(
        columns=[_column(bucket, length_ms, address_of, unit, chosen) for bucket in buckets],
        marks=[_mark(each, buckets, length_ms) for each in happenings],
    )


def _column(
    bucket: Bucket,
    length_ms: int,
    address_of: Callable[[str, str], str],
    unit: float,
    chosen: tuple[float, float],
) -> Column:
    begins, ends = (_moment(bucket.start_ms + later) for later in (0, length_ms))
    overlaps = bucket.start_ms < chosen[1] and bucket.start_ms + length_ms > chosen[0]
    return Column(
        address=address_of(begins, ends),
        moment=begins,
        start_ms=bucket.start_ms,
        length_ms=length_ms,
        good=bucket.good,
        bad=bucket.bad,
        good_height=round(bucket.good * unit, 2),
        bad_height=round(bucket.bad * unit, 2),
        chosen=overlaps and chosen != (-math.inf, math.inf),
    )


def _mark(happening: HappeningView, buckets: list[Bucket], length_ms: int) -> Mark:
    place = (happening.at_ms - buckets[0].start_ms) / length_ms
    whose = "all sources" if happening.source is None else happening.source or "(no key)"
    return Mark(
        kind=happening.kind,
        # What happened after the last call is at the end.
        x=round(min(place, len(buckets)) * WIDTH, 1),
        moment=_moment(happening.at_ms),
        text=f"{whose}: {_HAPPENED[happening.kind]}, {happening.text}",
    )


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
