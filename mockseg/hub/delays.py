"""What faults hold back: answers that come late, and those that never come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mockseg.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.clock import ShiftedClock
    from mockseg.hub.sources import Source


class Delays:
    """All requests of a server that are held back, by source. For the event loop's thread only.

    Args:
        changed: called when one of them is let go.
    """

    __slots__ = ("_changed", "_held")

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._held: dict[str, dict[asyncio.Future[None], str]] = {}

    def count(self, source: str | None = None) -> int:
        """Count what is held back of a source, or of all."""
        if source is None:
            return sum(len(held) for held in self._held.values())
        return len(self._held.get(source, ()))

    async def hold(self, source: Source, fault: str, seconds: float | None) -> bool:
        """Hold a request back; True when its time has come, False when it is let go before.

        Args:
            source: whose it is; its clock counts.
            fault: the id of the fault that does it.
            seconds: None for ever.
        """
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waited: set[asyncio.Future[None]] = {released}
        if seconds is not None:
            end_ns = source.clock.now_ns() + round(seconds * NANOSECONDS)
            waited.add(asyncio.ensure_future(_until(source.clock, end_ns)))
        held = self._held.setdefault(source.key, {})
        held[released] = fault
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            return not released.done()
        finally:
            for future in waited:
                future.cancel()
            del held[released]
            if not held and self._held.get(source.key) is held:
                del self._held[source.key]
            self._changed()

    def release(self, *, source: str | None = None, fault: str | None = None) -> None:
        """Let go what is held back of a source, by a fault, or both; of all without."""
        of_source = [self._held[source]] if source in self._held else []
        for held in self._held.values() if source is None else of_source:
            for released, by in held.items():
                if (fault is None or by == fault) and not released.done():
                    released.set_result(None)


async def _until(clock: ShiftedClock, end_ns: int) -> None:
    """Sleep until a moment, which may have come before this began to run."""
    left_ns = end_ns - clock.now_ns()
    if left_ns > 0:
        await clock.sleep(left_ns / NANOSECONDS)
