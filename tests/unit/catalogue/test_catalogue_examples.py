"""The examples are good where they should be, whoever judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.samples import message_for
from mockseg.domain.spec import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Strictness

    Verdict: TypeAlias = Callable[[JsonObject, JsonObject], bool]

PLANS = pytest.mark.parametrize("name", catalogues())

# How many examples the help centre has for an event once its unions are written out.
EXPANDED = {
    "guide button click (userguiding)": 12,
    "hotspot button click (userguiding)": 12,
    "survey question answer (userguiding)": 8,
    "product updates feedback (userguiding)": 7,
    "ai assistant fallback action click (userguiding)": 2,
}


@PLANS
@pytest.mark.parametrize("strictness", ["strict", "lenient"])
@pytest.mark.parametrize("user_id", ["user-1", None])
def test_every_example_is_good(
    name: str, strictness: Strictness, user_id: str | None, verdict_of: Verdict
) -> None:
    """As whole messages, of a user or of a visitor, by both libraries."""
    plan = load(name, strictness=strictness)
    for rule in plan.rules:
        if rule.type == "ALIAS" and user_id is None:
            continue
        for index in range(len(rule.examples)):
            message = message_for(plan, rule, example=index, user_id=user_id)
            assert verdict_of(rule.schema, message), (rule.name, message)


@PLANS
def test_segment_would_discard_no_example(name: str) -> None:
    """The Spec's own rules hold for every example."""
    plan = load(name)
    for rule in plan.rules:
        for index in range(len(rule.examples)):
            message = message_for(plan, rule, example=index)
            assert check(message, message["type"]) == (), rule.name


@PLANS
def test_what_is_good_in_strict_is_good_in_lenient(name: str, verdict_of: Verdict) -> None:
    """Lenient takes nothing away from the document."""
    strict, lenient = load(name, strictness="strict"), load(name)
    for rule in strict.rules:
        counterpart = lenient.rule(rule.name, type=rule.type)
        assert counterpart is not None
        for index in range(len(rule.examples)):
            assert verdict_of(counterpart.schema, message_for(strict, rule, example=index))


def test_the_help_centres_examples_are_61_with_their_unions_expanded() -> None:
    """UG-X11: a union in an example stands for one example of each member."""
    counts = {
        rule.key: len(rule.examples) for rule in load("userguiding", strictness="strict").rules
    }
    assert sum(counts.values()) == 61
    assert {key: count for key, count in counts.items() if count > 1} == EXPANDED


def test_examples_go_through_every_value_and_branch_that_the_help_centre_shows() -> None:
    """12 actions twice, 8 kinds of question, 3 reactions, and both fallback actions."""
    shown: dict[tuple[str, str], set[object]] = {}
    for rule in load("userguiding", strictness="strict").rules:
        for example in rule.examples:
            for name in ("action", "questionType", "emojiScore", "type"):
                value = example["properties"].get(name)
                shown.setdefault((rule.key.partition(" (")[0], name), set()).add(value)
    assert len(shown["guide button click", "action"]) == 12
    assert shown["guide button click", "action"] == shown["hotspot button click", "action"]
    assert shown["survey question answer", "questionType"] == {
        "Star Rating",
        "Number Rating (5)",
        "Number Rating (10)",
        "NPS Rating",
        "Emoji Rating",
        "Thumbs Up/Down",
        "Multiple Choice",
        "Written Feedback",
    }
    assert shown["product updates feedback", "emojiScore"] == {
        "Positive",
        "Neutral",
        "Negative",
        None,
    }
    assert shown["ai assistant fallback action click", "type"] == {"javascript", "url"}
