"""What every explanation may end with: what else was recorded, and what was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.matching.explanation import Section
from mockseg.matching.lines import names_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mockseg.domain.call import Call

__all__ = ["counted", "evicted_note", "recorded_section", "refused_notes"]

_MAX_REFUSALS = 3


def evicted_note(evicted: int) -> list[str]:
    """Say how many calls could not be looked at; nothing where none was evicted."""
    if not evicted:
        return []
    were = "call was" if evicted == 1 else "calls were"
    return [f"{evicted:,} older {were} evicted and could not be looked at: raise max_calls."]


def refused_notes(refused: int, refusals: Sequence[str]) -> list[str]:
    """Say how many requests were refused and why; nothing where none was.

    Args:
        refused: how many.
        refusals: how and why, different ones.
    """
    if not refused:
        return []
    were = "was" if refused == 1 else "were"
    head = f"{counted(refused, 'request')} {were} refused"
    if len(refusals) <= 1:
        return [f"{head}: {refusals[0] if refusals else 'source.requests() has the reasons.'}"]
    more = ["… and others."] if len(refusals) > _MAX_REFUSALS else []
    return [
        f"{head} (source.requests() has them):",
        *(f"  {text}" for text in refusals[:_MAX_REFUSALS]),
        *more,
    ]


def recorded_section(
    seen: Iterable[Call], *, total: int, by_event: Mapping[str, int] | None = None
) -> Section:
    """Count what was recorded by name; without lines where nothing was.

    Args:
        seen: the calls that were looked at, counted where ``by_event`` is empty.
        total: how many calls there are.
        by_event: how many there are of each name.
    """
    names = by_event or _by_name(seen)
    lines = (names_line(names),) if names else ()
    return Section(f"Recorded in this source, {counted(total, 'call')} in all:", lines)


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 call``, ``2 calls``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _by_name(seen: Iterable[Call]) -> dict[str, int]:
    """Count as ``summary`` does: track calls by event name, others by type."""
    names: dict[str, int] = {}
    for call in seen:
        name = call.event or call.type
        names[name] = names.get(name, 0) + 1
    return names
