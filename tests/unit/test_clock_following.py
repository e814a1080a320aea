"""Sleeping on a clock that follows another."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.clock import ShiftedClock, SystemClock


@pytest.fixture(name="clocks")
def _clocks():
    """Give a server's clock that stands still, and a source's that follows it."""
    server = ShiftedClock(SystemClock())
    server.set(10**18, frozen=True)
    return server, ShiftedClock(server)


async def slept(clock, seconds):
    """Begin to sleep; give the task once it does."""
    task = asyncio.ensure_future(clock.sleep(seconds))
    asleep = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(asleep.set_result, None)
    await asleep
    return task


@pytest.mark.parametrize("moved", [0, 1], ids=["server", "source"])
async def test_who_sleeps_wakes_when_either_clock_is_moved_on(clocks, moved):
    """The source's clock, or the server's that it follows."""
    task = await slept(clocks[1], 60)
    clocks[moved].advance(59)
    assert not task.done()
    clocks[moved].advance(1)
    await task


async def test_a_clock_that_stands_still_does_not_follow(clocks):
    """A source whose own clock is frozen sleeps on when the server's moves."""
    server, source = clocks
    source.set(10**18, frozen=True)
    task = await slept(source, 60)
    server.advance(3600)
    assert not task.done()
    source.advance(60)
    await task


def test_standing_is_inherited(clocks):
    """It stands still with the clock below, and by itself."""
    server, source = clocks
    assert (source.frozen, source.standing) == (False, True)
    server.follow()
    assert source.standing is False
    source.set(0, frozen=True)
    assert source.standing is True
