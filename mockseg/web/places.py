"""How far a reader of ``/stream`` or ``/feed`` has read, and what it missed on the way."""

from __future__ import annotations

import msgspec

from mockseg.conversion import invalid
from mockseg.domain.call import KeptCall
from mockseg.hub.hub import Hub


class Gap(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Calls were evicted, or the server was started anew, before a reader was told of them.

    Attributes:
        after: the last cursor that was sent before.
        next: the first cursor that is kept after it, or null.
        reason: ``evicted`` or ``restarted``.
        bounds: the settings over which they were evicted, such as ``max_bytes``; left out where
            that is not known.
    """

    after: int
    next: int | None
    reason: str
    bounds: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """How far a reader has read; an event's id.

    Attributes:
        cursor: of the last call.
        number: of the last request.
        run: which run of which server it is; 0 means this one.
        finished: of the last delivery that became final.
        clears: the number of the last clear; of a live page only.
    """

    cursor: int
    number: int
    run: int = 0
    finished: int = 0
    clears: int | None = None

    def is_elsewhere(self, hub: Hub) -> bool:
        """Return whether it is of another run of the server."""
        return self.run not in {0, hub.run} or self.cursor > hub.journal.cursor

    def __str__(self) -> str:
        clears = "" if self.clears is None else f".{self.clears}"
        return f"{self.cursor}.{self.number}.{self.run}.{self.finished}{clears}"


def place_of(hub: Hub, after: str | None) -> Place:
    """Return where to begin: now, or after what was seen.

    Raises:
        OperationError: 422, it is not such an id.
    """
    finished = hub.destinations.ledger.finished
    if after is None:
        return Place(hub.journal.cursor, hub.tally.requests, finished=finished)
    cursor, *more = after.split(".")
    if not _is_count(cursor) or len(more) > 4 or not all(_is_count(part) for part in more):
        raise invalid(
            "after",
            f"`after` is {after[:100]!r}: it must be an event's id, such as 12.7.3.4, or a cursor",
            allowed="the id of an event, or a cursor",
        )
    if more:
        return Place(int(cursor), *(int(part) for part in more))
    following = hub.journal.calls_after(int(cursor), limit=1)
    if cursor == "0":
        return Place(0, 0)
    number = following[0].request.number - 1 if following else hub.tally.requests
    return Place(int(cursor), number, finished=finished)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


class Evictions:
    """Notices calls that were evicted before a reader came to them.

    Args:
        hub: whose calls are read.
        source: the write key; None for all sources.
    """

    def __init__(self, hub: Hub, source: str | None) -> None:
        self._hub = hub
        self._source = source
        # The latest evicted call that a gap told of.
        self._missed = 0

    def before(self, calls: list[KeptCall], *, cursor: int) -> Gap | None:
        """Return the gap if calls were evicted between those that were read and these.

        Args:
            calls: those that follow, in order.
            cursor: of the last call that was read.
        """
        if self._source is None:
            evicted = self._hub.journal.evicted_cursor
            # The cursors of all sources together have holes where something is missing.
            complete = calls and calls[-1].cursor - cursor == len(calls)
        else:
            evicted, complete = self._hub.sources.lost(self._source).cursor, False
        # Older calls of other sources may follow it: one gap tells of all that were evicted so far.
        if evicted <= max(cursor, self._missed) or complete:
            return None
        self._missed = evicted
        bounds = self._hub.journal.bounds(self._source)
        return Gap(cursor, calls[0].cursor if calls else None, "evicted", bounds)
