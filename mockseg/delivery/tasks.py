"""The tasks of a dispatcher: none of them outlives it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Tasks:
    """Runs tasks, and knows for what each one is."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], object] = {}

    def begin(
        self, work: Coroutine[object, object, None], *, of: object, name: str
    ) -> asyncio.Task[None]:
        """Run work in the loop that runs now.

        Args:
            work: what to do.
            of: what it is for, by which it can be cancelled.
            name: for whoever debugs the loop.
        """
        task = asyncio.get_running_loop().create_task(work, name=f"mockseg {name}")
        self._running[task] = of
        task.add_done_callback(self._running.pop)
        return task

    def cancel(self, of: object) -> None:
        """Cancel what is for this."""
        for task in [task for task, purpose in self._running.items() if purpose is of]:
            task.cancel()

    async def close(self) -> None:
        """Cancel everything; return when nothing runs any more."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
