"""What is wrong with a value, in the order and with the inner errors of gojsonschema.

Segment judges by that Go library: its texts are the ones in Segment's documents. A node of a
schema is judged in stages (combining keywords, then those for its type, then ``const``, ``enum``
and ``format``, then the properties), and of ``anyOf`` and ``oneOf`` the branch with the highest
score is told beside the keyword: one point for each node and stage that was passed, two less for
each error, the first of equal ones (validation.go of github.com/xeipuuv/gojsonschema).

The compiled validator decides whether a value is good. This walk is for those that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from mockseg.json_types import Json, JsonObject, canonical
from mockseg.schemas.format_checks import is_format
from mockseg.schemas.tree import Path, dereference, lookup, types_of
from mockseg.schemas.vocabulary import given_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One keyword that one value does not satisfy.

    Attributes:
        keyword: the keyword of JSON Schema, or ``false`` for the schema that nothing satisfies;
            ``then`` and ``else`` for a condition.
        instance_path: where the value is, from the root of the message.
        schema_path: where the keyword really stands, without references on the way.
        instance: the value.
        names: the property that it is about: a missing, not allowed or badly named one.
        inner: what gojsonschema tells beside it: of a condition and of ``allOf`` what failed
            inside, of ``anyOf``, ``oneOf`` and ``contains`` what failed of the closest.
        branches: for ``anyOf`` and ``oneOf``, why each alternative failed; empty if one did not.
        pair: for ``uniqueItems``, the places of two equal items.
    """

    keyword: str
    instance_path: Path
    schema_path: Path
    instance: Json
    names: tuple[str, ...] = ()
    inner: tuple[Failure, ...] = ()
    branches: tuple[tuple[Failure, ...], ...] = ()
    pair: tuple[int, int] | None = None


class _Result:
    """What was found at a node and below it, and how close the value came."""

    __slots__ = ("failures", "score")

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.score = 0

    def merge(self, other: _Result) -> None:
        self.failures += other.failures
        self.score += other.score


def walk(
    schema: JsonObject,
    value: Json,
    *,
    matches: Callable[[str, str], bool],
    most_steps: int | None = None,
    most_failures: int | None = None,
) -> tuple[tuple[Failure, ...], bool]:
    """Return what a value violates, and whether that is all.

    Args:
        schema: sound, and in the form of draft-07.
        value: any JSON.
        matches: whether a pattern is found in a text.
        most_steps: after this many nodes the walk ends, as it does more than 110 deep; what was not
            decided until then is left out, so all that is told holds.
        most_failures: it ends after this many failures, too.
    """
    walker = _Walker(schema, matches, most_steps, most_failures)
    result = _Result()
    walker.judge((), value, (), result)
    return tuple(result.failures), not walker.ended


class _Walker:
    def __init__(
        self,
        root: JsonObject,
        matches: Callable[[str, str], bool],
        most_steps: int | None,
        most_failures: int | None,
    ) -> None:
        self._root = root
        self._matches = matches
        self._steps_left = most_steps
        self._failures_left = most_failures
        self._schemas: dict[Path, tuple[Path, Json]] = {}
        self._depth = 0
        self.ended = False

    def judge(self, at: Path, value: Json, place: Path, result: _Result) -> None:
        """Judge a value by the schema at a path; what is wrong goes into the result."""
        if self._steps_left is not None:
            self._steps_left -= 1
            self.ended = self.ended or self._steps_left < 0
        known = self._schemas.get(at)
        if known is None:
            target = dereference(self._root, at)
            known = self._schemas[at] = target, lookup(self._root, target)
        at, schema = known
        self.ended = self.ended or self._depth >= _DEEPEST
        if self.ended or schema is True:
            return
        self._depth += 1
        self._judge(at, schema, value, place, result)
        self._depth -= 1

    def _judge(self, at: Path, schema: Json, value: Json, place: Path, result: _Result) -> None:
        if schema is False:
            self._add(result, "false", at, value, place)
            return
        if "type" in schema and not has_type(value, types_of(schema)):
            self._add(result, "type", (*at, "type"), value, place)
            return
        node = _Node(schema, at, value, place, result)
        if not _COMBINING.isdisjoint(schema):
            self._combined(node)
        result.score += 1
        if isinstance(value, list):
            self._list(node)
            self._common(node)
        elif isinstance(value, dict):
            self._object(node)
            self._common(node)
            for name, _ in _members(schema, "properties"):
                if name in value:
                    self.judge((*at, "properties", name), value[name], (*place, name), result)
        elif value is None:
            self._common(node)
        else:
            # In the library each of these is a stage of strings, numbers and booleans alike.
            self._number(node)
            self._common(node)
            self._text(node)
        result.score += 1

    def _branch(self, at: Path, value: Json, place: Path) -> _Result:
        result = _Result()
        self.judge(at, value, place, result)
        return result

    def _trial(self, at: Path, value: Json, place: Path) -> _Result:
        """Judge by a schema whose failures may not be told; they do not count."""
        left, self._failures_left = self._failures_left, None
        result = self._branch(at, value, place)
        self._failures_left = left
        return result

    def _add(
        self,
        result: _Result,
        keyword: str,
        schema_path: Path,
        value: Json,
        place: Path,
        *,
        names: tuple[str, ...] = (),
        inner: Iterable[Failure] = (),
        branches: Iterable[_Result] = (),
        pair: tuple[int, int] | None = None,
    ) -> None:
        inner = tuple(inner)
        if self._failures_left is not None and not inner:
            self._failures_left -= 1
            if self._failures_left < 0:
                self.ended = True
                return
        result.score -= 2
        result.failures.append(
            Failure(
                keyword=keyword,
                instance_path=place,
                schema_path=schema_path,
                instance=value,
                names=names,
                inner=inner,
                branches=tuple(tuple(branch.failures) for branch in branches),
                pair=pair,
            )
        )

    def _fails(self, node: _Node, keyword: str, **more: Json) -> None:
        path = (*node.at, keyword)
        self._add(node.result, keyword, path, node.value, node.place, **more)

    # --- keywords that judge the same value

    def _combined(self, node: _Node) -> None:
        for keyword in ("anyOf", "oneOf"):
            if keyword in node.schema:
                self._one_of(node, keyword)
        if "allOf" in node.schema:
            found = [self._branch(path, node.value, node.place) for path in node.ways("allOf")]
            failed = [each for each in found if each.failures]
            if failed:
                inner = [failure for each in failed for failure in each.failures]
                node.result.score += sum(each.score for each in failed)
                self._fails(node, "allOf", inner=inner)
        if "not" in node.schema:
            excluded = self._trial((*node.at, "not"), node.value, node.place)
            if not excluded.failures and not self.ended:
                self._fails(node, "not")
        if isinstance(node.value, dict):
            self._dependencies(node, node.value)
        if "if" in node.schema:
            self._condition(node)

    def _one_of(self, node: _Node, keyword: str) -> None:
        found: list[_Result] = []
        good = 0
        for path in node.ways(keyword):
            found.append(self._trial(path, node.value, node.place))
            good += not found[-1].failures
            if good and keyword == "anyOf":
                break
        if self.ended or good == 1:
            return
        if good:
            self._fails(node, keyword)
            return
        closest = max(found, key=lambda each: each.score)
        node.result.score += closest.score
        self._fails(node, keyword, inner=closest.failures, branches=found)

    def _dependencies(self, node: _Node, value: JsonObject) -> None:
        for name, needed in _members(node.schema, "dependencies"):
            if name not in value:
                continue
            if isinstance(needed, list):
                for other in needed:
                    if other not in value:
                        self._fails(node, "dependencies", names=(other,))
            else:
                self.judge((*node.at, "dependencies", name), value, node.place, node.result)

    def _condition(self, node: _Node) -> None:
        holds = not self._trial((*node.at, "if"), node.value, node.place).failures
        keyword = "then" if holds else "else"
        if self.ended or keyword not in node.schema:
            return
        found = self._branch((*node.at, keyword), node.value, node.place)
        if found.failures:
            node.result.score += found.score
            self._fails(node, keyword, inner=found.failures)

    # --- keywords for lists

    def _list(self, node: _Node) -> None:
        value = node.value
        self._items(node)
        for keyword, wrong in (("minItems", int.__lt__), ("maxItems", int.__gt__)):
            if keyword in node.schema and wrong(len(value), int(node.schema[keyword])):
                self._fails(node, keyword)
        if node.schema.get("uniqueItems"):
            last: dict[bytes, int] = {}
            for index, item in enumerate(value):
                key = canonical(item)
                if key in last:
                    self._fails(node, "uniqueItems", pair=(last[key], index))
                last[key] = index
        if "contains" in node.schema:
            self._contains(node)
        node.result.score += 1

    def _items(self, node: _Node) -> None:
        items = node.schema.get("items", True)
        if not isinstance(items, list):
            if items is not True:
                self._each_item(node, 0, (*node.at, "items"))
            return
        for index, item in enumerate(node.value[: len(items)]):
            found = self._branch((*node.at, "items", index), item, (*node.place, index))
            node.result.merge(found)
        if len(node.value) > len(items):
            if node.schema.get("additionalItems") is False:
                self._fails(node, "additionalItems")
            elif isinstance(node.schema.get("additionalItems"), dict):
                self._each_item(node, len(items), (*node.at, "additionalItems"))

    def _each_item(self, node: _Node, first: int, at: Path) -> None:
        for index in range(first, len(node.value)):
            if self.ended:
                return
            node.result.merge(self._branch(at, node.value[index], (*node.place, index)))

    def _contains(self, node: _Node) -> None:
        closest: _Result | None = None
        for index, item in enumerate(node.value):
            found = self._trial((*node.at, "contains"), item, (*node.place, index))
            if self.ended or not found.failures:
                return
            if closest is None or found.score > closest.score:
                closest = found
        if closest is not None:
            node.result.score += closest.score
        self._fails(node, "contains", inner=() if closest is None else closest.failures)

    # --- keywords for objects

    def _object(self, node: _Node) -> None:
        value, schema = node.value, node.schema
        for keyword, wrong in (("minProperties", int.__lt__), ("maxProperties", int.__gt__)):
            if keyword in schema and wrong(len(value), int(schema[keyword])):
                self._fails(node, keyword)
        for name in schema.get("required", ()):
            if name in value:
                node.result.score += 1
            else:
                self._fails(node, "required", names=(name,))
        if not _ABOUT_OTHERS.isdisjoint(schema):
            self._others(node, value)
        if "propertyNames" in schema:
            self._names(node, value)
        node.result.score += 1

    def _others(self, node: _Node, value: JsonObject) -> None:
        """Judge the members by patterns, and those that are not planned."""
        planned = dict(_members(node.schema, "properties"))
        patterns = [pattern for pattern, _ in _members(node.schema, "patternProperties")]
        additional = node.schema.get("additionalProperties", True)
        for name, member in value.items():
            if self.ended:
                return
            place = (*node.place, name)
            matching = [pattern for pattern in patterns if self._matches(pattern, name)]
            for pattern in matching:
                found = self._branch((*node.at, "patternProperties", pattern), member, place)
                node.result.merge(found)
            if matching or name in planned:
                continue
            if additional is False:
                self._fails(node, "additionalProperties", names=(name,))
            elif additional is not True:
                found = self._branch((*node.at, "additionalProperties"), member, place)
                node.result.merge(found)

    def _names(self, node: _Node, value: JsonObject) -> None:
        for name in value:
            found = self._branch((*node.at, "propertyNames"), name, node.place)
            if found.failures:
                node.result.score += found.score
                self._fails(node, "propertyNames", names=(name,), inner=found.failures)

    # --- keywords for numbers, strings, and for all

    def _number(self, node: _Node) -> None:
        value, schema = node.value, node.schema
        if is_number(value) and not _NUMERIC.isdisjoint(schema):
            if "multipleOf" in schema:
                parts = _exact(value) / _exact(schema["multipleOf"])
                if parts.denominator != 1:
                    self._fails(node, "multipleOf")
            for keyword, wrong in _LIMITS.items():
                if keyword in schema and wrong(_exact(value), _exact(schema[keyword])):
                    self._fails(node, keyword)
        node.result.score += 1

    def _common(self, node: _Node) -> None:
        value, schema = node.value, node.schema
        if "const" in schema and not _equal(value, schema["const"]):
            self._fails(node, "const")
        if schema.get("enum") and not any(_equal(value, each) for each in schema["enum"]):
            self._fails(node, "enum")
        format_ = schema.get("format")
        if format_ is not None and isinstance(value, str) and not is_format(format_, value):
            self._fails(node, "format")
        node.result.score += 1

    def _text(self, node: _Node) -> None:
        value, schema = node.value, node.schema
        if isinstance(value, str):
            for keyword, wrong in (("minLength", int.__lt__), ("maxLength", int.__gt__)):
                if keyword in schema and wrong(len(value), int(schema[keyword])):
                    self._fails(node, keyword)
            if "pattern" in schema and not self._matches(schema["pattern"], value):
                self._fails(node, "pattern")
        node.result.score += 1


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema and the value that it judges."""

    schema: JsonObject
    at: Path
    value: Json
    place: Path
    result: _Result

    def ways(self, keyword: str) -> Iterator[Path]:
        return ((*self.at, keyword, index) for index in range(len(self.schema[keyword])))


# Schemas inside of each other; Python's stack has room for some 1000 functions.
_DEEPEST: Final = 110
_COMBINING: Final = frozenset({"anyOf", "oneOf", "allOf", "not", "dependencies", "if"})
_ABOUT_OTHERS: Final = frozenset({"patternProperties", "additionalProperties"})
_LIMITS: Final[dict[str, Callable[[Fraction, Fraction], bool]]] = {
    "maximum": Fraction.__gt__,
    "exclusiveMaximum": Fraction.__ge__,
    "minimum": Fraction.__lt__,
    "exclusiveMinimum": Fraction.__le__,
}
_NUMERIC: Final = frozenset({"multipleOf", *_LIMITS})


def _members(schema: JsonObject, keyword: str) -> Iterable[tuple[str, Json]]:
    members: JsonObject = schema.get(keyword, {})
    return members.items()


def has_type(value: Json, types: list[str]) -> bool:
    """Return whether a value is of one of these types; 1.0 is an integer."""
    given = given_type(value)
    return given in types or (given == "integer" and "number" in types)


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@lru_cache(maxsize=1024)
def _fraction(text: str) -> Fraction:
    return Fraction(text)


def _exact(number: float) -> Fraction:
    """Return the decimal number as it is written."""
    return Fraction(number) if isinstance(number, int) else _fraction(str(number))


def _equal(one: Json, other: Json) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return canonical(one) == canonical(other)
