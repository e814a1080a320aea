"""None of the documented events is missing: the names are written out here once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mockseg.catalogue.loader import catalogues, load

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Rule, Strictness

# Event of the help centre without its suffix -> properties beside pageUrl; "?" = optional.
HELP_CENTRE = {
    "guide started": "guideId guideName",
    "guide completed": "guideId guideName",
    "guide button click": "guideId guideName step buttonId type action ctaText",
    "hotspot interacted": "hotspotGroupId hotspotGroupName hotspotId hotspotTitle",
    "hotspot button click": (
        "hotspotGroupId hotspotGroupName hotspotId hotspotTitle buttonId type action ctaText"
    ),
    "banner button click": "bannerId bannerName buttonId ctaText",
    "checklist completed": "checklistId checklistName",
    "checklist item trigger": "checklistId checklistName guideId guideName",
    "checklist item url click": "checklistId checklistName checklistItemUrl",
    "resource center guide trigger": "resourceCenterId resourceCenterName guideId guideName",
    "resource center survey trigger": "resourceCenterId resourceCenterName surveyId surveyName",
    "resource center checklist guide trigger": (
        "resourceCenterId resourceCenterName checklistId checklistName guideId guideName"
    ),
    "resource center checklist item url click": (
        "resourceCenterId resourceCenterName checklistId checklistName checklistItemUrl"
    ),
    "resource center external url click": "resourceCenterId resourceCenterName externalUrl",
    "resource center article link click": "resourceCenterId resourceCenterName articleLink",
    "survey shown": "surveyId surveyName",
    "survey question answer": (
        "surveyId surveyName questionId questionType surveyQuestion"
        " score? emojiScore? choices? feedback?"
    ),
    "product updates feedback": "postId postName emojiScore? feedback?",
    "knowledge base feedback": "articleId articleName emojiScore",
    "ai assistant conversation start": "threadId",
    "ai assistant message receive": "threadId role message",
    "ai assistant fallback message receive": "threadId role message",
    "ai assistant fallback action click": "threadId type url?",
    "ai assistant article click": "threadId articleId articleName articleLink",
    "ai assistant guide trigger": "threadId guideId guideName",
}

SEGMENT_DOCUMENT = (
    "Guide Started",
    "Guide Completed",
    "Hotspot Interacted",
    "Checklist Item Trigger",
    "Checklist Item Url Click",
    "Checklist Completed",
    "Resource Center Guide Trigger",
    "Resource Center Checklist Guide Trigger",
    "Resource Center Checklist Item Url Click",
    "Resource Center External URL Click",
    "Resource Center Article Link Click",
    "Resource Center Survey Trigger",
    "Survey Shown",
    "Survey Question Answer",
)

SEGMENT_PROPERTIES = {
    "user_id": "string",
    "guide_id": "integer",
    "guide_name": "string",
    "page_url": "string",
    "hotspot_group_id": "integer",
    "hotspot_group_name": "string",
    "hotspot_id": "integer",
    "hotspot_title": "string",
    "checklist_name": "string",
    "checklist_id": "integer",
    "checklist_item_url": "string",
    "resource_center_name": "string",
    "resource_center_id": "integer",
    "external_url": "string",
    "article_link": "string",
    "survey_id": "integer",
    "survey_name": "string",
    "question_id": "string",
    "question_name": "string",
    "score": "integer",
    "survey_question": "string",
    "emoji_score": "string",
    "choices": "string",
    "feedback": "string",
}

SEMANTIC = {
    "ecommerce": (
        "Products Searched|Product List Viewed|Product List Filtered|Promotion Viewed"
        "|Promotion Clicked|Product Clicked|Product Viewed|Product Added|Product Removed"
        "|Cart Viewed|Checkout Started|Checkout Step Viewed|Checkout Step Completed"
        "|Payment Info Entered|Order Updated|Order Completed|Order Refunded|Order Cancelled"
        "|Coupon Entered|Coupon Applied|Coupon Denied|Coupon Removed|Product Added to Wishlist"
        "|Product Removed from Wishlist|Wishlist Product Added to Cart|Product Shared"
        "|Cart Shared|Product Reviewed"
    ),
    "video": (
        "Video Playback Started|Video Playback Paused|Video Playback Interrupted"
        "|Video Playback Buffer Started|Video Playback Buffer Completed"
        "|Video Playback Seek Started|Video Playback Seek Completed|Video Playback Resumed"
        "|Video Playback Completed|Video Playback Exited|Video Content Started"
        "|Video Content Playing|Video Content Completed|Video Ad Started|Video Ad Playing"
        "|Video Ad Completed|Video Quality Updated"
    ),
    "mobile": (
        "Application Installed|Application Opened|Application Backgrounded"
        "|Application Foregrounded|Application Updated|Application Uninstalled"
        "|Application Crashed|Install Attributed|Push Notification Received"
        "|Push Notification Tapped|Push Notification Bounced|Deep Link Opened|Deep Link Clicked"
    ),
    "b2b-saas": (
        "Account Created|Account Deleted|Signed Up|Signed In|Signed Out|Invite Sent"
        "|Account Added User|Account Removed User|Trial Started|Trial Ended"
    ),
    "email": (
        "Email Bounced|Email Delivered|Email Link Clicked|Email Marked as Spam|Email Opened"
        "|Unsubscribed"
    ),
    "live-chat": (
        "Live Chat Conversation Started|Live Chat Conversation Ended|Live Chat Message Sent"
        "|Live Chat Message Received"
    ),
    "ab-testing": "Experiment Viewed",
    "copilot": (
        "Conversation Started|Message Sent|Message Received|Conversation Ended|Action Invoked"
        "|Media Generated|Component Loaded|Feedback Submitted|identify"
    ),
}


def body_of(rule: Rule) -> JsonObject:
    """Give the schema of the properties."""
    body: JsonObject = rule.schema["properties"]["properties"]
    return body


def test_the_help_centre_plan_has_all_25_events_with_their_properties_and_no_others() -> None:
    """Names, properties and which of them are required are those of the help centre."""
    actual = {}
    for rule in load("userguiding", strictness="strict").rules:
        body = body_of(rule)
        # user_id is Segment's page's word, and optional in both documents (UG-X06).
        names = [name for name in body["properties"] if name != "user_id"]
        actual[rule.key] = {n if n in body["required"] else f"{n}?" for n in names}
    expected = {
        f"{name} (userguiding)": {*properties.split(), "pageUrl"}
        for name, properties in HELP_CENTRE.items()
    }
    assert len(expected) == 25
    assert expected == actual


def test_the_segment_document_plan_has_all_14_events() -> None:
    """The names are those of the table of events, with both spellings of url as they are."""
    rules = load("userguiding-segment", strictness="strict").rules
    assert set(SEGMENT_DOCUMENT) == {rule.key for rule in rules}
    assert len(rules) == 14


def test_the_segment_document_plan_has_all_24_properties_with_their_types() -> None:
    """The one table of properties is used up, and every event has the documented types."""
    actual: dict[str, str] = {}
    for rule in load("userguiding-segment", strictness="strict").rules:
        for name, schema in body_of(rule)["properties"].items():
            assert actual.setdefault(name, schema["type"]) == schema["type"]
    assert len(SEGMENT_PROPERTIES) == 24
    assert actual == SEGMENT_PROPERTIES


def test_the_candu_plan_has_the_view_as_screen_and_as_track_and_the_interaction() -> None:
    """CA-X01: the document calls a view a screen event and lists it among the events."""
    rules = load("candu", strictness="strict").rules
    assert [(rule.type, rule.key) for rule in rules] == [
        ("SCREEN", "tutorial.view"),
        ("TRACK", "tutorial.view"),
        ("TRACK", "tutorial.interaction"),
    ]


def test_the_spec_plan_has_the_six_calls_and_what_they_share() -> None:
    """The Spec is planned call by call; track is told in a common rule, for all events."""
    rules = load("spec", strictness="strict").rules
    assert {"common", "identify", "track", "page", "screen", "group", "alias"} == {
        rule.name for rule in rules
    }


@pytest.mark.parametrize("plan", SEMANTIC)
def test_a_semantic_spec_has_all_of_its_events(plan: str) -> None:
    """The names of Segment's semantic specs are all there, in their order."""
    rules = load(plan, strictness="strict").rules
    assert SEMANTIC[plan].split("|") == [rule.name for rule in rules]


def test_the_semantic_specs_have_88_events_together() -> None:
    """28, 17, 13, 10, 6, 4, 1 and 9, and no other plan is in the catalogue."""
    assert sum(len(names.split("|")) for names in SEMANTIC.values()) == 88
    assert {"userguiding", "userguiding-segment", "candu", "spec", *SEMANTIC} == set(catalogues())


@pytest.mark.parametrize("plan", catalogues())
@pytest.mark.parametrize("strictness", ["strict", "lenient"])
def test_every_rule_has_a_title_a_document_and_an_example(
    plan: str, strictness: Strictness
) -> None:
    """Nothing in the catalogue is without a word for people."""
    for rule in load(plan, strictness=strictness).rules:
        assert rule.title
        assert rule.document.startswith(("Segment documentation, ", "UserGuiding help centre, "))
        assert rule.examples
