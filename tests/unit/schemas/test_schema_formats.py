"""Formats and patterns, in the dialect that both validators share."""

from __future__ import annotations

import pytest
from schema_reference import reference_is_valid

from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.formats import is_format


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date-time", "2026-01-31T10:00:00Z"),
        ("date-time", "2026-01-31t10:00:00.123456789+05:30"),
        ("date-time", "2016-12-31T23:59:60Z"),
        ("date", "2024-02-29"),
        ("time", "10:00:00-08:00"),
        ("email", "first.last+tag@example.co.uk"),
        ("email", "a@b"),
        ("uri", "https://app.example.com/a?b=c%20d#e"),
        ("uri", "https://example.com/\u00fcber"),
        ("uri", "myapp:screen/7"),
        ("uuid", "2B2F4fc0-8e3a-4a4f-9a55-0242ac120002"),
        ("hostname", "xn--a.example"),
        ("ipv4", "255.0.0.1"),
        ("ipv6", "::ffff:1.2.3.4"),
    ],
)
def test_texts_of_a_format_are_good(name: str, text: str) -> None:
    """Both validators and the function itself take the text."""
    schema = {"format": name}
    assert is_format(name, text)
    assert compile_schema(schema).is_valid(text)
    assert reference_is_valid(schema, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date-time", "2026-01-31"),
        ("date-time", "2026-01-31 10:00:00Z"),
        ("date-time", "2026-01-31T10:00:00"),
        ("date-time", "2026-02-30T10:00:00Z"),
        ("date-time", "2026-01-31T24:00:00Z"),
        ("date-time", "2026-01-31T10:00:00+24:00"),
        ("date-time", "\u0662026-01-31T10:00:00Z"),
        ("date", "2023-02-29"),
        ("date", "2023-01-01\n"),
        ("time", "10:00:00"),
        ("email", "no at"),
        ("email", "@b.io"),
        ("email", ".a@b.io"),
        ("email", "a@b..io"),
        ("uri", "www.example.com"),
        ("uri", "https://example.com/a b"),
        ("uri", "https://example.com/%zz"),
        ("uuid", "2b2f4fc0-8e3a-4a4f-9a55-0242ac12000"),
        ("uuid", "2b2f4fc0-8e3a-4a4f-9a55-0242ac120002\n"),
        ("hostname", "-a"),
        ("ipv4", "1.2.3"),
        ("ipv4", "\u0661.2.3.4"),
        ("ipv6", "fe80::1%eth0"),
        ("ipv6", "zz"),
    ],
)
def test_other_texts_are_bad(name: str, text: str) -> None:
    """Both validators and the function itself refuse the text."""
    schema = {"format": name}
    assert not is_format(name, text)
    assert not compile_schema(schema).is_valid(text)
    assert not reference_is_valid(schema, text)


@pytest.mark.parametrize("name", ["iri", "regex", "uri-reference", "json-pointer", "our-own"])
def test_other_formats_only_annotate(name: str) -> None:
    """What is not asserted lets every text through, in both validators."""
    assert compile_schema({"format": name}).is_valid("(\x00 no")
    assert reference_is_valid({"format": name}, "(\x00 no")


def test_formats_are_about_texts_only() -> None:
    """A number satisfies every format."""
    assert compile_schema({"format": "uuid"}).is_valid(3)


@pytest.mark.parametrize(
    ("pattern", "text", "good"),
    [
        (r"^\d+$", "42", True),
        (r"^\d+$", "\u0664\u0662", False),
        (r"^\w+$", "\u00e9", False),
        (r"^[\d.]+$", "1.2", True),
        (r"^a$", "a\n", False),
        (r"^\p{Lu}", "\u00c9", True),
        (r"^(?<year>\d{4})", "2026", True),
        (r"^[[]$", "[", True),
    ],
)
def test_both_validators_read_patterns_alike(pattern: str, text: str, good: bool) -> None:  # noqa: FBT001  # a column of the table
    """ASCII classes, the end of the text, and what Python's engine has no words for."""
    assert compile_schema({"pattern": pattern}).is_valid(text) is good
    assert reference_is_valid({"pattern": pattern}, text) is good


@pytest.mark.parametrize(
    ("schema", "value", "good"),
    [
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, True, False),
        ({"type": "number"}, False, False),
        ({"type": "integer"}, 10**30, True),
        ({"enum": [1]}, True, False),
        ({"const": [1, {"a": 0}]}, [True, {"a": False}], False),
        ({"const": 1}, 1.0, True),
        ({"multipleOf": 0.01}, 19.99, True),
        ({"multipleOf": 0.1}, 0.35, False),
        ({"maximum": 2**53}, 2**53 + 1, False),
        ({"uniqueItems": True}, [1, True], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"minLength": 2}, "\U0001f600", False),
    ],
)
def test_both_validators_read_numbers_alike(
    schema: dict[str, object],
    value: object,
    good: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """Booleans are no numbers, 1.0 is whole, large ones are exact, fractions are decimal."""
    assert compile_schema(schema).is_valid(value) is good
    assert reference_is_valid(schema, value) is good
