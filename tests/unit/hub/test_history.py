"""What happened to sources: the newest are kept, and no clear goes unnoticed."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.config import Settings
from mockseg.faults.effect import Effect
from mockseg.hub import history as module
from mockseg.hub.hub import Hub
from mockseg.operations.calls import ClearCalls, ImportCalls, ImportedCall
from mockseg.operations.faults import AddFault, ClearFaults
from mockseg.operations.rows import CallCounts, CountCalls
from mockseg.operations.sources import GetSource

pytestmark = pytest.mark.fast


@pytest.fixture
def hub() -> Hub:
    """Give a hub."""
    return Hub(Settings(seed=1))


async def record(hub: Hub, source: str) -> None:
    """Record a call of a source."""
    message: Any = {"type": "track", "userId": "u", "event": "E"}
    await hub.perform("import_calls", ImportCalls([ImportedCall(source=source, message=message)]))


async def test_counts_have_what_happened_meanwhile(hub: Hub) -> None:
    """Of the source, of all sources among it; nothing without buckets or of other sources."""
    await record(hub, "k")
    await hub.perform("add_fault", AddFault(source="k", effect=Effect(status=503)))
    await hub.perform("add_fault", AddFault(effect=Effect(status=500)))
    await hub.perform("add_fault", AddFault(source="other", effect=Effect(status=500)))
    await hub.perform("clear_faults", ClearFaults(id="fault-1"))
    await hub.perform("clear_calls", ClearCalls(source="k"))
    # Nothing is left to clear.
    await hub.perform("clear_calls", ClearCalls(source="k"))
    await record(hub, "k")
    counts = await hub.perform("call_counts", CountCalls(source="k", buckets=60))
    assert isinstance(counts, CallCounts)
    told = [(each.kind, each.source) for each in counts.happenings]
    assert told == [
        ("fault_added", "k"),
        ("fault_added", None),
        ("fault_removed", "k"),
        ("cleared", "k"),
    ]
    assert counts.happenings[0].text.startswith("fault-1: ")
    assert counts.happenings[-1].text == "1 call"
    without = await hub.perform("call_counts", CountCalls(source="k"))
    assert isinstance(without, CallCounts)
    assert without.happenings == []


@pytest.mark.parametrize("how", ["cleared", "removed"])
async def test_a_clear_is_known_when_it_is_no_longer_kept(hub: Hub, how: str) -> None:
    """Of an open source by its last one; a source that was removed counts as cleared."""
    gone = how == "removed"
    await record(hub, "k")
    await record(hub, "quiet")
    history, before = hub.sources.history, hub.sources.history.clears
    if gone:
        await hub.perform("delete_source", GetSource(write_key="k"))
    else:
        await hub.perform("clear_calls", ClearCalls(source="k"))
    assert history.cleared_after(before, "k")
    after = history.clears
    for number in range(module.MOST_KEPT + 1):
        history.cleared(f"other {number}", 1)
    assert len([*history.of(None)]) == module.MOST_KEPT
    assert history.last_clear("k") is None
    assert history.cleared_after(before, "k")
    assert not history.cleared_after(before, "quiet")
    assert history.cleared_after(before, None)
    assert not history.cleared_after(history.clears, None)
    if not gone:
        assert not history.cleared_after(after, "k")


def test_what_an_earlier_run_cleared_is_not_told(hub: Hub) -> None:
    """Its numbers are lower: the clock was behind."""
    assert not hub.sources.history.cleared_after(1, None)
