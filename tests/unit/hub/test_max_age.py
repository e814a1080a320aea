"""``--max-age``: calls and requests are kept for so long by the server's clock."""

from __future__ import annotations

_DAY = 24 * 3600


async def test_a_server_evicts_by_its_own_clock(make_machine, tmp_path):
    """Calls of the last three days are kept, over restarts too, whatever their own times say."""
    file = str(tmp_path / "journal.db")
    machine = make_machine(max_age="3d", journal=file)
    call = {"type": "track", "event": "Old", "userId": "u", "messageId": "old"}
    imported = {"source": "k", "message": call, "receivedAt": "2020-01-01T00:00:00Z"}
    await machine.perform("import_calls", calls=[imported])
    await machine.perform("advance_clock", seconds=2 * _DAY)
    machine.track(messageId="new")
    await _restarted(machine)

    again = make_machine(max_age="3d", journal=file)
    assert await _ids(again) == ["old", "new"]
    await again.perform("advance_clock", seconds=1.5 * _DAY)
    assert await _ids(again) == ["new"]
    summary = await again.perform("summary", source="k")
    assert (summary.total, summary.evicted) == (1, 1)
    await _restarted(again)

    # Without a limit nothing goes. What was recorded then counts from the next start with one.
    unlimited = make_machine(journal=file)
    await unlimited.perform("advance_clock", seconds=30 * _DAY)
    unlimited.track(messageId="newest")
    await _restarted(unlimited)
    last = make_machine(max_age="3d", journal=file)
    assert await _ids(last) == ["new", "newest"]
    await last.perform("advance_clock", seconds=4 * _DAY)
    assert await _ids(last) == []
    await _restarted(last)


async def _ids(machine):
    page = await machine.perform("list_calls", source="k")
    return [call.message_id for call in page.calls]


async def _restarted(machine):
    await machine.hub.finish()
    machine.hub.close()
