"""Every breakage is really broken, in the place and in the way that its label says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import pytest

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.mistakes import breakages
from mockseg.catalogue.samples import message_for
from mockseg.domain.findings import DISCARD_CODES
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.domain.spec import check
from mockseg.plans.planset import PlanSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan, Rule, Strictness

    Complaints: TypeAlias = Callable[[JsonObject, JsonObject], set[tuple[str, str]]]
    Verdict: TypeAlias = Callable[[JsonObject, JsonObject], bool]

PLANS = pytest.mark.parametrize("name", catalogues())
STRICTNESSES = pytest.mark.parametrize("strictness", ["strict", "lenient"])
ANSWER = "survey question answer (userguiding)"


def labels(plan: Plan, rule: str) -> set[tuple[str, str, str]]:
    """Give code, field and branch of every breakage of a rule."""
    found = plan.rule(rule)
    assert found is not None
    return {(each.code, each.field, each.when) for each in breakages(plan, found)}


@PLANS
@STRICTNESSES
def test_a_broken_message_breaks_where_its_label_says(
    name: str, strictness: Strictness, complaints_of: Complaints
) -> None:
    """Judged by jsonschema alone, which knows nothing of labels."""
    plan = load(name, strictness=strictness)
    for rule in plan.rules:
        for each in breakages(plan, rule):
            if each.code != "unplanned_event":
                found = complaints_of(rule.schema, each.message)
                assert (each.code, each.field) in found, each.id


@PLANS
@STRICTNESSES
def test_a_broken_message_gets_the_violation_of_its_label(
    name: str, strictness: Strictness
) -> None:
    """From the validator that every call goes through, unplanned events included."""
    plan = load(name, strictness=strictness)
    validator = PlanSet([plan])
    for each in breakages(plan):
        if each.kind == "violation":
            found = validator.check(
                each.message, type=each.message["type"], event=each.message.get("event")
            )
            assert (each.code, each.field) in {(one.code, one.field) for one in found}, each.id


@PLANS
def test_both_libraries_call_every_broken_message_bad(name: str, verdict_of: Verdict) -> None:
    """One breakage of each code of each rule, as the libraries differ by keyword if at all."""
    plan = load(name, strictness="strict")
    for rule in plan.rules:
        one_each = {each.code: each for each in breakages(plan, rule)}
        one_each.pop("unplanned_event", None)
        for each in one_each.values():
            assert not verdict_of(rule.schema, each.message), each.id


@PLANS
@STRICTNESSES
def test_an_unplanned_event_is_no_rules_and_not_discarded(
    name: str, strictness: Strictness
) -> None:
    """It differs from the good message in its name only."""
    plan = load(name, strictness=strictness)
    for rule in plan.rules:
        for each in breakages(plan, rule):
            if each.code == "unplanned_event":
                assert plan.rule(each.message["event"], type="TRACK") is None
                good = message_for(plan, rule)
                assert good == {**each.message, "event": rule.key}
                assert check(each.message, "track") == ()


@PLANS
@STRICTNESSES
def test_segment_itself_lets_violations_through(name: str, strictness: Strictness) -> None:
    """A violation is the plan's complaint alone."""
    for each in breakages(load(name, strictness=strictness)):
        if each.kind == "violation":
            assert check(each.message, each.message["type"]) == (), each.id


@PLANS
def test_a_discard_is_found_where_its_label_says(name: str) -> None:
    """By the rules of the Spec, with a code that exists."""
    discards = [each for each in breakages(load(name)) if each.kind == "discard"]
    assert discards
    for each in discards:
        assert each.code in DISCARD_CODES
        sent = each.message.get("type")
        type_ = sent if sent in MESSAGE_TYPES else ""
        found = {(one.code, one.field) for one in check(each.message, type_)}
        assert found == {(each.code, each.field)}, each.id


@PLANS
@STRICTNESSES
def test_breakages_have_ids_of_their_own(name: str, strictness: Strictness) -> None:
    """And the same ones at every call."""
    plan = load(name, strictness=strictness)
    ids = [each.id for each in breakages(plan)]
    assert [id_ for id_, count in Counter(ids).items() if count > 1] == []
    assert ids == [each.id for each in breakages(plan)]


@PLANS
@STRICTNESSES
def test_every_property_and_every_required_one_is_broken(name: str, strictness: Strictness) -> None:
    """No typed property of an event is left out, and nothing that is required."""
    plan = load(name, strictness=strictness)
    for rule in plan.rules:
        found = {(each.code, each.field) for each in breakages(plan, rule)}
        body = rule.schema.get("properties", {}).get("properties", {})
        for key, schema in body.get("properties", {}).items():
            if "type" in schema:
                assert ("invalid_type", f"properties.{key}") in found, rule.name
            if "enum" in schema:
                assert ("enum", f"properties.{key}") in found, rule.name
        for key in body.get("required", ()):
            assert ("required", f"properties.{key}") in found, rule.name


def test_every_wrong_type_is_tried() -> None:
    """A string is not a number, an integer, a boolean, null, an array or an object."""
    plan = load("userguiding", strictness="strict")
    rule = plan.rules[0]
    found = [
        type(each.message["properties"]["guideId"]).__name__
        for each in breakages(plan, rule)
        if (each.code, each.field) == ("invalid_type", "properties.guideId")
    ]
    assert sorted(found) == ["NoneType", "bool", "dict", "float", "int", "list"]


def test_an_answer_is_broken_in_every_branch() -> None:
    """Ten kinds of question: each without its answer, and with each of the three others."""
    found = labels(load("userguiding", strictness="strict"), ANSWER)
    assert ("required", "properties.score", 'questionType is "NPS Rating"') in found
    assert ("not_allowed", "properties.feedback", 'questionType is "NPS Rating"') in found
    assert ("required", "properties.feedback", 'questionType is "Written Feedback"') in found
    assert len([each for each in found if each[0] == "not_allowed"]) == 30
    assert len([each for each in found if each[0] == "required" and each[2]]) == 10


def test_a_lenient_answer_is_broken_in_either_case() -> None:
    """Whichever way the kind of question is spelled, its answer is missed."""
    found = labels(load("userguiding"), ANSWER)
    assert ("required", "properties.score", 'questionType is "NPS Rating"') in found
    assert ("required", "properties.score", 'question_type is "NPS Rating"') in found
    assert ("required", "properties.emojiScore", 'question_type is "Emoji Rating"') in found
    assert not {each for each in found if each[0] in {"not_allowed", "additional_property"}}


def test_other_conditions_are_broken_too() -> None:
    """A url without address, a script with one, and an update without any reaction."""
    plan = load("userguiding", strictness="strict")
    action = labels(plan, "ai assistant fallback action click (userguiding)")
    assert ("required", "properties.url", 'type is "url"') in action
    assert ("not_allowed", "properties.url", 'type is "javascript"') in action
    update = labels(plan, "product updates feedback (userguiding)")
    assert ("any_of", "properties", "") in update
    role = labels(plan, "ai assistant message receive (userguiding)")
    assert ("const", "properties.role", "") in role


def test_limits_and_patterns_are_broken() -> None:
    """Volume below 0 and above 100, a fourth quarter, and ids that are no digits."""
    video = load("video", strictness="strict")
    paused = labels(video, "Video Playback Paused")
    assert {
        ("minimum", "properties.sound", ""),
        ("maximum", "properties.sound", ""),
        ("enum", "properties.ad_type", ""),
    } <= paused
    assert ("enum", "properties.quartile", "") in labels(video, "Video Ad Playing")
    assert ("invalid_type", "properties.content.keywords.0", "") in labels(
        video, "Video Ad Playing"
    )
    assert ("pattern", "properties.tutorialId", "") in labels(load("candu"), "tutorial.interaction")


def test_only_strict_complains_of_unplanned_properties() -> None:
    """At every depth: of the event and of its products."""
    strict = labels(load("ecommerce", strictness="strict"), "Order Completed")
    assert ("additional_property", "properties.unplannedProperty", "") in strict
    assert ("additional_property", "properties.products.0.unplannedProperty", "") in strict
    lenient = labels(load("ecommerce"), "Order Completed")
    assert not {each for each in lenient if each[0] == "additional_property"}


def test_the_examples_are_not_changed(verdict_of: Verdict) -> None:
    """Breaking copies leaves the catalogue as it was."""
    plan = load("userguiding", strictness="strict")
    for each in breakages(plan):
        each.message.clear()
    for rule in plan.rules:
        assert verdict_of(rule.schema, message_for(plan, rule))


def test_whole_calls_are_broken_for_each_type_of_call_of_a_plan() -> None:
    """The Spec's plan has the discards of all six calls."""

    def codes(rule: Rule) -> set[str]:
        discards = [each for each in breakages(spec) if each.kind == "discard"]
        return {each.code for each in discards if each.rule == rule.name}

    spec = load("spec")
    by_type = {rule.type: codes(rule) for rule in spec.rules if rule.type != "COMMON"}
    shared = {"no_user_anon_id", "id_not_string", "message_id_too_long", "context_not_object"}
    assert all(shared <= found for found in by_type.values())
    assert "traits_not_object" in by_type["IDENTIFY"]
    assert {"name_not_string", "category_not_string"} <= by_type["SCREEN"] & by_type["PAGE"]
    assert "id_required" in by_type["GROUP"] - by_type["ALIAS"]
    assert {"event_not_defined", "event_not_string"} <= {
        each.code for each in breakages(load("userguiding")) if each.kind == "discard"
    }
