"""What may be expected of one value, and how a value differs from it.

Plain JSON is expected as :func:`mockseg.matching.match.contains` has it: an object may
have more members, anything else must be equal, with JSON's types. Beside plain JSON,
and anywhere inside it, may stand: ``ANY``, ``ABSENT``, ``approx(...)``, a compiled
pattern (the whole text must match), a predicate, and any object that brings its own
``==``, as those of dirty-equals do.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from mockseg.json_types import Json

__all__ = [
    "ABSENT",
    "ANY",
    "Absent",
    "Anything",
    "Approx",
    "Expected",
    "admit",
    "approx",
    "is_plain",
    "plain_part",
    "type_name",
]

# Plain JSON or a token, at any depth.
Expected: TypeAlias = Any

# Bounds the recursion over what is expected, and with it every comparison.
_MAX_LEVELS: Final = 200
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
        tolerance: how far from it is near enough.
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


def approx(
    expected: float,
    *,
    abs: float | None = None,  # noqa: A002 - the names that pytest.approx made familiar
    rel: float | None = None,
) -> Approx:
    """Expect a number near this one; booleans and texts never are.

    Args:
        expected: the number.
        abs: how far it may be from it, in its own unit; 1e-12 by default.
        rel: the same as a share of it; 1e-6 by default, or 0 where only ``abs`` is given.
            The larger of the two counts.

    Raises:
        TypeError: a value is no number.
        ValueError: a tolerance is negative or a value is not finite.
    """
    _check_number("approx", expected)
    for name, tolerance in (("abs", abs), ("rel", rel)):
        if tolerance is not None:
            _check_number(name, tolerance)
            if tolerance < 0:
                raise ValueError(f"{name} is {tolerance!r}: a tolerance is 0 or more")
    if rel is None:
        rel = 1e-6 if abs is None else 0.0
    near = 1e-12 if abs is None else abs
    distance = expected if expected >= 0 else -expected
    return Approx(expected, max(near, rel * distance))


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} takes a number, not {value!r}")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise ValueError(f"{name} takes a finite number")


def type_name(value: object) -> str:
    """Give the JSON name of a value's type; empty for what is no JSON value."""
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


def admit(value: object, place: str, *, level: int = 0) -> Expected:
    """Take what a person expects: checked, copied, with plain JSON in plain types.

    Args:
        value: what was given.
        place: how to name it in an error, such as ``properties['total']``.
        level: how deep in the argument it is.

    Raises:
        TypeError: the value can never equal a JSON value, or an object's key is no text.
        ValueError: it is no number or text that JSON knows, or nested deeper than 200 levels.
    """
    if level > _MAX_LEVELS:
        raise ValueError(f"{_short(place)} is nested deeper than {_MAX_LEVELS} levels")
    if value is None or isinstance(value, bool | Anything | Absent | Approx):
        return value
    if isinstance(value, str):
        return _admit_text(str.__str__(value), place)
    if isinstance(value, int | float):
        return _admit_number(value, place)
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
    """Give what of an expectation a server can judge; ``ABSENT`` stands for nothing.

    It is weaker than the whole or the same, never stronger: what satisfies the whole
    contains it.
    """
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
    """Tell whether an expectation is JSON all the way down."""
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


def _admit_number(value: float, place: str) -> int | float:
    if isinstance(value, int):
        if value.bit_length() > _MAX_INTEGER_BITS:
            raise ValueError(f"{_short(place)} is a number beyond a double, which JSON has not")
        return int(value)
    if not math.isfinite(value):
        raise ValueError(f"{_short(place)} is {value!r}, which JSON has not")
    return float(value)


def _admit_key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{_short(place)} has the key {key!r}: the keys of JSON objects are texts")
    return _admit_text(str.__str__(key), f"a key of {place}")


# What brings its own == and yet never equals a JSON value, and what to write instead.
_NEVER_JSON: tuple[tuple[type, str], ...] = (
    (dt.datetime, "its ISO 8601 text, as the message has it"),
    (dt.date, "its ISO 8601 text, as the message has it"),
    (dt.time, "its text, as the message has it"),
    (dt.timedelta, "a number, as the message has it"),
    (uuid.UUID, "str(...) of it"),
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
    if callable(value):
        return value
    for kind, instead in _NEVER_JSON:
        if isinstance(value, kind):
            raise TypeError(
                f"{_short(place)} is a {kind.__name__}, which equals no JSON value; give {instead}"
            )
    if type(value).__eq__ is object.__eq__:
        raise TypeError(
            f"{_short(place)} is a {type(value).__name__}: neither JSON, nor a predicate,"
            " nor an object with an == of its own"
        )
    return value


def _short(place: str) -> str:
    return place if len(place) <= 120 else place[:117] + "..."
