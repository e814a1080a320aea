"""Pages of the manual: sections, anchors, and the search over headings."""

from __future__ import annotations

import pytest

from mockseg.manual.pages import anchor_of, page, page_names, search


def test_the_index_comes_first_and_every_page_has_a_title() -> None:
    """A reader begins with the list of pages."""
    assert page_names()[0] == "index"
    for name in page_names():
        found = page(name)
        assert found is not None
        assert found.title


@pytest.mark.parametrize(
    ("title", "anchor"),
    [
        ("What it costs", "what-it-costs"),
        ("`no_user_anon_id`", "no_user_anon_id"),
        ("An app that calls the SDK's module", "an-app-that-calls-the-sdks-module"),
        ("1. Make a source", "1-make-a-source"),
    ],
)
def test_anchors_are_those_of_code_hosts(title: str, anchor: str) -> None:
    """A link works on a code host and on the page."""
    assert anchor_of(title) == anchor


def test_a_section_has_its_lower_headings_and_ends_at_the_next() -> None:
    """What is printed for an anchor is whole, and no more."""
    findings = page("findings")
    assert findings is not None
    discards = findings.section("discards")
    assert discards is not None
    assert "### `no_user_anon_id`" in discards.text
    assert "## Blocked by a plan" not in discards.text
    assert findings.section("nothing") is None


def test_a_comment_in_an_example_is_not_a_heading() -> None:
    """Lines that begin with a number sign inside of a block stay in it."""
    strategies = page("strategies")
    assert strategies is not None
    assert all("Legal and nasty" not in each.title for each in strategies.sections)


def test_a_search_finds_headings_first_and_then_text() -> None:
    """Whole pages are named alone, sections with their anchor; unknown words find nothing."""
    assert search("no_user_anon_id")[0].address == "findings#no_user_anon_id"
    assert search("FAULTS requests")[0].address == "faults"
    in_text = {each.address: each.line for each in search("Retry-After")}
    assert "Retry-After" in in_text["destinations#retries"]
    for words in ("replay", "503", "sql", "curl", "samples", "protocols", "archive"):
        assert search(words), words
    assert search("faults xyzzy") == []
    assert search("  ") == []


def test_an_unknown_page_is_none() -> None:
    """The caller says so in its own way."""
    assert page("nope") is None
