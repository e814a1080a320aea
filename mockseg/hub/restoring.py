"""What a server has again after a restart, besides its calls: sources as they were set, clocks."""

from __future__ import annotations

from typing import Any

import msgspec

from mockseg import json_types
from mockseg.clock import NANOSECONDS, ShiftedClock
from mockseg.config import Settings
from mockseg.durations import parse_duration
from mockseg.errors import OperationError
from mockseg.hub.sources import SETTINGS, Source, Sources
from mockseg.journal.age import AgeLimit
from mockseg.journal.background import BackgroundWork
from mockseg.journal.durable import DurableJournal
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter
from mockseg.operations.sources import SourceSettings
from mockseg.plans.model import plan_to_json
from mockseg.plans.protocols import settings_to_json

# They change a source's settings, its window, or a clock.
SETTING_OPERATIONS = frozenset(
    {
        "create_source",
        "patch_source",
        "delete_source",
        "open_window",
        "put_plan",
        "set_clock",
        "advance_clock",
    }
)


class _Clock(msgspec.Struct, frozen=True):
    """A clock: where it stands, or how far it is ahead of the one below; both in nanoseconds."""

    frozen_ns: int | None = None
    offset_ns: int = 0


class _Saved(msgspec.Struct, frozen=True):
    """What is saved of a source, or of the server.

    Attributes:
        clock: its own.
        created_ns, cleared, opened_cursor, window_opened: as in
            :class:`~mockseg.hub.sources.Source`.
        claimed: whether a client has named it.
        used: number of the latest request of any source when this was saved.
        settings: what differs from the server's.
    """

    clock: _Clock = _Clock()
    created_ns: int = 0
    claimed: bool = False
    settings: SourceSettings | None = None
    cleared: int = 0
    opened_cursor: int = 0
    window_opened: int = 0
    used: int = 0


def open_journal(
    settings: Settings, *, meter: Meter, background: BackgroundWork, clock: ShiftedClock
) -> MemoryJournal:
    """Return the journal that the settings name: in memory, or in a file as well.

    Args:
        settings: of the server.
        meter: bounds the bytes that it takes in memory.
        background: frees what was cleared.
        clock: of the server.

    Raises:
        JournalError: the file cannot be used.
    """
    age = None
    if settings.max_age is not None:
        age = AgeLimit(parse_duration(settings.max_age, place="max_age"), now_ns=clock.now_ns)
    if settings.journal is None:
        return MemoryJournal(
            max_calls=settings.max_calls,
            max_requests=settings.max_requests,
            meter=meter,
            background=background,
            age=age,
        )
    return DurableJournal(
        settings.journal,
        sync=settings.journal_sync,
        max_calls=settings.max_calls,
        max_requests=settings.max_requests,
        meter=meter,
        background=background,
        age=age,
    )


def save_settings(
    journal: DurableJournal, sources: Sources, clock: ShiftedClock, *, key: str | None
) -> None:
    """Save what a source was set to, or that it was closed; for None, the server's clock."""
    if key is None:
        journal.save(None, _saved_server(clock))
        return
    source = sources.get(key)
    if source is None:
        journal.save(key, None)
    else:
        save_source(journal, sources, source)


def save_source(journal: DurableJournal, sources: Sources, source: Source) -> None:
    """Save what a source was set to, and that it is open."""
    journal.save(source.key, _saved_source(source, sources, used=journal.number))


def _saved_source(source: Source, sources: Sources, *, used: int) -> bytes:
    """Return what is to be saved of a source: what differs from the server's settings."""
    behaviour, defaults = source.behaviour, sources.defaults
    fields: dict[str, Any] = {
        name: getattr(behaviour, name)
        for name in ("name", *SETTINGS)
        if getattr(behaviour, name) != getattr(defaults, name)
    }
    plans = behaviour.plans
    if not plans.judges_as(defaults.plans):
        fields |= {
            "catalogue": list(plans.catalogue),
            "plan": [plan_to_json(plan) for plan in plans.own],
            "strictness": plans.strictness,
            "protocols": settings_to_json(plans.set.settings),
        }
    return json_types.encode(
        _Saved(
            _clock_of(source.clock),
            source.created_ns,
            sources.is_claimed(source),
            SourceSettings(**fields),
            source.cleared,
            source.opened_cursor,
            source.window_opened,
            used,
        )
    )


def _saved_server(clock: ShiftedClock) -> bytes:
    """Return what is to be saved of the server."""
    return json_types.encode(_Saved(_clock_of(clock)))


def restore(journal: DurableJournal, sources: Sources, clock: ShiftedClock) -> None:
    """Open the sources that a journal has calls or settings of, as they were set.

    Raises:
        OperationError: a plan that was saved can no longer be used.
    """
    if journal.server is not None:
        _set(clock, msgspec.json.decode(journal.server, type=_Saved).clock)
    settings = {
        key: msgspec.json.decode(text, type=_Saved) for key, text in journal.settings.items()
    }
    # A file of an earlier version has settings of those only that a client had set.
    settings |= {key: _Saved() for key in journal.known_sources() if key not in settings}

    def last_used(key: str) -> tuple[int, int]:
        saved = settings[key]
        return max(journal.last_request(key), saved.used), saved.created_ns

    # As before the restart: the least recently used first.
    for key in sorted(settings, key=last_used):
        _reopen(key, settings[key], sources)
    _fill_windows(journal, sources)


def _reopen(key: str, saved: _Saved, sources: Sources) -> None:
    """Open a source as it was.

    Raises:
        OperationError: a plan can no longer be used.
    """
    source = sources.claim(key) if saved.claimed else sources.use(key)
    source.created_ns = saved.created_ns or source.created_ns
    source.cleared, source.opened_cursor = saved.cleared, saved.opened_cursor
    source.window_opened = saved.window_opened
    _set(source.clock, saved.clock)
    if saved.settings is not None:
        try:
            sources.change(source, saved.settings)
        except OperationError as refusal:
            refusal.message = f"source {key[:100]}: {refusal.message}"
            raise


def _fill_windows(journal: DurableJournal, sources: Sources) -> None:
    """Let the messageIds of kept calls be known again."""
    for key, seen in journal.seen:
        source = sources.get(key)
        if source is not None:
            window = sources.window_of(source)
            own = window is source.window and source.window_opened
            window.restore(seen.after(source.window_opened) if own else seen)
    journal.seen = []


def _clock_of(clock: ShiftedClock) -> _Clock:
    if clock.frozen:
        return _Clock(frozen_ns=clock.now_ns())
    return _Clock(offset_ns=round(clock.offset_seconds * NANOSECONDS))


def _set(clock: ShiftedClock, saved: _Clock) -> None:
    if saved.frozen_ns is not None:
        clock.set(saved.frozen_ns, frozen=True)
    elif saved.offset_ns:
        clock.set(clock.now_ns() + saved.offset_ns, frozen=False)
