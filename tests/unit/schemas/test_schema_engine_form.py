"""A plan's schema in the form of the compiled validator."""

from __future__ import annotations

from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.engine_form import engine_form, moved


def test_patterns_are_translated_and_the_schema_stays():
    """Wherever they are; values that look like patterns are left alone."""
    schema = {
        "pattern": r"\Aa\z",
        "items": {"patternProperties": {r"\A": {"pattern": "(?i)a"}}},
        "const": {"pattern": r"\A"},
    }
    before = str(schema)
    assert engine_form(schema) == {
        "pattern": "^a$",
        "items": {"patternProperties": {"^": {"pattern": "(?i:a)"}}},
        "const": {"pattern": r"\A"},
    }
    assert str(schema) == before


def test_two_patterns_that_are_one_here_both_judge():
    """The second gets a key of its own."""
    schema = {"patternProperties": {"^a": {"minimum": 1}, r"\Aa": {"maximum": 2}}}
    compiled = compile_schema(schema)
    assert list(engine_form(schema)["patternProperties"]) == ["^a", "(?:^a)"]
    assert [compiled.is_valid({"a": value}) for value in (0, 1, 2, 3)] == [False, True, True, False]


def test_a_reference_to_a_pattern_leads_to_where_it_is_now():
    """And what fails there is told at its place in the plan."""
    schema = {
        "properties": {"b": {"$ref": "#/patternProperties/(%3Fi)%5Ea"}},
        "patternProperties": {"(?i)^a": {"type": "string"}},
    }
    (failure,) = compile_schema(schema).failures({"b": 1})[0]
    assert failure.schema_path == ("patternProperties", "(?i)^a", "type")


def test_a_place_is_found_in_the_other_form_and_back():
    """Only the keys of patterns differ."""
    schema = {"patternProperties": {"x": {}, r"\Aa": {"allOf": [{"not": {}}]}}}
    form = engine_form(schema)
    path = ("patternProperties", r"\Aa", "allOf", 0, "not")
    there = moved(path, schema, form)
    assert there == ("patternProperties", "^a", "allOf", 0, "not")
    assert moved(there, form, schema) == path
