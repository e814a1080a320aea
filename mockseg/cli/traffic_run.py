"""Running a driver from a command: progress and Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Protocol

from mockseg.cli.traffic_progress import show_progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.traffic.packets import Group
    from mockseg.traffic.tally import Tally


class Sender(Protocol):
    """What sends groups of calls on a schedule and counts what becomes of them."""

    @property
    def waiting(self) -> int:
        """Number of groups that are due and not yet answered."""
        ...

    def stop(self) -> None:
        """End it before its time; called again, without waiting for anything."""
        ...

    async def run(self, groups: Iterable[Group]) -> None:
        """Send everything."""
        ...


def send(sender: Sender, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
    """Send everything; Ctrl-C and SIGTERM end it, with all that was sent counted."""
    asyncio.run(_run(sender, groups, tally, total=total))


async def _run(driver: Sender, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Where the system has no such handlers, Ctrl-C ends the command without a report.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, driver.stop)
    progress = asyncio.create_task(show_progress(driver, tally, total=total))
    try:
        await driver.run(groups)
    finally:
        progress.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await progress
