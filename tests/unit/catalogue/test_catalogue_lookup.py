"""Finding events by name."""

from __future__ import annotations

import pytest

from mockseg.catalogue.lookup import find, get, nearest_names
from mockseg.errors import PlanError


def test_a_name_is_found_in_every_plan_that_means_it() -> None:
    """The plan whose own name it is comes first, then those with another spelling of it."""
    found = [(match.plan.slug, match.rule.key) for match in find("Guide Started")]
    assert found == [
        ("userguiding-segment", "Guide Started"),
        ("userguiding", "guide started (userguiding)"),
    ]


def test_strict_plans_know_their_own_names_only() -> None:
    """No spelling but the document's."""
    found = find("Guide Started", strictness="strict")
    assert [match.plan.slug for match in found] == ["userguiding-segment"]
    assert find("guide started", strictness="strict") == ()


def test_calls_are_found_by_their_types() -> None:
    """Identify stands in the Spec and in the copilot's page."""
    assert [match.plan.slug for match in find("identify")] == ["spec", "copilot"]
    assert get("screen").rule.type == "SCREEN"


def test_one_name_may_have_rules_of_two_types() -> None:
    """The first is given unless a type is asked for."""
    assert [match.rule.type for match in find("tutorial.view")] == ["SCREEN", "TRACK"]
    assert get("tutorial.view").rule.type == "SCREEN"
    assert get("tutorial.view", type="TRACK").rule.type == "TRACK"


def test_a_name_may_be_looked_for_in_one_plan() -> None:
    """Others are not asked."""
    assert get("guide button click", plan="userguiding").rule.key == (
        "guide button click (userguiding)"
    )
    with pytest.raises(PlanError, match="catalogue, plan candu: unknown event"):
        get("Guide Started", plan="candu")


def test_the_nearest_names_come_nearest_first() -> None:
    """Case, blanks and underscores count for nothing."""
    assert nearest_names("order_completd")[0] == "Order Completed"
    assert nearest_names("guide buton click")[0] in {
        "guide button click (userguiding)",
        "Guide Button Click",
    }
    assert nearest_names("guide buton click", plan="userguiding", limit=1) == (
        "guide button click (userguiding)",
    )


def test_a_name_like_no_other_has_none_near() -> None:
    """The error then names the plans, and a very long name is cut short."""
    assert nearest_names("zzzzqqqq") == ()
    with pytest.raises(PlanError, match=r'unknown event "zzzzqqqq"\. Known: .* more; see mockseg'):
        get("zzzzqqqq")
    assert nearest_names("x" * 100_000) == ()
    with pytest.raises(PlanError) as caught:
        get("x" * 100_000)
    assert len(str(caught.value)) < 600


def test_an_unknown_plan_is_refused() -> None:
    """Wherever a plan's name may be given."""
    with pytest.raises(PlanError, match="unknown plan"):
        find("identify", plan="shop")
    with pytest.raises(PlanError, match="unknown plan"):
        nearest_names("identify", plan="shop")
