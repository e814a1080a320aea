"""The opposite of a schema, as a schema again.

Only where the opposite can be constructed: of ``if`` (for ``else``), of ``not``, and of
the other alternatives of ``oneOf``. Keywords that pass whatever is of another type are
denied within their own type, so that the opposite may be narrower than it could be, but
never wider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.errors import PlanError
from mockseg.strategies.keywords import COMBINATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import Json, JsonObject

__all__ = ["negate"]

_TYPES: Final = ("null", "boolean", "string", "integer", "number", "array", "object")
_BOUNDS: Final[dict[str, tuple[str, str, int]]] = {
    # keyword -> the type that it is about, its opposite, and how far the limit moves
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
    "minimum": ("number", "exclusiveMaximum", 0),
    "maximum": ("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": ("number", "maximum", 0),
    "exclusiveMaximum": ("number", "minimum", 0),
}
_SILENT: Final = frozenset(
    {"$comment", "$id", "$schema", "default", "description", "examples", "id", "labels", "title"}
)


def negate(schema: Json, *, file: str, place: str) -> Json:
    """Give a schema for values that do not satisfy this one.

    Raises:
        PlanError: such values cannot be constructed.
    """
    if isinstance(schema, bool):
        return not schema
    ways: list[Json] = []
    for keyword, value in schema.items():
        if keyword not in _SILENT and not keyword.startswith("x-"):
            here = f"{place}.{keyword}"
            ways.extend(_ways(keyword, value, schema, file=file, place=here))
    if not ways:
        return False
    return ways[0] if len(ways) == 1 else {"anyOf": ways}


def _ways(keyword: str, value: Json, schema: JsonObject, *, file: str, place: str) -> list[Json]:
    """Give the ways not to satisfy one keyword."""

    def opposite(sub: Json) -> Json:
        return negate(sub, file=file, place=place)

    if keyword in _BOUNDS:
        kind, other, step = _BOUNDS[keyword]
        limit = value + step
        return [] if limit < 0 and step else [{"type": kind, other: limit}]
    if keyword == "not":
        return [value]
    if keyword == "required":
        return [{"type": "object", "properties": {name: False}} for name in value]
    simple = _SIMPLE.get(keyword)
    if simple is not None:
        return simple(value)
    if keyword == "properties":
        return [
            {"type": "object", "required": [name], "properties": {name: opposite(sub)}}
            for name, sub in value.items()
            if sub not in (True, {})
        ]
    if keyword == "allOf":
        return [opposite(sub) for sub in value]
    if keyword == "anyOf":
        return [{"allOf": [opposite(sub) for sub in value]}]
    if keyword in {"then", "else"} and "if" not in schema:
        return []
    allowed = ", ".join(sorted({*_BOUNDS, *_SIMPLE, *(COMBINATORS & {"allOf", "anyOf", "not"})}))
    raise PlanError(
        f"values that do not satisfy {keyword} cannot be constructed; allowed in if, not and "
        f"oneOf are properties, required, {allowed}",
        file=file,
        place=place,
    )


def _other_types(value: Json) -> list[Json]:
    named = {value} if isinstance(value, str) else set(value)
    if named & {"integer", "number"}:
        named |= {"integer", "number"}
    others = [each for each in _TYPES if each not in named and each != "integer"]
    return [{"type": others}] if others else []


_SIMPLE: Final[dict[str, Callable[[Json], list[Json]]]] = {
    "type": _other_types,
    "enum": lambda value: [{"not": {"enum": value}}],
    "const": lambda value: [{"not": {"enum": [value]}}],
}
