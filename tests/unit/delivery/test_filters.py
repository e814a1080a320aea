"""Destination filters: drop, sample, allow and drop properties (UL-15)."""

from __future__ import annotations

import msgspec
import pytest

from mockseg.delivery.filters import FilterSpec, GivenFilters, compile_filters, listed_filters
from mockseg.errors import OperationError


def apply(message, *filters, seed=1):
    """Apply filters to a message; give why it is dropped, or the message as changed."""
    specs = msgspec.convert(list(filters), list[FilterSpec])
    return compile_filters(specs).apply(message, seed=seed) or message


def one(condition, type_, **fields):
    """Give a filter with one action."""
    return {"if": condition, "actions": [{"type": type_, **fields}]}


def test_a_drop_filter_drops_what_it_matches():
    """And says which filter it was."""
    heartbeat = {"type": "track", "event": "Heartbeat"}
    drop = one("event = 'Heartbeat'", "DROP")
    assert apply(heartbeat, drop) == "filter 1 drops it"
    assert apply(heartbeat, {**drop, "title": "No beats"}) == "the filter 'No beats' drops it"
    assert apply({"event": "Order"}, drop) == {"event": "Order"}


def test_a_filter_that_is_not_enabled_is_passed_over():
    """Its condition is not even read, as at Segment."""
    for condition in ("all", "a AND b"):
        assert apply({"event": "E"}, {**one(condition, "DROP"), "enabled": False}) == {"event": "E"}


def test_a_filter_is_taken_as_segments_api_returns_it():
    """With all its members; they come back as they were given."""
    given = {
        **one("event = 'E'", "DROP"),
        "id": "f-1",
        "sourceId": "s-1",
        "destinationId": "d-1",
        "title": "No E",
        "description": None,
        "enabled": True,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
    assert apply({"event": "E"}, given) == "the filter 'No E' drops it"
    untitled = {**given, "title": None, "actions": [{"type": "DROP", "fields": {}}]}
    assert apply({"event": "E"}, untitled) == "filter 1 drops it"
    returned = msgspec.to_builtins(msgspec.convert(given, FilterSpec))
    assert {name: returned[name] for name in given if name != "actions"} == {
        name: value for name, value in given.items() if name != "actions"
    }


@pytest.mark.parametrize(
    "data",
    [
        {"filters": [{**one("event = 'E'", "DROP"), "id": "f"}], "pagination": {"current": "MA=="}},
        {"filter": {**one("event = 'E'", "DROP"), "id": "f"}},
    ],
)
def test_filters_are_taken_in_the_whole_answer_of_segments_api(data):
    """A list of them and a single one; a page that was cut off is a page."""
    given = msgspec.convert({"data": data}, GivenFilters)
    [found] = listed_filters(given)
    assert (found.if_, found.id) == ("event = 'E'", "f")
    assert listed_filters([found]) == [found]


def test_another_answer_of_segments_api_has_no_filters():
    """The refusal names what is allowed."""
    given = msgspec.convert({"data": {"destination": {}}}, GivenFilters)
    with pytest.raises(OperationError, match="holds neither `filters` nor `filter`") as error:
        listed_filters(given)
    assert error.value.details["parameter"] == "filters.data"


def test_an_invalid_filter_that_is_stored_lets_nothing_through():
    """Whatever its action is, and whatever the other filters say; the reason names it."""
    invalid = {**one("event = 'E' AND a = 1", "ALLOW_PROPERTIES", fields={"": ["a"]}), "title": "X"}
    specs = msgspec.convert([one("all", "SAMPLE", percent=1), invalid], list[FilterSpec])
    with pytest.raises(OperationError, match="lower-case"):
        compile_filters(specs)
    stored = compile_filters(specs, store_invalid=True)
    why = stored.apply({"event": "other"}, seed=1)
    assert why is not None
    assert why.startswith("the filter 'X' is invalid, so nothing is delivered: `filters[1].if`")


def test_a_malformed_glob_in_a_filter_matches_nothing():
    """It is no mistake to Segment: a filter that drops by it drops nothing."""
    assert apply({"event": "E"}, one("match(event, '[E')", "DROP")) == {"event": "E"}


def test_properties_are_dropped_from_the_objects_named():
    """By path; the empty path is the message itself, a list means each of its elements."""
    message = {
        "anonymousId": "a",
        "properties": {"email": "e", "products": [{"price": 1, "sku": "s"}, {"price": 2}, "x"]},
        "context": {"traits": {"email": "e", "plan": "p"}, "ip": "1.2.3.4"},
    }
    fields = {
        "": ["anonymousId"],
        "properties": ["email"],
        "properties.products": ["price"],
        "context.traits": ["email"],
        "traits": ["nothing"],
        "context.ip.deep": ["nothing"],
    }
    assert apply(message, one("all", "DROP_PROPERTIES", fields=fields)) == {
        "properties": {"products": [{"sku": "s"}, {}, "x"]},
        "context": {"traits": {"plan": "p"}, "ip": "1.2.3.4"},
    }


def test_nothing_but_allowed_properties_is_left():
    """Only of the objects named; others stay whole."""
    message = {"properties": {"a": 1, "b": 2, "c": 3}, "context": {"ip": "i"}}
    allow = one("all", "ALLOW_PROPERTIES", fields={"properties": ["a", "c", "z"]})
    again = one("all", "ALLOW_PROPERTIES", fields={"properties": ["c"]})
    assert apply(message, allow, again) == {"properties": {"c": 3}, "context": {"ip": "i"}}


def test_samples_go_first_then_drops_then_properties():
    """Segment's order, whatever the order in which the filters were made."""
    none = one("all", "SAMPLE", percent=0)
    drop = one("all", "DROP")
    assert apply({"messageId": "m"}, drop, none) == "filter 2 sends 0 of such calls, not this one"
    # A property that is dropped cannot be allowed any more.
    message = {"properties": {"a": 1, "b": 2}}
    allow = one("all", "ALLOW_PROPERTIES", fields={"properties": ["a", "b"]})
    without = one("all", "DROP_PROPERTIES", fields={"properties": ["a"]})
    assert apply(message, allow, without) == {"properties": {"b": 2}}


def test_conditions_are_asked_of_the_message_as_it_came():
    """A property that one filter drops can still decide about another."""
    message = {"properties": {"email": "x@example.com", "plan": "p"}}
    first = one("all", "DROP_PROPERTIES", fields={"properties": ["email"]})
    second = one(
        "contains(properties.email, '@example.com')",
        "DROP_PROPERTIES",
        fields={"properties": ["plan"]},
    )
    assert apply(message, first, second) == {"properties": {}}


def test_a_sample_sends_its_share():
    """By messageId; the same seed sends the same calls."""
    sample = one("all", "SAMPLE", percent=0.25)

    def sent(seed):
        return {
            n for n in range(2000) if isinstance(apply({"messageId": n}, sample, seed=seed), dict)
        }

    assert 400 < len(sent(1)) < 600
    assert sent(1) == sent(1)
    assert sent(1) != sent(2)


def test_a_sample_by_path_keeps_a_user_whole():
    """All calls of a user are sent, or none of them."""
    sample = one("all", "SAMPLE", percent=0.5, path="userId")
    fates = {}
    for user in range(50):
        for number in range(5):
            message = {"userId": f"u{user}", "messageId": f"{user}-{number}"}
            fates.setdefault(user, set()).add(isinstance(apply(message, sample), dict))
    assert all(len(fate) == 1 for fate in fates.values())
    assert {fate for fates_of in fates.values() for fate in fates_of} == {True, False}


@pytest.mark.parametrize(("percent", "sent"), [(0, 0), (1, 100)])
def test_a_sample_of_nothing_and_of_everything(percent, sent):
    """The ends are exact."""
    sample = one("all", "SAMPLE", percent=percent)
    found = [apply({"messageId": n}, sample) for n in range(100)]
    assert sum(isinstance(each, dict) for each in found) == sent


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        (one("event =", "DROP"), "filters[0].if"),
        ({"if": "all", "actions": []}, "filters[0].actions"),
        (one("all", "SAMPLE"), "filters[0].actions[0].percent"),
        (one("all", "SAMPLE", percent=25), "filters[0].actions[0].percent"),
        (one("all", "SAMPLE", percent=0.5, path="a ="), "filters[0].actions[0].path"),
        (one("all", "DROP", percent=0.5), "filters[0].actions[0].percent"),
        (one("all", "DROP", path="userId"), "filters[0].actions[0].path"),
        (one("all", "DROP", fields={"properties": ["a"]}), "filters[0].actions[0].fields"),
        (one("all", "DROP_PROPERTIES"), "filters[0].actions[0].fields"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_place(wrong, parameter):
    """Before anything is sent past it."""
    with pytest.raises(OperationError) as refused:
        apply({}, wrong)
    assert refused.value.status == 422
    assert refused.value.details["parameter"] == parameter
    assert refused.value.details["allowed"]


def test_a_destination_has_at_most_ten_filters():
    """As at Segment."""
    apply({}, *[one("all", "SAMPLE", percent=1)] * 10)
    with pytest.raises(OperationError, match=r"`filters` has 11 of them; allowed: at most 10"):
        apply({}, *[one("all", "DROP")] * 11)
