"""What is not HTTP is answered and recorded, with the requests that came in one piece with it."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.operations.base import OfSource

if TYPE_CHECKING:
    from mockseg.operations.calls import Summary

BODY = b'{"writeKey":"k","userId":"u","event":"E"}'
HEAD = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
GOOD = HEAD % len(BODY) + BODY
BASIC = base64.b64encode(b"k:")


def refused(client: Any) -> list[tuple[str, int, str, str, str]]:
    """Return source, status, method, path and reason of each refused request."""
    return [
        (each.source, each.answer.status, each.method, each.path, each.reason.description)
        for each in client.hub.journal.requests_after(0, limit=100)
        if each.reason is not None
    ]


async def test_a_content_length_that_is_too_small_is_named(client: Any, exchange: Any) -> None:
    """The request is refused in its own source, with its body, and the summary says why."""
    short = HEAD % (len(BODY) - 1) + BODY
    answer = await exchange(client, short)
    assert b"400 Bad Request" in answer.split(b"\r\n")[0]
    assert b'Invalid method encountered: \\"}\\"' in answer
    ((source, status, method, path, reason),) = refused(client)
    assert (source, status, method, path) == ("k", 400, "POST", "/v1/track")
    assert reason == (
        'what follows it is not HTTP: Invalid method encountered: "}";'
        " is the Content-Length of 40 too small?"
    )
    (kept,) = client.hub.journal.requests_after(0, limit=10)
    assert (kept.body, kept.sent_bytes) == (BODY[:-1], len(BODY) - 1)
    assert ("Host", "x") in kept.headers
    summary: Summary = await client.hub.perform("summary", OfSource(source="k"))
    assert [refusals.text for refusals in summary.refusals] == [f"400 POST /v1/track; {reason}"]


async def test_good_requests_before_it_are_not_lost(client: Any, exchange: Any) -> None:
    """All that came in one piece are recorded as refused, and none as accepted."""
    await exchange(client, GOOD * 3 + b"}")
    assert [entry[:4] for entry in refused(client)] == [("k", 400, "POST", "/v1/track")] * 3
    assert "it came together with what is not HTTP" in refused(client)[0][4]
    assert "Content-Length of 41 too small?" in refused(client)[-1][4]
    assert client.hub.journal.calls_after(0, limit=10) == []
    assert client.hub.tally.parser_refused == 1


async def test_what_was_answered_before_stays_answered(client: Any) -> None:
    """What follows in a piece of its own is recorded by itself, in the source before it."""
    reader, writer = await asyncio.open_connection(*client.address)
    writer.write(GOOD)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    await reader.readuntil(b'{"success":true}')
    writer.write(b"} and more")
    assert b" 400 " in await reader.readline()
    await reader.read()
    writer.close()
    assert len(client.hub.journal.calls_after(0, limit=10, source="k")) == 1
    ((source, status, method, _, reason),) = refused(client)
    assert (source, status, method) == ("k", 400, "")
    assert "what follows the request before is not HTTP" in reason
    assert reason.endswith("is the Content-Length of 41 too small?")


async def test_a_body_in_a_segment_of_its_own_may_be_too_long(client: Any, exchange: Any) -> None:
    """As from clients that send head and body one after the other: the request is accepted."""
    head, _, body = GOOD.partition(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection(*client.address)
    writer.write(head + b"\r\n\r\n")
    await writer.drain()
    # The head was read when another connection is answered.
    await exchange(client, GOOD.replace(b"Host", b"Connection: close\r\nHost"))
    writer.write(body + b"}")
    assert (await reader.read()).count(b"HTTP/1.") == 2
    writer.close()
    assert len(client.hub.journal.calls_after(0, limit=10)) == 2
    ((source, *_, reason),) = refused(client)
    assert source == "k"
    assert 'Invalid method encountered: "}"' in reason


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            ("", 400, "", "", "TLS on the port for plain http: use http://, or the port of --tls"),
        ),
        (
            b"POST /v1/track?api_key=hidden HTTP/1.1\r\nContent-Length: x\r\n"
            b"Authorization: Basic %b\r\n\r\n" % BASIC,
            ("k", 400, "POST", "/v1/track", "Invalid character in Content-Length"),
        ),
        (
            b"POST /v1/t HTTP/1.1\r\nAuthorization: Basic %b\r\nX: %b\r\n\r\n"
            % (BASIC, b"hidden" * 20_000),
            ("k", 400, "POST", "/v1/t", "a line of the head is over 8190 bytes"),
        ),
        (
            b"GET /v1/projects/k/settings HTTP/9.9\r\nCookie: hidden\r\n\r\n",
            ("k", 400, "GET", "/v1/projects/k/settings", "Bad status line: Invalid HTTP version"),
        ),
    ],
)
async def test_a_request_that_is_not_valid_is_recorded_without_its_secrets(
    client: Any, exchange: Any, data: bytes, entry: tuple[object, ...]
) -> None:
    """In the source that its key names, with what can be read of it."""
    await exchange(client, data)
    assert refused(client) == [entry]
    async with client.get("/_mockseg/v1/requests") as answer:
        assert "hidden" not in await answer.text()


async def test_a_good_request_before_a_bad_head_is_not_lost(client: Any, exchange: Any) -> None:
    """Both are recorded, each with its own reason."""
    bad = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nB\0d: x\r\n\r\n"
    await exchange(client, GOOD + bad)
    first, second = refused(client)
    assert first[:4] == ("k", 400, "POST", "/v1/track")
    assert first[4] == "it came together with what is not HTTP: Invalid header token"
    assert second == ("k", 400, "POST", "/v1/batch", "Invalid header token")
