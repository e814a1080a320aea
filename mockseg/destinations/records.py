"""Records made from JSON that somebody gave: a state to restore, the arguments of an action."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mockseg import json_types
from mockseg.conversion import convert
from mockseg.errors import MalformedJsonError, OperationError, VendorStateError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mockseg.destinations.vendor import Action
    from mockseg.json_types import Json, JsonObject


_PLACE = re.compile(r"^(.*?) - at `(?:key in )?\$\.?(.*)`$", re.DOTALL)
_Record = TypeVar("_Record", bound=msgspec.Struct)


class Arguments(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What an action takes: the base of each action's."""


def field_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """Split a refusal into the place, as a JSON path without ``$``, and the sentence."""
    text = str(error)
    match = _PLACE.match(text)
    if match is None:
        return "", text
    return match.group(2), match.group(1)


def plain(record: msgspec.Struct) -> JsonObject:
    """Give a record as JSON, of containers of its own."""
    value: JsonObject = msgspec.to_builtins(record)
    return value


def copied(value: Json) -> Json:
    """Give a JSON value of containers of its own.

    Raises:
        VendorStateError: it is no JSON.
    """
    try:
        return json_types.decode(json_types.encode(value))
    except (TypeError, ValueError, RecursionError, MalformedJsonError) as error:
        raise VendorStateError(f"this is no JSON: {error}") from None


def fill(records: Json, defaults: Callable[[str], JsonObject]) -> None:
    """Add what was left out of records that stand under their keys.

    Args:
        records: changed in place; what is no object is left for `record_from` to refuse.
        defaults: of the record with this key.
    """
    if not isinstance(records, dict):
        return
    for key, record in records.items():
        if isinstance(record, dict):
            for name, value in defaults(key).items():
                record.setdefault(name, value)


def record_from(value: Json, record: type[_Record], *, place: str = "") -> _Record:
    """Make a record, of containers of its own.

    Args:
        value: JSON.
        record: its type.
        place: where the value is in a larger one, for errors.

    Raises:
        VendorStateError: it is no JSON, or not such a record; names the place and what is allowed.
    """
    own = copied(value)
    try:
        return convert(own, record, where="")
    except OperationError as error:
        inner = error.details["parameter"]
        # The place is said once.
        reason = re.sub(rf"\A`{re.escape(inner)}`:? ", "", error.message)
        where = f"{place}{'' if inner.startswith('[') else '.'}{inner}".strip(".")
        raise VendorStateError(reason, place=where) from None


def known_names(names: Collection[str]) -> str:
    """List names for a refusal, the first ten of them."""
    shown = ", ".join(name[:100] for name in list(names)[:10])
    more = len(names) - 10
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def arguments_of(actions: Mapping[str, Action], action: str, given: JsonObject) -> msgspec.Struct:
    """Read the arguments of an action.

    Raises:
        VendorStateError: no such action, or wrong arguments.
    """
    known = actions.get(action)
    if known is None:
        raise VendorStateError(unknown("action", action, sorted(actions)))
    return record_from(given, known.arguments)
