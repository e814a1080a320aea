"""The state: read whole, put back, and written by hand."""

from __future__ import annotations

import json

import pytest

from mockseg.destinations.userengage.setup import AttributeSetup
from mockseg.errors import VendorStateError


def busy(make, **setup):
    """Give an application with something of everything."""
    vendor = make(
        attributes={
            "age": "number",
            "plan": AttributeSetup(type="fixed", choices=("free", "pro"), many=True),
        },
        trusted_domains=("shop.example",),
        **setup,
    )
    vendor.call("identify", traits={"age": 41, "plan": "pro", "email": "no address", "hat": [1]})
    vendor.call("identify", context={"ip": "192.0.2.1", "os": {"name": "iOS"}})
    vendor.call("page", properties={"title": "A", "url": "https://shop.example"})
    vendor.call("track", event="Paid", properties={"sum": 5, "productId": "x"})
    vendor.call("group", groupId="acme", traits={"employees": 12.5, "phone": 5, "sector": "x"})
    vendor.rest(
        "POST", "users/", {"email": "a@b.c", "tags": ["vip"], "last_contacted": "2024-01-01"}
    )
    vendor.imitation.act("generate_key", {}, now_ns=0)
    vendor.imitation.act("revoke_key", {}, now_ns=0)
    return vendor


@pytest.mark.parametrize("namespace", ["event", "global"])
def test_a_state_put_back_is_the_same(make, namespace):
    """Through JSON, into the same destination and into a new one."""
    vendor = busy(make, event_namespace=namespace)
    state = json.loads(json.dumps(vendor.state))
    vendor.imitation.restore(state)
    assert vendor.state == state
    other = make(event_namespace=namespace)
    other.imitation.restore(state)
    assert other.state == state


def test_a_state_goes_on_where_it_was(make):
    """Indexes, ids and definitions are as before."""
    vendor = busy(make)
    state = vendor.state
    vendor.imitation.act("generate_key", {}, now_ns=0)
    vendor.imitation.restore(state)
    key = state["segment_keys"][1]["key"]
    reply = vendor.send(
        {"type": "identify", "userId": "u1", "traits": {"age": "42"}},
        key=key,
        headers=(("Origin", "https://shop.example"),),
    )
    assert reply.status == 200
    assert vendor.attributes()["age"] == 42
    assert vendor.send({"type": "page", "userId": "new"}, key=key).status == 200
    assert vendor.user("new")["id"] == 3
    assert vendor.state["page_views"][-1]["id"] == 2
    assert vendor.send({"type": "page", "userId": "u1"}).status == 403


def test_a_state_is_a_copy(vendor):
    """Changing what was given changes nothing inside."""
    vendor.call("group", groupId="acme")
    vendor.call("page", properties={"more": []})
    before = json.dumps(vendor.state)
    state = vendor.state
    state["users"][0]["companies"].clear()
    state["page_views"][0]["extra_data"]["more"].append(5)
    state["trusted_domains"].append("x")
    state["users"].clear()
    assert json.dumps(vendor.state) == before
    given = vendor.state
    vendor.imitation.restore(given)
    given["page_views"][0]["extra_data"]["more"].append(5)
    assert json.dumps(vendor.state) == before


def test_what_is_no_json_is_no_state(vendor):
    """A function, or a list in itself."""
    endless = []
    endless.append(endless)
    for value in (print, endless, object()):
        with pytest.raises(VendorStateError, match="not JSON"):
            vendor.imitation.restore({"users": value})


def test_a_hand_written_state_is_enough(make):
    """What is left out of a user begins as of a new one; definitions and keys as set up."""
    vendor = make(attributes={"age": "number"})
    vendor.call("page", "before")
    vendor.imitation.restore(
        {
            "companies": [{"custom_id": "acme"}],
            "users": [
                {
                    "custom_id": "u1",
                    "email": "a@b.c",
                    "attributes": {"age": "41", "hat": 5},
                    "tags": ["vip"],
                    "companies": [{"custom_id": "acme"}],
                    "last_ip": "192.0.2.1",
                    "last_seen": 1700000000,
                },
                {"id": 10},
                {"custom_id": "u3"},
            ],
            "event_occurrences": [{"name": "Paid", "user_id": 10, "data": {"sum": 5}}],
            "page_views": [{"client": 10, "url": "https://a.example"}],
        }
    )
    assert [user["id"] for user in vendor.state["users"]] == [1, 10, 11]
    user = vendor.user()
    assert vendor.attributes() == {"age": 41, "hat": "5"}
    assert (user["status"], user["page_views"], user["created_at"]) == ("visitor", 0, None)
    assert (user["ip_address"], user["last_seen"]) == ("192.0.2.1", "2023-11-14T22:13:20.000Z")
    assert vendor.events() == {"Paid": {"sum": "string"}}
    assert vendor.types() == {"age": "number", "hat": "string"}
    vendor.call("page")
    assert vendor.user()["page_views"] == 1


def test_an_empty_state_is_as_set_up(make):
    """Users are gone, definitions and domains are back."""
    vendor = make(events={"Paid": {"sum": "number"}}, trusted_domains=("a.example",))
    fresh = vendor.state
    vendor.call("track", event="Paid", properties={"x": 1})
    vendor.imitation.act("trust_domain", {"domain": "b.example"}, now_ns=0)
    vendor.imitation.restore({})
    assert vendor.state == fresh


def test_definitions_and_domains_that_are_given_stand_for_those_set_up(make):
    """Also where none are given at all."""
    vendor = make(
        attributes={"age": "number"},
        events={"Paid": {"sum": "number"}},
        trusted_domains=("a.example",),
    )
    vendor.imitation.restore(
        {"attributes": [], "events": [{"name": "Seen"}], "trusted_domains": ["b.example"]}
    )
    assert (vendor.types(), vendor.events()) == ({}, {"Seen": {}})
    assert vendor.state["trusted_domains"] == ["b.example"]


@pytest.mark.parametrize(
    ("state", "place", "words"),
    [
        ({"people": []}, "people", "Allowed: users"),
        ({"users": {}}, "users", "a list"),
        ({"users": ["u1"]}, "users[0]", "an object"),
        ({"users": [{"plan": "pro"}]}, "users[0].plan", 'unknown parameter "plan"'),
        ({"users": [{"custom_id": 5}]}, "users[0].custom_id", "a text"),
        (
            {"users": [{"custom_id": "a"}, {"custom_id": "a"}]},
            "users[1].custom_id",
            "duplicate 'a'",
        ),
        ({"users": [{"id": 1}, {"id": 1}]}, "users[1].id", "duplicate 1"),
        ({"users": [{"id": 0}]}, "users[0].id", ">= 1"),
        ({"users": [{"key": "k"}, {"key": "k"}]}, "users[1].user_key", "duplicate 'k'"),
        ({"users": [{"page_views": -1}]}, "users[0].page_views", ">= 0"),
        ({"users": [{"last_seen": "soon"}]}, "users[0].last_seen", "ISO 8601"),
        ({"users": [{"gender": "x"}]}, "users[0].gender", "male"),
        ({"users": [{"tags": [5]}]}, "users[0].tags[0]", "a text"),
        ({"users": [{"attributes": 5}]}, "users[0].attributes", "an object or a list"),
        ({"users": [{"attributes": {"age": "x"}}]}, "users[0].attributes.age", "number"),
        ({"users": [{"companies": [{"custom_id": "x"}]}]}, "users[0].companies[0]", "'x'"),
        ({"users": [{"companies": [{"id": 7}]}]}, "users[0].companies[0]", "7"),
        ({"companies": [{"custom_id": "a"}] * 2}, "companies[1].custom_id", "duplicate"),
        ({"attributes": [{"name": "a", "value_type": "x"}]}, "attributes[0]", "boolean"),
        (
            {"attributes": [{"name": "a"}, {"name": "A"}]},
            "attributes[1].name",
            "duplicate attribute",
        ),
        (
            {"attributes": [{"name": "a", "content_type": 5}]},
            "attributes[0].content_type",
            "Allowed: activity, clientuser, company",
        ),
        ({"attributes": [{"name": "a", "choices": 5}]}, "attributes[0].choices", "a list"),
        ({"attributes": [{}]}, "attributes[0].name", "missing"),
        ({"events": [{"name": "a"}, {"name": "a"}]}, "events[1].name", "duplicate"),
        ({"event_attributes": [{"name": "a"}]}, "event_attributes[0]", "of its own"),
        ({"event_occurrences": [{"name": "a", "user_id": 1}]}, "event_occurrences[0].user_id", "1"),
        ({"page_views": [{"client": 1}]}, "page_views[0].client", "unknown user"),
        ({"tags": [{"name": "a"}, {"name": "a"}]}, "tags[1].name", "duplicate"),
        (
            {"segment_keys": [{"key": "a", "revoked": 1}]},
            "segment_keys[0].revoked",
            "true or false",
        ),
        ({"rest_token": 5}, "rest_token", "a text"),
        ({"trusted_domains": "a"}, "trusted_domains", "a list"),
        ({"trusted_domains": ["http://a"]}, "trusted_domains[0]", "example.com"),
        ({"trusted_domains": [5]}, "trusted_domains[0]", "a text"),
        ({"forgotten": {"page_views": "x"}}, "forgotten.page_views", "whole number"),
    ],
)
def test_a_wrong_state_is_refused_whole(make, state, place, words):
    """The error names the place, the value and what is allowed; nothing is changed."""
    vendor = make(attributes={"age": "number"})
    vendor.call("identify", traits={"hat": "red"})
    before = vendor.state
    with pytest.raises(VendorStateError) as error:
        vendor.imitation.restore(state)
    assert error.value.place == place
    assert words in error.value.reason
    assert vendor.state == before
    vendor.call("page")
