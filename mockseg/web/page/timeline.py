"""The timeline of the list of calls: how many came in each minute, and the way to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from mockseg.operations.rows import Bucket

BUCKETS: Final = 60
# How high the column of the busiest minute is, in units of the picture.
_HIGHEST: Final = 40


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A minute of the timeline.

    Attributes:
        address: of the calls that came in it.
        moment: when it begins, ISO 8601.
        good, bad: calls.
        good_height, bad_height: of the two parts of the column.
    """

    address: str
    moment: str
    good: int
    bad: int
    good_height: float
    bad_height: float


def timeline(buckets: list[Bucket], address_of: Callable[[str], str]) -> list[Column]:
    """Return the last hour in which calls came, minute by minute.

    Args:
        buckets: the minutes.
        address_of: turns terms of a query into the address of the calls that they find.
    """
    busiest = max((bucket.good + bucket.bad for bucket in buckets), default=0)
    return [_column(bucket, address_of, _HIGHEST / max(1, busiest)) for bucket in buckets]


def _column(bucket: Bucket, address_of: Callable[[str], str], unit: float) -> Column:
    begins, ends = (_moment(bucket.start_ms + later) for later in (0, 60_000))
    # What came at the very moment is after the one before it.
    span = f"after:{_moment(bucket.start_ms - 1)} before:{ends}"
    return Column(
        address=address_of(span),
        moment=begins,
        good=bucket.good,
        bad=bucket.bad,
        good_height=round(bucket.good * unit, 2),
        bad_height=round(bucket.bad * unit, 2),
    )


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
