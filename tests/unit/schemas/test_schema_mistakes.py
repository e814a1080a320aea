"""Each keyword of a schema: values that satisfy it, and the one mistake against it."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.mistakes import mistakes
from mockseg.schemas.soundness import usable
from mockseg.schemas.values import Builder
from mockseg.schemas.vocabulary import VOCABULARY
from mockseg.traffic.draw import Draw, SeededChooser

LISTS = {"type": "array", "items": {"type": "string", "minLength": 3}}
# Keyword -> the schema of one property, with what the keyword needs beside it.
KEYWORDS: dict[str, Any] = {
    "type": {"type": "integer"},
    "enum": {"enum": ["free", "paid"]},
    "const": {"const": "paid"},
    "pattern": {"type": "string", "pattern": "^[A-Z]{4}-[0-9]{5}-[a-f]{2}$"},
    "format": {"type": "string", "format": "email"},
    "minLength": {"type": "string", "minLength": 12},
    "maxLength": {"type": "string", "maxLength": 2},
    "minimum": {"type": "integer", "minimum": 5},
    "exclusiveMinimum": {"type": "number", "exclusiveMinimum": 5},
    "maximum": {"type": "integer", "maximum": -5},
    "exclusiveMaximum": {"type": "number", "exclusiveMaximum": 5},
    "multipleOf": {"type": "number", "multipleOf": 0.25},
    "minItems": {**LISTS, "minItems": 2},
    "maxItems": {**LISTS, "maxItems": 2},
    "uniqueItems": {**LISTS, "uniqueItems": True, "minItems": 2},
    "minProperties": {"type": "object", "minProperties": 2},
    "additionalProperties": {
        "type": "object",
        "properties": {"a": {}},
        "additionalProperties": False,
    },
    "required": {"type": "object", "properties": {"a": {}}, "required": ["a"]},
    "anyOf": {
        "type": "object",
        "properties": {"a": {}, "b": {}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "false": {"type": "object", "properties": {"a": False}},
}


def drawn(schema: dict[str, Any], count: int = 20) -> list[Any]:
    """Draw values of a schema from a seed."""
    whole = usable(schema, file="f", place="$")
    value = Builder(SeededChooser(Draw("seed")), file="f").build((whole,), place="$")
    return [value() for _ in range(count)]


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_mistake_breaks_what_values_satisfy(keyword: str) -> None:
    """The validator finds the code of the mistake at its place, in every value."""
    schema = {"type": "object", "properties": {"x": KEYWORDS[keyword]}, "required": ["x"]}
    code = VOCABULARY[keyword][0]
    compiled = compile_schema(schema)
    ways = [way for way in mistakes(schema, values={}, given=()) if way.code == code]
    assert ways
    for value in drawn(schema):
        assert compiled.is_valid(value)
        broken = [made for way in ways if (made := way.made_in(value)) is not None]
        assert broken
        for made in broken:
            found = {VOCABULARY[each.keyword][0] for each in compiled.failures(made)}
            assert code in found, made


def test_a_mistake_changes_nothing_of_the_value_given() -> None:
    """The good value can be used again."""
    schema = {"type": "object", "properties": {"x": {"type": "array", "maxItems": 1}}}
    value = {"x": [{"y": 1}]}
    for way in mistakes(schema, values={}, given=()):
        way.made_in(value)
    assert value == {"x": [{"y": 1}]}


def test_a_branch_is_entered_before_it_is_broken() -> None:
    """The mistakes of a conditional are made in a value that its condition is true of."""
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}, "size": {"type": "integer"}},
        "if": {"properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        "then": {"required": ["size"]},
        "else": {"properties": {"size": False}},
    }
    compiled = compile_schema(schema)
    (way,) = [each for each in mistakes(schema, values={}, given=()) if each.when]
    assert (way.code, way.field, way.when) == ("required", "size", 'kind is "b"')
    made = way.made_in({"kind": "a"})
    assert made == {"kind": "b"}
    assert [each.keyword for each in compiled.failures(made)] == ["required"]
