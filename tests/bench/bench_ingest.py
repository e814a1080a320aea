"""Ingestion beside a bare aiohttp server: rates, CPU, latency, memory.

Method: both servers up at once; bursts of a second in random order; each burst of mockseg
is divided by the bare server's of the same rotation; the median of these ratios, with
their range, is what counts. CPU is the process's own clock.

    python tests/bench/bench_ingest.py [--rotations 7]
"""

from __future__ import annotations

import argparse
import random
import statistics
from typing import TYPE_CHECKING

from load import Burst, closed_loop, open_loop
from messages import BATCH, batches, singles
from servers import Running, bare, mockseg, planned, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT = 100_000


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rotations", type=int, default=7, help="bursts of each server")
    rotations = arguments.parse_args().rotations
    for server, what in ((mockseg, ""), (planned, ", with a plan")):
        with running(bare) as plain, running(server) as ours:
            _compare(f"single track{what}", plain, ours, singles, rotations, calls=1)
            _compare(f"batch of 100{what}", plain, ours, batches, rotations, calls=BATCH)
    with running(bare) as plain, running(mockseg) as ours:
        _memory(ours)
        _latency(plain, ours, rotations)


def _compare(
    name: str,
    plain: Running,
    ours: Running,
    requests: Callable[[int], Iterator[bytes]],
    rotations: int,
    *,
    calls: int,
) -> None:
    rates: dict[Running, list[float]] = {plain: [], ours: []}
    cpu: dict[Running, list[float]] = {plain: [], ours: []}
    for server in (plain, ours):
        closed_loop(server.port, requests(server.port), seconds=0.5)
    for _ in range(rotations):
        order = [plain, ours]
        random.shuffle(order)
        for server in order:
            before = server.cpu_seconds()
            burst = closed_loop(server.port, requests(server.port))
            rates[server].append(burst.rate)
            cpu[server].append((server.cpu_seconds() - before) / burst.answers)
    ratios = [mine / theirs for mine, theirs in zip(rates[ours], rates[plain], strict=True)]
    costs = [mine / theirs for mine, theirs in zip(cpu[ours], cpu[plain], strict=True)]
    per_core = calls / statistics.median(cpu[ours])
    print(
        f"{name}: {statistics.median(ratios):.2f} of bare aiohttp"
        f" [{min(ratios):.2f}-{max(ratios):.2f}];"
        f" {statistics.median(rates[ours]) * calls:,.0f} calls/s"
        f" (bare {statistics.median(rates[plain]) * calls:,.0f});"
        f" CPU ratio {statistics.median(costs):.2f},"
        f" {statistics.median(cpu[ours]) * 1e6 / calls:.1f} µs a call,"
        f" {per_core:,.0f} calls/s a core"
    )


def _memory(ours: Running) -> None:
    before = ours.memory_bytes()
    burst = closed_loop(
        ours.port, batches(ours.port), connections=4, seconds=300, most=KEPT // BATCH
    )
    kept = burst.answers * BATCH
    grown = ours.memory_bytes() - before
    print(f"memory: {grown / kept:,.0f} bytes a kept call of about 600 bytes ({kept:,} kept)")


def _latency(plain: Running, ours: Running, rotations: int) -> None:
    """Half of the saturated rate, with 100,000 calls kept, in turns with the bare server.

    What the saturated rate is, is asked anew in each rotation: half of what a machine does
    at one time may be more than all that it does at another.
    """
    rates = []
    latencies: dict[Running, list[Burst]] = {plain: [], ours: []}
    for _ in range(rotations):
        rate = closed_loop(ours.port, batches(ours.port)).rate / 2
        rates.append(rate)
        order = [plain, ours]
        random.shuffle(order)
        for server in order:
            burst = open_loop(server.port, batches(server.port), rate=rate, seconds=3)
            latencies[server].append(burst)
    rate = statistics.median(rates)
    print(f"latency of a batch at {rate:,.0f} batches/s, half of the saturated rate:")
    for name, server in (("bare aiohttp", plain), ("mockseg", ours)):
        shares = (_share(latencies[server], share) for share in (0.5, 0.9, 0.99))
        print(f"  {name}: " + ", ".join(shares))


def _share(bursts: list[Burst], share: float) -> str:
    measured = sorted(burst.percentile(share) for burst in bursts)
    return (
        f"p{share * 100:g} {statistics.median(measured):.1f} ms"
        f" [{measured[0]:.1f}-{measured[-1]:.1f}]"
    )


if __name__ == "__main__":
    main()
