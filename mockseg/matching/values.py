"""What may be expected of one value beside plain JSON.

Plain JSON is expected as :func:`mockseg.matching.match.contains` has it: an object may
have more members, anything else must be equal, with JSON's types. Any Python number
(``Decimal`` and ``Fraction`` too) means the JSON number nearest to it. Beside plain JSON,
and anywhere inside it, these are allowed: ``ANY``, ``ABSENT``, ``approx(...)``,
``between(...)``, ``exactly(...)``, a compiled pattern (the whole text must match), a
predicate, and any object with its own ``==``, such as those of dirty-equals.
:func:`mockseg.matching.values.admit` checks what a person gave.
"""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import math
import numbers
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mockseg.domain.timestamps import format_moment, parse_moment

if TYPE_CHECKING:
    from fractions import Fraction

    Number: TypeAlias = float | Decimal | Fraction
    Moment: TypeAlias = dt.datetime | str
    from mockseg.json_types import Json

# Bounds the recursion over what is expected, and with it every comparison.
_MAX_LEVELS: Final = 200


def admit(value: object, place: str, *, level: int = 0) -> Expected:
    """Return what a person expects: checked, copied, with plain JSON in plain types.

    Args:
        value: what was given.
        place: how to name it in an error, such as ``properties['total']``.
        level: its depth in the argument.

    Raises:
        TypeError: the value can never equal a JSON value, or an object's key is not a text.
        ValueError: it is a number or text that JSON cannot hold, or nested deeper than 200
            levels.
    """
    if level > _MAX_LEVELS:
        raise ValueError(f"{_short(place)} is nested deeper than {_MAX_LEVELS} levels")
    if value is None or isinstance(value, bool | Anything | Absent | Approx | Between):
        return value
    if isinstance(value, str):
        return _admit_text(str.__str__(value), place)
    if isinstance(value, numbers.Real | Decimal):
        return as_number(value, _short(place))
    if isinstance(value, Exactly):
        return Exactly(admit(value.expected, place, level=level))
    if isinstance(value, Mapping):
        return {
            _admit_key(key, place): admit(member, f"{place}[{key!r}]", level=level + 1)
            for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            admit(item, f"{place}[{index}]", level=level + 1) for index, item in enumerate(value)
        ]
    return _admit_other(value, place)


def plain_part(expected: Expected) -> Json:
    """Return what of an expectation a server can judge; ``ABSENT`` means nothing of it.

    It is weaker than the whole or the same, never stronger: what satisfies the whole
    contains it.
    """
    if isinstance(expected, Exactly):
        return plain_part(expected.expected)
    if isinstance(expected, dict):
        parts = {
            key: part
            for key, member in expected.items()
            if (part := plain_part(member)) is not ABSENT
        }
        # An object of nothing but absences may itself be missing.
        return parts if parts or _needs_object(expected) else ABSENT
    if isinstance(expected, list):
        # Arrays are equal as a whole or not at all.
        return expected if is_plain(expected) else ABSENT
    return expected if is_plain(expected) else ABSENT


def is_plain(expected: Expected) -> bool:
    """Return whether an expectation is JSON all the way down."""
    if isinstance(expected, dict):
        return all(is_plain(member) for member in expected.values())
    if isinstance(expected, list):
        return all(is_plain(item) for item in expected)
    return expected is None or isinstance(expected, str | int | float)


def _needs_object(expected: dict[str, Expected]) -> bool:
    if not expected:
        return True
    return any(
        _needs_object(member) if isinstance(member, dict) else member is not ABSENT
        for member in expected.values()
    )


def _admit_text(value: str, place: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{_short(place)} holds a lone surrogate, which no recorded call can have"
        ) from None
    return value


def _admit_key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{_short(place)} has the key {key!r}: the keys of JSON objects are texts")
    return _admit_text(str.__str__(key), f"a key of {place}")


# Types with an == of their own that never equal a JSON value, and what to write instead.
_NEVER_JSON: Final[tuple[tuple[type, str], ...]] = (
    (dt.datetime, "its ISO 8601 text as it was sent, or between(start, end)"),
    (dt.date, "its ISO 8601 text as it was sent"),
    (dt.time, "its text as it was sent"),
    (dt.timedelta, "a number as it was sent"),
    (uuid.UUID, "str(...) of it"),
    (ipaddress.IPv4Address, "str(...) of it"),
    (ipaddress.IPv6Address, "str(...) of it"),
    (enum.Enum, "its value"),
    (complex, "a number as it was sent"),
    (bytes, "a text"),
    (bytearray, "a text"),
    (set, "a list"),
    (frozenset, "a list"),
)


def _admit_other(value: object, place: str) -> Expected:
    if isinstance(value, re.Pattern):
        if not isinstance(value.pattern, str):
            raise TypeError(f"{_short(place)} is a pattern of bytes; JSON has texts")
        return value
    if isinstance(value, type):
        if type(value).__eq__ is not type.__eq__:
            return value
        raise TypeError(
            f"{_short(place)} is the class {value.__name__}, which equals no JSON value;"
            " give a value, ANY, or a predicate such as lambda value: isinstance(value, str)"
        )
    instead = _written_instead(value)
    if instead is not None:
        raise TypeError(
            f"{_short(place)} is a {type(value).__name__}, which equals no JSON value;"
            f" give {instead}"
        )
    if callable(value):
        return value
    if type(value).__eq__ is object.__eq__:
        raise TypeError(
            f"{_short(place)} is a {type(value).__name__}: neither JSON, nor a predicate,"
            " nor an object with an == of its own"
        )
    return value


def _written_instead(value: object) -> str | None:
    """Return what to write for an object whose == accepts its own kind only, else None."""
    kind = type(value)
    if hasattr(kind, "__fspath__"):
        return "str(...) of it"
    written_by_dataclass = (
        getattr(getattr(kind.__eq__, "__code__", None), "co_filename", "") == "<string>"
    )
    if is_dataclass(kind) and written_by_dataclass:
        return "dataclasses.asdict(...) of it"
    return next((instead for each, instead in _NEVER_JSON if isinstance(value, each)), None)


def _short(place: str) -> str:
    return place if len(place) <= 120 else place[:117] + "..."


# Plain JSON or a token, at any depth.
Expected: TypeAlias = Any

# A double has 1024 bits before its point; no recorded number is beyond it.
_MAX_INTEGER_BITS: Final = 1024


class Anything:
    """The type of ``ANY``: whatever value is there, null too, as long as it is there."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash(Anything)

    def __repr__(self) -> str:
        return "ANY"


class Absent:
    """The type of ``ABSENT``: the field must not be there.

    For the fields of a message itself (``user_id``, ``properties``) null counts as
    absent, as it does for Segment; inside of objects it is a value.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ANY: Final[Any] = Anything()
ABSENT: Final[Any] = Absent()


@dataclass(frozen=True, slots=True, eq=False)
class Approx:
    """A number near another; made by :func:`approx`.

    Attributes:
        expected: the number.
        tolerance: the largest difference that still counts as near.
    """

    expected: float
    tolerance: float

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool) or not isinstance(other, int | float):
            return NotImplemented
        try:
            return abs(other - self.expected) <= self.tolerance
        except OverflowError:
            return False

    __hash__ = None  # type: ignore[assignment]  # what is near is not one value

    def __repr__(self) -> str:
        return f"{self.expected!r} ± {self.tolerance:.3g}"


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """A number or a timestamp in a range, both ends included; made by :func:`between`.

    Attributes:
        low, high: the ends: numbers, or moments in nanoseconds since 1970.
        moments: the ends are moments, and ISO 8601 texts are compared with them.
    """

    low: float
    high: float
    moments: bool = False

    def __eq__(self, other: object) -> bool:
        if self.moments:
            moment = parse_moment(other)
            return moment is not None and self.low <= moment <= self.high
        if isinstance(other, bool) or not isinstance(other, int | float):
            return NotImplemented
        return self.low <= other <= self.high

    __hash__ = None  # type: ignore[assignment]  # a range is not one value

    def __repr__(self) -> str:
        if self.moments:
            return f"between {format_moment(int(self.low))} and {format_moment(int(self.high))}"
        return f"between {self.low!r} and {self.high!r}"


@dataclass(frozen=True, slots=True)
class Exactly:
    """An object or array with these members and no others; made by :func:`exactly`.

    Attributes:
        expected: the object or array; it holds all the way down.
    """

    expected: Expected

    __hash__ = None  # type: ignore[assignment]  # it holds a dict or a list

    def __repr__(self) -> str:
        return f"exactly({self.expected!r})"


def approx(
    expected: Number,
    *,
    abs: Number | None = None,  # noqa: A002 - the names that pytest.approx made familiar
    rel: Number | None = None,
) -> Approx:
    """Expect a number near this one; booleans and texts never match.

    Args:
        expected: the number.
        abs: the largest difference, in its own unit (default 1e-12).
        rel: the largest difference as a share of the number (default 1e-6, or 0 when only
            ``abs`` is given). The larger of the two counts.

    Raises:
        TypeError: a value is not a number.
        ValueError: a tolerance is negative or a value is not finite.
    """
    number = as_number(expected, "approx()")
    near = 1e-12 if abs is None else _tolerance(abs, "abs")
    share = (1e-6 if abs is None else 0.0) if rel is None else _tolerance(rel, "rel")
    distance = number if number >= 0 else -number
    return Approx(number, max(near, share * distance))


def between(low: Number | Moment, high: Number | Moment) -> Between:
    """Expect a number from ``low`` to ``high``, or a timestamp; both ends are included.

    Args:
        low: a number, or a moment: an aware datetime or an ISO 8601 text. Moments are
            compared with the ISO 8601 text that was sent.
        high: the other end, of the same kind.

    Raises:
        TypeError: an end is neither a number nor a moment, or they are of two kinds.
        ValueError: ``low`` is above ``high``, or a number is not finite.
    """
    of_moments = [isinstance(end, dt.datetime | str) for end in (low, high)]
    if of_moments[0] != of_moments[1]:
        raise TypeError(
            f"between({low!r}, {high!r}): expected two numbers or two moments, got one of each"
        )
    ends = (
        [_moment(end) for end in (low, high)]
        if of_moments[0]
        else [as_number(end, "between()") for end in (low, high)]
    )
    if ends[0] > ends[1]:
        raise ValueError(f"between({low!r}, {high!r}): low must not be above high")
    return Between(ends[0], ends[1], moments=of_moments[0])


def exactly(expected: Any) -> Exactly:
    """Expect an object without other members, all the way down; tokens may be inside.

    Args:
        expected: a dict, or a list whose objects are meant.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(expected, dict | list | tuple):
        raise TypeError(f"exactly() takes a dict or a list, got {type(expected).__name__}")
    return Exactly(expected)


def as_number(value: object, place: str) -> int | float:
    """Return the JSON number nearest to a Python number.

    Args:
        value: an int, a float, or any other real number such as ``Decimal`` or ``Fraction``.
        place: how to name it in an error.

    Raises:
        TypeError: it is not a number; booleans are not.
        ValueError: it is not finite, or beyond what JSON readers take.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        raise TypeError(f"{place} takes a number, got {value!r}")
    try:
        if isinstance(value, numbers.Integral):
            number: int | float = int(value)
        else:
            number = float(value)
    except (OverflowError, ValueError):
        # A Fraction or Decimal beyond a double, or a signalling NaN.
        number = math.inf
    if isinstance(number, int):
        if number.bit_length() > _MAX_INTEGER_BITS:
            raise ValueError(f"{place} is a number beyond a double, which JSON cannot hold")
        return number
    if not math.isfinite(number):
        raise ValueError(f"{place} is {value!r}, which JSON cannot hold")
    return number


def type_name(value: object) -> str:
    """Return the JSON name of a value's type; empty for what is not JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else ""


def _tolerance(value: object, name: str) -> float:
    tolerance = as_number(value, name)
    if tolerance < 0:
        raise ValueError(f"{name} is {value!r}: a tolerance is 0 or more")
    return tolerance


def _moment(end: object) -> int:
    if isinstance(end, dt.datetime):
        if end.tzinfo is None:
            raise TypeError(f"between({end!r}): a datetime needs a timezone, such as UTC")
        end = end.isoformat()
    moment = parse_moment(end)
    if moment is None:
        raise TypeError(f"between({end!r}): expected a number or an ISO 8601 timestamp")
    return moment
