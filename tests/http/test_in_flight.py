"""Requests that do not end: whose settling waits for them, over real connections."""

from __future__ import annotations

import asyncio
import base64

import pytest

V1 = "/_mockseg/v1"


@pytest.fixture
async def stuck(client):
    """Give a function that sends the head of a request and half of its body."""
    writers = []

    async def send(key="", *, body=b'{"writeKey":"k",', path="/v1/track"):
        reader, writer = await asyncio.open_connection(*client.address)
        writers.append(writer)
        basic = base64.b64encode(f"{key}:".encode()).decode()
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Length: 500"]
        lines += ["Expect: 100-continue"]
        lines += [f"Authorization: Basic {basic}"] if key else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        # Now the server reads the body.
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        writer.write(body)
        return writer

    yield send
    for writer in writers:
        writer.close()


async def settled(client, **asked):
    """Settle over HTTP; give the answer's status and its refusal or None."""
    answer = await client.post(f"{V1}/settle", json=asked)
    return answer.status, (await answer.json()).get("error")


async def test_a_stuck_request_holds_its_own_source_only(client, stuck):
    """The key in its Authorization header says whose it is before the body comes."""
    await stuck("k")
    assert (await settled(client, source="other", quiet=0, timeout=0))[0] == 200
    status, refusal = await settled(client, source="k", quiet=0, timeout=0)
    assert (status, refusal["details"]["inFlight"]) == (406, 1)
    assert "1 request of this source in flight, nothing has come yet" in refusal["message"]
    assert (await settled(client, quiet=0, timeout=0))[0] == 406


async def test_a_stuck_request_without_a_key_may_be_any_sources(client, stuck):
    """Its key would come with its body: it is waited for at first."""
    await stuck(path="/v1/batch")
    status, refusal = await settled(client, source="k", quiet=0, timeout=0)
    assert (status, refusal["details"]["inFlight"]) == (406, 1)
    assert "1 request in flight with no write key yet" in refusal["message"]


async def test_a_stuck_request_without_a_key_holds_no_source_for_long(client, stuck, monkeypatch):
    """No source waits for ever for what may never be its own."""
    monkeypatch.setattr("mockseg.hub.in_flight.UNKNOWN_KEY_SECONDS", 0.05)
    await stuck(path="/v1/batch")
    assert (await settled(client, source="k", quiet=0, timeout=60))[0] == 200
    assert (await settled(client, quiet=0, timeout=0))[0] == 406


async def test_a_request_that_is_given_up_is_no_longer_in_flight(client, stuck):
    """A client that hangs up lets its source settle; what it sent is recorded as refused."""
    writer = await stuck("k")
    settling = asyncio.create_task(settled(client, source="k", quiet=0, timeout=60))
    writer.close()
    assert (await settling)[0] == 200
    (request,) = client.hub.journal.requests_after(0, limit=9, source="k")
    assert request.answer.status == 400


async def test_a_request_to_a_vendor_belongs_to_the_source_of_its_destination(client, stuck):
    """The path names the destination."""
    asked = {"type": "userengage", "source": "k"}
    answer = await client.post(f"{V1}/destinations", json=asked)
    path = (await answer.json())["path"]
    await stuck(path=f"{path}/segment", body=b"{")
    assert (await settled(client, source="other", quiet=0, timeout=0))[0] == 200
    assert (await settled(client, source="k", quiet=0, timeout=0))[0] == 406
