"""Values of columns: objects flattened, the five types, and casts between them. Pure.

Source: Segment's documentation of its warehouse schema; what it leaves open is said at each place.
"""

from __future__ import annotations

import math
import re
from typing import Final, Literal, TypeAlias

from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.json_types import Json, JsonObject, encode
from mockseg.warehouse.names import snake_name

LogicalType: TypeAlias = Literal["varchar", "timestamp", "integer", "float", "boolean"]
# What can stand in a column.
Cell: TypeAlias = str | int | float | bool
Dates: TypeAlias = Literal["zoned", "any"]

LONGEST_NAME: Final = 300
"""Characters of a column's name; the most that any of Segment's warehouses allows (BigQuery)."""

_ZONED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.,]{4,18}\s?(?:[Zz]|[+-][0-9:]{2,5})")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]{1,310}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
_BIGGEST = 2**63
_MILLISECOND_NS = 1_000_000
_BOOLEANS = {"true": True, "false": False}


def flatten(value: JsonObject, *, prefix: str = "") -> dict[str, Cell]:
    """Return the values of an object and of the objects in it by the names of their columns.

    Keys are visited in the order of their bytes, and of two with the same column the last wins
    (go-tableize). Arrays become JSON texts; nulls and empty objects have no column. The column of
    a name without an ASCII letter or digit is ``""``.
    """
    flat: dict[str, Cell] = {}
    # Not recursive: a client decides how deep it goes. The next one to visit is the last.
    waiting: list[tuple[str, Json]] = [(prefix, value)]
    while waiting:
        name, each = waiting.pop()
        if isinstance(each, dict):
            for key in sorted(each, key=str.encode, reverse=True):
                path = f"{name}.{key}" if name else key
                waiting.append((snake_name(path)[: LONGEST_NAME + 1], each[key]))
        elif each is not None:
            flat.pop(name, None)
            flat[name] = json_text(each) if isinstance(each, list) else each
    return flat


def json_text(value: Json) -> str:
    """Return JSON without spaces; characters stand as they are."""
    return encode(value).decode()


def type_of(value: Cell, *, dates: Dates) -> LogicalType:
    """Return the type of the column that a value is the first of.

    Args:
        value: the first one that is not null.
        dates: which texts are timestamps. Segment recognises "ISO dates" and does not document
            their forms. ``zoned``: a date and a time with a zone; ``any``: a date alone, or
            without a zone, too.
    """
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if dates == "zoned" and _ZONED.fullmatch(value) is None:
        return "varchar"
    return "varchar" if parse_moment(value) is None else "timestamp"


def cast(value: Cell, type_: LogicalType, *, text_limit: int | None = None) -> Cell | None:
    """Return a value as one of the column's type, None where that cannot be.

    Segment documents a best-effort cast, and that a fraction in an integer column loses precision:
    here it is cut. A boolean is never a number, nor a number a boolean.

    Args:
        value: as it was sent.
        type_: of the column.
        text_limit: characters after which texts are cut.
    """
    if type_ == "varchar":
        # NUL cannot be stored in PostgreSQL.
        return _text(value).replace("\0", "")[:text_limit]
    if type_ == "timestamp":
        return timestamp(value)
    if type_ == "boolean":
        if isinstance(value, str):
            return _BOOLEANS.get(value.strip().lower())
        return value if isinstance(value, bool) else None
    number = _number(value)
    if number is None or not math.isfinite(number):
        return None
    if type_ == "float":
        return float(number)
    whole = int(number)
    return whole if -_BIGGEST <= whole < _BIGGEST else None


def timestamp(value: object) -> str | None:
    """Return an ISO 8601 text in UTC with milliseconds: always 24 characters."""
    moment = parse_moment(value)
    return None if moment is None else format_moment(moment - moment % _MILLISECOND_NS)


def _text(value: Cell) -> str:
    return value if isinstance(value, str) else json_text(value)


def _number(value: Cell) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > 400 or _NUMBER.fullmatch(value) is None:
            return None
        try:
            return int(value)
        except ValueError:
            return float(value)
    try:
        float(value)
    except OverflowError:
        return None
    return value
