"""UserGuiding: the provisional User API, the SDK's paths, and the limit."""

from __future__ import annotations

import pytest

from mockseg import json_types

SECOND = 1_000_000_000


def test_the_user_api_is_provisional_and_round(guiding):
    """Create, read, update, reset, delete; the paths are made up."""
    sent = {"userId": "u1", "attributes": {"plan": "free", "company": {"id": "c1"}}}
    made_user = json_types.decode(guiding.ask("POST", "/users", sent).body)
    assert made_user["company"] == "c1"
    sent = {"attributes": {"plan": "pro", "tags": []}}
    changed = guiding.ask("PATCH", "/users/u1", sent)
    assert [note.field for note in changed.notes] == ["attributes.tags"]
    guiding.ask("POST", "/events", {"userId": "u1", "event": "E", "metadata": {"a": 1}})
    assert guiding.ask("POST", "/users/u1/reset-interactions", at=1).status == 200
    user = json_types.decode(guiding.ask("GET", "/users/u1").body)
    assert user["attributes"] == {"plan": "pro"}
    assert user["events"]["E"]["properties"] == {"a": 1}
    assert user["interactionsResetAt"] == "2023-11-14T22:13:21.000Z"
    assert guiding.ask("DELETE", "/users/u1").status == 204
    assert guiding.ask("GET", "/users/u1").status == 404


def test_the_sdks_paths_need_no_key(guiding):
    """Browsers have none."""
    sent = {"userId": "u1", "attributes": {"plan": "pro"}}
    assert guiding.ask("POST", "/sdk/identify", sent, headers={}).status == 200
    sent = {"userId": "u1", "event": "E"}
    assert guiding.ask("POST", "/sdk/event", sent, headers={}).status == 200
    assert guiding.state["users"]["u1"]["events"]["E"]["count"] == 1


def test_users_are_listed_page_by_page(make):
    """A hundred at most unless asked for more, and at most a thousand."""
    guiding = make(rate_limit=0)
    for number in range(105):
        guiding.identify(f"u{number}")
    first = json_types.decode(guiding.ask("GET", "/users").body)
    assert len(first["results"]) == 100
    assert first["search_after"] == "u99"
    second = guiding.ask("GET", "/users", query=[("search_after", "u99"), ("page_size", "1000")])
    page = json_types.decode(second.body)
    assert [user["userId"] for user in page["results"]] == [f"u{n}" for n in range(100, 105)]
    assert page["search_after"] is None
    for query in (
        ("page_size", "0"),
        ("page_size", "1001"),
        ("page_size", "²"),
        ("search_after", "x"),
    ):
        answered = guiding.ask("GET", "/users", query=[query])
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
        ("GET", "/users/u1/reset-interactions", b"", 405),
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
    guiding.identify()
    before = guiding.state
    answered = guiding.ask(method, path, body)
    assert answered.status == status
    assert json_types.decode(answered.body)["message"]
    assert guiding.state == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users", {"userId": "u1", "attributes": {"a": []}}),
        ("/events", {"userId": "u1", "event": "E", "metadata": {"a": []}}),
    ],
)
def test_the_switch_holds_for_the_user_api(make, path, body):
    """400 there as well."""
    guiding = make(nested_values="refuse")
    assert guiding.ask("POST", path, body).status == 400
    assert guiding.state["users"] == {}


def test_fifty_requests_in_ten_seconds_then_blocked_for_a_minute(guiding):
    """The 51st is 429 and changes nothing; requests meanwhile do not make it longer."""
    for number in range(50):
        sent = {"userId": f"u{number}"}
        assert guiding.ask("POST", "/users", sent, at=number / 10).status == 200
    for at in (9, 10, 30, 68.9):
        answered = guiding.ask("POST", "/users", {"userId": "late"}, at=at)
        assert (answered.status, answered.notes[0].code) == (429, "rate_limited")
    assert "late" not in guiding.state["users"]
    assert guiding.ask("GET", "/users/u1", at=69).status == 200


def test_counters_are_cleared_every_ten_seconds(guiding):
    """Fifty and fifty more are fine, ten seconds later."""
    statuses = [
        guiding.ask("GET", "/users/u9", at=10 * (number // 50)).status for number in range(500)
    ]
    assert set(statuses) == {404}


def test_segments_inlet_is_limited_by_a_switch_only(make):
    """The documents limit the User API; the SDK is not limited either."""
    free, limited = make(), make(limits_inlet=True)
    assert {free.identify(f"u{number}").status for number in range(60)} == {200}
    statuses = [limited.identify(f"u{number}").status for number in range(52)]
    assert statuses == [200] * 50 + [429] * 2
    sent = {"userId": "u1", "event": "E"}
    assert {free.ask("POST", "/sdk/event", sent, headers={}).status for _ in range(60)} == {200}
