"""Why a list of calls is empty: nothing came, all was refused, or nothing matches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockseg.cli.lines import key_word
from mockseg.cli.target import Target
from mockseg.matching.render import bounds_words, counted, forgotten_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary


def why_no_call(target: Target, match: Mapping[str, Any]) -> str:
    """Return one sentence for a person whose query found no call.

    Args:
        target: the server.
        match: the match keys of the query.
    """
    source = match.get("source")
    here = _summary(target, source)
    of = "" if source is None else f" in source {key_word(source)}"
    if here.total:
        were = "was" if here.total == 1 else "were"
        also = f", and {_refused(here)}" if here.refused else ""
        return f"no call matches: {counted(here.total, 'call')} {were} recorded{of}{also}"
    if here.lost.forgotten is not None:
        return f"no call matches: {forgotten_words(here.lost.forgotten, subject='the source')}"
    if here.evicted:
        over = bounds_words(here.lost, flags=True)
        return f"no call matches: all {counted(here.evicted, 'call')}{of} were evicted ({over})"
    if here.refused:
        return f"no call matches{of}: {_refused(here)}"
    if source is None:
        return "no call matches: nothing was recorded"
    return f"no call matches: nothing was recorded{of}{_elsewhere(target)}"


def _elsewhere(target: Target) -> str:
    """Return what would explain a wrong or missing write key."""
    everywhere, keyless = _summary(target, None), _summary(target, "")
    parts = []
    if everywhere.total:
        count = counted(everywhere.total, "call")
        parts.append(f"other sources have {count} (see mockseg sources)")
    if keyless.refused:
        parts.append(_refused(keyless, of="without a write key "))
    return "; " + " and ".join(parts) if parts else ""


def _summary(target: Target, source: str | None) -> Summary:
    return target.ask("summary", OfSource(source=source), Summary)


def _refused(summary: Summary, *, of: str = "") -> str:
    """Return the number of refused requests, and why the first was refused."""
    were = "was" if summary.refused == 1 else "were"
    head = f"{counted(summary.refused, 'request')} {of}{were} refused"
    if len(summary.refusals) == 1:
        return f"{head}: {summary.refusals[0].text}"
    return f"{head} (mockseg requests --refused shows why)"
