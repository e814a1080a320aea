"""Identities that do not continue, calls after the last, and golden files."""

from __future__ import annotations

import pytest

from mockseg.domain.lost import Lost
from mockseg.matching.explain_source import explain_calls_after, explain_golden, explain_identity
from mockseg.matching.explanation import MAX_LINES, Explanation, Section, listed


@pytest.fixture
def visit(make_call):
    """Give the calls of a visitor: anonymous, identified, aliased, and those of users."""
    return {
        "anonymous": make_call("page", "Home", cursor=1, anonymousId="a1"),
        "identify": make_call("identify", cursor=2, userId="u1", anonymousId="a1"),
        "track": make_call("track", "E", cursor=3, userId="u1"),
        "alias": make_call("alias", cursor=4, userId="u1", previousId="a1"),
        "other": make_call("identify", cursor=5, userId="u2", anonymousId="a1"),
        "known": make_call("identify", cursor=6, userId="u1"),
        "odd": make_call("alias", cursor=7, userId="u1", previousId=5),
        "previous": make_call("track", "E", cursor=8, userId="u1", previousId="a1"),
    }


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (("track",), {}),
        (("anonymous", "identify", "track"), {}),
        (("anonymous", "alias", "track"), {}),
        (("anonymous", "identify", "identify"), {}),
        (("track", "anonymous"), {}),
        (("anonymous", "identify"), {"anonymous_id": "a1", "user_id": "u1"}),
        (("anonymous", "identify"), {"anonymous_id": "a1"}),
        (("anonymous", "alias"), {"user_id": "u1"}),
    ],
)
def test_an_identity_continues(visit, names, asked):
    """By identify() with both ids or by alias(), before or at the first call of the user."""
    assert explain_identity([visit[name] for name in names], **asked) is None


UNLINKED = (
    "the first call of this user, and nothing links it to the anonymous calls before it"
    " (anonymousId 'a1')"
)


@pytest.mark.parametrize(
    ("names", "asked", "breaks"),
    [
        (("anonymous", "track"), {}, [f"call-3 track 'E', userId 'u1': {UNLINKED}"]),
        (("anonymous", "known"), {}, [f"call-6 identify, userId 'u1': {UNLINKED}"]),
        (("anonymous", "odd"), {}, [f"call-7 alias, userId 'u1': {UNLINKED}"]),
        (("anonymous", "previous"), {}, [f"call-8 track 'E', userId 'u1': {UNLINKED}"]),
        (
            ("anonymous", "identify", "other"),
            {},
            [
                (
                    "call-5 identify, userId 'u2': anonymousId 'a1' was linked to 'u1'"
                    " and now is to 'u2'"
                )
            ],
        ),
        (
            ("identify",),
            {"anonymous_id": "a1", "user_id": "u9"},
            ["no call links anonymousId 'a1' to userId 'u9'"],
        ),
        (("identify",), {"anonymous_id": "a9"}, ["no call links anonymousId 'a9' to any userId"]),
        (("identify",), {"user_id": "u9"}, ["no call links any anonymousId to userId 'u9'"]),
    ],
)
def test_a_broken_identity_is_named_where_it_broke(visit, names, asked, breaks):
    """The call from which on a user is linked to nobody, or a visitor to two."""
    explanation = explain_identity([visit[name] for name in names], **asked)
    assert explanation is not None
    assert explanation.headline == (
        "expected every user to be linked to the anonymous visitor whom they were."
    )
    assert explanation.details["breaks"] == breaks
    assert explanation.sections[0] == Section("Broken:", tuple(breaks))
    assert explanation.details["recorded"] == len(names)


def test_without_any_user_no_identity_continues(visit):
    """Whether other calls came or none did."""
    none = explain_identity([])
    one = explain_identity([visit["anonymous"]], lost=Lost(calls=2, bounds=("max_calls",)))
    assert none is not None
    assert one is not None
    start = "expected a user whose identity continues;"
    assert none.headline == f"{start} no call was recorded."
    assert one.headline == f"{start} 1 call came, none with a userId."
    assert one.notes[1:] == (
        "2 older calls were evicted and could not be looked at: raise max_calls.",
    )
    assert one.details == {"breaks": [], "links": {}, "recorded": 1, "evicted": 2}


def test_links_are_told_as_json(visit):
    """Each visitor with the users it became."""
    explanation = explain_identity([visit["identify"], visit["other"]])
    assert explanation is not None
    assert explanation.details["links"] == {"a1": ["u1", "u2"]}


def test_calls_after_the_last_are_listed(visit):
    """With what became of each."""
    explanation = explain_calls_after(visit["anonymous"], [visit["track"], visit["alias"]])
    assert explanation.headline == (
        "expected no call after call-1 page 'Home', anonymousId 'a1'; 2 calls came."
    )
    assert explanation.sections[0].lines == (
        "call-3 track 'E', userId 'u1': accepted",
        "call-4 alias, userId 'u1': accepted",
    )
    assert explanation.details["last"]["id"] == "call-1"
    assert [each["id"] for each in explanation.details["calls"]] == ["call-3", "call-4"]


ORDER = {"type": "track", "event": "E", "properties": {"n": 1}}
PAGE = {"type": "page", "name": "Home"}


@pytest.mark.parametrize(
    ("golden", "got", "lines"),
    [
        ([ORDER, PAGE], [ORDER], ["golden 2 page 'Home': not recorded"]),
        ([PAGE, ORDER], [PAGE], ["golden 2 track 'E': not recorded"]),
        ([{"type": "identify"}], [], ["golden 1 identify: not recorded"]),
        ([ORDER], [ORDER, PAGE], ["call-2 page 'Home': not in the file"]),
        (
            [ORDER, PAGE],
            [ORDER | {"properties": {"n": 2, "x": 1}}, PAGE],
            [
                "golden 1 against call-1 track 'E':",
                "  properties.n: expected 1 (number), got 2 (number)",
                "  properties.x: expected no such member, got 1 (number)",
            ],
        ),
        (
            [PAGE, ORDER, ORDER],
            [PAGE, ORDER | {"event": "F"}],
            [
                "golden 2 against call-2 track 'F':",
                "  event: expected 'E' (string), got 'F' (string)",
                "golden 3 track 'E': not recorded",
            ],
        ),
    ],
)
def test_what_differs_from_a_golden_file_is_told(make_call, golden, got, lines):
    """Call by call: what is missing, what is new, and what differs."""
    calls = [
        make_call(each["type"], each.get("event") or each.get("name"), cursor=cursor)
        for cursor, each in enumerate(got, 1)
    ]
    explanation = explain_golden(golden, got, calls, path="g.json")
    assert explanation is not None
    assert list(explanation.sections[0].lines) == lines
    assert explanation.details == {"golden": len(golden), "recorded": len(got), "lines": lines}


@pytest.mark.parametrize(
    "got", [ORDER, dict(reversed(ORDER.items())), ORDER | {"properties": {"n": 1.0}}]
)
def test_equal_calls_are_those_of_the_file(make_call, got):
    """The order of members does not matter, and 1.0 is 1."""
    assert explain_golden([ORDER], [got], [make_call("track", "E")], path="g.json") is None


@pytest.mark.parametrize(("count", "cut"), [(36, 0), (37, 2), (50, 15)])
def test_an_explanation_has_less_than_forty_lines(count, cut):
    """The middle gives way, and says how many lines it had; headline and notes stay."""
    lines = tuple(f"line {number}" for number in range(count))
    whole = Explanation(kind="met", headline="head", sections=(Section("S:", lines),))
    text = whole.text().split("\n")
    assert len(text) <= MAX_LINES
    assert text[:3] == ["head", "", "S:"]
    assert text[-1] == (f"  … {cut} more lines" if cut else f"  line {count - 1}")
    noted = Explanation(
        kind="met", headline="head", sections=(Section("S:", lines),), notes=("note",)
    )
    assert noted.text().endswith("more lines\n\nnote")


def test_long_lines_are_clipped_and_harmless():
    """600 characters of the headline, 320 of any other line; nothing that a terminal obeys."""
    text = Explanation(
        kind="met", headline="h" * 700, sections=(Section("S:\x1b[2J", ("l" * 400,)),)
    ).text()
    head, _, title, line = text.split("\n")
    assert (len(head), len(line)) == (600, 320)
    assert title == r"S:\x1b[2J"


def test_an_explanation_survives_the_way_over_json():
    """What one end wrote the other reads, facts included."""
    whole = Explanation(
        kind="golden",
        headline="head",
        sections=(Section("S:", ("a", "b")), Section("T:", ())),
        notes=("note",),
        details={"found": 3},
    )
    assert Explanation.from_json(whole.as_json()) == whole
    assert whole.as_json()["found"] == 3
    assert "T:" not in whole.text()


@pytest.mark.parametrize(
    ("total", "lines"),
    [
        (None, ("0", "1", "… and 1 more calls")),
        (3, ("0", "1", "… and 1 more calls")),
        (2000, ("0", "1", "… and 1,998 more calls")),
    ],
)
def test_a_list_says_how_many_are_beyond(total, lines):
    """Of what was given, or of all that there are."""
    assert listed(range(3), limit=2, total=total) == lines
    assert listed(range(3), limit=3) == ("0", "1", "2")
    assert listed(range(2), lambda item: [str(item)] * 2, limit=3) == ("0", "0", "1", "1")
