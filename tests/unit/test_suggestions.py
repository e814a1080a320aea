"""What is said of unknown names: one phrase, everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockseg.suggestions import (
    did_you_mean,
    listed_names,
    nearest,
    nearest_names,
    quoted,
    unknown,
    unknown_parameter,
)

ROOT = Path(__file__).parents[2]
TYPES = ("candu", "userengage", "userleap")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "userlaep",
            (
                'unknown destination type "userlaep"; did you mean "userleap"?'
                " Allowed: candu, userengage, userleap."
            ),
        ),
        ("zzzzqq", 'unknown destination type "zzzzqq". Allowed: candu, userengage, userleap.'),
        ("", 'unknown destination type "". Allowed: candu, userengage, userleap.'),
        (None, "unknown destination type null. Allowed: candu, userengage, userleap."),
        (3, "unknown destination type 3. Allowed: candu, userengage, userleap."),
    ],
)
def test_the_phrase_names_the_value_the_nearest_and_all_that_is_allowed(
    name: object, said: str
) -> None:
    """With a near name or without one, it is whole sentences."""
    assert unknown("destination type", name, TYPES) == said


def test_a_long_list_is_cut_where_the_whole_is_found_elsewhere() -> None:
    """It names the place; beside a near name the list is left out."""
    names = [f"check-{number}" for number in range(47)]
    assert unknown("check", "zzz", names, see="--list").endswith(
        "check-10, check-11 and 35 more; see --list."
    )
    assert unknown("check", "chek-7", names, see="--list") == (
        'unknown check "chek-7"; did you mean "check-7"? See --list.'
    )
    assert unknown("check", "zzz", names).endswith("check-39 and 7 more.")
    assert len(unknown("check", "zzz", ["x" * 60] * 20, see="--list")) < 400


def test_several_names_may_be_suggested() -> None:
    """They are listed with `or`, the most alike first."""
    names = ("Order Completed", "Order Cancelled", "Cart Viewed")
    assert did_you_mean("Order Complted", names, most=3) == (
        '; did you mean "Order Completed" or "Order Cancelled"?'
    )


def test_names_with_spaces_are_quoted_in_the_list() -> None:
    """So that it can be seen where one ends."""
    assert listed_names(["Order Completed", "b"]) == 'Allowed: "Order Completed", "b".'
    assert listed_names([], label="Known") == "There are none yet."


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("pln", "plan"),
        ("order_id", "orderId"),
        ("ORDER-ID", "orderId"),
        ("strictnes", "strictness"),
        ("qqqq", None),
        ("x" * 100_000, None),
    ],
)
def test_the_nearest_is_alike_whatever_its_case_and_separators(
    name: str, meant: str | None
) -> None:
    """A name that is far too long is not compared."""
    assert nearest(name, ("strictness", "plan", "orderId", "y" * 100_000)) == meant


def test_the_same_letters_come_before_similar_ones() -> None:
    """A name that differs in its format only is the first, wherever it stands in the list."""
    assert nearest_names("user_id", ("userIds", "userID"), limit=2) == ("userID", "userIds")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\x1b[2J\u202e\x9b", '"a\\u001b[2J\\u202e\\u009b"'),
        ("\ud800", '"\\ud800"'),
        ("x" * 500, '"' + "x" * 99 + '…"'),
        ({"a": [True]}, '{"a": [true]}'),
        ({1, 2} - {2}, "{1}"),
    ],
)
def test_a_value_is_shown_on_one_line_without_what_a_terminal_obeys(
    value: object, text: str
) -> None:
    """It is JSON where it can be, and never long."""
    assert quoted(value) == text


def test_a_refusal_carries_the_same_in_its_details() -> None:
    """Programs find the parameter, what is allowed and the nearest."""
    refusal = unknown_parameter("lmit", "parameter", "lmit", ["limit"], place="the query")
    assert refusal.status == 422
    assert str(refusal) == (
        'the query: unknown parameter "lmit"; did you mean "limit"? Allowed: limit.'
    )
    assert refusal.details == {"parameter": "lmit", "allowed": ["limit"], "nearest": "limit"}


def test_nobody_else_words_the_phrase() -> None:
    """No other module of the package or the plugin writes `did you mean` into a text."""
    places = {
        file.relative_to(ROOT).as_posix()
        for folder in ("mockseg", "pytest_plugin")
        for file in (ROOT / folder).rglob("*.py")
        if "did you mean" in file.read_text("utf-8")
    }
    assert places == {"mockseg/suggestions.py"}
