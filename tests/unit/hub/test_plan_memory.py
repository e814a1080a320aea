"""What the plans of sources take, and when it is looked for plans that were replaced."""

from __future__ import annotations

from mockseg.hub.plan_memory import PlanMemory
from mockseg.hub.source_plans import SourcePlans
from mockseg.journal.meter import Meter
from mockseg.plans.planset import PlanSet


def _plans(size_bytes):
    return SourcePlans((), (), "lenient", PlanSet(), size_bytes)


def test_a_full_server_looks_at_its_sources_once_for_each_change_of_plans():
    """Each request of a full server evicts; plans in force stay, however often it is asked."""
    looked, released = [], []
    first, second = _plans(600), _plans(700)
    meter = Meter(1000)

    def in_force():
        looked.append(1)
        return [first]

    memory = PlanMemory(meter, in_force)
    memory.evict_by(lambda _excess, kept: released.append(kept))
    memory.count(first)
    meter.accounts["journal"].add(1000)
    for _ in range(100):
        meter.keep_bound()
    assert (looked, released) == ([1], [{id(first.set)}])
    memory.count(second)
    for _ in range(100):
        meter.keep_bound()
    assert len(looked) == 2
