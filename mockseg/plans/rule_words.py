"""A rule of a plan as a person reads it: a row for each property."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mockseg.json_types import Json, JsonObject, as_object
from mockseg.plans.model import Rule
from mockseg.schemas.tree import NO_PLACE, lookup, pointer_path, types_of
from mockseg.schemas.vocabulary import shown


class PropertyRow(msgspec.Struct, frozen=True):
    """One property of an event.

    Attributes:
        property: its place in the message, dotted; ``[]`` stands for every item of a list.
        type: its JSON types, with "or" between them; ``any`` if the document names none.
        required: ``yes``, ``no``, or the condition under which it is (``when type is "url"``).
        rule: what else is said of it, such as the values that are allowed; may be empty.
        example: its value in the first example that has it, or None.
    """

    property: str
    type: str
    required: str
    rule: str
    example: Json = None


class BrokenKeyword(msgspec.Struct, frozen=True):
    """The keyword of a rule that a message breaks.

    Attributes:
        name: of the keyword, such as ``type``; an index where it is one of several schemas.
        value: of the keyword.
        around: the schema that it stands in, with all its keywords; empty in a list of schemas.
    """

    name: str
    value: Json
    around: JsonObject


def broken_keyword(rule: Rule, schema_path: str) -> BrokenKeyword | None:
    """Return the keyword at a JSON pointer into a rule's schema; None where it leads nowhere."""
    path = pointer_path(rule.schema, schema_path)
    value = lookup(rule.schema, path)
    if not path or value is NO_PLACE:
        return None
    around = as_object(lookup(rule.schema, path[:-1]))
    return BrokenKeyword(str(path[-1]), value, around)


def describe(rule: Rule) -> tuple[PropertyRow, ...]:
    """Return what a rule says of each property, in the order of its document.

    What a schema of the user's own says by other keywords (``$ref``, ``not``, alternatives of
    whole objects) is not told: the schema tells it.
    """
    return tuple(_rows(rule.schema, (), rule.examples))


def _rows(
    schema: JsonObject, path: tuple[str, ...], examples: tuple[JsonObject, ...]
) -> Iterator[PropertyRow]:
    needs = _needs(schema)
    for name, declared in as_object(schema.get("properties")).items():
        sub = as_object(declared)
        place = (*path, name)
        inner = sub
        while isinstance(inner.get("items"), dict):
            place = (*place, "[]")
            inner = inner["items"]
        if "properties" not in inner or inner is not sub:
            yield PropertyRow(
                property=_dotted((*path, name)),
                type="nothing" if declared is False else _types(sub),
                required=needs.get(name, "no"),
                rule="; ".join((*_limits(sub), *_forbidden(schema, name, needs))),
                example=_example(examples, (*path, name)),
            )
        if "properties" in inner:
            yield from _rows(inner, place, examples)
    for condition in _objects(schema, "allOf"):
        then = as_object(condition.get("then"))
        if any(isinstance(sub, dict) for sub in as_object(then.get("properties")).values()):
            yield from _rows(then, path, examples)


def _needs(schema: JsonObject) -> dict[str, str]:
    """Return when each property is required, if it is."""
    needs: dict[str, str] = {}
    for condition in _objects(schema, "allOf"):
        if "then" in condition:
            for name in _needs(as_object(condition["then"])):
                before = f"{needs[name]} or " if name in needs else ""
                needs[name] = f"{before}when {_asked(condition)}"
        needs |= dict.fromkeys(_required(as_object(condition.get("else", condition))), "yes")
    alternatives = [name for each in _objects(schema, "anyOf") for name in _required(each)]
    needs |= dict.fromkeys(alternatives, f"at least one of {', '.join(alternatives)}")
    return needs | dict.fromkeys(_required(schema), "yes")


def _required(schema: JsonObject) -> list[str]:
    return [name for name in _list(schema.get("required")) if isinstance(name, str)]


def _objects(schema: JsonObject, keyword: str) -> list[JsonObject]:
    return [each for each in _list(schema.get(keyword)) if isinstance(each, dict)]


def _asked(condition: JsonObject) -> str:
    asked = as_object(condition.get("if"))
    for name, answer in as_object(asked.get("properties")).items():
        if isinstance(answer, dict) and ("enum" in answer or "const" in answer):
            values = answer.get("enum", [answer.get("const")])
            return f"{name} is {' or '.join(shown(value) for value in _list(values))}"
    return "a condition holds"


def _forbidden(schema: JsonObject, name: str, needs: dict[str, str]) -> Iterator[str]:
    refused = [
        condition
        for condition in _objects(schema, "allOf")
        if as_object(as_object(condition.get("then")).get("properties")).get(name) is False
    ]
    if refused and name in needs:
        yield "not otherwise"
    else:
        yield from (f"not when {_asked(condition)}" for condition in refused)


def _limits(schema: JsonObject) -> Iterator[str]:
    if "enum" in schema:
        yield f"one of {', '.join(shown(value) for value in _list(schema['enum']))}"
    if "const" in schema:
        yield f"always {shown(schema['const'])}"
    if "pattern" in schema:
        yield f"a string matches {schema['pattern']}"
    if "format" in schema:
        yield f"format {schema['format']}"
    if "minimum" in schema or "maximum" in schema:
        yield f"{schema.get('minimum', '...')} to {schema.get('maximum', '...')}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    items = schema.get("items")
    if isinstance(items, dict):
        yield from (f"each {limit}" for limit in _limits(items))


def _types(schema: JsonObject) -> str:
    types = types_of(schema, default=("any",))
    items = as_object(schema.get("items"))
    if "type" not in items:
        return " or ".join(types)
    return " or ".join(f"array of {_types(items)}" if t == "array" else t for t in types)


def _example(examples: tuple[JsonObject, ...], path: tuple[str, ...]) -> Json:
    for example in examples:
        value: Json = example
        for step in path:
            if step == "[]":
                value = value[0] if isinstance(value, list) and value else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[]", "[]")


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
