"""Ingestion beside a bare aiohttp server, in instructions: noise of the machine does not count.

Method: valgrind counts the instructions of a process in which requests go through aiohttp's
protocol and the answers to a transport that only counts them. What the kernel does for a
socket is the same for both servers and is left out, so the ratio is a harder one than that
of rates. Counting begins after a warm-up.

    python tests/bench/bench_instructions.py     # needs valgrind; takes a minute
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

from aiohttp import web
from messages import BATCH, batches, singles
from servers import PLAN, bare_app

CONNECTIONS = 16
# Requests to warm up with and to count, and how many calls each has.
AMOUNTS = {"single track": (64, 640, 1), "batch of 100": (16, 64, BATCH)}


def main() -> None:
    """Run and print; or be the process whose instructions are counted."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", nargs=2, metavar=("SERVER", "REQUESTS"), help="for itself")
    count = arguments.parse_args().count
    if count:
        asyncio.run(_drive(*count))
        return
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed; bench_ingest.py needs nothing, but is noisy")
    for name, (_, requests, calls) in AMOUNTS.items():
        plain = _counted("bare", name)
        for server, what in (
            ("mockseg", name),
            ("planned", f"{name}, with a plan"),
            ("durable", f"{name}, with a journal's file"),
        ):
            ours = _counted(server, name)
            print(
                f"{what}: {ours / requests / calls:,.0f} instructions a call"
                f" (bare {plain / requests / calls:,.0f}); {plain / ours:.2f} of bare aiohttp"
            )


def _counted(server: str, name: str) -> int:
    valgrind = "valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=/dev/null"
    ended = subprocess.run(
        [*valgrind.split(), sys.executable, __file__, "--count", server, name],
        capture_output=True,
        text=True,
        check=True,
        # Hashes of texts decide how dicts collide.
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    found = re.search(r"Collected : (\d+)", ended.stderr)
    if found is None:
        raise RuntimeError(f"valgrind said {ended.stderr[-500:]!r}")
    return int(found[1])


async def _drive(server: str, name: str) -> None:
    runner = web.AppRunner(bare_app(), access_log=None) if server == "bare" else _mockseg(server)
    await runner.setup()
    assert runner.server is not None  # it has been set up
    sender = _Sender()
    connections = [runner.server() for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.connection_made(_Transport(sender))
    warm, counted, _ = AMOUNTS[name]
    requests = singles(0) if name == "single track" else batches(0)
    await sender.send(connections, list(itertools.islice(requests, warm)))
    prepared = list(itertools.islice(requests, counted))
    _count(on=True)
    await sender.send(connections, prepared)
    _count(on=False)
    # Nothing of the end is of interest.
    os._exit(0)


def _mockseg(server: str) -> web.AppRunner:
    from mockseg.config import Settings
    from mockseg.hub.hub import Hub
    from mockseg.web.app import Runner, make_app

    # The process ends by itself, and its folder goes with those of the system.
    journal = f"{tempfile.mkdtemp()}/journal.db" if server == "durable" else None
    settings = Settings(catalogue=PLAN if server == "planned" else (), journal=journal)
    return Runner(make_app(Hub(settings)))


def _count(*, on: bool) -> None:
    state = "on" if on else "off"
    control = ["callgrind_control", "-i", state, str(os.getpid())]
    subprocess.run(control, check=True, stdout=subprocess.DEVNULL)


class _Sender:
    """Sends on all connections at once, and again when all have been answered."""

    def __init__(self) -> None:
        self._waiting = 0
        self._answered = asyncio.Event()

    async def send(self, connections: list[web.RequestHandler], requests: list[bytes]) -> None:
        for start in range(0, len(requests), len(connections)):
            some = requests[start : start + len(connections)]
            self._waiting = len(some)
            self._answered.clear()
            for connection, request in zip(connections, some, strict=False):
                connection.data_received(request)
            await self._answered.wait()

    def answer(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server answered {data[:200]!r}")
        self._waiting -= 1
        if self._waiting == 0:
            self._answered.set()


class _Transport(asyncio.Transport):
    """Takes the answers, each of which comes in one write."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__()
        self._sender = sender

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sender.answer(bytes(data))

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


if __name__ == "__main__":
    main()
