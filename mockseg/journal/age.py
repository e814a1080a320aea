"""How old the requests of a journal may become: one moment for many of them, and no timer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from mockseg.clock import NANOSECONDS

# A limit is divided into steps, of a second to an hour; requests of one step go together.
_STEPS: Final = 256
_LONGEST_STEP_NS: Final = 3600 * NANOSECONDS


class AgeLimit:
    """Tells which requests were recorded too long ago.

    Requests that were recorded within one step, a 256th of the limit but a second to an hour,
    have one moment, so that they are told at most that much too late.

    Args:
        max_ns: how long a request is kept.
        now_ns: the server's clock.

    Attributes:
        on_begun: called with each number that a moment begins with, and the moment.
        on_ended: called with a number up to which moments are over.
    """

    __slots__ = (
        "_evicted",
        "_expired",
        "_max_ns",
        "_moments",
        "_now_ns",
        "_step_ns",
        "on_begun",
        "on_ended",
    )

    def __init__(self, max_ns: int, *, now_ns: Callable[[], int]) -> None:
        self._max_ns = max_ns
        self._step_ns = min(max(max_ns // _STEPS, NANOSECONDS), _LONGEST_STEP_NS)
        self._now_ns = now_ns
        # (number of its first request, when that was recorded), oldest first. Requests before the
        # first moment count as those of it.
        self._moments: deque[tuple[int, int]] = deque()
        self._expired = self._evicted = 0
        self.on_begun: Callable[[int, int], object] = lambda *_: None
        self.on_ended: Callable[[int], object] = lambda _: None

    def recorded(self, number: int) -> None:
        """Note that a request is recorded now; numbers rise."""
        moments, now_ns = self._moments, self._now_ns()
        if moments and now_ns < moments[-1][1]:
            # The clock was set back: nothing can be newer than now.
            self._moments = moments = deque((first, min(ns, now_ns)) for first, ns in moments)
        if not moments or now_ns - moments[-1][1] >= self._step_ns:
            moments.append((number, now_ns))
            self.on_begun(number, now_ns)

    def restore(self, moments: Iterable[tuple[int, int]]) -> None:
        """Take over the moments of an earlier run."""
        self._moments = deque(moments)

    def expired(self, newest: int) -> int:
        """Return the number up to which requests are too old by now and are to be evicted, or 0.

        Args:
            newest: number of the newest request.
        """
        moments = self._moments
        if not moments:
            if newest > self._expired:
                # They were recorded without a limit, and count from now.
                self.recorded(newest)
        else:
            over_ns = self._now_ns() - self._max_ns - self._step_ns
            while moments and moments[0][1] <= over_ns:
                moments.popleft()
                self._expired = moments[0][0] - 1 if moments else newest
        return self._expired if self._expired > self._evicted else 0

    def evicted(self, number: int) -> None:
        """Note that all requests up to a number that was expired are evicted."""
        self._evicted = number
        self.on_ended(number)
