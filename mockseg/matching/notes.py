"""What every explanation may end with: what else was recorded, and what was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.domain.limits import MAX_SOURCES
from mockseg.domain.timestamps import parse_moment
from mockseg.matching.explanation import Section
from mockseg.matching.lines import names_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mockseg.domain.call import Call
    from mockseg.domain.lost import ForgottenSource, Lost


_MAX_REFUSALS = 3
_MAX_IDS = 5


def evicted_note(lost: Lost) -> list[str]:
    """Say what could not be looked at; nothing where no call was lost."""
    if lost.forgotten is not None:
        words = forgotten_words(lost.forgotten, subject="this source")
        return [f"{words[0].upper()}{words[1:]}."]
    if not lost.calls:
        return []
    were = "call was" if lost.calls == 1 else "calls were"
    return [f"{lost.calls:,} older {were} evicted and could not be looked at: raise max_calls."]


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


def lost_words(lost: Lost, *, requests: bool = False, of: str = "") -> str:
    """Say what can no longer be checked, as a clause: ``3 calls were evicted and …``.

    Args:
        lost: what it is.
        requests: whether requests without calls matter too.
        of: of what, such as ``this source``.
    """
    if lost.forgotten is not None:
        return forgotten_words(lost.forgotten, subject=of or "the source")
    parts = [counted(lost.calls, "call")] if lost.calls else []
    if lost.requests and (requests or not parts):
        parts.append(counted(lost.requests, "request"))
    were = "was" if len(parts) == 1 and parts[0].startswith("1 ") else "were"
    whose = f" of {of}" if of else ""
    return f"{' and '.join(parts)}{whose} {were} evicted and cannot be checked"


def forgotten_words(forgotten: ForgottenSource, *, subject: str) -> str:
    """Say that a source was forgotten, as a clause.

    Args:
        forgotten: what is known of it.
        subject: the source: ``this source``, ``it``.
    """
    if not forgotten.known:
        return (
            f"the server keeps {MAX_SOURCES:,} sources and has forgotten more than it can name;"
            f" {subject} may be one of them"
        )
    parts = [counted(forgotten.calls, "call")] if forgotten.calls else []
    parts += [counted(forgotten.requests, "request")] if not parts and forgotten.requests else []
    parts += [f"its {name}" for name in forgotten.settings]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
    having = f" with {listed}" if listed else ""
    often = f" {forgotten.times} times, last" if forgotten.times > 1 else ""
    return (
        f"{subject} was forgotten{often} at {forgotten.at}{having}, because the server keeps"
        f" {MAX_SOURCES:,} sources"
    )


def recorded_section(
    seen: Iterable[Call] = (),
    *,
    total: int,
    by_event: Mapping[str, int] | None = None,
    everywhere: bool = False,
) -> Section:
    """Count what was recorded by name; without lines where nothing was.

    Args:
        seen: the calls that were looked at, counted where ``by_event`` is not given.
        total: how many calls there are.
        by_event: how many there are of each name.
        everywhere: all sources were looked at, not one.
    """
    names = _by_name(seen) if by_event is None else by_event
    lines = (names_line(names),) if names else ()
    where = "in all sources" if everywhere else "in this source"
    return Section(f"Recorded {where}, {counted(total, 'call')} in all:", lines)


def before_window(calls: Iterable[Call], opened_at: str | None) -> tuple[str, ...]:
    """Return the ids of calls that happened, or were received, before a window was opened.

    Args:
        calls: of the window.
        opened_at: ISO 8601, or None where there is no window.
    """
    opened = parse_moment(opened_at)
    if opened is None:
        return ()
    return tuple(call.id for call in calls if _earliest(call, default=opened) < opened)


def before_window_note(ids: Sequence[str]) -> list[str]:
    """Say which calls are from before the window; nothing where none is."""
    if not ids:
        return []
    named = ", ".join(ids[:_MAX_IDS]) + (", …" if len(ids) > _MAX_IDS else "")
    has = "has a timestamp" if len(ids) == 1 else "have timestamps"
    note = (
        f"{named} {has} from before this window was opened: an earlier test may have sent them,"
        " and flushed late."
    )
    return [note if len(ids) > 1 else note.replace("sent them", "sent it")]


def _earliest(call: Call, *, default: int) -> int:
    """Return when a call happened or was received, whichever is earlier."""
    moments = (parse_moment(call.message.get("timestamp")), parse_moment(call.received_at))
    return min((moment for moment in moments if moment is not None), default=default)


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
