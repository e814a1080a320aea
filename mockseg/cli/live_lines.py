"""A line for each call and each refusal on the terminal of the server, dropped rather than awaited.

A terminal can stand still (Ctrl-S, a slow connection). Lines are written by a thread of
its own from a short queue; what does not fit is counted and said, and the server never
waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Self, TypeAlias

from mockseg.cli.lines import call_line, is_refused, request_line
from mockseg.cli.output import say
from mockseg.clock import SystemClock

if TYPE_CHECKING:
    from types import TracebackType

    from mockseg.cli.output import Part
    from mockseg.cli.times import Times
    from mockseg.hub.hub import Hub

    Line: TypeAlias = tuple[Part, ...]


# Nobody reads more lines at a time; the page and `mockseg calls` have them all.
_AT_ONCE = 100
_QUEUED_PORTIONS = 8
# Between two looks at the journal, so that a flood of calls costs next to nothing.
_PAUSE_SECONDS = 0.05
_STOP_SECONDS = 0.5


class LiveLines:
    """Shows calls from now on, until the block ends.

    Args:
        hub: of the server.
        times: how moments are written.
    """

    def __init__(self, hub: Hub, *, times: Times) -> None:
        self._hub = hub
        self._times = times
        self._cursor = hub.cursor
        self._number = hub.tally.requests
        self._skipped = 0
        self._portions: queue.Queue[list[Line] | None] = queue.Queue(maxsize=_QUEUED_PORTIONS)
        # A daemon: a terminal that stands still must not keep the process.
        self._writer = threading.Thread(target=self._write, name="mockseg-lines", daemon=True)
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writer.start()
        self._watch = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self.show()
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        """Let the writer come to its end, if its terminal lets it."""
        with contextlib.suppress(queue.Full):
            self._portions.put(None, timeout=_STOP_SECONDS)
            self._writer.join(_STOP_SECONDS)

    def show(self) -> None:
        """Hand over what has come since the last time."""
        fresh = self._hub.cursor - self._cursor
        after = max(self._cursor, self._hub.cursor - _AT_ONCE)
        calls = self._hub.calls_after(after, limit=_AT_ONCE) if fresh else []
        lines = [call_line(call, times=self._times) for call in calls] + self._refusals()
        missing = self._skipped + max(fresh - len(calls), 0)
        self._cursor = self._hub.cursor
        if not lines:
            self._skipped = missing
            return
        if missing:
            lines.insert(0, (f"... {missing} more calls",))
        try:
            self._portions.put_nowait(lines)
            self._skipped = 0
        except queue.Full:
            self._skipped = missing + len(calls)

    def _refusals(self) -> list[Line]:
        """Return lines for new requests that were refused before a call could be read."""
        total = self._hub.tally.requests
        after = max(self._number, total - _AT_ONCE)
        requests = self._hub.requests_after(after, limit=_AT_ONCE) if total > after else []
        self._number = total
        return [request_line(one, times=self._times) for one in requests if is_refused(one)]

    async def _look(self) -> None:
        clock = SystemClock()
        while True:
            # What came during the pause has rung already.
            if self._cursor == self._hub.cursor and self._number == self._hub.tally.requests:
                await self._hub.wait()
            self.show()
            await clock.sleep(_PAUSE_SECONDS)

    def _write(self) -> None:
        while (portion := self._portions.get()) is not None:
            try:
                for line in portion:
                    say(*line)
            except (OSError, ValueError):
                # The terminal is gone; the server stays.
                return
