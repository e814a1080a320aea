"""Synthetic traffic: the generator alone, sending to a server that does nothing, and the schedule.

    python tests/bench/bench_traffic.py [--seconds 10]
    python tests/bench/bench_traffic.py --memory-minutes 10 [--memory-rate 2000]

CPU seconds are the process's own, so that a busy machine says less; the generator's are
taken in short slices, of which the better ones are those that nobody disturbed. The long
run's memory is its resident set, read every five seconds, after the first minute.
How late requests begin is held against how late a bare timer is, in the same run.
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

from mockseg.clock import SystemClock
from mockseg.traffic.driver import Driver
from mockseg.traffic.generator import Traffic
from mockseg.traffic.packets import grouped, to_segment
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.schedule import schedule
from mockseg.traffic.tally import Histogram, Tally

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + b'{"success":true}'
_WARM = 50_000
_SLICE = 4_000
_SLICES = 250
_SAMPLE_SECONDS = 5.0


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
    arguments.add_argument("--memory-minutes", type=int, default=0, help="of a long run, alone")
    arguments.add_argument("--memory-rate", type=int, default=2_000, help="calls a second of it")
    given = arguments.parse_args()
    if not given.memory_minutes:
        _generator()
    with running(null) as server:
        url = f"http://127.0.0.1:{server.port}"
        if given.memory_minutes:
            _send(url, "batch", rate=given.memory_rate, seconds=given.memory_minutes * 60)
        else:
            _send(url, "batch", rate=22_000, seconds=given.seconds)
            _send(url, "single", rate=500, seconds=given.seconds)
            asyncio.run(_timer(rate=500, seconds=given.seconds))


def _generator() -> None:
    calls = iter(Traffic(recipe(rate=100_000, seconds=60)))
    list(itertools.islice(calls, _WARM))
    rates = []
    for _ in range(_SLICES):
        before = time.process_time()
        made = sum(1 for _ in itertools.islice(calls, _SLICE))
        rates.append(made / (time.process_time() - before))
    rates.sort()
    print(
        f"generator: calls/s a core: median {rates[_SLICES // 2]:,.0f},"
        f" undisturbed (90th percentile of the slices) {rates[_SLICES * 9 // 10]:,.0f}"
    )


def _send(url: str, transport: str, *, rate: int, seconds: int) -> None:
    # Labels are kept for a mockseg only, and this is none.
    tally = Tally(most_expected=0)
    traffic = Traffic(recipe(rate=rate, seconds=seconds))
    driver = Driver(url, to_segment("k", transport, zipped=False), tally)
    samples: list[int] = []

    async def main() -> None:
        sampling = asyncio.create_task(_sample(samples))
        await driver.run(grouped(traffic, transport))
        sampling.cancel()

    before = time.process_time()
    asyncio.run(main())
    cpu = time.process_time() - before
    print(
        f"{transport} at {rate:,}/s for {seconds} s:"
        f" {tally.answered / tally.seconds:,.0f} answered/s,"
        f" {tally.answered / cpu:,.0f} calls a CPU second, lost {tally.lost};"
        f" began late p50 {tally.lateness.percentile(0.5) / 1000:.2f} ms,"
        f" p99 {tally.lateness.percentile(0.99) / 1000:.2f} ms"
    )
    # What a minute needs to fill caches is no growth.
    kept = [size / 1e6 for size in samples[round(60 / _SAMPLE_SECONDS) :]]
    third = len(kept) // 3
    if third:
        thirds = (kept[:third], kept[third : 2 * third], kept[2 * third :])
        told = ", ".join(f"{statistics.median(each):.1f}" for each in thirds)
        print(f"memory: medians of the thirds {told} MB, most {max(kept):.1f} MB")


async def _timer(*, rate: int, seconds: int) -> None:
    loop, late = asyncio.get_running_loop(), Histogram()
    start = loop.time()
    for number in range(rate * seconds):
        due = start + number / rate
        await SystemClock().sleep(max(due - loop.time(), 0))
        late.add(round((loop.time() - due) * 1_000_000))
    print(
        f"bare timer at {rate}/s: late p50 {late.percentile(0.5) / 1000:.2f} ms,"
        f" p99 {late.percentile(0.99) / 1000:.2f} ms"
    )


async def _sample(samples: list[int]) -> None:
    while True:
        samples.append(memory_bytes())
        await SystemClock().sleep(_SAMPLE_SECONDS)


if __name__ == "__main__":
    main()
