"""How the contradictions in Candu's document and the semantic specs are resolved (CA-X).

CA-X04, X07, X09 and X10 are about warehouses, texts and destinations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from mockseg.catalogue.loader import load
from mockseg.catalogue.mistakes import discards
from mockseg.catalogue.samples import message_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan, Rule

    Good: TypeAlias = Callable[..., bool]
    Verdict: TypeAlias = Callable[[JsonObject, JsonObject], bool]

CANDU = load("candu", strictness="strict")
LC = load("candu")

VIEW = {"tutorialId": 1, "segmentId": "s", "portalId": 2, "versionId": "v"}


def rule_of(plan: Plan, name: str, **kind: str) -> Rule:
    """Find a rule that must be there."""
    rule = plan.rule(name, **kind)
    assert rule is not None
    return rule


@pytest.mark.parametrize("plan", [CANDU, LC])
@pytest.mark.parametrize("kind", ["SCREEN", "TRACK"])
def test_ca_x01_a_view_may_be_a_screen_or_a_track_call(
    plan: Plan, kind: str, verdict_of: Verdict
) -> None:
    """The rule is the same; the name stands where the call has it."""
    rule = rule_of(plan, "tutorial.view", type=kind)
    message = message_for(plan, rule)
    assert message["name" if kind == "SCREEN" else "event"] == "tutorial.view"
    assert message["type"] == kind.lower()
    assert verdict_of(rule.schema, message)


def test_ca_x02_a_version_is_a_string_and_no_identity(is_good: Good) -> None:
    """In both events; the text of one calls it the user's."""
    for plan in (CANDU, LC):
        assert is_good(plan, "tutorial.view", **VIEW)
        assert not is_good(plan, "tutorial.view", **VIEW | {"versionId": 5})


@pytest.mark.parametrize("name", ["tutorialId", "portalId"])
def test_ca_x03_ids_are_integers_and_in_lenient_digits_too(name: str, is_good: Good) -> None:
    """Neither plan takes booleans, fractions or other strings."""
    event = "tutorial.view"
    for value, strict, lenient in (
        (5, True, True),
        ("5", False, True),
        ("5a", False, False),
        ("", False, False),
        (True, False, False),
        (5.5, False, False),
        (None, False, False),
    ):
        assert strict == is_good(CANDU, event, **VIEW | {name: value})
        assert lenient == is_good(LC, event, **VIEW | {name: value})


def test_ca_x05_an_interaction_needs_its_own_event_name_and_a_view_has_none(
    is_good: Good,
) -> None:
    """It is a property beside the event, any string."""
    event = "tutorial.interaction"
    for plan in (CANDU, LC):
        assert is_good(plan, event, **VIEW, eventName="clicked")
        assert not is_good(plan, event, **VIEW)
    assert not is_good(CANDU, "tutorial.view", **VIEW, eventName="clicked")
    assert is_good(LC, "tutorial.view", **VIEW, eventName="clicked")


def test_ca_x06_candus_source_is_for_the_us_only() -> None:
    """Its page has the banner of sources without regions."""
    assert CANDU.wire.regions == ("us",)


def test_ca_x08_the_events_of_candus_newer_sdk_are_not_planned() -> None:
    """They are in no document that the catalogue is made from."""
    assert LC.rule("candu.sdk.content.viewed") is None
    assert {"no_user_anon_id"} <= {
        each.code for each in discards(message_for(LC, LC.rules[0])["type"])
    }


def test_the_semantic_specs_own_slips_are_good_in_both(is_good: Good) -> None:
    """A coupon under the name of the example, a build as a number, an address as an object."""
    shop = load("ecommerce", strictness="strict")
    assert is_good(shop, "Coupon Denied", coupon="tea10", reason="expired")
    assert is_good(shop, "Order Refunded", order_id="1", total=30, currency="USD")
    app = load("mobile", strictness="strict")
    assert is_good(app, "Application Updated", previous_build=4003, build="4010")
    chat = load("live-chat", strictness="strict")
    assert is_good(chat, "Live Chat Message Sent", message_body="Hello")
    assert rule_of(load("copilot"), "Custom Component Loaded").key == "Component Loaded"
    assert load("copilot", strictness="strict").rule("Custom Component Loaded") is None


def test_no_semantic_spec_requires_anything(verdict_of: Verdict) -> None:
    """No page of them says of a property that it is required."""
    for name in ("ecommerce", "video", "mobile", "b2b-saas", "email", "live-chat", "copilot"):
        for rule in load(name, strictness="strict").rules:
            assert verdict_of(rule.schema, {"type": rule.type.lower(), "userId": "u1"})


def test_what_a_video_event_changes_of_its_kind_replaces_all_of_it(is_good: Good) -> None:
    """Started lists its advertisements where the other events name one."""
    video = load("video", strictness="strict")
    assert is_good(video, "Video Playback Started", ad_type=["pre-roll", "mid-roll"])
    assert is_good(video, "Video Playback Started", ad_type="mid-roll", content_pod_ids=["p"])
    assert not is_good(video, "Video Playback Started", ad_type=["banner"])
    assert not is_good(video, "Video Playback Started", content_pod_id="p")
    assert is_good(video, "Video Playback Paused", ad_type="mid-roll", content_pod_id=None)
    assert not is_good(video, "Video Playback Paused", ad_type=["mid-roll"])
    assert not is_good(video, "Video Playback Paused", method="tab closed")
    assert is_good(video, "Video Playback Interrupted", method="tab closed")
