"""Settling: nothing in flight, and silence."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.errors import OperationError


@pytest.fixture
def settle(machine, run):
    """Give a function that settles while things happen: `(cursor or code, seconds)`."""

    def settled(*plan, **asked):
        async def body():
            loop = asyncio.get_running_loop()
            for seconds, do in plan:
                loop.call_later(seconds, do)
            started = loop.time()
            try:
                outcome = (await machine.perform("settle", **asked)).cursor
            except OperationError as error:
                outcome = error.code if error.status == 406 else error.status
            return outcome, round(loop.time() - started, 6)

        return run(body())

    return settled


def test_a_silent_server_settles_after_the_silence(settle):
    """The silence is counted from the start: something may be on its way."""
    assert settle(quiet=0.2) == (0, 0.2)


def test_no_silence_asked_is_at_once(machine, settle):
    """quiet=0 settles at once when nothing is in flight."""
    machine.track()
    assert settle(quiet=0) == (1, 0)


def test_arrivals_start_the_silence_anew(machine, settle):
    """The last arrival counts."""
    plan = [(0.1, machine.track), (0.25, machine.track)]
    assert settle(*plan, quiet=0.2) == (2, 0.45)


def test_noise_without_end_is_told(machine, settle):
    """406 when there was no silence in time."""
    plan = [(0.1 * step, machine.track) for step in range(1, 30)]
    assert settle(*plan, quiet=0.2, timeout=1) == ("not_quiet", 1)


@pytest.mark.parametrize("source", ["k", "new"])
def test_other_sources_are_no_noise(machine, settle, source):
    """A source settles while its neighbours go on, also before its first use."""
    if source == "k":
        machine.track("k")
    plan = [(0.1 * step, lambda: machine.track("noisy")) for step in range(1, 30)]
    _, seconds = settle(*plan, source=source, quiet=0.25, timeout=1)
    assert seconds == pytest.approx(0.25, abs=0.06)


def test_what_is_in_flight_is_waited_for(machine, settle):
    """A request that is being read is not settled, however silent it is."""
    hub = machine.hub
    hub.in_flight = 1

    def arrive():
        machine.track()
        hub.in_flight = 0

    assert settle((0.7, arrive), quiet=0.1, timeout=5) == (1, 0.8)


def test_what_stays_in_flight_is_told(machine, settle):
    """406 when a request does not end."""
    machine.hub.in_flight = 1
    assert settle(quiet=0.1, timeout=2) == ("not_quiet", 2)
