"""Generated implies valid, labelled implies found, over the whole catalogue."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mockseg import strategies as seg
from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import matches_of, plan_of
from mockseg.domain.limits import MAX_CALL_BYTES
from mockseg.domain.spec import check
from mockseg.json_types import decode_leniently
from mockseg.plans.planset import PlanSet

if TYPE_CHECKING:
    from mockseg.domain.findings import Discard, Violation

QUICK = settings(
    max_examples=10, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
)
EVENTS = [
    pytest.param(name, rule.name, rule.type, id=f"{name}-{rule.name}-{rule.type}")
    for name in catalogues()
    for rule in load(name, strictness="strict").rules
]


def _violations(plans: PlanSet, message: dict[str, Any]) -> tuple[Violation, ...]:
    event = message.get("event")
    return plans.check(
        message, type=message["type"], event=event if isinstance(event, str) else None
    )


@pytest.mark.parametrize(("plan", "event", "kind"), EVENTS)
def test_generated_implies_valid_for_the_pure_library(plan: str, event: str, kind: str) -> None:
    """Every message of every documented event satisfies its strict rule, and Segment takes it."""
    rule = load(plan, strictness="strict").rule(event, type=kind)
    assert rule is not None
    common = [each.rule.schema for each in matches_of(plan) if each.rule.type == "COMMON"]
    validators = [Draft7Validator(schema) for schema in (rule.schema, *common)]

    @QUICK
    @given(seg.event(event, plan=plan, type=kind))
    def run(message: dict[str, Any]) -> None:
        assert [error for v in validators for error in v.iter_errors(message)] == []
        assert check(message, message["type"]) == ()

    run()


@pytest.mark.parametrize("strictness", ["strict", "lenient"])
@pytest.mark.parametrize("plan", catalogues())
def test_edge_events_are_legal_when_they_come_off_the_wire(plan: str, strictness: Any) -> None:
    """As nasty as they are, neither the plan nor Segment has anything against them."""
    plans = PlanSet([plan_of(plan, strictness=strictness)])

    @QUICK
    @given(seg.edge_events(plan, strictness=strictness))
    def run(message: dict[str, Any]) -> None:
        data = seg.encode(message)
        assert len(data) <= MAX_CALL_BYTES
        arrived = decode_leniently(data)
        assert check(arrived, arrived["type"]) == ()
        assert _violations(plans, arrived) == ()

    run()


@pytest.mark.parametrize("plan", catalogues())
def test_labelled_implies_found(plan: str) -> None:
    """Mockseg reports the finding of the label for every invalid message."""
    plans = PlanSet([plan_of(plan)])

    @settings(QUICK, max_examples=40)
    @given(seg.invalid_events(plan))
    def run(invalid: seg.Invalid) -> None:
        message, label = invalid.message, invalid.label
        kind = message.get("type")
        discards = check(message, kind if isinstance(kind, str) else "")
        if label.code == "call_too_large":
            assert len(seg.encode(message)) == MAX_CALL_BYTES + 1
            return
        findings: tuple[Discard | Violation, ...] = discards
        if label.kind == "violation":
            assert discards == ()
            findings = _violations(plans, message)
        told = [(each.code, each.field) for each in findings]
        assert (label.code, label.field) in told
        # Nothing else is wrong; a value of another type may also be outside of an enumeration.
        if label.code != "invalid_type" and not label.when:
            assert set(told) == {(label.code, label.field)}

    run()


@QUICK
@given(seg.invalid_messages())
def test_invalid_messages_of_the_spec_are_discarded(invalid: seg.Invalid) -> None:
    """Segment would discard each of them with the code of its label, and for nothing else."""
    kind = invalid.message.get("type")
    found = check(invalid.message, kind if isinstance(kind, str) else "")
    if invalid.label.code != "call_too_large":
        assert {(each.code, each.field) for each in found} == {
            (invalid.label.code, invalid.label.field)
        }


@pytest.mark.parametrize("plan", catalogues())
def test_journeys_make_sense(plan: str) -> None:
    """Each message is good, has an id of its own, and is later than the one before."""
    plans = PlanSet([plan_of(plan)])

    @QUICK
    @given(seg.journeys(plan))
    def run(messages: list[dict[str, Any]]) -> None:
        times = [message["timestamp"] for message in messages]
        assert len({message["messageId"] for message in messages}) == len(messages)
        assert times == sorted(set(times))
        known = False
        for message in messages:
            assert check(message, message["type"]) == ()
            assert known <= ("userId" in message)
            known = "userId" in message
            if message["type"] == "track":
                assert _violations(plans, message) == ()

    run()


@settings(QUICK, max_examples=40)
@given(seg.journeys("userguiding"))
def test_a_survey_is_shown_before_it_is_answered(messages: list[dict[str, Any]]) -> None:
    """Unless the journey begins later, which the catalogue does not know."""
    events = [message.get("event") for message in messages]
    if "survey question answer (userguiding)" in events:
        shown = events.index("survey shown (userguiding)")
        assert shown < events.index("survey question answer (userguiding)")


SCALARS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 2, "maxLength": 5},
        {"type": "string", "pattern": "^[a-z]{2}-[0-9]+$"},
        {"type": "string", "pattern": "^(a|b)+$"},
        {"type": "string", "pattern": "[0-9]"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "email", "maxLength": 30},
        {"type": "string", "format": "uri"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "hostname"},
        {"type": "string", "format": "ipv6"},
        {"type": "integer", "minimum": 3, "exclusiveMaximum": 9},
        {"type": "integer", "multipleOf": 3},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        {"type": "number", "multipleOf": 0.25},
        {"type": ["null", "boolean"]},
        {"enum": [1, "a", None, [1], {"a": 1}]},
        {"const": 1.5},
        {"type": "string", "not": {"enum": ["", "0"]}},
        {"not": {"type": ["object", "array", "string"]}},
        {"oneOf": [{"type": "integer", "minimum": 5}, {"type": "integer", "maximum": 7}]},
    ]
)
NAMES = st.sampled_from(["a", "b", "c"])


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts: dict[str, st.SearchStrategy[Any]] = {
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": st.one_of(st.just(True), inner),
        "minProperties": st.integers(0, 2),
        "dependencies": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=1),
        "allOf": st.lists(_conditions(inner), min_size=1, max_size=2),
    }
    return st.fixed_dictionaries({"type": st.just("object")}, optional=parts)


def _conditions(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    asked = st.fixed_dictionaries(
        {
            "required": st.lists(NAMES, min_size=1, max_size=1),
            "properties": st.dictionaries(NAMES, st.just({"enum": ["x", "y"]}), max_size=1),
        }
    )
    body = st.fixed_dictionaries({"properties": st.dictionaries(NAMES, inner, max_size=2)})
    needs = st.fixed_dictionaries({"required": st.lists(NAMES, max_size=1)})
    return st.fixed_dictionaries({"if": asked, "then": st.one_of(body, needs), "else": needs})


SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        _objects(inner),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner},
            optional={"minItems": st.integers(0, 2), "uniqueItems": st.booleans()},
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=5,
)


@settings(QUICK, max_examples=200)
@given(st.data())
def test_what_is_made_of_a_schema_satisfies_it(data: st.DataObject) -> None:
    """Or the schema is refused when the strategy is made, never when it is drawn.

    A property that cannot be constructed is left out with a warning.
    """
    from schema_reference import reference_is_valid

    from mockseg.errors import PlanError

    schema: Any = data.draw(SCHEMAS, label="schema")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", seg.PlanWarning)
            strategy = seg.from_schema(schema)
    except PlanError:
        return
    assert reference_is_valid(schema, data.draw(strategy, label="value"))
