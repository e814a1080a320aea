"""Moments as a person reads them: local with their offset, or UTC."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from mockseg.clock import SystemClock
from mockseg.domain.timestamps import format_moment, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable


_SECOND_NS: Final = 1_000_000_000


class Times:
    """Writes moments, with their day where it is not today.

    Args:
        utc: in UTC; else in the local time zone, as the variable TZ or the system names it.
        now_ns: the moment that says which day is today; now if omitted.
    """

    def __init__(self, *, utc: bool = False, now_ns: int | None = None) -> None:
        self._zone = UTC if utc else None
        now = self._moment(SystemClock().now_ns() if now_ns is None else now_ns)
        self._today = now.date() if now is not None else None

    def show(self, moment: str | int) -> str:
        """Return ``14:03:22.123 +02:00``, or ``14:03:22.123 UTC``, after the day if not today.

        Args:
            moment: ISO 8601, or nanoseconds since 1970.
        """
        moment_ns = parse_moment(moment) if isinstance(moment, str) else moment
        local = None if moment_ns is None else self._moment(moment_ns)
        if moment_ns is None or local is None:
            # No time zone knows a moment so far away.
            return moment if isinstance(moment, str) else format_moment(moment)
        day = "" if local.date() == self._today else f"{local:%Y-%m-%d} "
        milliseconds = moment_ns % _SECOND_NS // 1_000_000
        zone = "UTC" if self._zone is not None else local.isoformat()[19:]
        return f"{day}{local:%H:%M:%S}.{milliseconds:03d} {zone}"

    def _moment(self, moment_ns: int) -> datetime | None:
        try:
            return datetime.fromtimestamp(moment_ns // _SECOND_NS, UTC).astimezone(self._zone)
        except (ValueError, OverflowError, OSError):
            return None


def time_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--utc`` to a command, which gets ``times``: how it writes moments."""

    @functools.wraps(function)
    def command(*, utc: bool, **values: Any) -> Any:
        return function(times=Times(utc=utc), **values)

    return click.option("--utc", is_flag=True, help="Show times in UTC.  [local, with offset]")(
        command
    )
