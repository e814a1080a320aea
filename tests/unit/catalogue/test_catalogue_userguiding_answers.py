"""What depends on what in UserGuiding's events (UG-C of the table), and documents crosswise."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from mockseg.catalogue.loader import load
from mockseg.catalogue.samples import message_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan, Rule

    Good: TypeAlias = Callable[..., bool]
    Verdict: TypeAlias = Callable[[JsonObject, JsonObject], bool]

H = load("userguiding", strictness="strict")
S = load("userguiding-segment", strictness="strict")
LH = load("userguiding")
LS = load("userguiding-segment")

STARTED, STARTED_S = "guide started (userguiding)", "Guide Started"
ANSWER, ANSWER_S = "survey question answer (userguiding)", "Survey Question Answer"
SURVEY = {
    "surveyId": "1",
    "surveyName": "Pulse",
    "questionId": "q1",
    "surveyQuestion": "How?",
    "pageUrl": "https://example.com",
}
FALLBACK = "ai assistant fallback action click (userguiding)"
THREAD = {"threadId": "t1", "pageUrl": "https://example.com"}

LENIENT = pytest.mark.parametrize("plan", [LH, LS], ids=["help-centre", "segment"])


def rule_of(plan: Plan, name: str, **kind: str) -> Rule:
    """Find a rule that must be there."""
    rule = plan.rule(name, **kind)
    assert rule is not None
    return rule


@LENIENT
def test_only_identifiers_are_required_where_both_documents_know_an_event(
    plan: Plan, is_good: Good
) -> None:
    """Segment's document says of no property that it is required (facts 3.1.1)."""
    assert is_good(plan, STARTED, guideId="1")
    assert is_good(plan, STARTED_S, guide_id=1)
    assert not is_good(plan, STARTED, guideName="Tour")
    assert is_good(plan, ANSWER, surveyId="1", questionId="q1")
    assert not is_good(plan, ANSWER, surveyId="1")


@LENIENT
def test_an_event_that_one_document_has_keeps_what_that_document_requires(
    plan: Plan, is_good: Good
) -> None:
    """In either case of its keys."""
    banner = {"bannerId": 7, "bannerName": "Sunday", "buttonId": "b", "pageUrl": "https://x.test"}
    assert not is_good(plan, "banner button click", **banner)
    assert is_good(plan, "banner button click", **banner, ctaText="Go")
    assert is_good(plan, "Banner Button Click", **banner, cta_text="Go")


@LENIENT
def test_every_help_centre_example_is_good_in_lenient_of_either_naming(
    plan: Plan, verdict_of: Verdict
) -> None:
    """Lenient of either plan takes what either document allows."""
    for rule in H.rules:
        for index in range(len(rule.examples)):
            message = message_for(H, rule, example=index)
            assert verdict_of(rule_of(plan, rule.key).schema, message)


@LENIENT
def test_every_example_of_segments_document_is_good_in_lenient_of_either_naming(
    plan: Plan, verdict_of: Verdict
) -> None:
    """Lenient of either plan takes what either document allows."""
    for rule in S.rules:
        for index in range(len(rule.examples)):
            message = message_for(S, rule, example=index)
            assert verdict_of(rule_of(plan, rule.key).schema, message)


def test_no_example_of_one_document_is_good_in_strict_of_the_other(verdict_of: Verdict) -> None:
    """Neither the names nor the properties are the other document's."""
    for one, two, lenient in ((H, S, LS), (S, H, LH)):
        for rule in one.rules:
            assert two.rule(rule.key) is None
            counterpart = two.rule(rule_of(lenient, rule.key).key)
            if counterpart is not None:
                assert not verdict_of(counterpart.schema, message_for(one, rule))


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ({"score": 1}, ("Star Rating", "Number Rating (5)", "Number Rating (10)", "NPS Rating")),
        (
            {"emojiScore": "Neutral"},
            ("Emoji Rating", "Emoji Rating (3)", "Emoji Rating (5)", "Thumbs Up/Down"),
        ),
        ({"choices": "A,B"}, ("Multiple Choice",)),
        ({"feedback": "More"}, ("Written Feedback",)),
    ],
)
def test_ug_c1_to_c4_each_kind_of_question_has_its_own_answer(
    answer: JsonObject, kinds: tuple[str, ...], is_good: Good
) -> None:
    """The answer is required; strict refuses the answer of another kind beside it."""
    others = {"score": 1, "emojiScore": "Neutral", "choices": "A", "feedback": "B"}
    (field,) = answer
    for kind in kinds:
        assert is_good(H, ANSWER, **SURVEY, questionType=kind, **answer)
        assert not is_good(H, ANSWER, **SURVEY, questionType=kind)
        assert not is_good(LH, ANSWER, **SURVEY, questionType=kind)
        for other in others.keys() - {field}:
            both = answer | {other: others[other]}
            assert not is_good(H, ANSWER, **SURVEY, questionType=kind, **both)
            assert is_good(LH, ANSWER, **SURVEY, questionType=kind, **both)


def test_ug_c5_a_fallback_action_has_a_url_if_it_is_one(is_good: Good) -> None:
    """Required for a url, and refused by strict for a script."""
    link = {"url": "https://example.com"}
    for plan in (H, LH):
        assert is_good(plan, FALLBACK, **THREAD, type="url", **link)
        assert not is_good(plan, FALLBACK, **THREAD, type="url")
        assert is_good(plan, FALLBACK, **THREAD, type="javascript")
    assert not is_good(H, FALLBACK, **THREAD, type="javascript", **link)
    assert is_good(LH, FALLBACK, **THREAD, type="javascript", **link)


def test_ug_c6_a_product_update_has_a_reaction_or_feedback_or_both(
    is_good: Good,
) -> None:
    """Neither is only bad in strict."""
    post = {"postId": "1", "postName": "Post", "pageUrl": "https://example.com"}
    event = "product updates feedback (userguiding)"
    for answer in ({"emojiScore": "Neutral"}, {"feedback": "x"}):
        assert is_good(H, event, **post, **answer)
    assert is_good(H, event, **post, emojiScore="Neutral", feedback="x")
    assert not is_good(H, event, **post)
    assert is_good(LH, event, **post)


def test_ug_c7_the_role_is_the_assistants(is_good: Good) -> None:
    """It is a literal in the document."""
    for plan in (H, LH):
        for role, good in (("assistant", True), ("user", False)):
            event = "ai assistant message receive (userguiding)"
            assert good == is_good(plan, event, **THREAD, role=role, message="Hello")


@pytest.mark.parametrize("plan", [H, LH])
@pytest.mark.parametrize("score", [-1, 0, 10, 11, 1000])
def test_ug_c8_no_range_of_scores_is_enforced(plan: Plan, score: int, is_good: Good) -> None:
    """No document states one, and the help centre's own example has 10 for stars."""
    assert is_good(plan, ANSWER, **SURVEY, questionType="Star Rating", score=score)


def test_ug_c9_thumbs_take_every_emoji_score(is_good: Good) -> None:
    """No document says that they have fewer."""
    for value in ("Positive", "Slightly Positive", "Neutral"):
        assert is_good(H, ANSWER, **SURVEY, questionType="Thumbs Up/Down", emojiScore=value)
