"""When the segments of a journal are closed: while little else is to be done.

To sum up a segment takes longer than to write its rows, and what is evicted before that need not
be summed up at all. So it waits until no request came for a while, until a question could use it,
or until more are due than the next start should have to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterator
from typing import Final

from mockseg.clock import breathe
from mockseg.journal.background import BackgroundWork

IDLE_SECONDS: Final = 0.02
"""How long nothing was saved before segments are closed."""
MOST_DUE: Final = 32
"""At most this many segments wait; a start reads their rows in half a second."""


class Closing:
    """Decides when segments are closed, step by step.

    Args:
        due: how many segments can be closed.
        close: closes the next segment and returns whether there was one; each step takes about a
            millisecond.
        background: does the steps.
    """

    __slots__ = ("_background", "_close", "_due", "_ended", "_loop", "_saved_at", "_work")

    def __init__(
        self,
        due: Callable[[], int],
        *,
        close: Callable[[], Generator[None, None, bool]],
        background: BackgroundWork,
    ) -> None:
        self._due, self._close, self._background = due, close, background
        self._work: Iterator[None] | None = None
        # The loop that looks at times whether it is idle.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._saved_at = 0.0
        self._ended = False

    def saved(self) -> None:
        """Note that something was saved just now; close what cannot wait."""
        due = self._due()
        if not due or self._ended:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Nothing else is to be done.
            self.close_all()
            return
        self._saved_at = loop.time()
        if due >= MOST_DUE:
            self._begin(left=MOST_DUE - 1)
        elif loop is not self._loop:
            self._loop = loop
            loop.call_later(IDLE_SECONDS, self._look)

    def asked(self) -> None:
        """Close what is due in the background: a question looks for calls by their keys."""
        if self._due() and not self._ended:
            self._begin(left=0)

    async def end(self) -> None:
        """Return when nothing goes on in the event loop any more; what is due stays so."""
        self._ended = True
        while self._work is not None:
            await breathe()

    def close_all(self) -> None:
        """Close what is due, now."""
        for _ in self._work or self._steps(left=0):
            pass
        # What was begun may have had to leave some.
        for _ in self._steps(left=0):
            pass

    def _look(self) -> None:
        """Close segments if nothing was saved for a while, else look again later."""
        loop, self._loop = self._loop, None
        if loop is None or self._ended or not self._due():
            return
        left_seconds = self._saved_at + IDLE_SECONDS - loop.time()
        if left_seconds <= 0 and self._work is None:
            self._begin(left=0, idle_since=self._saved_at)
        else:
            self._loop = loop
            loop.call_later(max(left_seconds, IDLE_SECONDS / 2), self._look)

    def _begin(self, *, left: int, idle_since: float | None = None) -> None:
        if self._work is None:
            self._work = self._steps(left=left, idle_since=idle_since)
            self._background.add(self._work)

    def _steps(self, *, left: int, idle_since: float | None = None) -> Iterator[None]:
        """Close segments until this many are left, or something is saved in between."""
        # Without them the next start reads more rows.
        with contextlib.suppress(sqlite3.Error):
            while self._due() > left and idle_since in {None, self._saved_at}:
                if not (yield from self._close()):
                    break
        self._work = None
