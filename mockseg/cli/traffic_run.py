"""Running a driver from a command: progress, Ctrl-C, and what trusts whom."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

from mockseg.cli.traffic_progress import show_progress
from mockseg.client.over_http import trust
from mockseg.traffic.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mockseg.traffic.packets import Group, Request
    from mockseg.traffic.tally import Tally

__all__ = ["send"]


def send(
    groups: Iterable[Group],
    make: Callable[[Group, int], Request],
    tally: Tally,
    *,
    url: str,
    ca: str | None,
    connections: int,
    total: int,
) -> None:
    """Send everything; Ctrl-C and SIGTERM end it, with all that was sent counted.

    Raises:
        ConfigError: the CA is none.
    """
    tls = trust(ca) if url.lower().startswith("https:") else None
    driver = Driver(url, make, tally, connections=connections, tls=tls)
    asyncio.run(_run(driver, groups, tally, total=total))


async def _run(driver: Driver, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
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
