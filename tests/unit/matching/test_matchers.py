"""Matchers: what they match, how they split, what they refuse."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import pathlib
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from mockseg.errors import FqlError
from mockseg.matching.match import Match
from mockseg.matching.matchers import (
    alias,
    any_call,
    group,
    identify,
    message,
    page,
    screen,
    track,
)
from mockseg.matching.values import ABSENT, ANY, approx, between, exactly


class _OfLength:
    """Compares as the objects of dirty-equals do."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and len(other) == self.length

    __hash__ = None  # type: ignore[assignment]  # only compares

    def __repr__(self) -> str:
        return f"OfLength({self.length})"


def _is_even(value: Any) -> bool:
    return bool(value % 2 == 0)


_MATCHING = [
    track(),
    track("Signed Up"),
    track(re.compile("Signed .*")),
    track(lambda event: event.startswith("Signed")),
    track("Signed Up", user_id="u1", anonymous_id="a1", group_id="g1", message_id="m-1"),
    track("Signed Up", user_id=ANY),
    track("Signed Up", properties={}),
    track("Signed Up", properties=ANY),
    track("Signed Up", properties={"total": 42}),
    track("Signed Up", properties={"total": 42.0}),
    track("Signed Up", properties={"total": approx(42.001, abs=0.01)}),
    track("Signed Up", properties={"total": _is_even}),
    track("Signed Up", properties={"total": ANY, "coupon": ABSENT, "nothing": ANY}),
    track("Signed Up", properties={"code": _OfLength(3), "items": [{"sku": "a"}, {"sku": ANY}]}),
    track("Signed Up", properties={"items": [{"sku": _OfLength(1)}, ANY]}),
    track("Signed Up", properties={"deep": {"absent": ABSENT}}),
    track("Signed Up", properties=lambda properties: len(properties) == 4),
    track("Signed Up", properties={"total": Decimal(42)}),
    track("Signed Up", properties={"total": Fraction(84, 2)}),
    track("Signed Up", properties={"total": between(Decimal("41.5"), 42)}),
    track("Signed Up", properties={"total": approx(Decimal("42.001"), abs=Fraction(1, 100))}),
    track("Signed Up", context=exactly({"app": {"name": "shop", "version": ANY}})),
    track("Signed Up", context={"app": exactly({"name": "shop", "version": "1"})}),
    track("Signed Up", properties={"items": exactly([{"sku": "a", "n": 1}, {"sku": "b"}])}),
    track("Signed Up", context={"app": {"name": "shop"}}, integrations=ABSENT),
    track("Signed Up", where="properties.total > 41 and event = 'Signed Up'"),
    track("Signed Up", verdict="accepted", good=True),
    track("Signed Up", verdict=ANY),
    message("track", properties={"total": 42}),
    any_call(user_id="u1"),
]

_NOT_MATCHING = [
    track("Signed up"),
    page("Signed Up"),
    track(re.compile("Signed")),
    track("Signed Up", user_id="u2"),
    track("Signed Up", user_id=ABSENT),
    track("Signed Up", properties={"total": "42"}),
    track("Signed Up", properties={"total": True}),
    track("Signed Up", properties={"total": approx(43)}),
    track("Signed Up", properties={"coupon": ANY}),
    track("Signed Up", properties={"coupon": {}}),
    track("Signed Up", properties={"total": ABSENT}),
    track("Signed Up", properties={"items": [{"sku": "a"}]}),
    track("Signed Up", properties={"code": lambda code: code > 3}),
    track("Signed Up", properties={"code": re.compile("ab")}),
    track("Signed Up", integrations=ANY),
    track("Signed Up", properties={"total": Decimal("42.5")}),
    track("Signed Up", properties={"total": between(43, 50)}),
    track("Signed Up", properties={"code": between(1, 2)}),
    track("Signed Up", properties=exactly({"total": 42})),
    track("Signed Up", context=exactly({"app": {"name": "shop"}})),
    track("Signed Up", properties={"items": exactly([{"sku": "a"}, {"sku": "b"}])}),
    track("Signed Up", where="properties.total > 42"),
    track("Signed Up", verdict="dropped"),
    track("Signed Up", good=False),
]


@pytest.fixture
def signed_up(make_call: Any) -> Any:
    """Give one recorded call with something of everything."""
    return make_call(
        "track",
        "Signed Up",
        userId="u1",
        anonymousId="a1",
        groupId="g1",
        properties={
            "total": 42,
            "code": "abc",
            "nothing": None,
            "items": [{"sku": "a", "n": 1}, {"sku": "b"}],
        },
        context={"app": {"name": "shop", "version": "1"}},
        integrations=None,
    )


@pytest.mark.parametrize("matcher", _MATCHING, ids=str)
def test_a_matcher_equals_the_calls_it_means(matcher: Any, signed_up: Any) -> None:
    """A matcher equals a call and its plain message, from either side, and has no differences."""
    assert matcher == signed_up
    assert signed_up == matcher
    assert matcher == signed_up.message
    assert signed_up.message == matcher
    assert matcher.differences(signed_up) == ()


@pytest.mark.parametrize("matcher", _NOT_MATCHING, ids=str)
def test_a_matcher_says_where_other_calls_differ(matcher: Any, signed_up: Any) -> None:
    """A matcher that does not equal a call names at least one difference."""
    assert matcher != signed_up
    assert signed_up != matcher
    assert matcher.differences(signed_up) != ()


@pytest.mark.parametrize(
    ("matcher", "fields"),
    [
        (identify("u1", traits={"plan": "pro"}), {"type_": "identify", "traits": {"plan": "pro"}}),
        (page("Home", category="Shop"), {"type_": "page", "name": "Home", "category": "Shop"}),
        (screen("Home", properties=ABSENT), {"type_": "screen", "name": "Home"}),
        (group("g1", traits={"n": 1}), {"type_": "group", "groupId": "g1", "traits": {"n": 1}}),
        (alias("u1", previous_id="u0"), {"type_": "alias", "previousId": "u0"}),
    ],
    ids=str,
)
def test_each_type_of_call_has_its_matcher(matcher: Any, fields: Any, make_call: Any) -> None:
    """The matcher of each type looks at the fields which that type has."""
    assert matcher == make_call(userId="u1", **fields)


def test_without_a_verdict_only_accepted_calls_match(make_call: Any) -> None:
    """A dropped call is matched by its verdict or by ANY, not by default."""
    call = make_call("track", "Signed Up", verdict="dropped")
    assert track("Signed Up") != call
    assert track("Signed Up", verdict="dropped") == call
    assert track("Signed Up", verdict=ANY) == call
    assert track("Signed Up").means(call)


def test_null_counts_as_absent_for_fields_of_the_message_only(make_call: Any) -> None:
    """A null user id is absent, as for Segment; a null property is a value."""
    call = make_call("track", "Signed Up", userId=None, properties={"coupon": None})
    assert track(user_id=ABSENT) == call
    assert track(user_id=ANY) != call
    assert track(properties={"coupon": ANY}) == call
    assert track(properties={"coupon": ABSENT}) != call


def test_what_the_server_can_judge_goes_into_the_match() -> None:
    """Plain values become match keys; names of pages and presence become FQL."""
    matcher = page("It's", category=ANY, user_id="u1", properties={"n": 1}, where="a = 1 or b = 2")
    assert matcher.match == Match(
        type="page",
        user_id="u1",
        properties={"n": 1},
        where='(a = 1 or b = 2) and name = "It\'s" and category != null',
    )
    assert not matcher.residual


def test_what_only_the_client_can_judge_stays_behind(make_call: Any) -> None:
    """Tokens are cut out of objects; the plain values around them go to the server."""
    expected = {"total": ANY, "plan": "pro", "page": {"title": _is_even}, "gone": {"x": ABSENT}}
    matcher = track(re.compile("S.*"), properties=expected)
    assert matcher.match == Match(type="track", properties={"plan": "pro", "page": {}})
    assert matcher.residual
    fields = {"total": 1, "plan": "pro", "page": {"title": 2}}
    assert matcher.matches(make_call("track", "Signed Up", properties=fields))
    assert not matcher.matches(make_call("track", "Left", properties=fields))


def test_a_filter_that_would_be_too_long_is_judged_by_the_client() -> None:
    """A name of more than 5 KB cannot be written in FQL, and is residue."""
    matcher = page("x" * 6000, where="a = 1")
    assert matcher.match == Match(type="page", where="a = 1")
    assert matcher.residual == (("name", "x" * 6000),)


def test_later_changes_of_an_argument_do_not_reach_the_matcher(make_call: Any) -> None:
    """A matcher keeps a copy of what was expected."""
    properties = {"n": [1]}
    matcher = track(properties=properties)
    properties["n"].append(2)
    assert matcher == make_call("track", "A", properties={"n": [1]})


def test_a_matcher_reads_as_a_sentence() -> None:
    """The text of a matcher names type, event and each expected leaf; it is one short line."""
    matcher = track("Order Completed", user_id="u1", properties={"total": 42, "a": {"b.c": ANY}})
    said = (
        "track 'Order Completed' where user_id='u1', properties.total=42, properties.a['b.c']=ANY"
    )
    assert str(matcher) == said
    assert repr(matcher) == f"<{said}>"
    assert str(any_call()) == "any call"
    assert str(track("A", verdict="dropped", good=False)) == (
        "track 'A' where verdict='dropped', good=False"
    )
    assert len(str(track("\n" * 1000, properties={f"key {i}": "x" * 99 for i in range(99)}))) == 300


def test_equal_matchers_are_equal() -> None:
    """Two matchers made of the same arguments are equal; other things never are."""
    assert track("A", properties={"n": 1}) == track("A", properties={"n": 1})
    assert track("A") != track("B")
    assert track("A") != "track 'A'"


@pytest.mark.parametrize(
    ("expected", "sent", "note"),
    [
        ({"pln": "pro"}, {"plan": "pro"}, 'did you mean "plan"?'),
        ({"cart": {"totl": 1}}, {"cart": {"total": 1}}, 'did you mean "total"?'),
        # What is expected by its own name is nobody else's misspelling.
        ({"plan": "pro", "plans": 2}, {"plan": "pro"}, ""),
        ({"pln": "pro"}, {"seats": 2}, ""),
    ],
)
def test_a_misspelled_property_names_the_one_that_is_there(
    make_call: Any, expected: Any, sent: Any, note: str
) -> None:
    """At any depth."""
    call = make_call("track", "A", properties=sent)
    [difference] = track("A", properties=expected).differences(call)
    assert (difference.kind, difference.note) == ("missing", note)


def test_differences_name_place_values_and_kind(make_call: Any) -> None:
    """Each difference tells field, both values and in what way they differ."""
    call = make_call(
        "track",
        "order_completed",
        properties={"total": "42", "orderId": 7, "list": [{"sku": 1}]},
        verdict="dropped",
    )
    matcher = track(
        "Order Completed",
        user_id="u1",
        properties={"total": 42, "order_id": 7, "list": [{"sku": 2}], "big": ANY},
        where="properties.total = 42",
    )
    found = {each.field: (each.kind, each.actual, each.note) for each in matcher.differences(call)}
    assert found == {
        "event": ("format", "order_completed", "only case, spaces or separators differ"),
        "userId": ("missing", ABSENT, ""),
        "properties.total": ("type", "42", ""),
        "properties.order_id": ("missing", ABSENT, 'did you mean "orderId"?'),
        "properties.list[0].sku": ("value", 1, ""),
        "properties.big": ("missing", ABSENT, ""),
        "where": ("where", ABSENT, ""),
        "verdict": ("verdict", "dropped", ""),
    }


def test_a_predicate_that_raises_has_said_no_and_why(make_call: Any) -> None:
    """An exception in a predicate is a difference that names it, not a crash."""
    call = make_call("track", "A", properties={"n": "x"})
    (difference,) = track(properties={"n": lambda n: n["key"]}).differences(call)
    assert difference.kind == "predicate"
    assert difference.note.startswith("raised TypeError: ")


# A moment without a timezone.
_LOCAL = dt.datetime.fromisoformat("2026-01-31T12:00:00")


class _Plan(enum.Enum):
    """As an app may have it."""

    PRO = "pro"


@dataclass
class _Money:
    """Equals other money only."""

    cents: int


class _Plain:
    """Has no == of its own."""


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: track("A", userId="u1"), TypeError, 'did you mean "user_id"?'),  # type: ignore[call-arg]  # the point
        (lambda: track("A", color="red"), TypeError, "Allowed: event, properties, user_id"),  # type: ignore[call-arg]  # the point
        (lambda: identify(42), TypeError, "identify(user_id) is 42 (number)"),
        (lambda: track("A", properties=[1]), TypeError, "give an object (a dict), exactly"),
        (lambda: track("A", properties={1: 2}), TypeError, "has the key 1"),
        (lambda: track("A", properties={"a": str}), TypeError, "is the class str"),
        (lambda: track("A", properties={"a": _Plain()}), TypeError, "is a _Plain: neither JSON"),
        (lambda: track("A", properties={"a": dt.date.min}), TypeError, "its ISO 8601 text"),
        (lambda: track("A", properties={"a": re.compile(b"x")}), TypeError, "pattern of bytes"),
        (lambda: track("A", properties={"a": float("nan")}), ValueError, "is nan"),
        (lambda: track("A", properties={"a": 10**400}), ValueError, "beyond a double"),
        (lambda: track("\ud800"), ValueError, "track(event) holds a lone surrogate"),
        (lambda: track("A", verdict="acepted"), ValueError, 'did you mean "accepted"?'),
        (lambda: track("A", good=1), TypeError, "good is True, False or None"),  # type: ignore[arg-type]  # the point
        (lambda: track("A", where=1), TypeError, "a filter is a text in FQL"),  # type: ignore[arg-type]  # the point
        (lambda: track("A", where="a = "), FqlError, "at character 5"),
        (lambda: message("trak"), ValueError, 'did you mean "track"?'),
        (lambda: message(1), TypeError, "a type is a text or None"),  # type: ignore[arg-type]  # the point
        (lambda: approx("1"), TypeError, "approx() takes a number"),  # type: ignore[arg-type]  # the point
        (lambda: approx(1, abs=-1), ValueError, "a tolerance is 0 or more"),
        (lambda: between(2, 1), ValueError, "low must not be above high"),
        (lambda: between(1, "2026-01-01"), TypeError, "got one of each"),
        (lambda: between(_LOCAL, _LOCAL), TypeError, "needs a timezone"),
        (lambda: between("a", "b"), TypeError, "an ISO 8601 timestamp"),
        (lambda: exactly("a"), TypeError, "takes a dict or a list, got str"),
        (lambda: track("A", properties=exactly([1])), TypeError, "give an object (a dict)"),
        (lambda: track("A", properties={"a": Decimal("NaN")}), ValueError, "JSON cannot hold"),
        (lambda: track("A", properties={"a": Decimal("1e999")}), ValueError, "JSON cannot hold"),
        (lambda: track("A", properties={"a": pathlib.Path("x")}), TypeError, "str(...) of it"),
        (lambda: track("A", properties={"a": 1j}), TypeError, "a number as it was sent"),
        (lambda: track("A", properties={"a": _Plan.PRO}), TypeError, "give its value"),
        (lambda: track("A", properties={"a": _Money(1)}), TypeError, "dataclasses.asdict"),
        (
            lambda: track("A", properties={"a": ipaddress.ip_address("::1")}),
            TypeError,
            "is a IPv6Address, which equals no JSON value; give str(...) of it",
        ),
    ],
)
def test_wrong_arguments_are_refused_where_they_are_written(
    make: Any, error: type[Exception], said: str
) -> None:
    """What can never match is an error at once, which names the argument and what is allowed."""
    with pytest.raises(error, match=re.escape(said)):
        make()


def test_an_expectation_that_contains_itself_is_refused() -> None:
    """A circle in an argument is a clear error, not an endless recursion."""
    circle: dict[str, Any] = {}
    circle["again"] = circle
    with pytest.raises(ValueError, match="nested deeper than 200 levels"):
        track("A", properties=circle)


def test_a_decimal_is_the_number_that_its_text_is_in_json(make_call: Any) -> None:
    """19.99 of a database is 19.99 as it was sent, although the double is another number."""
    call = make_call("track", "A", properties={"total": 19.99, "share": 1 / 3, "n": 3})
    expected = {"total": Decimal("19.99"), "share": Fraction(1, 3), "n": Decimal("3.0")}
    assert track(properties=expected) == call
    assert track(properties=expected).match.properties == {"total": 19.99, "share": 1 / 3, "n": 3}
    assert not track(properties=expected).residual


def test_a_range_of_moments_is_compared_with_timestamps_as_sent(make_call: Any) -> None:
    """`between` takes aware datetimes or ISO 8601 texts; offsets and digits do not matter."""
    call = make_call("track", "A", properties={"at": "2026-01-31T13:00:00+01:00"})
    noon = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    for match in (between(noon, noon), between("2026-01-31T12:00Z", "2026-02-01")):
        assert track(properties={"at": match}) == call
    later = between(noon + dt.timedelta(seconds=1), "2027-01-01")
    (difference,) = track(properties={"at": later}).differences(call)
    assert difference.kind == "value"
    assert str(track(properties={"at": later})) == (
        "track where properties.at=between 2026-01-31T12:00:01.000Z and 2027-01-01T00:00:00.000Z"
    )


def test_exactly_names_each_member_that_is_too_much(make_call: Any) -> None:
    """A member that `exactly` does not have is a difference at its own place, however deep."""
    call = make_call("track", "A", properties={"total": 1, "coupon": "X", "a": {"b": 1, "c": 2}})
    matcher = track(properties=exactly({"total": 1, "a": {"b": 1}}))
    found = {each.field: (each.kind, each.actual) for each in matcher.differences(call)}
    assert found == {"properties.coupon": ("extra", "X"), "properties.a.c": ("extra", 2)}
    assert matcher.match.properties == {"total": 1, "a": {"b": 1}}
    assert matcher.residual
    assert str(matcher) == "track where properties=exactly({'total': 1, 'a': {'b': 1}})"


def test_values_that_only_a_verdict_makes_possible_can_be_expected(make_call: Any) -> None:
    """With another verdict than accepted, ids and types that Segment drops can be meant."""
    call = make_call("trak", userId=42, verdict="dropped")
    assert message("trak", user_id=42, verdict="dropped") == call
