"""What converts values to the types of attributes (UE-11 to UE-16), and to standard fields."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.json_types import Json

STRING: Final = "string"
NUMBER: Final = "number"
FIXED: Final = "fixed"

_NUMERAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST = 2**63 - 1
_MOST_DEPTH = 32

# Source: User.com REST API, "Create user".
_MOST_PERSON_NAME: Final = 40

_GENDERS = {
    **dict.fromkeys(("1", "u", "unknown"), "unknown"),
    **dict.fromkeys(("2", "m", "male"), "male"),
    **dict.fromkeys(("3", "f", "female"), "female"),
}
_STATUSES = {"1": "visitor", "visitor": "visitor", "2": "user", "user": "user"}
_MOST_TAG = 255


class Unconvertible(Exception):  # noqa: N818 - a finding inside this package, never seen outside
    """A value cannot be converted; the message says to what, as the end of a sentence."""


def text(value: Json) -> str:
    """Return the text of a value: a string itself, else its JSON (``true``, ``999``, ``0.5``).

    A number without a fraction has none in its text, as in the JSON that Segment writes: the
    450.00 of a computed trait in Segment's document is 450.

    Raises:
        Unconvertible: nested deeper than 32.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    return json_types.encode(_bounded(value)).decode()


def shown(value: Json) -> str:
    """Return a value for a sentence, shortened."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    encoded = json_types.encode(value).decode()
    return encoded if len(encoded) <= 80 else encoded[:77] + "..."


def convert(
    value: Json, value_type: str, *, choices: tuple[str, ...] = (), many: bool = False
) -> Json:
    """Convert a value, which is not null, to a type.

    Args:
        value: JSON.
        value_type: one of `VALUE_TYPES`.
        choices: of a ``fixed`` attribute.
        many: whether a ``fixed`` attribute takes several of its choices, as a list.

    Raises:
        Unconvertible: it cannot be; the message names what is allowed.
    """
    if value_type == FIXED:
        return _fixed(value, choices, many=many)
    return _CONVERSIONS[value_type](value)


def _bounded(value: Json) -> Json:
    """Refuse what is nested so deep that it could not be shown again."""
    if json_types.is_deeper(value, than=_MOST_DEPTH):
        raise Unconvertible(f"is nested deeper than {_MOST_DEPTH}")
    return value


def read_number(value: Json) -> int | float:
    if isinstance(value, str):
        numeral = value.strip()
        if _NUMERAL.fullmatch(numeral) is None:
            raise Unconvertible("is not a number, such as 123 or the text of one")
        value = int(numeral) if numeral.lstrip("+-").isdigit() else float(numeral)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unconvertible("is not a number, such as 123 or the text of one")
    if abs(value) > _LARGEST and (isinstance(value, int) or not math.isfinite(value)):
        raise Unconvertible(f"is beyond {_LARGEST}")
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    return value


def read_integer(value: Json) -> int:
    number = read_number(value)
    if not isinstance(number, int):
        raise Unconvertible("is not a whole number")
    return number


def read_boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Unconvertible("is neither true nor false, nor their text, nor 0 or 1")


def read_date(value: Json) -> str:
    """Read a date, or the date of an ISO 8601 time in the offset that the time itself has.

    Raises:
        Unconvertible: neither.
    """
    text_ = value.strip() if isinstance(value, str) else ""
    if _DAY.fullmatch(text_[:10]) and (len(text_) == 10 or parse_moment(text_) is not None):
        try:
            return dt.date.fromisoformat(text_[:10]).isoformat()
        except ValueError:
            pass
    raise Unconvertible("is not a date as YYYY-MM-DD, nor an ISO 8601 timestamp")


def read_datetime(value: Json) -> str:
    moment = parse_moment(value)
    if moment is None:
        raise Unconvertible("is not an ISO 8601 timestamp")
    return format_moment(moment)


def _fixed(value: Json, choices: tuple[str, ...], *, many: bool) -> Json:
    if many and isinstance(value, list):
        return [_fixed(item, choices, many=False) for item in value]
    chosen = None if isinstance(value, dict | list) or value is None else text(value)
    if chosen not in choices:
        raise Unconvertible(f"is not one of its choices: {', '.join(choices)[:200]}")
    return [chosen] if many else chosen


_CONVERSIONS: dict[str, Callable[[Json], Json]] = {
    STRING: text,
    NUMBER: read_number,
    "integer": read_integer,
    "float": lambda value: float(read_number(value)),
    "boolean": read_boolean,
    "date": read_date,
    "datetime": read_datetime,
    "json": _bounded,
}

VALUE_TYPES: Final = (*_CONVERSIONS, FIXED)


# --- standard fields


def words(value: Json, *, most: int | None = None) -> str:
    """Return text or a number as text.

    Raises:
        Unconvertible: another kind of value, or over `most` characters.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unconvertible("is neither text nor a number")
    result = text(value)
    if most is not None and len(result) > most:
        raise Unconvertible(f"has {len(result)} characters; allowed are {most}")
    return result


def _one_of(table: Mapping[str, str], expected: str) -> Callable[[Json], str]:
    """Make a reader of a word, or of the vendor's code for it; it raises `Unconvertible`."""

    def read(value: Json) -> str:
        found = table.get(words(value).strip().lower())
        if found is None:
            raise Unconvertible(f"is not a {expected}")
        return found

    return read


gender = _one_of(_GENDERS, "gender: male, female, unknown, their letter, or 1, 2, 3")
status = _one_of(_STATUSES, "status: visitor or 1, user or 2")


def person_name(value: Json) -> str:
    """Read a first or last name, of 40 characters at most.

    Raises:
        Unconvertible: longer, or neither text nor a number.
    """
    return words(value, most=_MOST_PERSON_NAME)


def employees(value: Json) -> Json:
    """Read a number of people; a text that is not a number, such as ``50-100``, stays as given."""
    try:
        return read_number(value)
    except Unconvertible:
        return words(value)


def moment_of(value: Json) -> int:
    """Read a moment: ISO 8601, or seconds since 1970.

    Raises:
        Unconvertible: neither.
    """
    moment_ns = parse_moment(value)
    if moment_ns is not None:
        return moment_ns
    try:
        seconds = read_number(value)
    except Unconvertible:
        raise Unconvertible("is neither ISO 8601 nor a number of seconds since 1970") from None
    if abs(seconds) > 253_402_300_799:
        raise Unconvertible("is beyond the year 9999")
    return int(seconds * NANOSECONDS)


def amount(value: Json) -> str:
    """Return an amount of money as REST writes it: text with two decimals, ``1250.00``.

    Raises:
        Unconvertible: not a number.
    """
    return f"{read_number(value):.2f}"


def currency(value: Json) -> str:
    """Read a currency by its code of ISO 4217.

    Raises:
        Unconvertible: not three letters.
    """
    code = words(value).strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Unconvertible("is not a currency of three letters, such as EUR")
    return code


def choice(value: Json) -> Json:
    """Read what REST names by number or by text, such as a stage.

    Raises:
        Unconvertible: neither.
    """
    return value if type(value) is int else words(value)


def numbers(value: Json) -> list[int]:
    """Read a list of ids.

    Raises:
        Unconvertible: something else.
    """
    if not isinstance(value, list) or not all(type(number) is int for number in value):
        raise Unconvertible("is not a list of ids, which are whole numbers")
    return value


def tags_of(value: Json) -> list[str]:
    """Read tags: a list of names.

    Raises:
        Unconvertible: something else.
    """
    if not isinstance(value, list):
        raise Unconvertible("is not a list of names")
    for name in value:
        if not isinstance(name, str) or not 1 <= len(name) <= _MOST_TAG:
            raise Unconvertible(f"has a tag that is not a text of 1 to {_MOST_TAG} characters")
    return value


def email(value: Json) -> str:
    address = words(value)
    name, _, host = address.rpartition("@")
    if address and (not name or not host or any(character.isspace() for character in address)):
        raise Unconvertible("is not an email address")
    return address
