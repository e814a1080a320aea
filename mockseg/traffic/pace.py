"""Keeping a schedule: each group at its time, whatever happens to the others."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from mockseg.clock import breathe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from mockseg.traffic.packets import Group

__all__ = ["paced"]

_NANOSECONDS: Final = 1_000_000_000


async def paced(
    groups: Iterable[Group], *, start: float, stopped: asyncio.Event
) -> AsyncIterator[tuple[Group, float]]:
    """Give each group when it is due, or at once when that is past.

    Args:
        groups: in the order of their due times.
        start: the loop's time at which the schedule begins, in seconds.
        stopped: ends it when it is set.

    Yields:
        A group, and the loop's time at which it was due.
    """
    loop = asyncio.get_running_loop()
    for group in groups:
        due = start + group.due_ns / _NANOSECONDS
        if due > loop.time():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await stopped.wait()
        else:
            await breathe()
        if stopped.is_set():
            return
        yield group, due
