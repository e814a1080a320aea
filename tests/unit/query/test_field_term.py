"""A term for one value of a message: what the page offers beside it."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.query.field_term import field_term


@pytest.mark.parametrize(
    ("names", "value", "term"),
    [
        (("properties", "total"), 42, "properties.total:=42"),
        (("properties", "total"), 1.5, "properties.total:=1.5"),
        (("properties", "total"), "42", 'properties.total:"42"'),
        (("properties", "coupon"), "SPRING", "properties.coupon:SPRING"),
        (("properties", "coupon"), "", 'properties.coupon:""'),
        (("properties", "coupon"), "null", 'properties.coupon:"null"'),
        (("properties", "coupon"), None, "properties.coupon:=null"),
        (("properties", "coupon"), "50% *", r'properties.coupon:"50% \*"'),
        (("traits", "is new"), True, r"traits.is\ new:=true"),
        (("context", "page", "url"), 'a:"b"', r'context.page.url:"a:\"b\""'),
        (("integrations", "All"), False, "integrations.All:=false"),
    ],
)
def test_a_term_names_the_value_and_its_type(names: Any, value: Any, term: str) -> None:
    """A string that looks like a number is not the number."""
    assert field_term(names, value) == term
    assert field_term(names, value, negated=True) == f"-{term}"


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (("properties",), {}),
        (("properties", "list"), [1]),
        (("userId",), "u1"),
        (("messageId", "x"), "u1"),
        (("properties", "a.b"), 1),
        (("properties", ""), 1),
        (("properties", "\ud800"), 1),
        (("properties", "a"), "\ud800"),
        (("properties", "a"), "x" * 201),
        (("properties", "x" * 201), 1),
    ],
)
def test_what_no_term_says_has_none(names: Any, value: Any) -> None:
    """A name with a dot would be read as two."""
    assert field_term(names, value) == ""
