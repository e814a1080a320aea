"""From traffic to plan, from plan to spreadsheet, and what changed between two plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg.errors import PlanError
from mockseg.plans.csv_template import COLUMNS, lost_in_csv, plan_from_csv, plan_to_csv
from mockseg.plans.inference import infer
from mockseg.plans.model import Plan, plan_from_json
from mockseg.plans.plan_diff import Change, diff, diff_text

if TYPE_CHECKING:
    from collections.abc import Iterable


def inferred(values: Iterable[Any]) -> dict[str, Any]:
    """Infer the schema of one property from its values."""
    plan = infer([{"type": "track", "event": "A", "properties": {"a": v}} for v in values])
    schema: dict[str, Any] = plan.rules[0].schema["properties"]["properties"]["properties"]["a"]
    return schema


def test_an_inferred_plan_reads_as_written_by_a_person() -> None:
    """Types, required properties, an enum, a format, an optional property."""
    plans = ["free", "pro"] * 5
    messages = [
        {
            "type": "track",
            "event": "Signed Up",
            "properties": {"plan": plan, "page": f"https://a.io/{n}", "seats": n}
            | ({"coupon": f"c{n}"} if n % 3 else {}),
        }
        for n, plan in enumerate(plans)
    ]
    plan = infer(messages, name="web")
    assert (plan.name, plan.rules[0].description) == ("web", "inferred from 10 calls")
    assert plan.rules[0].schema == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "properties": {
                "type": "object",
                "properties": {
                    "plan": {"type": "string", "enum": ["free", "pro"]},
                    "page": {"type": "string", "format": "uri"},
                    "seats": {"type": "integer"},
                    "coupon": {"type": "string"},
                },
                "required": ["plan", "page", "seats"],
            }
        },
        "required": ["properties"],
    }


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        ([1, 2.5], {"type": "number"}),
        ([1, 2.0], {"type": "integer"}),
        (["a", None], {"type": ["string", "null"]}),
        ([True], {"type": "boolean"}),
        (["a", 1], {"type": ["string", "integer"]}),
        (["2026-01-31T10:00:00Z"], {"type": "string", "format": "date-time"}),
        (["2026-01-31", "2026-02-01"], {"type": "string", "format": "date"}),
        (["a@b.io", "not"], {"type": "string"}),
        (["x"] * 5, {"type": "string"}),
        (["x"] * 6, {"type": "string", "enum": ["x"]}),
        ([f"{n % 20}" for n in range(100)], {"type": "string"}),
        (["x" * 61] * 10, {"type": "string"}),
        ([[]], {"type": "array"}),
        ([[1], [2]], {"type": "array", "items": {"type": "integer"}}),
        ([{}], {"type": "object"}),
        (
            [{"b": 1}, {"b": 2, "c": "x"}],
            {
                "type": "object",
                "properties": {"b": {"type": "integer"}, "c": {"type": "string"}},
                "required": ["b"],
            },
        ),
    ],
)
def test_schemas_are_inferred_from_values(values: list[Any], schema: dict[str, Any]) -> None:
    """What was seen, and no more than it shows."""
    assert inferred(values) == schema


def test_an_object_with_keys_without_number_is_left_open() -> None:
    """Keys that are data do not become properties."""
    assert inferred([{f"id-{n}": 1 for n in range(400)}]) == {"type": "object"}


def test_traits_are_never_required() -> None:
    """SDKs send what changed."""
    plan = infer([{"type": "identify", "traits": {"email": "a@b.io"}}])
    assert plan.rules[0].type == "IDENTIFY"
    assert "required" not in plan.rules[0].schema
    assert "required" not in plan.rules[0].schema["properties"]["traits"]


def test_what_is_no_call_is_left_out() -> None:
    """Types that Segment does not have, and track calls without an event."""
    messages: list[dict[str, Any]] = [{}, {"type": "x"}, {"type": "track"}, {"type": "alias"}]
    assert [rule.label for rule in infer(messages).rules] == ["ALIAS"]


def test_a_plan_goes_through_csv() -> None:
    """Nested objects, lists, dots in names, dates, enums, patterns and null values come back."""
    properties = {
        "type": "object",
        "required": ["id", "products"],
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z]+|x$", "description": 'a "key", short'},
            "at": {"type": ["string", "null"], "format": "date-time"},
            "kind": {"type": "string", "enum": ["a,b", "c"]},
            "any": {},
            "a.b": {"type": "boolean"},
            "odd[]": {"type": "number"},
            "address": {"type": "object", "properties": {"zip": {"type": "string"}}},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["x"]}},
            "products": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["price"],
                    "properties": {"price": {"type": "number"}},
                },
            },
        },
    }
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"properties": properties},
        "required": ["properties"],
    }
    rule = {"type": "TRACK", "key": "Ordered, again", "version": 3, "jsonSchema": schema}
    plan = plan_from_json(
        {"name": "shop", "rules": [{**rule, "description": "A sale"}]}, file="shop"
    )
    text = plan_to_csv(plan)
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert plan_from_csv(text, file="shop.csv") == plan
    assert lost_in_csv(plan) == ()


def test_what_csv_cannot_hold_is_told(survey: Plan) -> None:
    """Conditions, formats and limits are lost, and each loss is named."""
    lost = {(each.field, each.what) for each in lost_in_csv(survey)}
    assert ("properties", "allOf") in lost
    assert ("properties.pageUrl", "format") in lost
    assert ("properties.score", "minimum") in lost


def test_the_columns_of_segments_editor_are_read() -> None:
    """In any order and case, without type and version."""
    text = (
        "\ufeffEvent Name,name,Data Type,STATUS,Permitted Values\r\n"
        "Signed Up,plan,String,Required,free|pro\r\n"
        "\r\n"
        "Signed Up,seats,integer,optional\r\n"
    )
    rule = plan_from_csv(text, file="web.csv").rules[0]
    assert (rule.type, rule.key, rule.version) == ("TRACK", "Signed Up", 1)
    assert rule.schema["properties"]["properties"] == {
        "type": "object",
        "properties": {
            "plan": {"type": "string", "pattern": "free|pro"},
            "seats": {"type": "integer"},
        },
        "required": ["plan"],
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "web.csv: row 1: no column Property Name; allowed are Rule Type, Event Name"),
        (
            "Property Nam\n",
            'web.csv: row 1: unknown column "Property Nam"; did you mean "Property Name"? Allowed',
        ),
        (
            "Rule Type,Event Name,Property Name\nTRAK,A,b\n",
            'web.csv: row 2, Rule Type: unknown rule type "TRAK"; did you mean "TRACK"? Allowed',
        ),
        (
            "Event Name,Property Name,Data Type\nA,b,\nA,c,strng\n",
            'web.csv: row 3, Property Data Type: unknown data type "strng"; did you mean "string"?',
        ),
        (
            "Event Name,Property Name,Status\nA,b,maybe\n",
            'web.csv: row 2, Property Status: unknown status "maybe". Allowed: required',
        ),
        (
            "Event Name,Event Version,Property Name\nA,two,b\n",
            "web.csv: row 2, Event Version: invalid version 'two'",
        ),
        (
            "Event Name,Property Name\nA,b..c\n",
            "web.csv: row 2, Property Name: invalid property 'b..c'",
        ),
        ("Event Name,Property Name\nA,b,c\n", "web.csv: row 2: 3 cells under 2 columns"),
        ('Event Name,Property Name\nA,"b\n', "web.csv: row 2: not CSV: unexpected end of data"),
        ("Event Name,Property Name\n,b\n", "web.csv: rules[0].key: invalid key null"),
        (
            "Event Name,Property Name,Permitted Values\nA,b,(\n",
            "web.csv: rules[0].jsonSchema.properties.properties.properties.b.pattern: the pattern",
        ),
    ],
)
def test_wrong_csv_is_one_sentence_with_its_row(text: str, sentence: str) -> None:
    """The sentence names file, row, column, value and what is allowed."""
    with pytest.raises(PlanError) as caught:
        plan_from_csv(text, file="web.csv")
    assert str(caught.value).startswith(sentence)


def changes(before: Any, after: Any) -> list[tuple[str, str, str, str, bool]]:
    """Give what changed between two schemas of one rule."""
    plans = [
        plan_from_json({"name": "p", "rules": [{"type": "ALIAS", "jsonSchema": s}]}, file="p")
        for s in (before, after)
    ]
    return [
        (each.kind, each.field, each.what, each.text, each.tightens)
        for each in diff(plans[0], plans[1])
    ]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (
            {},
            {"properties": {"a": {"type": "string"}}},
            ("added", "a", "property", "new property (string)", True),
        ),
        (
            {"properties": {}, "additionalProperties": False},
            {"properties": {"a": {"type": "string"}}, "additionalProperties": False},
            ("added", "a", "property", "new property (string)", False),
        ),
        (
            {"properties": {"a": {}}},
            {"properties": {}},
            ("removed", "a", "property", "property no longer planned", False),
        ),
        ({"properties": {"a": {}}}, {"properties": {"a": {}}, "required": ["a"]},
         ("added", "a", "required", "now required", True)),
        ({"properties": {"a": {}}, "required": ["a"]}, {"properties": {"a": {}}},
         ("removed", "a", "required", "now optional", False)),
        ({"type": "integer"}, {"type": "number"},
         ("changed", "(root)", "type", 'type "integer" -> "number"', False)),
        ({"type": "number"}, {"type": "integer"},
         ("changed", "(root)", "type", 'type "number" -> "integer"', True)),
        ({"type": "number"}, {},
         ("removed", "(root)", "type", 'type removed, was "number"', False)),
        ({"enum": [1, 2]}, {"enum": [2, 3, 1]},
         ("added", "(root)", "enum", "now also allowed: 3", False)),
        ({"enum": [1, 2]}, {"enum": [2]},
         ("removed", "(root)", "enum", "no longer allowed: 1", True)),
        ({}, {"maxLength": 3}, ("added", "(root)", "maxLength", "maxLength added: 3", True)),
        ({"items": {"type": "string"}}, {"items": {"type": "string", "format": "uri"}},
         ("added", "*", "format", 'format added: "uri"', True)),
        ({"required": ["a", "b"]}, {"required": ["b"]},
         ("removed", "a", "required", "now optional", False)),
        ({"properties": {"a": {}}, "required": ["a"]}, {},
         ("removed", "a", "property", "property no longer planned", False)),
        ({"properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False},
         {"properties": {}, "additionalProperties": False},
         ("removed", "a", "property", "property no longer planned (string or null)", True)),
        ({}, {"properties": {"a": False}}, ("added", "a", "property", "new property", True)),
        ({}, {"properties": {"a": {"title": "x"}}},
         ("added", "a", "property", "new property", False)),
        ({"properties": {"a": True}}, {"properties": {"a": False}},
         ("changed", "a", "schema", "schema true -> false", True)),
        ({"properties": {"a": False}}, {"properties": {"a": True}},
         ("changed", "a", "schema", "schema false -> true", False)),
        ({}, {"type": "string"}, ("added", "(root)", "type", 'type added: "string"', True)),
        ({"pattern": "a"}, {"pattern": "b"},
         ("changed", "(root)", "pattern", 'pattern "a" -> "b"', True)),
        ({}, {"additionalProperties": True},
         ("added", "(root)", "additionalProperties", "additionalProperties added: true", False)),
        ({}, {"additionalProperties": False},
         ("added", "(root)", "additionalProperties", "additionalProperties added: false", True)),
        ({"uniqueItems": True}, {"uniqueItems": False},
         ("changed", "(root)", "uniqueItems", "uniqueItems true -> false", False)),
        ({"definitions": {"a": {}}}, {},
         ("removed", "(root)", "definitions", 'definitions removed, was {"a":{}}', True)),
    ],
)  # fmt: skip
def test_a_change_of_a_schema_is_told_at_its_place(
    before: Any, after: Any, change: tuple[str, str, str, str, bool]
) -> None:
    """What changed, where, and whether good calls may now be bad."""
    assert changes(before, after) == [change]


@pytest.mark.parametrize(
    "keyword", ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
)
def test_a_higher_least_tightens_and_a_lower_one_does_not(keyword: str) -> None:
    """What was good below the new limit is bad now."""
    assert [change[-1] for change in changes({keyword: 1}, {keyword: 2})] == [True]
    assert [change[-1] for change in changes({keyword: 2}, {keyword: 1})] == [False]
    assert [change[-1] for change in changes({}, {keyword: 1})] == [True]
    assert [change[-1] for change in changes({keyword: 1}, {})] == [False]


@pytest.mark.parametrize(
    "keyword", ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]
)
def test_a_lower_most_tightens_and_a_higher_one_does_not(keyword: str) -> None:
    """What was good above the new limit is bad now."""
    assert [change[-1] for change in changes({keyword: 2}, {keyword: 1})] == [True]
    assert [change[-1] for change in changes({keyword: 1}, {keyword: 2})] == [False]
    assert [change[-1] for change in changes({}, {keyword: 1})] == [True]
    assert [change[-1] for change in changes({keyword: 1}, {})] == [False]


def test_remarks_are_no_changes_of_a_schema() -> None:
    """Examples and comments judge no call."""
    assert changes({"examples": [1]}, {"examples": [2], "$comment": "x"}) == []


def test_rules_come_and_go(survey: Plan) -> None:
    """By type, key and version; an event no longer planned is unplanned from then on."""
    smaller = Plan(name="survey", rules=survey.rules[:1])
    assert [(c.kind, c.rule, c.tightens) for c in diff(smaller, survey)] == [
        ("added", 'TRACK "Survey Shown"', False),
        ("added", "IDENTIFY", False),
    ]
    assert [(c.kind, c.tightens) for c in diff(survey, smaller)] == [("removed", True)] * 2


def test_the_changes_are_written_for_a_reviewer() -> None:
    """Grouped by rule, tightening marked, the sum at the end; nothing moves the terminal."""
    kinds: tuple[tuple[Any, bool], ...] = (("added", True), ("removed", False))
    found = tuple(
        Change(kind=k, rule="TRACK \x1b", field="a", what="required", text=k, tightens=t)
        for k, t in kinds
    )
    assert diff_text(found).splitlines() == [
        "TRACK \\x1b",
        " !+ a: added",
        "  - a: removed",
        "2 changes, 1 may make calls bad that were good (!)",
    ]
    assert diff_text(()) == "no changes\n"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "track", "event": ""},
        {"type": "track", "event": 5},
        {"type": "track"},
        {"type": "odd", "event": "A"},
        {},
    ],
)
def test_calls_that_no_rule_can_be_for_are_left_out(message: dict[str, Any]) -> None:
    """A track call without a name, and types that Segment does not have."""
    assert infer([message]).rules == ()
    assert [rule.key for rule in infer([message, {"type": "track", "event": "A"}]).rules] == ["A"]
