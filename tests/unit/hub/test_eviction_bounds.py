"""Over which setting calls were evicted: named where a call is missing, after a restart too."""

from __future__ import annotations

import pytest
from journal_files import arrival, hub_of, perform

from mockseg.clock import ShiftedClock, SystemClock
from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.matching.render import evicted_note

_DAY_SECONDS = 86_400


def _evicting(bound, file):
    """Return a server of which one setting evicts calls, and the clock."""
    settings = {
        "max_calls": {"max_calls": 5},
        "max_requests": {"max_requests": 5},
        "max_bytes": {"max_bytes": 100_000},
        "max_age": {"max_age": "1d"},
    }[bound]
    clock = ShiftedClock(SystemClock())
    journal = None if file is None else str(file)
    return Hub(Settings(journal=journal, **settings), clock=clock), clock


@pytest.mark.parametrize("bound", ["max_calls", "max_requests", "max_bytes", "max_age"])
@pytest.mark.parametrize("in_file", [False, True])
async def test_the_bound_that_evicted_is_named(tmp_path, bound, in_file):
    """Of a source and of all; in a file also after a restart, and no more after a clear."""
    file = tmp_path / "journal.db" if in_file else None
    hub, clock = _evicting(bound, file)
    hub.accept(arrival("other", source="other"))
    for number in range(100):
        hub.accept(arrival(f"m{number}", text="x" * 1000))
    if bound == "max_age":
        clock.set(clock.now_ns() + 2 * _DAY_SECONDS * 10**9, frozen=False)
    summary = await perform(hub, "summary", source="k")
    assert summary.evicted
    assert summary.lost.bounds == (bound,)
    assert evicted_note(summary.lost)[0].endswith(f": raise {bound}.")
    assert (await perform(hub, "summary")).lost.bounds == (bound,)
    assert hub.journal.bounds() == (bound,)
    if file is not None:
        hub.close()
        hub = hub_of(file)
        again = await perform(hub, "summary", source="k")
        assert (again.lost.bounds, hub.journal.bounds("k")) == ((bound,), (bound,))
    await perform(hub, "clear_calls", source="k")
    hub.accept(arrival("new"))
    assert (await perform(hub, "summary", source="k")).lost.bounds == ()
    hub.close()
    if file is not None:
        hub = hub_of(file)
        assert (await perform(hub, "summary", source="k")).lost.bounds == ()
        hub.close()


async def test_several_bounds_are_named_in_one_order(tmp_path):
    """Whichever evicted first."""
    hub = hub_of(tmp_path / "journal.db", max_bytes=100_000, max_calls=60)
    for number in range(60):
        hub.accept(arrival(f"large {number}", text="x" * 3000))
    assert hub.journal.bounds("k") == ("max_bytes",)
    hub.clear("k")
    for number in range(100):
        hub.accept(arrival(f"small {number}"))
    for number in range(60):
        hub.accept(arrival(f"large again {number}", text="x" * 3000))
    assert hub.journal.bounds("k") == ("max_calls", "max_bytes")
    hub.close()
