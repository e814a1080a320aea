"""Patterns as rows of characters, and as Python's engine reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.patterns import character_row, to_python

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
WORD = DIGITS + LOWER + LOWER.upper() + "_"
ANY = DIGITS + LOWER + LOWER.upper() + " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@pytest.mark.parametrize(
    ("pattern", "row"),
    [
        ("^a$", [("a", 1, 1)]),
        ("^$", []),
        ("^a?b*c+$", [("a", 0, 1), ("b", 0, 16), ("c", 1, 16)]),
        ("^a{3}$", [("a", 3, 3)]),
        ("^a{2,}$", [("a", 2, 18)]),
        ("^a{2,3}$", [("a", 2, 3)]),
        ("^[0-9]{2,4}-[a-z]+$", [(DIGITS, 2, 4), ("-", 1, 1), (LOWER, 1, 16)]),
        ("^.$", [(ANY, 1, 1)]),
        (r"^\d\w\s$", [(DIGITS, 1, 1), (WORD, 1, 1), (" \t\n", 1, 1)]),
        (r"^\t\n\r\.\\$", [("\t", 1, 1), ("\n", 1, 1), ("\r", 1, 1), (".", 1, 1), ("\\", 1, 1)]),
        ("^[a-c_x]$", [("abc_x", 1, 1)]),
        (r"^[a\d-]$", [("a" + DIGITS + "-", 1, 1)]),
        (r"^[a\]b]$", [("a]b", 1, 1)]),
        ("^[a-]$", [("a-", 1, 1)]),
        ("^[aab]$", [("ab", 1, 1)]),
        ("^[a-a]$", [("a", 1, 1)]),
        # What is not anchored has up to four characters more around it.
        ("a", [(ANY, 0, 4), ("a", 1, 1), (ANY, 0, 4)]),
        ("^a", [("a", 1, 1), (ANY, 0, 4)]),
        ("a$", [(ANY, 0, 4), ("a", 1, 1)]),
        (r"^a\$", [("a", 1, 1), ("$", 1, 1), (ANY, 0, 4)]),
        ("", [(ANY, 0, 4), (ANY, 0, 4)]),
    ],
)
def test_a_pattern_is_read_as_a_row_of_characters(pattern, row):
    """Which characters, in which order, how often at least and at most."""
    assert character_row(pattern, 0, None) == row


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a)$",
        "^a|b$",
        "^[^a]$",
        "^[c-a]$",
        r"^[a-\d]$",
        "^a{3,2}$",
        r"^\p{L}$",
        "^a**$",
        "[",
        "a(",
    ],
)
def test_what_is_more_than_a_row_is_none(pattern):
    """Groups, alternatives, negated classes and mistakes are left to others."""
    assert character_row(pattern, 0, None) is None


@pytest.mark.parametrize(
    ("pattern", "least", "most", "row"),
    [
        ("^[a-c]{1,5}$", 3, None, [("abc", 3, 5)]),
        ("^[a-c]{1,5}$", 0, 2, [("abc", 1, 2)]),
        ("^[a-c]{1,5}$", 5, 5, [("abc", 5, 5)]),
        ("^[a-c]{1,5}$", 6, None, None),
        ("^[a-c]{2,5}$", 0, 1, None),
        ("^[a-c]{2,5}$", 0, 2, [("abc", 2, 2)]),
        # Open counts go as far as the length wants.
        ("^a+$", 16, None, [("a", 16, 16)]),
        ("^a+$", 20, None, [("a", 20, 20)]),
        # The first classes get what is lacking, and what room there is.
        ("^a{2,5}b{1,5}$", 5, 6, [("a", 4, 5), ("b", 1, 1)]),
        ("^a{2,3}b{1,5}$", 6, None, [("a", 3, 3), ("b", 3, 5)]),
        ("^a{0,3}b{0,3}$", 0, 4, [("a", 0, 3), ("b", 0, 1)]),
    ],
)
def test_a_row_is_narrowed_to_a_length(pattern, least, most, row):
    """However often each class is drawn, the whole is within the length; None where it cannot."""
    assert character_row(pattern, least, most) == row


ATOMS = st.sampled_from(["a", "[a-f]", r"\d", ".", "[xyz_-]", r"\.", "-", r"[A-Z\d]"])
COUNTS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}"])


@given(
    st.lists(st.tuples(ATOMS, COUNTS), max_size=4),
    st.sampled_from([("^", "$"), ("", "$"), ("^", ""), ("", "")]),
    st.integers(0, 12),
    st.none() | st.integers(0, 20),
    st.data(),
)
def test_every_text_of_a_row_matches_its_pattern(parts, anchors, least, most, data):
    """The validator agrees, and the length is kept."""
    pattern = anchors[0] + "".join(map("".join, parts)) + anchors[1]
    row = character_row(pattern, least, most)
    if row is None:
        return
    text = "".join(
        data.draw(st.text(st.sampled_from(chars), min_size=low, max_size=high))
        for chars, low, high in row
    )
    assert len(text) >= least
    assert most is None or len(text) <= most
    assert compile_schema({"pattern": pattern}).is_valid(text), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^\D$", "a", "7"),
        (r"^\W$", "\u00e9", "_"),
        (r"^\s$", "\u00a0", "\u200b"),
        (r"^\S$", "\u200b", "\u3000"),
        (r"^[\s]$", "\u2028", "s"),
        (r"^[\w]$", "_", "\u00e9"),
        (r"^[\d]$", "7", "\u0667"),
        (r"^[^\d]$", "a", "7"),
        (r"^[^]a]$", "b", "]"),
        (r"^[a&&b]$", "&", "c"),
        (r"^[a~~b]$", "~", "c"),
        (r"^[a||b]$", "|", "c"),
        (r"^[[]$", "[", "a"),
        (r"^\$$", "$", "a"),
        (r"^\n$", "\n", "n"),
        (r"^(?<n>a)$", "a", "n"),
        (r"^a$", "a", "a\n"),
        (r"^\^\-$", "^-", "-"),
    ],
)
def test_python_reads_the_pattern_as_the_validator_does(pattern, good, bad):
    """ASCII digits and words, Unicode spaces, literal marks in classes, the very end."""
    made = to_python(pattern)
    assert made is not None
    assert made.search(good)
    assert not made.search(bad)


@pytest.mark.parametrize("pattern", [r"\p{L}", r"[\D]", r"[\W]", r"[\S]", r"\A", r"\1", r"\b", "("])
def test_what_python_has_no_words_for_is_none(pattern):
    """Properties of Unicode, what a class cannot hold negated, boundaries, and mistakes."""
    assert to_python(pattern) is None
