"""UserGuiding: identify and track, flat values, companies, the region; its state."""

from __future__ import annotations

import base64

import pytest

from mockseg import json_types
from mockseg.destinations.userguiding import UserGuiding
from mockseg.errors import VendorStateError

BASIC = "Basic " + base64.b64encode(b"key:").decode()


def settings_header(value):
    """Write other settings as Segment does."""
    return base64.b64encode(json_types.encode(value)).decode()


def test_identify_sets_attributes(guiding):
    """The documented example; what a later call leaves out stays."""
    answered = guiding.identify("user_id_123", email="a@b.example", firstname="A", lastname="B")
    assert (answered.status, answered.body, answered.notes) == (200, b"{}", ())
    guiding.identify("user_id_123", lastname="C", created_at="2022/01/25")
    user = guiding.state["users"]["user_id_123"]
    assert user["attributes"] == {
        "email": "a@b.example",
        "firstname": "A",
        "lastname": "C",
        "created_at": "2022/01/25",
    }
    assert user["createdAt"] == "2023-11-14T22:13:20.000Z"


def test_nested_values_are_ignored(guiding):
    """Arrays, objects and null are not accepted; the rest of the call applies."""
    answered = guiding.identify(plan="pro", tags=["a"], nested={"a": 1}, none=None)
    assert [(note.code, note.field) for note in answered.notes] == [
        ("value_ignored", "traits.tags"),
        ("value_ignored", "traits.nested"),
        ("value_ignored", "traits.none"),
    ]
    assert guiding.state["users"]["u1"]["attributes"] == {"plan": "pro"}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "identify", "traits": {"plan": "pro", "tags": ["a"]}},
        {"type": "identify", "traits": {"company": {"name": "Initech"}}},
        {"type": "track", "event": "E", "properties": {"a": {}}},
        {"type": "track", "event": "E", "properties": [1]},
    ],
)
def test_a_switch_refuses_the_whole_call_instead(make, message):
    """400, and nothing is stored."""
    guiding = make(nested_values="refuse")
    answered = guiding.ask("POST", "/segment", {"userId": "u1", **message})
    assert answered.status == 400
    assert [note.code for note in answered.notes] == ["value_refused"]
    assert guiding.state["users"] == {}


def test_a_company_stands_in_an_object_of_its_own(guiding):
    """Its attributes are merged and flat, too."""
    guiding.identify(company={"id": "c1", "name": "Initech", "size": 5})
    answered = guiding.identify("u2", company={"id": "c1", "size": 6, "tags": []})
    assert [note.field for note in answered.notes] == ["traits.company.tags"]
    guiding.identify("u3", company={"id": 7})
    state = guiding.state
    assert state["companies"] == {
        "c1": {"id": "c1", "attributes": {"name": "Initech", "size": 6}},
        "7": {"id": "7", "attributes": {}},
    }
    assert [user["company"] for user in state["users"].values()] == ["c1", "c1", "7"]
    assert state["users"]["u1"]["attributes"] == {}


@pytest.mark.parametrize("company", [{"name": "Initech"}, {"id": ""}, {"id": None}, {"id": True}])
def test_a_company_without_id_is_none(guiding, company):
    """Noted; the user is identified all the same."""
    answered = guiding.identify(plan="pro", company=company)
    assert [(note.code, note.field) for note in answered.notes] == [
        ("company_without_id", "traits.company.id")
    ]
    state = guiding.state
    assert state["companies"] == {}
    assert state["users"]["u1"]["attributes"] == {"plan": "pro"}


def test_a_company_that_is_text_is_an_attribute(guiding):
    """As any other trait."""
    guiding.identify(company="Initech")
    assert guiding.state["users"]["u1"]["attributes"] == {"company": "Initech"}


def test_track_counts_events(guiding):
    """With their flat metadata."""
    guiding.track(timestamp="2024-01-02T00:00:00Z", properties={"color": "red", "nested": {}})
    answered = guiding.track(timestamp="2024-01-01T00:00:00Z", properties=["x"])
    assert [note.field for note in answered.notes] == ["properties"]
    assert guiding.state["users"]["u1"]["events"] == {
        "Visited Products Page": {
            "count": 2,
            "firstAt": "2024-01-01T00:00:00.000Z",
            "lastAt": "2024-01-02T00:00:00.000Z",
            "properties": {},
        }
    }


def test_events_need_no_identification(guiding):
    """Of anonymous users, who may be identified without a user id as well."""
    message = {"type": "track", "userId": "", "anonymousId": "a1", "event": "E"}
    guiding.ask("POST", "/segment", message)
    message = {"type": "identify", "anonymousId": "a1", "traits": {"plan": "pro"}}
    guiding.ask("POST", "/segment", message)
    user = guiding.state["users"]["a1"]
    assert (user["userId"], user["anonymousId"]) == (None, "a1")
    assert user["attributes"] == {"plan": "pro"}
    assert user["events"]["E"]["count"] == 1
    answered = guiding.ask("POST", "/segment", {"type": "track", "event": "E"})
    assert (answered.status, answered.notes[0].code) == (400, "missing_user_id")


@pytest.mark.parametrize("name", ["page", "screen", "group", "alias", "delete"])
def test_other_calls_are_not_supported(guiding, name):
    """501, and nothing is stored."""
    answered = guiding.ask("POST", "/segment", {"type": name, "userId": "u1", "groupId": "g"})
    assert answered.status == 501
    assert guiding.state["users"] == {}


def test_the_region_comes_with_segments_settings(make):
    """Another one than the destination's is noted."""
    guiding = make(region="eu")
    assert guiding.identify(settings=settings_header({"region": "EU"})).notes == ()
    assert guiding.state["region"] == "EU"
    [note] = guiding.identify(settings=settings_header({"region": "us"})).notes
    assert (note.code, note.field) == ("other_region", "X-Segment-Settings.region")
    assert guiding.identify(settings=settings_header({})).notes == ()
    assert guiding.state["region"] == "us"


@pytest.mark.parametrize("settings", ["!", settings_header([]), "e30", "é"])
def test_malformed_settings_are_refused(guiding, settings):
    """400 names the header."""
    answered = guiding.identify(settings=settings)
    assert (answered.status, answered.notes[0].field) == (400, "X-Segment-Settings")
    assert guiding.state["users"] == {}


def test_settings_as_segment_writes_them(guiding):
    """The example of Segment's page: settings that are not the region are nothing here."""
    golden = "eyJjdXN0b21TZXR0aW5nT25lIjoiY3VzdG9tIHNldHRpbmcgdmFsdWUifQ=="
    assert guiding.identify(settings=golden).status == 200
    assert guiding.state["region"] is None


def test_the_inlet_takes_basic_and_the_user_api_its_header(guiding):
    """Otherwise it is 401, which says what is expected."""
    ug, basic = {"UG-API-KEY": "key"}, {"Authorization": BASIC}
    for path, headers in (
        ("/segment", ug),
        ("/segment", {}),
        ("/segment", {"Authorization": "Basic " + base64.b64encode(b"x:").decode()}),
        ("/users", basic),
        ("/users", {"UG-API-KEY": "other"}),
        ("/users", {}),
        ("/sdk/event", {"UG-API-KEY": "other"}),
    ):
        answered = guiding.ask("POST", path, {"userId": "u1"}, headers=headers)
        assert answered.status == 401
        assert json_types.decode(answered.body)["message"]
    assert guiding.state["users"] == {}
    assert guiding.imitation.knows("key")
    assert not guiding.imitation.knows("other")


def test_a_user_can_be_deleted_in_the_panel(guiding):
    """And only one that there is."""
    guiding.identify(plan="pro")
    assert guiding.imitation.act("delete_user", {"user": "u1"}, now_ns=0)["attributes"] == {
        "plan": "pro"
    }
    for action, arguments, sentence in (
        ("delete_user", {"user": "u1"}, "user: unknown user 'u1'"),
        ("delete_user", {}, "user: is missing"),
        ("remove_user", {}, 'unknown action "remove_user"'),
    ):
        with pytest.raises(VendorStateError, match=sentence):
            guiding.imitation.act(action, arguments, now_ns=0)


def test_the_state_goes_through_json(make, guiding):
    """What is left out begins empty."""
    guiding.identify(plan="pro", company={"id": "c1"})
    guiding.track(properties={"a": 1})
    second = make()
    second.imitation.restore(json_types.decode(json_types.encode(guiding.state)))
    assert second.state == guiding.state
    second.imitation.restore({})
    assert second.state == make().state


def test_a_state_can_be_seeded_with_little(guiding):
    """Ids are the keys, moments the beginning of time."""
    companies = {"c1": {}}
    users = {"u1": {"company": "c1", "events": {"Visited Products Page": {"count": 2}}}}
    guiding.imitation.restore({"users": users, "companies": companies})
    guiding.track()
    user = guiding.state["users"]["u1"]
    assert user["events"]["Visited Products Page"]["count"] == 3
    assert user["createdAt"] == "1970-01-01T00:00:00.000Z"


USER = {"userId": "u1", "createdAt": "x"}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"people": {}}, 'unknown parameter "people"'),
        (
            {"users": {"u2": USER}},
            "users.u2: the key must be its userId, else its anonymousId: 'u1'",
        ),
        ({"users": {"u1": {**USER, "company": "c"}}}, "users.u1.company: unknown company 'c'"),
        ({"users": {"u1": {**USER, "attributes": {"a": {}}}}}, "users.u1.attributes.a: is {}"),
        ({"companies": {"c": {"id": "d"}}}, "companies.c: the key must be its id: 'd'"),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(guiding, state, sentence):
    """The refusal names the place."""
    guiding.identify()
    before = guiding.state
    with pytest.raises(VendorStateError) as refusal:
        guiding.imitation.restore(state)
    assert sentence in str(refusal.value)
    assert guiding.state == before


def test_errors_can_be_demanded():
    """The limit is UserGuiding's own, the others Segment's contract with partners."""
    assert {name: answer.status for name, answer in UserGuiding.errors.items()} == {
        "bad_request": 400,
        "unauthorized": 401,
        "forbidden": 403,
        "not_found": 404,
        "rate_limited": 429,
        "server_error": 500,
        "unsupported_type": 501,
        "maintenance": 503,
    }


# --- the webhook


def send_webhook(guiding, **arguments):
    """Have the webhook tell something; give the result, and what is to be posted."""
    result = guiding.imitation.act("send_webhook", {"user": "u1", **arguments}, now_ns=0)
    [hook] = guiding.imitation.outbox
    return result, hook


def test_the_webhook_tells_an_event_as_its_article_has_it(make):
    """The name with its suffix, ids as numbers; unsigned, since no signature is documented."""
    guiding = make(webhook_url="http://127.0.0.1:9/hook")
    payload = {"guideId": 1, "guideName": "Tour", "pageUrl": "https://example.com/"}
    result, hook = send_webhook(guiding, event="guide started", payload=payload)
    assert json_types.decode(hook.body) == {
        "event": "guide started (userguiding)",
        "payload": {"userId": "u1", **payload},
    }
    assert (hook.url, result["documented"]) == ("http://127.0.0.1:9/hook", True)
    assert hook.headers == (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(hook.body))),
    )


@pytest.mark.parametrize(
    ("event", "documented"),
    [
        ("guide completed (userguiding)", True),
        ("nps survey shown", True),
        ("nps score submit", True),
        ("checklist completed", False),
    ],
)
def test_events_that_the_article_does_not_name_have_the_same_form(make, event, documented):
    """The result says which are documented."""
    result, _ = send_webhook(make(webhook_url="http://h/"), event=event)
    assert result["event"].endswith(" (userguiding)")
    assert result["documented"] is documented


@pytest.mark.parametrize("event", ["", "Guide Started", "guide_started", "guide (other)"])
def test_a_name_of_another_form_is_no_event_of_the_webhook(make, event):
    """Segment's own names are title case; the webhook's are lower case."""
    guiding = make(webhook_url="http://h/")
    with pytest.raises(VendorStateError) as error:
        guiding.imitation.act("send_webhook", {"event": event, "user": "u1"}, now_ns=0)
    assert (error.value.place, guiding.imitation.outbox) == ("event", [])


def test_without_a_url_there_is_nothing_to_post_to(guiding):
    """The refusal says what to set up."""
    with pytest.raises(VendorStateError, match="set up webhookUrl"):
        guiding.imitation.act("send_webhook", {"event": "guide started", "user": "u"}, now_ns=0)
