"""Settling: nothing in flight, and silence."""

from __future__ import annotations

import asyncio
import contextlib

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


@pytest.fixture
def flying(machine):
    """Give a function that lets a request with this key be read, and one that ends them all."""
    stack = contextlib.ExitStack()

    def fly(key):
        stack.enter_context(machine.hub.in_flight.reading(key))

    return fly, stack.close


@pytest.fixture
def refusal(machine, run):
    """Give a function that settles in vain and gives the refusal."""

    def refused(**asked):
        with pytest.raises(OperationError) as caught:
            run(machine.perform("settle", **asked))
        return caught.value

    return refused


@pytest.mark.parametrize("source", ["k", None])
def test_what_is_in_flight_is_waited_for(machine, settle, flying, source):
    """A request that is being read is not settled, however silent it is."""
    fly, end = flying
    fly("k")

    def arrive():
        end()
        machine.track("k")

    asked = {} if source is None else {"source": source}
    assert settle((0.7, arrive), quiet=0.1, timeout=5, **asked) == (1, 0.8)


@pytest.mark.parametrize("asked", [{"source": "k"}, {}])
def test_what_stays_in_flight_is_told(settle, flying, asked):
    """406 when a request does not end."""
    flying[0]("k")
    assert settle(quiet=0.1, timeout=2, **asked) == ("not_quiet", 2)


def test_a_stuck_request_of_another_source_is_not_waited_for(settle, flying):
    """Its write key is known from its head: no other source waits for it."""
    flying[0]("other")
    assert settle(source="k", quiet=0.1, timeout=5) == (0, 0.1)


def test_a_request_without_a_key_yet_is_waited_for_a_second(settle, flying):
    """It may be this source's until its body is read; stuck, it holds nobody up for long."""
    fly, _ = flying
    assert settle((0.3, lambda: fly("")), source="k", quiet=0.4, timeout=5) == (0, 1.3)
    assert settle(source="k", quiet=0.1, timeout=5) == (0, 0.1)


def test_a_request_that_tells_its_key_late_is_not_missed(machine, settle, flying):
    """The key was in the body, which came after the settling began."""
    fly, end = flying
    fly("")

    def arrive():
        end()
        machine.track("k")

    assert settle((0.5, arrive), source="k", quiet=0, timeout=5) == (1, 0.5)


def test_a_server_waits_for_every_request(settle, flying):
    """The whole server is not settled while any request is stuck, with a key or without."""
    fly, end = flying
    fly("")
    assert settle(quiet=0, timeout=3) == ("not_quiet", 3)
    assert settle((4, end), quiet=0, timeout=5) == (0, 4)


def test_a_refusal_says_what_is_in_flight(refusal, flying):
    """Of this source, and what may be; counted in the details."""
    fly, _ = flying
    for key in ("k", "k", "other", ""):
        fly(key)
    error = refusal(source="k", quiet=0, timeout=0.5)
    assert error.message == (
        "not settled within 0.5 s: 2 requests of this source in flight, 1 request in flight with"
        " no write key yet, nothing has come yet; 0 s of quiet were asked for"
    )
    assert error.details == {"inFlight": 3, "delayed": 0, "pending": 0}


@pytest.mark.parametrize("asked", [{}, {"source": "k"}, {"source": "never used"}])
async def test_a_refusal_tells_no_time_where_nothing_came(machine, asked):
    """On a new server, in a source without arrivals: nothing has come yet."""
    await machine.perform("create_source", writeKey="k")
    if "source" in asked:
        machine.track("busy")
    with pytest.raises(OperationError, match="within 0 s: nothing has come yet; 9 s of quiet"):
        await machine.perform("settle", quiet=9, timeout=0, **asked)


def test_a_refusal_tells_when_the_last_request_came(machine, refusal):
    """By the machine's clock."""
    machine.track("k")
    error = refusal(source="k", quiet=9, timeout=1)
    assert error.message == (
        "not settled within 1 s: the last request came 1.00 s ago; 9 s of quiet were asked for"
    )
