"""Requests whose body is still being read, and which sources wait for them to settle."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator

UNKNOWN_KEY_SECONDS = 1.0
"""How long every source waits for a request that has not told its write key yet.

On loopback a body arrives within milliseconds of its head. One that takes longer is stuck,
and must not hold up all sources of the server.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The requests in flight that one source, or the server, has to wait for.

    Attributes:
        known: requests that are known to be for it.
        unknown: requests without a known write key, which may be for it.
        unknown_seconds: how much longer it waits for the latest of those.
    """

    known: int
    unknown: int = 0
    unknown_seconds: float = 0.0

    def __bool__(self) -> bool:
        return self.known > 0 or self.unknown > 0


class InFlight:
    """Requests that are being read, by write key. Used from the event loop's thread only.

    A write key that the head names (Basic, or a path) says whose a request is. Where only the
    body has it, the request counts for every source, but for `UNKNOWN_KEY_SECONDS` at most.

    Args:
        ended: called when one of them was read, or was given up.
    """

    def __init__(self, ended: Callable[[], object]) -> None:
        self._ended = ended
        self._known: dict[str, int] = {}
        # When each request without a known key began, oldest first.
        self._unknown: dict[int, float] = {}
        self._started = 0

    @contextlib.contextmanager
    def reading(self, key: str) -> Iterator[None]:
        """Count a request as in flight for as long as its body is read.

        Args:
            key: the write key that its head names, empty when it names none.
        """
        self._started += 1
        number = self._started
        if key:
            self._known[key] = self._known.get(key, 0) + 1
        else:
            self._unknown[number] = time.monotonic()
        try:
            yield
        finally:
            if key:
                self._known[key] -= 1
                if not self._known[key]:
                    del self._known[key]
            else:
                del self._unknown[number]
            self._ended()

    def of(self, source: str | None) -> Reading:
        """Return what has to be read before a source, or for None the server, is settled."""
        if source is None:
            return Reading(sum(self._known.values()) + len(self._unknown))
        since = time.monotonic() - UNKNOWN_KEY_SECONDS
        recent = [started for started in self._unknown.values() if started > since]
        left = max(recent) - since if recent else 0.0
        return Reading(self._known.get(source, 0), len(recent), left)
