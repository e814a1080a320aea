"""Records made from JSON that somebody gave: a state to restore, the arguments of an action."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mockseg import json_types
from mockseg.errors import MalformedJsonError, VendorStateError
from mockseg.plans.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.destinations.vendor import Action
    from mockseg.json_types import Json, JsonObject

__all__ = ["Arguments", "arguments_of", "field_of", "record_from"]

_PLACE = re.compile(r"^(.*?) - at `(?:key in )?\$\.?(.*)`$", re.DOTALL)
_Record = TypeVar("_Record")


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


def record_from(value: Json, record: type[_Record]) -> _Record:
    """Make a record, of containers of its own.

    Raises:
        VendorStateError: it is no JSON, or not such a record; names the place and what is allowed.
    """
    try:
        return msgspec.convert(json_types.decode(json_types.encode(value)), record)
    except msgspec.ValidationError as error:
        place, sentence = field_of(error)
        raise VendorStateError(sentence, place=place) from None
    except (TypeError, ValueError, RecursionError, MalformedJsonError) as error:
        raise VendorStateError(f"this is no JSON: {error}") from None


def arguments_of(actions: Mapping[str, Action], action: str, given: JsonObject) -> msgspec.Struct:
    """Read the arguments of an action.

    Raises:
        VendorStateError: no such action, or wrong arguments.
    """
    known = actions.get(action)
    if known is None:
        near = nearest(action, tuple(actions))
        hint = f"; did you mean {near}?" if near is not None else ""
        raise VendorStateError(
            f"there is no action {action[:100]!r}{hint} (allowed: {', '.join(sorted(actions))})"
        )
    return record_from(given, known.arguments)
