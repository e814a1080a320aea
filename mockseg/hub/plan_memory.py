"""The memory of plans: those of sources, and those that were replaced but judged kept calls."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from mockseg.hub.source_plans import SourcePlans, plans_too_large
from mockseg.journal.meter import Meter


class PlanMemory:
    """Counts plans as long as anything has them: a source, or a call that they judged.

    Args:
        meter: bounds what they take, with what others keep.
        in_force: returns the plans of all sources.
    """

    __slots__ = ("_account", "_counted", "_in_force", "_meter", "_released")

    def __init__(self, meter: Meter, in_force: Callable[[], Iterable[SourcePlans]]) -> None:
        self._meter = meter
        self._account = meter.accounts["plans"]
        self._in_force = in_force
        # The sets of plans that are counted, by identity, with their bytes.
        self._counted: dict[int, int] = {}
        # Whether nothing that was replaced is left to evict.
        self._released = False

    def check(self, plans: SourcePlans, others: Iterable[SourcePlans]) -> None:
        """Refuse plans that do not fit beside the others.

        Args:
            plans: that a source is to have.
            others: the plans of all other sources.

        Raises:
            OperationError: 413.
        """
        most_bytes = self._meter.plan_limit
        if id(plans.set) in self._counted or (
            self._account.size_bytes + plans.size_bytes <= most_bytes
        ):
            return
        # Those that were replaced are evicted when it is their turn.
        in_force = {id(each.set): each.size_bytes for each in (plans, *others)}
        if (size_bytes := sum(in_force.values())) > most_bytes:
            raise plans_too_large(size_bytes, most_bytes)

    def count(self, plans: SourcePlans) -> None:
        """Count plans that a source has now, until nothing has them any more."""
        key = id(plans.set)
        if plans.size_bytes and key not in self._counted:
            self._counted[key] = plans.size_bytes
            self._account.add(plans.size_bytes)
            weakref.finalize(plans.set, self._uncount, key).atexit = False
        # They may have come instead of others.
        self._released = False
        self._meter.keep_bound()

    def _uncount(self, key: int) -> None:
        self._account.add(-self._counted.pop(key))

    def evict_by(self, release: Callable[[Callable[[], int], AbstractSet[int]], None]) -> None:
        """Have replaced plans evicted over the limit.

        Args:
            release: is given what returns the bytes to evict yet, and the identities of the sets of
                plans that sources have.
        """

        def evict(excess: Callable[[], int]) -> None:
            # A full server evicts with each request: it must not look at all sources each time.
            if not self._released:
                release(excess, {id(plans.set) for plans in self._in_force()})
                self._released = excess() > 0

        self._account.evict = evict
