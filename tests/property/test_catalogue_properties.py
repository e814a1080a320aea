"""Properties of the whole catalogue that hold for any message."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import nearest_names
from mockseg.catalogue.mistakes import breakages
from mockseg.catalogue.samples import message_for

if TYPE_CHECKING:
    from mockseg.catalogue.mistakes import Breakage
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Plan, Rule

RULES = [
    (load(name, strictness="strict"), index)
    for name in catalogues()
    for index in range(len(load(name, strictness="strict").rules))
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=8),
    st.sampled_from(["1", "Positive", "NPS Rating", "url", "javascript", "link", "assistant"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.just({}))


@st.composite
def changed_messages(draw: st.DrawFn) -> tuple[Plan, Rule, JsonObject]:
    """Take a good message and change, add and remove some of its properties."""
    plan, index = draw(st.sampled_from(RULES))
    rule = plan.rules[index]
    example = draw(st.integers(0, len(rule.examples) - 1))
    message = message_for(plan, rule, example=example)
    body: JsonObject = message.get("properties") or message.get("traits") or {}
    planned = sorted({*_planned(rule), *body, "somethingElse"})
    changes: dict[str, Json] = draw(
        st.dictionaries(st.sampled_from(planned), st.just("away") | st.tuples(VALUES), max_size=3)
    )
    for name, change in changes.items():
        if change == "away":
            body.pop(name, None)
        else:
            body[name] = change[0]
    return plan, rule, message


@cache
def _all_breakages(name: str) -> tuple[Breakage, ...]:
    return breakages(load(name, strictness="strict"))


def _planned(rule: Rule) -> list[str]:
    root = rule.schema.get("properties", {})
    body = root.get("properties", root.get("traits", {}))
    return list(body.get("properties", {}))


def _is_good(schema: JsonObject, message: JsonObject) -> bool:
    slow = bool(Draft7Validator(schema).is_valid(message))
    assert slow == jsonschema_rs.Draft7Validator(schema).is_valid(message)
    return slow


@given(changed_messages())
def test_both_libraries_agree_and_what_is_good_in_strict_is_good_in_lenient(
    case: tuple[Plan, Rule, JsonObject],
) -> None:
    """Whatever is done to a message of whatever event."""
    plan, rule, message = case
    lenient = load(plan.slug).rule(rule.name, type=rule.type)
    assert lenient is not None
    strictly_good = _is_good(rule.schema, message)
    leniently_good = _is_good(lenient.schema, message)
    assert leniently_good or not strictly_good


@given(changed_messages())
def test_either_lenient_plan_of_userguiding_gives_the_same_verdict(
    case: tuple[Plan, Rule, JsonObject],
) -> None:
    """The two differ in how they name things and not in what they allow."""
    plan, rule, message = case
    one, two = (load(name).rule(rule.name) for name in ("userguiding", "userguiding-segment"))
    if not plan.slug.startswith("userguiding"):
        assert one is None
        assert two is None
        return
    assert one is not None
    assert two is not None
    assert _is_good(one.schema, message) == _is_good(two.schema, message)


@given(st.data())
def test_no_breakage_is_good_in_strict(data: st.DataObject) -> None:
    """Its own rule refuses it, or there is no rule for it."""
    name = data.draw(st.sampled_from(catalogues()))
    plan = load(name, strictness="strict")
    each = data.draw(st.sampled_from(_all_breakages(name)))
    if each.kind == "violation":
        known = each.message.get("event", "") if each.type == "TRACK" else each.rule
        rule = plan.rule(known, type=each.type)
        assert rule is None or not _is_good(rule.schema, each.message)


@given(st.text(max_size=60))
def test_looking_for_any_name_gives_names_of_rules(name: str) -> None:
    """No name is too odd to be looked for."""
    known = {rule.name for plan in catalogues() for rule in load(plan).rules}
    assert set(nearest_names(name)) <= known
