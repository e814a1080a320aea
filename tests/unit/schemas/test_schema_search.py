"""Searching for a pattern in a text, in bounded time."""

from __future__ import annotations

import pytest

from mockseg.schemas.search import compile_search


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("c$", "abc", True),
        ("c$", "abc\n", False),
        ("a(?!b)", "abac", True),
        ("a(?!b)", "ab", False),
        (r"\d+", "a1", True),
        ("", "", True),
    ],
)
def test_a_pattern_may_be_anywhere(pattern, text, found):
    """In the dialect of browsers, look-ahead included."""
    search = compile_search(pattern)
    assert search is not None
    assert search(text) is found


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(a{1000}){1000}", "(?P<x"])
def test_what_is_no_pattern_or_too_large_is_none(pattern):
    """The caller says where it stood."""
    assert compile_search(pattern) is None


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"(?=a)((a|aa)+)+\1b$", r"^(a|a?)+\1$"])
def test_hostile_patterns_end(pattern):
    """What would take exponential time gives up and matches nothing."""
    search = compile_search(pattern)
    assert search is not None
    assert search("a" * 2000 + "!") is False
