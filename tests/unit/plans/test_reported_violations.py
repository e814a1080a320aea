"""What Segment reports of a call: the pairs that its library was run with, compared as sets."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.plans.protocols import reported_in
from mockseg.plans.reported import reported
from mockseg.schemas.compiled import compile_schema

ROOT = "(root)"
ANY_OF = "Must validate at least one schema (anyOf)"
ONE_OF = "Must validate one and only one schema (oneOf)"
ALL_OF = "Must validate all the schemas"
THEN = 'Must validate "then" as "if" was valid'
ELSE = 'Must validate "else" as "if" was not valid'
INTEGER_FOR_STRING = "Invalid type. Expected: string, given: integer"


def v(schema: Any) -> dict[str, Any]:
    """Put a schema at property ``v``."""
    return {"properties": {"v": schema}}


def report(schema: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    """Return field and text of all that is reported, in order; the walk decides as the engine."""
    compiled = compile_schema(schema)
    failures, whole = compiled.failures(value)
    assert whole
    assert bool(failures) == (not compiled.is_valid(value))
    return [(each.field, each.description) for each in reported(failures, schema=compiled.schema)]


STRING_OR_NUMBER = v(
    {"anyOf": [{"type": "string", "minLength": 5}, {"type": "integer", "minimum": 10}]}
)
TAGGED = v(
    {
        "anyOf": [
            {
                "type": "object",
                "properties": {"k": {"const": "x"}, "n": {"type": "integer"}},
                "required": ["k", "n"],
            },
            {"type": "string"},
        ]
    }
)
CONDITION = {
    "if": {"properties": {"t": {"const": "x"}}},
    "then": {"required": ["y"]},
    "else": {"required": ["z"]},
}
SCREEN = {"properties": {"type": {"const": "screen"}}}
ONE_NAME = {"if": SCREEN, "then": {"oneOf": [{"properties": {"name": {"pattern": "^a$"}}}]}}
ALL_NAMES = {
    "if": SCREEN,
    "then": {"allOf": [{"required": ["name"]}, {"properties": {"name": {"pattern": "^[a-z]+$"}}}]},
}
PRICES = {
    "properties": {
        "v": {
            "type": "array",
            "items": {"properties": {"price": {"type": "number"}}, "required": ["price"]},
        }
    }
}
ENUM = v({"enum": ["a", 1, None, {"z": 1, "b": 2}]})
CONTAINS = v({"contains": {"type": "string"}})
BETWEEN = v({"exclusiveMinimum": 1, "exclusiveMaximum": 10})

PAIRS: dict[str, tuple[dict[str, Any], Any, list[tuple[str, str]]]] = {
    "1": ({"required": ["a", "b"]}, {}, [("a", "a is required"), ("b", "b is required")]),
    "2": ({"properties": {"p": {"required": ["q"]}}}, {"p": {}}, [("p.q", "p.q is required")]),
    "3": ({"type": "string"}, 1.0, [(ROOT, INTEGER_FOR_STRING)]),
    "4 whole": ({"type": "integer"}, 1.0, []),
    "4": (
        {"type": "integer"},
        1.5,
        [(ROOT, "Invalid type. Expected: integer, given: number")],
    ),
    "5": (
        {"type": ["string", "null"]},
        5,
        [(ROOT, "Invalid type. Expected: [string,null], given: integer")],
    ),
    "6": (
        PRICES,
        {"v": [{"price": 1}, {"price": "x"}, {}]},
        [
            ("v.1.price", "Invalid type. Expected: number, given: string"),
            ("v.2.price", "v.2.price is required"),
        ],
    ),
    "7": (
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {},
        [(ROOT, ANY_OF), ("a", "a is required")],
    ),
    "8": (
        v({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        {"v": True},
        [("v", ANY_OF), ("v", "Invalid type. Expected: string, given: boolean")],
    ),
    "9": (
        STRING_OR_NUMBER,
        {"v": 3},
        [("v", ANY_OF), ("v", "Must be greater than or equal to 10")],
    ),
    "10": (
        STRING_OR_NUMBER,
        {"v": "ab"},
        [("v", ANY_OF), ("v", "String length must be greater than or equal to 5")],
    ),
    "11": (
        TAGGED,
        {"v": {"k": "x", "n": "7"}},
        [("v", ANY_OF), ("v.n", "Invalid type. Expected: integer, given: string")],
    ),
    "12": (
        v({"oneOf": [{"type": "array"}, {"type": "object"}]}),
        {"v": "s"},
        [("v", ONE_OF), ("v", "Invalid type. Expected: array, given: string")],
    ),
    "13": (v({"oneOf": [{"type": "integer"}, {"minimum": 2}]}), {"v": 3}, [("v", ONE_OF)]),
    "14": (
        v({"oneOf": [{"pattern": "^a"}, {"pattern": "^b"}]}),
        {"v": "c"},
        [("v", ONE_OF), ("v", "Does not match pattern '^a'")],
    ),
    "15": (
        v({"allOf": [{"minLength": 3}, {"pattern": "^a"}]}),
        {"v": "b"},
        [
            ("v", "String length must be greater than or equal to 3"),
            ("v", "Does not match pattern '^a'"),
            ("v", ALL_OF),
        ],
    ),
    "16": ({"allOf": [{"required": ["a"]}]}, {}, [("a", "a is required"), (ROOT, ALL_OF)]),
    "17": (
        {"not": {"required": ["a"]}},
        {"a": 1},
        [(ROOT, "Must not validate the schema (not)")],
    ),
    "18": (CONDITION, {"t": "x"}, [(ROOT, THEN), ("y", "y is required")]),
    "19": (CONDITION, {"t": "q"}, [(ROOT, ELSE), ("z", "z is required")]),
    "20": (CONDITION, {}, [(ROOT, THEN), ("y", "y is required")]),
    "21": (
        ONE_NAME,
        {"type": "screen", "name": "b"},
        [(ROOT, THEN), (ROOT, ONE_OF), ("name", "Does not match pattern '^a$'")],
    ),
    "22": (
        ALL_NAMES,
        {"type": "screen", "name": "X"},
        [(ROOT, THEN), ("name", "Does not match pattern '^[a-z]+$'"), (ROOT, ALL_OF)],
    ),
    "23": (
        {"dependencies": {"a": ["b", "c"]}},
        {"a": 1},
        [(ROOT, "Has a dependency on b"), (ROOT, "Has a dependency on c")],
    ),
    "24": (
        {"dependencies": {"a": {"required": ["b"]}}},
        {"a": 1},
        [("b", "b is required")],
    ),
    "25": (
        ENUM,
        {"v": "q"},
        [("v", 'v must be one of the following: "a", 1, null, {"b":2,"z":1}')],
    ),
    "26": (ENUM, {"v": 1.0}, []),
    "27": (
        v({"const": {"b": 1, "a": [1.0]}}),
        {"v": 0},
        [("v", 'v does not match: {"a":[1],"b":1}')],
    ),
    "28": ({"const": 1}, 2, [(ROOT, "(root) does not match: 1")]),
    "29": (
        CONTAINS,
        {"v": [1, 2]},
        [("v", "At least one of the items must match"), ("v.0", INTEGER_FOR_STRING)],
    ),
    "30": (CONTAINS, {"v": []}, [("v", "At least one of the items must match")]),
    "31": (
        v({"items": [{"type": "string"}], "additionalItems": False}),
        {"v": ["a", 1]},
        [("v", "No additional items allowed on array")],
    ),
    "32": (
        v({"uniqueItems": True}),
        {"v": [1, 1, 1]},
        [("v", "array items[0,1] must be unique"), ("v", "array items[1,2] must be unique")],
    ),
    "33": ({"minProperties": 1}, {}, [(ROOT, "Must have at least 1 properties")]),
    "34": (
        {"properties": {"a": {}}, "additionalProperties": False},
        {"a": 1, "x": 2},
        [(ROOT, "Additional property x is not allowed")],
    ),
    "35": ({"additionalProperties": {"type": "string"}}, {"x": 2}, [("x", INTEGER_FOR_STRING)]),
    "36": (
        {"patternProperties": {"^n_": {"type": "number"}}, "additionalProperties": False},
        {"n_a": "s"},
        [("n_a", "Invalid type. Expected: number, given: string")],
    ),
    "37": (
        {"propertyNames": {"pattern": "^[a-z]+$"}},
        {"A1": 1},
        [
            (ROOT, 'Property name of "A1" does not match'),
            (ROOT, "Does not match pattern '^[a-z]+$'"),
        ],
    ),
    "38 exact": (v({"multipleOf": 0.01}), {"v": 19.99}, []),
    "38": (v({"multipleOf": 0.01}), {"v": 0.015}, [("v", "Must be a multiple of 0.01")]),
    "39 least": (BETWEEN, {"v": 1}, [("v", "Must be greater than 1")]),
    "39 most": (BETWEEN, {"v": 10}, [("v", "Must be less than 10")]),
    "40": (
        v({"maximum": 1000000}),
        {"v": 1000001},
        [("v", "Must be less than or equal to 1e+06")],
    ),
    "41": (
        v({"type": "integer", "minimum": 5, "enum": [6, 7], "multipleOf": 2}),
        {"v": 3},
        [
            ("v", "Must be a multiple of 2"),
            ("v", "Must be greater than or equal to 5"),
            ("v", "v must be one of the following: 6, 7"),
        ],
    ),
    "42": (
        v({"type": "string", "format": "email", "pattern": "^z", "minLength": 9, "enum": ["q"]}),
        {"v": "abc"},
        [
            ("v", 'v must be one of the following: "q"'),
            ("v", "Does not match format 'email'"),
            ("v", "String length must be greater than or equal to 9"),
            ("v", "Does not match pattern '^z'"),
        ],
    ),
    "43": ({"properties": {"v": False}}, {"v": 1}, [("v", "False always fails validation")]),
    "44 null": (
        {"properties": {"properties": {"type": "object"}}},
        {"properties": None},
        [("properties", "Invalid type. Expected: object, given: null")],
    ),
    "44 list": (
        {"properties": {"properties": {"type": "object"}}},
        {"properties": []},
        [("properties", "Invalid type. Expected: object, given: array")],
    ),
}


@pytest.mark.parametrize("number", PAIRS)
def test_violations_are_reported_as_by_segments_library(number: str) -> None:
    """Fields, texts and inner errors; siblings have no order at Segment, so sets are compared."""
    schema, value, expected = PAIRS[number]
    assert set(report(schema, value)) == set(expected)


@pytest.mark.parametrize("number", ["15", "18", "22", "37", "41", "42"])
def test_where_the_library_has_an_order_it_is_kept(number: str) -> None:
    """What fails inside of ``allOf`` comes before it, of the others after it."""
    schema, value, expected = PAIRS[number]
    assert report(schema, value) == expected


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (100000, "100000"),
        (999999, "999999"),
        (1000000, "1e+06"),
        (1234567, "1.234567e+06"),
        (123456789, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (19.99, "19.99"),
        (2.5, "2.5"),
        (3.0, "3"),
        (0, "0"),
        (-1000000, "-1e+06"),
        (10**30, "1e+30"),
    ],
)
def test_limits_are_written_as_go_writes_numbers(limit: float, text: str) -> None:
    """The shortest decimal, with an exponent below 1e-4 and from 1e6 on."""
    schema = v({"not": {}, "minimum": limit})
    told = dict(report({**schema, "required": ["w"]}, {"v": limit - 10**29}))
    assert told["v"] == f"Must be greater than or equal to {text}"


def test_values_are_written_as_gos_json() -> None:
    """Safe in HTML, with sorted keys and whole numbers reduced."""
    ((_, text),) = report({"const": {"b": "<a> & b", "a": 2.0}}, 1)
    assert text == '(root) does not match: {"a":2,"b":"\\u003ca\\u003e \\u0026 b"}'


@pytest.mark.parametrize(
    ("schema", "value", "texts"),
    [
        # The branch that came further is told, the first of equal ones.
        (
            v({"oneOf": [{"type": "array"}, {"type": "object", "required": ["a", "b"]}]}),
            {"v": {"a": 1}},
            [ONE_OF, "v.b is required"],
        ),
        (
            v({"anyOf": [{"properties": {"k": {"const": 1}, "m": {"type": "string"}}},
                         {"properties": {"k": {"const": 2}, "m": {"type": "string"}}}]}),
            {"v": {"k": 2, "m": 1}},
            [ANY_OF, INTEGER_FOR_STRING],
        ),
        # A schema among the dependencies and beside a reference.
        ({"$ref": "#/definitions/a", "required": ["b"], "definitions": {"a": {"minProperties": 2}}},
         {"a": 1}, ["Must have at least 2 properties"]),
        (v({"contains": {"required": ["a", "b"]}}), {"v": [{"a": 1}, {}, 3]}, []),
        (v({"items": [{}], "additionalItems": {"type": "string"}}), {"v": [1, 2]},
         [INTEGER_FOR_STRING]),
        (v({"allOf": [{"allOf": [{"minimum": 2}]}, {"maximum": 5}]}), {"v": 1},
         ["Must be greater than or equal to 2", ALL_OF, ALL_OF]),
    ],
)  # fmt: skip
def test_the_closest_branch_is_told(schema: Any, value: Any, texts: list[str]) -> None:
    """By the points of the library, whatever the order of the branches."""
    assert [text for _, text in report(schema, value)] == texts


def test_the_call_that_goes_on_carries_what_segment_reports() -> None:
    """And a person reads one sentence of the same failures, with help."""
    rule = {
        "type": "TRACK",
        "key": "A",
        "jsonSchema": {"properties": {"properties": {"allOf": [{"required": ["total"]}]}}},
    }
    plans = PlanSet([plan_from_json({"name": "p", "rules": [rule]}, file="p")])
    message = {"type": "track", "event": "A", "properties": {"totl": 1}}
    outcome = plans.decide(message, type="track", event="A")
    assert [(each.type, each.field, each.description) for each in reported_in(outcome.message)] == [
        ("Required", "properties.total", "properties.total is required"),
        ("Number All Of", "properties", ALL_OF),
    ]
    (violation,) = outcome.violations
    assert violation.description == 'properties.total is required; did you mean it by "totl"?'
