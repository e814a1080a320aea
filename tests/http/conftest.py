"""A server in this process on a free port, and a client of it."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from mockseg.config import Settings
from mockseg.hub.machine import Hub
from mockseg.web.app import RUNNER_OPTIONS, make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

# Whoever lets an open request hold a stopping server is found by the test's timeout.
_SHUTDOWN_SECONDS = 600.0


@dataclasses.dataclass
class Door:
    """A running server and a session with it."""

    hub: Hub
    runner: web.AppRunner
    session: aiohttp.ClientSession

    @property
    def address(self) -> tuple[str, int]:
        """Give host and port."""
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


@contextlib.asynccontextmanager
async def _opened(hub: Hub) -> AsyncIterator[Door]:
    runner = web.AppRunner(
        make_app(hub),
        **RUNNER_OPTIONS,
        auto_decompress=False,
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
