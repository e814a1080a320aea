"""The compiled filter as a value, and writing filters from Python values."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from types import MappingProxyType

import pytest

from mockseg.errors import FqlError
from mockseg.fql.query import Query, parse, path, quote


def test_same_text_is_compiled_once() -> None:
    """Reading the same text twice gives the same query."""
    assert parse("event = 'once'") is parse("event = 'once'")


def test_query_is_a_value() -> None:
    """A query shows and compares by its text, and cannot be changed."""
    query = parse("event = 'a'")
    assert repr(query) == "Query(text=\"event = 'a'\")"
    assert query == Query("event = 'a'", lambda _message: None)
    assert query != parse("event='a'")
    assert len({query, parse("event = 'a'")}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.text = "all"  # type: ignore[misc]  # that it is refused is what is tested
    assert not hasattr(query, "__dict__")


def test_query_travels_as_text() -> None:
    """A query survives pickling and copying."""
    query = parse("event = 'a'")
    for other in (pickle.loads(pickle.dumps(query)), copy.deepcopy(query)):  # noqa: S301 - our own bytes
        assert other == query
        assert other.matches({"event": "a"})


def test_any_mapping_is_a_message() -> None:
    """The message itself may be a read-only view."""
    assert parse("context.ip = '1'").matches(MappingProxyType({"context": {"ip": "1"}}))


def test_message_is_left_alone() -> None:
    """Evaluating changes nothing."""
    message = {"a": [1, {"b": "c"}], "s": "x"}
    before = copy.deepcopy(message)
    parse("string(a) = lowercase(s) or [a, s] = [s, a] or 1 in a").evaluate(message)
    assert message == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "''"),
        ("plain", "'plain'"),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("back\\slash", r"'back\slash'"),
        ("\\'", '"\\\'"'),
        ("line\n\u30a2", "'line\n\u30a2'"),
    ],
)
def test_quote(text: str, expected: str) -> None:
    """Any text becomes a literal that reads back as the same text."""
    assert quote(text) == expected
    assert parse(expected).evaluate({}) == text


def test_a_text_with_both_quotes_cannot_be_written() -> None:
    """FQL has no escapes."""
    assert quote('it\'s "it"') is None


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("event",), "event"),
        (("context", "library", "name"), "context.library.name"),
        (("properties", "product 1", "price"), r"properties.product\ 1.price"),
        (("a.b", "c\\d"), r"a\.b.c\\d"),
        (("Prix \u20ac",), "Prix\\ \\\u20ac"),
        (("with-dash_",), "with-dash_"),
        (("all",), r"\all"),
        (("All",), r"\All"),
        (("true",), r"\true"),
        (("AND",), r"\AND"),
        (("true", "x"), "true.x"),
        (("1", "5"), r"\1.5"),
        (("-1",), r"\-1"),
        (("9a",), r"\9a"),
        (("a", "9"), "a.9"),
        (("length",), "length"),
    ],
)
def test_path(keys: tuple[str, ...], expected: str) -> None:
    """Any names become a path that reads back as those names."""
    message: object = "found"
    for key in reversed(keys):
        message = {key: message}
    assert path(*keys) == expected
    assert isinstance(message, dict)
    assert parse(expected).evaluate(message) == "found"


@pytest.mark.parametrize("keys", [(), ("",), ("a", "", "b")])
def test_path_needs_names(keys: tuple[str, ...]) -> None:
    """A path without a name, or with an empty one, cannot be written."""
    with pytest.raises(FqlError, match="one or more names that are not empty"):
        path(*keys)
