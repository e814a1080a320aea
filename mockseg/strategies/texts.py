"""Strings of a format, put together from their parts and never filtered."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["FORMATS", "MOMENT", "date_times", "format_text"]

# Ours, for the envelope's timestamps: as SDKs write them, in years that clocks have.
MOMENT: Final = "mockseg-moment"

_MIDDLE: Final = date(2000, 1, 1).toordinal()
_FIRST: Final = 1 - _MIDDLE
_LAST: Final = date.max.toordinal() - _MIDDLE
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_SECONDS: Final = st.integers(0, 86_399)
_ZONES: Final = ("Z", "+00:00", "+05:30", "-08:00", "+12:45", "-03:30")
# One number each, for every choice costs: digits of a second, and an offset.
_FRACTION: Final = st.integers(0, 2_000_000_000)
_ZONE: Final = st.integers(0, len(_ZONES) * 1000 + 2878)


def _fraction(number: int) -> str:
    """Write nothing in one case of two, else 1 to 9 digits with their leading zeros."""
    if number % 2 == 0:
        return ""
    digits = number // 2
    return f".{digits % 10 ** (1 + digits % 9):0{1 + digits % 9}d}"


def _zone(number: int) -> str:
    """Write one of the usual offsets in two cases of three, else any."""
    if number < len(_ZONES) * 1000:
        return _ZONES[number % len(_ZONES)]
    minutes = number - len(_ZONES) * 1000 - 1439
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _day(days: int) -> str:
    return date.fromordinal(_MIDDLE + days).isoformat()


def _moment(parts: tuple[int, int, int]) -> str:
    days, second = divmod(parts[0], 86_400)
    return f"{_day(days)}T{_clock(second)}{_fraction(parts[1])}{_zone(parts[2])}"


def _time(parts: tuple[int, int, int]) -> str:
    return f"{_clock(parts[0])}{_fraction(parts[1])}{_zone(parts[2])}"


def date_times(first_day: int, last_day: int) -> SearchStrategy[str]:
    """Give moments as RFC 3339 has them, with 0 to 9 digits and any offset.

    Args:
        first_day: the earliest, in days from 2000-01-01.
        last_day: the latest.
    """
    seconds = st.integers(first_day * 86_400, last_day * 86_400 + 86_399)
    return st.tuples(seconds, _FRACTION, _ZONE).map(_moment)


def _label(longest: int) -> SearchStrategy[str]:
    """Give a label of a host name; a hyphen only in its middle."""
    plain = st.text(_LETTERS, min_size=1, max_size=longest)
    if longest < 3:
        return plain
    half = (longest - 1) // 2
    joined = st.tuples(*[st.text(_LETTERS, min_size=1, max_size=half)] * 2).map("-".join)
    return st.one_of(plain, joined)


def _hostnames(longest: int) -> SearchStrategy[str]:
    if longest < 14:
        return st.text(_LETTERS, min_size=1, max_size=longest)
    label = _label(longest - len(".www.museum"))
    return st.tuples(label, _TOPS).map("".join)


def _emails(longest: int) -> SearchStrategy[str]:
    size = max(1, longest // 8)
    local = st.text(_LETTERS + "!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=size)
    host = _hostnames(max(1, min(longest - 2 * size - (6 if longest >= 24 else 1), 40)))
    middles = _MIDDLES if longest >= 24 else st.just("@")
    return st.tuples(local, middles, host).map("".join)


def _uris(longest: int) -> SearchStrategy[str]:
    """Give addresses: the start, a path, and what comes after it."""
    room = longest - 36
    if room < 1:
        return st.text(_LETTERS, max_size=max(0, longest - 2)).map("a:{}".format)
    path = st.text(_LETTERS + "-._~/,;@:", max_size=room)
    return st.tuples(_STARTS, path, _ENDS).map("".join)


_TOPS: Final = st.sampled_from([".com", ".io", ".org", ".co", ".museum", ".www.com"])
_MIDDLES: Final = st.sampled_from(["@", "+tag@", ".a@", "@x-1."])
_STARTS: Final = st.sampled_from(
    ["https://a.com/", "http://a.io/", "https://www.a-1.co:8080/", "https://u@a.org/"]
)
_ENDS: Final = st.sampled_from(["", "?q=%20", "#f", "?a=1&b=a%2Cb", "%C3%A9", "?"])


def _uuid(number: int) -> str:
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _ipv4(number: int) -> str:
    return str(IPv4Address(number))


def _ipv6(number: int) -> str:
    return str(IPv6Address(number))


# Format -> the shortest it can be, the longest it comes, and how it is made.
FORMATS: Final = {
    "date-time": (20, 35, date_times(_FIRST, _LAST)),
    "date": (10, 10, st.integers(_FIRST, _LAST).map(_day)),
    "time": (9, 24, st.tuples(_SECONDS, _FRACTION, _ZONE).map(_time)),
    "uuid": (36, 36, st.integers(0, 2**128 - 1).map(_uuid)),
    "ipv4": (7, 15, st.integers(0, 2**32 - 1).map(_ipv4)),
    "ipv6": (2, 39, st.integers(0, 2**128 - 1).map(_ipv6)),
    # 1970 to 2099: Segment's Unify takes nothing older.
    MOMENT: (20, 35, date_times(-10_957, 36_523)),
}
_BOUNDED: Final = {"hostname": (1, _hostnames), "email": (3, _emails), "uri": (2, _uris)}
_NATURAL: Final = 72


def format_text(name: str, least: int, most: int | None) -> SearchStrategy[str] | None:
    """Give strings of a format within a length; None where that cannot be constructed.

    Args:
        name: one of the formats that plans assert.
        least: the shortest, in characters.
        most: the longest, or None.
    """
    if name in FORMATS:
        shortest, longest, strategy = FORMATS[name]
        return strategy if least <= shortest and (most is None or most >= longest) else None
    shortest, make = _BOUNDED[name]
    if least > shortest or (most is not None and most < shortest):
        return None
    return make(_NATURAL if most is None else min(most, _NATURAL))
