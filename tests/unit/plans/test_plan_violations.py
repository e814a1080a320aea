"""How failures are worded: Segment's words first, then help."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.domain.findings import Violation
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.plans.violations import (
    MORE,
    capped,
    explain,
    segment_text,
    uncounted,
    violations_of,
)
from mockseg.schemas.compiled import compile_schema
from mockseg.suggestions import nearest


def found(schema: dict[str, Any], value: Any) -> tuple[Violation, ...]:
    """Return the violations."""
    return violations_of(compile_schema(schema).failures(value)[0], schema=schema, plan="p")


def in_a(schema: Any) -> dict[str, Any]:
    """Put a schema at property ``a``."""
    return {"properties": {"a": schema}}


@pytest.mark.parametrize(
    ("schema", "value", "code", "kind", "field", "text"),
    [
        ({"required": ["a"]}, {}, "required", "Required", "a", "a is required"),
        (
            in_a({"type": "integer"}),
            {"a": 1.5},
            "invalid_type",
            "Invalid Type",
            "a",
            "Invalid type. Expected: integer, given: number",
        ),
        (
            in_a({"type": ["string", "null"]}),
            {"a": True},
            "invalid_type",
            "Invalid Type",
            "a",
            "Invalid type. Expected: [string,null], given: boolean",
        ),
        (
            in_a({"enum": ["x", 1]}),
            {"a": None},
            "enum",
            "Enum",
            "a",
            'a must be one of the following: "x", 1',
        ),
        (in_a({"const": "x"}), {"a": 1}, "const", "Const", "a", 'a does not match: "x"'),
        (
            in_a({"pattern": "^x"}),
            {"a": "y"},
            "pattern",
            "Pattern",
            "a",
            "Does not match pattern '^x'",
        ),
        (
            in_a({"format": "uri"}),
            {"a": "y"},
            "format",
            "Format",
            "a",
            "Does not match format 'uri'",
        ),
        (
            in_a({"minimum": 1}),
            {"a": 0},
            "minimum",
            "Number Gte",
            "a",
            "Must be greater than or equal to 1",
        ),
        (
            in_a({"exclusiveMaximum": 1}),
            {"a": 1},
            "exclusive_maximum",
            "Number Lt",
            "a",
            "Must be less than 1",
        ),
        (
            in_a({"minLength": 2}),
            {"a": "x"},
            "min_length",
            "String Gte",
            "a",
            "String length must be greater than or equal to 2",
        ),
        (
            in_a({"maxLength": 0}),
            {"a": "x"},
            "max_length",
            "String Lte",
            "a",
            "String length must be less than or equal to 0",
        ),
        (
            in_a({"multipleOf": 2}),
            {"a": 3},
            "multiple_of",
            "Multiple Of",
            "a",
            "Must be a multiple of 2",
        ),
        (
            in_a({"additionalProperties": False}),
            {"a": {"b": 1}},
            "additional_property",
            "Additional Property Not Allowed",
            "a.b",
            "Additional property b is not allowed",
        ),
        (
            in_a({"items": {"type": "string"}}),
            {"a": ["x", {}]},
            "invalid_type",
            "Invalid Type",
            "a.1",
            "Invalid type. Expected: string, given: object",
        ),
        (
            {"minProperties": 1},
            {},
            "min_properties",
            "Array Min Properties",
            "(root)",
            "Must have at least 1 properties",
        ),
        (
            {"dependencies": {"a": ["b"]}},
            {"a": 1},
            "dependency",
            "Missing Dependency",
            "b",
            "Has a dependency on b",
        ),
        (
            {"propertyNames": {"pattern": "^a"}},
            {"b": 1},
            "property_name",
            "Invalid Property Name",
            "b",
            'Property name of "b" does not match',
        ),
        (
            {"not": {"minProperties": 1}},
            {"a": 1},
            "not",
            "Number Not",
            "(root)",
            "Must not validate the schema (not)",
        ),
        (
            in_a(False),
            {"a": 1},
            "not_allowed",
            "False",
            "a",
            "False always fails validation",
        ),
        (
            {"oneOf": [{}, {"type": "object"}]},
            {},
            "one_of",
            "Number One Of",
            "(root)",
            "Must validate one and only one schema (oneOf)",
        ),
        (
            in_a({"contains": {"type": "string"}}),
            {"a": [1]},
            "contains",
            "Contains",
            "a",
            "At least one of the items must match",
        ),
    ],
)
def test_violations_have_segments_words(  # noqa: PLR0917  # the columns of the table
    schema: dict[str, Any],
    value: Any,
    code: str,
    kind: str,
    field: str,
    text: str,
) -> None:
    """Code, type, field and sentence of each keyword."""
    (violation,) = found(schema, value)
    assert (violation.code, violation.type, violation.field) == (code, kind, field)
    assert segment_text(violation) == text


@pytest.mark.parametrize(
    ("schema", "value", "hint"),
    [
        (
            in_a({"type": "number"}),
            {"a": "9"},
            'did the SDK stringify it? "9" looks like a number',
        ),
        (
            in_a({"type": "boolean"}),
            {"a": "True"},
            'did the SDK stringify it? "True" looks like a boolean',
        ),
        (
            in_a({"type": "array"}),
            {"a": "[1]"},
            "did the SDK stringify it? the text looks like JSON",
        ),
        (in_a({"type": "string"}), {"a": 9}, 'did you mean the string "9"?'),
        (
            in_a({"enum": ["NPS Rating", "Other"]}),
            {"a": "nps_rating"},
            'did you mean "NPS Rating"?',
        ),
        (
            {"properties": {"pageUrl": {}}, "additionalProperties": False},
            {"pageURL": 1},
            'did you mean "pageUrl"?',
        ),
        ({"required": ["pageUrl"]}, {"page_url": 1}, 'did you mean it by "page_url"?'),
        (
            {"anyOf": [{"required": ["a"]}, {"required": ["b", "c"]}]},
            {},
            "did you forget a or b and c?",
        ),
        ({"not": {"required": ["a"]}}, {"a": 1}, "did you mean to send a here?"),
    ],
)
def test_help_follows_segments_words(schema: dict[str, Any], value: Any, hint: str) -> None:
    """The question stands after the sentence and can be told from it."""
    (violation,) = found(schema, value)
    assert violation.description == f"{segment_text(violation)}; {hint}"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (in_a({"type": "number"}), {"a": "nine"}),
        (in_a({"type": "number"}), {"a": "1e5x"}),
        (in_a({"enum": ["yes", "no"]}), {"a": "perhaps"}),
        (in_a({"type": "number"}), {"a": "9" * 100}),
    ],
)
def test_there_is_no_help_where_nothing_can_be_guessed(schema: dict[str, Any], value: Any) -> None:
    """A guess that means nothing is not made."""
    (violation,) = found(schema, value)
    assert segment_text(violation) == violation.description


def test_of_a_condition_the_innermost_place_is_told(
    plans: PlanSet, answered: dict[str, Any]
) -> None:
    """A missing score in `then` is required at the score, not at the condition."""
    del answered["properties"]["score"]
    (violation,) = plans.check(answered, type="track", event="Survey Answered")
    assert (violation.code, violation.field) == ("required", "properties.score")
    assert violation.instance_path == "/properties/score"
    assert violation.schema_path == "/properties/properties/allOf/0/then/required"


def test_alternatives_of_different_types_are_told_as_one() -> None:
    """Whoever sends neither hears of both types."""
    schema = in_a({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]})
    (violation,) = found(schema, {"a": []})
    assert violation.description == "Invalid type. Expected: [integer,string], given: array"


def test_alternatives_of_different_values_are_told_as_one() -> None:
    """Constants in a choice are an enum."""
    schema = in_a({"oneOf": [{"const": "x"}, {"enum": ["y", "z"]}]})
    (violation,) = found(schema, {"a": "w"})
    assert (violation.code, segment_text(violation)) == (
        "enum",
        'a must be one of the following: "x", "y", "z"',
    )


def test_of_other_alternatives_the_nearest_is_told() -> None:
    """The alternative of the right type and kind says what is wrong with it."""
    card = {"properties": {"kind": {"const": "card"}, "number": {"type": "string"}}}
    cash = {"properties": {"kind": {"const": "cash"}, "change": {"type": "number"}}}
    schema = in_a({"oneOf": [cash, card, {"type": "null"}]})
    (violation,) = found(schema, {"a": {"kind": "card", "number": True}})
    assert (violation.code, violation.field) == ("invalid_type", "a.number")


def test_a_digit_string_of_the_wrong_shape_names_the_pattern() -> None:
    """The alternative of the same type is nearer than the others."""
    schema = in_a({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]})
    (violation,) = found(schema, {"a": "x"})
    assert (violation.code, violation.field) == ("pattern", "a")


def test_references_are_followed_in_schema_paths() -> None:
    """The path leads to where the keyword stands in the file."""
    schema = {
        "properties": {"a": {"$ref": "#/definitions/x~1y"}},
        "definitions": {"x/y": {"type": "string"}},
    }
    (violation,) = found(schema, {"a": []})
    assert violation.schema_path == "/definitions/x~1y/type"


def test_the_order_does_not_depend_on_the_message() -> None:
    """Places are in order, whatever order the properties were sent in."""
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["c"]}
    fields = [each.field for each in found(schema, {"b": [], "a": []})]
    assert fields == ["a", "b", "c"]


def test_the_same_complaint_from_two_places_is_told_once() -> None:
    """Required by the rule and by a condition is still missing once."""
    schema = {"required": ["a"], "allOf": [{"required": ["a"]}]}
    (violation,) = found(schema, {})
    assert violation.schema_path == "/allOf/0/required"


@pytest.mark.parametrize(
    ("text", "numeric"),
    [
        ("9", True),
        ("1.5", True),
        ("-1e5", True),
        ("1" * 40, True),
        ("1" * 41, False),
        ("5.", False),
        ("inf", False),
        ("nan", False),
        ("9 kg", False),
        ("", False),
        ("\u0669", False),
    ],
)
def test_a_text_that_looks_like_a_number_is_told(text: str, *, numeric: bool) -> None:
    """Digits at the end, ASCII, at most 40 characters; not what only Python reads so."""
    (violation,) = found(in_a({"type": "number"}), {"a": text})
    assert ("looks like a number" in violation.description) is numeric


def test_long_lists_and_values_are_cut() -> None:
    """A sentence stays one that can be read."""
    (violation,) = found(in_a({"enum": [f"value {n}" for n in range(500)]}), {"a": None})
    assert violation.description.endswith(", ... (500 in all)")
    (violation,) = found(in_a({"const": "x" * 1000}), {"a": None})
    assert len(violation.description) < 200


def test_an_explanation_shows_what_was_sent_and_whose_rule_it_is(
    plans: PlanSet, answered: dict[str, Any]
) -> None:
    """Three lines: the complaint, the value, the rule."""
    answered["properties"]["score"] = "9"
    (violation,) = plans.check(answered, type="track", event="Survey Answered")
    said = "Invalid type. Expected: number, given: string"
    assert explain(violation, answered).splitlines() == [
        f'properties.score: {said}; did the SDK stringify it? "9" looks like a number',
        '  sent: string "9"',
        "  plan: survey, rule /properties/properties/properties/score/type",
    ]


def test_an_explanation_of_something_missing_shows_what_is_there(
    plans: PlanSet, answered: dict[str, Any]
) -> None:
    """The field is named once, and the names beside it are listed."""
    del answered["properties"]["pageUrl"]
    (violation,) = plans.check(answered, type="track", event="Survey Answered")
    assert explain(violation, answered).splitlines()[:2] == [
        "properties.pageUrl is required",
        '  sent: an object with "questionType", "score"',
    ]


@pytest.mark.parametrize(
    ("count", "end"), [(0, "an empty object"), (20, '"k19"'), (21, '"k19", ...')]
)
def test_an_explanation_lists_up_to_twenty_names(count: int, end: str) -> None:
    """Of what is there, where something is missing."""
    message = {f"k{number:02}": 1 for number in range(count)}
    (violation,) = found({"required": ["a"]}, message)
    assert explain(violation, message).splitlines()[1].endswith(end)


def test_an_explanation_finds_values_in_lists() -> None:
    """Numbers in a path are places in a list, or names in an object."""
    schema = in_a({"items": {"type": "string"}})
    (violation,) = found(schema, {"a": [True]})
    assert "  sent: boolean true" in explain(violation, {"a": [True]})
    (violation,) = found({"additionalProperties": {"type": "string"}}, {"0": 1})
    assert "  sent: integer 1" in explain(violation, {"0": 1})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("guide started", "Guide Started"),
        ("guide_started", "Guide Started"),
        ("Guide Startd", "Guide Started"),
        ("Checkout", None),
        ("x" * 10_000, None),
        ("", None),
    ],
)
def test_the_nearest_name_is_the_one_that_was_meant(name: str, near: str | None) -> None:
    """Case and separators count little, and a name like none has none near it."""
    assert nearest(name, ("Survey Shown", "Guide Started", "Guide Completed")) == near


MANY = {
    "properties": {
        "properties": {
            "required": ["total"],
            "properties": {"items": {"items": {"type": "number"}, "minItems": 200}},
        }
    }
}


def found_in(properties: dict[str, Any]) -> list[str]:
    """Give what is told of a track call that breaks a rule for lists of numbers."""
    rule = {"type": "TRACK", "key": "A", "jsonSchema": MANY}
    plans = PlanSet([plan_from_json({"name": "p", "rules": [rule]}, file="p")])
    message = {"type": "track", "event": "A", "properties": properties}
    return [f"{each.field}: {each.code}" for each in plans.check(message, type="track", event="A")]


UNCOUNTED = "(root): more_violations"


def test_of_a_long_list_only_the_beginning_is_looked_at() -> None:
    """What is missing beside it is told too; what only a beginning would violate is not."""
    told = found_in({"items": ["x"] * 15_000})
    assert "properties.total: required" in told
    assert told[-1] == UNCOUNTED
    assert 50 < len(told) < 150
    assert not any("min_items" in each for each in told)


def test_what_is_wrong_behind_the_beginning_is_told_by_its_first_place() -> None:
    """A call that is bad is never without a violation."""
    assert found_in({"total": 1, "items": [*range(5_000), "x"]}) == [
        "properties.items.5000: invalid_type",
        UNCOUNTED,
    ]


def test_a_short_list_is_looked_at_whole() -> None:
    """As before."""
    assert found_in({"total": 1, "items": [1, "x", 2]}) == [
        "properties.items: min_items",
        "properties.items.1: invalid_type",
    ]


def test_twenty_are_told_one_by_one_and_then_how_many_more() -> None:
    """At least so many, where not all was looked at."""
    each = tuple(
        Violation(code="enum", type="Enum", field=str(number), description="", plan="p")
        for number in range(25)
    )
    assert capped(each[:20], most=20) == each[:20]
    told = capped(each, most=20)
    assert (told[:20], told[20].code, told[20].description) == (each[:20], MORE, "and 5 more")
    told = capped((*each, uncounted("p")), most=20)
    assert told[20].description == "and at least 5 more"
    assert capped((*each[:3], uncounted("p")), most=20) == (*each[:3], uncounted("p"))
