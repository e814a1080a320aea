"""Taking what a person expects of a value: checked, copied, with plain JSON in plain types."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import numbers
import re
import uuid
from collections.abc import Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from mockseg.matching.values import (
    ABSENT,
    Absent,
    Anything,
    Approx,
    Between,
    Exactly,
    Expected,
    as_number,
)

if TYPE_CHECKING:
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
