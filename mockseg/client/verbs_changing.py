"""Verbs that change a source: its settings, its clock, and forgetting what it recorded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mockseg.client.ask import Ask
from mockseg.client.settings import check, create, patch
from mockseg.client.verbs_reading import calls
from mockseg.errors import OperationError
from mockseg.operations.base import OfSource
from mockseg.operations.calls import ClearCalls
from mockseg.operations.clock import AdvanceClock, SetClock
from mockseg.operations.sources import GetSource

if TYPE_CHECKING:
    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.client.settings import SourceOptions
    from mockseg.operations.calls import Cleared
    from mockseg.operations.clock import ClockView
    from mockseg.operations.sources import SourceView, Window


def clear(scope: Scope) -> Steps[int]:
    """Forget the calls and requests of the source; in a window, look away from them.

    A window belongs to a source that others look at too: nothing is forgotten there, the
    window starts anew.
    """
    if scope.window:
        seen = yield from calls(scope)
        window: Window = yield Ask("open_window", GetSource(write_key=scope.write_key))
        scope.move_to(window)
        return len(seen)
    cleared: Cleared = yield Ask("clear_calls", ClearCalls(source=scope.write_key))
    return cleared.cleared


def update(scope: Scope, options: SourceOptions) -> Steps[SourceView]:
    """Change what is given; this opens a source that is not open yet.

    Raises:
        UnknownOptionError: an option that there is not.
    """
    check(options, "update")
    view: SourceView
    try:
        view = yield Ask("patch_source", patch(scope.write_key, options))
    except OperationError as refusal:
        if refusal.status != 404:
            raise
        view = yield Ask("create_source", create(scope.write_key, options))
    return view


def clock(scope: Scope) -> Steps[ClockView]:
    """Tell the time that the source has."""
    view: ClockView = yield Ask("get_clock", OfSource(source=scope.write_key))
    return view


def set_clock(scope: Scope, now: str | datetime | None, *, frozen: bool) -> Steps[ClockView]:
    """Set the time of the source; None follows the server's again."""
    if isinstance(now, datetime):
        if now.tzinfo is None:
            raise OperationError(
                f"set_clock got {now!r}, which says no time zone; write"
                " datetime(..., tzinfo=timezone.utc)",
                status=422,
                code="invalid_parameter",
            )
        now = now.isoformat()
    view: ClockView = yield Ask(
        "set_clock", SetClock(now=now, frozen=frozen, source=scope.write_key)
    )
    return view


def advance_clock(scope: Scope, seconds: float) -> Steps[ClockView]:
    """Move the time of the source on."""
    view: ClockView = yield Ask(
        "advance_clock", AdvanceClock(seconds=seconds, source=scope.write_key)
    )
    return view
