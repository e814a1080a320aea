"""The properties of an event as rows for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockseg.schemas.tree import types_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyRow:
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


def describe(rule: Rule) -> tuple[PropertyRow, ...]:
    """Return what a rule says of each property, in the order of its document."""
    return tuple(_rows(rule.schema, (), rule.examples))


def _rows(
    schema: JsonObject, path: tuple[str, ...], examples: tuple[JsonObject, ...]
) -> Iterator[PropertyRow]:
    needs = _needs(schema)
    for name, sub in schema.get("properties", {}).items():
        place = (*path, name)
        inner = sub
        while "items" in inner:
            place = (*place, "[]")
            inner = inner["items"]
        if "properties" not in inner or inner is not sub:
            yield PropertyRow(
                property=_dotted((*path, name)),
                type=_types(sub),
                required=needs.get(name, "no"),
                rule="; ".join((*_limits(sub), *_forbidden(schema, name, needs))),
                example=_example(examples, (*path, name)),
            )
        if "properties" in inner:
            yield from _rows(inner, place, examples)
    for condition in schema.get("allOf", ()):
        then = condition.get("then", {})
        if any(isinstance(sub, dict) for sub in then.get("properties", {}).values()):
            yield from _rows(then, path, examples)


def _needs(schema: JsonObject) -> dict[str, str]:
    """Say of each property that is required when it is."""
    needs: dict[str, str] = {}
    for condition in schema.get("allOf", ()):
        if "then" in condition:
            for name in _needs(condition["then"]):
                needs[name] = _joined(needs.get(name), f"when {_asked(condition)}")
        else:
            (name,) = condition["else"]["required"]
            needs[name] = "yes"
    alternatives = [name for each in schema.get("anyOf", ()) for name in each["required"]]
    needs |= dict.fromkeys(alternatives, f"at least one of {', '.join(alternatives)}")
    return needs | dict.fromkeys(schema.get("required", ()), "yes")


def _joined(one: str | None, two: str) -> str:
    return two if one is None else f"{one} or {two}"


def _asked(condition: JsonObject) -> str:
    (name,) = condition["if"]["required"]
    answer = condition["if"]["properties"][name]
    values = answer.get("enum", [answer.get("const")])
    return f"{name} is {' or '.join(_shown(value) for value in values)}"


def _forbidden(schema: JsonObject, name: str, needs: dict[str, str]) -> Iterator[str]:
    refused = [
        condition
        for condition in schema.get("allOf", ())
        if condition.get("then", {}).get("properties", {}).get(name) is False
    ]
    if refused and name in needs:
        yield "not otherwise"
    else:
        yield from (f"not when {_asked(condition)}" for condition in refused)


def _limits(schema: JsonObject) -> Iterator[str]:
    if "enum" in schema:
        yield f"one of {', '.join(_shown(value) for value in schema['enum'])}"
    if "const" in schema:
        yield f"always {_shown(schema['const'])}"
    if "pattern" in schema:
        yield f"a string matches {schema['pattern']}"
    if "minimum" in schema or "maximum" in schema:
        yield f"{schema.get('minimum', '...')} to {schema.get('maximum', '...')}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    items = schema.get("items")
    if items is not None:
        yield from (f"each {limit}" for limit in _limits(items))


def _types(schema: JsonObject) -> str:
    types = types_of(schema, default=("any",))
    items = schema.get("items")
    if items is None or "type" not in items:
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


def _shown(value: Json) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
