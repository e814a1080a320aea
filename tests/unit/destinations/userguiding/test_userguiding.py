"""UserGuiding: identify and track, flat values, companies, the region, and its limit."""

from __future__ import annotations

import base64
import random

import pytest

from mockseg import json_types
from mockseg.destinations.userguiding.imitation import UserGuiding, UserGuidingSetup
from mockseg.destinations.userguiding.limit import Limit
from mockseg.destinations.vendor import VendorRequest
from mockseg.errors import VendorStateError

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND
BASIC = "Basic " + base64.b64encode(b"key:").decode()


def made(**setup):
    """Make one."""
    return UserGuiding(UserGuidingSetup(**setup), key="key", random=random.Random(1))


@pytest.fixture(name="guiding")
def _guiding():
    return made()


def ask(guiding, method, path, body=b"", *, headers=None, query=(), at=0.0):
    """Send a request, so many seconds after noon."""
    if headers is None:
        headers = {"Authorization": BASIC} if path == "/segment" else {"ug-api-key": "key"}
    return guiding.answer(
        VendorRequest(
            method=method,
            path=path,
            received_ns=NOON + round(at * SECOND),
            headers=tuple(headers.items()),
            query=tuple(query),
            body=body if isinstance(body, bytes) else json_types.encode(body),
        )
    )


def identify(guiding, user_id="u1", *, settings=None, **traits):
    """Post an identify call."""
    headers = {"Authorization": BASIC}
    if settings is not None:
        headers["X-Segment-Settings"] = settings
    message = {"type": "identify", "userId": user_id, "traits": traits}
    return ask(guiding, "POST", "/segment", message, headers=headers)


def track(guiding, event="Visited Products Page", **more):
    """Post a track call."""
    message = {"type": "track", "userId": "u1", "event": event, **more}
    return ask(guiding, "POST", "/segment", message)


def settings_header(value):
    """Write other settings as Segment does."""
    return base64.b64encode(json_types.encode(value)).decode()


def test_identify_sets_attributes(guiding):
    """The documented example; what a later call leaves out stays."""
    answered = identify(guiding, "user_id_123", email="a@b.example", firstname="A", lastname="B")
    assert (answered.status, answered.body, answered.notes) == (200, b"{}", ())
    identify(guiding, "user_id_123", lastname="C", created_at="2022/01/25")
    user = guiding.state()["users"]["user_id_123"]
    assert user["attributes"] == {
        "email": "a@b.example",
        "firstname": "A",
        "lastname": "C",
        "created_at": "2022/01/25",
    }
    assert user["createdAt"] == "2023-11-14T22:13:20.000Z"


def test_nested_values_are_ignored(guiding):
    """Arrays, objects and null are not accepted; the rest of the call applies."""
    answered = identify(guiding, plan="pro", tags=["a"], nested={"a": 1}, none=None)
    assert [(note.code, note.field) for note in answered.notes] == [
        ("value_ignored", "traits.tags"),
        ("value_ignored", "traits.nested"),
        ("value_ignored", "traits.none"),
    ]
    assert guiding.state()["users"]["u1"]["attributes"] == {"plan": "pro"}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "identify", "traits": {"plan": "pro", "tags": ["a"]}},
        {"type": "identify", "traits": {"company": {"name": "Initech"}}},
        {"type": "track", "event": "E", "properties": {"a": {}}},
        {"type": "track", "event": "E", "properties": [1]},
    ],
)
def test_a_switch_refuses_the_whole_call_instead(message):
    """400, and nothing is stored."""
    guiding = made(nested_values="refuse")
    answered = ask(guiding, "POST", "/segment", {"userId": "u1", **message})
    assert answered.status == 400
    assert [note.code for note in answered.notes] == ["value_refused"]
    assert guiding.state()["users"] == {}


def test_a_company_stands_in_an_object_of_its_own(guiding):
    """Its attributes are merged and flat, too."""
    identify(guiding, company={"id": "c1", "name": "Initech", "size": 5})
    answered = identify(guiding, "u2", company={"id": "c1", "size": 6, "tags": []})
    assert [note.field for note in answered.notes] == ["traits.company.tags"]
    identify(guiding, "u3", company={"id": 7})
    state = guiding.state()
    assert state["companies"] == {
        "c1": {"id": "c1", "attributes": {"name": "Initech", "size": 6}},
        "7": {"id": "7", "attributes": {}},
    }
    assert [user["company"] for user in state["users"].values()] == ["c1", "c1", "7"]
    assert state["users"]["u1"]["attributes"] == {}


@pytest.mark.parametrize("company", [{"name": "Initech"}, {"id": ""}, {"id": None}, {"id": True}])
def test_a_company_without_id_is_none(guiding, company):
    """Noted; the user is identified all the same."""
    answered = identify(guiding, plan="pro", company=company)
    assert [(note.code, note.field) for note in answered.notes] == [
        ("company_without_id", "traits.company.id")
    ]
    state = guiding.state()
    assert state["companies"] == {}
    assert state["users"]["u1"]["attributes"] == {"plan": "pro"}


def test_a_company_that_is_text_is_an_attribute(guiding):
    """As any other trait."""
    identify(guiding, company="Initech")
    assert guiding.state()["users"]["u1"]["attributes"] == {"company": "Initech"}


def test_track_counts_events(guiding):
    """With their flat metadata."""
    track(guiding, timestamp="2024-01-02T00:00:00Z", properties={"color": "red", "nested": {}})
    answered = track(guiding, timestamp="2024-01-01T00:00:00Z", properties=["x"])
    assert [note.field for note in answered.notes] == ["properties"]
    assert guiding.state()["users"]["u1"]["events"] == {
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
    ask(guiding, "POST", "/segment", message)
    message = {"type": "identify", "anonymousId": "a1", "traits": {"plan": "pro"}}
    ask(guiding, "POST", "/segment", message)
    user = guiding.state()["users"]["a1"]
    assert (user["userId"], user["anonymousId"]) == (None, "a1")
    assert user["attributes"] == {"plan": "pro"}
    assert user["events"]["E"]["count"] == 1
    answered = ask(guiding, "POST", "/segment", {"type": "track", "event": "E"})
    assert (answered.status, answered.notes[0].code) == (400, "missing_user_id")


@pytest.mark.parametrize("name", ["page", "screen", "group", "alias", "delete"])
def test_other_calls_are_not_supported(guiding, name):
    """501, and nothing is stored."""
    answered = ask(guiding, "POST", "/segment", {"type": name, "userId": "u1", "groupId": "g"})
    assert answered.status == 501
    assert guiding.state()["users"] == {}


def test_the_region_comes_with_segments_settings():
    """Another one than the destination's is noted."""
    guiding = made(region="eu")
    assert identify(guiding, settings=settings_header({"region": "EU"})).notes == ()
    assert guiding.state()["region"] == "EU"
    [note] = identify(guiding, settings=settings_header({"region": "us"})).notes
    assert (note.code, note.field) == ("other_region", "X-Segment-Settings.region")
    assert identify(guiding, settings=settings_header({})).notes == ()
    assert guiding.state()["region"] == "us"


@pytest.mark.parametrize("settings", ["!", settings_header([]), "e30", "é"])
def test_malformed_settings_are_refused(guiding, settings):
    """400 names the header."""
    answered = identify(guiding, settings=settings)
    assert (answered.status, answered.notes[0].field) == (400, "X-Segment-Settings")
    assert guiding.state()["users"] == {}


def test_settings_as_segment_writes_them(guiding):
    """The example of Segment's page: settings that are not the region are nothing here."""
    golden = "eyJjdXN0b21TZXR0aW5nT25lIjoiY3VzdG9tIHNldHRpbmcgdmFsdWUifQ=="
    assert identify(guiding, settings=golden).status == 200
    assert guiding.state()["region"] is None


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
        answered = ask(guiding, "POST", path, {"userId": "u1"}, headers=headers)
        assert answered.status == 401
        assert json_types.decode(answered.body)["message"]
    assert guiding.state()["users"] == {}
    assert guiding.knows("key")
    assert not guiding.knows("other")


def test_the_user_api_is_provisional_and_round(guiding):
    """Create, read, update, reset, delete; the paths are made up."""
    sent = {"userId": "u1", "attributes": {"plan": "free", "company": {"id": "c1"}}}
    made_user = json_types.decode(ask(guiding, "POST", "/users", sent).body)
    assert made_user["company"] == "c1"
    sent = {"attributes": {"plan": "pro", "tags": []}}
    changed = ask(guiding, "PATCH", "/users/u1", sent)
    assert [note.field for note in changed.notes] == ["attributes.tags"]
    ask(guiding, "POST", "/events", {"userId": "u1", "event": "E", "metadata": {"a": 1}})
    assert ask(guiding, "POST", "/users/u1/reset-interactions", at=1).status == 200
    user = json_types.decode(ask(guiding, "GET", "/users/u1").body)
    assert user["attributes"] == {"plan": "pro"}
    assert user["events"]["E"]["properties"] == {"a": 1}
    assert user["interactionsResetAt"] == "2023-11-14T22:13:21.000Z"
    assert ask(guiding, "DELETE", "/users/u1").status == 204
    assert ask(guiding, "GET", "/users/u1").status == 404


def test_the_sdks_paths_need_no_key(guiding):
    """Browsers have none."""
    sent = {"userId": "u1", "attributes": {"plan": "pro"}}
    assert ask(guiding, "POST", "/sdk/identify", sent, headers={}).status == 200
    sent = {"userId": "u1", "event": "E"}
    assert ask(guiding, "POST", "/sdk/event", sent, headers={}).status == 200
    assert guiding.state()["users"]["u1"]["events"]["E"]["count"] == 1


def test_users_are_listed_page_by_page():
    """A hundred at most unless asked for more, and at most a thousand."""
    guiding = made(rate_limit=0)
    for number in range(105):
        identify(guiding, f"u{number}")
    first = json_types.decode(ask(guiding, "GET", "/users").body)
    assert len(first["results"]) == 100
    assert first["search_after"] == "u99"
    second = ask(guiding, "GET", "/users", query=[("search_after", "u99"), ("page_size", "1000")])
    page = json_types.decode(second.body)
    assert [user["userId"] for user in page["results"]] == [f"u{n}" for n in range(100, 105)]
    assert page["search_after"] is None
    for query in (
        ("page_size", "0"),
        ("page_size", "1001"),
        ("page_size", "²"),
        ("search_after", "x"),
    ):
        answered = ask(guiding, "GET", "/users", query=[query])
        assert (answered.status, answered.notes[0].field) == (400, query[0])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/users/u9", b"", 404),
        ("PATCH", "/users/u9", {"attributes": {}}, 404),
        ("DELETE", "/users/u9", b"", 404),
        ("POST", "/users/u9/reset-interactions", b"", 404),
        ("PUT", "/users/u1", b"", 405),
        ("GET", "/users/u1/reset-interactions", b"", 404),
        ("POST", "/users", b"{", 400),
        ("POST", "/users", {}, 400),
        ("POST", "/users", {"userId": 5}, 400),
        ("POST", "/users", {"userId": "u1", "attributes": []}, 400),
        ("PATCH", "/users/u1", [], 400),
        ("POST", "/events", {"userId": "u1"}, 400),
        ("GET", "/segment", b"", 405),
        ("POST", "/segment", b"{", 400),
        ("POST", "/segment", {"type": "track", "userId": "u1"}, 400),
    ],
)
def test_refusals_change_nothing(guiding, method, path, body, status):
    """With a message."""
    identify(guiding)
    before = guiding.state()
    answered = ask(guiding, method, path, body)
    assert answered.status == status
    assert json_types.decode(answered.body)["message"]
    assert guiding.state() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users", {"userId": "u1", "attributes": {"a": []}}),
        ("/events", {"userId": "u1", "event": "E", "metadata": {"a": []}}),
    ],
)
def test_the_switch_holds_for_the_user_api(path, body):
    """400 there as well."""
    guiding = made(nested_values="refuse")
    assert ask(guiding, "POST", path, body).status == 400
    assert guiding.state()["users"] == {}


def test_fifty_requests_in_ten_seconds_then_blocked_for_a_minute(guiding):
    """The 51st is 429 and changes nothing; requests meanwhile do not make it longer."""
    for number in range(50):
        sent = {"userId": f"u{number}"}
        assert ask(guiding, "POST", "/users", sent, at=number / 10).status == 200
    for at in (9, 10, 30, 68.9):
        answered = ask(guiding, "POST", "/users", {"userId": "late"}, at=at)
        assert (answered.status, answered.notes[0].code) == (429, "rate_limited")
    assert "late" not in guiding.state()["users"]
    assert ask(guiding, "GET", "/users/u1", at=69).status == 200


def test_counters_are_cleared_every_ten_seconds(guiding):
    """Fifty and fifty more are fine, ten seconds later."""
    statuses = [
        ask(guiding, "GET", "/users/u9", at=10 * (number // 50)).status for number in range(500)
    ]
    assert set(statuses) == {404}


def test_segments_inlet_is_limited_by_a_switch_only():
    """The documents limit the User API; the SDK is not limited either."""
    free, limited = made(), made(limits_inlet=True)
    assert {identify(free, f"u{number}").status for number in range(60)} == {200}
    statuses = [identify(limited, f"u{number}").status for number in range(52)]
    assert statuses == [200] * 50 + [429] * 2
    sent = {"userId": "u1", "event": "E"}
    assert {ask(free, "POST", "/sdk/event", sent, headers={}).status for _ in range(60)} == {200}


def test_a_clock_that_is_set_back_blocks_nobody_for_ever():
    """Neither a block nor a full window outlives it."""
    limit = Limit(1)
    assert [limit.blocks(100 * SECOND) for _ in range(2)] == [False, True]
    assert limit.blocks(0) is False
    assert limit.blocks(-SECOND) is False
    assert limit.blocks(-SECOND) is True


def test_a_user_can_be_deleted_in_the_panel(guiding):
    """And only one that there is."""
    identify(guiding, plan="pro")
    assert guiding.act("delete_user", {"user": "u1"}, now_ns=0)["attributes"] == {"plan": "pro"}
    for action, arguments, sentence in (
        ("delete_user", {"user": "u1"}, "user: there is no user 'u1'"),
        ("delete_user", {}, "missing required field `user`"),
        ("remove_user", {}, "there is no action 'remove_user'"),
    ):
        with pytest.raises(VendorStateError, match=sentence):
            guiding.act(action, arguments, now_ns=0)


def test_the_state_goes_through_json(guiding):
    """What is left out begins empty."""
    identify(guiding, plan="pro", company={"id": "c1"})
    track(guiding, properties={"a": 1})
    second = made()
    second.restore(json_types.decode(json_types.encode(guiding.state())))
    assert second.state() == guiding.state()
    second.restore({})
    assert second.state() == made().state()


USER = {"userId": "u1", "createdAt": "x"}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"people": {}}, "unknown field `people`"),
        ({"users": {"u2": USER}}, "users.u2: the key of a user is its userId"),
        ({"users": {"u1": {**USER, "company": "c"}}}, "users.u1.company: there is no company 'c'"),
        ({"users": {"u1": {**USER, "attributes": {"a": {}}}}}, "users[...].attributes[...]"),
        ({"companies": {"c": {"id": "d"}}}, "companies.c: the key of a company is its id"),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(guiding, state, sentence):
    """The refusal names the place."""
    identify(guiding)
    before = guiding.state()
    with pytest.raises(VendorStateError) as refusal:
        guiding.restore(state)
    assert sentence in str(refusal.value)
    assert guiding.state() == before


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
