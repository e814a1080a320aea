"""The time of a source, for tests that move it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockseg.operations.clock import ClockView
    from pytest_mockseg.sources import SegmentSource


class SegmentClock:
    """The clock of one source: receivedAt, and the 24 hours in which a messageId is unique.

    Under an event loop with an attached server use ``segment.aio.advance_clock`` and its like.
    """

    def __init__(self, source: SegmentSource) -> None:
        self._source = source
        self._moved = False

    @property
    def now(self) -> datetime:
        """Tell the time."""
        return datetime.fromisoformat(self._source.clock().now)

    def advance(self, seconds: float) -> datetime:
        """Move on, and give the time then."""
        self._moved = True
        return _moment(self._source.advance_clock(seconds))

    def set(self, now: str | datetime, *, frozen: bool = False) -> datetime:
        """Set the time: ISO 8601, or an aware datetime."""
        self._moved = True
        return _moment(self._source.set_clock(now, frozen=frozen))

    def freeze(self) -> datetime:
        """Stand still from now on, until advanced."""
        self._moved = True
        return _moment(self._source.set_clock(self._source.clock().now, frozen=True))

    def undo(self) -> None:
        """Follow the server's time again, if it was moved."""
        if self._moved:
            self._moved = False
            self._source.set_clock(None)


def _moment(view: ClockView) -> datetime:
    return datetime.fromisoformat(view.now)
