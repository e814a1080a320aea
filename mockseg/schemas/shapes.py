"""Conjunctions of schemas: without conditions, as alternatives, and merged into one shape.

A value must satisfy all schemas of a conjunction. Their conditions become choices; choices about
different properties are independent and stay apart as factors, so that ten conditions do not
make a thousand alternatives.

The opposite of a schema is a schema again, where it can be constructed: of ``if`` (for
``else``), of ``not``, and of the other alternatives of ``oneOf``. A keyword that allows all
values of other types is denied within its own type, so the opposite may be narrower than it
could be, but never wider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject, canonical
from mockseg.schemas.bounds import Bounds, bounds_of
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.format_checks import ASSERTED
from mockseg.schemas.soundness import COMBINATORS
from mockseg.schemas.tree import types_of
from mockseg.schemas.vocabulary import given_type

_TYPES: Final = ("null", "boolean", "string", "number", "array", "object")
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
# Maximum number of names that are tried for an additional property.
_MOST_NAMES: Final = 100
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
    def opposite(sub: Json) -> Json:
        return negate(sub, file=file, place=place)

    if keyword in _BOUNDS:
        kind, other, step = _BOUNDS[keyword]
        limit = value + step
        return [] if limit < 0 and step else [{"type": kind, other: limit}]
    if keyword in _SIMPLE:
        return _SIMPLE[keyword](value)
    if keyword == "properties":
        return [
            {"type": "object", "required": [name], "properties": {name: opposite(sub)}}
            for name, sub in value.items()
            if sub not in (True, {})
        ]
    if keyword == "additionalProperties":
        name = _other_name(schema)
        if value is True or not name:
            return []
        return [{"type": "object", "required": [name], "properties": {name: opposite(value)}}]
    if keyword == "allOf":
        return [opposite(sub) for sub in value]
    if keyword == "anyOf":
        return [{"allOf": [opposite(sub) for sub in value]}]
    if keyword in {"then", "else"} and "if" not in schema:
        return []
    named_here = {"additionalProperties", "allOf", "anyOf", "properties"}
    allowed = ", ".join(sorted({*named_here, *_BOUNDS, *_SIMPLE}))
    raise PlanError(
        f"values that do not satisfy {keyword} cannot be constructed; allowed in if, not and "
        f"oneOf are {allowed}",
        file=file,
        place=place,
    )


def _other_types(value: Json) -> list[Json]:
    named = {value} if isinstance(value, str) else set(value)
    others = [each for each in _TYPES if each not in named]
    if "integer" in named and "number" in others:
        others.remove("number")
    return [{"type": others}] if others else []


_SIMPLE: Final[dict[str, Callable[[Json], list[Json]]]] = {
    "type": _other_types,
    "enum": lambda value: [{"not": {"enum": value}}],
    "const": lambda value: [{"not": {"enum": [value]}}],
    "not": lambda value: [value],
    "pattern": lambda value: [{"type": "string", "not": {"pattern": value}}],
    # Any string is of a format that plans do not assert.
    "format": lambda value: (
        [{"type": "string", "not": {"format": value}}] if value in ASSERTED else []
    ),
    "required": lambda names: [{"type": "object", "properties": {n: False}} for n in names],
}


def _other_name(schema: JsonObject) -> str:
    """Return the name of a property that is an additional one to the schema; "" if none is."""
    patterns = [compile_schema({"pattern": each}) for each in schema.get("patternProperties", {})]
    names = (f"other{number or ''}" for number in range(_MOST_NAMES))
    free = (name for name in names if name not in schema.get("properties", {}))
    return next((name for name in free if not any(p.is_valid(name) for p in patterns)), "")


Conjunction: TypeAlias = "tuple[Json, ...]"

_MOST: Final = 2000
# What an alternative may hold and still speak of named properties only.
_KEYED: Final = frozenset({"properties", "required", "title", "description"})


class Expansion(NamedTuple):
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
            if isinstance(denied, dict) and _is_kept(denied):
                own["not"] = denied
                if "enum" not in denied and own.get("type") != "string":
                    # Every value but a string satisfies a pattern or a format.
                    waiting.append({"type": "string"})
            else:
                waiting.append(negate(denied, file=file, place=f"{place}.not"))
        if own and own not in plain:
            plain.append(own)
        waiting.extend(reversed(schema.get("allOf", ())))
        choices.extend(_choices(schema, file=file, place=place))
    return plain, choices


def _is_kept(denied: JsonObject) -> bool:
    """Return whether a ``not`` stays one: of what no other schema says the opposite."""
    asserted = denied.get("format") in ASSERTED
    return set(denied) in ({"enum"}, {"pattern"}) or (set(denied) == {"format"} and asserted)


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
                raise PlanError(
                    f"the conditions allow more than {_MOST} alternatives; allowed are fewer "
                    "conditions about the same properties",
                    file=file,
                    place=place,
                )
        found = next_found
    return found


def _flat(schemas: Iterable[Json], *, file: str, place: str) -> list[Conjunction]:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is allowed of a value; every keyword is about one of the types.

    Attributes:
        types: in the order in which they were named; ``number`` includes whole ones. Empty
            where no value is allowed.
        whole: numbers must be whole.
        values: the only values allowed, or None.
        denied: values that are not allowed, as canonical JSON.
        avoided: schemas of a pattern or a format that strings must not satisfy.
        number, length, items_size, members: limits of numbers, strings, lists, objects.
        factors: numbers must be multiples of each of these.
        patterns, formats: of strings.
        items: schemas of all items of a list.
        tuples: schemas that say something of items by their places.
        contains: schemas of which a list has an item each.
        unique: items differ.
        required: names of properties that must be there.
        objects: the schemas that name properties.
    """

    types: list[str]
    whole: bool
    values: list[Json] | None
    denied: set[bytes]
    avoided: list[JsonObject]
    number: Bounds
    length: Bounds
    items_size: Bounds
    members: Bounds
    factors: list[Fraction]
    patterns: list[str]
    formats: list[str]
    items: list[Json]
    tuples: list[JsonObject]
    contains: list[Json]
    unique: bool
    required: list[str]
    objects: list[JsonObject]

    def names(self) -> list[str]:
        named = (name for part in self.objects for name in part.get("properties", {}))
        return list(dict.fromkeys((*named, *self.required)))

    def about(self, name: str) -> tuple[Json, ...]:
        return tuple(schema for part in self.objects for schema in _about(part, name))

    def item(self, place: int) -> tuple[Json, ...]:
        """Return what is said of the item at a place of a list, from 0."""
        more = [[*part["items"][place:], part.get("additionalItems", True)] for part in self.tuples]
        return (*self.items, *(schemas[0] for schemas in more))

    def others(self) -> tuple[Json, ...]:
        """Return what is said of properties without a name of their own; ``False``: none is made.

        Where their names decide, none is made: what is planned is there by its name.
        """
        if any({"patternProperties", "propertyNames"} & set(part) for part in self.objects):
            return (False,)
        return tuple(part.get("additionalProperties", True) for part in self.objects)


def _about(part: JsonObject, name: str) -> Iterator[Json]:
    """Yield all that one schema of an object says of a property."""
    by_pattern = [
        schema
        for pattern, schema in part.get("patternProperties", {}).items()
        if compile_schema({"pattern": pattern}).is_valid(name)
    ]
    yield from by_pattern
    if name in part.get("properties", {}):
        yield part["properties"][name]
    elif not by_pattern:
        yield part.get("additionalProperties", True)
    names = part.get("propertyNames", True)
    if names is False or (names is not True and not compile_schema(names).is_valid(name)):
        yield False


_OF_OBJECTS: Final = frozenset(
    {"properties", "additionalProperties", "patternProperties", "propertyNames"}
)
# Type -> its lower and upper limit, and those that exclude the limit itself.
_LIMITS: Final = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "string": ("minLength", "maxLength", "", ""),
    "array": ("minItems", "maxItems", "", ""),
    "object": ("minProperties", "maxProperties", "", ""),
}


def merged(schemas: Iterable[JsonObject]) -> Shape:
    """Merge plain schemas, all of which must hold, into one shape.

    The shape is empty (has no types) where no value can be; where that only shows in
    what is inside of the value, it does not.
    """
    parts = list(schemas)
    types, whole = _types(parts)
    limits = {kind: bounds_of(parts, *keywords) for kind, keywords in _LIMITS.items()}
    types = [kind for kind in types if kind not in limits or not limits[kind].is_empty()]
    values = _values(parts, types)
    if values is not None:
        kinds = {_kind(value) for value in values}
        types = [kind for kind in types if kind in kinds]
    # Any other `not` stands only in schemas that are not taken apart yet.
    denied = [part["not"] for part in parts if isinstance(part.get("not"), dict)]
    if any(each == {key: part.get(key)} for each in denied for part in parts for key in each):
        types = [kind for kind in types if kind != "string"]
    return Shape(
        types=types,
        whole=whole,
        values=values,
        denied={canonical(v) for each in denied if set(each) == {"enum"} for v in each["enum"]},
        avoided=[each for each in denied if "enum" not in each],
        number=limits["number"],
        length=limits["string"],
        items_size=limits["array"],
        members=limits["object"],
        factors=[Fraction(str(part["multipleOf"])) for part in parts if "multipleOf" in part],
        patterns=list(dict.fromkeys(part["pattern"] for part in parts if "pattern" in part)),
        formats=list(dict.fromkeys(part["format"] for part in parts if "format" in part)),
        items=[part["items"] for part in parts if not isinstance(part.get("items", []), list)],
        tuples=[part for part in parts if isinstance(part.get("items"), list)],
        contains=[part["contains"] for part in parts if "contains" in part],
        unique=any(part.get("uniqueItems", False) for part in parts),
        required=list(dict.fromkeys(name for part in parts for name in part.get("required", ()))),
        objects=[part for part in parts if _OF_OBJECTS & set(part)],
    )


def _types(parts: Iterable[JsonObject]) -> tuple[list[str], bool]:
    """Return the types that all parts allow, and whether numbers must be whole."""
    types, whole = list(_TYPES), False
    for part in parts:
        if named := types_of(part):
            whole = whole or ("number" not in named and "integer" in named)
            as_numbers = dict.fromkeys("number" if name == "integer" else name for name in named)
            types = [name for name in as_numbers if name in types]
    return types, whole


def _values(parts: list[JsonObject], types: list[str]) -> list[Json] | None:
    """Return the values of the first enumeration that all parts allow; None without one."""
    listed = next((part for part in parts if {"const", "enum"} & set(part)), None)
    if listed is None:
        return None
    tests = [compile_schema(part) for part in parts]
    distinct: dict[bytes, Json] = {}
    for value in [listed["const"]] if "const" in listed else listed["enum"]:
        if _kind(value) in types and all(test.is_valid(value) for test in tests):
            distinct.setdefault(canonical(value), value)
    return list(distinct.values())


def _kind(value: Json) -> str:
    kind = given_type(value)
    return "number" if kind == "integer" else kind
