"""Patterns as rows of characters, and as Python's engine reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.patterns import character_row, to_engine, to_python
from mockseg.schemas.re2 import Re2Error

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
        (r"^\d\w\s$", [(DIGITS, 1, 1), (WORD, 1, 1), (" \t\n\f\r", 1, 1)]),
        (r"^\t\n\r\.\\$", [("\t", 1, 1), ("\n", 1, 1), ("\r", 1, 1), (".", 1, 1), ("\\", 1, 1)]),
        ("^[a-c_x]$", [("abc_x", 1, 1)]),
        (r"^[a\d-]$", [("a" + DIGITS + "-", 1, 1)]),
        (r"^[a\]b]$", [("a]b", 1, 1)]),
        ("^[a-]$", [("a-", 1, 1)]),
        ("^[aab]$", [("ab", 1, 1)]),
        ("^[a-a]$", [("a", 1, 1)]),
        ("^(a)(?:b)$", [("a", 1, 1), ("b", 1, 1)]),
        ("^[^!-~]$", [(" ", 1, 1)]),
        ("(?i)^k$", [("kK\u212a", 1, 1)]),
        ("^[[:upper:]]$", [(LOWER.upper(), 1, 1)]),
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
        "^(ab)+$",
        "^a|b$",
        "a^b",
        r"^[^\x00-\x7f]$",
        "^[c-a]$",
        r"^[a-\d]$",
        "^a{3,2}$",
        "^a**$",
        "[",
        "a(",
    ],
)
def test_what_is_more_than_a_row_is_none(pattern):
    """Repeated groups, alternatives, anchors inside and mistakes are left to others."""
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


def both(pattern):
    """Return the two tests of a text: the compiled validator's and Python's."""
    made = to_python(pattern)
    assert made is not None
    return compile_schema({"pattern": pattern}).is_valid, lambda text: bool(made.search(text))


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^\D$", "a", "7"),
        (r"^\W$", "\u00e9", "_"),
        (r"^\s$", "\f", "\u00a0"),
        (r"^\S$", "\v", "\t"),
        (r"^[\s]$", "\n", "\u2028"),
        (r"^[\w]$", "_", "\u00e9"),
        (r"^[\d]$", "7", "\u0667"),
        (r"^[^\d]$", "a", "7"),
        (r"^[\D]$", "a", "7"),
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
        # The cases that Segment's own library was tried with.
        (r"(?i)^abc$", "ABC", "ABD"),
        (r"(?i:A)b", "ab", "aB"),
        (r"(?i)^k$", "\u212a", "x"),
        (r"^(?i:[a-z])$", "I", "\u0131"),
        (r"(?i)^\W$", "-", "\u017f"),
        (r"(?i)^\p{Lu}$", "a", "\u00aa"),
        (r"^a(?i)b|c$", "aB", "aD"),
        (r"(?s)^.$", "\n", "\n\n"),
        (r"^.$", "\U0001f600", "\n"),
        (r"(?m)^b$", "a\nb\nc", "ab"),
        (r"^\pL$", "\u00e9", "1"),
        (r"^\p{Lu}$", "\u00c9", "\u00e9"),
        (r"^\P{Lu}$", "\u00e9", "\u00c9"),
        (r"^\p{Greek}$", "\u03b1", "a"),
        (r"^\p{^Greek}$", "a", "\u03b1"),
        (r"^[\p{L}\d]$", "\u00e9", "-"),
        (r"^[[:alpha:]]$", "a", "\u00e9"),
        (r"^[[:^alpha:]_]$", "\u00e9", "a"),
        (r"\Aa\z", "a", "a\n"),
        (r"^\Q.+\E$", ".+", "aa"),
        (r"^(?P<x>a)$", "a", "x"),
        (r"^\x41\x{1F600}$", "A\U0001f600", "A"),
        (r"^a{0,1000}$", "a" * 1000, "a" * 1001),
        (r"^[\w-.]$", "-", ","),
        (r"^\/$", "/", "a"),
        (r"^(?:a|b|)$", "", "c"),
        (r"^\12\07$", "\n\a", "12"),
        (r"^{,3}$", "{,3}", "aaa"),
        (r"^a{2,}?$", "aaa", "a"),
        (r"a\b", "a-", "ab"),
        (r"a\B", "ab", "a-"),
        (r"^(?:^)*a$", "a", "b"),
        (r"^[\x{D7FF}-\x{E000}]$", "\ue000", "a"),
    ],
)
def test_both_engines_read_a_pattern_as_re2_does(pattern, good, bad):
    """ASCII digits, words and spaces, cases, properties, literal marks, the very end."""
    for test in both(pattern):
        assert test(good)
        assert not test(bad)


@pytest.mark.parametrize("pattern", [r"^\P{Any}$", r"^[^\x00-\x{10FFFF}]$", r"^\x{D800}$"])
def test_a_set_without_a_character_matches_nothing(pattern):
    """All characters are outside, or it names what no text holds."""
    for test in both(pattern):
        assert not test("a")


PARTS = st.sampled_from(
    ["a", "k", ".", r"\w", r"\W", r"\pL", r"\P{Lu}", "[a-k]", "[^a-k]", "[[:alpha:]]", r"[\w-.]",
     "(?i)", "(?s:.)", "(?i:k)", "(?m:^)", "$", "|", r"\x{1F600}", r"\Q.+\E", "{", r"[^\W]"]
)  # fmt: skip


@given(
    st.lists(st.tuples(PARTS, COUNTS), max_size=5).map(lambda each: "".join(map("".join, each))),
    st.text(st.sampled_from("akKsIi\u0131\u017f\u212a\u00e91\n.+{\U0001f600-"), max_size=4),
)
def test_both_engines_agree_on_every_pattern(pattern, text):
    """What one finds, the other finds; what RE2 refuses, both refuse."""
    try:
        to_engine(pattern)
    except Re2Error:
        assert to_python(pattern) is None
        return
    by_validator, by_python = both(pattern)
    assert by_validator(text) == by_python(text)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"^a\Z", r"at character 3: invalid escape \Z; write $ or \z for the end of the text"),
        ("a(?!b)", "at character 2: look-around is not supported"),
        ("(?<=a)b", "at character 1: look-around is not supported"),
        (r"(a)\1", r"at character 4: the backreference \1 is not supported"),
        (r"\u0041", r"at character 1: invalid escape \u; write \x{1F600} for a code point"),
        (r"\cA", r"at character 1: invalid escape \c"),
        (r"\C", r"at character 1: invalid escape \C"),
        ("\\", "at character 1: a backslash without a character"),
        (r"\x{110000}", r"at character 1: invalid escape \x"),
        (r"\x4", r"at character 1: invalid escape \x"),
        (r"\p{Alpha}", r'at character 1: unknown class "\p{Alpha}" (RE2 has the categories'),
        ("[[:foo:]]", 'at character 2: unknown class "[:foo:]"'),
        ("a++", 'at character 3: "+" repeats a repetition'),
        ("a{2}{3}", 'at character 5: "{3}" repeats a repetition'),
        ("|*", 'at character 2: "*" has nothing to repeat'),
        ("a{0,1001}", "at character 2: invalid count (at most 1000, nested ones multiplied)"),
        ("(a{1000}){1000}", "at character 10: invalid count"),
        ("a{3,2}", "at character 2: invalid count"),
        ("(?x)a", "at character 1: invalid flags (RE2 has i, m, s and U)"),
        ("(?#c)", "at character 1: invalid flags"),
        ("(?-)", "at character 1: invalid flags"),
        ("(?i", "at character 1: invalid flags"),
        ("(?P<>a)", "at character 1: invalid name of a group"),
        ("(?P<a", "at character 1: invalid name of a group"),
        ("a(b", "at character 2: unclosed group"),
        ("a)", 'at character 2: unexpected ")"'),
        ("a[b", "at character 2: unclosed class"),
        ("[a-", "at character 1: unclosed class"),
        ("[z-a]", 'at character 2: invalid range "z-a" in a class'),
        (r"[a-\d]", r"at character 4: invalid escape \d"),
        ("(" * 102 + ")" * 102, "groups are nested more than 100 deep"),
    ],
)
def test_what_re2_does_not_take_is_refused_with_its_place(pattern, reason):
    """One phrase says where and what; Python gets no pattern either."""
    with pytest.raises(Re2Error) as caught:
        to_engine(pattern)
    assert caught.value.reason.startswith(reason)
    assert to_python(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("(?i)^abc$", "ABC", "ABD"),
        ("(?i:A)b", "ab", "aB"),
        ("(?s)^.$", "\n", "ab"),
        (r"^\pL$", "\u00e9", "1"),
        (r"^\p{L}$", "\u00e9", "1"),
        (r"^\p{Lu}$", "\u00c9", "\u00e9"),
        (r"^\p{Greek}$", "\u03b1", "a"),
        (r"^[\p{L}\d]$", "7", "-"),
        ("^[[:alpha:]]$", "a", "\u00e9"),
        (r"^a\z", "a", "a\n"),
        (r"\Aa", "ab", "ba"),
        (r"^\Q.\E$", ".", "a"),
        ("^(?P<n>x)$", "x", "y"),
        # Go takes this form since its version 1.22.
        ("^(?<n>x)$", "x", "y"),
        (r"\bcat\b", "a cat", "concat"),
        (r"^\x41$", "A", "B"),
        (r"^\x{1F600}$", "\U0001f600", "a"),
        ("^a{0,1000}$", "aa", "b"),
        (r"^[\w-.]$", "-", "!"),
        (r"^\/$", "/", "\\"),
        ("^(?:a|b|)$", "", "c"),
        (r"^\d+$", "12", "\u0661\u0662"),
        (r"^\s$", "\f", "\v"),
        (r"^\s$", "\t", "\u00a0"),
        ("^.$", "\U0001f600", "\n"),
        ("^a$", "a", "a\n"),
    ],
)
def test_a_pattern_means_what_it_means_at_segment(pattern, good, bad):
    """What Go's library takes, each with a text that matches and one that does not."""
    compiled = compile_schema({"pattern": pattern})
    assert (compiled.is_valid(good), compiled.is_valid(bad)) == (True, False)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(?!a)", "(?=a)", r"(a)\1", r"^a\Z", r"\u0041", r"\cA", r"\e", r"\h", r"\C"),
        *(r"\p{Alpha}", "a++", "a{0,1001}", "(?x)a", "(?#c)", "[a"),
    ],
)
def test_a_pattern_that_segment_refuses_is_refused(pattern):
    """Look-around, back references, and what other engines have besides."""
    with pytest.raises(Re2Error):
        to_engine(pattern)
