"""Lengths of time as people write them: a number and a unit."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from mockseg.clock import NANOSECONDS
from mockseg.errors import ConfigError
from mockseg.suggestions import unknown

UNITS: Final = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86_400),
}
"""Each unit in seconds."""
# Every part has a bounded length, so reading is linear.
NUMBER: Final = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)"
_DURATION: Final = re.compile(NUMBER + r"([a-z]{1,2})")
_LONGEST_SECONDS: Final = 3660 * 86_400


def parse_duration(text: str, *, place: str) -> int:
    """Read ``30s``, ``500ms``, ``5m``, ``2h`` or ``90d`` as nanoseconds.

    Raises:
        ConfigError: invalid duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        allowed = "a number and a unit, such as 30s, 5m or 90d"
        raise ConfigError(f'{place} is "{text[:100]}": it must be {allowed}')
    number, unit = match.groups()
    seconds = Fraction(number) * unit_seconds(unit, text, place=place)
    if not 0 < seconds <= _LONGEST_SECONDS:
        allowed = "above 0s and at most 3660d"
        raise ConfigError(f'{place} is "{text[:100]}": it must be {allowed}')
    return int(seconds * NANOSECONDS)


def unit_seconds(unit: str, text: str, *, place: str) -> Fraction:
    """Return how many seconds a unit is.

    Args:
        unit: such as ``m``.
        text: that it stands in.
        place: of that text.

    Raises:
        ConfigError: the unit is unknown.
    """
    if unit not in UNITS:
        raise ConfigError(f'{place} is "{text[:100]}": {unknown("unit", unit, UNITS)}')
    return UNITS[unit]
