"""Spellings of names."""

from __future__ import annotations

import pytest

from mockseg.catalogue.loader import EventNames, Leniency
from mockseg.catalogue.spelling import camel_case, slug, snake_case


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ("guideId", "guide_id"),
        ("resourceCenterName", "resource_center_name"),
        ("score", "score"),
        ("pageUrl", "page_url"),
    ],
)
def test_camel_case_and_snake_case_are_each_others_inverse(camel: str, snake: str) -> None:
    """A name that is spelled so already stays."""
    assert (snake_case(camel), camel_case(snake)) == (snake, camel)
    assert (snake_case(snake), camel_case(camel)) == (snake, camel)


def test_the_forms_of_a_name_begin_with_itself_and_are_all_different() -> None:
    """Other spellings come last; without either case there are those only."""
    spelling = Leniency(either_case=True, spellings={"centerId": ("centerID",)})
    assert spelling.forms("centerId") == ("centerId", "center_id", "centerID")
    assert spelling.forms("page_url") == ("page_url", "pageUrl")
    assert spelling.forms("score") == ("score",)
    assert Leniency(spellings={"a": ("b",)}).forms("a") == ("a", "b")
    assert Leniency().forms("guideId") == ("guideId",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("guide started (userguiding)", "guide-started-userguiding"),
        ("tutorial.view", "tutorial.view"),
        ("Order Completed", "order-completed"),
        ("../../etc", "..-..-etc"),
    ],
)
def test_a_slug_is_fit_for_a_files_name(name: str, expected: str) -> None:
    """No separators, no brackets, no capitals."""
    assert slug(name) == expected


def test_event_names_of_two_documents_have_a_stem_in_common() -> None:
    """And each is an alias of the other, apart from case."""
    names = EventNames(suffix=" (userguiding)", seen=(" (userguiding",))
    assert names.stem("Guide Started") == names.stem("guide started (userguiding)")
    assert names.titled("ai assistant guide trigger (userguiding)") == "AI Assistant Guide Trigger"
    assert names.aliases("guide started (userguiding)") == (
        "guide started",
        "guide started (userguiding",
    )
    assert names.aliases("Guide Started") == (
        "guide started (userguiding)",
        "guide started (userguiding",
    )
