"""Time: the only place that reads the system's clock, and the only place that sleeps.

Every stamp and every delay of mockseg comes from a :class:`Clock`, so that a test
can move it. A :class:`ShiftedClock` follows another clock at an offset, or stands
still; the server has one over the system's clock, and each source one over the
server's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Protocol, TypeAlias, TypeVar

from mockseg.errors import ClockError

NANOSECONDS = 1_000_000_000

_Result = TypeVar("_Result")
# A name of its own: inside of a clock, `set` is what sets it.
_Listeners: TypeAlias = set[asyncio.Future[None]]


class Clock(Protocol):
    """What tells the time."""

    def now_ns(self) -> int:
        """Return the time of day: nanoseconds since 1970-01-01T00:00:00Z."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved on by this time."""
        ...


class SystemClock:
    # Every call asks more than once.
    now_ns = staticmethod(time.time_ns)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ShiftedClock:
    """A clock that follows another at an offset, or stands still until it is advanced.

    Used from the event loop's thread only.
    """

    __slots__ = ("_base", "_changed", "_frozen_ns", "_offset_ns")

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._offset_ns = 0
        self._frozen_ns: int | None = None
        self._changed: _Listeners = set()

    @property
    def frozen(self) -> bool:
        return self._frozen_ns is not None

    @property
    def offset_seconds(self) -> float:
        """How far this clock is ahead of the one it follows, in seconds."""
        if self._frozen_ns is None:
            return self._offset_ns / NANOSECONDS
        return (self._frozen_ns - self._base.now_ns()) / NANOSECONDS

    def now_ns(self) -> int:
        if self._frozen_ns is not None:
            return self._frozen_ns
        return self._base.now_ns() + self._offset_ns

    def set(self, now_ns: int, *, frozen: bool) -> None:
        """Show this time from now on, frozen or running."""
        self._frozen_ns = now_ns if frozen else None
        self._offset_ns = now_ns - self._base.now_ns()
        self._wake()

    def follow(self) -> None:
        """Show the time of the clock below again."""
        self._frozen_ns = None
        self._offset_ns = 0
        self._wake()

    def advance(self, seconds: float) -> None:
        """Move this clock forward; a sleeper wakes when its time has come.

        Raises:
            ClockError: seconds is negative.
        """
        if seconds < 0:
            raise ClockError(f"a clock only advances: got {seconds} seconds, 0 or more is allowed")
        step = round(seconds * NANOSECONDS)
        if self._frozen_ns is not None:
            self._frozen_ns += step
        self._offset_ns += step
        self._wake()

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved on by this time, by itself or by `advance`."""
        deadline = self.now_ns() + round(seconds * NANOSECONDS)
        loop = asyncio.get_running_loop()
        while (left := deadline - self.now_ns()) > 0:
            changed: asyncio.Future[None] = loop.create_future()
            listened = self._listened()
            for listeners in listened:
                listeners.add(changed)
            try:
                wait = None if self.standing else left / NANOSECONDS
                await asyncio.wait({changed}, timeout=wait)
            finally:
                for listeners in listened:
                    listeners.discard(changed)

    @property
    def standing(self) -> bool:
        """Whether it is frozen, or follows a clock that is."""
        base = self._base
        return self.frozen or (isinstance(base, ShiftedClock) and base.standing)

    def _listened(self) -> list[_Listeners]:
        """Return the listeners of this clock and of those below: moving one moves its followers."""
        base = self._base
        below = base._listened() if isinstance(base, ShiftedClock) else []  # noqa: SLF001  (our own)
        return [self._changed, *below]

    def _wake(self) -> None:
        for changed in self._changed:
            if not changed.done():
                changed.set_result(None)


# How long one piece of work may hold the event loop before others have their turn.
TURN_SECONDS = 0.002


class Turn:
    """One piece of long work that gives the event loop back by the clock."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def is_over(self) -> bool:
        return time.perf_counter() - self._began >= TURN_SECONDS

    async def over(self) -> None:
        """Let the event loop do its other work once, if this had its turn for long enough."""
        if self.is_over:
            await breathe()
            self._began = time.perf_counter()


async def in_turns(steps: Generator[None, None, _Result]) -> _Result:
    """Do work step by step and return its result; others have their turn every 2 ms."""
    turn = Turn()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _Result = end.value
            return result
        await turn.over()


async def breathe() -> None:
    """Let the event loop do other work once; for long scans."""
    await asyncio.sleep(0)
