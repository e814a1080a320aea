"""Rates, times, shares and mixes as people write them: ``200/s``, ``30s``, ``5%``, ``A=3,B=20``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from mockseg.domain.timestamps import parse_moment
from mockseg.errors import ConfigError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


SECOND: Final = 1_000_000_000
_SECONDS: Final = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86_400),
}
# Every part has a bounded length, so reading is linear.
_NUMBER: Final = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)"
_RATE: Final = re.compile(_NUMBER + r"(?:/([a-z]{1,2}))?")
_DURATION: Final = re.compile(_NUMBER + r"([a-z]{1,2})")
_SHARE: Final = re.compile(_NUMBER + r"(%?)")
_SPEED: Final = re.compile(_NUMBER + r"x?")
_FASTEST: Final = 10_000_000
_LONGEST_SECONDS: Final = 3660 * 86_400
_MOST_WEIGHT: Final = 1_000_000


def parse_rate(text: str, *, place: str) -> Fraction:
    """Read ``200/s``, ``30/m``, ``5/h`` or ``200`` (a second) as calls a second.

    Raises:
        ConfigError: invalid rate; the sentence names the place, the value and the units.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise _refused(text, place, "a number of calls and a unit of time, such as 200/s or 30/m")
    number, unit = match.groups()
    rate = Fraction(number) / _unit(unit or "s", text, place)
    if not 0 < rate <= _FASTEST:
        raise _refused(text, place, f"above 0/s and at most {_FASTEST}/s")
    return rate


def parse_duration(text: str, *, place: str) -> int:
    """Read ``30s``, ``500ms``, ``5m``, ``2h`` or ``90d`` as nanoseconds.

    Raises:
        ConfigError: invalid duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise _refused(text, place, "a number and a unit, such as 30s, 5m or 90d")
    number, unit = match.groups()
    seconds = Fraction(number) * _unit(unit, text, place)
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise _refused(text, place, "above 0s and at most 3660d")
    return int(seconds * SECOND)


def parse_share(text: str, *, place: str) -> float:
    """Read ``5%`` or ``0.05`` as a share from 0 to 1.

    Raises:
        ConfigError: invalid share.
    """
    match = _SHARE.fullmatch(text.strip())
    if match is not None:
        share = Fraction(match[1]) / (100 if match[2] else 1)
        if share <= 1:
            return float(share)
    raise _refused(text, place, "a share such as 5% or 0.05, from 0% to 100%")


def parse_speed(text: str, *, place: str) -> Fraction:
    """Read ``10x`` or ``0.5`` as how many times faster than it was.

    Raises:
        ConfigError: invalid speed.
    """
    match = _SPEED.fullmatch(text.strip())
    if match is None or not Fraction(match[1]):
        raise _refused(text, place, "how many times faster, above 0, such as 10x or 0.5x")
    return Fraction(match[1])


def parse_moment_named(text: str, *, place: str) -> int:
    """Read a day or an ISO 8601 time as a moment, UTC where it names no offset.

    Raises:
        ConfigError: invalid time.
    """
    moment = parse_moment(text)
    if moment is None:
        raise _refused(text, place, "a day or a time such as 2026-01-01 or 2026-01-01T09:30:00Z")
    return moment


def parse_mix(text: str, *, place: str) -> Mapping[str, int]:
    """Read ``Order Completed=3,Product Viewed=20`` as weights by event.

    Raises:
        ConfigError: a part has no name or no weight.
    """
    mix: dict[str, int] = {}
    for part in text.split(","):
        name, _, weight = part.strip().rpartition("=")
        if not name or not weight.isdecimal() or len(weight) > 7 or int(weight) > _MOST_WEIGHT:
            allowed = f"EVENT=WEIGHT, with a whole number from 0 to {_MOST_WEIGHT}"
            raise _refused(part, place, f"{allowed}, such as Order Completed=3")
        mix[name.strip()] = int(weight)
    if not any(mix.values()):
        raise _refused(text, place, "at least one event with a weight above 0")
    return mix


def _unit(unit: str, text: str, place: str) -> Fraction:
    if unit not in _SECONDS:
        raise ConfigError(f'{place} is "{text[:100]}": {unknown("unit", unit, _SECONDS)}')
    return _SECONDS[unit]


def _refused(text: str, place: str, allowed: str) -> ConfigError:
    return ConfigError(f'{place} is "{text[:100]}": it must be {allowed}')
