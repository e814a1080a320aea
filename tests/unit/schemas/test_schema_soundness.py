"""Which schemas a plan may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg.errors import PlanError
from mockseg.schemas.soundness import sound_schema, usable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.schemas.walker import Failure

DEEP: dict[str, Any] = {}
for _ in range(150):
    DEEP = {"properties": {"a": DEEP}}
DOUBLING: dict[str, Any] = {
    "definitions": {
        f"d{n}": {"allOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(30)
    }
    | {"d30": {}}
}


@pytest.mark.parametrize(
    ("schema", "place", "sentence"),
    [
        (True, "", "a schema must be a JSON object, got true"),
        (
            {"properties": {"a": {"type": "strng"}}},
            ".properties.a.type",
            'unknown type of JSON Schema "strng"; did you mean "string"? Allowed: array',
        ),
        (
            {"items": [{"$ref": "https://example.com/x.json"}]},
            ".items[0].$ref",
            "leads out of the file; allowed are references inside this schema",
        ),
        ({"allOf": [{"$ref": "other.json#/a"}]}, ".allOf[0].$ref", "leads out of the file"),
        (
            {"not": {"$ref": "#/definitions/b"}, "definitions": {"a": {}}},
            ".not.$ref",
            '"#/definitions/b" leads nowhere; this schema defines #/definitions/a',
        ),
        ({"not": {"$ref": "#a"}}, ".not.$ref", "leads nowhere"),
        ({"not": {"$ref": 3}}, ".not.$ref", "a reference must be a string, got 3"),
        (
            {"$ref": "#/x-hidden", "x-hidden": {"properties": {"a": {"$ref": "http://e.io"}}}},
            ".x-hidden.properties.a.$ref",
            "leads out of the file",
        ),
        ({"$ref": "#"}, "", "refers to itself without going deeper"),
        (
            {"allOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"not": {"$ref": "#"}}}},
            "",
            "refers to itself without going deeper",
        ),
        ({"properties": {"a": {"$id": "http://e.io/a"}}}, ".properties.a.$id", "use definitions"),
        (
            {"properties": {"a": {"pattern": "^(?!x)"}}},
            ".properties.a.pattern",
            "is not RE2, the regular expressions of Segment: at character 2: look-around is not",
        ),
        ({"properties": {"a": {"pattern": r"^a\Z"}}}, ".properties.a.pattern", "write $ or"),
        ({"patternProperties": {"(": {}}}, ".patternProperties", 'the pattern "(" is not RE2'),
        ({"pattern": r"(a)\1"}, ".pattern", "the backreference"),
        (DEEP, "", "nested more than 100 deep"),
        (DOUBLING, "", "more than 10000 schemas would judge one value"),
        ({"pattern": "(a{1000}){1000}"}, ".pattern", "invalid count (at most 1000"),
        ({"pattern": r"\pL{1000}"}, ".pattern", "needs too much memory; allowed are shorter"),
    ],
)
def test_an_unsound_schema_is_one_sentence_with_its_place(
    schema: Any, place: str, sentence: str
) -> None:
    """The error stands at the very keyword and says what is allowed."""
    with pytest.raises(PlanError) as caught:
        sound_schema(schema, file="f.json", place="rules[0].jsonSchema")
    assert caught.value.place.startswith(f"rules[0].jsonSchema{place}")
    assert sentence in caught.value.reason
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "http://json-schema.org/draft-07/schema"},
        {"$id": "https://example.com/plan", "properties": {"a": {"$ref": "#/definitions/a"}},
         "definitions": {"a": {}}},
        {"properties": {"child": {"$ref": "#"}}},
        {"properties": {"$ref": {"type": "string"}, "$id": {}, "type": {}, "pattern": {}}},
        {"const": {"$ref": "http://example.com"}, "examples": [{"$ref": "http://example.com"}]},
        {"properties": {"a": {"pattern": r"^\p{L}+$"}}},
        {"$ref": "#/definitions/a%20b", "definitions": {"a b": {}}},
    ],
)  # fmt: skip
def test_a_sound_schema_is_compiled(schema: dict[str, Any]) -> None:
    """References inside, recursion into the value, and names like keywords are all allowed."""
    assert sound_schema(schema, file="f", place="s").is_valid(
        {"child": {"child": {}}, "type": 1}
    ) in {
        True,
        False,
    }


def test_equal_schemas_are_compiled_once() -> None:
    """A plan read for every test costs its compilation once."""
    first = sound_schema({"type": "object", "title": "once"}, file="f", place="s")
    again = sound_schema({"title": "once", "type": "object"}, file="f", place="s")
    assert first is again


def test_a_hostile_text_does_not_hang_a_pattern() -> None:
    """Patterns take linear time whatever they are."""
    schema = sound_schema({"pattern": "^(a+)+$"}, file="f", place="s")
    assert not schema.is_valid("a" * 50_000 + "b")


def nested(levels: int) -> dict[str, Any]:
    """Make a schema of objects inside of each other."""
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Make definitions of which each asks the next one twice."""
    return {
        "definitions": {
            f"d{level}": {"allOf": [{"$ref": f"#/definitions/d{level + 1}"}] * 2}
            for level in range(levels)
        }
        | {f"d{levels}": {}}
    }


def test_a_schema_is_nested_at_most_100_deep() -> None:
    """And 101 are too many, wherever a reference begins to count anew."""
    assert sound_schema(nested(100), file="f", place="s")
    with pytest.raises(PlanError, match="nested more than 100 deep"):
        sound_schema(nested(101), file="f", place="s")
    halves = {"properties": {"a": {"$ref": "#/definitions/x"}}, "definitions": {"x": nested(99)}}
    assert sound_schema(halves, file="f", place="s")


def test_at_most_10_000_schemas_judge_one_value() -> None:
    """Eleven doublings are 8,191 schemas with the references between them; twelve are too many."""
    assert sound_schema(doubling(11), file="f", place="s")
    with pytest.raises(PlanError, match="more than 10000 schemas would judge one value"):
        sound_schema(doubling(12), file="f", place="s")


def deepening(levels: int, keyword: str = "oneOf") -> dict[str, Any]:
    """Make definitions of which each asks the next one twice for a property."""
    return {
        "$ref": "#/definitions/d0",
        "definitions": {
            f"d{level}": {
                "properties": {"a": {keyword: [{"$ref": f"#/definitions/d{level + 1}"}] * 2}}
            }
            for level in range(levels)
        }
        | {f"d{levels}": {"type": "string"}},
    }


def innermost(failures: Iterable[Failure]) -> int:
    """Count the failures that no other wraps."""
    return sum(innermost(each.inner) if each.inner else 1 for each in failures)


def test_the_widest_schema_is_judged_in_few_steps() -> None:
    """Ten doublings on the way into a value are 1,024 answers at its end; eleven are refused."""
    value: Any = 1
    for _ in range(10):
        value = {"a": value}
    widest = sound_schema(deepening(10, "allOf"), file="f", place="s")
    failures, whole = widest.failures(value)
    assert whole
    assert innermost(failures) == 1024
    with pytest.raises(PlanError, match="more than 10000 schemas would judge one value") as caught:
        sound_schema(deepening(11), file="f", place="s")
    assert caught.value.place.startswith("s")


SELF: dict[str, Any] = {"$ref": "#"}
TWICE: dict[str, Any] = {"oneOf": [SELF, SELF]}


@pytest.mark.parametrize(
    "schema",
    [
        deepening(30),
        deepening(30, "anyOf"),
        {
            "definitions": {
                f"d{level}": {
                    "patternProperties": {
                        "^a": {"$ref": f"#/definitions/d{level + 1}"},
                        "b": {"$ref": f"#/definitions/d{level + 1}"},
                    }
                }
                for level in range(30)
            }
            | {"d30": {}}
        },
        {
            "definitions": {
                f"d{level}": {
                    "items": {"$ref": f"#/definitions/d{level + 1}"},
                    "contains": {"$ref": f"#/definitions/d{level + 1}"},
                }
                for level in range(30)
            }
            | {"d30": {}}
        },
    ],
)
def test_a_fan_out_that_goes_deeper_is_refused(schema: dict[str, Any]) -> None:
    """Whichever keywords judge the same value inside, the schemas double at each step."""
    with pytest.raises(PlanError, match="one value and one path into it") as caught:
        sound_schema(schema, file="f", place="s")
    assert caught.value.place.startswith("s.definitions.d")


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"c": TWICE}}, "s.properties.c"),
        ({"additionalProperties": TWICE}, "s.additionalProperties"),
        ({"items": [{}, TWICE]}, "s.items[1]"),
        ({"anyOf": [{"properties": {"c": SELF}}, {"properties": {"c": SELF}}]}, "s"),
        ({"if": {"properties": {"c": SELF}}, "then": {"additionalProperties": SELF}}, "s"),
        ({"properties": {"c": SELF}, "patternProperties": {"^c": SELF}}, "s"),
        ({"patternProperties": {"^c": SELF, "^d": SELF}}, "s"),
        ({"items": SELF, "contains": SELF}, "s"),
        (
            {
                "properties": {"c": {"anyOf": [SELF, {"$ref": "#/definitions/b"}]}},
                "definitions": {"b": {"properties": {"c": {"$ref": "#/definitions/b"}}}},
            },
            "s.properties.c",
        ),
    ],
)
def test_a_recursion_that_doubles_is_refused(schema: dict[str, Any], place: str) -> None:
    """One value inside leads to one recursive schema; the place is where it leads to more."""
    with pytest.raises(PlanError, match="allowed is one such reference for each") as caught:
        sound_schema(schema, file="f", place="s")
    assert caught.value.place.startswith(place)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"left": SELF, "right": SELF}},
        {"properties": {"items": {"items": SELF}, "parent": {"anyOf": [SELF, {"type": "null"}]}}},
        {"oneOf": [{"properties": {"and": {"items": SELF}}}, {"properties": {"not": SELF}}]},
        {"properties": {"left": SELF}, "patternProperties": {"^x-": SELF}},
        {"properties": {"left": SELF}, "additionalProperties": SELF},
        {"items": [SELF, SELF], "additionalItems": SELF, "properties": {"a": SELF}},
        {"allOf": [{"$ref": "#/definitions/tree"}, {"$ref": "#/definitions/tree"}],
         "definitions": {"tree": {"properties": {"a": {"$ref": "#/definitions/tree"}}}}},
        {"definitions": {
            f"d{n}": {"properties": {ab: {"$ref": f"#/definitions/d{n + 1}"} for ab in "ab"}}
            for n in range(40)} | {"d40": {}}},
        {"anyOf": [{"properties": {"event": {"const": str(n)}}} for n in range(3000)]},
    ],
)  # fmt: skip
def test_trees_and_wide_schemas_are_allowed(schema: dict[str, Any]) -> None:
    """Where each value inside leads to one recursive schema, the time is linear in the value."""
    assert sound_schema(schema, file="f", place="s")


@pytest.mark.parametrize(
    ("schema", "whole"),
    [
        (True, {}),
        ({"x-y": 1, "title": "t", "labels": {}}, {"x-y": 1, "title": "t", "labels": {}}),
        (
            {
                "properties": {"a": {"$ref": "#/definitions/d"}, "b": {"$ref": "#/definitions/d"}},
                "definitions": {"d": {"type": "null"}},
            },
            {"properties": {"a": {"type": "null"}, "b": {"type": "null"}}},
        ),
        (
            {
                "allOf": [{"$ref": "#/definitions/d"}, {"not": {"$ref": "#/definitions/e"}}],
                "definitions": {
                    "d": {"anyOf": [{"$ref": "#/definitions/e"}, True]},
                    "e": {"const": {"$ref": "kept"}},
                },
            },
            {
                "allOf": [
                    {"anyOf": [{"const": {"$ref": "kept"}}, True]},
                    {"not": {"const": {"$ref": "kept"}}},
                ]
            },
        ),
        ({"items": {"$ref": "#/x-d"}, "x-d": False}, {"items": False, "x-d": False}),
    ],
)
def test_references_are_written_out(schema: Any, whole: Any) -> None:
    """Definitions are gone afterwards; values that look like references stay."""
    assert usable(schema, file="f", place="s") == whole


def test_writing_references_out_leaves_the_schema_alone() -> None:
    """The plan's own schema is not changed."""
    schema = {"properties": {"a": {"$ref": "#/x-d"}}, "x-d": {"enum": [1]}}
    before = str(schema)
    usable(schema, file="f", place="s")
    assert str(schema) == before


@pytest.mark.parametrize(
    ("schema", "place", "sentence"),
    [
        (False, "s", "nothing satisfies the schema false"),
        (
            {"minContains": 1},
            "s.minContains",
            'strategies do not support this: unknown keyword "min',
        ),
        (
            {"properties": {"a": {"minimun": 1}}},
            "s.properties.a.minimun",
            'strategies do not support this: unknown keyword "minimun"; did you mean "minimum"?',
        ),
        (
            {"allOf": [{}, {"anyOf": [{"items": [{"prefixItems": []}]}]}]},
            "s.allOf[1].anyOf[0].items[0].prefixItems",
            "strategies do not support this",
        ),
        (
            {"dependencies": {"a": ["b"], "c": {"dependentRequired": {}}}},
            "s.dependencies.c.dependentRequired",
            "strategies do not support this",
        ),
        (
            {"properties": {"a": {"$ref": "#"}}},
            "s.properties.a",
            "the schema refers to itself, so that its values have no end",
        ),
        (
            {"properties": {"a": {"properties": {"b": {"$ref": "#/properties/a"}}}}},
            "s.properties.a.properties.b",
            "the schema refers to itself",
        ),
    ],
)
def test_what_no_value_is_generated_of_is_refused(schema: Any, place: str, sentence: str) -> None:
    """Keywords beyond the subset, lists of items, and values without an end."""
    with pytest.raises(PlanError) as caught:
        usable(schema, file="f.json", place="s")
    assert (caught.value.file, caught.value.place) == ("f.json", place)
    assert caught.value.reason.startswith(sentence)


def _doubling(levels: int) -> dict[str, Any]:
    """Return a schema in which each definition asks the next one for two properties."""
    definitions: dict[str, Any] = {
        f"d{n}": {"properties": {name: {"$ref": f"#/definitions/d{n + 1}"} for name in "ab"}}
        for n in range(levels)
    }
    definitions[f"d{levels}"] = {"type": "string"}
    return {"definitions": definitions, "properties": {"x": {"$ref": "#/definitions/d0"}}}


def test_a_schema_that_explodes_when_it_is_written_out_is_refused_before() -> None:
    """It judges values well, so a plan may hold it; values cannot be generated from it."""
    assert usable(_doubling(12), file="shop", place="schema")["properties"]["x"]["properties"]
    sound_schema(_doubling(60), file="shop", place="schema")
    with pytest.raises(PlanError) as caught:
        usable(_doubling(60), file="shop", place="schema")
    sentence = "more than 10,000 schemas when references are written out"
    assert sentence in str(caught.value)
    assert "schema.definitions.d" in str(caught.value)


def test_references_are_written_out_at_most_100_deep() -> None:
    """A long chain of them is refused with the place, too."""
    chain = {
        f"d{n}": {"properties": {"a": {"$ref": f"#/definitions/d{n + 1}"}}} for n in range(2000)
    }
    schema = {"definitions": {**chain, "d2000": {}}, "$ref": "#/definitions/d0"}
    with pytest.raises(PlanError, match="nested more than 100 deep, references followed"):
        usable(schema, file="shop", place="schema")
