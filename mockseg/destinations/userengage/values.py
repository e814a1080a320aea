"""The types that an attribute can have, and what converts to them (rules UE-11 to UE-16)."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Final

from mockseg import json_types
from mockseg.domain.timestamps import format_moment, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import Json


STRING: Final = "string"
NUMBER: Final = "number"
FIXED: Final = "fixed"

_NUMERAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST = 2**63 - 1
_MOST_DEPTH = 32


class Unconvertible(Exception):  # noqa: N818 - a finding inside this package, never seen outside
    """A value cannot be converted; the message says to what, as the end of a sentence."""


def text(value: Json) -> str:
    """Give the text of a value: a string itself, else its JSON (``true``, ``999``, ``1.0``).

    Raises:
        Unconvertible: nested deeper than 32.
    """
    if isinstance(value, str):
        return value
    return json_types.encode(_bounded(value)).decode()


def shown(value: Json) -> str:
    """Give a value for a sentence, shortened."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    words = json_types.encode(value).decode()
    return words if len(words) <= 80 else words[:77] + "..."


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
    if not isinstance(value, dict | list):
        return value
    level: list[Json] = [value]
    for _ in range(_MOST_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return value
    raise Unconvertible(f"is nested deeper than {_MOST_DEPTH}")


def _number(value: Json) -> int | float:
    if isinstance(value, str):
        numeral = value.strip()
        if _NUMERAL.fullmatch(numeral) is None:
            raise Unconvertible("is no number, such as 123 or the text of one")
        value = int(numeral) if numeral.lstrip("+-").isdigit() else float(numeral)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unconvertible("is no number, such as 123 or the text of one")
    if abs(value) > _LARGEST and (isinstance(value, int) or not math.isfinite(value)):
        raise Unconvertible(f"is beyond {_LARGEST}")
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    return value


def _integer(value: Json) -> int:
    number = _number(value)
    if not isinstance(number, int):
        raise Unconvertible("is no whole number")
    return number


def _float(value: Json) -> float:
    return float(_number(value))


def _boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Unconvertible("is neither true nor false, nor their text, nor 0 or 1")


def _date(value: Json) -> str:
    if isinstance(value, str) and _DAY.fullmatch(value.strip()):
        try:
            return dt.date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            pass
    raise Unconvertible("is no date as YYYY-MM-DD")


def _datetime(value: Json) -> str:
    moment = parse_moment(value)
    if moment is None:
        raise Unconvertible("is no ISO 8601 timestamp")
    return format_moment(moment)


def _fixed(value: Json, choices: tuple[str, ...], *, many: bool) -> Json:
    if many and isinstance(value, list):
        return [_fixed(item, choices, many=False) for item in value]
    chosen = None if isinstance(value, dict | list) or value is None else text(value)
    if chosen not in choices:
        raise Unconvertible(f"is none of its choices: {', '.join(choices)[:200]}")
    return [chosen] if many else chosen


_CONVERSIONS: dict[str, Callable[[Json], Json]] = {
    STRING: text,
    NUMBER: _number,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "json": _bounded,
}

VALUE_TYPES: Final = (*_CONVERSIONS, FIXED)
