"""Forwarding to an imitation in this process: how fast it drains, and what ingestion pays.

Method. Draining: a hub that forwards to UserEngage has accepted 50,000 track calls of a
thousand users; CPU time of the process until the queue is empty, beside the CPU time in which
the same process only decodes, routes and encodes as many.

Ingestion: a server without destinations and one that forwards everything to UserEngage,
bursts of two seconds in turns; each burst is divided by the other's of the same rotation. The
forwarding server's queue is never empty during its bursts: it drains while it is asked.
Between bursts its queue empties.

    python tests/bench/bench_delivery.py [--rotations 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
import urllib.request
from typing import TYPE_CHECKING

from load import closed_loop
from messages import BATCH, batches, singles
from servers import Running, mockseg, running

from mockseg import json_types
from mockseg.clock import SystemClock
from mockseg.config import Settings
from mockseg.delivery.destination import route
from mockseg.domain.request import Arrival, Route
from mockseg.hub.hub import Hub
from mockseg.operations.destinations import AddDestination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLS = 50_000
KEY = "benchkey"
_BATCH = Route(path="/v1/batch", carries="batch")
_MESSAGE = {
    "type": "track",
    "event": "Order Completed",
    "timestamp": "2026-01-01T12:00:00.000Z",
    "properties": {"orderId": "o-1", "total": 42.5, "currency": "EUR", "note": "x" * 270},
    "context": {"library": {"name": "analytics-python", "version": "2.4.0"}, "locale": "en"},
    "integrations": {},
}


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rotations", type=int, default=5, help="bursts of each server")
    rotations = arguments.parse_args().rotations
    measured = [asyncio.run(_drain()) for _ in range(rotations)]
    rates = [drained for drained, _ in measured]
    shares = [drained / bare for drained, bare in measured]
    print(
        f"draining: {statistics.median(rates):,.0f} deliveries/s a core"
        f" [{min(rates):,.0f}-{max(rates):,.0f}], {statistics.median(shares):.2f} of routing and"
        f" encoding alone [{min(shares):.2f}-{max(shares):.2f}]"
    )
    with running(mockseg) as plain, running(mockseg) as ours:
        _connect(ours)
        _ingest("single track", plain, ours, singles, rotations)
        _ingest(f"batch of {BATCH}", plain, ours, batches, rotations)


def _connect(server: Running) -> None:
    """Forward all calls of a server to UserEngage."""
    body = json.dumps({"type": "userengage", "source": KEY}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/_mockseg/v1/destinations",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310  (loopback)
        answer.read()


async def _drain() -> tuple[float, float]:
    """Give deliveries a second of CPU, and calls that are only decoded, routed and encoded."""
    hub = Hub(Settings())
    connected = hub.destinations.add(AddDestination(type="userengage", source=KEY))
    for first in range(0, CALLS, BATCH):
        batch = [
            {**_MESSAGE, "userId": f"user-{number % 1000}", "messageId": f"{number:036}"}
            for number in range(first, first + BATCH)
        ]
        body = json_types.encode({"batch": batch, "sentAt": "2026-01-01T12:00:01.000Z"})
        hub.accept(Arrival(_BATCH, "POST", "/v1/batch", "", (), body, len(body), key=KEY))
    dispatcher = hub.destinations.dispatcher
    empty = asyncio.Event()
    changed = dispatcher.ledger.on_change

    def tell(kept: object) -> None:
        changed(kept)
        if not dispatcher.ledger.pending():
            empty.set()

    dispatcher.ledger.on_change = tell
    started = time.process_time()
    await empty.wait()
    drained = time.process_time() - started
    assert (
        len(dispatcher.ledger.page(limit=CALLS, wanted=lambda kept: kept.state == "delivered"))
        == CALLS
    )
    calls = hub.journal.calls_after(0, limit=CALLS)
    started = time.process_time()
    for call in calls:
        message = call.message()
        route(message, connected.destination, seed=0)
        json_types.encode(message)
    bare = time.process_time() - started
    await dispatcher.close()
    return CALLS / drained, CALLS / bare


def _ingest(
    name: str,
    plain: Running,
    ours: Running,
    requests: Callable[[int], Iterator[bytes]],
    rotations: int,
) -> None:
    for server in (plain, ours):
        closed_loop(server.port, requests(server.port), seconds=0.5)
        _until_idle(server)
    ratios = []
    rates = []
    for _ in range(rotations):
        without = closed_loop(plain.port, requests(plain.port), seconds=2).rate
        rates.append(closed_loop(ours.port, requests(ours.port), seconds=2).rate)
        _until_idle(ours)
        ratios.append(rates[-1] / without)
    print(
        f"ingestion while draining, {name}: {statistics.median(ratios):.2f} of its rate without"
        f" [{min(ratios):.2f}-{max(ratios):.2f}], {statistics.median(rates):,.0f} requests/s"
    )


def _until_idle(server: Running) -> None:
    """Return when the server's queue has drained: it uses no CPU any more."""
    while True:
        before = server.cpu_seconds()
        asyncio.run(SystemClock().sleep(0.3))
        if server.cpu_seconds() - before < 0.02:
            return


if __name__ == "__main__":
    main()
