"""From schemas with conditions and alternatives to alternatives without any.

A value must satisfy all schemas of a conjunction. Their conditions become choices; choices that
speak of different properties are independent and stay apart as factors, so that ten conditions
do not make a thousand alternatives.

The opposite of a schema is a schema again, where it can be constructed: of ``if`` (for
``else``), of ``not``, and of the other alternatives of ``oneOf``. Keywords that pass whatever is
of another type are denied within their own type, so that the opposite may be narrower than it
could be, but never wider.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mockseg.errors import PlanError
from mockseg.schemas.soundness import COMBINATORS, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mockseg.json_types import Json, JsonObject


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
    """Return a schema for values that do not satisfy this one.

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
    """Return the ways not to satisfy one keyword."""

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


Conjunction: TypeAlias = "tuple[Json, ...]"

_MOST: Final = 2000
# What an alternative may hold and still speak of named properties only.
_KEYED: Final = frozenset({"properties", "required", "title", "description"})


@dataclass(frozen=True, slots=True)
class Expansion:
    """A conjunction taken apart.

    Attributes:
        plain: the schemas that hold in any case, without combinators.
        factors: independent choices; of each exactly one alternative holds, which is a
            conjunction of plain schemas.
    """

    plain: Conjunction
    factors: tuple[tuple[Conjunction, ...], ...]


def expand(
    schemas: Iterable[Json],
    *,
    file: str,
    place: str,
    possible: Callable[[Conjunction], bool],
) -> Expansion | None:
    """Take a conjunction apart; None when a schema in it is ``false``.

    Args:
        schemas: all of which must hold.
        file: the plan's name, for errors.
        place: where the value is described, for errors.
        possible: tells whether plain schemas can hold together; those that cannot are left out.

    Raises:
        PlanError: an opposite cannot be constructed, or there are too many alternatives.
    """
    gathered = _gather(schemas, file=file, place=place)
    if gathered is None:
        return None
    plain, choices = gathered
    factors = []
    for group in _groups(plain, choices):
        found = _alternatives(group, plain, file=file, place=place, possible=possible)
        if not found:
            return None
        factors.append(tuple(found))
    return Expansion(tuple(plain), tuple(factors))


def _gather(
    schemas: Iterable[Json], *, file: str, place: str
) -> tuple[list[Json], list[list[Conjunction]]] | None:
    """Part plain schemas from choices between conjunctions."""
    plain: list[Json] = []
    choices: list[list[Conjunction]] = []
    waiting = list(schemas)[::-1]
    while waiting:
        schema = waiting.pop()
        if schema is False:
            return None
        if schema is True or not schema:
            continue
        own = {key: value for key, value in schema.items() if key not in COMBINATORS}
        if (denied := schema.get("not")) is not None:
            if isinstance(denied, dict) and set(denied) == {"enum"}:
                own["not"] = denied
            else:
                waiting.append(negate(denied, file=file, place=f"{place}.not"))
        if own and own not in plain:
            plain.append(own)
        waiting.extend(reversed(schema.get("allOf", ())))
        choices.extend(_choices(schema, file=file, place=place))
    return plain, choices


def _choices(schema: JsonObject, *, file: str, place: str) -> Iterator[list[Conjunction]]:
    def opposite(sub: Json, at: str) -> Json:
        return negate(sub, file=file, place=f"{place}.{at}")

    if "anyOf" in schema:
        yield [(sub,) for sub in schema["anyOf"]]
    if "oneOf" in schema:
        subs = schema["oneOf"]
        yield [
            (sub, *(opposite(other, f"oneOf[{j}]") for j, other in enumerate(subs) if j != i))
            for i, sub in enumerate(subs)
        ]
    if "if" in schema and ("then" in schema or "else" in schema):
        asked = schema["if"]
        yield [
            (asked, schema.get("then", True)),
            (opposite(asked, "if"), schema.get("else", True)),
        ]
    for name, needed in schema.get("dependencies", {}).items():
        then = {"required": needed} if isinstance(needed, list) else needed
        yield [({"properties": {name: False}},), ({"required": [name]}, then)]


def _groups(
    plain: Sequence[Json], choices: Sequence[list[Conjunction]]
) -> list[list[list[Conjunction]]]:
    """Put choices together that speak of the same properties, in their order."""
    counted = any("minProperties" in each or "maxProperties" in each for each in plain)
    groups: list[tuple[set[str] | None, list[list[Conjunction]]]] = []
    for choice in choices:
        names = None if counted else _names(choice)
        together = [choice]
        rest = []
        for known, members in groups:
            if known is None or names is None or known & names:
                names = None if known is None or names is None else known | names
                together = members + together
            else:
                rest.append((known, members))
        groups = [*rest, (names, together)]
    return [members for _, members in groups]


def _names(choice: Iterable[Iterable[Json]]) -> set[str] | None:
    """Return the properties that a choice speaks of; None when it is about more than those."""
    found: set[str] = set()
    waiting = [schema for alternative in choice for schema in alternative]
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, dict):
            continue
        for keyword, value in schema.items():
            if keyword in {"allOf", "anyOf", "oneOf"}:
                waiting.extend(value)
            elif keyword in {"if", "then", "else"}:
                waiting.append(value)
            elif keyword in {"properties", "required"}:
                found |= set(value)
            elif keyword == "type" and value == "object":
                continue
            elif keyword not in _KEYED:
                return None
    return found


def _alternatives(
    group: Sequence[list[Conjunction]],
    plain: Sequence[Json],
    *,
    file: str,
    place: str,
    possible: Callable[[Conjunction], bool],
) -> list[Conjunction]:
    """Multiply the choices of a group out, leaving out at each step what cannot be."""
    found: list[Conjunction] = [()]
    waiting = list(group)[::-1]
    while waiting:
        choice = waiting.pop()
        next_found: list[Conjunction] = []
        for partial in found:
            for alternative in choice:
                for made in _flat(alternative, file=file, place=place):
                    joined = (*partial, *(each for each in made if each not in partial))
                    if joined not in next_found and possible((*plain, *joined)):
                        next_found.append(joined)
            if len(next_found) > _MOST:
                refuse(
                    f"the conditions allow more than {_MOST} alternatives; allowed are fewer "
                    "conditions about the same properties",
                    file=file,
                    place=place,
                )
        found = next_found
    return found


def _flat(schemas: Iterable[Json], *, file: str, place: str) -> list[Conjunction]:
    """Return the plain conjunctions of an alternative, whose schemas may hold choices again."""
    gathered = _gather(schemas, file=file, place=place)
    if gathered is None:
        return []
    plain, choices = gathered
    found: list[Conjunction] = [tuple(plain)]
    for choice in choices:
        found = [
            (*one, *other)
            for one in found
            for alternative in choice
            for other in _flat(alternative, file=file, place=place)
        ]
    return found
