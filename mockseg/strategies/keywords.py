"""Which schemas strategies can be made of, said when they are made.

Beyond what makes a schema sound, each keyword must be one whose values can be
constructed: a word that is not known is more often a slip of the pen than an extension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from mockseg.errors import PlanError
from mockseg.plans.schema_tree import children, dereference, lookup
from mockseg.plans.soundness import sound_schema
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.schema_tree import Path

__all__ = ["COMBINATORS", "inlined", "path_text", "refuse", "usable"]

COMBINATORS: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies"}
)
_SUPPORTED: Final = (
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "dependencies",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "then",
    "type",
    "uniqueItems",
)
# They say nothing about values; `id` and `labels` stand in plans that Segment exports.
_ANNOTATIONS: Final = frozenset(
    {
        "$comment",
        "$id",
        "$ref",
        "$schema",
        "contentEncoding",
        "contentMediaType",
        "default",
        "definitions",
        "description",
        "examples",
        "id",
        "labels",
        "readOnly",
        "title",
        "writeOnly",
    }
)


def usable(schema: Json, *, file: str, place: str) -> JsonObject:
    """Check a schema and write its references out.

    Args:
        schema: JSON Schema draft-07, of the subset that plans use.
        file: the plan's name, for errors.
        place: where in it the schema stands, for errors.

    Raises:
        PlanError: it is no schema, or holds a keyword that nothing can be made of.
    """
    if schema is True:
        return {}
    if schema is False:
        refuse("nothing satisfies the schema false", file=file, place=place)
    sound_schema(schema, file=file, place=place)
    whole = inlined(schema, (), frozenset(), file=file, place=place)
    _check(whole, file=file, place=place)
    made: JsonObject = whole
    return made


def inlined(root: JsonObject, path: Path, trail: frozenset[Path], *, file: str, place: str) -> Json:
    """Give the schema at a path with its references written out."""
    target = dereference(root, path)
    if target in trail:
        refuse(
            "the schema refers to itself, so that its values have no end; allowed are "
            "references that lead nowhere back",
            file=file,
            place=path_text(place, path),
        )
    node = lookup(root, target)
    if not isinstance(node, dict):
        return node
    trail |= {target}
    copy: Json = {
        key: value.copy() if isinstance(value, dict | list) else value
        for key, value in node.items()
        if key != "definitions"
    }
    for step, _ in children({k: v for k, v in node.items() if k != "definitions"}):
        holder: Json = copy if len(step) == 1 else copy[step[0]]
        holder[step[-1]] = inlined(root, (*target, *step), trail, file=file, place=place)
    return copy


def _check(schema: Json, *, file: str, place: str) -> None:
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        here = f"{place}.{keyword}"
        if keyword == "items" and isinstance(value, list):
            refuse(
                "a list of schemas is not supported here; allowed is one schema for all items",
                file=file,
                place=here,
            )
        if keyword in _SUPPORTED or keyword in _ANNOTATIONS or keyword.startswith("x-"):
            continue
        refuse(
            f"strategies do not support this: {unknown('keyword', keyword, _SUPPORTED)}",
            file=file,
            place=here,
        )
    for step, sub in children(schema):
        _check(sub, file=file, place=path_text(place, step))


def path_text(place: str, path: Path) -> str:
    """Write where something stands."""
    return place + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path)


def refuse(reason: str, *, file: str, place: str) -> NoReturn:
    """Refuse to make a strategy.

    Raises:
        PlanError: always.
    """
    raise PlanError(reason, file=file, place=place)
