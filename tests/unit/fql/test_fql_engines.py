"""What Segment's published engines answered when they were run, and its page where it says more.

Of each pair the filter, the message and the result; None is a filter that is not FQL. Where the
engine of browsers and the page differ, it is the page's word: that is the server.
"""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.errors import FqlError
from mockseg.fql.query import parse

GLOBS = [
    ("[^O]*", "Order", False),
    ("[^O]*", "Cart", True),
    ("[^O]*", "", False),
    ("[^^]", "a", True),
    ("[z-a]", "m", False),
    ("a\\", "a", False),
    ("?", "\u00e9", True),
    ("[\u00e9-\u00fc]", "\u00f6", True),
    ("[!O]*", "Order", True),
    ("[x-]", "x", False),
    (r"[x\-]", "-", True),
    (r"[a\]b]", "]", True),
    ("[0-9", "7", False),
    ("\\", "", False),
    ("??", "\u00e9", False),
    ("{a,b}", "{a,b}", True),
    ("[a^b]", "^", True),
    ("[-x]", "-", False),
    ("[]x]", "]", False),
    ("[[a]]", "a]", True),
    ("[[:alpha:]]", "a", False),
    ("x*[", "y", False),
    ("a?b", "a/b", True),
    ("]", "]", True),
]


@pytest.mark.parametrize(("pattern", "text", "matches"), GLOBS)
def test_a_glob_matches_as_segments_does(pattern: str, text: str, *, matches: bool) -> None:
    """Both in a filter, and as values of the message."""
    assert parse(f"match(event, '{pattern}')").matches({"event": text}) is matches
    assert parse("match(event, pattern)").matches({"event": text, "pattern": pattern}) is matches


@pytest.mark.parametrize(
    ("text", "message", "expected"),
    [
        ("total = +5", {"total": 5}, True),
        ("total = +5.4", {"total": 5.4}, True),
        ("total = 05", {"total": 5}, True),
        ("total > -1", {"total": 5}, True),
        ("total = -3.2", {"total": -3.2}, True),
        ("total = 5e3", {}, None),
        ("x = 5.", {}, None),
        ("x = 1.5.2", {}, None),
        ("x = .5", {}, None),
        ("x = 0x10", {}, None),
        ("x = 1_000", {}, None),
        ("x = - 5", {}, None),
        ("a = 1 AND b = 2", {"a": 1, "b": 2}, None),
        ("a = 1 Or b = 2", {"a": 1}, None),
        ("NOT", {"NOT": True}, True),
        ("TRUE", {"TRUE": True}, True),
        ("Null = null", {"Null": 1}, False),
        ("a == 1", {"a": 1}, None),
        ("a = 1 && b = 2", {}, None),
        ("a <> 1", {}, None),
        ("a = \u201cb\u201d", {}, None),
        ("! x", {}, True),
        ("x>5", {"x": 6}, True),
        (r"x = 'ab\*d'", {"x": r"ab\*d"}, True),
        (r"match(x, 'ab\*d')", {"x": "ab*d"}, True),
        (r"x = 'it\'s'", {}, None),
        ("x = 'a\nb'", {"x": "a\nb"}, True),
        (r"product\ 1 = 1", {"product 1": 1}, True),
        (r"\$set = 1", {"$set": 1}, True),
        (r"a\.b = 1", {"a.b": 1}, True),
        ("x", {"x": 1}, False),
        ("x", {"x": True}, True),
        ("obj = obj2", {"obj": {"a": 1, "b": 2}, "obj2": {"b": 2, "a": 1}}, False),
        ("obj = obj2", {"obj": {"a": 1, "b": 2}, "obj2": {"a": 1, "b": 2}}, True),
        ("list = list2", {"list": [1, 2], "list2": [2, 1]}, False),
        ("n = '5'", {"n": 5}, False),
        ("n != '5'", {"n": 5}, True),
        ("missing = null", {}, True),
        ("z = null", {"z": None}, True),
        ("s > 'a'", {"s": "b"}, False),
        ("missing > 0", {}, False),
        ("null >= 0", {}, False),
        ("true > 0", {}, False),
        ("contains(list, 'a')", {"list": ["a"]}, False),
        ("contains(s, '')", {"s": "a"}, True),
        ("'a' in list", {"list": ["a"]}, True),
        ("'a' in missing", {}, False),
        ("'track' in [event, type]", {"event": "E", "type": "track"}, True),
        ("length(userId) = 2", {"userId": "\u00e9"}, True),
        ("length(missing) = 0", {}, True),
        ("length(n) >= 0", {"n": 7}, False),
        ("lowercase(n) = null", {"n": 7}, True),
        ("typeof(missing) = 'null'", {}, True),
        ("!missing", {}, True),
        ("!5", {}, True),
    ],
)
def test_a_filter_says_what_segments_engines_say(
    text: str,
    message: dict[str, Any],
    expected: bool | None,  # noqa: FBT001  (a row of the table)
) -> None:
    """Numbers, keywords, texts, paths, comparisons and functions, one by one."""
    if expected is None:
        with pytest.raises(FqlError):
            parse(text)
    else:
        assert parse(text).matches(message) is expected
