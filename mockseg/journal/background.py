"""Work that can wait, done a little at each turn of the event loop.

To free a hundred thousand records at once would hold everything else up. So a store takes what is
cleared out of sight and frees it here, a few hundred records at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Final

from mockseg.clock import Turn, breathe

FREED_AT_ONCE: Final = 256
"""How many records one step frees, or looks at, at most."""
_STEPS_AT_ONCE: Final = 4


class BackgroundWork:
    """Does what was added step by step, one piece of work after the other.

    Attributes:
        added, ended: how many pieces there were, and how many of them were done.
    """

    __slots__ = ("_scheduled", "_waiting", "added", "ended")

    def __init__(self) -> None:
        self.added = self.ended = 0
        self._waiting: deque[Iterator[object]] = deque()
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, steps: Iterator[object]) -> None:
        """Take on some work and do the first steps of what waits.

        Args:
            steps: each takes a millisecond at most, or very little more.
        """
        self._waiting.append(steps)
        self.added += 1
        self.run()

    async def done(self) -> None:
        """Return when all that was added so far is done."""
        added = self.added
        while self.ended < added:
            await breathe()

    def run(self) -> None:
        """Do a few steps now, and the rest later, a little at each turn of the event loop.

        Without a running loop each further call does some.
        """
        turn = Turn()
        for _ in range(_STEPS_AT_ONCE):
            if not self._waiting:
                return
            if next(self._waiting[0], _END) is _END:
                self._waiting.popleft()
                self.ended += 1
            if turn.is_over:
                break
        if self._waiting and not self._scheduled:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._scheduled = True
            loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._scheduled = False
        self.run()


_END: Final = object()
