"""Paths through a schema, and the words for what is found at their end."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.schemas.tree import (
    NO_PLACE,
    children,
    dereference,
    json_pointer,
    lookup,
    pointer_path,
    read_pointer,
    types_of,
)
from mockseg.schemas.vocabulary import field_of, given_type, listed, shown

ROOT: dict[str, Any] = {
    "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"type": "null"}, "c/d": {}, "e~f": {}},
    "items": [{"type": "string"}, True],
    "properties": {"0": {"const": 1}},
    "x": {"$ref": "#/x"},
    "y": {"$ref": "#/nowhere"},
    "z": {"$ref": 5},
}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ({"properties": {"a": {}, "b": True, "c": 5}}, [("properties", "a"), ("properties", "b")]),
        ({"patternProperties": {"^a": {}}}, [("patternProperties", "^a")]),
        ({"definitions": {"items": {}}}, [("definitions", "items")]),
        ({"dependencies": {"a": ["b"], "c": {}}}, [("dependencies", "c")]),
        ({"allOf": [{}, 5, False]}, [("allOf", 0), ("allOf", 2)]),
        ({"anyOf": [{}], "oneOf": [{}]}, [("anyOf", 0), ("oneOf", 0)]),
        ({"items": {}}, [("items",)]),
        ({"items": [{}, {}]}, [("items", 0), ("items", 1)]),
        (
            {"if": {}, "then": {}, "else": {}, "not": {}, "contains": {}},
            [("if",), ("then",), ("else",), ("not",), ("contains",)],
        ),
        (
            {"additionalProperties": False, "additionalItems": {}, "propertyNames": True},
            [("additionalProperties",), ("additionalItems",), ("propertyNames",)],
        ),
        ({"properties": [], "allOf": {}, "not": 5, "const": {}, "enum": [{}], "x-y": {}}, []),
        (True, []),
        (5, []),
    ],
)
def test_schemas_directly_inside_are_found_by_their_keyword(schema, paths):
    """Names of properties are no keywords, values are no schemas."""
    assert [path for path, _ in children(schema)] == paths
    assert all(lookup(schema, path) is sub for path, sub in children(schema))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), ROOT),
        (("items", 0, "type"), "string"),
        (("items", 1), True),
        (("items", 2), NO_PLACE),
        (("items", -1), NO_PLACE),
        (("items", "0"), NO_PLACE),
        (("properties", "0", "const"), 1),
        (("properties", 0), NO_PLACE),
        (("items", 0, "type", "s"), NO_PLACE),
        (("none",), NO_PLACE),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(path, value):
    """Numbers are places in lists, names are members of objects; nothing else is followed."""
    assert lookup(ROOT, path) is value or lookup(ROOT, path) == value


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ((), ""),
        (("a",), "/a"),
        (("a/b", "c~d", 0, ""), "/a~1b/c~0d/0/"),
        (("~1",), "/~01"),
    ],
)
def test_a_path_is_written_as_a_json_pointer(path, pointer):
    """As RFC 6901 has it, and read back where it leads somewhere."""
    assert json_pointer(path) == pointer
    root: Any = 1
    for token in reversed(path):
        root = [root] if isinstance(token, int) else {token: root}
    assert pointer_path(root, pointer) == path
    assert read_pointer(root, f"#{pointer}") == path


def test_numbers_in_a_pointer_are_places_in_lists_only():
    """In an object they are names; what leads nowhere stays as it is written."""
    assert pointer_path(ROOT, "/items/1") == ("items", 1)
    assert pointer_path(ROOT, "/properties/0") == ("properties", "0")
    assert pointer_path(ROOT, "/none/0") == ("none", "0")


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("#", ()),
        ("", ()),
        ("#/definitions/b", ("definitions", "b")),
        ("#/definitions/c~1d", ("definitions", "c/d")),
        ("#/definitions/e%7E0f", ("definitions", "e~f")),
        ("#/items/0", ("items", 0)),
        ("#/items/9", None),
        ("#/items/x", None),
        ("#definitions", None),
        ("#/none", None),
    ],
)
def test_a_reference_is_read_as_a_path(reference, path):
    """None where it leads nowhere, or is no pointer."""
    assert read_pointer(ROOT, reference) == path


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (("definitions", "b"), ("definitions", "b")),
        (("definitions", "a"), ("definitions", "b")),
        (("x",), ("x",)),
        (("y",), ("y",)),
        (("z",), ("z",)),
        (("items", 1), ("items", 1)),
        (("none",), ("none",)),
    ],
)
def test_references_are_followed_to_a_schema_of_its_own(path, target):
    """What refers to itself, to nowhere or by no text stays where it is."""
    assert dereference(ROOT, path) == target


def test_types_are_a_list():
    """One name, several, or the default."""
    assert types_of({"type": "string"}) == ["string"]
    assert types_of({"type": ["string", "null"]}) == ["string", "null"]
    assert types_of({}) == []
    assert types_of({}, default=("a", "b")) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "integer"),
        (1.5, "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
        (1j, "complex"),
    ],
)
def test_a_value_has_the_type_of_draft_07(value, name):
    """1.0 is an integer; true is none."""
    assert given_type(value) == name


def test_a_field_is_written_as_segment_does():
    """With dots, and (root) for the whole."""
    assert field_of(("properties", "products", 0, "price")) == "properties.products.0.price"
    assert field_of(()) == "(root)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 118, f'"{"x" * 118}"'),
        ("x" * 119, f'"{"x" * 116}...'),
        ({"b": [1, None]}, '{"b":[1,null]}'),
        ("\ud800", "'\\ud800'"),
    ],
)
def test_a_value_in_a_sentence_is_short_json(value, text):
    """At most 120 characters; what is not JSON as Python writes it."""
    assert shown(value) == text


@pytest.mark.parametrize(("count", "end"), [(50, ", 49"), (51, ", 49, ... (51 in all)")])
def test_fifty_allowed_values_are_listed(count, end):
    """And how many there are in all."""
    text = listed(list(range(count)))
    assert text.startswith("0, 1, 2")
    assert text.endswith(end)
