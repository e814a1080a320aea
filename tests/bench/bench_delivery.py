"""Forwarding to an imitation in this process: how fast it drains, and what ingestion pays.

Method. Draining: 50,000 calls are offered at once, CPU time of the process until the queue is
empty, beside the CPU time in which the same process routes and encodes them without queue and
ledger. The imitation decodes what it gets and answers; a real one does more.

Ingestion: a server without destinations and one that forwards everything, bursts of two
seconds in turns; each burst is divided by the other's of the same rotation. The forwarding
server's queue is never empty during its bursts: it drains while it is asked. Between bursts
its queue empties.

    python tests/bench/bench_delivery.py [--rotations 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from typing import TYPE_CHECKING

from load import closed_loop
from messages import BATCH, batches, singles
from msgspec import Raw
from servers import Running, mockseg, running

from mockseg import json_types
from mockseg.clock import ShiftedClock, SystemClock
from mockseg.delivery.destination import DestinationSpec, make_destination
from mockseg.delivery.dispatcher import Dispatcher
from mockseg.delivery.ledger import Ledger
from mockseg.delivery.routing import route
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.call import KeptCall
from mockseg.domain.request import Answer, KeptRequest
from mockseg.web.sender import HttpSender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from mockseg.delivery.destination import Destination
    from mockseg.destinations.vendor import VendorRequest
    from mockseg.domain.request import Arrival

CALLS = 50_000
_ANSWER = VendorResponse(200, b"{}")
_MESSAGE = {
    "type": "track",
    "event": "Order Completed",
    "timestamp": "2026-01-01T12:00:00.000Z",
    "sentAt": "2026-01-01T12:00:01.000Z",
    "properties": {"orderId": "o-1", "total": 42.5, "currency": "EUR", "note": "x" * 270},
    "context": {"library": {"name": "analytics-python", "version": "2.4.0"}, "locale": "en"},
    "integrations": {},
}


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rotations", type=int, default=5, help="bursts of each server")
    rotations = arguments.parse_args().rotations
    drained = [asyncio.run(_drain()) for _ in range(rotations)]
    bare = [_bare() for _ in range(rotations)]
    rate = statistics.median(drained)
    print(
        f"draining: {rate:,.0f} deliveries/s a core [{min(drained):,.0f}-{max(drained):,.0f}],"
        f" {rate / statistics.median(bare):.2f} of routing and encoding alone"
    )
    return
    with running(mockseg) as plain, running(forwarding) as ours:
        _ingest("single track", plain, ours, singles, rotations)
        _ingest(f"batch of {BATCH}", plain, ours, batches, rotations)


def _destination() -> Destination:
    return make_destination(
        DestinationSpec(type="userengage", settings={"apiKey": "key"}),
        id="bench",
        source="benchkey",
        receive=_receive,
    )


def _receive(request: VendorRequest) -> VendorResponse:
    json_types.decode(request.body)
    return _ANSWER


def _calls() -> list[KeptCall]:
    calls = []
    for number in range(1, CALLS + 1):
        message = {**_MESSAGE, "userId": f"user-{number % 1000}", "messageId": f"{number:036}"}
        raw = json.dumps(message).encode()
        request = KeptRequest(
            *(number, "benchkey", "POST", "/", "", (), raw, len(raw)),
            received_ns=time.time_ns(),
            answer=Answer(200, b"{}"),
        )
        calls.append(
            KeptCall(
                *(number, request, 0, Raw(raw), "track", "Order Completed"),
                user_id=message["userId"],
                message_id=message["messageId"],
            )
        )
    return calls


async def _drain() -> float:
    """Give deliveries a second of CPU time, from the offer to the empty queue."""
    clock = ShiftedClock(ShiftedClock(SystemClock()))
    empty = asyncio.Event()
    ledger = Ledger(on_change=lambda _: None if ledger.pending() else empty.set())
    dispatcher = Dispatcher(ledger=ledger, sender=HttpSender(), clock_of=lambda _: clock)
    calls = _calls()
    destination = _destination()
    started = time.process_time()
    dispatcher.offer(destination, calls)
    await empty.wait()
    spent = time.process_time() - started
    await dispatcher.close()
    return CALLS / spent


def _bare() -> float:
    """Give calls a second of CPU time that are only decoded, routed and encoded."""
    calls = _calls()
    destination = _destination()
    started = time.process_time()
    for call in calls:
        message = call.message()
        route(message, destination, seed=0)
        json_types.encode(message)
    return CALLS / (time.process_time() - started)


def forwarding(ready: Connection) -> None:
    """A server that forwards each call of its to an imitation."""
    from mockseg.config import Settings
    from mockseg.server import serve

    async def run() -> None:
        async with serve(Settings(port=0)) as server:
            hub = server.hub
            dispatcher = Dispatcher(
                ledger=Ledger(),
                sender=HttpSender(),
                clock_of=lambda key: hub.sources.use(key).clock,
            )
            destination = _destination()
            accept = hub.accept

            def accept_and_offer(arrival: Arrival, *rest: None) -> Answer:
                before = hub.cursor
                answer = accept(arrival, *rest)
                dispatcher.offer(destination, hub.calls_after(before, limit=BATCH))
                return answer

            hub.accept = accept_and_offer  # type: ignore[method-assign]
            ready.send(int(server.url.rsplit(":", 1)[1].rstrip("/")))
            await asyncio.Event().wait()

    asyncio.run(run())


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
        time.sleep(0.3)
        if server.cpu_seconds() - before < 0.02:
            return


if __name__ == "__main__":
    main()
