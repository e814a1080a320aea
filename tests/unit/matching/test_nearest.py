"""Which calls are taken for the one that was meant."""

from __future__ import annotations

from typing import Any

from mockseg.matching.matchers import any_call, identify, page, track
from mockseg.matching.nearest import nearest


def _ids(nears: Any) -> list[str]:
    return [near.call.id for near in nears]


def test_the_nearest_call_has_the_fewest_differences(make_call: Any) -> None:
    """Same event first, near names next; among the same, fewest differing fields."""
    calls = [
        make_call("track", "Order Refunded", cursor=1, userId="u1", properties={"n": 1}),
        make_call("track", "Order Completed", cursor=2, userId="u2", properties={"n": 2}),
        make_call("track", "Order Completed", cursor=3, userId="u1", properties={"n": 2}),
        make_call("track", "Order Completed", cursor=4, userId="u1", properties={"n": "1"}),
    ]
    matcher = track("Order Completed", user_id="u1", properties={"n": 1})
    found = nearest(matcher, calls, limit=9)
    assert _ids(found) == ["call-4", "call-3", "call-2", "call-1"]
    assert [near.score for near in found] == sorted((near.score for near in found), reverse=True)


def test_names_in_another_case_or_format_are_near(make_call: Any) -> None:
    """order_completed is nearer than any other name, and is marked as a matter of format."""
    calls = [
        make_call("track", "Order Complete", cursor=1),
        make_call("track", "order_completed", cursor=2),
        make_call("track", "Cart Viewed", cursor=3),
    ]
    found = nearest(track("Order Completed"), calls)
    assert _ids(found) == ["call-2", "call-1"]
    assert [each.kind for each in found[0].differences] == ["format"]


def test_another_type_with_the_same_name_is_near(make_call: Any) -> None:
    """A screen named as the expected page is near; one with another name is not."""
    calls = [make_call("screen", "Home", cursor=1), make_call("screen", "Cart", cursor=2)]
    assert _ids(nearest(page("Home"), calls)) == ["call-1"]


def test_another_name_with_all_else_right_is_near(make_call: Any) -> None:
    """When every other condition holds, a quite different name is probably a mistake."""
    calls = [make_call("track", "Purchase", cursor=1, userId="u1", properties={"orderId": "7"})]
    matcher = track("Order Completed", user_id="u1", properties={"orderId": "7"})
    assert _ids(nearest(matcher, calls)) == ["call-1"]


def test_what_is_not_similar_is_not_near(make_call: Any) -> None:
    """Other types and other names are no help and are left out."""
    calls = [make_call("identify", cursor=1, userId="u1"), make_call("track", "Cart", cursor=2)]
    assert nearest(track("Order Completed"), calls) == []
    assert nearest(any_call(user_id="u9"), []) == []


def test_a_dropped_call_is_nearer_than_one_that_differs(make_call: Any) -> None:
    """A call that is right but for its verdict comes first."""
    calls = [
        make_call("identify", cursor=1, userId="u1", verdict="dropped"),
        make_call("identify", cursor=2, userId="u2"),
    ]
    assert _ids(nearest(identify("u1"), calls)) == ["call-1", "call-2"]


def test_calls_that_differ_alike_are_given_once(make_call: Any) -> None:
    """A thousand calls with the same difference are one near call with the rest counted."""
    calls = [
        make_call("track", "Beat", cursor=cursor, properties={"n": 2}) for cursor in range(1, 1001)
    ]
    (near,) = nearest(track("Beat", properties={"n": 1}), calls)
    assert (near.call.cursor, near.alike) == (1000, 999)
