"""How the contradictions between UserGuiding's documents are resolved (UG-X of the table).

UG-X12, X16, X19 and X20 are about texts and about order, and make no rule of a plan.
"""

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
CANDU = load("candu", strictness="strict")
LC = load("candu")

GUIDE = {"guideId": "1", "guideName": "Tour", "pageUrl": "https://example.com"}
GUIDE_SNAKE = {"guide_id": 1, "guide_name": "Tour", "page_url": "https://example.com"}
STARTED, STARTED_S = "guide started (userguiding)", "Guide Started"
ANSWER, ANSWER_S = "survey question answer (userguiding)", "Survey Question Answer"
SURVEY = {
    "surveyId": "1",
    "surveyName": "Pulse",
    "questionId": "q1",
    "surveyQuestion": "How?",
    "pageUrl": "https://example.com",
}
SURVEY_SNAKE = {
    "survey_id": 1,
    "survey_name": "Pulse",
    "question_id": "q1",
    "survey_question": "How?",
    "page_url": "https://example.com",
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
@pytest.mark.parametrize(
    "name",
    [
        "guide started (userguiding)",
        "Guide started (userguiding)",
        "Guide Started (userguiding)",
        "Guide Started",
        "guide started",
        "GUIDE STARTED",
    ],
)
def test_ug_x01_names_match_in_any_case_with_or_without_the_suffix(
    plan: Plan, name: str, is_good: Good
) -> None:
    """Lenient takes either document's name; strict takes its own only."""
    assert is_good(plan, name, **GUIDE)
    assert (name == STARTED) == (H.rule(name) is not None)
    assert (name == STARTED_S) == (S.rule(name) is not None)


@LENIENT
def test_ug_x02_keys_are_in_either_case_and_mixed_only_in_lenient(
    plan: Plan, is_good: Good
) -> None:
    """A message that mixes the cases is bad in either strict plan."""
    mixed = {"guideId": "1", "guide_name": "Tour", "pageUrl": "https://example.com"}
    for properties in (GUIDE, GUIDE_SNAKE, mixed):
        assert is_good(plan, STARTED, **properties)
    assert is_good(H, STARTED, **GUIDE)
    assert not is_good(H, STARTED, **GUIDE_SNAKE)
    assert not is_good(H, STARTED, **mixed)
    assert is_good(S, STARTED_S, **GUIDE_SNAKE)
    assert not is_good(S, STARTED_S, **mixed)


@LENIENT
def test_ug_x03_ids_are_integers_or_strings_in_lenient(plan: Plan, is_good: Good) -> None:
    """Strict has the type of its own document: strings in one, integers in the other."""
    for value in (1, "1", 1.0):
        assert is_good(plan, STARTED, **GUIDE | {"guideId": value})
        assert is_good(plan, STARTED_S, **GUIDE_SNAKE | {"guide_id": value})
    wrongs: tuple[object, ...] = (1.5, True, None, [], {})
    for wrong in wrongs:
        assert not is_good(plan, STARTED, **GUIDE | {"guideId": wrong})
    assert not is_good(H, STARTED, **GUIDE | {"guideId": 1})
    assert not is_good(S, STARTED_S, **GUIDE_SNAKE | {"guide_id": "1"})


@LENIENT
def test_ug_x04_a_hotspots_id_is_an_integer_digits_or_a_uuid(plan: Plan, is_good: Good) -> None:
    """No format is required of the string: the help centre only says string."""
    properties = {
        "hotspotGroupId": "1",
        "hotspotGroupName": "Group",
        "hotspotTitle": "Title",
        "pageUrl": "https://example.com",
    }
    event = "hotspot interacted (userguiding)"
    for value in (7, "7", "af3a29c1-dbb6-4d7c-b816-45f846eaf5a0"):
        assert is_good(plan, event, **properties, hotspotId=value)
    assert is_good(H, event, **properties, hotspotId="7")
    assert not is_good(H, event, **properties, hotspotId=7)


def test_ug_x05_a_questions_id_is_any_string(is_good: Good) -> None:
    """In both documents; a uuid is only the example's."""
    assert is_good(H, ANSWER, **SURVEY, questionType="NPS Rating", score=3)
    assert is_good(S, ANSWER_S, **SURVEY_SNAKE)
    assert not is_good(S, ANSWER_S, **SURVEY_SNAKE | {"question_id": 5})
    assert not is_good(LH, ANSWER, **SURVEY | {"questionId": 5})


@pytest.mark.parametrize("plan", [S, LH, LS])
def test_ug_x06_user_id_may_be_among_the_properties_of_segments_document(
    plan: Plan, is_good: Good
) -> None:
    """And need not be; it is a string."""
    event, properties = (STARTED_S, GUIDE_SNAKE) if plan is S else (STARTED, GUIDE)
    assert is_good(plan, event, **properties)
    assert is_good(plan, event, **properties, user_id="u1")
    assert not is_good(plan, event, **properties, user_id=1)


def test_ug_x06_the_help_centre_names_no_user_id(is_good: Good) -> None:
    """Its strict plan is exactly its document."""
    assert is_good(H, STARTED, **GUIDE)
    assert not is_good(H, STARTED, **GUIDE, user_id="u1")


@LENIENT
def test_ug_x07_question_type_and_name_are_optional_and_answers_follow_a_given_type(
    plan: Plan, is_good: Good
) -> None:
    """Without a type nothing is asked of the answer; in either case of it the answer must fit."""
    assert is_good(plan, ANSWER, **SURVEY)
    assert is_good(plan, ANSWER, **SURVEY, question_name="Ease")
    assert not is_good(plan, ANSWER, **SURVEY, questionType="NPS Rating")
    assert not is_good(plan, ANSWER_S, **SURVEY_SNAKE, question_type="NPS Rating")
    assert is_good(plan, ANSWER_S, **SURVEY_SNAKE, question_type="NPS Rating", score=1)
    assert not is_good(H, ANSWER, **SURVEY, score=1)


@LENIENT
def test_ug_x08_a_score_is_a_number_in_lenient_and_an_integer_in_segments_document(
    plan: Plan, is_good: Good
) -> None:
    """A boolean is not a number, nor is a string of digits."""
    for value, good in ((4, True), (4.5, True), (True, False), ("4", False)):
        assert good == is_good(plan, ANSWER, **SURVEY, score=value)
        assert good == is_good(H, ANSWER, **SURVEY, questionType="Star Rating", score=value)
    assert is_good(S, ANSWER_S, **SURVEY_SNAKE, score=4)
    assert not is_good(S, ANSWER_S, **SURVEY_SNAKE, score=4.5)


@LENIENT
def test_ug_x09_an_emoji_score_is_enumerated_by_the_help_centre_only(
    plan: Plan, is_good: Good
) -> None:
    """Segment's document says a string, and so does lenient."""
    assert not is_good(H, ANSWER, **SURVEY, questionType="Emoji Rating", emojiScore="Happy")
    assert is_good(H, ANSWER, **SURVEY, questionType="Emoji Rating", emojiScore="Slightly Negative")
    assert is_good(S, ANSWER_S, **SURVEY_SNAKE, emoji_score="Happy")
    assert is_good(plan, ANSWER, **SURVEY, questionType="Emoji Rating", emojiScore="Happy")
    assert is_good(plan, ANSWER, **SURVEY, questionType="Emoji Rating", emoji_score="Happy")


@pytest.mark.parametrize("plan", [H, LH])
@pytest.mark.parametrize("kind", ["Emoji Rating", "Emoji Rating (3)", "Emoji Rating (5)"])
def test_ug_x10_all_three_names_of_emoji_ratings_ask_for_an_emoji_score(
    plan: Plan, kind: str, is_good: Good
) -> None:
    """The caption has two of them, the example the third."""
    assert is_good(plan, ANSWER, **SURVEY, questionType=kind, emojiScore="Neutral")
    assert not is_good(plan, ANSWER, **SURVEY, questionType=kind)


@pytest.mark.parametrize("plan", [H, LH])
def test_ug_x11_a_union_in_an_example_is_no_value(plan: Plan, is_good: Good) -> None:
    """One member of the union is, the text of it is not."""
    button = GUIDE | {"step": "1", "buttonId": "b", "type": "custom", "ctaText": "Go"}
    event = "guide button click (userguiding)"
    assert is_good(plan, event, **button, action="guide")
    assert not is_good(plan, event, **button, action="'link' | 'guide'")


def test_ug_x13_the_order_of_properties_is_ignored(is_good: Good) -> None:
    """PageUrl stands third in one place and last in another."""
    assert is_good(H, STARTED, **dict(reversed(GUIDE.items())))


def test_ug_x14_the_field_of_a_reaction_is_emoji_score(is_good: Good) -> None:
    """The captions call it score."""
    post = {"postId": "1", "postName": "Post", "pageUrl": "https://example.com"}
    event = "product updates feedback (userguiding)"
    assert is_good(H, event, **post, emojiScore="Positive")
    assert not is_good(H, event, **post, score=1)


def test_ug_x15_feedback_on_an_article_is_for_lenient_only_and_a_reaction_always_required(
    is_good: Good,
) -> None:
    """The payload wins over the text."""
    event = "knowledge base feedback (userguiding)"
    article = {"articleId": "1", "articleName": "Article", "pageUrl": "https://example.com"}
    assert is_good(LH, event, **article, emojiScore="Positive", feedback="Good")
    assert not is_good(H, event, **article, emojiScore="Positive", feedback="Good")
    assert not is_good(H, event, **article)
    assert not is_good(LH, event, **article, feedback="Good")


def test_ug_x17_either_channels_context_is_good(verdict_of: Verdict) -> None:
    """Emitted by the client and sent by the server: no plan looks at the library."""
    for library in ("analytics.js", "analytics-node"):
        message = message_for(H, rule_of(H, STARTED))
        message["context"]["library"] = {"name": library, "version": "1.0.0"}
        assert verdict_of(rule_of(H, STARTED).schema, message)


@LENIENT
def test_ug_x18_url_is_spelled_as_documented_and_matches_in_any_case(plan: Plan) -> None:
    """One name has it in capitals, two have not."""
    assert S.rule("Resource Center External URL Click") is not None
    assert S.rule("Checklist Item Url Click") is not None
    assert S.rule("Checklist Item URL Click") is None
    assert plan.rule("Resource Center External Url Click") is not None


def test_ug_x21_type_means_another_thing_in_each_event(is_good: Good) -> None:
    """Any string for a button, one of two for a fallback action."""
    button = GUIDE | {"step": "1", "buttonId": "b", "action": "link", "ctaText": "Go"}
    for plan in (H, LH):
        assert is_good(plan, "guide button click (userguiding)", **button, type="anything")
        assert not is_good(plan, FALLBACK, **THREAD, type="anything")


def test_ug_x22_an_articles_id_is_a_string_and_in_lenient_an_integer_too(
    is_good: Good,
) -> None:
    """Its link is required."""
    article = {"articleName": "Article", "articleLink": "https://example.com/a"}
    event = "ai assistant article click (userguiding)"
    assert is_good(H, event, **THREAD, **article, articleId="3420081")
    assert not is_good(H, event, **THREAD, **article, articleId=3420081)
    assert is_good(LH, event, **THREAD, **article, articleId=3420081)
    assert not is_good(LH, event, **THREAD, articleId="1", articleName="Article")


def test_ug_x23_the_eleven_other_events_have_title_case_names_in_lenient_only() -> None:
    """The names are an extension, never part of the strict plan."""
    titles = [rule.key for rule in LS.rules if S.rule(rule.key) is None]
    assert titles == [
        "Guide Button Click",
        "Hotspot Button Click",
        "Banner Button Click",
        "Product Updates Feedback",
        "Knowledge Base Feedback",
        "AI Assistant Conversation Start",
        "AI Assistant Message Receive",
        "AI Assistant Fallback Message Receive",
        "AI Assistant Fallback Action Click",
        "AI Assistant Article Click",
        "AI Assistant Guide Trigger",
    ]
    for title in titles:
        assert rule_of(LH, title).document == rule_of(LS, title).document


@pytest.mark.parametrize(("strict", "lenient"), [(H, LH), (S, LS), (CANDU, LC)])
def test_ug_x24_more_properties_are_kept_by_lenient_and_flagged_by_strict(
    strict: Plan, lenient: Plan, verdict_of: Verdict
) -> None:
    """In every event of every vendor."""
    for rule in strict.rules:
        message = message_for(strict, rule)
        message["properties"]["somethingElse"] = 1
        assert not verdict_of(rule.schema, message)
        assert verdict_of(rule_of(lenient, rule.key, type=rule.type).schema, message)


@LENIENT
def test_ug_x25_the_drafts_slips_are_tolerated_by_lenient_only(plan: Plan, is_good: Good) -> None:
    """A name without its closing bracket, and an id with two capitals."""
    center = {"resourceCenterID": 3, "resourceCenterName": "Help", "surveyId": 1}
    assert is_good(plan, "Resource center survey trigger (userguiding", **center)
    assert H.rule("guide started (userguiding") is None
    assert not is_good(
        H, "resource center survey trigger (userguiding)", **center, surveyName="Pulse"
    )
