"""``context.ip``, which Segment's edge fills from the address of the client."""

from __future__ import annotations

import base64
import json

import pytest

GOOD = {"type": "track", "userId": "u1", "event": "E", "writeKey": "k"}
# How apps keep Segment from filling in an address.
NOBODY = "0.0.0.0"  # noqa: S104  (nothing listens there)
FORWARDED = {"X-Forwarded-For": "203.0.113.9"}


def context(client):
    """Give the context of the last call."""
    return client.hub.journal.calls_after(0, limit=1000)[-1].view().context


@pytest.mark.parametrize(
    ("path", "message", "headers", "ip"),
    [
        ("/v1/t", GOOD, FORWARDED, "203.0.113.9"),
        ("/v1/t", GOOD, {}, "127.0.0.1"),
        ("/v1/t", GOOD | {"context": {"direct": False}}, FORWARDED, "203.0.113.9"),
        ("/v1/t", GOOD | {"context": {"ip": None}}, FORWARDED, "203.0.113.9"),
        ("/v1/b", {"batch": [GOOD], "writeKey": "k"}, FORWARDED, "203.0.113.9"),
        ("/v1/batch", {"batch": [GOOD], "writeKey": "k"}, FORWARDED, None),
        ("/v1/import", {"batch": [GOOD], "writeKey": "k"}, FORWARDED, None),
        ("/v1/track", GOOD, FORWARDED, None),
        ("/v1/track", GOOD | {"context": {"direct": True}}, FORWARDED, "203.0.113.9"),
        ("/v1/track", GOOD | {"context": {"direct": True}}, {}, "127.0.0.1"),
        ("/v1/track", GOOD | {"context": {"direct": "true"}}, FORWARDED, None),
        (
            "/v1/batch",
            {"batch": [GOOD], "writeKey": "k", "context": {"direct": True}},
            FORWARDED,
            "203.0.113.9",
        ),
        ("/v1/i", {"userId": "u", "writeKey": "k", "context": {"ip": NOBODY}}, {}, NOBODY),
        ("/v1/track", GOOD | {"context": {"direct": True, "ip": "::1"}}, FORWARDED, "::1"),
    ],
)
async def test_the_address_of_a_client_is_filled_in(client, path, message, headers, ip):
    """Of client-side calls, and where `context.direct` asks for it; what was sent stays."""
    async with client.post(path, json=message, headers=headers) as answer:
        assert answer.status == 200
    assert context(client).get("ip") == ip


async def test_a_pixel_is_a_client(client):
    """A GET on a short route or a pixel comes from a browser or a mail program."""
    data = base64.b64encode(json.dumps(GOOD).encode()).decode()
    for path in ("/v1/pixel/track", "/v1/t"):
        async with client.get(path, params={"data": data}, headers=FORWARDED) as answer:
            assert answer.status == 200
        assert context(client) == {"ip": "203.0.113.9"}


@pytest.mark.parametrize(
    ("forwarded", "ip"),
    [
        ("203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (" 203.0.113.9:1234", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", None),
        ("[2001:db8::1]:1234, 203.0.113.9", None),
        ("unknown", None),
        ("203.0.113.9:port", None),
        ("", None),
        ("1" * 8000, None),
    ],
)
async def test_the_first_hop_is_the_client_if_it_is_ipv4(client, forwarded, ip):
    """Segment collects no IPv6; a proxy's own address is never taken for the client's."""
    headers = {"X-Forwarded-For": forwarded}
    async with client.post("/v1/t", json=GOOD, headers=headers) as answer:
        assert answer.status == 200
    assert context(client).get("ip") == ip


@pytest.mark.parametrize(
    ("peer", "ip"),
    [
        (("198.51.100.4", 50_000), "198.51.100.4"),
        (("::ffff:198.51.100.4", 50_000, 0, 0), "198.51.100.4"),
        (("2001:db8::1", 50_000, 0, 0), None),
        ("", None),
    ],
)
async def test_without_a_proxy_the_peer_is_the_client(client, elsewhere, peer, ip):
    """An IPv6 peer and a Unix socket have no address that Segment would fill in."""
    url = await elsewhere(client.runner, peer)
    async with client.session.post(f"{url}/v1/t", json=GOOD) as answer:
        assert answer.status == 200
    assert context(client).get("ip") == ip


async def test_the_header_of_a_proxy_can_be_distrusted(open_client):
    """With `trust_forwarded_for = false` the address is the peer's own."""
    client = await open_client(trust_forwarded_for=False)
    await client.post("/v1/t", json=GOOD, headers=FORWARDED)
    assert context(client) == {"ip": "127.0.0.1"}


async def test_a_replay_is_not_the_client(client):
    """What is sent again keeps the address that it had, or has none."""
    headers = FORWARDED | {"X-Mockseg-Replay": "1"}
    await client.post("/v1/t", json=GOOD, headers=headers)
    assert context(client) == {}


async def test_an_import_is_not_the_client(client):
    """An imported call is as it was exported."""
    await client.post("/v1/t", json=GOOD | {"messageId": "m"}, headers=FORWARDED)
    async with client.get("/_mockseg/v1/calls") as answer:
        (call,) = (await answer.json())["calls"]
    for raw in (call["raw"], call["raw"] | {"context": {"direct": True}}):
        imported = {"calls": [{"source": "other", "raw": raw}]}
        async with client.post("/_mockseg/v1/calls/import", json=imported) as answer:
            assert answer.status == 200
        assert "ip" not in context(client)
    imported = {"calls": [call], "source": "third"}
    async with client.post("/_mockseg/v1/calls/import", json=imported) as answer:
        assert answer.status == 200
    assert context(client) == {"ip": "203.0.113.9"}


async def test_a_plan_judges_the_address_that_was_filled_in(client):
    """A plan that requires `context.ip` is met by what the edge adds."""
    rule = {"properties": {"context": {"required": ["ip"]}}, "required": ["context"]}
    plan = {"name": "p", "rules": [{"type": "COMMON", "version": 1, "jsonSchema": rule}]}
    async with client.request("PUT", "/_mockseg/v1/sources/k/plan", json={"plan": plan}) as answer:
        assert answer.status == 200, await answer.text()
    for path in ("/v1/t", "/v1/track", "/v1/t", "/v1/track"):
        await client.post(path, json=GOOD)
    calls = [call.view() for call in client.hub.journal.calls_after(0, limit=10)]
    assert [call.good for call in calls] == [True, False, True, False]
