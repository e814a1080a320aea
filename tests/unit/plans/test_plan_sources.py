"""Strict plans of sources: what their documents do not list, and a user that is named twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mockseg.catalogue.loader import load
from mockseg.domain.findings import CallWarning
from mockseg.plans.planset import PlanSet

if TYPE_CHECKING:
    from mockseg.domain.findings import Violation
    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Strictness

VIEW = {"tutorialId": 1, "segmentId": "s", "portalId": 2, "versionId": "v"}
GUIDE = {"guideId": "1", "guideName": "Tour", "pageUrl": "https://example.com"}
STARTED = "guide started (userguiding)"


def found(
    *plans: str, kind: str, strictness: Strictness = "strict", **fields: object
) -> list[Violation]:
    """Check a message against plans of the catalogue."""
    message: JsonObject = {"type": kind, "userId": "u1", **fields}
    plan_set = PlanSet(load(name, strictness=strictness) for name in plans)
    event = fields.get("event")
    return list(plan_set.check(message, type=kind, event=event if isinstance(event, str) else None))


def test_a_strict_candu_plan_refuses_a_page_of_its_view() -> None:
    """Candu's document lists screen and track calls only."""
    (violation,) = found("candu", kind="page", name="tutorial.view", properties=VIEW)
    assert (violation.code, violation.field) == ("unplanned_call", "type")
    assert violation.description == (
        "candu sends screen and track calls, not page calls;"
        ' did you mean to send "tutorial.view" as screen?'
    )


def test_a_strict_candu_plan_refuses_a_screen_of_its_interaction() -> None:
    """The interaction is a track call; the view is the only screen."""
    (violation,) = found("candu", kind="screen", name="tutorial.interaction", properties=VIEW)
    assert (violation.code, violation.field) == ("unplanned_call", "name")
    assert violation.description == (
        '"tutorial.interaction" is not a screen of the tracking plan;'
        ' did you mean to send "tutorial.interaction" as track?'
    )
    assert not found("candu", kind="screen", name="tutorial.view", properties=VIEW)


@pytest.mark.parametrize("kind", ["identify", "group", "page", "alias"])
def test_a_strict_source_makes_no_other_calls(kind: str) -> None:
    """UserGuiding's documents know track calls only; a lenient plan leaves the others alone."""
    for plan in ("userguiding", "userguiding-segment"):
        (violation,) = found(plan, kind=kind)
        assert violation.code == "unplanned_call"
        assert not found(plan, kind=kind, strictness="lenient")


def test_a_plan_that_is_open_beside_a_strict_source_allows_other_calls() -> None:
    """Only where each plan lists all that its source sends is another call unplanned."""
    assert not found("candu", "ecommerce", kind="identify", traits={})
    assert found("candu", "userguiding", kind="identify", traits={})


@pytest.mark.parametrize(
    ("user_id", "repeated", "said"),
    [
        ("u1", "u2", 1),
        ("1", 2, 1),
        ("u1", "u1", 0),
        ("1", 1, 0),
        (None, "u2", 0),
        ("u1", None, 0),
    ],
)
def test_a_user_id_among_the_properties_is_the_user_of_the_call(
    user_id: str | None, repeated: object, said: int
) -> None:
    """Segment's document: the same identifier; a difference is a warning and no violation."""
    plan_set = PlanSet([load("userguiding")])
    message = {"userId": user_id, "properties": {**GUIDE, "user_id": repeated}}
    warnings = plan_set.warnings(message, type="track", event=STARTED)
    assert [(each.code, each.field) for each in warnings] == (
        [("user_id_differs", "properties.user_id")] * said
    )
    assert all(isinstance(each, CallWarning) and each.plan == "userguiding" for each in warnings)


def test_only_events_of_the_source_repeat_the_user_id() -> None:
    """The application's own events and other sources may have a property of that name."""
    other = {"userId": "u1", "properties": {"user_id": "u2"}}
    both = PlanSet([load("userguiding"), load("candu")])
    assert not both.warnings(other, type="track", event="Order Completed")
    assert not both.warnings(other, type="track", event="tutorial.view")
