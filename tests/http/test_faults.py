"""Faults over real connections: what a client sees, and what is kept of it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import zlib
from typing import Any

import aiohttp
import pytest

from mockseg.operations.base import OfSource
from mockseg.operations.calls import ClearCalls, Settle
from mockseg.operations.faults import AskTruth, ClearFaults

V1 = "/_mockseg/v1"
CLOSED = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)


def message(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Make a track call of its own."""
    return {"userId": "u1", "event": "E", "messageId": f"m-{number}", **fields}


async def add(client, **fault):
    """Put a fault in force; give it."""
    answer = await client.post(f"{V1}/faults", json={"source": "k", **fault})
    body = await answer.json()
    assert answer.status == 201, body
    return body


async def send(client, body=None, *, path="/v1/track", key="k", **how):
    """Send a message; give status and body."""
    content = {"writeKey": key, **(body or message())}
    async with client.post(path, json=content, **how) as answer:
        return answer.status, await answer.read()


async def truth(client, source="k"):
    """Ask the fate of the messages of a source."""
    return await client.hub.perform("truth", AskTruth(source=source))


def calls(client, source="k"):
    """Give the calls of a source as readers see them."""
    return [call.view() for call in client.hub.journal.calls_after(0, limit=1000, source=source)]


def requests(client, source="k"):
    """Give the requests of a source."""
    return client.hub.journal.requests_after(0, limit=1000, source=source)


async def test_a_status_hits_so_many_requests_and_then_no_more(client):
    """Two answers of 503, then 200; one call is recorded, and it knows that it is the third."""
    await add(client, effect={"status": 503}, times=2)
    statuses = [(await send(client))[0] for _ in range(3)]
    assert statuses == [503, 503, 200]
    (call,) = calls(client)
    assert (call.verdict, call.good, call.request.attempt) == ("accepted", True, 3)
    kept = [(each.answer.status, each.fault and each.fault.words) for each in requests(client)]
    assert kept == [(503, "status 503"), (503, "status 503"), (200, None)]


async def test_once_is_the_default(client):
    """A fault that says no number hits one request."""
    await add(client, effect={"status": 500})
    assert [(await send(client))[0] for _ in range(2)] == [500, 200]


async def test_truth_counts_attempts_of_faulted_requests(client):
    """What was refused twice and stored then was delivered once, after three attempts."""
    await add(client, effect={"status": 503}, times=2)
    for _ in range(3):
        await send(client)
    told = await truth(client)
    (story,) = told.messages
    assert (story.fate, story.statuses) == ("delivered once", [503, 503, 200])
    assert [attempt.end for attempt in story.attempts] == ["unstored", "unstored", "accepted"]
    assert story.attempts[0].gap is None
    assert all(attempt.gap >= 0 for attempt in story.attempts[1:])
    assert told.summary == "1 call: 1 delivered once"


async def test_truth_sums_a_run_up_in_a_sentence(client):
    """Delivered, duplicated, lost with its statuses, never retried: each is counted."""
    await send(client, message(1))
    await add(client, match={"messageId": "m-2"}, effect={"reset": "after"})
    with pytest.raises(CLOSED):
        await send(client, message(2))
    await send(client, message(2))
    await add(client, match={"messageId": "m-3"}, effect={"status": 410}, times=3)
    for _ in range(3):
        await send(client, message(3))
    await add(client, match={"messageId": "m-4"}, effect={"status": 400})
    await send(client, message(4))
    await send(client, message(5, event=""))
    told = await truth(client)
    assert told.summary == (
        "5 calls: 1 delivered once, 1 duplicated by resend, 1 dropped,"
        " 1 lost after 3 attempts (410, 410, 410), 1 never retried (400)"
    )
    assert told.fates == {
        "delivered once": 1,
        "delivered twice": 1,
        "dropped": 1,
        "lost": 1,
        "never retried": 1,
    }


async def test_a_reset_before_storing_leaves_no_call(client):
    """The client sees its connection end, and nothing is recorded but the request."""
    await add(client, effect={"reset": "before"})
    with pytest.raises(CLOSED):
        await send(client)
    assert calls(client) == []
    (request,) = requests(client)
    assert (request.answer.status, request.fault.stored) == (0, False)


async def test_a_reset_after_storing_makes_the_resend_a_duplicate(client):
    """The client sees its connection end, sends again, and dedup saves the day."""
    await add(client, effect={"reset": "after"})
    with pytest.raises(CLOSED):
        await send(client)
    assert (await send(client))[0] == 200
    first, second = calls(client)
    assert (first.verdict, second.verdict, second.duplicate_of) == ("accepted", "dropped", first.id)
    (story,) = (await truth(client)).messages
    assert (story.fate, story.statuses) == ("delivered twice", [0, 200])


async def test_a_delay_lasts_as_long_as_the_clock_says(client):
    """The call is there at once, its answer when the clock has been moved on."""
    client.hub.clock.set(client.hub.clock.now_ns(), frozen=True)
    await add(client, effect={"delay": 120})
    sending = asyncio.create_task(send(client))
    await client.hub.bell.wait()
    assert (len(calls(client)), client.hub.faults.delays.count("k")) == (1, 1)
    client.hub.clock.advance(120)
    assert await sending == (200, b'{"success":true}')


@pytest.mark.parametrize("how", ["clear", "delete", "fault"])
async def test_a_reset_of_the_source_lets_go_what_is_delayed(client, how):
    """Clearing, deleting, and taking the fault away answer at once what was held back."""
    fault = await add(client, effect={"delay": 3600})
    sending = asyncio.create_task(send(client))
    await client.hub.bell.wait()
    if how == "clear":
        await client.hub.perform("clear_calls", ClearCalls(source="k"))
    elif how == "delete":
        await client.request("DELETE", f"{V1}/sources/k")
    else:
        await client.hub.perform("clear_faults", ClearFaults(id=fault["id"]))
    assert (await sending)[0] == 200
    assert client.hub.faults.delays.count() == 0


async def test_a_hang_ends_without_an_answer_when_the_source_is_cleared(client):
    """Nothing is answered and nothing stored, until somebody ends it."""
    await add(client, effect={"hang": True})
    sending = asyncio.create_task(send(client))
    await client.hub.bell.wait()
    await client.hub.perform("clear_calls", ClearCalls(source="k"))
    with pytest.raises(CLOSED):
        await sending


async def test_a_hang_does_not_hold_a_stopping_server(client):
    """The server stops while a request hangs; its client sees the connection end."""
    await add(client, effect={"hang": True})
    sending = asyncio.create_task(send(client))
    await client.hub.bell.wait()
    await client.runner.cleanup()
    with pytest.raises(CLOSED):
        await sending


async def test_settling_waits_for_what_is_delayed_there_and_not_elsewhere(client):
    """A source with a delayed answer is not settled, its neighbour is."""
    await add(client, effect={"delay": 3600})
    sending = asyncio.create_task(send(client))
    await client.hub.bell.wait()
    await client.hub.perform("settle", Settle(source="other", quiet=0, timeout=5))
    answer = await client.post(f"{V1}/settle", json={"source": "k", "quiet": 0, "timeout": 0})
    refusal = (await answer.json())["error"]
    assert (refusal["code"], refusal["details"]["delayed"]) == ("not_quiet", 1)
    settling = asyncio.create_task(
        client.hub.perform("settle", Settle(source="k", quiet=0, timeout=60))
    )
    client.hub.clock.advance(3600)
    await sending
    assert (await settling).cursor == 1


async def test_a_dribble_sends_the_body_byte_by_byte(client):
    """The head comes, then each byte when the clock says so; all of it is there in the end."""
    client.hub.clock.set(client.hub.clock.now_ns(), frozen=True)
    await add(client, effect={"dribble": 30})
    async with client.post("/v1/track", json={"writeKey": "k", **message()}) as answer:
        got = b""
        for _ in b'{"success":true}':
            client.hub.clock.advance(30)
            got += await answer.content.readexactly(1)
        assert (answer.status, got) == (200, b'{"success":true}')


async def test_a_dribble_that_is_let_go_sends_the_rest_at_once(client):
    """Clearing the source ends it with a whole answer."""
    await add(client, effect={"dribble": 60})
    async with client.post("/v1/track", json={"writeKey": "k", **message()}) as answer:
        await client.hub.perform("clear_calls", ClearCalls(source="k"))
        assert await answer.json() == {"success": True}


@pytest.mark.parametrize(
    ("part", "begins"), [("head", b"HTTP/1.1 200 OK\r\nContent-Type: applica"), ("body", b"HTTP/")]
)
async def test_a_connection_closed_in_the_middle_of_the_answer(client, exchange, part, begins):
    """What was stored was stored; the client gets half a head, or half a body."""
    await add(client, effect={"close": part})
    content = json.dumps({"writeKey": "k", **message()}).encode()
    head = f"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
    got = await exchange(client, head.encode() + content)
    assert got.startswith(begins)
    if part == "body":
        sent_head, _, body = got.partition(b"\r\n\r\n")
        assert b"Content-Length: 16" in sent_head
        assert body == b'{"succes'
    assert len(calls(client)) == 1


@pytest.mark.parametrize(
    ("effect", "content_type", "body"),
    [
        ({"status": 400, "body": "text"}, "text/plain", b"Bad Request\n"),
        ({"status": 400, "body": "empty"}, "application/json", b""),
        ({"status": 429, "body": {"json": {"a": [1]}}}, "application/json", b'{"a":[1]}'),
        ({"status": 429, "body": {"text": "wait"}}, "text/plain", b"wait"),
        ({"body": "truncated"}, "application/json", b'{"succes'),
        ({"status": 204}, "application/json", b""),
        ({"status": 201}, "application/json", b'{"success":true}'),
    ],
)
async def test_bodies_are_of_the_kind_that_was_asked_for(client, effect, content_type, body):
    """Text, empty, cut off, or exactly what was given."""
    await add(client, effect=effect)
    async with client.post("/v1/track", json={"writeKey": "k", **message()}) as answer:
        assert (answer.status, await answer.read()) == (effect.get("status", 200), body)
        assert answer.content_type == content_type


async def test_an_error_body_has_what_every_sdk_insists_on(client):
    """The default body of an error is an object with success, code, message and error."""
    await add(client, effect={"status": 460})
    status, body = await send(client)
    assert (status, sorted(json.loads(body))) == (460, ["code", "error", "message", "success"])


async def test_garbage_and_html_are_no_json(client):
    """A body of garbage says that it is JSON; a proxy's page is HTML."""
    await add(client, effect={"body": "garbage"})
    await add(client, effect={"status": 502, "body": "html"})
    _, garbage = await send(client)
    with pytest.raises(ValueError):
        json.loads(garbage)
    assert (await send(client))[1].startswith(b"<html>")


async def test_headers_are_numbers_texts_moments_or_missing(client):
    """Retry-After as seconds and as a date, X-RateLimit-Reset, and a header that is not there."""
    client.hub.clock.set(1_770_000_000_000_000_000, frozen=True)
    headers = {
        "X-RateLimit-Reset": {"after": 3, "form": "epoch-milliseconds"},
        "X-Seconds": {"after": 3, "form": "epoch-seconds"},
        "Retry-After": {"after": 2},
        "X-Text": "a b",
        "Content-Type": None,
    }
    await add(client, effect={"status": 429, "headers": headers})
    await add(client, effect={"status": 429, "retryAfter": 0})
    async with client.post("/v1/track", json={"writeKey": "k", **message()}) as answer:
        assert answer.headers["X-RateLimit-Reset"] == "1770000003000"
        assert answer.headers["X-Seconds"] == "1770000003"
        assert answer.headers["Retry-After"] == "Mon, 02 Feb 2026 02:40:02 GMT"
        assert answer.headers["X-Text"] == "a b"
    async with client.post("/v1/track", json={"writeKey": "k", **message()}) as answer:
        assert answer.headers["Retry-After"] == "0"


@pytest.mark.parametrize(("kind", "trouble"), [("corrupt", zlib.error), ("truncated", EOFError)])
async def test_bad_gzip_cannot_be_inflated(client, exchange, kind, trouble):
    """The answer says gzip, and what follows is none or ends too early."""
    await add(client, effect={"badGzip": kind})
    content = json.dumps({"writeKey": "k", **message()}).encode()
    head = (
        "POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    got = await exchange(client, head.encode() + content)
    sent_head, _, body = got.partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in sent_head
    with pytest.raises(trouble):
        gzip.decompress(body)
    assert len(calls(client)) == 1


async def test_a_page_of_another_origin_may_read_the_fault(client):
    """A browser has to see the status and Retry-After, or it takes them for a network error."""
    await add(client, effect={"status": 429, "retryAfter": 1})
    headers = {"Origin": "https://app.example"}
    async with client.post("/v1/t", json={"writeKey": "k", **message()}, headers=headers) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_pixel_is_broken_too(client):
    """A GET of the pixel gets the fault's answer, and the usual picture after it."""
    await add(client, effect={"status": 503})
    path = "/v1/pixel/track?writeKey=k&userId=u&event=E"
    assert [(await client.get(path)).status for _ in range(2)] == [503, 200]
    assert len(calls(client)) == 1


async def test_stored_all_the_same_and_lost_all_the_same(client):
    """A 500 may have stored the calls, and a 200 may not."""
    await add(client, effect={"status": 500, "store": True})
    await add(client, effect={"status": 200, "store": False})
    assert [(await send(client, message(n)))[0] for n in (1, 2)] == [500, 200]
    assert [call.message_id for call in calls(client)] == ["m-1"]
    fates = {story.message_id: story.fate for story in (await truth(client)).messages}
    assert fates == {"m-1": "delivered once", "m-2": "never retried"}


async def test_a_faulted_refusal_ends_no_wait(client):
    """A wait goes on through the faults and ends with the call that came through."""
    await add(client, effect={"status": 400}, times=2)
    waiting = asyncio.create_task(
        client.post(
            f"{V1}/calls/wait", json={"match": {"source": "k", "event": "E"}, "timeout": 60}
        )
    )
    for _ in range(3):
        await send(client)
    answer = await waiting
    assert (answer.status, len((await answer.json())["calls"])) == (200, 1)


async def test_without_faults_nothing_is_armed(client):
    """The data plane looks at one attribute, which is False again when the last fault goes."""
    assert client.hub.faults.armed is False
    fault = await add(client, effect={"status": 503})
    assert client.hub.faults.armed is True
    await client.request("DELETE", f"{V1}/faults?id={fault['id']}")
    assert client.hub.faults.armed is False
    assert (await client.hub.perform("list_faults", OfSource())).faults == []


async def test_a_hang_ends_when_its_client_goes_away(client):
    """Nothing is held for a client that has given up."""
    await add(client, effect={"hang": True})
    sending = asyncio.create_task(send(client))
    await client.hub.bell.wait()
    assert client.hub.faults.delays.count("k") == 1
    sending.cancel()
    while client.hub.faults.delays.count("k"):
        await client.hub.bell.wait()
    settled = await client.hub.perform("settle", Settle(source="k", quiet=0, timeout=60))
    assert settled.cursor == 0


async def test_many_held_requests_are_let_go_at_once(client):
    """A hundred delayed answers of two sources: clearing one leaves the other's alone."""
    await add(client, source=None, effect={"delay": 3600}, times="unlimited")
    sending = {
        key: [asyncio.create_task(send(client, message(n), key=key)) for n in range(50)]
        for key in ("k", "other")
    }
    while client.hub.faults.delays.count() < 100:
        await client.hub.bell.wait()
    await client.hub.perform("clear_calls", ClearCalls(source="k"))
    assert {status for status, _ in await asyncio.gather(*sending["k"])} == {200}
    assert client.hub.faults.delays.count("other") == 50
    await client.hub.perform("clear_faults", ClearFaults(all=True))
    assert {status for status, _ in await asyncio.gather(*sending["other"])} == {200}


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": {"status": 503}, "times": 3},
        {"effect": {"status": 503}, "match": {"event": "E2"}, "times": "unlimited"},
        {"effect": {"status": 503}, "match": {"every": 3}},
        {"effect": {"status": 503}, "match": {"attempt": 2}},
        {"effect": {"status": 503}, "match": {"where": "properties.n >= 4"}, "times": 2},
        {"effect": {"status": 503}, "match": {"route": "/v1/page"}, "times": 2},
        {"effect": {"status": 503}, "probability": 0.5},
        {"scenario": "flaky-network"},
    ],
    ids=str,
)
async def test_a_preview_hits_what_the_fault_hits(client, fault):
    """The same requests of a source are hit as if the fault had been there, and none is added."""

    async def send_all(key):
        hit = []
        for number in range(12):
            type_ = "page" if number % 4 == 3 else "track"
            body = {"event": f"E{number % 3}", "properties": {"n": number}, "userId": "u1"}
            body |= {"messageId": f"{key}-{number % 10}", "name": "N"}
            with contextlib.suppress(*CLOSED):
                await send(client, body, path=f"/v1/{type_}", key=key)
            (newest,) = client.hub.journal.requests_before(None, limit=1, source=key)
            hit += [number] if newest.fault else []
        return hit

    await send_all("before")
    first = client.hub.journal.requests_after(0, limit=1, source="before")[0].number
    answer = await client.post(f"{V1}/faults/dry", json={"source": "before", **fault})
    preview = await answer.json()
    assert answer.status == 200, preview
    assert len(client.hub.faults) == 0
    await add(client, source="after", **fault)
    hit = [f"req-{first + number}" for number in await send_all("after")]
    assert preview["requests"] == hit[::-1]
    assert (preview["lookedAt"], preview["fired"]) == (12, len(hit))
    assert sum(rule["fired"] for rule in preview["rules"]) == len(hit) > 0


async def test_a_preview_reads_what_was_not_stored(client):
    """A request that a fault hit has no calls: its messages are read again."""
    await add(client, effect={"status": 503}, times=2)
    for event in ("E", "F"):
        await send(client, message(event=event))
    asked = {"source": "k", "effect": {"status": 500}, "match": {"event": "F"}}
    preview = await (await client.post(f"{V1}/faults/dry", json=asked)).json()
    assert preview["requests"] == ["req-2"]
    assert preview["sentence"] == 'Of source "k": the next request with event F: status 500'


async def test_a_preview_says_why_a_fault_cannot_be(client):
    """With the words of a fault that is added; requests of mockseg's own are not looked at."""
    answer = await client.post(f"{V1}/faults/dry", json={"effect": {"status": 99}})
    assert answer.status == 422
    call = {"source": "k", "message": {"type": "track", "event": "E", "userId": "u"}}
    async with client.post(f"{V1}/calls/import", json={"calls": [call]}) as imported:
        assert imported.status == 200
    asked = {"effect": {"status": 503}, "times": "unlimited"}
    preview = await (await client.post(f"{V1}/faults/dry", json=asked)).json()
    assert (preview["lookedAt"], preview["fired"]) == (0, 0)
    assert preview["sentence"] == "Of each source: every request: status 503"
