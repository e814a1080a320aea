"""What a server keeps is counted, whatever it is, and bounded by `max_bytes`."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from arrivals import arrival_at

from mockseg.clock import breathe
from mockseg.config import Settings
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.request import OwnHeaders
from mockseg.errors import VendorStateError
from mockseg.hub.hub import Hub
from mockseg.operations.destinations import AddDestination

MOST = 1_000_000
_BUSY = VendorResponse(503, b"busy")


class _Wire:
    """A sender to a service that answers the same each time."""

    def __init__(self, answer):
        self.answer = answer

    async def send(self, request):
        return self.answer

    async def close(self):
        """Have nothing to close."""


def _arrival(number, *, key="k", query="", headers=(), pad=0, **fields):
    message = {"writeKey": key, "type": "track", "event": "E", "userId": f"u{number}"}
    message |= {"messageId": f"{number:036d}", "properties": {"pad": "x" * pad}} | fields
    return arrival_at("/v1/track", message, key=key, query=query, headers=headers)


def _hub(*destinations, answer=_BUSY, max_bytes=MOST):
    hub = Hub(Settings(max_bytes=max_bytes, seed=1))
    hub.destinations.dispatcher.sender = _Wire(answer)
    for type_, source, settings in destinations:
        hub.destinations.add(AddDestination(type=type_, source=source, settings=settings))
    return hub


_DEAD = ("webhook", "k", {"url": "http://127.0.0.1:9/"})


async def _fill(hub, count, **large):
    """Send calls; return the most that was counted after any."""
    most = 0
    for number in range(count):
        changing = {name: value(number) for name, value in large.items()}
        hub.accept(_arrival(number, **changing))
        most = max(most, hub.meter.size_bytes)
        if number % 20 == 0:
            await breathe()
    for _ in range(50):
        await breathe()
    return max(most, hub.meter.size_bytes)


async def _delivered(hub):
    """Wait until the vendors have answered all that they are sent."""
    while hub.destinations.ledger.pending("k"):
        await breathe()


@pytest.mark.parametrize(
    ("destinations", "large"),
    [
        ((), {"headers": lambda n: OwnHeaders((f"X-{i}", f"{n}" * 300) for i in range(5))}),
        ((), {"query": lambda n: f"q={n}" * 1000}),
        ((), {"userId": lambda n: [str(n)] * 50}),
        ((), {"userId": lambda n: f"u{n}"}),
        ((_DEAD,), {"pad": lambda _: 4000}),
        ((_DEAD, _DEAD), {"pad": lambda _: 0}),
        (tuple([_DEAD] * 6), {"pad": lambda _: 4000}),
        ((("userengage", "k", {}), ("candu", "k", {})), {"pad": lambda _: 400}),
    ],
    ids=["headers", "urls", "findings", "ids", "dead", "two-dead", "six-dead", "vendors"],
)
async def test_each_load_stays_within_the_limit(destinations, large):
    """Over the limit by no more than one request and what it brings to destinations."""
    hub = _hub(*destinations)
    most = await _fill(hub, 3000, **large)
    assert MOST / 2 < most < 1.1 * MOST
    assert sum(each.size_bytes for each in hub.meter.accounts.values()) == hub.meter.size_bytes
    hub.clear("k")
    for destination in hub.destinations.of("k"):
        hub.destinations.remove(destination)
    for _ in range(50):
        await breathe()
    left = {kind: each.size_bytes for kind, each in hub.meter.accounts.items() if each.size_bytes}
    assert left == {}
    await hub.destinations.dispatcher.close()


@pytest.mark.parametrize(
    ("destinations", "answer"),
    [
        ((), _BUSY),
        ((_DEAD,), _BUSY),
        ((_DEAD,), VendorResponse(200, b"ok")),
        ((("userengage", "k", {}),), _BUSY),
        ((("userleap", "k", {}),), _BUSY),
        ((("candu", "k", {}),), _BUSY),
    ],
    ids=["journal", "queue", "delivered", "userengage", "userleap", "candu"],
)
async def test_what_is_counted_is_what_is_taken(destinations, answer):
    """At most half as much again as is counted; that is what the constants are for."""
    hub = _hub(*destinations, answer=answer, max_bytes=10**9)
    await _fill(hub, 100)
    gc.collect()
    counted = hub.meter.size_bytes
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1000, 2000):
            hub.accept(_arrival(number))
            await breathe()
        for _ in range(100):
            await breathe()
        gc.collect()
        real = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.3 < real / (hub.meter.size_bytes - counted) < 1.5
    await hub.destinations.dispatcher.close()


async def test_what_is_finished_is_spared_a_share():
    """A full journal leaves room for the delivery that a test is about to assert."""
    hub = _hub(_DEAD, answer=VendorResponse(200, b"ok"))
    await _fill(hub, 2000)
    assert hub.journal.evicted_ever > 0
    assert (
        len(
            hub.destinations.ledger.page(
                source="k", limit=1000, wanted=lambda kept: kept.state == "delivered"
            )
        )
        > 20
    )
    await hub.destinations.dispatcher.close()


async def test_a_state_that_outgrows_its_share_refuses():
    """The vendor answers 4xx with the limit, keeps what it has, and takes more when users go."""
    hub = _hub(("candu", "k", {}))
    (candu,) = hub.destinations.of("k")
    await _fill(hub, 1200, pad=lambda _: 200)
    await _delivered(hub)
    deliveries = hub.destinations.ledger.page(source="k", newest=True)
    assert deliveries[0].state == "failed"
    assert deliveries[0].attempts[0].status == 413
    (note,) = deliveries[0].attempts[0].notes
    assert note.code == "state_full"
    assert "at most 125,000 bytes, an eighth of --max-bytes, each" in note.description
    kept = len(candu.vendor.imitation.state()["users"])
    assert 50 < kept < 1200
    with pytest.raises(VendorStateError, match="an eighth of --max-bytes"):
        candu.vendor.restore({"users": {f"u{n}": {} for n in range(5000)}})
    assert len(candu.vendor.imitation.state()["users"]) == kept
    candu.vendor.restore({})
    await _fill(hub, 1)
    await _delivered(hub)
    assert list(candu.vendor.imitation.state()["users"]) == ["u0"]


async def test_writing_the_same_again_does_not_fill_a_state():
    """The state is measured, in the background, before a vendor refuses."""
    hub = _hub(("candu", "k", {}))
    (candu,) = hub.destinations.of("k")
    for _ in range(3):
        await _fill(hub, 1000, userId=lambda _: "one", messageId=lambda n: f"{n}")
        await _delivered(hub)
        hub.clear("k")
    assert list(candu.vendor.imitation.state()["users"]) == ["one"]
    assert hub.destinations.ledger.page(wanted=lambda kept: kept.state == "failed") == []
    await _fill(hub, 1, userId=lambda _: "other")
    await _delivered(hub)
    assert set(candu.vendor.imitation.state()["users"]) == {"one", "other"}
