"""Synthetic traffic: the generator alone, sending to a server that does nothing, and the schedule.

    python tests/bench/bench_traffic.py [--seconds 10] [--memory-minutes 0]

CPU seconds are the process's own, so that a busy machine says less.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import time
from fractions import Fraction
from typing import TYPE_CHECKING

from servers import running

from mockseg.traffic.driver import Driver
from mockseg.traffic.generator import Traffic
from mockseg.traffic.packets import grouped, to_segment
from mockseg.traffic.recipe import Recipe
from mockseg.traffic.shapes import schedule
from mockseg.traffic.tally import Tally

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + b'{"success":true}'
_WARM = 50_000
_PORTION = 100_000


def null(ready: Connection) -> None:
    """A server that counts bytes and answers."""

    class Null(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.buffer = b""
            self.left = 0

        def data_received(self, data: bytes) -> None:
            while data:
                if self.left:
                    taken = min(self.left, len(data))
                    self.left -= taken
                    data = data[taken:]
                else:
                    self.buffer += data
                    head, gap, data = self.buffer.partition(b"\r\n\r\n")
                    if not gap:
                        return
                    self.buffer = b""
                    lower = head.lower()
                    if b"content-length:" in lower:
                        self.left = int(lower.split(b"content-length:", 1)[1].split(b"\r\n")[0])
                if not self.left:
                    self.transport.write(_ANSWER)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(main())


def recipe(*, rate: int, seconds: int) -> Recipe:
    """What QA would ask for."""
    return Recipe(
        schedule=schedule("constant", rate=Fraction(rate), length_ns=seconds * 10**9),
        start_ns=1_767_225_600 * 10**9,
        catalogue=("userguiding", "candu"),
        users=500,
        seed="7",
        invalid=0.05,
        duplicates=0.01,
        late=0.02,
    )


def memory_bytes() -> int:
    """How much memory this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  (proc)
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=10, help="of sending")
    arguments.add_argument("--memory-minutes", type=int, default=0, help="of a long run")
    given = arguments.parse_args()
    _generator()
    with running(null) as server:
        url = f"http://127.0.0.1:{server.port}"
        _send(url, "batch", rate=22_000, seconds=given.seconds)
        _send(url, "single", rate=500, seconds=given.seconds)
        if given.memory_minutes:
            _send(url, "batch", rate=5_000, seconds=given.memory_minutes * 60)


def _generator() -> None:
    calls = iter(Traffic(recipe(rate=100_000, seconds=60)))
    list(itertools.islice(calls, _WARM))
    rates = []
    for _ in range(7):
        before = time.process_time()
        made = sum(1 for _ in itertools.islice(calls, _PORTION))
        rates.append(made / (time.process_time() - before))
    print(
        f"generator: {statistics.median(rates):,.0f} calls/s a core"
        f" [{min(rates):,.0f}-{max(rates):,.0f}]"
    )


def _send(url: str, transport: str, *, rate: int, seconds: int) -> None:
    tally = Tally()
    traffic = Traffic(recipe(rate=rate, seconds=seconds))
    driver = Driver(url, to_segment("k", transport, zipped=False), tally)
    before, memory = time.process_time(), memory_bytes()
    asyncio.run(driver.run(grouped(traffic, transport)))
    cpu = time.process_time() - before
    print(
        f"{transport} at {rate:,}/s for {seconds} s:"
        f" {tally.answered / tally.seconds:,.0f} answered/s,"
        f" {tally.answered / cpu:,.0f} calls a CPU second, lost {tally.lost};"
        f" began late p50 {tally.lateness.percentile(0.5) / 1000:.2f} ms,"
        f" p99 {tally.lateness.percentile(0.99) / 1000:.2f} ms;"
        f" memory {memory / 1e6:.0f} MB before, {memory_bytes() / 1e6:.0f} MB after"
    )


if __name__ == "__main__":
    main()
