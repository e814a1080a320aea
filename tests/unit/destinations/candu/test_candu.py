"""Candu: the event webhook takes one event or many, with three ways to authenticate."""

from __future__ import annotations

import base64
import random

import pytest

from mockseg import json_types
from mockseg.destinations.candu import Candu, CanduSetup
from mockseg.destinations.vendor import VendorRequest
from mockseg.errors import VendorStateError

KEY = "TestApiKey"
BASIC = "Basic VGVzdEFwaUtleTo="
COLONLESS = "Basic " + base64.b64encode(KEY.encode()).decode()
BEARER = f"Bearer {KEY}"
NOON = 1_700_000_000_000_000_000


def made(**setup):
    """Make one."""
    return Candu(CanduSetup(**setup), key=KEY, random=random.Random(1))


@pytest.fixture(name="candu")
def _candu():
    return made()


def send(candu, body, *, path="/api/eventWebhook", method="POST", authorization=BASIC):
    """Send a request."""
    headers = () if authorization is None else (("Authorization", authorization),)
    sent = body if isinstance(body, bytes) else json_types.encode(body)
    request = VendorRequest(method=method, path=path, received_ns=NOON, headers=headers, body=sent)
    return candu.answer(request)


def identify(user_id="u1", **traits):
    """Write an identify event."""
    return {"type": "identify", "userId": user_id, "traits": traits}


@pytest.mark.parametrize(
    ("authorization", "scheme"),
    [(BASIC, "Basic"), (COLONLESS, "Basic without colon"), (BEARER, "Bearer")],
)
@pytest.mark.parametrize("path", ["/api/eventWebhook", "/segment"])
def test_three_ways_to_authenticate(candu, authorization, scheme, path):
    """All three are documented or in use; which one is recorded."""
    answered = send(candu, identify(), path=path, authorization=authorization)
    assert (answered.status, json_types.decode(answered.body)) == (200, {"success": True})
    assert candu.state()["authorizationSchemes"] == {scheme: 1}


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic !", "Bearer", "Bearer other", "Token TestApiKey", "Basic Og=="],
)
def test_without_a_known_key_it_is_401(candu, authorization):
    """For reading contents as well."""
    for method, path in (("POST", "/segment"), ("GET", "/api/contentMetadata")):
        answered = send(candu, identify(), method=method, path=path, authorization=authorization)
        assert answered.status == 401
        assert answered.notes[0].code == "unauthorized"
    assert candu.state()["users"] == {}


def test_identify_merges_traits(candu):
    """Text, numbers and booleans; email is shown in the list of users."""
    send(candu, identify(email="a@b.example", plan="free", seats=3))
    answered = send(candu, identify(plan="pro", nested={"a": 1}, tags=["x"], none=None))
    assert [(note.code, note.field) for note in answered.notes] == [
        ("value_ignored", "traits.nested"),
        ("value_ignored", "traits.tags"),
        ("value_ignored", "traits.none"),
    ]
    user = candu.state()["users"]["u1"]
    assert user["traits"] == {"email": "a@b.example", "plan": "pro", "seats": 3}
    assert user["email"] == "a@b.example"
    assert user["identified"] is True
    assert user["createdAt"] == "2023-11-14T22:13:20.000Z"


def test_track_records_events(candu):
    """Also of users who never were identified; properties may be an array."""
    event = {"type": "track", "userId": "u1", "event": "Clicked", "properties": [1, {"a": 2}]}
    send(candu, {**event, "timestamp": "2024-01-02T00:00:00Z"})
    send(candu, {**event, "timestamp": "2024-01-01T00:00:00Z", "properties": {"b": 1}})
    user = candu.state()["users"]["u1"]
    assert user["identified"] is False
    assert user["events"] == {
        "Clicked": {
            "count": 2,
            "firstAt": "2024-01-01T00:00:00.000Z",
            "lastAt": "2024-01-02T00:00:00.000Z",
            "properties": {"b": 1},
        }
    }


@pytest.mark.parametrize(("name", "kept"), [("page", "pages"), ("screen", "screens")])
def test_pages_and_screens_are_events_of_their_own(candu, name, kept):
    """With a name or without one."""
    send(candu, {"type": name, "userId": "u1", "name": "Home"}, path="/segment")
    send(candu, {"type": name, "userId": "u1"})
    user = candu.state()["users"]["u1"]
    assert {key: found["count"] for key, found in user[kept].items()} == {"Home": 1, "": 1}
    assert user["events"] == {}


def test_groups_have_traits_and_members(candu):
    """Membership is kept once; a group may come without anybody."""
    group = {"type": "group", "groupId": "g1", "traits": {"name": "Initech", "tags": []}}
    send(candu, group)
    answered = send(candu, {**group, "userId": "u1", "traits": {"size": 5}})
    assert answered.notes == ()
    send(candu, {**group, "userId": "u1"})
    state = candu.state()
    assert state["groups"]["g1"] == {
        "groupId": "g1",
        "traits": {"name": "Initech", "size": 5},
        "members": ["u1"],
    }
    assert list(state["users"]) == ["u1"]


def test_alias_selects_its_user_and_merges_nothing(candu):
    """No document says what it does."""
    send(candu, identify("old", plan="pro"))
    answered = send(candu, {"type": "alias", "userId": "new", "previousId": "old"})
    assert [note.code for note in answered.notes] == ["previous_id_ignored"]
    users = candu.state()["users"]
    assert users["new"]["traits"] == {}
    assert users["old"]["traits"] == {"plan": "pro"}


def test_many_events_are_applied_whole_or_not_at_all(candu):
    """A refusal names the place in the array."""
    good = [identify("u1"), {"type": "track", "userId": "u2", "event": "E"}]
    for bad, status, field in (
        ({"type": "track", "userId": "u3"}, 400, "[2].event"),
        ({"type": "delete", "userId": "u3"}, 501, "[2].type"),
        ({"type": "page"}, 400, "[2].userId"),
        ({"type": "group", "userId": "u3"}, 400, "[2].groupId"),
        ({"type": "group", "userId": "u3", "groupId": ""}, 400, "[2].groupId"),
        ({"type": "identify", "userId": "u3", "traits": 5}, 400, "[2].traits"),
        ("x", 400, "[2]"),
    ):
        answered = send(candu, [*good, bad])
        assert answered.status == status
        assert answered.notes[0].field == field
        assert candu.state() == made().state()
    answered = send(candu, [*good, identify("u3", tags=[])])
    assert answered.status == 200
    assert answered.notes[0].field == "[2].traits.tags"
    assert list(candu.state()["users"]) == ["u1", "u2", "u3"]
    assert send(candu, []).status == 200


def test_user_ids_are_text(candu):
    """A number is written out; traits keep theirs."""
    send(candu, {"type": "identify", "userId": 2399229, "traits": {"userId": 2399229}})
    assert candu.state()["users"]["2399229"]["traits"] == {"userId": 2399229}


def test_an_anonymous_user_is_known_by_its_anonymous_id(candu):
    """An empty user id is none; a switch makes the user id a must."""
    event = {"type": "track", "userId": "", "anonymousId": "a1", "event": "E"}
    assert send(candu, event).status == 200
    user = candu.state()["users"]["a1"]
    assert (user["userId"], user["anonymousId"]) == (None, "a1")
    strict = made(anonymous_users=False)
    answered = send(strict, event)
    assert (answered.status, answered.notes[0].code) == (400, "missing_user_id")


@pytest.mark.parametrize("body", [b"", b"{", b"5", {"type": ""}, {"userId": "u1"}])
def test_malformed_bodies_are_400(candu, body):
    """With a message."""
    answered = send(candu, body)
    assert answered.status == 400
    assert json_types.decode(answered.body)["message"]


def test_contents_can_be_read():
    """What was set up, until others are published."""
    candu = made(content=[{"contentId": "c1"}])
    answered = send(candu, b"", method="GET", path="/api/contentMetadata")
    assert json_types.decode(answered.body) == [{"contentId": "c1"}]
    candu.act("set_content", {"content": [{"contentId": "c2", "name": "Tour"}]}, now_ns=0)
    answered = send(candu, b"", method="GET", path="/api/contentMetadata")
    assert json_types.decode(answered.body) == [{"contentId": "c2", "name": "Tour"}]
    with pytest.raises(VendorStateError, match="content: is 5: it must be a list"):
        candu.act("set_content", {"content": 5}, now_ns=0)


def test_unknown_paths_and_methods_are_told(candu):
    """404 names what there is."""
    assert b"/api/eventWebhook" in send(candu, b"", path="/api").body
    answered = send(candu, b"", method="GET")
    assert answered.status == 405
    assert ("Allow", "POST") in answered.headers


def test_the_state_goes_through_json(candu):
    """What is left out begins empty."""
    send(candu, identify(plan="pro"))
    send(candu, {"type": "group", "groupId": "g", "userId": "u1"})
    send(candu, {"type": "track", "userId": "u1", "event": "E", "properties": {"a": [{}]}})
    second = made()
    second.restore(json_types.decode(json_types.encode(candu.state())))
    assert second.state() == candu.state()
    second.restore({})
    assert second.state() == made().state()


def test_a_state_can_be_seeded_with_little(candu):
    """Ids are the keys, moments the beginning of time."""
    candu.restore(
        {
            "users": {"u1": {"events": {"E": {}}}, "u2": {}},
            "groups": {"g": {"members": ["u1"]}},
        }
    )
    send(candu, {"type": "track", "userId": "u1", "event": "E"})
    state = candu.state()
    assert state["users"]["u1"]["events"]["E"]["count"] == 2
    assert state["users"]["u2"]["createdAt"] == "1970-01-01T00:00:00.000Z"
    assert state["groups"]["g"]["groupId"] == "g"


USER = {"userId": "u1", "createdAt": "x", "updatedAt": "x"}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"people": {}}, 'unknown parameter "people"'),
        (
            {"users": {"u2": USER}},
            "users.u2: the key must be its userId, else its anonymousId: 'u1'",
        ),
        ({"users": {"u1": {**USER, "traits": {"a": []}}}}, "users.u1.traits.a: is []: it must be"),
        ({"groups": {"g": {"groupId": "h"}}}, "groups.g: the key must be its groupId: 'h'"),
        ({"groups": {"g": {"groupId": "g", "members": ["u9"]}}}, "groups.g.members[0]"),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(candu, state, sentence):
    """The refusal names the place."""
    send(candu, identify())
    before = candu.state()
    with pytest.raises(VendorStateError) as refusal:
        candu.restore(state)
    assert sentence in str(refusal.value)
    assert candu.state() == before


def test_errors_can_be_demanded():
    """Those of Segment's contract with partners; Candu documents none of its own."""
    assert {name: answer.status for name, answer in Candu.errors.items()} == {
        "bad_request": 400,
        "unauthorized": 401,
        "forbidden": 403,
        "rate_limited": 429,
        "server_error": 500,
        "maintenance": 503,
    }


def test_only_its_key_is_known(candu):
    """Another is a stranger's."""
    assert candu.knows(KEY)
    assert not candu.knows("other")
