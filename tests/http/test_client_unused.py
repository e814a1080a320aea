"""Verbs that nobody awaited and blocks that nobody entered, without pytest's plugin."""

from __future__ import annotations

import asyncio
import gc

import pytest

from mockseg import AsyncClient, Client, MockSegment, UnmetExpectationError, track


def _forget(error: Exception | None = None) -> None:
    with MockSegment() as server:
        source = server.source()
        source.aio.assert_called(track("X"))
        source.waiting_for(track("X"))
        server.faults(status=503)
        if error is not None:
            raise error


def test_the_end_of_a_servers_block_names_what_was_not_awaited():
    """The error says where, which verb, and what to write; each is named."""
    with pytest.raises(UnmetExpectationError) as caught:
        _forget()
    lines = str(caught.value).splitlines()
    assert [line.partition("py:")[2].partition(" ")[2] for line in lines] == [
        "assert_called() was not awaited, so it did nothing; write `await ...assert_called(...)`",
        "waiting_for() was not entered, so it did nothing; write `with ...waiting_for(...):`",
        "faults() was not entered, so it did nothing; write `with ...faults(...):`",
    ]
    assert all(line.startswith("test_client_unused.py:") for line in lines)


def test_an_error_that_ends_the_block_stays_the_error():
    """What was left unused is noted on it."""
    with pytest.raises(ZeroDivisionError) as caught:
        _forget(ZeroDivisionError())
    assert "assert_called() was not awaited" in caught.value.__notes__[0]


async def _forget_clear(url):
    async with AsyncClient(url) as client:
        client.clear()


async def _forget_enter(url):
    async with AsyncClient(url) as client:
        (await client.source()).audience("VIP").enter(["u1"])


async def test_clients_say_it_as_well():
    """`Client` and `AsyncClient` at the end of their blocks."""
    with MockSegment() as server:
        with pytest.raises(UnmetExpectationError, match=r"settle\(\) was not awaited"):  # noqa: SIM117  (the outer block goes on)
            with Client(server.url) as client:
                client.source("key").aio.settle()
        with pytest.raises(UnmetExpectationError, match=r"clear\(\) was not awaited"):
            await _forget_clear(server.url)
        with pytest.raises(UnmetExpectationError, match=r"enter\(\) was not awaited"):
            await _forget_enter(server.url)


async def test_what_is_awaited_is_not_named():
    """Directly, gathered, or in a task that was given its turn; many at once, too."""
    async with MockSegment() as server:
        source = server.source()
        verbs = [source.aio.assert_not_called(track("X"), within=0) for _ in range(300)]
        await asyncio.gather(*verbs)
        waiting = asyncio.ensure_future(source.aio.wait_for(track("X"), timeout=60))
        await source.aio.calls()
        waiting.cancel()
        async with source.aio.faults(status=503):
            pass


def test_without_a_block_the_warning_is_pythons_own():
    """Nobody would ask: the coroutine is dropped as any other is."""
    server = MockSegment()
    server.start()
    try:
        with pytest.warns(RuntimeWarning, match=r"assert_called' was never awaited"):
            _drop(server.source())
    finally:
        server.stop()


def _drop(source):
    source.aio.assert_called(track("X"))
    gc.collect()
