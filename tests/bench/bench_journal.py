"""A journal in a file beside the one in memory: rates, latency, the start, and lists by index.

    python tests/bench/bench_journal.py [--rotations 5] [--calls 1000000]

Rates are ratios of bursts of one rotation, both servers up at once. The start and the lists are in
this process, with the messages' own ids, events and users; their seconds are of the processor, so
that a busy machine does not blur them. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from load import closed_loop
from messages import BATCH, batches, singles
from servers import Running, durable, mockseg, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_USERS = 1000
_EVENTS = 20


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rotations", type=int, default=5, help="bursts of each server")
    arguments.add_argument("--calls", type=int, default=1_000_000, help="in the file at the start")
    asked = arguments.parse_args()
    with running(mockseg) as memory, running(durable) as file:
        _compare("single track", memory, file, singles, asked.rotations)
        _compare(f"batch of {BATCH}", memory, file, batches, asked.rotations)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_start_and_lists(Path(folder) / "journal.db", asked.calls))


def _compare(
    name: str,
    memory: Running,
    file: Running,
    requests: Callable[[int], Iterator[bytes]],
    rotations: int,
) -> None:
    rates, slowest = [], []
    for _ in range(rotations):
        order = [memory, file]
        random.shuffle(order)
        bursts = {server: closed_loop(server.port, requests(server.port)) for server in order}
        rates.append(bursts[file].rate / bursts[memory].rate)
        slowest.append(bursts[file].percentile(0.99) / bursts[memory].percentile(0.99))
    print(
        f"{name}: {statistics.median(rates):.2f} of the rate in memory"
        f" [{min(rates):.2f}-{max(rates):.2f}],"
        f" p99 {statistics.median(slowest):.1f} times [{min(slowest):.1f}-{max(slowest):.1f}]"
    )


async def _start_and_lists(file: Path, calls: int) -> None:
    from mockseg.config import Settings
    from mockseg.hub.hub import Hub
    from mockseg.operations.calls import ListCalls

    most = 2 * calls
    settings = Settings(journal=str(file), max_calls=most, max_requests=most, max_bytes=4 * 1024**3)
    hub = Hub(settings)
    for first in range(0, calls, BATCH):
        hub.accept(_batch(first))
        if hub.journal.saving is not None:
            await hub.journal.saving
    hub.close()
    began, began_cpu = time.perf_counter(), time.process_time()
    hub = Hub(settings)
    print(
        f"start with {calls:,} calls: {time.process_time() - began_cpu:.2f} s of processor,"
        f" {time.perf_counter() - began:.2f} s, {hub.journal.count()[1]:,} requests"
    )
    for name, asked in (
        ("messageId", ListCalls(source="k", message_id=f"m-{calls // 2}")),
        ("userId, 10 of them", ListCalls(source="k", user_id="user-7", limit=10)),
        ("event, 10 of them", ListCalls(source="k", event="Event 3", limit=10)),
        ("where userId = and event =, 10", ListCalls(source="k", where=_WHERE, limit=10)),
    ):
        times = []
        for _ in range(20):
            before = time.process_time()
            page = await hub.perform("list_calls", asked)
            times.append((time.process_time() - before) * 1000)
        print(
            f"list by {name}: {statistics.median(times):.2f} ms of processor"
            f" (the first time {times[0]:.2f}), {page.total:,} match"  # type: ignore[attr-defined]
        )
    hub.close()


_WHERE = "userId = 'user-7' and event = 'Event 7'"


def _batch(first: int) -> object:
    from mockseg.domain.request import Arrival, Route

    calls = [
        {
            "type": "track",
            "event": f"Event {number % _EVENTS}",
            "userId": f"user-{number % _USERS}",
            "messageId": f"m-{number}",
            "properties": {"note": "x" * 400},
        }
        for number in range(first, first + BATCH)
    ]
    body = msgspec.json.encode({"writeKey": "k", "batch": calls})
    return Arrival(
        route=Route(path="/v1/batch", carries="batch"),
        method="POST",
        path="/v1/batch",
        query="",
        headers=(),
        body=body,
        sent_bytes=len(body),
    )


if __name__ == "__main__":
    main()
