"""Segment's surface over HTTP: each way in, with each method that it takes."""

from __future__ import annotations

import pytest

TYPES = ("identify", "track", "page", "screen", "group", "alias")
GOOD = {"userId": "u1", "event": "E", "groupId": "g1", "writeKey": "k"}


def calls(client, source=None):
    """Give all calls as readers see them."""
    return [call.view() for call in client.hub.journal.calls_after(0, limit=1000, source=source)]


def last_request(client):
    """Give the request recorded last."""
    return client.hub.journal.requests_after(0, limit=1000)[-1]


MESSAGE_PATHS = [f"/v1/{type_}" for type_ in TYPES] + [f"/v1/{type_[0]}" for type_ in TYPES]
BATCH_PATHS = ["/v1/batch", "/v1/import", "/v1/b"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("path", MESSAGE_PATHS + BATCH_PATHS)
async def test_every_route_answers_success_and_records(client, path, method):
    """200, exactly Segment's body and type; the call can be read at once."""
    body = GOOD if path in MESSAGE_PATHS else {"batch": [GOOD | {"type": "track"}], "writeKey": "k"}
    async with client.request(method, path, json=body) as answer:
        assert answer.status == 200
        assert await answer.read() == b'{"success":true}'
        assert answer.headers["Content-Type"] == "application/json"
    (call,) = calls(client, "k")
    assert (call.verdict, call.request.path) == ("accepted", path)
    assert last_request(client).method == method


@pytest.mark.parametrize(
    "path",
    ["/V1/Track", "/v1/track/", "/V1/TRACK/", "/v1/T/", "/v1/batch/", "/v1/import/", "/V1/B"],
)
async def test_paths_may_have_any_case_and_one_slash(client, path):
    """As Segment's edge has it, and Java needs it; the path is kept as sent."""
    good = GOOD | {"type": "track"}
    async with client.post(path, json=good | {"batch": [good]}) as answer:
        assert answer.status == 200
    (call,) = calls(client)
    assert (call.type, call.request.path) == ("track", path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/track//"),
        ("POST", "/v1/nope"),
        ("POST", "/v1/pixel"),
        ("POST", "/track"),
        ("GET", "/v2/track"),
        ("POST", "/token/x"),
        ("GET", "/next-integrations/x.js"),
        ("GET", "/v1/projects/k"),
        ("GET", "/analytics.js/v1/k/other.js"),
        ("POST", "/v1/%2e%2e/%2e%2e/etc/passwd"),
    ],
)
async def test_unknown_paths_are_404_and_recorded(client, method, path):
    """The answer lists what exists; the request is kept with its reason."""
    async with client.request(method, path) as answer:
        assert answer.status == 404
        said = await answer.json()
    assert said["code"] == "not_found"
    assert "/v1/{batch,import}" in said["message"]
    request = last_request(client)
    assert (request.answer.status, request.calls) == (404, 0)
    assert request.reason.description in said["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/track"),
        ("PATCH", "/v1/t"),
        ("POST", "/v1/pixel/track"),
        ("GET", "/token"),
        ("POST", "/v1/projects/k/settings"),
        ("PUT", "/internal/health"),
    ],
)
async def test_a_method_that_a_route_does_not_take_is_405(client, method, path):
    """It says so, and the request is kept with its reason."""
    async with client.request(method, path) as answer:
        assert answer.status == 405
        assert (await answer.json())["code"] == "method_not_allowed"
    assert "is not allowed" in last_request(client).reason.description


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/import/"])
async def test_a_get_on_a_server_route_is_malformed_json(client, path):
    """As the live edge has it; what is really wrong stands in the request."""
    async with client.get(path) as answer:
        assert answer.status == 400
        assert await answer.json() == {
            "success": False,
            "message": "malformed JSON",
            "code": "invalid_request",
        }
    assert last_request(client).reason.description.endswith("only POST")


async def test_before_2026_a_get_on_a_server_route_was_405(open_client):
    """Segment's documentation does not say it, so that edge names the mistake."""
    client = await open_client(edge="2025")
    async with client.get("/v1/track") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("body", [b'{"series":[{"type":"Counter"}]}', b"", b"\xff", b"[" * 9999])
async def test_telemetry_is_always_welcome(client, body):
    """/v1/m answers success and keeps the request; there is no call."""
    async with client.post("/v1/m", data=body, headers={"Content-Type": "text/plain"}) as answer:
        assert (answer.status, await answer.read()) == (200, b'{"success":true}')
    assert calls(client) == []
    assert last_request(client).body == body


async def test_health_and_crossdomain(client):
    """What load balancers and old Flash ask for."""
    async with client.get("/internal/health") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    async with client.get("/crossdomain.xml") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/xml")
        assert b"<cross-domain-policy>" in await answer.read()


async def test_head_has_the_headers_of_get(client):
    """A HEAD of what exists is answered without a body."""
    async with client.request("HEAD", "/v1/projects/k/settings") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
