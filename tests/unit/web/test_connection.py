"""Connections without sockets, in time that jumps: heads that never end, and bytes in any cut."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockseg.clock import breathe
from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.web.app import Runner, make_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

HEAD = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
BODY = b'{"writeKey":"k","userId":"u","event":"E"}'
GOOD = HEAD % len(BODY) + BODY


class Wire(asyncio.Transport):
    """Takes what is answered, and notes when it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.sent += data

    def close(self) -> None:
        """Note when."""
        if not self.closed.done():
            self.closed.set_result(asyncio.get_running_loop().time())

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self.closed.done()

    def pause_reading(self) -> None:
        """Do nothing: bytes come as the test has it."""

    def resume_reading(self) -> None:
        """Do nothing."""


class Opened:
    """A server and one connection with it."""

    def __init__(self, hub: Hub, connection: web.RequestHandler, wire: Wire) -> None:
        self.hub = hub
        self.connection = connection
        self.wire = wire

    def receive(self, data: bytes) -> None:
        """Let bytes arrive."""
        self.connection.data_received(data)

    @property
    def refused(self) -> list[tuple[str, int, str, str, str]]:
        """Return source, status, method, path and reason of each refused request."""
        return [
            (one.source, one.answer.status, one.method, one.path, one.reason.description)
            for one in self.hub.journal.requests_after(0, limit=100)
            if one.reason is not None
        ]


async def opened(**options: Any) -> tuple[Opened, Runner]:
    """Open a connection to a server with these settings."""
    hub = Hub(Settings(seed=1, **options))
    runner = Runner(make_app(hub), shutdown_timeout=0.01)
    await runner.setup()
    assert runner.server is not None
    connection, wire = runner.server(), Wire()
    connection.connection_made(wire)
    return Opened(hub, connection, wire), runner


@pytest.fixture
def connected(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return what runs a coroutine function with a connection, in time that jumps."""

    def run_with(body: Callable[[Opened], Any], **options: Any) -> Any:
        async def whole() -> Any:
            one, runner = await opened(**options)
            try:
                return await body(one)
            finally:
                one.connection.connection_lost(None)
                await runner.cleanup()

        return run(whole())

    return run_with


def test_a_head_that_never_ends_is_refused_in_time(connected: Callable[..., Any]) -> None:
    """408 after `header_timeout`, and it is recorded with what is known of it."""

    async def body(one: Opened) -> None:
        started = asyncio.get_running_loop().time()
        one.receive(b"POST /v1/track?token=hidden HTTP/1.1\r\nAuthorization: Basic azo=\r\nX-")
        ended = await one.wire.closed
        assert 30 <= ended - started < 33
        assert one.wire.sent.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert json.loads(one.wire.sent.split(b"\r\n\r\n")[1])["success"] is False
        reason = "the head of the request did not arrive within 30 s"
        assert one.refused == [("k", 408, "POST", "/v1/track", reason)]
        assert one.hub.journal.requests_after(0, limit=1)[0].query == "token=[redacted]"

    connected(body)


def test_bytes_that_keep_coming_do_not_help(connected: Callable[..., Any]) -> None:
    """The time counts from the first byte; the setting says how long it is."""

    async def body(one: Opened) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()

        def drip() -> None:
            if not one.wire.is_closing():
                one.receive(b"x")
                loop.call_later(0.5, drip)

        one.receive(b"POST / HTTP/1.1\r\nX: ")
        drip()
        assert 5 <= await one.wire.closed - started < 8

    connected(body, header_timeout=5)


def test_a_second_head_has_its_own_time(connected: Callable[..., Any]) -> None:
    """Also on a connection that was used before, and in as many segments as it likes."""

    async def body(one: Opened) -> None:
        loop = asyncio.get_running_loop()
        one.receive(GOOD)
        loop.call_later(20, one.receive, GOOD[:10])
        loop.call_later(40, one.receive, GOOD[10:-5])
        loop.call_later(60, one.receive, GOOD[-5:])
        loop.call_later(70, one.receive, GOOD[:-50])
        started = loop.time()
        ended = await one.wire.closed
        assert 100 <= ended - started < 103
        assert one.wire.sent.count(b"HTTP/1.1 200 OK") == 2
        assert len(one.hub.journal.calls_after(0, limit=10)) == 2

    connected(body)


def test_an_idle_connection_is_kept_longer(connected: Callable[..., Any]) -> None:
    """Nothing, a request that was answered, and empty lines are no head that is late."""

    async def body(one: Opened) -> None:
        loop = asyncio.get_running_loop()
        one.receive(GOOD)
        loop.call_later(1, one.receive, b"\r\n")
        loop.call_later(60, one.receive, GOOD)
        ended: asyncio.Future[bool] = loop.create_future()
        loop.call_later(61, ended.set_result, one.wire.is_closing())
        assert await ended is False
        assert (
            one.wire.sent.count(b"HTTP/1.1 200 OK") == 1
            or len(one.hub.journal.calls_after(0, limit=10)) == 2
        )

    connected(body, header_timeout=5)


def test_a_client_that_goes_away_before_its_head_is_whole_is_recorded(
    connected: Callable[..., Any],
) -> None:
    """If it had begun a request at all."""

    async def body(one: Opened) -> None:
        one.receive(b"GET /v1/projects/k/set")
        one.connection.connection_lost(None)
        reason = "the client went away before the head of the request was whole"
        assert one.refused == [("k", 400, "GET", "/v1/projects/k/set", reason)]

    connected(body)

    async def no_request(one: Opened) -> None:
        one.receive(b"\r\n")
        one.connection.connection_lost(None)
        assert one.refused == []

    connected(no_request)


@settings(max_examples=100, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 3 * len(GOOD)), max_size=6),
    garbage=st.booleans(),
    turns=st.integers(0, 4),
)
@example(cuts=[len(GOOD) + len(HEAD) - 1], garbage=True, turns=2)
@example(cuts=[len(GOOD) + HEAD.index(b"Host"), 2 * len(GOOD)], garbage=True, turns=2)
def test_requests_may_be_cut_anywhere(*, cuts: list[int], garbage: bool, turns: int) -> None:
    """Each good request is answered or recorded as refused, however and whenever bytes arrive."""

    async def body() -> None:
        one, runner = await opened()
        data = GOOD * 3 + (b"}\r\n\r\n" if garbage else b"")
        places = [0, *sorted(cuts), len(data)]
        for start, end in itertools.pairwise(places):
            if end > start:
                one.receive(data[start:end])
                for _ in range(turns):
                    await breathe()
        for _ in range(30):
            await breathe()
        accepted = len(one.hub.journal.calls_after(0, limit=10))
        refused = [each for each in one.refused if each[3] == "/v1/track"]
        assert accepted + len(refused) == 3
        assert all(source == "k" for source, *_ in one.refused)
        assert one.hub.tally.parser_refused == garbage
        if not garbage:
            assert refused == []
        elif refused:
            assert refused[-1][1] == 400
            assert "Content-Length of 41 too small?" in refused[-1][4]
        else:
            # They were answered before; what follows them is recorded by itself.
            assert len(one.refused) == 1
        one.connection.connection_lost(None)
        await runner.cleanup()

    asyncio.run(body())
