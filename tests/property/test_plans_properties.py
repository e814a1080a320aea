"""The compiled validator and the pure reference agree; plans are read or refused, never more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schema_reference import reference_is_valid

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.mistakes import breakages
from mockseg.catalogue.samples import message_for
from mockseg.errors import PlanError
from mockseg.json_types import canonical, decode, encode
from mockseg.plans.coverage import Coverage
from mockseg.plans.csv_template import plan_from_csv, plan_to_csv
from mockseg.plans.inference import infer
from mockseg.plans.model import STRICTNESSES, Strictness, plan_from_json, plan_to_json
from mockseg.plans.plan_diff import diff
from mockseg.plans.planset import PlanSet
from mockseg.plans.protocols import ProtocolsSettings, TrackSettings
from mockseg.plans.reported import reported
from mockseg.plans.violations import explain, violations_of
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.format_checks import ASSERTED
from mockseg.schemas.soundness import sound_schema
from mockseg.schemas.tree import members_judged

# Few names, values and lengths, so that schemas and values often meet.
NAMES = st.sampled_from(["a", "b", "c", "a.b", "$ref", "items"])
NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 10, 0.5, 1.0, 2.5, 19.99, 2**53, 2**53 + 1, 10**30, 1e300, -0.0, 0.1, 0.3]
)
TEXTS = st.sampled_from(
    ["", "a", "b", "aa", "1", "42", "\u0663", "\u00e9", "a\n", "\n", "\U0001f600", "a b", "x-1",
     "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T10:00:00.123456789+05:30",
     "https://a.io/?q=%20", "https://a.io/%zz", "a@b.io", "1.2.3.4", "::1",
     "2b2f4fc0-8e3a-4a4f-9a55-0242ac120002", "\u2028", "\ufeff", "\x1c", "_", "A"]
)  # fmt: skip
PATTERNS = st.sampled_from(
    [r"^\d+$", r"\w", r"^\w+$", r"\W", r"\D", r"\s", r"\S", r"^a$", r"a|b", r"^[a-c]{1,2}$",
     r"[^a]", r"^[\w.-]+$", r"^$", r".", r"^.$", r"\.", r"a\b", r"^(?:a|b)+$", r"(?<n>a)",
     r"\x61", r"(?i)A", r"[[:alpha:]]", r"^\Qa\E\z",
     r"[\d]", r"[\s\S]", r"\p{L}", r"[a&&b]", r"a{2}", r"^\/?a", r"[\]a]", r"\n"]
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part in parts:
        joined |= part
    # Segment refuses a schema of which the least is more than the most.
    for least, most in (("minLength", "maxLength"), ("minProperties", "maxProperties")):
        if joined.get(least, 0) > joined.get(most, 3):
            del joined[least]
    return joined


def _keyword(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return values.map(lambda value: {name: value})


SIMPLE = st.one_of(
    _keyword("type", st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=3, unique=True))),
    _keyword("enum", st.lists(VALUES, min_size=1, max_size=3, unique_by=canonical)),
    _keyword("const", VALUES),
    _keyword("pattern", PATTERNS),
    _keyword("format", st.sampled_from([*ASSERTED, "duration", "unheard-of"])),
    _keyword("minimum", NUMBERS),
    _keyword("maximum", NUMBERS),
    _keyword("exclusiveMinimum", NUMBERS),
    _keyword("exclusiveMaximum", NUMBERS),
    _keyword("multipleOf", st.sampled_from([1, 2, 0.1, 0.01, 0.5, 3])),
    _keyword("minLength", st.integers(0, 3)),
    _keyword("maxLength", st.integers(0, 3)),
    _keyword("minItems", st.integers(0, 3)),
    _keyword("maxItems", st.integers(0, 3)),
    _keyword("minProperties", st.integers(0, 3)),
    _keyword("maxProperties", st.integers(0, 3)),
    _keyword("uniqueItems", st.booleans()),
    _keyword("required", st.lists(NAMES, max_size=3, unique=True)),
    _keyword("$ref", st.sampled_from(["#/definitions/d", "#/definitions/e~1f"])),
)


def _deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    keywords = st.one_of(
        SIMPLE,
        _keyword("properties", st.dictionaries(NAMES, inner, max_size=3)),
        _keyword("patternProperties", st.dictionaries(PATTERNS, inner, max_size=2)),
        _keyword("additionalProperties", st.one_of(st.booleans(), inner)),
        _keyword("propertyNames", inner),
        _keyword(
            "dependencies",
            st.dictionaries(
                NAMES, st.one_of(inner, st.lists(NAMES, max_size=2, unique=True)), max_size=2
            ),
        ),
        _keyword("items", st.one_of(inner, some)),
        _keyword("additionalItems", st.one_of(st.booleans(), inner)),
        _keyword("contains", inner),
        _keyword("allOf", some),
        _keyword("anyOf", some),
        _keyword("oneOf", some),
        _keyword("not", inner),
        st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner}),
    )
    return st.one_of(st.booleans(), st.lists(keywords, min_size=1, max_size=4).map(_joined))


SCHEMAS = st.builds(
    lambda schema, d, e: {**schema, "definitions": {"d": d, "e/f": e}},
    st.recursive(st.lists(SIMPLE, max_size=3).map(_joined), _deeper, max_leaves=8).map(
        lambda schema: schema if isinstance(schema, dict) else {"allOf": [schema]}
    ),
    # Leaves, so that references cannot turn in circles.
    _keyword("type", TYPES),
    _keyword("enum", st.lists(SCALARS, min_size=1, max_size=2, unique_by=canonical)),
)


@settings(max_examples=500, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_both_validators_agree_on_good_and_bad(schema: dict[str, Any], value: Any) -> None:
    """The compiled validator and the pure library call the same values good."""
    compiled = sound_schema(schema, file="generated", place="schema")
    assert compiled.is_valid(value) == reference_is_valid(schema, value)


@settings(max_examples=500, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_what_is_wrong_is_found_exactly_where_a_value_is_bad(
    schema: dict[str, Any], value: Any
) -> None:
    """The walk, which is mockseg's own, and the compiled validator call the same values bad."""
    compiled = compile_schema(schema)
    failures, whole = compiled.failures(value)
    assert whole
    assert bool(failures) == (not compiled.is_valid(value))
    assert bool(failures) == bool(list(reported(failures, schema=schema)))


@settings(max_examples=500, deadline=None)
@given(schema=SCHEMAS, value=st.dictionaries(NAMES, VALUES, max_size=4))
def test_only_the_judged_members_of_an_object_decide(
    schema: dict[str, Any], value: dict[str, Any]
) -> None:
    """Whatever its other members are, the schema's answer stays the same."""
    names = members_judged(schema)
    if names is None:
        return
    compiled = sound_schema(schema, file="generated", place="schema")
    judged = {name: member for name, member in value.items() if name in names}
    others = {name: [name] for name in ("a", "b", "c", "other") if name not in names}
    answers = {compiled.is_valid(each) for each in (value, judged, judged | others)}
    assert len(answers) == 1


@settings(max_examples=300, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_a_part_of_a_bad_value_explains_it_too(schema: dict[str, Any], value: Any) -> None:
    """However little is looked at, a bad value has a failure, and a good one has none."""
    compiled = sound_schema(schema, file="generated", place="schema")
    found, whole = compiled.failures(value, most_steps=3, most_failures=2)
    assert bool(found) == (not compiled.is_valid(value))
    if whole:
        assert found == compiled.failures(value)[0]


@settings(max_examples=200, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_a_bad_value_is_always_explained(schema: dict[str, Any], value: Any) -> None:
    """A value is bad exactly when there is a violation, and each can be explained."""
    compiled = compile_schema(schema)
    violations = violations_of(compiled.failures(value)[0], schema=schema, plan="p")
    assert bool(violations) == (not compiled.is_valid(value))
    message = value if isinstance(value, dict) else {}
    assert all(explain(each, message) for each in violations)


@settings(max_examples=300, deadline=None)
@given(schema=st.one_of(VALUES, SCHEMAS, st.dictionaries(st.sampled_from(
    ["type", "$ref", "$schema", "$id", "properties", "items", "allOf", "pattern", "required"]),
    VALUES, max_size=4)))  # fmt: skip
def test_a_schema_is_compiled_or_refused_in_one_sentence(schema: Any) -> None:
    """Whatever stands where a schema belongs is compiled, or refused with file and place."""
    refusal = None
    try:
        sound_schema(schema, file="f.json", place="rules[0].jsonSchema")
    except PlanError as error:
        refusal = str(error)
    if refusal is not None:
        assert refusal.startswith("f.json: rules[0].jsonSchema")
        assert "\n" not in refusal


@pytest.mark.parametrize("strictness", STRICTNESSES)
@pytest.mark.parametrize("name", catalogues())
def test_both_validators_agree_on_the_catalogue(name: str, strictness: Strictness) -> None:
    """Good calls and a tenth of all broken ones, at every rule that judges them."""
    source = load(name, strictness=strictness)
    plans = PlanSet([source])
    broken = [each.message for each in breakages(source) if each.kind == "violation"]
    good = [message_for(source, rule) for rule in source.rules]
    for message in [*good, *broken[::10]]:
        judging = plans.rules_for(message, type=message["type"], event=message.get("event"))
        for _, rule in judging:
            compiled = compile_schema(rule.schema)
            failures, whole = compiled.failures(message)
            assert whole
            assert bool(failures) == (not compiled.is_valid(message))


RULES = st.fixed_dictionaries(
    {"type": st.sampled_from(["TRACK", "PAGE", "COMMON", "IDENTIFY"]), "jsonSchema": SCHEMAS},
    optional={"key": st.sampled_from(["A", "B", "C"]), "version": st.integers(0, 3),
              "title": TEXTS, "labels": VALUES, "description": TEXTS},
)  # fmt: skip
DOCUMENTS = st.one_of(
    VALUES,
    st.fixed_dictionaries({"rules": st.lists(st.one_of(RULES, VALUES), max_size=3)}),
    st.fixed_dictionaries({"data": st.fixed_dictionaries({"rules": st.lists(RULES, max_size=3)})}),
)


@settings(max_examples=300, deadline=None)
@given(document=DOCUMENTS)
def test_a_plan_is_read_and_written_back_or_refused(document: Any) -> None:
    """Whatever is given as a plan is refused, or read and equal when written and read again."""
    try:
        plan = plan_from_json(document, file="f.json")
    except PlanError:
        return
    again = plan_from_json(decode(encode(plan_to_json(plan))), file="f.json")
    assert again == plan
    assert diff(plan, again) == ()


MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("track"), "event": st.sampled_from(["A", "B"])},
        optional={"properties": st.dictionaries(NAMES, VALUES, max_size=3), "context": VALUES},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["identify", "group"])},
        optional={"traits": st.dictionaries(NAMES, VALUES, max_size=3)},
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["page", "alias", "other"])}),
)


@settings(max_examples=200, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=12))
def test_traffic_satisfies_the_plan_inferred_from_it(messages: list[dict[str, Any]]) -> None:
    """A plan that was inferred from messages calls all of them good, and is itself sound."""
    plan = infer(messages)
    assert plan_from_json(plan_to_json(plan), file="inferred") == plan
    plans = PlanSet([plan])
    bad = [plans.check(each, type=each["type"], event=each.get("event")) for each in messages]
    assert bad == [()] * len(messages)


@settings(max_examples=100, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=12))
def test_an_inferred_plan_survives_a_second_trip_through_csv(
    messages: list[dict[str, Any]],
) -> None:
    """What CSV can hold of a plan comes back the same every further time."""
    once = plan_from_csv(plan_to_csv(infer(messages)), file="x")
    assert plan_from_csv(plan_to_csv(once), file="x") == once


@pytest.mark.parametrize("schema", [{"properties": {"properties": {"properties": {"a": {}}}}}])
@settings(max_examples=100, deadline=None)
@given(message=MESSAGES)
def test_deciding_never_changes_the_message_given(
    schema: dict[str, Any], message: dict[str, Any]
) -> None:
    """Whatever is omitted and traced, the message that was judged stays as it was."""
    rule = {"type": "TRACK", "key": "A", "jsonSchema": schema}
    common = {"type": "COMMON", "jsonSchema": {"required": ["userId"]}}
    plan = plan_from_json({"rules": [rule, common]}, file="p")
    strict = ProtocolsSettings(
        track=TrackSettings(
            allow_unplanned_events=False,
            allow_unplanned_event_properties=False,
            allow_properties_on_violations=False,
            common_event_on_violations="BLOCK",
        )
    )
    before = encode(message)
    plans, kind, event = PlanSet([plan], strict), message["type"], message.get("event")
    outcome = plans.decide(message, type=kind, event=event)
    judgement = plans.judge(message, type=kind, event=event)
    assert encode(message) == before
    assert outcome.message is not message
    assert judgement == (bool(outcome.violations), True, outcome.code)


@settings(max_examples=100, deadline=None)
@given(first=st.lists(MESSAGES, max_size=6), second=st.lists(MESSAGES, max_size=6))
def test_merged_coverage_is_coverage_of_all(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """Merging two coverages of a plan gives what one would have counted of all messages."""
    plan = infer([*first, *second])
    one, two, both = Coverage(plan), Coverage(plan), Coverage(plan)
    for message in first:
        one.saw(message)
        both.saw(message)
    for message in second:
        two.saw(message)
        both.saw(message)
    one.merge(Coverage.from_json(two.as_json(), plans=plan))
    assert one.as_json() == both.as_json()
