"""Both kinds of client: the same verbs, and many threads and waits at once."""

from __future__ import annotations

import asyncio
import http.client
import inspect
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg.client.async_source import AsyncSource
from mockseg.client.client import AsyncClient, AsyncServer, Client, Server
from mockseg.client.source import Source
from mockseg.errors import UnreachableError
from mockseg.matching.matchers import any_call, track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def send(url: str, key: str, *messages: dict[str, Any], path: str = "/v1/batch") -> int:
    """Send a batch as any SDK would; give the status."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port)
    try:
        body = json.dumps({"writeKey": key, "batch": messages})
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def event(name: str, **fields: Any) -> dict[str, Any]:
    """Give a track message."""
    return {"type": "track", "event": name, "userId": "u1", **fields}


@pytest.fixture(scope="module")
def segment_server() -> Iterator[MockSegment]:
    """Give one server for all tests of this module; each takes its own source."""
    with MockSegment(max_calls=10_000) as server:
        yield server


def test_both_kinds_have_the_same_verbs() -> None:
    """What a thread can ask an event loop can ask, with the same arguments and defaults."""
    for sync, awaitable in ((Source, AsyncSource), (Server, AsyncServer)):
        for name, function in vars(sync).items():
            if not inspect.isfunction(function) or name.startswith("_"):
                continue
            twin = getattr(awaitable, name)
            mine, other = (inspect.signature(each) for each in (function, twin))
            assert list(mine.parameters.values()) == list(other.parameters.values()), name


def test_a_client_may_be_unreachable() -> None:
    """Nobody there is one sentence that names the address, in both kinds."""
    with MockSegment() as server:
        url = server.url
    with pytest.raises(UnreachableError, match=url), Client(url) as client:
        client.summary()

    async def ask() -> None:
        async with AsyncClient(url) as client:
            await client.summary()

    with pytest.raises(UnreachableError, match=url):
        asyncio.run(ask())


def test_two_hundred_waits_at_once_lose_no_wake_up(segment_server: MockSegment) -> None:
    """Each of two hundred open waits hears of its own call, over HTTP and in process."""
    source = segment_server.source()
    count = 200

    async def wait_all(verbs: AsyncSource, prefix: str) -> list[Any]:
        waits = [
            asyncio.create_task(verbs.wait_for(track(f"{prefix} {n}"), timeout=60))
            for n in range(count)
        ]
        # All have been asked when the loop has come round; the calls come one by one.
        await asyncio.to_thread(send_all, prefix)
        return await asyncio.gather(*waits)

    def send_all(prefix: str) -> None:
        for start in range(0, count, 10):
            batch = [event(f"{prefix} {n}") for n in range(start, start + 10)]
            send(source.url, source.write_key, *batch)

    async def both() -> None:
        async with AsyncClient(source.url) as client:
            remote = await client.source(source.write_key)
            for verbs, prefix in ((source.aio, "process"), (remote, "http")):
                calls = await wait_all(verbs, prefix)
                assert [call.event for call in calls] == [f"{prefix} {n}" for n in range(count)]

    asyncio.run(both())


def test_threads_share_a_client(segment_server: MockSegment) -> None:
    """Thirty threads ask through one client, each gets its own answer."""
    found: dict[int, str] = {}
    with Client(segment_server.url) as client:

        def ask(number: int) -> None:
            source = client.source()
            send(source.url, source.write_key, event(f"T{number}"))
            found[number] = str(source.assert_called(any_call()).event)

        run_threads(ask, 30)
    assert found == {number: f"T{number}" for number in range(30)}


def run_threads(work: Callable[[int], None], count: int) -> None:
    """Run the work in so many threads and wait for all."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
