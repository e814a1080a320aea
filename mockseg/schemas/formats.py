"""Texts of the formats: which ones strategies and traffic make, and which ones look like one.

What a plan's ``format`` takes is said by :mod:`mockseg.schemas.format_checks`, and is more.

Strings of a format are each read from one row of bytes, whatever those are. What a test of
Hypothesis takes is paid by the choice, so a value is one choice: a row of bytes. Each of them
says one thing (a kind of notation, an hour, a character or its absence) and 0 says the
simplest, for Hypothesis shrinks the bytes of a row one by one. They are evenly spread, unlike
large whole numbers, most of which are drawn small.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from ipaddress import IPv6Address
from typing import Final, NamedTuple, TypeVar

from mockseg.schemas.format_checks import is_format

# Ours, for the envelope's timestamps: as SDKs write them, in years that clocks have.
MOMENT: Final = "mockseg-moment"

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|[+-]([0-9]{2}):([0-9]{2}))\Z"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_EMAIL_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}\Z")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
# Above ASCII everything but the no-break space and its C1 neighbours: browsers escape
# such characters, other clients often do not, and Go's parser takes them.
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%\u00a1-\U0010ffff-]*"
).fullmatch
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _is_date(text: str) -> bool:
    match = _DATE.match(text)
    if match is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    match = _TIME.match(text)
    if match is None:
        return False
    offset_fits = match[4] is None or (int(match[4]) < 24 and int(match[5]) < 60)
    # A leap second is written as :60.
    return int(match[1]) < 24 and int(match[2]) < 60 and int(match[3]) <= 60 and offset_fits


def _is_date_time(text: str) -> bool:
    return text[10:11] in {"T", "t"} and _is_date(text[:10]) and _is_time(text[11:])


def _is_hostname(text: str) -> bool:
    return 0 < len(text) <= 253 and all(_LABEL.match(label) for label in text.split("."))


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or _EMAIL_LOCAL.match(local) is None:
        return False
    dots_fit = not (local.startswith(".") or local.endswith(".") or ".." in local)
    return dots_fit and _is_hostname(domain)


def _is_uri(text: str) -> bool:
    return _URI(text) is not None and ("%" not in text or _BAD_ESCAPE.search(text) is None)


_LOOKS: Final[dict[str, Callable[[str], bool]]] = {
    "date-time": _is_date_time,
    "date": _is_date,
    "uuid": lambda text: _UUID(text) is not None,
    "email": _is_email,
    "uri": _is_uri,
}


def looks_like(name: str, text: str) -> bool:
    """Return whether a text is meant to have a format, by its standard, and a plan takes it so.

    Args:
        name: date-time, date, uuid, email or uri.
        text: any.
    """
    return _LOOKS[name](text) and is_format(name, text)


T = TypeVar("T")

_MIDDLE: Final = date(2000, 1, 1).toordinal()
_FIRST: Final = 1 - _MIDDLE
_LAST: Final = date.max.toordinal() - _MIDDLE
_TWO: Final = tuple(f"{number:02d}" for number in range(60))
_ZONES: Final = ("Z", "+00:00", "+05:30", "-08:00", "+12:45", "-03:30")
_OFFSETS: Final = 2 * (24 * 60 - 1) + 1
_DAY_BYTES: Final = 3
_CLOCK_BYTES: Final = 3 + 5 + 2
# From here on the first byte of a day says that it may be of any year.
_FAR: Final = 0x80
# Days that code tells apart: leap days, those before 1970, at the limits of years, of another
# century, after 32-bit time. Each has its own form of a clock: hour, minute, second, digits of a
# second and what they are, zone. In UTC the limits are in years that most libraries do not know.
_TELLING: Final = (
    ("2000-01-01", (0, 0, 0, *(0, 0, 0, 0, 0), 0, 0)),
    ("2024-02-29", (23, 59, 59, *(5, 0, 0, 3, 231), 0, 3)),
    ("1969-12-31", (0, 0, 0, *(11, 0, 0, 0, 1), 0, 2)),
    ("9999-12-31", (23, 59, 59, *(0, 0, 0, 0, 0), 0, 3)),
    ("0001-01-01", (0, 0, 0, *(0, 0, 0, 0, 0), 0, 2)),
    ("2038-01-20", (12, 30, 15, *(17, 7, 91, 205, 21), 0, 0)),
    ("1999-12-31", (23, 59, 59, *(0, 0, 0, 0, 0), 0, 1)),
)


class Coded(NamedTuple):
    """A kind of string: ``read`` makes one of any row of ``size`` bytes.

    Attributes:
        size: of a row, in bytes.
        read: makes the string.
        telling: rows of strings that code tells apart, such as a leap day; the simplest first.
    """

    size: int
    read: Callable[[bytes], str]
    telling: tuple[bytes, ...] = ()


def _of(choices: tuple[T, ...], code: int) -> T:
    return choices[code % len(choices)]


# --- moments


def _fraction(code: bytes) -> str:
    """Write nothing in one case of two, else 1 to 9 digits with their leading zeros."""
    if code[0] % 2 == 0:
        return ""
    count = 1 + code[0] // 2 % 9
    return f".{int.from_bytes(code[1:], 'big') % 10**count:0{count}d}"


def _zone(code: bytes) -> str:
    """Write one of the usual offsets in two cases of three, else any."""
    number = int.from_bytes(code, "big")
    if code[0] < 0xAA:
        return _of(_ZONES, number)
    minutes = number % _OFFSETS - _OFFSETS // 2
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{_TWO[hours]}:{_TWO[rest]}"


def _time(code: bytes) -> str:
    clock = f"{_TWO[code[0] % 24]}:{_TWO[code[1] % 60]}:{_TWO[code[2] % 60]}"
    return f"{clock}{_fraction(code[3:8])}{_zone(code[8:10])}"


class _Days:
    """Days from 2000-01-01: within 90 years in one case of two, before and after in turn."""

    def __init__(self, first: int, last: int) -> None:
        self._first, self._last = first, last
        self._middle = 0 if first <= 0 <= last else first
        self._before, self._after = self._middle - first, last - self._middle + 1

    def read(self, code: bytes) -> str:
        # Of what is near, the first byte only says so.
        number = int.from_bytes(code if code[0] >= _FAR else code[1:], "big")
        half, odd = divmod(number, 2)
        if odd and self._before:
            days = self._middle - 1 - half % self._before
        else:
            days = self._middle + half % self._after
        return date.fromordinal(_MIDDLE + days).isoformat()

    def code(self, text: str) -> bytes | None:
        """Return the row that is read as a day; None where it is out of the range."""
        days = date.fromisoformat(text).toordinal() - _MIDDLE
        if not self._first <= days <= self._last:
            return None
        odd = days < self._middle
        half, period = (
            (self._middle - 1 - days, self._before) if odd else (days - self._middle, self._after)
        )
        if 2 * half + odd >= 1 << 8 * (_DAY_BYTES - 1):
            # Far days are read from all bytes, the first of which is large.
            least = _FAR << 8 * (_DAY_BYTES - 1)
            half += -(-(least // 2 - half) // period) * period
        return (2 * half + odd).to_bytes(_DAY_BYTES, "big")


def dates() -> Coded:
    """Return days of all years that four digits can write."""
    days = _Days(_FIRST, _LAST)
    telling = dict.fromkeys(code for day, _ in _TELLING if (code := days.code(day)) is not None)
    return Coded(_DAY_BYTES, days.read, tuple(telling))


def date_times(first_day: int, last_day: int) -> Coded:
    """Return moments as RFC 3339 has them, with 0 to 9 digits and any offset.

    Args:
        first_day: the earliest, in days from 2000-01-01.
        last_day: the latest.
    """
    days = _Days(first_day, last_day)

    def read(code: bytes) -> str:
        return f"{days.read(code[:_DAY_BYTES])}T{_time(code[_DAY_BYTES:])}"

    telling = [(days.code(day), bytes(clock)) for day, clock in _TELLING]
    return Coded(
        _DAY_BYTES + _CLOCK_BYTES,
        read,
        tuple(day + clock for day, clock in telling if day is not None),
    )


# --- identifiers and addresses


def _uuid(code: bytes) -> str:
    """Write capitals in one case of eight."""
    digits = code[1:].hex()
    text = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return text.upper() if code[0] % 8 == 7 else text


def _ipv4(code: bytes) -> str:
    return ".".join(map(str, code))


def _ipv6(code: bytes) -> str:
    """Write all notations; some groups are zero, for those are what is left out."""
    groups = bytearray(code[2:])
    for place in range(8):
        if code[1] >> place & 1:
            groups[2 * place : 2 * place + 2] = b"\0\0"
    address = IPv6Address(bytes(groups))
    match code[0] % 4:
        case 0:
            return address.compressed
        case 1:
            return address.exploded
        case 2:
            return address.compressed.upper()
        case _:
            return f"{address.exploded[:30]}{_ipv4(bytes(groups[12:]))}"


class _Letters:
    """Reads bytes as characters of an alphabet; a byte may also stand for no character."""

    def __init__(self, alphabet: str) -> None:
        count = len(alphabet) * max(1, 170 // len(alphabet))
        self._table = bytes(ord(alphabet[(code - 1) % len(alphabet)]) for code in range(256))
        self._none = bytes([0, *range(count + 1, 256)])

    def read(self, code: bytes) -> str:
        return code.translate(self._table, self._none).decode("ascii")


_LOWER: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HOST: Final = _Letters(f"{_LOWER}-XYZ")
_LOCAL: Final = _Letters(f"{_LOWER}!#$%&'*+/=?^_`{{|}}~-{_UPPER}")
_PATH: Final = _Letters(f"{_LOWER}/-._~,;@:!$&'()*+={_UPPER}")
_SEGMENTS: Final = _Letters(f"{_LOWER}/-_.{_UPPER}")
_VARIABLES: Final = ("", "{id}", "{id,page}", "{+path}")
_TOPS: Final = (".com", ".io", ".org", ".co", ".museum", ".www.com")
_MIDDLES: Final = ("@", "@", "+tag@", ".a@", "@x-1.")
_STARTS: Final = (
    "https://a.com/",
    "http://a.io/",
    "https://www.a-1.co:8080/",
    "https://u@a.org/",
    "https://[::1]/",
    "mailto:",
    "urn:",
)
_ENDS: Final = ("", "", "?q=%20", "#f", "?a=1&b=a%2Cb", "%C3%A9", "?")
_ROOM_OF_MIDDLE: Final = max(map(len, _MIDDLES))
_ROOM_OF_TOP: Final = max(map(len, _TOPS))
_ROOM_AROUND_PATH: Final = max(map(len, _STARTS)) + max(map(len, _ENDS))
# From here on there is room for every middle and every top.
_ROOMY: Final = 24


def _label(code: bytes) -> str:
    return _HOST.read(code).strip("-") or "a"


def _hostnames(longest: int) -> Coded:
    if longest < _ROOMY:
        return Coded(longest, _label)
    size = min(longest - _ROOM_OF_TOP, 30)
    return Coded(1 + size, lambda code: _label(code[1:]) + _of(_TOPS, code[0]))


def _emails(longest: int) -> Coded:
    local = max(1, longest // 8)
    if longest < _ROOMY:
        room = longest - local - 1
        return Coded(
            local + room,
            lambda code: f"{_LOCAL.read(code[:local]) or 'a'}@{_label(code[local:])}",
        )
    host = min(longest - local - _ROOM_OF_MIDDLE - _ROOM_OF_TOP, 16)

    def read(code: bytes) -> str:
        name = _LOCAL.read(code[2 : 2 + local]) or "a"
        return f"{name}{_of(_MIDDLES, code[0])}{_label(code[2 + local :])}{_of(_TOPS, code[1])}"

    return Coded(2 + local + host, read)


def _without_host(path: str) -> str:
    """Return a path that is not read as a host, whose port would have to be a number."""
    return path.lstrip("/") if path.startswith("//") else path


def _uris(longest: int) -> Coded:
    room = longest - _ROOM_AROUND_PATH
    if room < 1:
        return Coded(longest - 2, lambda code: f"a:{_without_host(_PATH.read(code))}")

    def read(code: bytes) -> str:
        start, path = _of(_STARTS, code[0]), _PATH.read(code[2:])
        return start + (path if start.endswith("/") else _without_host(path)) + _of(_ENDS, code[1])

    return Coded(2 + room, read)


def _references(longest: int) -> Coded:
    """Return URIs, and in every second case paths without a host."""
    uris = _uris(longest)

    def read(code: bytes) -> str:
        return uris.read(code[1:]) if code[0] % 2 else f"/a{_PATH.read(code[1 : longest - 1])}"

    return Coded(1 + uris.size, read)


def _templates(longest: int) -> Coded:
    room = longest - max(map(len, _VARIABLES))
    if room < 1:
        return Coded(longest, lambda code: _without_host(_SEGMENTS.read(code)))

    def read(code: bytes) -> str:
        return _without_host(_SEGMENTS.read(code[1:])) + _of(_VARIABLES, code[0])

    return Coded(1 + room, read)


def _regexes(longest: int) -> Coded:
    counts = ("", "+", "*") if longest > 1 else ("",)

    def read(code: bytes) -> str:
        return _label(code[1:longest]) + _of(counts, code[0])

    return Coded(longest, read)


def _pointers(longest: int) -> Coded:
    room = longest - 3

    def read(code: bytes) -> str:
        # One in eight is the whole document.
        if room < 0 or code[0] % 8 == 7:
            return ""
        return f"/{_SEGMENTS.read(code[1:])}{_of(('', '~0', '~1'), code[0])}"

    return Coded(1 + max(0, room), read)


def _relative_pointers(longest: int) -> Coded:
    pointers = _pointers(longest - 1)

    def read(code: bytes) -> str:
        way = pointers.read(code[1:]) if code[0] % 3 or longest < 2 else "#"
        return f"{code[0] % 10}{way}"

    return Coded(1 + pointers.size, read)


# Format -> the shortest it can be, the longest it comes, and how it is made.
FORMATS: Final = {
    "date-time": (20, 35, date_times(_FIRST, _LAST)),
    "date": (10, 10, dates()),
    "time": (9, 24, Coded(_CLOCK_BYTES, _time)),
    "uuid": (36, 36, Coded(17, _uuid)),
    "ipv4": (7, 15, Coded(4, _ipv4)),
    "ipv6": (2, 45, Coded(18, _ipv6)),
    # 1970 to 2099: Segment's Unify takes nothing older.
    MOMENT: (20, 35, date_times(-10_957, 36_523)),
}
_BOUNDED: Final = {
    "hostname": (1, _hostnames),
    "email": (3, _emails),
    "idn-email": (3, _emails),
    "uri": (2, _uris),
    "iri": (2, _uris),
    "uri-reference": (2, _references),
    "iri-reference": (2, _references),
    "uri-template": (1, _templates),
    "regex": (1, _regexes),
    "json-pointer": (0, _pointers),
    "relative-json-pointer": (1, _relative_pointers),
}
_NATURAL: Final = 72


def format_text(name: str, least: int, most: int | None) -> Coded | None:
    """Return strings of a format within a length; None where that cannot be constructed.

    Args:
        name: one of the formats that plans assert.
        least: the shortest, in characters.
        most: the longest, or None.
    """
    if name in FORMATS:
        shortest, longest, coded = FORMATS[name]
        return coded if least <= shortest and (most is None or most >= longest) else None
    shortest, make = _BOUNDED[name]
    if least > shortest or (most is not None and most < shortest):
        return None
    return make(_NATURAL if most is None else min(most, _NATURAL))
