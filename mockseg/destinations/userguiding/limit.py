"""UserGuiding's rate limit. Source: its help article on the limits of the User API."""

from __future__ import annotations

__all__ = ["Limit"]

_SECOND = 1_000_000_000


class Limit:
    """So many requests in 10 seconds; one more, and the key is blocked for a minute.

    Args:
        requests: in a window; 0 for any number.
    """

    WINDOW_NS = 10 * _SECOND
    BLOCK_NS = 60 * _SECOND

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._opened_ns = 0
        self._count = 0
        self._blocked_ns: int | None = None

    def blocks(self, now_ns: int) -> bool:
        """Count a request, and tell whether it is refused.

        The first request opens a window, and so does the first after a block or after the
        clock was set back. What comes while blocked does not make the block longer.
        """
        if not self._requests:
            return False
        if self._blocked_ns is not None:
            if 0 <= now_ns - self._blocked_ns < self.BLOCK_NS:
                return True
            self._blocked_ns = None
            self._count = 0
        if not self._count or not 0 <= now_ns - self._opened_ns < self.WINDOW_NS:
            self._opened_ns, self._count = now_ns, 0
        self._count += 1
        if self._count <= self._requests:
            return False
        self._blocked_ns = now_ns
        return True
