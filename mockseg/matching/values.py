"""What may be expected of one value beside plain JSON.

Plain JSON is expected as :func:`mockseg.matching.match.contains` has it: an object may
have more members, anything else must be equal, with JSON's types. Any Python number
(``Decimal`` and ``Fraction`` too) means the JSON number nearest to it. Beside plain JSON,
and anywhere inside it, these are allowed: ``ANY``, ``ABSENT``, ``approx(...)``,
``between(...)``, ``exactly(...)``, a compiled pattern (the whole text must match), a
predicate, and any object with its own ``==``, such as those of dirty-equals.
:func:`mockseg.matching.admission.admit` checks what a person gave.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mockseg.domain.timestamps import format_moment, parse_moment

if TYPE_CHECKING:
    from fractions import Fraction

    Number: TypeAlias = float | Decimal | Fraction
    Moment: TypeAlias = dt.datetime | str


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
