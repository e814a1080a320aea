"""Moments in a query: a call, a time of day, a time ago, or ISO 8601. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from mockseg.clock import NANOSECONDS
from mockseg.domain.call import call_cursor
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import QueryError
from mockseg.query.terms import Value

_AGO = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)")
_TIME_OF_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")
_UNITS_NS = {
    "ms": NANOSECONDS // 1000,
    "s": NANOSECONDS,
    "m": 60 * NANOSECONDS,
    "h": 3600 * NANOSECONDS,
    "d": 86_400 * NANOSECONDS,
}


class Boundary(NamedTuple):
    """What ``after:`` or ``before:`` names.

    Attributes:
        cursor: of a call; None for a moment.
        moment_ns: a moment; 0 for a call.
    """

    cursor: int | None
    moment_ns: int


def boundary(value: Value, *, text: str, now: datetime) -> Boundary:
    """Read what a term names.

    Args:
        value: of the term.
        text: the whole query, for an error.
        now: with the time zone of times of day, which mean the latest such moment.

    Raises:
        QueryError: it is not one of the four.
    """
    written = value.text
    if written.startswith("call-") and (cursor := call_cursor(written)) is not None:
        return Boundary(cursor, 0)
    ago = _AGO.fullmatch(written)
    if ago is not None:
        return Boundary(None, _moment_ns(now) - int(ago[1]) * _UNITS_NS[ago[2]])
    of_day = _TIME_OF_DAY.fullmatch(written)
    moment = _time_of_day(of_day, now) if of_day is not None else parse_moment(written)
    if moment is None:
        raise QueryError(
            f'expected a call or a time, got "{written[:40]}": write call-12, 5m, 20:18 or'
            " 2026-01-31T12:00:00Z",
            text=text,
            position=value.position,
        )
    return Boundary(None, moment)


def _time_of_day(found: re.Match[str], now: datetime) -> int | None:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int((found[4] or "0").ljust(6, "0"))
    moment = now.replace(hour=hour, minute=minute, second=second, microsecond=fraction)
    if moment > now:
        moment -= timedelta(days=1)
    return _moment_ns(moment)


def _moment_ns(moment: datetime) -> int:
    """Return a moment without the rounding of floats."""
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * NANOSECONDS + moment.microsecond * 1000
