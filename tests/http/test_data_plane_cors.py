"""CORS as browsers need it: any origin, with credentials."""

from __future__ import annotations

import base64
import json

import pytest

PAGE = "https://shop.example"
GOOD = {"userId": "u1", "event": "E", "writeKey": "k"}
PATHS = ["/v1/t", "/v1/track", "/v1/batch", "/v1/m", "/v1/projects/k/settings", "/token", "/x"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_allows_what_is_asked(client, path):
    """The origin and the headers are echoed: with credentials no star is allowed."""
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-retry-count, x-custom",
    }
    async with client.request("OPTIONS", path, headers=headers) as answer:
        assert answer.status == 200
        got = answer.headers
    assert got["Access-Control-Allow-Origin"] == PAGE
    assert got["Access-Control-Allow-Credentials"] == "true"
    assert got["Access-Control-Allow-Headers"] == "authorization, x-retry-count, x-custom"
    assert "POST" in got["Access-Control-Allow-Methods"]
    assert got["Access-Control-Max-Age"] == "604800"


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("POST", "/v1/t", {"json": GOOD}, 200),
        ("POST", "/v1/t", {"data": b"{"}, 400),
        ("POST", "/v1/m", {"data": b"{}"}, 200),
        ("GET", "/v1/projects/k/settings", {}, 200),
        ("GET", "/v1/pixel/track", {}, 200),
        ("GET", "/v1/t", {"params": {"data": base64.b64encode(b"{}").decode()}}, 400),
        ("POST", "/token", {"data": b""}, 400),
        ("GET", "/nope", {}, 404),
        ("DELETE", "/v1/t", {}, 405),
    ],
)
async def test_every_answer_can_be_read_by_the_page(client, method, path, how, status):
    """Success and refusal alike, Retry-After included."""
    async with client.request(method, path, headers={"Origin": PAGE}, **how) as answer:
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"


async def test_without_an_origin_there_is_no_cors(client):
    """Servers do not need it."""
    async with client.post("/v1/track", json=GOOD) as answer:
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_no_page_reads_the_journal(client):
    """The control plane carries no CORS header, and refuses a foreign origin."""
    async with client.get("/_mockseg/v1/calls", headers={"Origin": PAGE}) as answer:
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_an_odd_origin_cannot_break_the_answer(client, exchange):
    """What is echoed holds no more than a header can."""
    body = json.dumps(GOOD).encode()
    answer = await exchange(
        client,
        b"POST /v1/t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: a\xff\xfeb\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body,
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nAccess-Control-Allow-Origin: ab\r\n" in answer
