"""Values, losses and counts in words that fit on a line."""

from __future__ import annotations

import pytest

from mockseg.domain.findings import discard
from mockseg.domain.lost import ForgottenSource, Lost
from mockseg.matching.differences import Difference, difference_line
from mockseg.matching.matchers import track
from mockseg.matching.nearest import near_json, near_lines, nearest
from mockseg.matching.render import (
    before_window,
    before_window_note,
    call_json,
    call_line,
    clip,
    count_names,
    counted,
    duration,
    evicted_note,
    finding_line,
    forgotten_words,
    lost_words,
    names_line,
    refused_notes,
    shown,
    shown_path,
    shown_typed,
    verdict_lines,
)

NOON = "2026-01-01T12:00:00.000Z"
CUT = "x" * 40


def forgotten(**fields):
    """Return a source that was forgotten once, at noon."""
    return ForgottenSource(**({"at": NOON, "times": 1} | fields))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": [1, 2.5]}, "{'a': 1, 'b': [1, 2.5]}"),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, "{'a': {'b': {'c': {'d': {…}}}}}"),
        ({"a": [{"b": {"c": {"d": 1}}}]}, "{'a': [{'b': {'c': {…}}}]}"),
        ((True, None, False), "[true, null, false]"),
        ([1] * 40, f"[{'1, ' * 20}…]"),
        (["x" * 100, 1], f"['{CUT}…' (100 characters), …]"),
        ("x" * 60, f"'{'x' * 60}'"),
        ("x" * 61, f"'{CUT}…' (61 characters)"),
        ("x" * 2000, f"'{CUT}…' (2,000 characters)"),
        ({"x" * 70: 1}, f"{{'{CUT}…' (70 characters)…}}"),
        ("a\n\x1b\u202e", r"'a\n\x1b\u202e'"),
        pytest.param(10**5000, "a number of thousands of digits", id="5000 digits"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_a_value_is_one_short_line(value, text):
    """JSON's words and Python's quotes; what is too long, too deep or too many is three dots."""
    assert shown(value) == text


def test_a_list_of_any_depth_is_shown():
    """As deep as JSON may be nested, within the limit."""
    value = []
    for _ in range(255):
        value = [value]
    assert len(shown(value)) <= 62


@pytest.mark.parametrize(
    ("limit", "text"),
    [(4, "[1, 2, …]"), (7, "[1, 2, 3]"), (1, "[1, …]"), (3, "[1, …]"), (6, "[1, 2, …]")],
)
def test_a_list_ends_where_the_room_does(limit, text):
    """Each item counts with its comma; the first is always there."""
    assert shown([1, 2, 3], limit=limit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("42", "'42' (string)"),
        (42, "42 (number)"),
        ([1], "[1] (array)"),
        ({"a": 1}, "{'a': 1} (object)"),
        (None, "null"),
        (True, "true"),
        ("x" * 100, f"'{CUT}…' (100 characters)"),
    ],
)
def test_a_value_is_shown_with_its_type(value, text):
    """Null and booleans, and texts that were cut, need none."""
    assert shown_typed(value) == text


@pytest.mark.parametrize(
    ("field", "key", "text"),
    [
        ("properties", "total", "properties.total"),
        ("", "total", "total"),
        ("properties", "a b-c", "properties.a b-c"),
        ("properties", "a.b", "properties['a.b']"),
        ("properties", "1a", "properties['1a']"),
        ("properties", "\u00e9", "properties['\u00e9']"),
        ("", "a.b", "['a.b']"),
        ("p", "x" * 60, f"p.{'x' * 60}"),
        ("p", "x" * 61, f"p['{CUT}…' (61 characters)]"),
    ],
)
def test_a_place_is_written_so_that_it_can_be_read(field, key, text):
    """With a dot where the key is plain, else in brackets and quotes."""
    assert shown_path(field, key) == text


def test_a_clipped_line_has_its_limit():
    """The last character is then three dots."""
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdef", 5) == "abcd…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0123456, "12.3 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (1, "1 s"),
        (1.5, "1.5 s"),
        (12.345, "12.3 s"),
        (999.4, "999 s"),
        (999.6, "1000 s"),
        (12_345.6, "12346 s"),
    ],
)
def test_a_duration_has_three_digits_and_its_unit(seconds, text):
    """Milliseconds below a second, and never a power of ten."""
    assert duration(seconds) == text


_EVICTED = "were evicted and could not be looked at"


@pytest.mark.parametrize(
    ("lost", "notes"),
    [
        (Lost(), []),
        (Lost(requests=3), []),
        (
            Lost(calls=1, bounds=("max_calls",)),
            ["1 older call was evicted and could not be looked at: raise max_calls."],
        ),
        (
            Lost(calls=2000, bounds=("max_bytes", "max_age")),
            [f"2,000 older calls {_EVICTED}: raise max_bytes and max_age."],
        ),
        (
            Lost(calls=3),
            [f"3 older calls {_EVICTED}: raise max_calls, max_requests or max_bytes."],
        ),
        (
            Lost(calls=1, forgotten=forgotten()),
            [f"This source was forgotten at {NOON}, because the server keeps 10,000 sources."],
        ),
    ],
)
def test_what_was_evicted_is_told(lost, notes):
    """Nothing where no call is missing."""
    assert evicted_note(lost) == notes


@pytest.mark.parametrize(
    ("lost", "words", "with_requests"),
    [
        (Lost(calls=1), "1 call was", "1 call was"),
        (Lost(calls=2), "2 calls were", "2 calls were"),
        (Lost(requests=1), "1 request was", "1 request was"),
        (Lost(calls=1, requests=1), "1 call was", "1 call and 1 request were"),
        (Lost(calls=3, requests=2), "3 calls were", "3 calls and 2 requests were"),
    ],
)
def test_what_cannot_be_checked_is_a_clause(lost, words, with_requests):
    """Requests without calls are named where they matter, or where nothing else is lost."""
    assert lost_words(lost) == f"{words} evicted and cannot be checked"
    assert lost_words(lost, requests=True) == f"{with_requests} evicted and cannot be checked"


def test_losses_name_their_source():
    """Of which source; a forgotten one is the subject."""
    assert (
        lost_words(Lost(calls=1), of="this source")
        == "1 call of this source was evicted and cannot be checked"
    )
    because = f"was forgotten at {NOON}, because the server keeps 10,000 sources"
    assert lost_words(Lost(forgotten=forgotten())) == f"the source {because}"
    assert lost_words(Lost(forgotten=forgotten()), of="key-1") == f"key-1 {because}"


@pytest.mark.parametrize(
    ("fields", "had"),
    [
        ({}, ""),
        ({"calls": 1, "requests": 2}, " with 1 call"),
        ({"requests": 2}, " with 2 requests"),
        ({"settings": ("plan",)}, " with its plan"),
        (
            {"calls": 3, "settings": ("plan", "clock")},
            " with 3 calls, its plan and its clock",
        ),
    ],
)
def test_a_forgotten_source_is_told_with_what_it_had(fields, had):
    """When it was forgotten, how often, and with which settings."""
    end = "because the server keeps 10,000 sources"
    assert (
        forgotten_words(forgotten(**fields), subject="it")
        == f"it was forgotten at {NOON}{had}, {end}"
    )
    often = forgotten_words(forgotten(times=3, **fields), subject="it")
    assert often == f"it was forgotten 3 times, last at {NOON}{had}, {end}"


def test_a_source_that_may_be_forgotten_is_told_so():
    """Where the server has forgotten more than it can name."""
    assert forgotten_words(ForgottenSource(known=False), subject="it") == (
        "the server keeps 10,000 sources and has forgotten more than it can name;"
        " it may be one of them"
    )


@pytest.mark.parametrize(
    ("refused", "refusals", "notes"),
    [
        (0, [], []),
        (1, [], ["1 request was refused: source.requests() has the reasons."]),
        (2, ["a"], ["2 requests were refused: a"]),
        (3, ["a", "b", "c"], ["head", "  a", "  b", "  c"]),
        (9, ["a", "b", "c", "d"], ["head", "  a", "  b", "  c", "… and others."]),
    ],
)
def test_refusals_are_told_with_up_to_three_reasons(refused, refusals, notes):
    """One reason on the line itself, several below it."""
    head = f"{refused} requests were refused (source.requests() has them):"
    assert refused_notes(refused, refusals) == [head if note == "head" else note for note in notes]


def test_calls_from_before_a_window_are_named(make_call):
    """By when they happened or came, whichever is earlier; one at its opening is inside."""
    calls = [
        make_call(cursor=1, timestamp="2025-12-31T23:59:59Z"),
        make_call(cursor=2, timestamp="2026-01-01T00:00:02.000Z"),
        make_call(cursor=3, timestamp="2026-01-02T00:00:00Z"),
        make_call(cursor=1, timestamp="nonsense"),
    ]
    assert before_window(calls, "2026-01-01T00:00:02.000Z") == ("call-1", "call-1")
    assert before_window(calls, "2026-01-01T00:00:02.001Z") == ("call-1", "call-2", "call-1")
    assert before_window(calls, None) == ()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "c0 has a timestamp"),
        (2, "c0, c1 have timestamps"),
        (5, "c0, c1, c2, c3, c4 have timestamps"),
        (6, "c0, c1, c2, c3, c4, … have timestamps"),
    ],
)
def test_up_to_five_calls_from_before_a_window_are_named(count, words):
    """And what it probably means."""
    it = "it" if count == 1 else "them"
    assert before_window_note([f"c{number}" for number in range(count)]) == [
        (
            f"{words} from before this window was opened: an earlier test may have sent {it},"
            " and flushed late."
        )
    ]
    assert before_window_note([]) == []


def test_names_are_counted_the_most_frequent_first():
    """Equally frequent ones by name; at most eight."""
    assert names_line({"b": 1, "a": 1, "c": 3000}) == "3,000 x 'c', 1 x 'a', 1 x 'b'"
    eight = {f"n{number}": 1 for number in range(8)}
    assert names_line(eight).endswith("1 x 'n7'")
    assert names_line(eight | {"n8": 1}).endswith("1 x 'n7', … and 1 more name")
    assert names_line(eight | {"n8": 1, "n9": 1}).endswith("1 x 'n7', … and 2 more names")


def test_calls_are_counted_by_event_or_type(make_call):
    """Track calls by their event, all others by their type."""
    calls = [make_call("track", "E"), make_call("track", "E"), make_call("page", "Home")]
    assert count_names(calls) == {"E": 2, "page": 1}


def test_a_noun_follows_its_number():
    """Only one is one."""
    assert [counted(number, "call") for number in (0, 1, 2, 2000)] == [
        "0 calls",
        "1 call",
        "2 calls",
        "2,000 calls",
    ]


def test_a_call_is_named_by_user_or_visitor(make_call):
    """The userId before the anonymousId; an odd type in quotes."""
    assert call_line(make_call("page", "Home")) == "call-1 page 'Home'"
    assert call_line(make_call(anonymousId="a")) == "call-1 track, anonymousId 'a'"
    assert call_line(make_call(anonymousId="a", userId="u")) == "call-1 track, userId 'u'"
    assert call_line(make_call("a b")) == "call-1 'a b'"
    assert call_line(make_call("x" * 21)) == f"call-1 '{'x' * 21}'"
    assert call_line(make_call("x" * 20)) == f"call-1 {'x' * 20}"


@pytest.mark.parametrize(("count", "more"), [(3, []), (4, ["  … and 1 more finding"])])
def test_three_findings_of_a_call_are_shown(make_call, count, more):
    """Each with its place and sentence, and how many there are beyond."""
    findings = tuple(discard("id_not_string", f"f{number}", "why") for number in range(count))
    assert verdict_lines(make_call(verdict="dropped", findings=findings)) == [
        "call-1 track: answered 200, but Segment would drop it",
        *(f"  id_not_string at f{number}: why" for number in range(3)),
        *more,
    ]


def test_a_finding_of_the_whole_message_names_no_place():
    """And a long sentence is cut."""
    assert finding_line(discard("bad_request", "", "why")) == "bad_request: why"
    line = finding_line(discard("bad_request", "f" * 90, "w" * 300))
    assert line == f"bad_request at {'f' * 79}…: {'w' * 199}…"


@pytest.mark.parametrize(
    ("kind", "expected", "actual", "line"),
    [
        ("value", "a", "b", "f: expected 'a' (string), got 'b' (string)"),
        ("missing", "a", None, "f: expected 'a' (string), but it is missing"),
        ("extra", None, 1, "f: expected no such member, got 1 (number)"),
        ("verdict", "accepted", "dropped", "f: expected accepted, got dropped"),
        ("good", True, False, "f: expected true, got false"),
        ("format", "a b", "a_b", "f: expected 'a b', got 'a_b'"),
        ("where", "a > 1", None, "where: 'a > 1' does not match"),
        (
            "value",
            "x" * 70 + "a",
            "x" * 70 + "b",
            (
                f"f: expected '{CUT}…' (71 characters), got '{CUT}…' (71 characters);"
                " from character 71 on: 'a' against 'b'"
            ),
        ),
        (
            "value",
            "x" * 61,
            "x" * 60,
            (
                f"f: expected '{CUT}…' (61 characters), got '{'x' * 60}' (string);"
                " from character 61 on: 'x' against ''"
            ),
        ),
    ],
)
def test_a_difference_is_told_with_both_sides(kind, expected, actual, line):
    """And, of long texts, from where on they part."""
    assert (
        difference_line(Difference(field="f", expected=expected, actual=actual, kind=kind)) == line
    )


def test_near_calls_show_five_differences_each_or_twelve_of_one(make_call):
    """One near call has more room than several."""
    wanted = {f"k{number:02}": number for number in range(14)}
    near = nearest(track("E", properties=wanted), [make_call("track", "E", properties={"a": 1})])
    lines = near_lines(near)
    assert len(lines) == 14
    assert lines[0] == "call-1 track 'E'"
    assert lines[-1] == "  … and 2 more fields"
    several = near_lines(near * 2)
    assert len(several) == 14
    assert several[6] == "  … and 9 more fields"


def test_calls_that_are_alike_are_counted(make_call):
    """Where only a sample was compared, at least as many."""
    calls = [make_call("track", "E", cursor=cursor, properties={"n": 2}) for cursor in (1, 2, 3)]
    near = nearest(track("E", properties={"n": 1}), calls)
    assert near_lines(near)[0] == "call-3 track 'E' (and 2 alike)"
    assert near_lines(near, sampled=True)[0] == "call-3 track 'E' (and at least 2 alike)"


def test_a_tool_reads_near_calls_as_json(make_call):
    """Score, differences with their types; what is no short JSON as it is shown."""
    calls = [make_call("track", "E", properties={"n": "1", "t": "x" * 3000})]
    matcher = track("E", properties={"n": 1, "t": "a", "p": lambda _value: True})
    (near,) = near_json(nearest(matcher, calls))
    assert (near["score"], near["alike"], near["call"]["id"]) == (0.2857, 0, "call-1")
    by_path = {each["path"]: each for each in near["differences"]}
    number, text, predicate = (by_path[f"properties.{name}"] for name in "ntp")
    assert (number["expected"], number["expectedType"]) == (1, "number")
    assert (number["actual"], number["actualType"]) == ("1", "string")
    assert text["actual"] == f"'{'x' * 180}…' (3,000 characters)"
    assert predicate["expected"].startswith("the lambda at test_render.py:")
    assert predicate["actual"] is None


def test_a_tool_finds_a_call_by_a_few_keys(make_call):
    """Its name, verdict and findings; of a duplicate also what it repeats."""
    found = call_json(make_call("page", "Home", cursor=7))
    assert found == {
        "id": "call-7",
        "cursor": 7,
        "source": "key-1",
        "type": "page",
        "name": "Home",
        "verdict": "accepted",
        "good": True,
        "findings": [],
    }
    assert call_json(make_call(duplicate_of="call-1"))["duplicateOf"] == "call-1"
