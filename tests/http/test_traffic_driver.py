"""The driver keeps its schedule whatever the server does, and counts everything."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from mockseg.traffic.driver import Driver
from mockseg.traffic.generator import Traffic
from mockseg.traffic.packets import grouped, to_segment
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.schedule import schedule
from mockseg.traffic.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.traffic.packets import Group


def calls(rate: int, milliseconds: int) -> Traffic:
    """Make calls."""
    made = schedule("constant", rate=Fraction(rate), length_ns=milliseconds * 10**6)
    return Traffic(Recipe(schedule=made, start_ns=0, catalogue=("candu",), users=50, seed="1"))


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Read the catalogue before there is a loop, as the command does."""
    list(calls(100, 100))


async def sent(url: str, traffic: Traffic, transport: str = "single", **how: Any) -> Tally:
    """Send calls; give what was counted."""
    tally = Tally()
    make = to_segment("key", transport, zipped=how.pop("zipped", False))
    await Driver(url, make, tally, **how).run(grouped(traffic, transport))
    return tally


@pytest.mark.parametrize(
    ("transport", "zipped"),
    [("batch", False), ("batch", True), ("single", False), ("single", True), ("pixel", False)],
)
async def test_everything_arrives_once(client, hub, transport, zipped) -> None:
    """By every transport a mockseg records each call once, as good."""
    url = "http://{}:{}".format(*client.address)
    traffic = calls(1000, 300)
    tally = await sent(url, traffic, transport, zipped=zipped)
    assert (tally.made, tally.answered, tally.lost) == (300, 300, 0)
    kept = hub.journal.calls_after(0, limit=1000)
    assert sorted(call.message_id for call in kept) == sorted(made.message_id for made in traffic)
    assert all(call.good for call in kept)
    assert tally.latency.count == tally.lateness.count


async def test_a_slow_server_does_not_slow_the_schedule(serving) -> None:
    """What waits for a connection is late, and its latency counts from when it was due."""
    release = asyncio.Event()
    arrived = 0

    async def answer(_: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        await release.wait()
        return web.Response()

    async with serving(answer) as url:
        tally = Tally()
        driver = Driver(url, to_segment("k", "single", zipped=False), tally, connections=2)
        due = asyncio.Event()

        def groups() -> Iterator[Group]:
            yield from grouped(calls(200, 500), "single")
            due.set()

        running = asyncio.create_task(driver.run(groups()))
        await due.wait()
        assert driver.waiting == 100
        assert arrived <= 2
        release.set()
        await running
    assert (tally.made, tally.answered, tally.lost) == (100, 100, 0)
    # The first was due half a second before anything was answered.
    assert tally.latency.most > 400_000
    assert tally.lateness.most > 300_000


async def test_what_cannot_wait_is_counted(serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too much waits, the rest is counted as not sent; nothing is lost from the sum."""
    monkeypatch.setattr("mockseg.traffic.driver._MOST_WAITING", 5)
    monkeypatch.setattr("mockseg.traffic.driver._GRACE_SECONDS", 0.1)

    async def answer(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with serving(answer) as url:
        tally = await sent(url, calls(500, 100), connections=1)
    assert tally.made == 50
    assert tally.answered == 0
    assert tally.failed["no answer at the end"] == 1
    assert tally.unsent == 49
    assert tally.lost == 50


async def test_refusals_are_counted_by_status(serving) -> None:
    """Answers that are no success are counted by status, and the schedule goes on."""
    statuses = iter([200, 429, 503, 302] * 10)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=next(statuses))

    async with serving(answer) as url:
        tally = await sent(url, calls(400, 100))
    assert tally.made == 40
    assert tally.answered == 10
    assert dict(tally.refused) == {429: 10, 503: 10, 302: 10}


async def test_a_server_that_goes_away_is_counted_by_kind(serving) -> None:
    """When the target is lost in the middle the schedule goes on; failures have names."""
    tally = Tally()
    left = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        if tally.answered >= 20:
            left.set()
        return web.Response()

    async with serving(answer) as url:
        driver = Driver(url, to_segment("k", "single", zipped=False), tally, connections=4)
        running = asyncio.create_task(driver.run(grouped(calls(200, 700), "single")))
        await left.wait()
    await running
    assert tally.made == 140
    assert tally.answered >= 20
    assert tally.answered + tally.lost == 140
    assert any(kind.startswith("cannot connect") for kind in tally.failed), tally.failed


async def test_stopping_ends_the_schedule(serving) -> None:
    """After a stop nothing more becomes due, and what was sent is still answered."""
    arrived = 0
    enough = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        if arrived == 10:
            enough.set()
        return web.Response()

    async with serving(answer) as url:
        tally = Tally()
        driver = Driver(url, to_segment("k", "single", zipped=False), tally)
        running = asyncio.create_task(driver.run(grouped(calls(100, 3_600_000), "single")))
        await enough.wait()
        driver.stop()
        await running
    assert tally.interrupted
    assert tally.answered == arrived >= 10
    assert tally.made == tally.answered + tally.lost
    assert tally.made < 1000


async def test_stopping_twice_waits_for_nobody(serving) -> None:
    """A second stop gives up what has no answer yet, and counts it."""
    arrived = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        arrived.set()
        await asyncio.Event().wait()
        return web.Response()

    async with serving(answer) as url:
        tally = Tally()
        driver = Driver(url, to_segment("k", "single", zipped=False), tally, connections=1)
        running = asyncio.create_task(driver.run(grouped(calls(100, 3_600_000), "single")))
        await arrived.wait()
        driver.stop()
        driver.stop()
        await running
    assert tally.interrupted
    assert tally.failed == {"no answer at the end": 1}
    assert tally.made == tally.lost == 1 + tally.unsent
