"""Events as rows for people."""

from __future__ import annotations

import pytest

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import get
from mockseg.plans.rule_words import PropertyRow, describe


def rows(event: str, plan: str) -> dict[str, PropertyRow]:
    """Describe an event of a strict plan, by property."""
    rule = get(event, plan=plan, strictness="strict").rule
    return {row.property: row for row in describe(rule)}


def test_a_plain_event_has_a_row_for_each_property() -> None:
    """In the order of the document, with an example."""
    assert describe(get("guide started (userguiding)", strictness="strict").rule) == (
        PropertyRow(
            property="properties.guideId", type="string", required="yes", rule="", example="12"
        ),
        PropertyRow(
            property="properties.guideName",
            type="string",
            required="yes",
            rule="",
            example="Welcome tour",
        ),
        PropertyRow(
            property="properties.pageUrl",
            type="string",
            required="yes",
            rule="",
            example="https://app.example.com/dashboard",
        ),
    )


def test_conditions_are_told_at_the_property() -> None:
    """When it is required, and that it may not be there otherwise."""
    feedback = rows("survey question answer (userguiding)", "userguiding")["properties.feedback"]
    assert feedback.required == 'when questionType is "Written Feedback"'
    assert feedback.rule == "not otherwise"
    url = rows("ai assistant fallback action click (userguiding)", "userguiding")["properties.url"]
    assert (url.required, url.rule) == ('when type is "url"', "not otherwise")
    update = rows("product updates feedback (userguiding)", "userguiding")
    assert update["properties.feedback"].required == "at least one of emojiScore, feedback"


def test_values_and_limits_are_told_at_the_property() -> None:
    """Enumerations, constants, ranges, lengths and patterns."""
    message = rows("ai assistant message receive (userguiding)", "userguiding")
    assert message["properties.role"].rule == 'always "assistant"'
    assert rows("Video Playback Paused", "video")["properties.sound"].rule == "0 to 100"
    assert rows("Video Ad Playing", "video")["properties.quartile"].rule == "one of 1, 2, 3"
    assert rows("common", "spec")["messageId"].rule == "at most 100 characters"
    lenient = {row.property: row for row in describe(get("tutorial.view").rule)}
    assert lenient["properties.portalId"].rule == "a string matches ^[0-9]+$"
    assert lenient["properties.portalId"].type == "integer or string"


def test_objects_and_lists_are_told_down_to_their_values() -> None:
    """Items of a list are marked, and untyped properties are of any type."""
    order = rows("Order Completed", "ecommerce")
    assert order["properties.products"].type == "array of object"
    assert order["properties.products[].price"].example == 42.5
    started = rows("Video Playback Started", "video")["properties.ad_type"]
    assert started.type == "string or array of string"
    assert started.rule == 'each one of "pre-roll", "mid-roll", "post-roll"'
    assert rows("Video Quality Updated", "video")["properties.startupTime"].type == "any"
    assert rows("identify", "spec")["traits.address.postalCode"].example == "LS1 4AP"
    assert rows("track", "spec")["properties.revenue"].type == "number"


@pytest.mark.parametrize("name", catalogues())
@pytest.mark.parametrize("strictness", ["strict", "lenient"])
def test_every_rule_can_be_described(name: str, strictness: str) -> None:
    """Each property once."""
    for rule in load(name, strictness="strict" if strictness == "strict" else "lenient").rules:
        places = [row.property for row in describe(rule)]
        assert len(places) == len(set(places)), rule.name
