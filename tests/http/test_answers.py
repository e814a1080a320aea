"""Bodies that are compressed, chunked, cut short or too large, and what they are answered."""

from __future__ import annotations

import gzip
import io
import json
import zlib

import pytest

from mockseg.clock import breathe

GOOD = {"userId": "u1", "event": "E", "writeKey": "k"}
BODY = json.dumps(GOOD).encode()
GZIP = {"Content-Encoding": "gzip"}


def calls(client):
    """Give all calls as readers see them."""
    return [call.view() for call in client.hub.journal.calls_after(0, limit=1000)]


def last_request(client):
    """Give the request recorded last."""
    return client.hub.journal.requests_after(0, limit=1000)[-1]


async def refusal(client, data, headers, path="/v1/track"):
    """Send a body that is refused with the edge's few words; give the reason that is recorded."""
    async with client.post(path, data=data, headers=headers) as answer:
        said = await answer.json()
        assert (answer.status, said["success"], said["code"]) == (400, False, "invalid_request")
    request = last_request(client)
    assert (request.answer.status, request.calls) == (400, 0)
    reason = request.reason.description
    if request.reason.code == "payload_too_large":
        assert said["message"] == "Exceed payload limit"
    elif reason.startswith("Malformed gzip content"):
        assert said["message"] == "Malformed gzip content"
    else:
        assert said["message"] == "malformed JSON"
    return reason


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip ", "x-gzip"])
async def test_gzip_is_inflated(client, encoding):
    """Whatever its case and spaces; the journal has the inflated body and both sizes."""
    sent = gzip.compress(BODY)
    async with client.post(
        "/v1/track", data=sent, headers={"Content-Encoding": encoding}
    ) as answer:
        assert answer.status == 200
    (call,) = calls(client)
    assert call.verdict == "accepted"
    request = last_request(client)
    assert (request.body, request.sent_bytes) == (BODY, len(sent))


async def test_gzip_of_several_members_is_one_body(client):
    """A stream may be made of parts, as the format allows."""
    sent = b"".join(gzip.compress(part) for part in (BODY[:5], b"", BODY[5:]))
    async with client.post("/v1/track", data=sent, headers=GZIP) as answer:
        assert answer.status == 200
    assert last_request(client).body == BODY


async def test_very_many_members_are_refused(client):
    """Each costs a copy of the rest: a hundred thousand of them would stop the server."""
    sent = io.BytesIO(gzip.compress(b"") * 100_000)
    assert "members" in await refusal(client, sent, GZIP)


@pytest.mark.parametrize("cut", [1, 5, 8, 9, 20])
async def test_truncated_gzip_is_not_taken_for_whole(client, cut):
    """What is missing at the end is told; the bytes as sent are kept."""
    sent = gzip.compress(BODY)[:-cut]
    assert "truncated" in await refusal(client, sent, GZIP)
    assert last_request(client).body == sent


@pytest.mark.parametrize(
    "sent",
    [BODY, b"\x1f\x8b", b"\x00" * 50, zlib.compress(BODY), gzip.compress(BODY) + b"rest"],
    ids=["plain", "start", "zeros", "deflate", "followed"],
)
async def test_what_is_no_gzip_is_refused(client, sent):
    """It says so; nothing is guessed."""
    assert "Malformed gzip content" in await refusal(client, sent, GZIP)


async def test_a_wrong_checksum_is_refused(client):
    """A stream that inflates to other bytes than were compressed is broken."""
    sent = bytearray(gzip.compress(BODY))
    sent[-6] ^= 0xFF
    assert "Malformed gzip content" in await refusal(client, bytes(sent), GZIP)


async def test_an_empty_body_is_no_message(client):
    """With and without a content encoding."""
    for headers in (GZIP, {}):
        await refusal(client, b"", headers)


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
async def test_a_bomb_is_inflated_to_the_bound_only(client, path):
    """A small body that would become large is refused; what is kept is bounded."""
    sent = gzip.compress(b" " * 200_000_000, compresslevel=1)
    assert len(sent) < 1_500_000
    message = await refusal(client, sent, GZIP, path)
    assert "payload is over" in message
    assert len(last_request(client).body) <= 2 * 1024 * 1024


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "x" * 500, "compress"])
async def test_other_encodings_are_refused(client, encoding):
    """The recorded reason names the encoding and what is allowed."""
    message = await refusal(client, BODY, {"Content-Encoding": encoding})
    assert encoding[:40] in message
    assert "gzip" in message


async def test_identity_is_no_encoding(client):
    """A client may say that it did nothing."""
    async with client.post(
        "/v1/track", data=BODY, headers={"Content-Encoding": "identity"}
    ) as answer:
        assert answer.status == 200


async def test_limits_hold_after_inflation(client):
    """A small gzip of a large call is as large as the call."""
    message = GOOD | {"properties": {"x": "x" * 40_000}}
    sent = gzip.compress(json.dumps(message).encode())
    async with client.post("/v1/track", data=sent, headers=GZIP) as answer:
        assert answer.status == 400
        assert (await answer.json())["message"] == "Exceed payload limit"
    assert [call.verdict for call in calls(client)] == ["rejected"]


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_body_without_a_length_is_read(client, compressed):
    """Kotlin and Android send chunks."""
    sent = gzip.compress(BODY) if compressed else BODY

    async def chunks():
        for start in range(0, len(sent), 7):
            yield sent[start : start + 7]
            await breathe()

    async with client.post(
        "/v1/track", data=chunks(), headers=GZIP if compressed else {}
    ) as answer:
        assert answer.status == 200
    assert last_request(client).body == BODY
    assert last_request(client).sent_bytes == len(sent)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_huge_body_is_not_read_to_its_end(client, chunked):
    """Over the bound reading stops, the answer comes, and the connection is not used again."""
    size = 5_000_000

    async def chunks():
        for _ in range(size // 100_000):
            yield b"x" * 100_000

    body = chunks() if chunked else io.BytesIO(b"x" * size)
    try:
        async with client.post("/v1/batch", data=body) as answer:
            assert answer.status == 400
    except ConnectionError:
        # A client that only writes may find the connection closed before it reads.
        pass
    request = last_request(client)
    assert request.reason.code == "payload_too_large"
    assert len(request.body) <= 2 * 1024 * 1024


async def test_a_body_that_stays_away_is_answered(client, exchange, monkeypatch):
    """A client that promised more than it sends gets its 400, and what came is kept."""
    monkeypatch.setattr("mockseg.web.bodies.BODY_SECONDS", 0.01)
    head = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    answer = await exchange(client, head + b'{"a"')
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer
    request = last_request(client)
    assert (request.body, request.sent_bytes) == (b'{"a"', 4)
    assert "did not arrive" in request.reason.description


async def test_a_client_that_hangs_up_in_the_middle_is_recorded(client, exchange):
    """What came of its body is kept with the reason; nobody is there for an answer."""
    head = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    assert await exchange(client, head + BODY, hang_up=True) == b""
    await client.hub.perform("settle", _settle())
    request = last_request(client)
    assert request.body == BODY
    assert "went away" in request.reason.description
    assert calls(client) == []


async def test_a_client_that_hangs_up_after_sending_has_sent(client, exchange):
    """A whole request counts, whether its sender waits for the answer or not."""
    head = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    await exchange(client, head + BODY, hang_up=True)
    await client.hub.perform("settle", _settle())
    assert [call.verdict for call in calls(client)] == ["accepted"]


def _settle():
    from mockseg.operations.calls import Settle

    return Settle(quiet=0.05)


async def test_a_text_answer_is_there_over_http_too(open_client):
    """Segment's plain body has a plain type."""
    client = await open_client(error_body="text")
    async with client.post("/v1/track", data=b"{") as answer:
        assert (answer.status, await answer.text()) == (400, "Bad Request\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_unknown_keys_are_401_when_known_ones_are_given(open_client):
    """Over HTTP, from the header as from the body."""
    client = await open_client(known_write_keys=("k",))
    for body, status in ((GOOD, 200), (GOOD | {"writeKey": "typo"}, 401), ({}, 400)):
        async with client.post("/v1/track", json=body) as answer:
            assert answer.status == status
