"""Requests that are meant for a proxy, and those that name this server in full."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockseg.errors import ConfigError

BODY = b'{"writeKey":"k","userId":"u","event":"E"}'


def request(target: str, *, method: str = "POST", host: str = "localhost") -> bytes:
    """Write a request with a target of any form."""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY


def recorded(client: Any) -> list[tuple[str, int, str, str]]:
    """Return source, status, method and path of each request."""
    return [
        (each.source, each.answer.status, each.method, each.path)
        for each in client.hub.journal.requests_after(0, limit=100)
    ]


@pytest.mark.parametrize(
    ("method", "target", "shown"),
    [
        ("POST", "http://api.segment.io/v1/track", "api.segment.io"),
        ("POST", "https://api.segment.io/v1/track", "api.segment.io"),
        ("GET", "http://example.com/", "example.com"),
        ("GET", "http://example.com", "example.com"),
        ("GET", "http://example.com/_mockseg/v1/calls", "example.com"),
        ("OPTIONS", "http://example.com/v1/t", "example.com"),
        ("CONNECT", "example.com:443", "example.com:443"),
        ("CONNECT", "localhost:443", "localhost:443"),
        ("GET", "http://localhost:1/v1/track", "localhost:1"),
        ("GET", "http://localhost.example.com/", "localhost.example.com"),
        ("GET", "http://localhost@example.com/", "example.com"),
        ("GET", "ftp://localhost/x", "localhost"),
    ],
)
async def test_a_request_for_another_host_is_refused_and_recorded(
    client: Any, exchange: Any, method: str, target: str, shown: str
) -> None:
    """403 in plain text, which says what to do, whatever `Host` says."""
    answer = await exchange(client, request(target, method=method))
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"\r\nContent-Type: text/plain; charset=utf-8" in head
    if method != "HEAD":
        assert f"not a forward proxy, and this request is for {shown}.".encode() in text
        assert f"--allow-host {shown.partition(':')[0]}".encode() in text
        assert b"NO_PROXY" in text
    ((source, status, sent, path),) = recorded(client)
    assert (source, status, sent) == ("" if method == "CONNECT" else "k", 403, method)
    assert path == target.replace("localhost@", "[redacted]@")
    (kept,) = client.hub.journal.requests_after(0, limit=1)
    assert f"for {shown}, and mockseg is not a forward proxy" in kept.reason.description
    assert client.hub.journal.calls_after(0, limit=1) == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "app.localhost"])
async def test_our_own_address_in_full_is_answered(client: Any, exchange: Any, name: str) -> None:
    """Some clients always send it; the path is then what counts."""
    port = client.address[1]
    answer = await exchange(client, request(f"http://{name}:{port}/v1/track?a=1"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert recorded(client) == [("k", 200, "POST", "/v1/track")]
    for target in (f"http://{name}:{port}", f"http://{name}:{port}/"):
        answer = await exchange(client, request(target, method="GET"))
        assert "integrations" in json.loads(answer.partition(b"\r\n\r\n")[2])
    head = f"GET http://{name}:{port}/_mockseg/v1/health HTTP/1.1\r\nHost: localhost\r\n"
    answer = await exchange(client, f"{head}Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_other_names_of_this_server_are_allowed(open_client: Any, exchange: Any) -> None:
    """A name at the port that it listens on; another port has to be named, too."""
    door = await open_client(allow_host=("mock", "proxied:80"))
    port = door.address[1]
    for target, status in (
        (f"http://mock:{port}/v1/t", 200),
        ("http://mock/v1/t", 403),
        ("http://proxied:80/v1/t", 200),
        (f"http://proxied:{port}/v1/t", 403),
        (f"http://other:{port}/v1/t", 403),
    ):
        answer = await exchange(door, request(target))
        assert int(answer.split(b" ")[1]) == status, target


async def test_options_for_all_of_the_server_are_answered(client: Any, exchange: Any) -> None:
    """A star is the whole server, and what it takes is said."""
    answer = await exchange(client, request("*", method="OPTIONS"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Access-Control-Allow-Methods: " in answer


async def test_a_path_of_an_in_house_proxy_is_a_route_with_an_alias(open_client: Any) -> None:
    """In any case and with a slash at the end, as all routes; without an alias it is explained."""
    client = await open_client(route_aliases=("/segment/v1/b = /v1/b", "/e=/v1/track"))
    message = {"type": "track", "userId": "u1", "event": "E", "writeKey": "k"}
    async with client.post("/Segment/v1/b/", json={"batch": [message]}) as answer:
        assert answer.status == 200
    async with client.post("/e", json=message) as answer:
        assert answer.status == 200
    calls = client.hub.journal.calls_after(0, limit=9, source="k")
    assert [call.verdict for call in calls] == ["accepted"] * 2
    for path in ("/proxy/v1/b", "/batch", "/b"):
        async with client.post(path, json={"batch": [message]}) as answer:
            assert answer.status == 404
            assert "did you mean" in (await answer.json())["message"]


@pytest.mark.parametrize(
    "alias", ["/x", "x=/v1/b", "/x=/v1/c", "/v1/T=/v1/b", "/_mockseg/x=/v1/b", "/vendors/x=/v1/b"]
)
async def test_an_alias_that_cannot_be_is_refused_at_the_start(
    open_client: Any, alias: str
) -> None:
    """The sentence names the setting and the alias."""
    with pytest.raises(ConfigError, match="route_aliases: "):
        await open_client(route_aliases=(alias,))


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/b", "/v1/m", "/v1/pixel/track", "/"])
async def test_a_target_of_the_table_is_answered_as_one_that_has_to_be_searched(
    client: Any, exchange: Any, method: str, path: str
) -> None:
    """With a query, or with `Expect`, the same route answers, after a search."""
    direct = request(path, method=method)
    expecting = direct.replace(b"Connection: close", b"Expect: nothing\r\nConnection: close")
    first, *others = [
        _undated(await exchange(client, each))
        for each in (direct, request(f"{path}?x=1", method=method), expecting)
    ]
    assert others == [first, first]


def _undated(answer: bytes) -> list[bytes]:
    return [line for line in answer.split(b"\r\n") if not line.startswith(b"Date:")]


async def test_a_target_of_the_table_costs_no_search(
    client: Any, exchange: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application's router is not asked, and is for every other target."""
    asked = []
    router = client.runner.app.router
    resolve = type(router).resolve

    async def resolved(self: Any, sent: Any) -> Any:
        asked.append(sent.raw_path)
        return await resolve(self, sent)

    monkeypatch.setattr(type(router), "resolve", resolved)
    await exchange(client, request("/v1/track"))
    await exchange(client, request("/v1/Track/"))
    assert asked == ["/v1/Track/"]
