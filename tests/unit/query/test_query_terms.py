"""A query is read into terms, and refused with the place and the nearest word."""

from __future__ import annotations

import pytest

from mockseg.errors import QueryError
from mockseg.query.terms import KEYS, MAX_CHARACTERS, MAX_TERMS, read_terms, term_text


def test_terms_stand_side_by_side() -> None:
    """Each term has its key, its values, and the place where it is written."""
    text = ' is:bad  -type:page,screen event:"Order Completed" coupon'
    terms = read_terms(text)
    assert [(term.key, [value.text for value in term.values]) for term in terms] == [
        ("is", ["bad"]),
        ("type", ["page", "screen"]),
        ("event", ["Order Completed"]),
        ("", ["coupon"]),
    ]
    assert [term.negated for term in terms] == [False, True, False, False]
    assert [text[term.start : term.end] for term in terms] == [term.text for term in terms]


def test_an_empty_query_has_no_terms() -> None:
    """Spaces alone ask for nothing."""
    assert read_terms(" \t\n") == ()


def test_both_signs_of_negation_mean_the_same() -> None:
    """``-`` and ``!`` negate; alone they are text."""
    assert all(read_terms(text)[0].negated for text in ("-is:bad", "!is:bad"))
    assert [term.values[0].text for term in read_terms("- !")] == ["-", "!"]


@pytest.mark.parametrize(
    ("text", "value", "prefix"),
    [
        ("event:Order*", "Order", True),
        ('event:"Order C*"', "Order C", True),
        (r"event:Order\*", "Order*", False),
        (r'event:"Order\*"', "Order*", False),
        ("event:*", "", True),
        (r"event:a\ b", "a b", False),
        (r'event:"say \"hi\""', 'say "hi"', False),
        ("path:http://a/b", "http://a/b", False),
        ('event:""', "", False),
        ("event:a*b", "a*b", False),
    ],
)
def test_a_star_at_the_end_means_begins_with(text: str, value: str, *, prefix: bool) -> None:
    """Everywhere else, and behind a backslash, it is a star."""
    (term,) = read_terms(text)
    assert (term.values[0].text, term.values[0].prefix) == (value, prefix)


@pytest.mark.parametrize(
    ("text", "comparison", "quoted"),
    [("properties.a:>=4", ">=", False), ('properties.a:="4"', "=", True), ("size:<9", "<", False)],
)
def test_a_comparison_goes_before_a_value(text: str, comparison: str, *, quoted: bool) -> None:
    """Where a key has an order."""
    (term,) = read_terms(text)
    assert (term.values[0].comparison, term.values[0].is_quoted) == (comparison, quoted)


def test_a_key_of_a_field_names_its_way() -> None:
    """The part after the root is a dotted path."""
    assert read_terms("context.library.name:x")[0].field == ("context", "library", "name")
    assert read_terms("is:bad")[0].field == ()


@pytest.mark.parametrize(
    ("text", "position", "reason", "nearest"),
    [
        ("is:bad usr:u1", 7, 'unknown key "usr:"; did you mean "user:"?', "user"),
        ("property.a:1", 0, 'unknown key "property.a:"', None),
        ("is:bda", 3, 'unknown value "bda" of is:', "bad"),
        ("delivery:delivred", 9, 'did you mean "delivered"?', "delivered"),
        ("event:", 6, "a value is missing after event:", None),
        ("event:a,", 8, "a value is missing after event:", None),
        ('event:"a', 6, "the quote that begins here is not closed", None),
        ('event:a"b', 7, "a quote stands inside a word", None),
        ('event:"a"b', 9, "a space is missing after the closing quote", None),
        ('"a":b', 3, "unexpected : after a quoted text", None),
        ("event:>a", 6, "event: takes no >", None),
        ("a\\", 1, "the \\ at the end escapes nothing", None),
        ("properties.:1", 0, 'unknown key "properties.:"', None),
        ("properties.a..b:1", 0, "unknown key", None),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(
    text: str, position: int, reason: str, nearest: str | None
) -> None:
    """The error has the position, the reason and the nearest key or value."""
    with pytest.raises(QueryError) as caught:
        read_terms(text)
    assert caught.value.position == position
    assert reason in caught.value.reason
    if nearest is not None:
        assert caught.value.nearest == nearest
    details = caught.value.refusal().details
    assert (details["parameter"], details["position"]) == ("q", position)
    assert details.get("nearest") == caught.value.nearest


@pytest.mark.parametrize("text", ["a" * (MAX_CHARACTERS + 1), "a " * (MAX_TERMS + 1)])
def test_a_query_has_a_maximum_size(text: str) -> None:
    """In characters and in terms."""
    with pytest.raises(QueryError, match="a query has at most"):
        read_terms(text)


def test_every_example_of_the_table_can_be_read() -> None:
    """The list that help and suggestions show is that of the parser."""
    for key in KEYS.values():
        (term,) = read_terms(key.example)
        assert term.key.startswith(key.name)


@pytest.mark.parametrize(
    "value", ["u1", "", "a b", 'x"y', "a\\b", "end*", "*", "-x", ">4", "a,b", "k:v"]
)
def test_a_written_term_is_read_back(value: str) -> None:
    """Quotes and escapes stand where they must."""
    (term,) = read_terms(term_text("event", value, negated=True))
    assert (term.values[0].text, term.values[0].prefix, term.negated) == (value, False, True)


def test_what_is_not_unicode_does_not_stop_it() -> None:
    """An argument of the command line may hold a lone surrogate."""
    assert read_terms("event:\udcff")[0].values[0].text == "?"
