"""What the operations on clocks do, and the health of the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.errors import OperationError
from mockseg.operations.clock import ClockView, Health
from mockseg.version import version

if TYPE_CHECKING:
    from mockseg.clock import ShiftedClock
    from mockseg.hub.hub import Hub
    from mockseg.operations.base import Nothing, OfSource
    from mockseg.operations.clock import AdvanceClock, SetClock


# An imitation is asked in no time; a service of the user's own may take longer than anybody
# wants to wait for a clock.
_PATIENCE_SECONDS = 1.0
# Read once: it is a file, and the loop must not wait for files.
_VERSION = version()


async def health(hub: Hub, _: Nothing) -> Health:
    """Say that the server is ready."""
    return Health(status="ok", version=_VERSION, seed=hub.seed)


async def get_clock(hub: Hub, asked: OfSource) -> ClockView:
    """Tell the time."""
    source = None if asked.source is None else hub.sources.get(asked.source)
    return _clock_view(hub.clock if source is None else source.clock)


async def set_clock(hub: Hub, asked: SetClock) -> ClockView:
    """Set the time, or follow the real one again."""
    clock = _clock(hub, asked.source)
    if asked.now is None:
        clock.follow()
        return _clock_view(clock)
    moment = parse_moment(asked.now)
    if moment is None:
        raise OperationError(
            f'now is "{asked.now[:60]}"; allowed is ISO 8601 such as 2026-01-31T12:00:00Z, or null',
            status=422,
            code="invalid_parameter",
            details={"parameter": "now"},
        )
    clock.set(moment, frozen=asked.frozen)
    return _clock_view(clock)


async def advance_clock(hub: Hub, asked: AdvanceClock) -> ClockView:
    """Move time on; retries that are due by then have been made when this answers."""
    clock = _clock(hub, asked.source)
    clock.advance(asked.seconds)
    await _retried(hub, asked.source)
    return _clock_view(clock)


async def _retried(hub: Hub, source: str | None) -> None:
    """Return when no retry is due any more, or what is asked takes its time to answer."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while hub.destinations.due(source):
        left = deadline - time.monotonic()
        if left <= 0 or not await hub.wait(left):
            return


def _clock(hub: Hub, key: str | None) -> ShiftedClock:
    """Return the clock that is to change; a new source is opened for that."""
    if key is None:
        return hub.clock
    source = hub.sources.claim(key)
    source.restored("clock")
    return source.clock


def _clock_view(clock: ShiftedClock) -> ClockView:
    return ClockView(
        now=format_moment(clock.now_ns()), frozen=clock.frozen, offset_seconds=clock.offset_seconds
    )
