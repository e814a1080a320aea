"""The drafts that Segment's library reads, and the schemas that it refuses.

What is accepted and refused here was tried with gojsonschema b076d39.
"""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.errors import PlanError
from mockseg.plans.model import plan_from_json, plan_to_json
from mockseg.plans.planset import PlanSet
from mockseg.schemas.drafts import draft_of, in_draft_07
from mockseg.schemas.soundness import sound_schema, usable

D4, D6, D7 = (f"http://json-schema.org/draft-{n}/schema#" for n in ("04", "06", "07"))
UNKNOWN = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("address", "draft"),
    [
        (D4, "draft-04"),
        (D4.rstrip("#"), "draft-04"),
        (D6, "draft-06"),
        (D7, "draft-07"),
        (D7.rstrip("#"), "draft-07"),
        (UNKNOWN, "hybrid"),
        (UNKNOWN.replace("2020-12", "2019-09"), "hybrid"),
        ("http://json-schema.org/schema#", "hybrid"),
        ("", "hybrid"),
        (5, "hybrid"),
    ],
)
def test_the_address_selects_the_draft(address: Any, draft: str) -> None:
    """With and without `#`; any other address is a hybrid, and so is none."""
    assert draft_of({"$schema": address}) == draft
    assert draft_of({}) == "hybrid"


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"minimum": 5, "exclusiveMinimum": True}, [5.5, 6], [5, 4]),
        ({"minimum": 5, "exclusiveMinimum": False}, [5], [4]),
        ({"$schema": D4, "maximum": 5, "exclusiveMaximum": True}, [4], [5]),
        ({"$schema": D4, "properties": {"a": {"minimum": 0, "exclusiveMinimum": True}}},
         [{"a": 1}, {}], [{"a": 0}]),
        ({"exclusiveMinimum": 5}, [6], [5]),
        ({"$schema": UNKNOWN, "exclusiveMinimum": 5, "dependentRequired": {"a": ["b"]}},
         [6, {"a": 1}], [5]),
        ({"$schema": D4, "const": 1, "contains": False, "propertyNames": False,
          "if": True, "then": False}, [1, 2, [1], {"a": 1}], []),
        ({"$schema": D6, "if": True, "then": False, "const": 1}, [1], [2]),
        ({"$schema": D7, "if": True, "then": {"const": 1}}, [1], [2]),
        ({"if": {"const": 1}, "then": False, "const": 1}, [], [1]),
        ({"enum": []}, [1, None, "x"], []),
        ({"type": []}, [1, None], []),
        ({"anyOf": [], "oneOf": [], "allOf": []}, [1], []),
        ({"items": [], "additionalItems": False}, [[1], []], []),
        ({"contentEncoding": "base64", "contentMediaType": "application/json"}, ["\u00bf"], []),
        ({"minItems": 3, "maxItems": 2}, ["x"], [[1]]),
        ({"id": "/properties/traits", "properties": {"a": {"id": "#a", "type": "null"}}},
         [{"a": None}], [{"a": 1}]),
        ({"examples": "any", "default": None, "readOnly": 1, "$comment": 5}, [1], []),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"pattern": "(?i)^x$"}}}, ["X"], ["y"]),
        ({"$schema": UNKNOWN, "items": {"$ref": "#/$defs/a"},
          "$defs": {"a": {"maximum": 1, "exclusiveMaximum": True}}}, [[0]], [[1]]),
        ({"$schema": D4, "additionalProperties": False, "additionalItems": True}, [{}], [{"a": 1}]),
        ({"then": False, "else": False}, [1], []),
    ],
)  # fmt: skip
def test_a_schema_is_read_by_its_draft(
    schema: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    """Judged, and told what is wrong, alike; the schema itself is not changed."""
    before = str(schema)
    compiled = sound_schema(schema, file="f", place="s")
    assert str(schema) == before
    for value in good:
        assert compiled.is_valid(value), value
        assert compiled.failures(value) == ((), True)
    for value in bad:
        assert not compiled.is_valid(value), value
        assert compiled.failures(value)[0]


def test_a_schema_without_marks_of_a_draft_stays_itself() -> None:
    """Nothing is copied for the plans that nearly everyone has."""
    schema = {"$schema": D7, "properties": {"a": {"enum": [1]}, "b": {"exclusiveMinimum": 1}}}
    assert in_draft_07(schema) is schema
    assert in_draft_07({"properties": {"enum": []}}) == {"properties": {"enum": []}}


@pytest.mark.parametrize(
    ("schema", "place", "reason"),
    [
        ({"type": "String"}, ".type",
         'unknown type of JSON Schema "String"; did you mean "string"'),
        ({"type": ["null", "datetime"]}, ".type[1]", 'unknown type of JSON Schema "datetime"'),
        ({"type": ["null", "null"]}, ".type[1]", 'type has "null" twice: each may be there once'),
        ({"type": 5}, ".type", "unknown type of JSON Schema 5. Allowed: array"),
        ({"pattern": "(?=a)"}, ".pattern", 'the pattern "(?=a)" is not RE2'),
        ({"pattern": 5}, ".pattern", "invalid pattern 5: expected a string"),
        ({"required": "a"}, ".required", 'invalid required "a": expected a list of names'),
        ({"required": ["a", "a"]}, ".required[1]",
         'required has "a" twice: each may be there once'),
        ({"required": ["a", 1]}, ".required[1]", "invalid required 1: expected a name as a string"),
        ({"enum": [1, "a", 1.0]}, ".enum[2]", "enum has 1.0 twice"),
        ({"enum": {}}, ".enum", "invalid enum {}: expected a list of values"),
        ({"properties": {"a": {"maxLength": 3.0}}}, ".properties.a.maxLength",
         "invalid maxLength 3.0: expected a whole number from 0, written without a point"),
        ({"minItems": -1}, ".minItems", "invalid minItems -1: expected a whole number from 0"),
        ({"minLength": 2**63}, ".minLength", "expected a whole number from 0"),
        ({"minLength": True}, ".minLength", "invalid minLength true: expected a whole number"),
        ({"description": None}, ".description", "invalid description null: expected a string"),
        ({"properties": None}, ".properties", "invalid properties null: expected an object"),
        ({"properties": {"a": None}}, ".properties.a",
         "invalid properties null: expected a schema"),
        ({"title": 5}, ".title", "invalid title 5: expected a string"),
        ({"format": ["date"]}, ".format", 'invalid format ["date"]: expected a string'),
        ({"multipleOf": 0}, ".multipleOf",
         "invalid multipleOf 0: expected a number greater than 0"),
        ({"minimum": "5"}, ".minimum", 'invalid minimum "5": expected a number'),
        ({"uniqueItems": 1}, ".uniqueItems", "invalid uniqueItems 1: expected true or false"),
        ({"additionalProperties": 5}, ".additionalProperties", "expected true, false or a schema"),
        ({"items": "a"}, ".items", 'invalid items "a": expected a schema or a list of schemas'),
        ({"items": [{}, 5]}, ".items[1]", "invalid items 5: expected a schema"),
        ({"anyOf": {}}, ".anyOf", "invalid anyOf {}: expected a list of schemas"),
        ({"allOf": [5]}, ".allOf[0]", "invalid allOf 5: expected a schema"),
        ({"not": "a"}, ".not", 'invalid not "a": expected a schema'),
        ({"if": None}, ".if", "invalid if null: expected a schema"),
        ({"dependencies": {"a": 5}}, ".dependencies.a",
         "invalid dependencies 5: expected a schema or a list of names"),
        ({"dependencies": {"a": [1]}}, ".dependencies.a[0]", "expected a name as a string"),
        ({"definitions": {"a": 5}}, ".definitions.a", "invalid definitions 5: expected a schema"),
        ({"$schema": D7, "minimum": 1, "exclusiveMinimum": True}, ".exclusiveMinimum",
         "invalid exclusiveMinimum true: expected a number, by draft-07"),
        ({"$schema": D6, "exclusiveMaximum": False}, ".exclusiveMaximum", "by draft-06"),
        ({"$schema": D4, "exclusiveMaximum": 5}, ".exclusiveMaximum",
         "invalid exclusiveMaximum 5: expected true or false beside maximum, by draft-04"),
        ({"exclusiveMinimum": True}, ".exclusiveMinimum",
         "exclusiveMinimum true needs minimum beside it, or a number instead"),
        ({"$schema": D4, "exclusiveMinimum": True}, ".exclusiveMinimum",
         "exclusiveMinimum true needs minimum beside it"),
        ({"exclusiveMinimum": "1"}, ".exclusiveMinimum",
         "expected a number, or true or false beside minimum"),
        ({"$schema": D4, "properties": {"a": True}}, ".properties.a", "expected a schema"),
        ({"$schema": D4, "id": 5}, ".id", "invalid id 5: expected a string"),
        ({"$id": 5}, ".$id", "invalid $id 5: expected a string"),
        ({"$schema": 5}, ".$schema", "$schema must be a string, such as http://json-schema.org/"),
        ({"minLength": 3, "maxLength": 2}, ".minLength",
         "minLength 3 is greater than maxLength 2: no value can satisfy both"),
        ({"minProperties": 3, "maxProperties": 2}, ".minProperties",
         "is greater than maxProperties"),
        ({"$ref": "#/definitions/a"}, ".$ref", "leads nowhere; this schema defines nothing"),
        ({"$ref": "#/x", "x": {"maxLength": 1.5}}, ".x.maxLength", "invalid maxLength 1.5"),
    ],
)  # fmt: skip
def test_what_segment_refuses_is_told_with_place_and_value(
    schema: dict[str, Any], place: str, reason: str
) -> None:
    """In one sentence of our own, that says what is allowed."""
    with pytest.raises(PlanError) as caught:
        sound_schema(schema, file="f.json", place="s")
    assert caught.value.place == f"s{place}"
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": D4, "if": 5, "const": 1, "propertyNames": 3, "contains": None},
        {"$schema": D6, "then": 5, "else": None},
        {"$schema": D7, "id": 5},
        {"$ref": "#/definitions/a", "type": "nonsense", "definitions": {"a": {}}},
        {"minimum": 3, "maximum": 2},
        {"default": {"type": 5}, "examples": {"type": 5}},
        {"format": "unheard-of"},
    ],
)
def test_what_segment_does_not_look_at_may_be_anything(schema: dict[str, Any]) -> None:
    """Keywords that a draft does not have, what stands beside a reference, and values."""
    assert sound_schema(schema, file="f", place="s").is_valid({})


def test_a_plan_keeps_its_schemas_as_they_were_written() -> None:
    """It is judged by what Segment reads in it, and written as it was."""
    schema = {
        "$schema": D4,
        "properties": {
            "properties": {"properties": {"n": {"minimum": 1, "exclusiveMinimum": True}}}
        },
    }
    rules = [{"type": "TRACK", "key": "E", "version": 1, "jsonSchema": schema}]
    plan = plan_from_json({"name": "p", "rules": rules}, file="p")
    assert plan_to_json(plan)["rules"][0]["jsonSchema"] == schema
    assert plan_from_json(plan_to_json(plan), file="p") == plan
    message = {"type": "track", "event": "E", "properties": {"n": 1}}
    (violation,) = PlanSet([plan]).check(message, type="track", event="E")
    assert (violation.code, violation.field) == ("exclusive_minimum", "properties.n")
    assert "Must be greater than 1" in violation.description
    assert violation.schema_path.endswith("/n/exclusiveMinimum")


def test_values_are_generated_of_every_draft() -> None:
    """What strategies and traffic read is the form of draft-07, too."""
    schema = {"$schema": D4, "minimum": 1, "exclusiveMinimum": True, "enum": [], "const": 5}
    assert usable(schema, file="f", place="s") == {"exclusiveMinimum": 1}
    schema = {"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "null"}}}
    assert usable(schema, file="f", place="s") == {"items": {"type": "null"}}
