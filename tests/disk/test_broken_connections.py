"""Clients whose connections break anywhere: what was answered is kept once, and nothing is half."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import msgspec
import pytest
from journal_files import copy_of_killed, found_in, perform

from mockseg.config import Settings
from mockseg.journal.window import DedupWindow
from mockseg.server import serve

if TYPE_CHECKING:
    from pathlib import Path

_SEED = 20261130
_CLIENTS = 6
_BATCHES = 12
_CALLS = 3


class _Break(NamedTuple):
    """What a connection lets through before it breaks.

    Attributes:
        request: share of the request's bytes, from 0 to 1.
        answer: likewise.
        slice_bytes: how many bytes of the request go on at once.
    """

    request: float
    answer: float
    slice_bytes: int


def _breaks(chance):
    """Yield how each connection breaks; about one in three does not."""
    while True:
        kind = chance.randrange(4)
        slice_bytes = chance.choice([1, 7, 100_000])
        if kind == 0:
            yield _Break(chance.random(), 0, slice_bytes)
        elif kind == 1:
            # The request came whole, its answer not, or in part.
            yield _Break(1, chance.choice([0, chance.random()]), slice_bytes)
        else:
            yield _Break(1, 1, slice_bytes)


class _Proxy:
    """Between a client and a server; each connection has one request, and breaks as it is told."""

    def __init__(self, host, port, breaks):
        self._place = (host, port)
        self._breaks = breaks

    async def connected(self, reader, writer):
        """Serve one connection."""
        how = next(self._breaks)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = await _read_request(reader)
            ahead, behind = await asyncio.open_connection(*self._place)
            try:
                passed = request[: int(len(request) * how.request)]
                for place in range(0, len(passed), how.slice_bytes):
                    behind.write(passed[place : place + how.slice_bytes])
                    await behind.drain()
                if how.request == 1 and how.answer:
                    answer = await ahead.read()
                    writer.write(answer[: int(len(answer) * how.answer)])
                    await writer.drain()
            finally:
                behind.transport.abort()
        if how.answer == 1:
            writer.close()
        else:
            writer.transport.abort()


async def _read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    return head + await reader.readexactly(length)


async def _post(port, body):
    """Return whether a request is answered with 200, whole."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(
                b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
            answer = await reader.read()
            return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b'{"success":true}')
        finally:
            writer.close()
    return False


async def _client(port, name):
    """Send batches as SDKs do: again and again until each is answered; return how often."""
    attempts = {}
    for number in range(_BATCHES):
        batch = f"{name}-{number}"
        calls = [
            {"type": "track", "event": "E", "userId": "u", "messageId": f"{batch}.{place}"}
            for place in range(_CALLS)
        ]
        body = msgspec.json.encode({"writeKey": "k", "batch": calls})
        attempts[batch] = 1
        while not await _post(port, body):
            attempts[batch] += 1
    return attempts


async def _broken_connections(file: Path) -> None:
    """Send through connections that break, and compare what was answered with what is kept."""
    breaks = _breaks(random.Random(_SEED))
    async with serve(Settings(port=0, journal=str(file))) as running:
        place = urlsplit(running.url)
        proxy = _Proxy(place.hostname, place.port, breaks)
        async with await asyncio.start_server(proxy.connected, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            clients = await asyncio.gather(
                *(_client(port, f"c{number}") for number in range(_CLIENTS))
            )
            await perform(running.hub, "settle", source="k", quiet=0, timeout=60)
        journal = running.hub.journal
        calls = journal.calls_after(0, limit=10**6)
        requests = journal.requests_after(0, limit=10**6)
        copy = await asyncio.to_thread(copy_of_killed, file, file.parent / f"{file.name}.killed")
    attempts = {name: times for each in clients for name, times in each.items()}
    assert sum(attempts.values()) > len(attempts)
    accepted = [call.message_id for call in calls if call.verdict == "accepted"]
    # Answered is kept, exactly once; what came again is a duplicate.
    assert sorted(accepted) == sorted(
        f"{name}.{place}" for name in attempts for place in range(_CALLS)
    )
    assert all(call.good or call.is_duplicate for call in calls)
    # A request is there with all of its calls, in their order, or with none.
    stored: dict[int, list[str]] = {}
    for call in calls:
        stored.setdefault(call.request.number, []).append(call.message_id)
    for request in requests:
        theirs = stored.get(request.number, [])
        assert request.calls == len(theirs)
        if theirs:
            batch = theirs[0].partition(".")[0]
            assert theirs == [f"{batch}.{place}" for place in range(_CALLS)]
    # And so it is in the file, as a kill would leave it.
    assert await asyncio.to_thread(found_in, copy) == [call.message_id for call in calls]


async def test_what_was_answered_over_connections_that_break_is_kept_once(tmp_path):
    """Requests and answers cut anywhere, in slices of a byte: retries are duplicates."""
    await _broken_connections(tmp_path / "journal.db")


async def test_a_server_that_does_not_know_retries_is_found_out(tmp_path, monkeypatch):
    """A naive one that takes each messageId for new keeps what was sent again twice."""
    monkeypatch.setattr(DedupWindow, "first", lambda *_: 0)
    monkeypatch.setattr(DedupWindow, "take_in", lambda *_: True)
    with pytest.raises(AssertionError):
        await _broken_connections(tmp_path / "journal.db")
