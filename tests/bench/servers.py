"""The servers that benches compare, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from aiohttp import web

__all__ = ["PLAN", "Running", "bare", "bare_app", "durable", "mockseg", "planned", "running"]

# Of the catalogue: it has a rule for the event that the messages carry.
PLAN = ("ecommerce",)
_BEAT_SECONDS = 0.001


class Running:
    """A server in another process.

    Attributes:
        port: where it listens.
        pid: of its process.
    """

    def __init__(self, port: int, pid: int, connection: Connection) -> None:
        self.port = port
        self.pid = pid
        self._connection = connection

    def watch_loop(self) -> None:
        """Begin to watch for pauses of its event loop."""
        self._connection.send(True)

    def longest_pause_ms(self) -> float:
        """Return the longest pause since then, and watch no more."""
        self._connection.send(False)
        pause: float = self._connection.recv()
        return pause

    def cpu_seconds(self) -> float:
        """How much CPU it has used."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:  # noqa: PTH123  (proc)
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """How much memory it holds."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:  # noqa: PTH123  (proc)
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bare_app() -> web.Application:
    """The least an aiohttp server can do: read the body, answer a constant."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=b'{"success":true}', content_type="application/json")

    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_post("/v1/track", answer)
    app.router.add_post("/v1/batch", answer)
    return app


def bare(ready: Connection) -> None:
    """Run the above."""
    from aiohttp import web

    async def main() -> None:
        runner = web.AppRunner(bare_app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def mockseg(ready: Connection) -> None:
    """The whole of mockseg, as `mockseg serve` runs it."""
    _serve(ready)


def planned(ready: Connection) -> None:
    """The same, each source with the plan that the messages' event is in."""
    _serve(ready, catalogue=PLAN)


def durable(ready: Connection) -> None:
    """The same, with a journal's file."""
    with tempfile.TemporaryDirectory() as folder:
        _serve(ready, journal=f"{folder}/journal.db")


def _serve(
    ready: Connection, *, catalogue: tuple[str, ...] = (), journal: str | None = None
) -> None:
    from mockseg.config import Settings
    from mockseg.server import serve

    async def main() -> None:
        async with serve(Settings(port=0, catalogue=catalogue, journal=journal)) as server:
            gc.freeze()
            ready.send(int(server.url.rsplit(":", 1)[1].rstrip("/")))
            await _watch_when_asked(ready)

    asyncio.run(main())


async def _watch_when_asked(asked: Connection) -> None:
    from mockseg.clock import SystemClock

    loop, clock = asyncio.get_running_loop(), SystemClock()
    wants_watch = asyncio.Queue[bool]()
    loop.add_reader(asked.fileno(), lambda: wants_watch.put_nowait(asked.recv()))
    while await wants_watch.get():
        longest = 0.0
        while wants_watch.empty():
            before = loop.time()
            await clock.sleep(_BEAT_SECONDS)
            longest = max(longest, loop.time() - before - _BEAT_SECONDS)
        await wants_watch.get()
        asked.send(longest * 1000)


@contextlib.contextmanager
def running(serve: Callable[[Connection], None]) -> Iterator[Running]:
    """Run one of the servers above in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise RuntimeError("the server did not start within 30 s")
        yield Running(ours.recv(), process.pid or 0, ours)
    finally:
        process.kill()
        process.join()
