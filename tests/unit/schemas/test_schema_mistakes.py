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
            found = {VOCABULARY[each.keyword][0] for each in compiled.failures(made)[0]}
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
    ((failure,), _) = compiled.failures(made)
    assert (failure.keyword, [each.keyword for each in failure.inner]) == ("then", ["required"])


def made(schema: Any, value: Any, *, values: Any = None, given: Any = ()) -> list[Any]:
    """Give code, field, sentence and broken value of each mistake but those of type."""
    found = mistakes(schema, values=values or {}, given=given)
    return [
        (each.code, each.field, each.sentence, each.made_in(value))
        for each in found
        if each.code != "invalid_type"
    ]


@pytest.mark.parametrize(
    ("schema", "good", "code", "sentence", "broken"),
    [
        (
            {"enum": ["free"]},
            "free",
            "enum",
            'is "Nothing Like It", which is not one of the allowed values',
            "Nothing Like It",
        ),
        ({"enum": [1, 7, 2]}, 1, "enum", "is 8, which is not one of the allowed values", 8),
        (
            {"const": 1},
            1,
            "const",
            'is "Nothing Like It", which is not the one value that is allowed',
            "Nothing Like It",
        ),
        ({"minimum": 5}, 5, "minimum", "is 4, which is too small", 4),
        ({"maximum": 9}, 5, "maximum", "is 10, which is too large", 10),
        ({"exclusiveMinimum": 1}, 5, "exclusive_minimum", "is 1, which is too small", 1),
        ({"exclusiveMaximum": 9}, 5, "exclusive_maximum", "is 9, which is too large", 9),
        ({"multipleOf": 3}, 3, "multiple_of", "is 1.5, which is not a multiple", 1.5),
        ({"minLength": 3}, "abc", "min_length", 'is "xx", which is too short', "xx"),
        ({"minLength": 1}, "abc", "min_length", 'is "", which is too short', ""),
        ({"maxLength": 3}, "abc", "max_length", 'is "xxxx", which is too long', "xxxx"),
        ({"maxLength": 0}, "", "max_length", 'is "x", which is too long', "x"),
        ({"minItems": 1}, [1], "min_items", "is [], which has too few items", []),
        ({"maxItems": 2}, [1, 2], "max_items", "has too many items", [1, 2, 1]),
        ({"maxItems": 4}, [1], "max_items", "has too many items", [1, 1, 1, 1, 1]),
        ({"uniqueItems": True}, [1, 2], "unique_items", "has equal items", [1, 1]),
        ({"minProperties": 1}, {"b": 1}, "min_properties", "is {}, which is too small", {}),
        (
            {"pattern": "^[0-9]+$"},
            "1",
            "pattern",
            'is "12 and more", which does not match the pattern',
            "12 and more",
        ),
        (
            {"pattern": "^[0-9 a-z]+$"},
            "1",
            "pattern",
            'is "\u00bf?", which does not match the pattern',
            "\u00bf?",
        ),
        ({"pattern": "."}, "1", "pattern", 'is "", which does not match the pattern', ""),
        (
            {"format": "email"},
            "a@b",
            "format",
            'is "not any format \u00bf", which does not have the format',
            "not any format \u00bf",
        ),
    ],
)
def test_the_mistake_of_a_keyword_is_just_beyond_it(
    schema: Any, good: Any, code: str, sentence: str, broken: Any
) -> None:
    """The nearest value that the keyword refuses, and what is wrong with it."""
    mistake = made({"properties": {"a": schema}}, {"a": good})[0]
    assert mistake == (code, "a", f"a {sentence}", {"a": broken})


@pytest.mark.parametrize(
    "schema",
    [
        {"minLength": 0},
        {"minLength": 1 << 15},
        {"maxLength": 1 << 15},
        {"maxItems": (1 << 15) - 1},
        {"minItems": 0},
        {"minProperties": 0},
        {"uniqueItems": False},
        {"pattern": ""},
        True,
    ],
)
def test_where_nothing_can_be_wrong_there_is_no_mistake(schema: Any) -> None:
    """Nor where the wrong value would be larger than any message."""
    assert made({"properties": {"a": schema}}, {"a": [1]}) == []


def test_another_case_of_a_text_is_a_mistake_of_its_own() -> None:
    """Of the first allowed text; numbers have no case."""
    found = made({"properties": {"a": {"enum": ["Free", "paid"]}}}, {"a": "Free"})
    assert found[1][3] == {"a": "fREE"}
    assert len(found) == 2
    assert len(made({"properties": {"a": {"enum": ["Free", 1]}}}, {"a": 1})) == 1


@pytest.mark.parametrize(
    ("allowed", "words", "wrong"),
    [
        (
            "integer",
            "integer",
            {
                "string": "9",
                "number": 1.5,
                "boolean": True,
                "null": None,
                "array": [],
                "object": {},
            },
        ),
        (
            "number",
            "integer or number",
            {"string": "9", "boolean": True, "null": None, "array": [], "object": {}},
        ),
        (
            ["string", "null"],
            "null or string",
            {"integer": 7, "number": 1.5, "boolean": True, "array": [], "object": {}},
        ),
        (
            ["boolean", "array", "object"],
            "array or boolean or object",
            {"string": "text", "integer": 7, "number": 1.5, "null": None},
        ),
    ],
)
def test_every_other_type_is_a_mistake(allowed: Any, words: str, wrong: dict[str, Any]) -> None:
    """A number as a string is the likeliest; a whole number is a number."""
    found = list(mistakes({"properties": {"a": {"type": allowed}}}, values={}, given=()))
    assert {each.detail: (each.made_in({}) or {})["a"] for each in found} == wrong
    names = {"number": "integer or number"}.get(
        str(allowed), " or ".join(sorted([allowed] if isinstance(allowed, str) else allowed))
    )
    assert [each.sentence for each in found] == [
        f"a is of type {kind}, not {names}" for kind in wrong
    ]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (
            {"required": ["a"], "properties": {"a": {}}},
            {"a": 1, "b": 2},
            [("required", "a", "a is missing", {"b": 2})],
        ),
        ({"required": ["a"]}, {"b": 2}, [("required", "a", "a is missing", None)]),
        (
            {"properties": {"a": False}},
            {},
            [("not_allowed", "a", "a may not be there", {"a": "text"})],
        ),
        ({"additionalProperties": False}, {}, []),
        (
            {"properties": {"o": {"additionalProperties": False}}},
            {"o": 5},
            [
                (
                    "additional_property",
                    "o.unplannedProperty",
                    "unplannedProperty is not in the plan",
                    {"o": {"unplannedProperty": "text"}},
                )
            ],
        ),
        (
            {"properties": {"o": {"properties": {"l": {"items": {"minLength": 1}}}}}},
            {"o": {"l": ["a", "b"]}},
            [("min_length", "o.l.0", '0 is "", which is too short', {"o": {"l": ["", "b"]}})],
        ),
        (
            {"properties": {"l": {"items": {"required": ["a"]}}}},
            {"l": [{"a": 1, "b": 2}]},
            [("required", "l.0.a", "a is missing", {"l": [{"b": 2}]})],
        ),
        (
            {"anyOf": [{"required": ["p"]}, {"required": ["q"]}]},
            {"p": 1, "q": 2, "r": 3},
            [("any_of", "(root)", "none of p, q is there", {"r": 3})],
        ),
        (
            {"anyOf": [{"properties": {"v": {"minLength": 1}}}, True]},
            {"v": "x"},
            [("min_length", "v", 'v is "", which is too short', {"v": ""})],
        ),
        (
            {"oneOf": [{"properties": {"v": {"minLength": 1}}, "required": ["v"]}]},
            {"v": "x"},
            [("min_length", "v", 'v is "", which is too short', {"v": ""})],
        ),
        ({"allOf": [True, {"required": ["v"]}]}, {"v": 1}, [("required", "v", "v is missing", {})]),
        (
            {"allOf": [{"if": {"required": ["p"]}, "else": {"required": ["q"]}}]},
            {"p": 1, "q": 2, "r": 3},
            [("required", "q", "q is missing", {"r": 3})],
        ),
        (
            {
                "allOf": [
                    {
                        "if": {"anyOf": [{"required": ["p"]}, {"required": ["r"]}]},
                        "else": {"required": ["q"]},
                    }
                ]
            },
            {"p": 1, "q": 2, "r": 3},
            [("required", "q", "q is missing", {})],
        ),
        (
            {"if": {"required": ["k"]}, "then": {"required": ["s"]}},
            {"s": 1},
            [("required", "s", "s is missing", {})],
        ),
        (
            {"if": {"properties": {"k": {"const": None}}}, "then": {"required": ["s"]}},
            {"s": 1},
            [("required", "s", "s is missing when k is null", {"k": None})],
        ),
        (
            {
                "if": {"properties": {"k": {"enum": ["a", "b"]}}},
                "then": {"properties": {"no": False}, "required": ["s"]},
            },
            {"no": 1},
            [
                ("required", "s", 's is missing when k is "a"', {"k": "a"}),
                (
                    "not_allowed",
                    "no",
                    'no may not be there when k is "a"',
                    {"k": "a", "s": "good", "no": "text"},
                ),
                ("required", "s", 's is missing when k is "b"', {"k": "b"}),
                (
                    "not_allowed",
                    "no",
                    'no may not be there when k is "b"',
                    {"k": "b", "s": "good", "no": "text"},
                ),
            ],
        ),
    ],
)
def test_mistakes_of_an_object_are_made_where_they_belong(
    schema: Any, value: Any, expected: list[Any]
) -> None:
    """What is missing, forbidden or unplanned, in objects, lists, alternatives and branches."""
    assert made(schema, value, values={"s": "good"}) == expected


def test_what_is_given_is_not_broken() -> None:
    """Members that others see to are neither missing nor of a wrong value; what is inside is."""
    inner = {"properties": {"a": {"minLength": 1}}, "minProperties": 1}
    schema = {
        "required": ["properties", "userId"],
        "properties": {"properties": inner, "userId": {"minLength": 1}},
    }
    value = {"properties": {"a": "x"}, "userId": "u"}
    found = made(schema, value, given=("properties", "userId"))
    assert [(code, field) for code, field, _, _ in found] == [
        ("required", "properties"),
        ("min_length", "properties.a"),
    ]
    alone = made(schema, value)
    assert [(code, field) for code, field, _, _ in alone] == [
        ("required", "properties"),
        ("required", "userId"),
        ("min_properties", "properties"),
        ("min_length", "properties.a"),
        ("min_length", "userId"),
    ]


def test_a_known_value_is_used_where_one_is_forbidden() -> None:
    """What may not be there is sent as it usually looks."""
    (found,) = made({"properties": {"x": False}}, {}, values={"x": 9})
    assert found[3] == {"x": 9}
