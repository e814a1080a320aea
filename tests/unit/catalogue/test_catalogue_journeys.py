"""Journeys: graphs over the events of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mockseg.catalogue.journeys import journeys
from mockseg.catalogue.loader import catalogues, load
from mockseg.errors import PlanError

if TYPE_CHECKING:
    from mockseg.catalogue.journeys import Journey

PLANS = pytest.mark.parametrize("name", catalogues())


def reached(journey: Journey, starts: tuple[str, ...]) -> set[str | None]:
    """Give what a journey can come to from these events; None is its end."""
    met: set[str | None] = set()
    waiting: list[str | None] = list(starts)
    while waiting:
        event = waiting.pop()
        if event not in met:
            met.add(event)
            if event is not None:
                waiting.extend(after.event for after in journey.follows[event])
    return met


@PLANS
def test_journeys_go_through_every_event_of_a_plan(name: str) -> None:
    """And through no event that the plan does not have."""
    events = {rule.name for rule in load(name, strictness="strict").rules} - {"common"}
    assert events == {event for journey in journeys(name) for event in journey.follows}


@PLANS
def test_every_event_of_a_journey_is_reached_and_leads_to_its_end(name: str) -> None:
    """Nothing is a trap, and nothing stands aside."""
    for journey in journeys(name):
        assert reached(journey, journey.starts) - {None} == set(journey.follows)
        for event in journey.follows:
            assert None in reached(journey, (event,)), (journey.name, event)


@PLANS
def test_weights_are_whole_numbers_from_one(name: str) -> None:
    """Whoever draws needs no care for nothing and less."""
    for journey in journeys(name):
        for after in journey.follows.values():
            assert after
            assert all(type(each.weight) is int and each.weight >= 1 for each in after)


@PLANS
def test_journeys_have_names_titles_and_kept_properties_of_the_plan(name: str) -> None:
    """What is kept is a property of one of the events."""
    plan = load(name, strictness="strict")
    assert len({journey.name for journey in journeys(name)}) == len(journeys(name))
    for journey in journeys(name):
        known: set[str] = set()
        for event in journey.follows:
            rule = plan.rule(event)
            assert rule is not None
            for part in ("properties", "context"):
                known |= set(rule.schema.get("properties", {}).get(part, {}).get("properties", {}))
        assert journey.title
        assert set(journey.keeps) - known <= {"anonymousId"}


def test_a_survey_is_shown_before_it_is_answered() -> None:
    """Only a shown survey or an answered question leads to an answer."""
    for journey in journeys("userguiding"):
        for event, after in journey.follows.items():
            if "survey question answer (userguiding)" in {each.event for each in after}:
                assert event in {
                    "survey shown (userguiding)",
                    "survey question answer (userguiding)",
                }


def test_both_namings_of_userguiding_go_the_same_ways() -> None:
    """Without the events that one document does not have."""
    checklist = {journey.name: journey for journey in journeys("userguiding-segment")}["checklist"]
    assert checklist.starts == ("Checklist Item Trigger", "Checklist Item Url Click")
    assert "guide_id" not in checklist.keeps
    assert checklist.keeps == ("checklist_id", "checklist_name")
    names = {journey.name for journey in journeys("userguiding-segment")}
    assert names == {"guide", "checklist", "hotspot", "resource-center"}


def test_visitors_become_users_where_the_journey_says() -> None:
    """The event belongs to the journey."""
    identified = {
        name: journey.identified_at
        for name in catalogues()
        for journey in journeys(name)
        if journey.identified_at is not None
    }
    assert identified == {
        "spec": "identify",
        "ecommerce": "Order Completed",
        "b2b-saas": "Signed Up",
    }


def test_an_unknown_plan_has_no_journeys() -> None:
    """The error is that of loading it."""
    with pytest.raises(PlanError, match="unknown plan"):
        journeys("shop")
