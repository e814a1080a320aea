"""Globs: sets, escapes, what is malformed, and hostile patterns."""

from __future__ import annotations

import pytest

from mockseg.fql.glob import GlobFault, compile_glob
from mockseg.fql.query import parse


def matches(pattern: str, text: str) -> bool:
    """Match with a pattern that must be well-formed."""
    glob = compile_glob(pattern)
    assert not isinstance(glob, GlobFault)
    return glob(text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("abc", "abc", True),
        ("abc", "ABC", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("ab*ba", "aba", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("a*bc*c", "abc", False),
        ("**", "", True),
        ("*a**b*", "xaxbx", True),
        ("*/*", "a/b\n", True),
        ("?", "", False),
        ("?", "\n", True),
        ("?", "\U0001f600", True),
        ("a?*", "a", False),
        ("*?", "abc", True),
        ("[abc]", "b", True),
        ("[abc]", "d", False),
        ("[abc]", "", False),
        ("[a-cx-z]", "y", True),
        ("[a-cx-z]", "m", False),
        ("[!a]", "!", True),
        ("[!a]", "b", False),
        ("[^a]", "^", True),
        ("[^a]", "a", False),
        ("[^a]", "", False),
        ("[^z-a]", "m", True),
        ("[z-a]", "m", False),
        ("[xz-a]", "x", True),
        ("[*?]", "x", False),
        ("[*?]", "?", True),
        (r"[\]]", "]", True),
        (r"[\a-\c]", "b", True),
        (r"[a\-c]", "b", False),
        (r"[a\-c]", "-", True),
        ("]", "]", True),
        (r"\[x]", "[x]", True),
        (r"\?", "?", True),
        (r"\?", "x", False),
        (r"\\", "\\", True),
        (r"a\bc", "abc", True),
        ("*[0-9]-?", "order 7-b", True),
        ("*[0-9]-?", "order x-b", False),
    ],
)
def test_matching(pattern: str, text: str, *, expected: bool) -> None:
    """A pattern matches a whole string, character by character."""
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "reason", "offset"),
    [
        ("a[", "The set of the glob that begins here is not closed with ]", 1),
        ("a[b-", "A range of the set has no end", 3),
        ("[a-]", "A range of the set has no end", 2),
        ("[-a]", "A - in a set belongs between two characters, or behind a \\", 1),
        ("[a-b-c]", "A - in a set belongs between two characters, or behind a \\", 4),
        ("[^]", "The set [] of the glob is empty", 0),
        ("[b\\", "The set of the glob that begins here is not closed with ]", 0),
        (r"[b\]", "The set of the glob that begins here is not closed with ]", 0),
        ("[ab][", "The set of the glob that begins here is not closed with ]", 4),
        ("*[]", "The set [] of the glob is empty", 1),
        ("ab\\", "The glob ends in a \\ that escapes nothing", 2),
    ],
)
def test_malformed(pattern: str, reason: str, offset: int) -> None:
    """A malformed pattern is a fault with a reason and a place."""
    assert compile_glob(pattern) == GlobFault(reason, offset)


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 1000 + "b",
        "*" + "a" * 2000 + "b*",
        "*" + "?" * 2000 + "b*",
        "*[a-z]" * 500 + "b",
        "*?a" * 700 + "b",
    ],
    ids=["stars", "long text", "long wildcard", "sets", "wildcards"],
)
def test_hostile_patterns_end(pattern: str) -> None:
    """Patterns that make a matcher that backtracks hang are answered."""
    text = "a" * 32_000
    assert not matches(pattern, text)
    assert matches(pattern, text + "b")


def test_many_different_characters() -> None:
    """More characters than a glob remembers are matched alike, twice."""
    glob = compile_glob("[\u4e00-\u4fff]" * 3 + "*[a-z]")
    assert not isinstance(glob, GlobFault)
    text = "".join(map(chr, range(0x4E00, 0x5200)))
    for _ in range(2):
        assert not glob(text)
        assert glob(text + "q")


def test_a_row_with_question_marks_has_at_most_256_characters() -> None:
    """More would cost too much at each place; between two stars it begins anew."""
    row = "a" + "?" * 254 + "b"
    longest = compile_glob(row)
    assert not isinstance(longest, GlobFault)
    assert longest("a" + "x" * 254 + "b")
    assert not isinstance(compile_glob(f"{row}*{row}"), GlobFault)
    fault = compile_glob("a" + "?" * 255 + "b")
    assert isinstance(fault, GlobFault)
    assert fault.reason.startswith("The glob has over 256 characters in a row")
    assert not isinstance(compile_glob("a" * 1000), GlobFault)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[^O]*", "Order", False),
        ("[^O]*", "Cart", True),
        ("[^O]*", "", False),
        ("[!O]*", "Order", True),
        ("[a^b]", "^", True),
        ("[^^]", "a", True),
        ("[x-]", "x", False),
        ("[-x]", "-", False),
        (r"[x\-]", "-", True),
        ("[]x]", "]", False),
        (r"[a\]b]", "]", True),
        ("[[a]]", "a]", True),
        ("[z-a]", "m", False),
        ("[0-9", "7", False),
        ("[[:alpha:]]", "a", False),
        ("a\\", "a", False),
        ("\\", "", False),
        ("x*[", "y", False),
        ("?", "\u00e9", True),
        ("??", "\u00e9", False),
        ("a?b", "a/b", True),
        ("[\u00e9-\u00fc]", "\u00f6", True),
        ("{a,b}", "{a,b}", True),
        ("]", "]", True),
    ],
)
def test_globs_as_segments_servers_read_them(pattern: str, text: str, *, expected: bool) -> None:
    """Pairs out of segmentio/glob; what is malformed matches nothing and is no error."""
    assert parse("match(text, pattern)").evaluate({"text": text, "pattern": pattern}) is expected
    if "'" not in pattern:
        assert parse(f"match(text, '{pattern}')").matches({"text": text}) is expected
