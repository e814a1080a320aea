"""Alarms: wake a destination's queue when a retry comes due, by the clock of its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from mockseg.clock import ShiftedClock
    from mockseg.delivery.lane import Lane
    from mockseg.delivery.tasks import Tasks


_SECOND = 1_000_000_000


class Alarms:
    """One sleeping task for each queue that has retries to come.

    Args:
        tasks: that run them; those of a lane are for that lane.
        clock_of: gives the clock of a source.
        wake: called with a lane when something of it has come due.
    """

    __slots__ = ("_clock_of", "_set", "_tasks", "_wake")

    def __init__(
        self,
        *,
        tasks: Tasks,
        clock_of: Callable[[str], ShiftedClock],
        wake: Callable[[Lane], object],
    ) -> None:
        self._tasks = tasks
        self._clock_of = clock_of
        self._wake = wake
        self._set: dict[Lane, asyncio.Task[None]] = {}

    def set(self, lane: Lane) -> None:
        """Sleep until the first retry of a lane comes due, not until what was first before."""
        self.stop(lane)
        self._set[lane] = self._tasks.begin(self._ring(lane), of=lane, name="retries")

    def stop(self, lane: Lane) -> None:
        """Forget the alarm of a lane."""
        before = self._set.pop(lane, None)
        if before is not None:
            before.cancel()

    async def _ring(self, lane: Lane) -> None:
        clock = self._clock_of(lane.destination.source)
        while (due_ns := lane.next_due_ns()) is not None:
            now_ns = clock.now_ns()
            if due_ns > now_ns:
                await clock.sleep((due_ns - now_ns) / _SECOND)
                continue
            lane.wake_due(now_ns)
            self._wake(lane)
        del self._set[lane]
