"""How many calls were expected, and how the headline says it."""

from __future__ import annotations

import pytest

from mockseg.matching.evidence import MAX_SHOWN, Evidence, Expectation, Selection, evidence_of
from mockseg.matching.explain import explain
from mockseg.matching.matchers import any_call, track


@pytest.mark.parametrize(
    ("expectation", "text", "right", "too_many"),
    [
        (Expectation(), "1 or more", {1, 2, 3, 4}, set()),
        (Expectation.exactly(2), "exactly 2", {2}, {3, 4}),
        (Expectation.exactly(0), "no", {0}, {1, 2, 3, 4}),
        (Expectation(minimum=2, maximum=3), "2 to 3", {2, 3}, {4}),
        (Expectation(minimum=0, maximum=3), "at most 3", {0, 1, 2, 3}, {4}),
        (Expectation(minimum=3), "3 or more", {3, 4}, set()),
    ],
)
def test_an_expectation_says_how_many_are_right(expectation, text, right, too_many):
    """At least, at most, exactly or none."""
    assert expectation.text == text
    assert {count for count in range(5) if expectation.met_by(count)} == right
    assert {count for count in range(5) if expectation.exceeded_by(count)} == too_many


def test_twenty_calls_are_kept_whole_and_all_are_counted(make_call):
    """The first of them; none is nothing."""
    calls = [make_call(cursor=cursor) for cursor in range(1, MAX_SHOWN + 6)]
    selection = Selection.of(calls)
    assert (selection.calls, selection.total) == (tuple(calls[:20]), 25)
    assert selection
    assert not Selection.of([])


@pytest.mark.parametrize(
    ("matcher", "expected", "words"),
    [
        (any_call(), Expectation(), "1 or more calls"),
        (any_call(), Expectation.exactly(1), "exactly 1 call"),
        (any_call(), Expectation.exactly(11), "exactly 11 calls"),
        (track("E"), Expectation(minimum=0, maximum=1), "at most 1 track 'E'"),
    ],
)
def test_the_headline_counts_calls(matcher, expected, words):
    """One call, several calls, or the matcher by its name; and how long was waited."""
    evidence = Evidence(matcher=matcher, expected=expected, source="key-1")
    assert explain(evidence).headline.startswith(f"expected {words}; found none.")
    waited = Evidence(matcher=matcher, expected=expected, source="key-1", waited=1.5)
    assert explain(waited).headline.startswith(f"expected {words}; found none within 1.5 s.")


def test_found_calls_are_counted_in_the_headline(make_call):
    """How many there are, whether or not they are shown."""
    calls = [make_call("track", "E", cursor=cursor) for cursor in range(1, 31)]
    evidence = evidence_of(track("E"), calls, expected=Expectation(minimum=40), source="key-1")
    assert explain(evidence).headline == "expected 40 or more track 'E'; found 30."
