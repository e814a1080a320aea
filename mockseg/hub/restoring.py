"""What a server has again after a restart, besides its calls: sources as they were set, clocks."""

from __future__ import annotations

from typing import Any

import msgspec

from mockseg import json_types
from mockseg.clock import NANOSECONDS, ShiftedClock
from mockseg.config import Settings
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.errors import OperationError
from mockseg.hub.sources import SETTINGS, Source, Sources
from mockseg.journal.background import BackgroundWork
from mockseg.journal.durable import DurableJournal
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter
from mockseg.operations.sources import SourceSettings
from mockseg.plans.model import plan_to_json
from mockseg.plans.protocols import settings_to_json

# They change a source's settings, or a clock.
SETTING_OPERATIONS = frozenset(
    {
        "create_source",
        "patch_source",
        "delete_source",
        "put_plan",
        "set_clock",
        "advance_clock",
    }
)
# How many calls are read at a time.
_PORTION = 1000


class _Clock(msgspec.Struct, frozen=True):
    """A clock: where it stands, or how far it is ahead of the one below; both in nanoseconds."""

    frozen_ns: int | None = None
    offset_ns: int = 0


class _Saved(msgspec.Struct, frozen=True):
    """What is saved of a source, or of the server."""

    clock: _Clock = _Clock()
    created_ns: int = 0
    claimed: bool = False
    settings: SourceSettings | None = None


def open_journal(settings: Settings, *, meter: Meter, background: BackgroundWork) -> MemoryJournal:
    """Return the journal that the settings name: in memory, or in a file as well.

    Args:
        settings: of the server.
        meter: bounds the bytes that it takes in memory.
        background: frees what was cleared.

    Raises:
        JournalError: the file cannot be used.
    """
    if settings.journal is None:
        return MemoryJournal(
            max_calls=settings.max_calls,
            max_requests=settings.max_requests,
            meter=meter,
            background=background,
        )
    return DurableJournal(
        settings.journal,
        sync=settings.journal_sync,
        max_calls=settings.max_calls,
        max_requests=settings.max_requests,
        meter=meter,
        background=background,
    )


def save_settings(
    journal: DurableJournal, sources: Sources, clock: ShiftedClock, *, key: str | None
) -> None:
    """Save what a source was set to, or that it was closed; for None, the server's clock."""
    if key is None:
        journal.save(None, _saved_server(clock))
        return
    source = sources.get(key)
    journal.save(key, None if source is None else _saved_source(source, sources))


def _saved_source(source: Source, sources: Sources) -> bytes:
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
    for key in journal.known_sources():
        sources.use(key)
    settings = {
        key: msgspec.json.decode(text, type=_Saved) for key, text in journal.settings.items()
    }
    # As before the restart: the least recently used first.
    for key in sorted(
        settings, key=lambda key: (journal.last_request(key), settings[key].created_ns)
    ):
        saved = settings[key]
        source = sources.claim(key) if saved.claimed else sources.use(key)
        source.created_ns = saved.created_ns
        _set(source.clock, saved.clock)
        if saved.settings is not None:
            try:
                source.change(saved.settings)
            except OperationError as refusal:
                refusal.message = f"source {key[:100]}: {refusal.message}"
                raise
    _fill_windows(journal, sources)


def _fill_windows(journal: DurableJournal, sources: Sources) -> None:
    """Let the messageIds of kept calls be known again."""
    cursor, number = 0, 0
    while calls := journal.calls_after(cursor, limit=_PORTION):
        for call in calls:
            source = sources.get(call.source)
            if source is None:
                continue
            window = sources.window_of(source)
            if call.request.number != number:
                number = call.request.number
                window.begin(call.cursor, call.request.received_ns)
            remark = call.remark
            # What the edge or a duplicate's rule discarded is not what a later call repeats.
            discarded = remark is not None and remark.verdict in {"dropped", "rejected"}
            if remark is not None and (discarded or remark.attempt > 1):
                known_as = call.message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]
                window.carried(known_as, remark.attempt)
            if not discarded:
                window.remember(call.message_id, call.cursor)
        cursor = calls[-1].cursor


def _clock_of(clock: ShiftedClock) -> _Clock:
    if clock.frozen:
        return _Clock(frozen_ns=clock.now_ns())
    return _Clock(offset_ns=round(clock.offset_seconds * NANOSECONDS))


def _set(clock: ShiftedClock, saved: _Clock) -> None:
    if saved.frozen_ns is not None:
        clock.set(saved.frozen_ns, frozen=True)
    elif saved.offset_ns:
        clock.set(clock.now_ns() + saved.offset_ns, frozen=False)
