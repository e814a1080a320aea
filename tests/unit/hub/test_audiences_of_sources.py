"""Audiences and computed traits of sources: bounded, and no change holds the others up."""

from __future__ import annotations

import asyncio

import pytest

from mockseg.clock import breathe
from mockseg.errors import OperationError

_MOST = 1_000_000


@pytest.fixture(name="machine")
def _machine(make_machine):
    return make_machine(max_bytes=_MOST)


def _taken(machine):
    return machine.hub.meter.accounts["audiences"].size_bytes


async def test_audiences_take_an_eighth_of_max_bytes_at_most(machine):
    """What would be over it is refused whole; users who leave make room again."""
    users = [f"user-{number}" for number in range(500)]
    await machine.perform("change_audience", writeKey="k", audience="A", enter=users)
    taken, calls = _taken(machine), len(machine.calls())
    assert len(users) * 100 < taken <= _MOST // 8
    for change in (
        {"audience": "B", "enter": [f"u{number}" for number in range(500)]},
        {"computedTrait": "T", "values": {"u1": "x" * 40_000}},
    ):
        with pytest.raises(OperationError, match=r"at most 125,000 bytes") as refused:
            await machine.perform("change_audience", writeKey="k", **change)
        assert refused.value.status == 422
    assert (_taken(machine), len(machine.calls())) == (taken, calls)
    await machine.perform("change_audience", writeKey="k", audience="A", leave=users)
    assert _taken(machine) == 0


async def test_a_source_that_is_deleted_gives_its_audiences_back(machine):
    """Nothing is counted for it any more."""
    await machine.perform("change_audience", writeKey="k", audience="A", enter=["u1"])
    await machine.perform("change_audience", writeKey="other", computedTrait="T", values={"u": 1})
    other = _taken(machine)
    await machine.perform("delete_source", writeKey="k")
    assert 0 < _taken(machine) < other
    await machine.perform("delete_source", writeKey="other")
    assert _taken(machine) == 0


async def test_a_large_change_lets_others_have_their_turn_and_keeps_the_order(machine, monkeypatch):
    """Another change of the audience waits; a question is answered between two calls."""
    monkeypatch.setattr("mockseg.clock.TURN_SECONDS", 0)
    seen = []

    async def look():
        for _ in range(3):
            seen.append(len(machine.calls("k")))
            await breathe()

    await asyncio.gather(
        machine.perform("change_audience", writeKey="k", audience="A", enter=["u1", "u2", "u3"]),
        machine.perform("change_audience", writeKey="k", audience="A", leave=["u1"]),
        look(),
    )
    assert any(0 < count < 4 for count in seen)
    told = [(call.message["userId"], call.message["traits"]["a"]) for call in machine.calls("k")]
    assert told == [("u1", True), ("u2", True), ("u3", True), ("u1", False)]


@pytest.mark.parametrize(
    "unclear",
    [
        {},
        {"audience": "A", "computedTrait": "T"},
        {"audience": "A", "enter": ["u"], "leave": ["u"]},
    ],
)
async def test_a_change_that_is_unclear_opens_no_source(machine, unclear):
    """It is refused before anything is done."""
    with pytest.raises(OperationError):
        await machine.perform("change_audience", writeKey="k", **unclear)
    assert machine.hub.sources.get("k") is None
