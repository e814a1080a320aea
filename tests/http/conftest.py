"""A server in this process on a free port, and a client of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import http.client
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from serve_process import Started, environment

from mockseg.clock import ShiftedClock, SystemClock
from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.server import MockSegment
from mockseg.web.app import Runner, make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

# Whoever lets an open request hold a stopping server is found by the test's timeout.
_SHUTDOWN_SECONDS = 600.0
# How long a server goes on reading what it has refused already.
_LINGERING_SECONDS = 0.1
_ELSEWHERE = ("203.0.113.9", 50_000)


@dataclasses.dataclass
class Door:
    """A running server and a session with it; `at` is another of its listeners."""

    hub: Hub
    runner: web.AppRunner
    session: aiohttp.ClientSession
    at: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Give host and port."""
        if self.at is not None:
            return self.at
        host, port = self.runner.addresses[0][:2]
        return host, port

    def request(self, method: str, path: str, **how: Any) -> Any:
        """Send a request."""
        return self.session.request(method, path, **how)

    def get(self, path: str, **how: Any) -> Any:
        """Send a GET."""
        return self.session.get(path, **how)

    def post(self, path: str, **how: Any) -> Any:
        """Send a POST."""
        return self.session.post(path, **how)


@pytest.fixture
async def elsewhere(
    listen_elsewhere: Callable[..., Any],
) -> AsyncIterator[Callable[..., Any]]:
    """Give a function that opens another listener of a server; see ``listen_elsewhere``."""
    async with contextlib.AsyncExitStack() as stack:

        async def listen(runner: web.AppRunner, peer: object = _ELSEWHERE) -> str:
            url, server = await listen_elsewhere(runner, peer)
            stack.callback(server.close)
            return url

        yield listen


@contextlib.asynccontextmanager
async def _opened(hub: Hub) -> AsyncIterator[Door]:
    runner = Runner(
        make_app(hub),
        lingering_time=_LINGERING_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
            yield Door(hub, runner, session)
    finally:
        await runner.cleanup()


@pytest.fixture
def hub() -> Hub:
    """Give a hub of its own."""
    return Hub(Settings(seed=1))


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[Door]:
    """Give a client of a server over the hub."""
    async with _opened(hub) as door:
        yield door


@pytest.fixture
async def open_client() -> AsyncIterator[Callable[..., Any]]:
    """Give a function that starts a server with these settings and gives its client."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**settings: Any) -> Door:
            return await stack.enter_async_context(_opened(Hub(Settings(seed=1, **settings))))

        yield start


async def _exchanged(address: tuple[str, int], data: bytes, *, hang_up: bool = False) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(data)
        if hang_up:
            writer.write_eof()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.fixture
def exchange() -> Callable[..., Any]:
    """Give a function that sends bytes to a server and gives all that comes back.

    The bytes have to end the connection: with ``Connection: close``, by being no HTTP, or
    with ``hang_up=True``, which says that no more will come.
    """

    async def exchanged(door: Door, data: bytes, *, hang_up: bool = False) -> bytes:
        return await _exchanged(door.address, data, hang_up=hang_up)

    return exchanged


class Served:
    """A server that runs while it is asked something: for tests of many examples."""

    def __init__(self, runner: asyncio.Runner, door: Door) -> None:
        self._runner = runner
        self.door = door
        self.hub = door.hub

    def ask(self, method: str, path: str, **how: Any) -> tuple[int, bytes]:
        """Send a request; give status and body."""

        async def asked() -> tuple[int, bytes]:
            async with self.door.request(method, path, **how) as answer:
                return answer.status, await answer.read()

        return self._runner.run(asked())

    def perform(self, operation: str, params: Any) -> Any:
        """Perform an operation of the table."""
        return self._runner.run(self.hub.perform(operation, params))

    def exchange(self, data: bytes, *, hang_up: bool = False) -> bytes:
        """Send bytes; give all that comes back until the connection ends."""
        return self._runner.run(_exchanged(self.door.address, data, hang_up=hang_up))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Give a server that all tests of a module share, for tests without a loop."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        clock = ShiftedClock(SystemClock())
        hub = Hub(Settings(seed=1, max_calls=200, max_requests=200), clock=clock)
        door = runner.run(stack.enter_async_context(_opened(hub)))
        try:
            yield Served(runner, door)
        finally:
            runner.run(stack.aclose())


@pytest.fixture
def serving() -> Callable[[Callable[[web.Request], Any]], AbstractAsyncContextManager[str]]:
    """Give what runs a server that answers everything by a function, at the address it gives."""

    @contextlib.asynccontextmanager
    async def serve_all(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()

    return serve_all


@pytest.fixture
def cli_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MockSegment]:
    """Run a server that commands find by themselves, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCKSEG_")]:
        monkeypatch.delenv(name)
    with MockSegment() as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        yield server


@pytest.fixture(scope="session")
def post_batch() -> Callable[..., None]:
    """Give a function that sends messages to a server's address as one batch."""

    def post(url: str, *messages: dict[str, Any], key: str = "wk") -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("POST", "/v1/batch", json.dumps({"writeKey": key, "batch": messages}))
        assert connection.getresponse().read() == b'{"success":true}'
        connection.close()

    return post


@pytest.fixture
def send_batch(cli_server: MockSegment, post_batch: Callable[..., None]) -> Callable[..., None]:
    """Give a function that sends messages as one batch to the server that commands find."""
    return functools.partial(post_batch, cli_server.url)


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mockseg", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, **variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> Started:
        process = subprocess.Popen(
            [sys.executable, "-m", "mockseg", "serve", "--json", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return Started(process)

    yield start
    for process in processes:
        process.kill()
        process.communicate()
