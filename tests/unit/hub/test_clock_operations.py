"""Clocks: the server's and each source's, moved and stopped through operations."""

from __future__ import annotations

import pytest

from mockseg.delivery.ledger import Ledger
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import OperationError
from mockseg.hub.handlers.deliveries import overdue


async def test_the_servers_clock_stamps_calls(machine):
    """A time that was set is the time of arrival."""
    await machine.perform("set_clock", now="2030-05-06T07:08:09.123456Z", frozen=True)
    assert machine.track().received_at == "2030-05-06T07:08:09.123Z"


async def test_a_frozen_clock_moves_when_it_is_told(machine):
    """It stands still between advances."""
    assert machine.track().received_at == machine.track().received_at
    view = await machine.perform("advance_clock", seconds=90.5)
    assert (view.now, view.frozen) == ("2026-01-31T12:01:30.500Z", True)
    assert machine.track().received_at == "2026-01-31T12:01:30.500Z"


async def test_a_sources_clock_is_its_own(machine):
    """Its neighbours keep the server's time."""
    await machine.perform("advance_clock", seconds=3600, source="a")
    assert machine.track("a").received_at == "2026-01-31T13:00:00.000Z"
    assert machine.track("b").received_at == "2026-01-31T12:00:00.000Z"
    view = await machine.perform("get_clock", source="a")
    assert (view.now, view.offset_seconds) == ("2026-01-31T13:00:00.000Z", 3600)


async def test_a_sources_clock_goes_on_with_the_servers(machine):
    """A shift is kept, whatever the server's clock does."""
    await machine.perform("advance_clock", seconds=60, source="a")
    await machine.perform("advance_clock", seconds=60)
    assert (await machine.perform("get_clock", source="a")).now == "2026-01-31T12:02:00.000Z"


async def test_a_sources_clock_can_stand_still_alone(machine):
    """Frozen, it does not follow the server's any more."""
    await machine.perform("set_clock", now="2020-01-01T00:00:00Z", frozen=True, source="a")
    await machine.perform("advance_clock", seconds=60)
    assert machine.track("a").received_at == "2020-01-01T00:00:00.000Z"


async def test_null_follows_the_clock_below_again(machine):
    """A source without a time of its own has the server's."""
    await machine.perform("set_clock", now="2020-01-01T00:00:00Z", frozen=True, source="a")
    view = await machine.perform("set_clock", now=None, source="a")
    assert (view.now, view.frozen, view.offset_seconds) == ("2026-01-31T12:00:00.000Z", False, 0)


async def test_a_time_that_is_none_is_refused(machine):
    """422 names the value and what is allowed; the clock stays."""
    with pytest.raises(OperationError) as caught:
        await machine.perform("set_clock", now="soon")
    assert caught.value.status == 422
    assert '"soon"' in caught.value.message
    assert (await machine.perform("get_clock")).now == "2026-01-31T12:00:00.000Z"


async def test_the_ends_of_the_calendar_can_be_stamped(machine):
    """No time that can be set makes a call that cannot be shown."""
    for now in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"):
        await machine.perform("set_clock", now=now, frozen=True)
        machine.track(timestamp="2026-01-01T00:00:00Z", sentAt="0001-01-01T00:00:00Z")
    await machine.perform("advance_clock", seconds=3_000_000_000)
    assert len(machine.calls()) == 2
    assert machine.track().received_at == "9999-12-31T23:59:59.999Z"


async def test_skew_is_corrected_by_the_sources_clock(machine):
    """Timestamp = receivedAt - (sentAt - originalTimestamp)."""
    call = machine.track(timestamp="2020-01-01T00:00:00Z", sentAt="2020-01-01T00:00:30Z")
    assert call.message["timestamp"] == "2026-01-31T11:59:30.000Z"


async def test_what_is_due_is_known_without_reading_the_ledger(machine, monkeypatch):
    """By the clock of each source, of one or of all; the first retry is named, not the oldest."""
    destinations = machine.hub.destinations
    ledger = destinations.ledger
    for source, minute in (("a", 9), ("a", 5), ("b", 7)):
        machine.hub.sources.claim(source)
        kept = ledger.open(
            call=0,
            message_id="m",
            type="track",
            event="E",
            user_id="u",
            source=source,
            destination="d",
        )
        ledger.retrying(kept, parse_moment(f"2026-01-31T12:0{minute}:00Z"))
    monkeypatch.delattr(Ledger, "page")
    assert [destinations.due(key) for key in (None, "a", "b", "c")] == [False] * 4
    assert "12:05:00.000Z" in overdue("a", ledger)[0]
    assert "12:05:00.000Z" in overdue(None, ledger)[0]
    machine.hub.sources.clock_of("b").advance(7 * 60)
    assert [destinations.due(key) for key in (None, "a", "b", "c")] == [True, False, True, False]
