"""What a person is told who wrote a filter that cannot be read."""

from __future__ import annotations

import pytest

from mockseg.errors import FqlError
from mockseg.fql.query import parse, parse_question

OPERATORS = "(and, or, =, !=, >, >=, <, <=, in)"
VALUES = (
    "(a field, a text in quotes, a number, true, false, null, a list, a function or a parenthesis)"
)
UNEXPECTED = "a text belongs between quotes, and in a field path a \\ goes before it"
FUNCTIONS = (
    "contains, length, lowercase, uppercase, snakecase, kebabcase, titlecase, typeof, match, "
    "bool, string, number"
)
DEEP = "The filter is nested deeper than 64 levels"
LONG = "The filter is longer than 5120 bytes (5 KB): it has"
EMPTY = "The filter is empty: write a condition, or all to match every message"
DOT = "A field path has a name on each side of a dot"
ALL = "all (lower-case) matches every message and stands alone; a field of that name is "
NOT_A_NUMBER = (
    "is not a number: put a text between quotes,"
    " and a \\ before a field name that begins with a digit"
)


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, EMPTY),
        (" \n\t", 0, EMPTY),
        ("a AND b", 2, "Keywords are lower-case, write and (or \\AND for a field of that name)"),
        ("a Or b", 2, "Keywords are lower-case, write or (or \\Or for a field of that name)"),
        ("a == 1", 2, "FQL has no operator ==, write ="),
        ("a === 1", 2, "FQL has no operator ===, write ="),
        ("a !== 1", 2, "FQL has no operator !==, write !="),
        ("a <> 1", 2, "FQL has no operator <>, write !="),
        ("a => 1", 2, "FQL has no operator =>, write >="),
        ("a =< 1", 2, "FQL has no operator =<, write <="),
        ("a && b", 2, "FQL has no operator &&, write and"),
        ("a || b", 2, "FQL has no operator ||, write or"),
        ("not a", 0, "FQL has no not, write !"),
        ("a and NOT b", 6, "FQL has no NOT, write !"),
        ("not(a)", 0, "FQL has no not, write !"),
        # An escaped one is the field of that name.
        (r"\not a", 5, f"An operator was expected {OPERATORS}, not a"),
        ("a = 'x", 4, "The text that begins here is not closed with '"),
        ('a = "x', 4, 'The text that begins here is not closed with "'),
        ("a = \u201cx\u201d", 4, "\u201c is a typographic quote, write ' or \""),
        (
            "a + 1",
            2,
            f"Unexpected character '+': {UNEXPECTED}",
        ),
        (
            "contain(a, 'b')",
            0,
            f'unknown function "contain"; did you mean "contains"? Allowed: {FUNCTIONS}.',
        ),
        (
            "a or Lowercase(b) = 'b'",
            5,
            f'unknown function "Lowercase"; did you mean "lowercase"? Allowed: {FUNCTIONS}.',
        ),
        (
            "zz(a)",
            0,
            f'unknown function "zz". Allowed: {FUNCTIONS}.',
        ),
        ("a and length()", 6, "length(list or string) takes 1 argument, not 0"),
        ("contains(a)", 0, "contains(s, sub) takes 2 arguments, not 1"),
        ("match(a, 'b', 'c')", 0, "match(s, pattern) takes 2 arguments, not 3"),
        ("a b", 2, f"An operator was expected {OPERATORS}, not b"),
        ("a = 1 'x'", 6, f"An operator was expected {OPERATORS}, not 'x'"),
        ("a = 1 !b", 6, f"An operator was expected {OPERATORS}, not !"),
        ("length(a b)", 9, f"An operator was expected {OPERATORS}, not b"),
        ("a)", 1, "This ) closes nothing that is open here"),
        ("(a]", 2, "This ] closes nothing that is open here"),
        ("a[0]", 1, "FQL cannot look inside a list by index; in and length work on lists"),
        ("b or (a", 5, "The ( here is not closed with )"),
        ("a in ['b'", 5, "The [ here is not closed with ]"),
        ("length(a", 6, "The ( here is not closed with )"),
        (
            "a in ('b', 'c')",
            9,
            "Parentheses hold one condition; a list is written in square brackets, [a, b]",
        ),
        ("a =", 3, f"A value was expected {VALUES}, not the end of the filter"),
        ("a and or b", 6, f"A value was expected {VALUES}, not or"),
        ("()", 1, f"A value was expected {VALUES}, not )"),
        ("[a,]", 3, f"A value was expected {VALUES}, not ]"),
        ("= 1", 0, f"A value was expected {VALUES}, not ="),
        (
            "1 < a < 3",
            6,
            "Comparisons do not chain: join two with and, or put one in parentheses",
        ),
        ("a..b", 2, DOT),
        ("a. = 1", 2, DOT),
        (".a", 0, DOT),
        ("1.", 0, f"1. {NOT_A_NUMBER}"),
        ("a = 5e3", 4, f"5e3 {NOT_A_NUMBER}"),
        ("a = 0x10", 4, f"0x10 {NOT_A_NUMBER}"),
        ("a = 1_000", 4, f"1_000 {NOT_A_NUMBER}"),
        ("9a = 1", 0, f"9a {NOT_A_NUMBER}"),
        ("a\\", 1, "The \\ at the end escapes nothing"),
        ("a > 1.2.3", 4, f"1.2.3 {NOT_A_NUMBER}"),
        ("a > 2024-05-01", 4, f"2024-05-01 {NOT_A_NUMBER}"),
        ("-", 0, f"- {NOT_A_NUMBER}"),
        pytest.param(
            "a = " + "9" * 500, 4, f"The number {'9' * 37}... is beyond a double", id="many digits"
        ),
        ("all and a", 0, f"{ALL}\\all"),
        ("a or all", 5, f"{ALL}\\all"),
        ("ALL", 0, f"{ALL}\\ALL"),
        (
            "match(a, '" + "?" * 256 + "b')",
            10,
            "The glob has over 256 characters in a row with ? or a set in them",
        ),
        pytest.param("(" * 65, 64, DEEP, id="deep parentheses"),
        pytest.param("!" * 65, 64, DEEP, id="deep negations"),
        pytest.param("a = " + "!" * 65, 68, DEEP, id="deep negations on the right"),
        pytest.param("[" * 2500, 64, DEEP, id="deep lists"),
        pytest.param("string(" * 700, 64 * 7 + 6, DEEP, id="deep functions"),
        pytest.param("a" * 5121, 5120, f"{LONG} 5121", id="long ASCII"),
        pytest.param("'" + "\u30a2" * 1800, 1707, f"{LONG} 5401", id="long beyond ASCII"),
    ],
)
def test_error_says_what_and_where(text: str, position: int, reason: str) -> None:
    """An error names the mistake, what is allowed, and the character where it lies."""
    with pytest.raises(FqlError) as caught:
        parse(text)
    error = caught.value
    assert (reason, position, text) == (error.reason, error.position, error.text)


@pytest.mark.parametrize(
    ("source", "quoted"),
    [("b" * 40, "b" * 40), ("b" * 41, "b" * 37 + "..."), ("b" * 400, "b" * 37 + "...")],
    ids=["40", "41", "400"],
)
def test_an_error_quotes_at_most_forty_characters(source: str, quoted: str) -> None:
    """A long piece of the filter is cut to 40 characters, of which the last three are dots."""
    with pytest.raises(FqlError) as caught:
        parse(f"a {source}")
    assert caught.value.reason == f"An operator was expected {OPERATORS}, not {quoted}"


def test_five_kilobytes_are_allowed() -> None:
    """A filter of exactly 5 KB is read."""
    text = "s = '" + "x" * (5120 - 6) + "'"
    assert len(text) == 5120
    assert parse(text).matches({"s": "x" * (5120 - 6)})


def test_errors_are_not_remembered() -> None:
    """The same bad filter is refused again."""
    for _ in range(2):
        with pytest.raises(FqlError):
            parse("a ==")


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("a = True", 4, "Keywords are lower-case, write true (or \\True for a field of that name)"),
        ("!AND", 1, "Keywords are lower-case, write and (or \\AND for a field of that name)"),
        (
            "x in [NULL]",
            6,
            "Keywords are lower-case, write null (or \\NULL for a field of that name)",
        ),
        ("match(a, 'b[c')", 11, "The set of the glob that begins here is not closed with ]"),
        ("b or match(a, ('b[c'))", 17, "The set of the glob that begins here is not closed with ]"),
        (r"match(a, '\*[]')", 12, "The set [] of the glob is empty"),
        (r"match(a, 'b\')", 11, "The glob ends in a \\ that escapes nothing"),
    ],
)
def test_a_question_that_nothing_answers_is_refused(text: str, position: int, reason: str) -> None:
    """Segment takes it in a filter, where it matches nothing; a test that asks so means another."""
    assert parse(text).text == text
    with pytest.raises(FqlError) as caught:
        parse_question(text)
    assert (caught.value.position, caught.value.reason) == (position, reason)


@pytest.mark.parametrize("text", [r"a = \True", "a = 'True'", "typeof(a) = 'AND'", "!a", "all"])
def test_a_question_may_name_any_field(text: str) -> None:
    """An escaped word is a field, a quoted one a text."""
    assert parse_question(text) == parse(text)
