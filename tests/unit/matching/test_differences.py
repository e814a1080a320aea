"""Where a value differs from what is expected, and how."""

from __future__ import annotations

import pytest

from mockseg.matching.differences import compare, same_but_for_format
from mockseg.matching.values import ABSENT, ANY, Exactly


def found(expected, actual, **how):
    """Return place, kind and note of each difference."""
    return [(each.field, each.kind, each.note) for each in compare(expected, actual, "p", **how)]


@pytest.mark.parametrize(
    ("expected", "actual", "differences"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, [("p.a", "value", "")]),
        ({"a": 1}, {"a": "1"}, [("p.a", "type", "")]),
        ({"a": 1}, {"a": True}, [("p.a", "type", "")]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {}, [("p.a", "missing", "")]),
        ({"a": 1}, {"A": 1}, [("p.a", "missing", "")]),
        ({"a": {"b": 1, "c": 2}}, {}, [("p.a.b", "missing", ""), ("p.a.c", "missing", "")]),
        ({"a": {}}, {}, [("p.a", "missing", "")]),
        ({"a": {}}, {"a": 5}, [("p.a", "type", "")]),
        ({"a": ABSENT}, {}, []),
        ({"a": ABSENT}, {"a": None}, [("p.a", "unexpected", "")]),
        ({"a": ANY}, {"a": None}, []),
        ({"a": ANY}, {}, [("p.a", "missing", "")]),
        ([1, 2], [1, 3], [("p[1]", "value", "")]),
        ([{"a": 1}], [{"a": 2}], [("p[0].a", "value", "")]),
        ([1], 5, [("p", "type", "")]),
        ([1], [], [("p", "value", "1 item expected, 0 there")]),
        ([], [1, 2], [("p", "value", "0 items expected, 2 there")]),
        ([1, 2], [1], [("p", "value", "2 items expected, 1 there")]),
    ],
)
def test_each_difference_has_its_place_and_kind(expected, actual, differences):
    """Objects may have more members; lists are as long as expected; types are JSON's."""
    assert found(expected, actual) == differences


@pytest.mark.parametrize(
    ("actual", "differences"),
    [
        ({"a": {"b": 1}}, []),
        ({"a": {"b": 1}, "c": 1}, [("p.c", "extra", "")]),
        ({"a": {"b": 1, "c": 1}}, [("p.a.c", "extra", "")]),
        ({"a": {}}, [("p.a.b", "missing", "")]),
    ],
)
def test_exactly_allows_no_other_members(actual, differences):
    """All the way down, asked for by the caller or by the value itself."""
    expected = {"a": {"b": 1}}
    assert found(expected, actual, exact=True) == differences
    assert found(Exactly(expected), actual) == differences


def test_a_hint_names_the_member_that_was_meant():
    """Only where hints are asked for, and never one that is expected itself."""
    expected, actual = {"orderId": 1}, {"order_id": 1}
    assert found(expected, actual) == [("p.orderId", "missing", "")]
    ((place, kind, note),) = found(expected, actual, hints=True)
    assert (place, kind) == ("p.orderId", "missing")
    assert "order_id" in note
    both = {"orderId": 1, "order_id": 1}
    assert found(both, actual, hints=True) == [("p.orderId", "missing", "")]
    assert found({"orderId": ABSENT}, actual, hints=True) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Order Completed", "order_completed", True),
        ("Order Completed", "orderCompleted", True),
        ("Order Completed", "Order Complete", False),
        ("--", "  ", False),
        ("", "", False),
        ("Stra\u00dfe", "STRASSE", True),
    ],
)
def test_names_may_differ_in_format_only(one, other, same):
    """Case, spaces and separators; two names without letters have nothing in common."""
    assert same_but_for_format(one, other) is same
