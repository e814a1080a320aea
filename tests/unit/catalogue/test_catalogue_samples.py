"""Samples: whole messages for people, other repositories and fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
from event_fixtures import FOLDER, event_fixtures

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.samples import sample
from mockseg.errors import PlanError
from mockseg.json_types import pretty

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import JsonObject

    Complaints: TypeAlias = Callable[[JsonObject, JsonObject], set[tuple[str, str]]]
    Verdict: TypeAlias = Callable[[JsonObject, JsonObject], bool]


def test_a_sample_is_a_whole_message_as_its_vendor_sends_it() -> None:
    """UserGuiding: the userId, by Segment's document again in the properties; who integrates."""
    assert sample("Guide Started") == {
        "type": "track",
        "event": "Guide Started",
        "userId": "user-1",
        "timestamp": "2026-01-15T09:30:00.000Z",
        "context": {"integration": {"name": "UserGuiding", "version": "1.0.0"}},
        "properties": {
            "guide_id": 12,
            "guide_name": "Welcome tour",
            "page_url": "https://app.example.com/dashboard",
            "user_id": "user-1",
        },
    }
    assert sample("guide started (userguiding)")["properties"] == {
        "guideId": "12",
        "guideName": "Welcome tour",
        "pageUrl": "https://app.example.com/dashboard",
    }


def test_a_sample_of_a_visitor_has_an_anonymous_id_only() -> None:
    """The userId is there "if available", and so is the property that repeats it."""
    message = sample("Guide Started", user_id=None)
    assert message["anonymousId"] == "visitor-1"
    assert "userId" not in message
    assert "user_id" not in message["properties"]
    both = sample("Guide Started", user_id="u9", anonymous_id="a9")
    assert (both["userId"], both["anonymousId"]) == ("u9", "a9")


def test_a_sample_is_the_same_at_every_call_and_nobody_elses() -> None:
    """Changing one changes no other."""
    first = sample("Order Completed")
    first["properties"]["products"].clear()
    assert sample("Order Completed")["properties"]["products"] != []
    assert sample("Order Completed") == sample("Order Completed")


def test_a_sample_may_be_of_any_type_of_call() -> None:
    """The name of the call is the name of the Spec's rule."""
    assert sample("identify")["traits"]["firstName"] == "Ines"
    assert sample("group")["groupId"] == "group-27"
    assert sample("alias")["previousId"] == "visitor-803"
    assert sample("page")["type"] == "page"
    assert sample("track")["event"] == "Subscription Renewed"
    assert sample("identify", plan="copilot")["anonymousId"] == "anon-2f7c"


def test_a_candu_view_is_a_screen_unless_asked_otherwise() -> None:
    """CA-X01: the documented screen event is the default."""
    screen, track = sample("tutorial.view"), sample("tutorial.view", type="track")
    assert (screen["type"], screen["name"]) == ("screen", "tutorial.view")
    assert "event" not in screen
    assert (track["type"], track["event"]) == ("track", "tutorial.view")


def test_a_sample_may_be_of_any_example() -> None:
    """One for each way of the documents' examples."""
    event = "survey question answer (userguiding)"
    assert sample(event, example=7)["properties"]["questionType"] == "Written Feedback"
    with pytest.raises(PlanError, match=r"has no example 8; allowed are 0 to 7"):
        sample(event, example=8)


def test_a_sample_of_an_unknown_event_is_refused_with_the_nearest() -> None:
    """The sentence names what was probably meant."""
    with pytest.raises(PlanError, match='"Order Complete"; did you mean "Order Completed", "'):
        sample("Order Complete")


def test_there_is_a_good_file_for_every_event_and_one_with_all_bad_ones_for_every_plan() -> None:
    """Every rule of every strict plan has its own path, and stands in its plan's list."""
    files = dict(event_fixtures())
    for name in catalogues():
        rules = load(name, strictness="strict").rules
        assert sum(path.startswith(f"{name}/") for path in files) == len(rules) + 1
        bad = files[f"{name}/invalid.json"]["events"]
        assert [each["event"] for each in bad] == [rule.name for rule in rules]
    assert "userguiding/guide-started-userguiding.json" in files
    assert "candu/tutorial.view.screen.json" in files
    assert "candu/tutorial.view.track.json" in files


def test_a_good_file_is_good_and_a_bad_one_bad_as_labelled(
    verdict_of: Verdict, complaints_of: Complaints
) -> None:
    """What the files say of themselves is true."""
    for path, content in event_fixtures(["userguiding", "candu"]):
        plan = load(path.partition("/")[0], strictness="strict")
        if "events" not in content:
            type_ = content["type"]
            name = content["event"] if type_ == "track" else content["name"]
            rule = plan.rule(name, type=type_.upper())
            assert rule is not None
            assert verdict_of(rule.schema, content)
            continue
        for event in content["events"]:
            rule = plan.rule(event["event"], type=event["type"])
            assert rule is not None
            for each in event["invalid"]:
                finding = each["finding"]
                if finding["code"] != "unplanned_event":
                    found = complaints_of(rule.schema, each["message"])
                    assert (finding["code"], finding["field"]) in found


@pytest.mark.parametrize("name", catalogues())
def test_the_fixtures_are_what_the_catalogue_gives(name: str) -> None:
    """`python tests/support/event_fixtures.py` writes them again."""
    expected = {path: f"{pretty(content)}\n" for path, content in event_fixtures([name])}
    folder = FOLDER / name
    actual = {f"{name}/{file.name}": file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert sorted(expected) == sorted(actual)
    assert [path for path in expected if expected[path] != actual[path]] == []


def test_the_fixtures_are_of_no_other_plans() -> None:
    """No folder is left from a plan that is gone."""
    assert {folder.name for folder in FOLDER.iterdir()} == set(catalogues())
