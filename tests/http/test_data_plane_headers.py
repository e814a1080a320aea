"""Segment's surface: keys in headers, content types, what is kept of a request."""

from __future__ import annotations

import base64
import json

import pytest

GOOD = {"userId": "u1", "event": "E", "groupId": "g1", "writeKey": "k"}


def calls(client, source=None):
    """Give all calls as readers see them."""
    return [call.view() for call in client.hub.journal.calls_after(0, limit=1000, source=source)]


def last_request(client):
    """Give the request recorded last."""
    return client.hub.journal.requests_after(0, limit=1000)[-1]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"Authorization": "Basic " + base64.b64encode(b"k1:").decode()}, "k1"),
        ({"Authorization": "Basic " + base64.b64encode(b"k1").decode()}, "k1"),
        ({"Authorization": "basic " + base64.b64encode(b"k1:pw").decode().rstrip("=")}, "k1"),
        ({"Authorization": "Bearer k1"}, ""),
        ({"Authorization": "Basic !!!"}, ""),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:").decode()}, ""),
        ({"Authorization": "Basic"}, ""),
        ({"Authorization": "Digest k1"}, ""),
        ({"Authorization": "k1"}, ""),
        ({}, ""),
    ],
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
async def test_the_write_key_may_stand_in_the_header(client, path, headers, key):
    """Basic with and without a colon; no other scheme carries a write key."""
    message = {"userId": "u", "event": "E", "type": "track"}
    body = {"batch": [message]} | (message if path == "/v1/track" else {})
    async with client.post(path, json=body, headers=headers) as answer:
        assert answer.status == (200 if key else 400)
    (call,) = calls(client)
    assert (call.source, call.verdict) == (key, "accepted" if key else "rejected")


async def test_a_key_in_the_body_goes_before_a_bearer_token(client):
    """With OAuth the header has a token, and the body the key."""
    headers = {"Authorization": "Bearer secret-token"}
    async with client.post("/v1/track", json=GOOD, headers=headers) as answer:
        assert answer.status == 200
    assert [call.source for call in calls(client)] == ["k"]


@pytest.mark.parametrize("body", [b'{"userId":"u","event":"E"}', b"{"])
async def test_a_bearer_token_is_no_source(client, body):
    """Without a key in the body the request has none, and the token is shown nowhere."""
    headers = {"Authorization": "Bearer secret-token"}
    async with client.post("/v1/track", data=body, headers=headers):
        pass
    async with client.get("/_mockseg/v1/requests") as answer:
        text = await answer.text()
    async with client.get("/_mockseg/v1/sources") as answer:
        assert [each["writeKey"] for each in (await answer.json())["sources"]] == [""]
    assert "Bearer [redacted]" in text
    assert "secret-token" not in text
    for call in calls(client):
        (finding,) = call.findings
        assert "the Bearer token in Authorization names no source" in finding.description


async def test_secrets_of_a_query_are_not_kept(client):
    """On every way a request can take: a message, a pixel, settings, and a path that is wrong."""
    for method, path in (
        ("POST", "/v1/track?writeKey=w&api_key=hidden"),
        ("GET", "/v1/pixel/track?writeKey=w&access_token=hidden"),
        ("GET", "/v1/projects/w/settings?token=hidden"),
        ("POST", "/v1/nothing?key=hidden"),
    ):
        async with client.request(method, path, headers={"Referer": f"https://a.b{path}"}):
            pass
    async with client.get("/_mockseg/v1/requests") as answer:
        requests = (await answer.json())["requests"]
    assert len(requests) == 4
    shown = json.dumps([[each["query"], each["headers"]] for each in requests])
    assert "hidden" not in shown
    assert shown.count("=[redacted]") == 8
    assert "writeKey=w" in shown


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/json; charset=utf-8", "x/y", "", None, ";;"],
)
async def test_any_content_type_is_json(client, content_type):
    """Browsers say text/plain, C# says nothing."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    async with client.post(
        "/v1/track",
        data=json.dumps(GOOD).encode(),
        headers=headers,
        skip_auto_headers=["Content-Type"],
    ) as answer:
        assert answer.status == 200
    assert [call.verdict for call in calls(client)] == ["accepted"]


async def test_a_connection_is_kept_and_dated(client, exchange):
    """SDKs reuse connections, and read the Date header for their clock."""
    body = json.dumps(GOOD).encode()
    head = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
    sent = head + b"\r\n" + body + head + b"Connection: close\r\n\r\n" + body
    answers = await exchange(client, sent)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b"\r\nDate: ") == 2
    assert len(calls(client)) == 2
    assert answers.count(b"Connection: close") == 1


async def test_a_refusal_keeps_the_connection(client):
    """A 400 for its content does not cost the connection."""
    async with client.post("/v1/track", data=b"{") as answer:
        assert answer.status == 400
        assert "close" not in answer.headers.get("Connection", "")


async def test_secrets_are_not_kept_and_write_keys_are(client):
    """Headers are kept as sent, but for what somebody could misuse."""
    basic = "Basic " + base64.b64encode(b"k1:").decode()
    headers = [
        ("Cookie", "session=hidden"),
        ("X-Api-Key", "hidden"),
        ("Proxy-Authorization", "hidden"),
        ("User-Agent", "analytics-test/1"),
        ("X-Odd", "a"),
        ("X-Odd", "b"),
    ]
    for authorization in (basic, "Bearer hidden", "hidden", "Token hidden"):
        async with client.post(
            "/v1/track", json=GOOD, headers=[*headers, ("Authorization", authorization)]
        ) as answer:
            assert answer.status == 200
        kept = last_request(client).headers
        assert not [value for _, value in kept if "hidden" in value]
        assert ("User-Agent", "analytics-test/1") in kept
        assert [value for name, value in kept if name == "X-Odd"] == ["a", "b"]
        if authorization == basic:
            assert ("Authorization", basic) in kept


async def test_a_password_beside_the_key_is_not_kept(client):
    """Only the write key of Basic is no secret."""
    basic = "Basic " + base64.b64encode(b"k1:hidden").decode()
    async with client.post("/v1/track", json={}, headers={"Authorization": basic}) as answer:
        assert answer.status == 200
    (shown,) = [v for n, v in last_request(client).headers if n == "Authorization"]
    assert base64.b64encode(b"k1:").decode() in shown
    assert basic not in shown


async def test_requests_show_their_own_length(client):
    """Equal headers are shared between requests; lengths are each request's own."""
    for body in (b"{}", b'{"a":1}'):
        async with client.post("/v1/m", data=body) as answer:
            assert answer.status == 200
    async with client.get("/_mockseg/v1/requests") as answer:
        listed = (await answer.json())["requests"]
    lengths = [dict(request["headers"])["Content-Length"] for request in listed]
    assert lengths == ["2", "7"]


async def test_browsers_are_led_to_the_page(client):
    """A person who opens the address sees the page."""
    headers = {"Accept": "text/html,*/*"}
    async with client.get("/", headers=headers, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/_mockseg/")


async def test_a_pixel_may_carry_a_message_as_long_as_any(client):
    """A message of nearly 32 KB fits into the query of a pixel, as base64."""
    message = {"userId": "u1", "event": "Long", "properties": {"note": "x" * 30_000}}
    data = base64.b64encode(json.dumps(message | {"writeKey": "long"}).encode()).decode()
    async with client.request("GET", f"/v1/pixel/track?data={data}") as answer:
        assert answer.status == 200
        assert answer.content_type == "image/gif"
    [call] = client.hub.journal.calls_after(0, limit=10)
    assert (call.source, call.good) == ("long", True)
