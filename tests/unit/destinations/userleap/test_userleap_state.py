"""UserLeap: its state can be read, seeded and restored; its setup is checked; its errors told."""

from __future__ import annotations

import random

import pytest

from mockseg import json_types
from mockseg.destinations.userleap.imitation import UserLeap
from mockseg.destinations.userleap.state import UserLeapSetup
from mockseg.errors import VendorStateError

ERRORS = {
    "unauthorized": 401,
    "bad_request": 400,
    "forbidden": 403,
    "not_found": 404,
    "unprocessable": 422,
    "rate_limited": 429,
    "server_error": 500,
    "unsupported_type": 501,
    "maintenance": 503,
}


def test_a_new_destination_is_empty(make):
    """But for the events that it was set up with."""
    leap = make(events=["A"], page_url_events={"P": "/p"}, environments={"development": "dev"})
    state = leap.state
    other = state.pop("environments")["development"]
    assert other == state
    assert state == {
        "autoAccept": True,
        "users": {},
        "events": {
            "A": {"name": "A", "kind": "code", "pattern": None, "status": "accepted"},
            "P": {"name": "P", "kind": "page_url", "pattern": "/p", "status": "accepted"},
        },
        "surveys": {},
        "responses": [],
        "themes": [],
        "purges": [],
        "authorizationSchemes": {},
    }


def test_what_was_given_is_a_copy(leap):
    """Neither reading nor restoring ties the state to the caller's objects."""
    leap.identify("u1", {"a": 1})
    state = leap.state
    state["users"]["u1"]["attributes"]["a"] = 2
    assert leap.users["u1"]["attributes"] == {"a": 1}
    leap.imitation.restore(state)
    state["users"]["u1"]["attributes"]["a"] = 3
    assert leap.users["u1"]["attributes"] == {"a": 2}


def test_a_restored_state_goes_on_like_the_first(make):
    """Through JSON, into another destination."""
    first, second = make(auto_accept=False, events=["A"]), make(auto_accept=False)
    first.act("link_sdk_user", user="u1", visitorId="v1")
    first.act("define_survey", name="s", triggers=["A"], filters=[{"event": "A"}])
    first.identify("u1", {"a": 1})
    first.track("A")
    first.track("B")
    first.ask("POST", "/v2/purge/visitors", {"userIds": ["u1"]}, authorization="Bearer key")
    second.imitation.restore(json_types.decode(json_types.encode(first.state)))
    assert second.state == first.state
    for leap in (first, second):
        assert leap.act("sdk_track", user="u1", event="A")["shown"] == ["s"]
        leap.act("accept_event", name="B")
        leap.track("B")
        leap.after(864_000)
        leap.act("eligible", survey="s", user="u1")
    assert second.state == first.state
    assert second.users == {}


def test_what_is_left_out_begins_empty(make):
    """The environments that were set up are there all the same."""
    leap = make(environments={"development": "dev"})
    leap.identify()
    leap.imitation.restore({})
    assert leap.users == {}
    assert leap.state["environments"]["development"]["users"] == {}


def test_a_state_can_be_seeded_with_little(make):
    """Names are the keys, ids are minted, settings are those of the setup."""
    leap = make(auto_accept=False, environments={"development": "dev"})
    leap.imitation.restore(
        {
            "users": {"u1": {"attributes": {"plan": "pro"}, "events": {"A": {"count": 3}}}},
            "events": {"A": {}},
            "surveys": {"s": {"platform": "link", "filters": [{"event": "A"}]}, "t": {}},
            "environments": {"development": {"users": {"u2": {}}}},
        }
    )
    assert leap.act("eligible", survey="s", user="u1")["eligible"]
    assert [survey["id"] for survey in leap.state["surveys"].values()] == [1, 2]
    assert leap.state["autoAccept"] is False
    assert leap.state["environments"]["development"]["autoAccept"] is False
    leap.track("A")
    assert leap.users["u1"]["events"]["A"]["count"] == 4
    assert len(leap.users["u1"]["id"]) == 36


USER = {"id": "i", "externalUserId": "u1", "createdAt": 1, "visibleAt": 1}
SURVEY = {"id": 1, "name": "s", "createdAt": 1, "updatedAt": 1}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"people": {}}, 'unknown parameter "people"'),
        ({"users": 5}, "users: is 5: it must be an object"),
        ({"environments": 5}, "environments: is 5: it must be an object"),
        ({"users": {"u1": {"events": 5}}}, "users.u1.events: is 5: it must be an object"),
        ({"surveys": 5}, "surveys: is 5: it must be an object"),
        ({"users": {"u2": USER}}, "users.u2: the key must be its externalUserId"),
        ({"users": {"u1": {**USER, "attributes": {"a": []}}}}, "users.u1.attributes.a: is []"),
        ({"users": {"u1": {**USER, "createdAt": "x"}}}, 'users.u1.createdAt: is "x": it must be'),
        ({"events": {"E": {"name": "F"}}}, "events.E: the key must be its name: 'F'"),
        ({"events": {"E": {"name": "E", "pattern": "("}}}, "events.E: only Page URL events"),
        (
            {"events": {"E": {"name": "E", "kind": "page_url", "pattern": "("}}},
            "events.E: the pattern '(' is not a regular expression",
        ),
        ({"surveys": {"t": SURVEY}}, "surveys.t: the key must be its name: 's'"),
        ({"surveys": {"s": {**SURVEY, "filters": [{}]}}}, "surveys.s.filters[0].event: a filter"),
        ({"environments": {"x": {}}}, "environments.x: unknown environment 'x'"),
        (
            {"environments": {"development": {"users": {"u2": USER}}}},
            "environments.development.users.u2",
        ),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(make, state, sentence):
    """The refusal names the place."""
    leap = make(environments={"development": "dev"})
    leap.identify()
    before = leap.state
    with pytest.raises(VendorStateError) as refusal:
        leap.imitation.restore(state)
    assert sentence in str(refusal.value)
    assert leap.state == before


@pytest.mark.parametrize(
    ("setup", "sentence"),
    [
        ({"environments": {"production": "k"}}, "environments.production"),
        ({"environments": {"development": "key"}}, "each environment needs its own"),
        ({"environments": {"a": "k", "b": "k"}}, "each environment needs its own"),
        ({"environments": {"a": ""}}, "each environment needs its own"),
        ({"events": ["A", "A"]}, "events[1]: duplicate event 'A'"),
        ({"events": ["pageview"]}, "events[0]: invalid event name 'pageview'"),
        ({"page_url_events": {"P": "["}}, "pageUrlEvents.P: the pattern '['"),
        ({"page_url_events": {"P": "(a{1000}){1000}"}}, "pageUrlEvents.P: the pattern"),
    ],
)
def test_a_setup_that_contradicts_itself_is_refused(setup, sentence):
    """At once, with the place."""
    with pytest.raises(VendorStateError) as refusal:
        UserLeap(UserLeapSetup(**setup), key="key", random=random.Random(1))
    assert sentence in str(refusal.value)


def test_documented_errors_can_be_demanded():
    """By name, with the vendor's bodies."""
    assert {name: answer.status for name, answer in UserLeap.errors.items()} == ERRORS
    assert UserLeap.errors["not_found"].body == b"Not Found"
    assert UserLeap.errors["forbidden"].body == b""


def test_ids_follow_from_the_seed(make):
    """The same seed mints the same ids."""
    one, two = make(), make()
    for leap in (one, two):
        leap.identify()
        leap.act("link_sdk_user", user="u1")
    assert one.state == two.state
