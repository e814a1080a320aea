"""What the documentation leaves open, as mockseg decides it."""

from __future__ import annotations

import math

import pytest

from mockseg.errors import FqlError
from mockseg.fql.parser import Call, Literal
from mockseg.fql.query import compile_tree, parse, same

MESSAGE = {
    "a": True,
    "b": False,
    "n": 1,
    "s": "text",
    "o": {"x": 1},
    "list": [1, [2], {"x": 1}],
    "and": 3,
    "all": 4,
    "2024": 5,
    "-1": 6,
    "9a": 7,
    "hundred": 1e2,
    "large": -1e21,
    "tiny": 1e-7,
    "a.b": 8,
    "with-dash_": 9,
    "\u00e9": 10,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true or true and false", True),
        ("(true or true) and false", False),
        ("false and false or true", True),
        ("!true or true", True),
        ("!false and false", False),
        ("!n = 2", True),
        ("!n = 1", False),
        ("(!n) = 1", False),
        ("a = !b", True),
        ("a = !!a", True),
        ("!!a", True),
        ("! a in [true]", False),
        ("!contains(s, 'ex')", False),
    ],
)
def test_precedence(text: str, *, expected: bool) -> None:
    """Comparisons bind tighter than !, ! tighter than and, and tighter than or."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!null", True),
        ("!'text'", True),
        ("!0", True),
        ("s and true", False),
        ("n or false", False),
        ("n or true and s or a", True),
        ("a and a and a", True),
        ("a and a and n", False),
        ("b or s or n", False),
    ],
)
def test_only_true_is_true(text: str, *, expected: bool) -> None:
    """The boolean operators take every value other than true as false."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize("text", ["s", "n", "o", "list", "missing", "1", "'true'", "b"])
def test_a_message_matches_only_on_true(text: str) -> None:
    """A filter that gives something other than true does not match."""
    assert not parse(text).matches(MESSAGE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("typeof(o)", "object"),
        ("o = o", True),
        ("o != o", False),
        ("o = list", False),
        ("o = 1", False),
        ("o = 'x'", False),
        ("list = [1, [2], o]", True),
        ("[1, [2], o] = list", True),
        ("list = [1, [2.5], o]", False),
        ("[2] in list", True),
        ("o in list", True),
        ("'x' in list", False),
        ("'x' in o", False),
        ("'t' in s", False),
        ("'s' > 'a'", False),
        ("null < 1", False),
        ("null <= null", False),
        ("true > false", False),
        ("[2] > [1]", False),
        ("contains(list, 1)", False),
        ("contains(s, null)", False),
        ("contains(s, 1)", False),
        ("length(n)", None),
        ("length(o)", None),
        ("length(a)", None),
        ("lowercase(n)", None),
        ("uppercase(list)", None),
        ("snakecase(a)", None),
        ("kebabcase(o)", None),
        ("titlecase(1)", None),
        ("match(n, '1')", False),
        ("match(s, null)", False),
        ("match(s, n)", False),
        ("match(s, 5)", False),
        ("bool(o)", False),
        ("bool('False')", False),
        ("bool('0')", False),
        ("bool('no')", True),
        ("string(o)", None),
        ("string([o])", '[{"x":1}]'),
        ("string(hundred)", "100"),
        ("string(large)", "-1e+21"),
        ("string(tiny)", "1e-07"),
        ("number(null)", None),
        ("number(a)", None),
        ("number(o)", None),
        ("number('')", None),
        ("number(' 1')", None),
        ("number('1_0')", None),
        ("number('+1')", None),
        ("number('1.')", None),
        ("number('nan')", None),
        ("number('1e999')", None),
        ("number('\u0661')", None),
        ("number('007')", 7),
        ('titlecase("they\'re  HERE \u00e9t\u00e9")', "They're  HERE \u00c9t\u00e9"),
        ("snakecase('a b  c\td')", "a_b__c\td"),
        ("match('a/b\n', 'a*')", True),
    ],
)
def test_wrong_and_unusual_types(text: str, expected: object) -> None:
    """A wrong type gives false where a question is asked, null elsewhere."""
    actual = parse(text).evaluate(MESSAGE)
    assert (type(expected), expected) == (type(actual), actual)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\and", 3),
        (r"\all", 4),
        (r"\2024", 5),
        (r"\-1", 6),
        (r"\9a", 7),
        (r"a\.b", 8),
        ("with-dash_", 9),
        ("\\\u00e9", 10),
        ("all.x", None),
        ("true.x", None),
    ],
)
def test_spelling_of_paths(text: str, expected: object) -> None:
    """A backslash makes any character part of a name, and any word a field."""
    assert parse(text).evaluate(MESSAGE) == expected


def test_other_letters_need_a_backslash() -> None:
    """Only letters of ASCII stand in a path as they are."""
    with pytest.raises(FqlError, match="Unexpected character"):
        parse("\u00e9")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"it\'s"', "it's"),
        (r"'\'", "\\"),
        (r'"a\\b"', r"a\\b"),
        (r"'\*\n'", r"\*\n"),
        ("'two\nlines'", "two\nlines"),
        ("''", ""),
    ],
)
def test_spelling_of_texts(text: str, expected: str) -> None:
    """Nothing is an escape: a text runs to the next quote of its kind, whatever stands in it."""
    assert parse(text).evaluate({}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("+5", 5),
        ("+5.4", 5.4),
        ("-3.2", -3.2),
        ("05", 5),
        ("12345678901234567890123", 12345678901234567890123),
    ],
)
def test_spelling_of_numbers(text: str, expected: float) -> None:
    """Whole numbers, decimals and signs are read; exponents are not."""
    actual = parse(text).evaluate({})
    assert (type(expected), expected) == (type(actual), actual)


def test_white_space_is_free() -> None:
    """White space matters nowhere but between two words."""
    assert parse("\t( n=1\tand\r\nlength (s)>=4 )and!b").matches(MESSAGE)


def test_malformed_glob_of_the_message_is_false() -> None:
    """A pattern that comes out of the message and is malformed matches nothing."""
    query = parse("match(s, pattern)")
    assert query.matches({"s": "[", "pattern": r"\["})
    assert not query.matches({"s": "[", "pattern": "["})
    assert not query.matches({"s": "[", "pattern": "*\\"})


def test_long_glob_of_the_message_is_false() -> None:
    """A pattern that comes out of the message may be as long as a filter, no longer."""
    query = parse("match(s, pattern)")
    assert query.matches({"s": "", "pattern": "*" * 5120})
    assert not query.matches({"s": "", "pattern": "*" * 5121})


def test_malformed_glob_in_a_tree_made_by_hand_is_false() -> None:
    """A tree that did not come from the parser does not raise either."""
    run = compile_tree(Call("match", (Literal("["), Literal("["))))
    assert run({}) is False


def test_deep_values_are_compared() -> None:
    """Equality does not depend on how deep a value is nested."""
    one: list[object] = []
    other: list[object] = []
    for _ in range(50_000):
        one, other = [one], [other]
    assert same(one, other)
    assert not same(one, [other])


def test_text_of_a_deep_list_is_null() -> None:
    """A list nested too deep to write becomes null."""
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]
    assert parse("string(list)").evaluate({"list": deep}) is None


def test_text_of_texts_does_not_explode() -> None:
    """Escapes that double with each level stop at 32 KB instead of filling memory."""
    text = "string([" * 30 + "quoted" + "])" * 30
    assert len(parse(text).evaluate({"quoted": '"'})) <= 32 * 1024
    assert parse("string(list)").evaluate({"list": ["x" * 32 * 1024]}) is None


@pytest.mark.parametrize("number", [math.inf, math.nan, 10**5000], ids=["inf", "nan", "huge"])
def test_text_of_numbers_that_cannot_be_written_is_null(number: float) -> None:
    """Numbers that JSON does not have, or Python does not write, become null."""
    assert parse("string(x)").evaluate({"x": number}) is None


def test_deepest_filter_parses_and_runs() -> None:
    """64 levels are read, compiled and run."""
    assert parse("(" * 64 + "true" + ")" * 64).matches({})
    assert parse("!" * 64 + "true").matches({})
    assert parse("lowercase(" * 64 + "'A'" + ")" * 64).evaluate({}) == "a"
    nested = parse("[" * 64 + "]" * 64)
    assert nested.evaluate({}) == parse(nested.text).evaluate({})


def test_long_chains_are_not_deep() -> None:
    """Many conditions side by side count as one level."""
    assert parse(" and ".join(["n=1"] * 600)).matches(MESSAGE)
    assert parse(" or ".join(["n=2"] * 600 + ["n=1"])).matches(MESSAGE)
