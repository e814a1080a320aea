"""How many requests a vendor takes in a time."""

from __future__ import annotations


class RateLimit:
    """A maximum of requests in a window of time, which the first request opens.

    The first request after a block, or after the clock was set back, opens a window, too.

    Args:
        most: requests in a window; None or 0 for any number.
        window_ns: how long a window is open.
        block_ns: how long all requests are refused after one too many; what comes meanwhile
            does not make it longer. 0 until the window ends.

    Attributes:
        paused: it refuses nothing, and counts nothing.
    """

    def __init__(self, most: int | None, *, window_ns: int, block_ns: int = 0) -> None:
        self.paused = False
        self._most = most
        self._window_ns = window_ns
        self._block_ns = block_ns
        self._opened_ns = 0
        self._count = 0
        self._blocked_ns: int | None = None

    def refuses(self, now_ns: int) -> bool:
        """Count a request; return whether it is one too many."""
        if not self._most or self.paused:
            return False
        if self._blocked_ns is not None:
            if 0 <= now_ns - self._blocked_ns < self._block_ns:
                return True
            self._blocked_ns = None
            self._count = 0
        if not self._count or not 0 <= now_ns - self._opened_ns < self._window_ns:
            self._opened_ns, self._count = now_ns, 0
        self._count += 1
        refused = self._count > self._most
        if refused and self._block_ns:
            self._blocked_ns = now_ns
        return refused
