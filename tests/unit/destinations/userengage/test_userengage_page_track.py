"""Page and track: page views, event occurrences, and what they touch."""

from __future__ import annotations

import pytest


def at(second):
    """Give a moment as text."""
    return f"2024-01-01T00:00:{second:02d}.000Z"


def test_ue_20_each_page_call_counts(vendor):
    """One is added to `page_views`."""
    for expected in (1, 2, 3):
        vendor.call("page")
        assert vendor.user()["page_views"] == expected


def test_ue_21_last_seen_moves_only_forward(vendor):
    """An older page is counted and kept, and leaves `last_seen`."""
    for second, expected in ((10, 10), (20, 20), (5, 20), (20, 20)):
        vendor.call("page", timestamp=at(second))
        assert vendor.user()["last_seen"] == at(expected)
    assert vendor.user()["page_views"] == 4
    assert len(vendor.state["page_views"]) == 4
    assert vendor.user()["first_seen"] == at(5)


def test_ue_22_a_page_view_is_recorded(vendor):
    """In the shape of the REST API's ping hit."""
    vendor.call(
        "page",
        timestamp=at(1),
        properties={"url": "https://shop.example/a", "referrer": "https://b.example", "title": "A"},
        context={
            "ip": "192.0.2.1",
            "userAgent": "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
            "page": {"url": "https://other.example", "referrer": "https://c.example"},
        },
    )
    (view,) = vendor.state["page_views"]
    assert view["client"] == vendor.user()["id"]
    assert view["timestamp"] == at(1)
    assert (view["url"], view["referer"]) == ("https://shop.example/a", "https://b.example")
    assert (view["browser_family"], view["ip_address"]) == ("Chrome", "192.0.2.1")
    assert view["extra_data"] == {"title": "A"}


def test_ue_22_the_contexts_page_is_the_fallback(vendor):
    """Where the properties have no URL."""
    vendor.call(
        "page", context={"page": {"url": "https://a.example", "referrer": "https://b.example"}}
    )
    (view,) = vendor.state["page_views"]
    assert (view["url"], view["referer"]) == ("https://a.example", "https://b.example")


def test_ue_22_page_views_are_filtered_over_rest(vendor):
    """`ping_hits` gives those of one user."""
    vendor.call("page", "u1", properties={"url": "https://a.example"})
    vendor.call("page", "u2", properties={"url": "https://b.example"})
    body = vendor.rest("GET", f"users/{vendor.user('u2')['id']}/ping_hits/").body
    assert [view["url"] for view in body["results"]] == ["https://b.example"]


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ({"timestamp": at(1), "sentAt": at(2)}, at(1)),
        ({"sentAt": at(2)}, at(2)),
        ({"timestamp": None, "sentAt": at(2)}, at(2)),
        ({}, "2023-11-14T22:13:20.000Z"),
    ],
)
def test_ue_23_the_moment_is_the_messages_own(vendor, fields, moment):
    """`timestamp`, else `sentAt`, else the arrival; the page creates the user."""
    vendor.call("page", **fields)
    assert (vendor.user()["last_seen"], vendor.user()["page_views"]) == (moment, 1)


def test_ue_23_a_timestamp_that_is_none_is_passed_over(vendor):
    """With a note."""
    reply = vendor.call("page", timestamp="yesterday", sentAt=at(2))
    assert [note.field for note in reply.notes] == ["timestamp"]
    assert vendor.user()["last_seen"] == at(2)


def test_ue_30_an_occurrence_is_recorded(vendor):
    """For the user, at its moment, with its properties."""
    vendor.call("track", event="Signed Up", properties={"plan": "pro"}, timestamp=at(3))
    (occurrence,) = vendor.state["event_occurrences"]
    assert occurrence["name"] == "Signed Up"
    assert occurrence["user_id"] == vendor.user()["id"]
    assert occurrence["timestamp"] == at(3)
    assert occurrence["data"] == {"plan": "pro"}


def test_ue_31_an_unknown_event_is_defined_with_its_properties(vendor):
    """Once, however often it occurs."""
    vendor.call("track", event="Signed Up", properties={"plan": "pro"})
    vendor.call("track", event="Signed Up", properties={"seats": 5})
    assert vendor.events() == {"Signed Up": {"plan": "string", "seats": "string"}}
    assert len(vendor.state["event_occurrences"]) == 2


def test_ue_32_properties_are_typed_like_traits(make):
    """Undefined to string, defined converted, unconvertible ignored; the occurrence stands."""
    vendor = make(events={"Paid": {"amount": "number", "late": "boolean"}})
    reply = vendor.call(
        "track", event="Paid", properties={"amount": "12.5", "late": "perhaps", "code": 7}
    )
    (occurrence,) = vendor.state["event_occurrences"]
    assert occurrence["data"] == {"amount": 12.5, "code": "7"}
    assert [(note.code, note.field) for note in reply.notes] == [
        ("value_ignored", "properties.late")
    ]


def test_ue_33_events_and_their_attributes_are_defined_beforehand(vendor):
    """As at the vendor's own page; a defined event has not occurred."""
    vendor.imitation.act(
        "define_event", {"name": "Paid", "attributes": {"amount": "float"}}, now_ns=0
    )
    vendor.imitation.act(
        "define_event_attribute", {"event": "Paid", "name": "late", "type": "boolean"}, now_ns=0
    )
    assert vendor.events() == {"Paid": {"amount": "float", "late": "boolean"}}
    assert vendor.state["event_occurrences"] == []


def test_ue_34_each_event_has_attributes_of_its_own(make):
    """Or all share them, by the switch `event_namespace`."""
    vendor = make(events={"A": {"n": "number"}})
    vendor.call("track", event="A", properties={"n": "1"})
    vendor.call("track", event="B", properties={"n": "1"})
    assert [each["data"]["n"] for each in vendor.state["event_occurrences"]] == [1, "1"]
    vendor = make(event_namespace="global", event_attributes={"n": "number"})
    vendor.call("track", event="A", properties={"n": "1"})
    vendor.call("track", event="B", properties={"n": "1", "new": 2})
    assert [each["data"]["n"] for each in vendor.state["event_occurrences"]] == [1, 1]
    assert [each["name"] for each in vendor.state["event_attributes"]] == ["n", "new"]


def test_ue_35_track_touches_no_counters(vendor):
    """Neither `page_views` nor `last_seen`."""
    vendor.call("track", event="Signed Up", timestamp=at(3))
    assert (vendor.user()["page_views"], vendor.user()["last_seen"]) == (0, None)


@pytest.mark.parametrize("fields", [{}, {"event": None}, {"event": ""}, {"event": 5}])
def test_ue_36_an_event_needs_a_name(vendor, fields):
    """400, and not even the user is created."""
    reply = vendor.send({"type": "track", "userId": "u1", "properties": {"a": 1}, **fields})
    assert reply.status == 400
    assert vendor.state["users"] == []
    assert vendor.state["events"] == []


def test_the_oldest_records_make_room(make):
    """Counters go on, and the state says how many were forgotten."""
    vendor = make(most_records=2)
    for second in range(4):
        vendor.call("page", timestamp=at(second))
        vendor.call("track", event="E", timestamp=at(second))
    state = vendor.state
    assert vendor.user()["page_views"] == 4
    assert [view["timestamp"] for view in state["page_views"]] == [at(2), at(3)]
    assert state["forgotten"] == {"event_occurrences": 2, "page_views": 2, "product_events": 0}
