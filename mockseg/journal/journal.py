"""What a journal can do; the one in memory is :class:`mockseg.journal.memory.MemoryJournal`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.domain.call import KeptCall
    from mockseg.domain.lost import Lost
    from mockseg.domain.request import KeptRequest


class Journal(Protocol):
    """Keeps requests and calls, and gives them back by cursor.

    A cursor names a place in the one order in which the server recorded calls. Reading
    "after" one never skips and never repeats a call, whatever arrives meanwhile.
    """

    def append(self, request: KeptRequest, calls: Sequence[KeptCall]) -> None:
        """Record a request with its calls; what is too much by now is evicted."""
        ...

    def calls(self, *, after: int, limit: int, source: str | None = None) -> list[KeptCall]:
        """Return at most `limit` calls after a cursor, oldest first."""
        ...

    def latest(self, limit: int, *, source: str | None = None) -> list[KeptCall]:
        """Return the newest calls, newest first."""
        ...

    def call(self, cursor: int) -> KeptCall | None:
        """Return the call at a cursor, None when it is not kept."""
        ...

    def requests(self, *, after: int, limit: int, source: str | None = None) -> list[KeptRequest]:
        """Return at most `limit` requests after a number, oldest first."""
        ...

    def request(self, number: int) -> KeptRequest | None:
        """Return one request, None when it is not kept."""
        ...

    def count(self, source: str | None = None) -> tuple[int, int]:
        """Return how many calls and how many requests are kept."""
        ...

    def lost(self, source: str | None = None) -> Lost:
        """Return what was evicted of a source since it was last cleared, or of all sources."""
        ...

    def forget(self, source: str) -> Lost:
        """Evict all that a source has; return that, with what was evicted of it before."""
        ...

    def remove(self, call: KeptCall) -> None:
        """Forget one call that is kept; its request stays."""
        ...

    def clear(self, source: str) -> int:
        """Clear a source's calls and requests; return how many calls those were."""
        ...
