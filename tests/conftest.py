"""What holds for all tests."""

from __future__ import annotations

import asyncio
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

# For the tests of our own plugin.
pytest_plugins = ["pytester"]

# A busy machine is no finding: nothing here is judged by how long it took. In CI the examples
# are the same each time; elsewhere they are new ones, and what fails is printed to be repeated.
settings.register_profile("mockseg", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# For runs on further Pythons: `--hypothesis-profile=short`.
settings.register_profile("short", deadline=None, derandomize=True, max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") else "mockseg")


_TESTS = Path(__file__).parent
_FAST = {"unit", "property"}
_JOURNAL_IO = {
    "__init__",
    "_each",
    "_transaction",
    "add_segment",
    "begin_writing",
    "bring_up_to_date",
    "close",
    "delete_cut",
    "drop_segment",
    "forget_marks",
    "has_room",
    "marks",
    "records",
    "removed",
    "requests",
    "row",
    "segments",
    "write",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `pytest -m fast` runs, by its folder."""
    for item in items:
        if item.path.is_relative_to(_TESTS) and item.path.relative_to(_TESTS).parts[0] in _FAST:
            item.add_marker(pytest.mark.fast)


@pytest.fixture(name="_commands_are_fast", autouse=True)
def _commands_are_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command tells no progress in tests about its words, also on a busy machine."""
    monkeypatch.setattr("mockseg.cli.progress._PERIOD_SECONDS", math.inf)


@pytest.fixture(name="_nothing_blocks", autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """An event loop that mockseg blocks with IO fails the test in which it does."""
    with blockbuster_ctx(scanned_modules=["mockseg"]) as blockbuster:
        # The catalogue's files are parts of the package, read when a plan is first asked for.
        unpack = blockbuster.functions["io.BufferedReader.read"]
        unpack.can_block_in("mockseg/catalogue/loader.py", "_read")
        # A journal's file is written by the loop itself, once for all that a turn recorded (see
        # mockseg/journal/durable.py); tests open and close one in their loop, servers in a thread.
        for function in blockbuster.functions.values():
            function.can_block_in("mockseg/journal/file.py", _JOURNAL_IO)
            function.can_block_in("mockseg/journal/ballast.py", {"make", "drop"})
            # A replay reads what it sends line by line, in a process that serves nobody.
            function.can_block_in("mockseg/cli/data_files.py", {"files_of", "lines_of"})
        # Locks are no IO: a verb that does not wait may be called in the user's loop, and
        # the server's loop holds none for longer than a hand-over takes.
        blockbuster.functions["threading.Lock.acquire"].deactivate()
        blockbuster.functions["threading.Lock.acquire_lock"].deactivate()
        yield


class _Claiming:
    """A transport whose other end is said to be elsewhere; all else is the real one's."""

    def __init__(self, transport: asyncio.Transport, peer: object) -> None:
        self._transport = transport
        self._peer = peer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Say where the peer is."""
        return self._peer if name == "peername" else self._transport.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _FromElsewhere(asyncio.Protocol):
    """Hands a connection to aiohttp as one that comes from another address."""

    def __init__(self, handler: Any, peer: object) -> None:
        self._handler = handler
        self._peer = peer

    def connection_made(self, transport: Any) -> None:
        self._handler.connection_made(_Claiming(transport, self._peer))

    def __getattribute__(self, name: str) -> Any:
        own = {"_handler", "_peer", "connection_made", "__class__"}
        if name in own:
            return super().__getattribute__(name)
        return getattr(super().__getattribute__("_handler"), name)


@pytest.fixture
def listen_elsewhere() -> Callable[..., Any]:
    """Give a coroutine that makes a server believe that its clients are on another machine.

    It takes the server's runner and the address to be believed; it gives the URL of a listener
    more of that server, and the listener, to be closed. All else is real.
    """

    async def listen(runner: web.AppRunner, peer: object) -> tuple[str, asyncio.Server]:
        make = runner.server
        assert make is not None
        server = await asyncio.get_running_loop().create_server(
            lambda: _FromElsewhere(make(), peer), "127.0.0.1", 0
        )
        host, port = server.sockets[0].getsockname()
        return f"http://{host}:{port}", server

    return listen
