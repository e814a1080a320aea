"""Every row of the tables in Segment's page about its filter language."""

from __future__ import annotations

import pytest

from mockseg.errors import FqlError
from mockseg.fql.query import parse

MESSAGE = {
    "type": "track",
    "event": "Plan Chosen",
    "userId": "u-7",
    "context": {
        "library": {"name": "analytics.js", "version": "1.0"},
        "page": {"path": "/pricing"},
    },
    "properties": {
        "tags": ["yearly", "dark-mode"],
        "seats": 5,
        "price": 19.5,
        "trial": False,
        "paid": True,
        "coupon": None,
        "product 1": {"price": "19.99"},
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event = 'Plan Chosen'", True),
        ("event = 'Screen Tapped'", False),
        ("context.path.path = '/login'", False),
        ("type = 'identify' or type = 'track'", True),
        ("event = 'Plan Chosen' and type = 'track'", True),
        ("match( context.library.version, '1.*' )", True),
        ("match( context.library.version, '2.*' )", False),
        ("type = 'track' and ( event = 'Click' or match( event, 'Plan *' ) )", True),
        ("!contains( context.library.name, 'js' )", False),
        ("'dark-mode' in properties.tags", True),
        ("'blink' in properties.tags", False),
    ],
)
def test_filters_of_the_overview(text: str, *, expected: bool) -> None:
    """Each kind of filter that the overview shows gives its documented result."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type", "track"),
        ("event", "Plan Chosen"),
        ("context.library.name", "analytics.js"),
        ("context.page.path", "/pricing"),
        (r"properties.product\ 1.price", "19.99"),
        ("context.page.missing", None),
        ("context.missing.path", None),
        ("event.length", None),
        ("properties.tags.0", None),
    ],
)
def test_paths(text: str, expected: object) -> None:
    """A path finds a nested field, escapes included; one that leads nowhere is null."""
    assert parse(text).evaluate(MESSAGE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true and true", True),
        ("true and false", False),
        ("false and true", False),
        ("true and null", False),
        ("null and true", False),
        ("null and null", False),
        ("true or true", True),
        ("true or false", True),
        ("false or true", True),
        ("null or true", True),
        ("true or null", True),
        ("false or null", False),
        ("null or null", False),
        ("!true", False),
        ("!false", True),
    ],
)
def test_boolean_operators(text: str, *, expected: bool) -> None:
    """The boolean operators take null as false."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("'a'", "'a'", True),
        ("'a'", "'A'", False),
        ("5", "5", True),
        ("5", "6", False),
        ("5", "5.0", True),
        ("5", "'5'", False),
        ("1", "true", False),
        ("0", "false", False),
        ("true", "true", True),
        ("true", "false", False),
        ("true", "'true'", False),
        ("null", "null", True),
        ("null", "false", False),
        ("null", "''", False),
        ("null", "0", False),
        ("[]", "[]", True),
        ("[]", "null", False),
        ("[1, 'b']", "[1, 'b']", True),
        ("[1, 'b']", "['b', 1]", False),
        ("[1]", "[1, 1]", False),
        ("[1]", "[true]", False),
        ("[[1]]", "[[1]]", True),
        ("properties.seats", "5", True),
        ("properties.missing", "null", True),
        ("properties.coupon", "null", True),
        ("properties.tags", "['yearly', 'dark-mode']", True),
    ],
)
def test_equality_is_strict_about_types(left: str, right: str, *, equal: bool) -> None:
    """Equal needs the same type and value; unequal is its opposite, from both sides."""
    for text in (f"{left} = {right}", f"{right} = {left}"):
        assert parse(text).evaluate(MESSAGE) is equal
    for text in (f"{left} != {right}", f"{right} != {left}"):
        assert parse(text).evaluate(MESSAGE) is not equal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 > 1", True),
        ("1 > 1", False),
        ("1 >= 1", True),
        ("0.5 >= 1", False),
        ("-1 < 1", True),
        ("1 < 1", False),
        ("1 <= 1", True),
        ("1000 <= 1", False),
        ("properties.price > properties.seats", True),
        ("'a' in ['a', 'b']", True),
        ("'c' in ['a', 'b']", False),
        ("1 in [1.0]", True),
        ("1 in [true]", False),
        ("true in [1]", False),
        ("null in ['a', null]", True),
        ("properties.missing in ['a']", False),
        ("type in ['track', 'identify']", True),
        ("properties.seats in [4, 5]", True),
        ("properties.seats in [properties.price, properties.seats]", True),
    ],
)
def test_ordering_and_membership(text: str, *, expected: bool) -> None:
    """Numbers are ordered, and a value is found in a list by strict equality."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type = 'track' and ( event = 'Click' or match( 'Plan *', event ) )", False),
        (
            "( type = 'track' or type = 'page' ) and ( properties.on or match( event, '*@x.io' ) )",
            False,
        ),
        ("( type = 'track' or type = 'identify' ) and ( properties.paid or false )", True),
        ("!( type in ['track', 'identify'] )", False),
    ],
)
def test_subexpressions(text: str, *, expected: bool) -> None:
    """Parentheses group conditions."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contains('analytics', 'lyt')", True),
        ("contains('analytics', 'LYT')", False),
        ("length('a')", 1),
        ("length('\u30a2')", 3),
        ("length('')", 0),
        ("length([])", 0),
        ("length(properties.tags)", 2),
        ("lowercase('Test String')", "test string"),
        ("uppercase('Test String')", "TEST STRING"),
        ("snakecase('test string')", "test_string"),
        ("kebabcase('test string')", "test-string"),
        ("titlecase('test string')", "Test String"),
        ("typeof('')", "string"),
        ("typeof(1)", "number"),
        ("typeof(1.5)", "number"),
        ("typeof([])", "list"),
        ("typeof(true)", "bool"),
        ("typeof(null)", "null"),
        ("match('abc', 'a*')", True),
        ("bool('true')", True),
        ("bool('')", False),
        ("bool(0)", False),
        ("bool(2)", True),
        ("bool([])", False),
        ("bool(['a'])", True),
        ("bool(null)", False),
        ("bool(true)", True),
        ("string('a')", "a"),
        ("string(1)", "1"),
        ("string(1.5)", "1.5"),
        ("string([1, 'a'])", '[1,"a"]'),
        ("string(null)", None),
        ("string(false)", "false"),
        ("number('12')", 12),
        ("number('-1.5e1')", -15.0),
        ("number(7)", 7),
    ],
)
def test_functions(text: str, expected: object) -> None:
    """Each function gives its documented result and type."""
    actual = parse(text).evaluate(MESSAGE)
    assert (type(expected), expected) == (type(actual), actual)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contains(missing, 'a')", False),
        ("length(missing)", 0),
        ("lowercase(missing)", None),
        ("uppercase(missing)", None),
        ("snakecase(missing)", None),
        ("kebabcase(missing)", None),
        ("titlecase(missing)", None),
        ("typeof(missing)", "null"),
        ("match(missing, '*')", False),
        ("length(userId) > 0", True),
        ("length(missing) > 0", False),
    ],
)
def test_functions_of_null(text: str, expected: object) -> None:
    """Functions take null without a check before them."""
    assert parse(text).evaluate(MESSAGE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("match( 'abcd', 'a*d' )", True),
        ("match( '', '*' )", True),
        ("match( 'abc', 'ab' )", False),
        ("match( 'abcd', 'a??d' )", True),
        ("match( 'abcd', '*d' )", True),
        (r"match( 'ab*d', 'ab\*d' )", True),
        (r"match( 'abcd', 'ab\*d' )", False),
        ("match( 'abCd', 'ab[cC]d' )", True),
        ("match( 'abcd', 'ab[a-z]d' )", True),
        ("match( 'abcd', 'ab[A-Z]d' )", False),
    ],
)
def test_globs_of_the_page(text: str, *, expected: bool) -> None:
    """Globs work as the page's examples."""
    assert parse(text).evaluate(MESSAGE) is expected


@pytest.mark.parametrize("text", ["all", "  all\n"])
def test_all_matches_every_message(text: str) -> None:
    """The condition all, alone, matches even an empty message."""
    assert parse(text).matches({})


def test_invalid_statement_of_the_page() -> None:
    """The page's example of an invalid statement is refused where its quote opens."""
    with pytest.raises(FqlError) as caught:
        parse('userId = oops"')
    assert caught.value.position == 13
