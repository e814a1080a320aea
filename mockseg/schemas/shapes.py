"""What several plain schemas say together of one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from mockseg.json_types import canonical
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.tree import types_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mockseg.json_types import Json, JsonObject


_TYPES: Final = ("null", "boolean", "string", "number", "array", "object")


@dataclass(slots=True)
class Bounds:
    """Limits of a number or of a size; None means unlimited.

    Attributes:
        least, most: the limits.
        above, below: whether the limit itself is excluded.
    """

    least: Json = None
    most: Json = None
    above: bool = False
    below: bool = False

    def raise_to(self, limit: Json, *, excluded: bool = False) -> None:
        if self.least is None or limit > self.least:
            self.least, self.above = limit, excluded
        elif limit == self.least:
            self.above = self.above or excluded

    def lower_to(self, limit: Json, *, excluded: bool = False) -> None:
        if self.most is None or limit < self.most:
            self.most, self.below = limit, excluded
        elif limit == self.most:
            self.below = self.below or excluded

    def whole(self) -> tuple[int | None, int | None]:
        """Return the limits for whole numbers, both included."""
        least = most = None
        if self.least is not None:
            least = ceil(self.least)
            if self.above and least == self.least:
                least += 1
        if self.most is not None:
            most = floor(self.most)
            if self.below and most == self.most:
                most -= 1
        return least, most

    @property
    def size(self) -> tuple[int, int | None]:
        least, most = self.whole()
        return max(0, least or 0), most

    def is_empty(self) -> bool:
        """Return whether no number at all is within."""
        if self.least is None or self.most is None:
            return False
        return bool(
            self.least > self.most or (self.least == self.most and (self.above or self.below))
        )


@dataclass(slots=True)
class Shape:
    """What is allowed of a value; every keyword is about one of the types.

    Attributes:
        types: in the order in which they were named; ``number`` includes whole ones.
        whole: numbers must be whole.
        values: the only values allowed, or None.
        denied: values that are not allowed, as canonical JSON.
        number, length, items_size, members: limits of numbers, strings, lists, objects.
        factors: numbers must be multiples of each of these.
        patterns, formats: of strings.
        items: schemas of all items of a list.
        unique: items differ.
        required: names of properties that must be there.
        objects: the schemas that speak of properties.
    """

    types: list[str] = field(default_factory=lambda: list(_TYPES))
    whole: bool = False
    values: list[Json] | None = None
    denied: set[bytes] = field(default_factory=set)
    number: Bounds = field(default_factory=Bounds)
    length: Bounds = field(default_factory=Bounds)
    items_size: Bounds = field(default_factory=Bounds)
    members: Bounds = field(default_factory=Bounds)
    factors: list[Fraction] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    items: list[Json] = field(default_factory=list)
    unique: bool = False
    required: list[str] = field(default_factory=list)
    objects: list[JsonObject] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return every property that is spoken of, in order."""
        named = (name for part in self.objects for name in part.get("properties", {}))
        return list(dict.fromkeys((*named, *self.required)))

    def about(self, name: str) -> tuple[Json, ...]:
        return tuple(
            part["properties"][name]
            if name in part.get("properties", {})
            else part.get("additionalProperties", True)
            for part in self.objects
        )

    def others(self) -> tuple[Json, ...]:
        """Return the schemas that a property must satisfy that nobody speaks of."""
        return tuple(part.get("additionalProperties", True) for part in self.objects)


def merged(schemas: Iterable[JsonObject]) -> Shape:
    """Merge plain schemas, all of which must hold, into one shape.

    The shape is empty (has no types) where no value can be; where that only shows in
    what is inside of the value, it does not.
    """
    shape = Shape()
    parts = list(schemas)
    for part in parts:
        _types(shape, part)
        _bounds(shape, part)
        _rest(shape, part)
    if shape.values is not None:
        tests = [compile_schema(part) for part in parts]
        shape.values = [
            value
            for value in _distinct(shape.values)
            if _kind(value) in shape.types and all(test.is_valid(value) for test in tests)
        ]
        found = {_kind(value) for value in shape.values}
        shape.types = [kind for kind in shape.types if kind in found]
    return shape


def _types(shape: Shape, part: JsonObject) -> None:
    named = types_of(part)
    if not named:
        return
    if "number" not in named and "integer" in named:
        shape.whole = True
    as_numbers = dict.fromkeys("number" if name == "integer" else name for name in named)
    shape.types = [name for name in as_numbers if name in shape.types]


def _bounds(shape: Shape, part: JsonObject) -> None:
    for bounds, least, most in (
        (shape.number, "minimum", "maximum"),
        (shape.length, "minLength", "maxLength"),
        (shape.items_size, "minItems", "maxItems"),
        (shape.members, "minProperties", "maxProperties"),
    ):
        if least in part:
            bounds.raise_to(part[least])
        if most in part:
            bounds.lower_to(part[most])
    if "exclusiveMinimum" in part:
        shape.number.raise_to(part["exclusiveMinimum"], excluded=True)
    if "exclusiveMaximum" in part:
        shape.number.lower_to(part["exclusiveMaximum"], excluded=True)
    for bounds, kind in (
        (shape.number, "number"),
        (shape.length, "string"),
        (shape.items_size, "array"),
        (shape.members, "object"),
    ):
        if kind in shape.types and bounds.is_empty():
            shape.types.remove(kind)


def _rest(shape: Shape, part: JsonObject) -> None:
    allowed = [part["const"]] if "const" in part else part.get("enum")
    if "const" in part and "enum" in part:
        allowed = [v for v in part["enum"] if canonical(v) == canonical(part["const"])]
    if allowed is not None:
        if shape.values is None:
            shape.values = list(allowed)
        else:
            known = {canonical(value) for value in allowed}
            shape.values = [value for value in shape.values if canonical(value) in known]
    denied = part.get("not")
    # Any other `not` stands only in schemas that are not taken apart yet.
    if isinstance(denied, dict) and set(denied) == {"enum"}:
        shape.denied |= {canonical(value) for value in denied["enum"]}
    if "multipleOf" in part:
        shape.factors.append(Fraction(str(part["multipleOf"])))
    for keyword, found in (("pattern", shape.patterns), ("format", shape.formats)):
        if keyword in part and part[keyword] not in found:
            found.append(part[keyword])
    if "items" in part:
        shape.items.append(part["items"])
    shape.unique = shape.unique or part.get("uniqueItems", False)
    shape.required += [name for name in part.get("required", ()) if name not in shape.required]
    if "properties" in part or "additionalProperties" in part:
        shape.objects.append(part)


def _distinct(values: Iterable[Json]) -> Iterator[Json]:
    seen = set()
    for value in values:
        key = canonical(value)
        if key not in seen:
            seen.add(key)
            yield value


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
