"""Schemas that have no value, or none that can be constructed: refused with place and reason."""

from __future__ import annotations

import sys

import pytest

from mockseg.errors import PlanError
from mockseg.schemas.values import Builder
from mockseg.strategies.chooser import PLAIN

LARGEST = int(sys.float_info.max)


@pytest.mark.parametrize(
    ("schema", "place", "reason"),
    [
        (
            {"type": "number", "minimum": 2, "maximum": 1},
            "$",
            "its types or limits exclude each other",
        ),
        (
            {"type": "number", "minimum": 1, "exclusiveMaximum": 1},
            "$",
            "its types or limits exclude each other",
        ),
        (
            {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
            "$",
            "no number is within its limits",
        ),
        (
            {"type": "number", "multipleOf": 3, "minimum": 1, "maximum": 2},
            "$",
            "no number is within its limits",
        ),
        (
            {"type": "string", "minLength": 5, "maxLength": 2},
            "$",
            "its types or limits exclude each other",
        ),
        (
            {"enum": [1, 2], "not": {"enum": [1, 2]}},
            "$",
            "none of its values is allowed by the rest of it",
        ),
        (
            {"enum": ["a"], "type": "integer"},
            "$",
            "none of its values is allowed by the rest of it",
        ),
        (
            {"type": "array", "uniqueItems": True, "minItems": 4, "items": {"enum": [1, 2, 3]}},
            "$",
            "it wants 4 items that differ",
        ),
        (
            {"type": "array", "items": False, "minItems": 1},
            "$.items",
            "it is false, or its conditions exclude each other",
        ),
        (
            {"type": "object", "properties": {"a": False}, "required": ["a"]},
            "$.properties.a",
            "it is false, or its conditions exclude each other",
        ),
        (
            {"type": "object", "required": ["a", "b"], "maxProperties": 1},
            "$",
            "2 properties are required and at most 1 allowed",
        ),
        (
            {"type": "object", "minProperties": 3, "maxProperties": 2},
            "$",
            "its types or limits exclude each other",
        ),
        (
            {
                "type": "object",
                "minProperties": 2,
                "additionalProperties": False,
                "properties": {"a": {}},
            },
            "$",
            "it wants 2 properties and knows 1",
        ),
        (False, "$", "it is false, or its conditions exclude each other"),
        (
            {
                "type": "object",
                "properties": {
                    "a": {
                        "type": "object",
                        "properties": {"b": {"type": "string", "minLength": 3, "maxLength": 2}},
                        "required": ["b"],
                    }
                },
                "required": ["a"],
            },
            "$.properties.a.properties.b",
            "its types or limits exclude each other",
        ),
        (
            {"type": "number", "minimum": 0.1, "exclusiveMaximum": 0.1},
            "$",
            "its types or limits exclude each other",
        ),
        (
            {"type": "number", "exclusiveMinimum": 0.1, "maximum": 0.1},
            "$",
            "its types or limits exclude each other",
        ),
        (
            {"allOf": [{"const": 1}, {"const": 2}]},
            "$",
            "none of its values is allowed by the rest of it",
        ),
        (
            {"type": "string", "not": {"minLength": 0}},
            "$",
            "it is false, or its conditions exclude each other",
        ),
        ({"not": {}}, "$", "it is false, or its conditions exclude each other"),
        ({"not": {"title": "all"}}, "$", "it is false, or its conditions exclude each other"),
    ],
)
def test_what_nothing_satisfies_is_refused_where_it_lies(schema, place, reason):
    """The deepest place where no value can be, and why."""
    with pytest.raises(PlanError) as refused:
        Builder(PLAIN, file="f.json").build((schema,), place="$")
    assert (refused.value.file, refused.value.place) == ("f.json", place)
    assert refused.value.reason == f"nothing satisfies this schema: {reason}"


@pytest.mark.parametrize(
    ("schema", "place", "reason"),
    [
        (
            {"type": "string", "pattern": "^a+$", "format": "email"},
            "$",
            'no string was found that satisfies the format "email" and all else that is said of it',
        ),
        (
            {"type": "string", "format": "uuid", "maxLength": 1},
            "$",
            'strings of the format "uuid" with 0 to 1 characters cannot be constructed',
        ),
        (
            {"type": "string", "pattern": "^ab$", "maxLength": 1},
            "$",
            'strings of the pattern "^ab$" with 0 to 1 characters cannot be constructed',
        ),
        (
            {"type": "string", "pattern": "^ab$", "minLength": 1, "maxLength": 1},
            "$",
            'strings of the pattern "^ab$" with 1 to 1 characters cannot be constructed',
        ),
        (
            {"type": "string", "not": {"pattern": ".?"}},
            "$",
            "no string was found that satisfies the length and all else that is said of it",
        ),
        (
            {"type": "string", "pattern": "^a+$", "not": {"pattern": "a"}},
            "$",
            'no string was found that satisfies the pattern "^a+$" and all else that is said of it',
        ),
        (
            {"type": "array", "not": {"items": {"type": "null"}}},
            "$.not.items",
            "values that do not satisfy items cannot be constructed",
        ),
        (
            {"type": "array", "not": {"uniqueItems": True}},
            "$.not.uniqueItems",
            "values that do not satisfy uniqueItems cannot be constructed",
        ),
    ],
)
def test_what_cannot_be_constructed_is_refused_with_what_can(schema, place, reason):
    """The keyword and what is allowed in its place."""
    with pytest.raises(PlanError) as refused:
        Builder(PLAIN, file="f.json").build((schema,), place="$")
    assert (refused.value.file, refused.value.place) == ("f.json", place)
    assert refused.value.reason.startswith(f"{reason}; allowed")
