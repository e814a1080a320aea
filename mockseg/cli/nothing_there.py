"""Why a list of calls is empty: nothing came, all was refused, or nothing matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.cli.lines import key_word
from mockseg.matching.notes import forgotten_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.cli.target import Target

__all__ = ["why_no_call"]


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
        also = f", and {_refused(here.refused)}" if here.refused else ""
        return f"no call matches: {_counted(here.total, 'call')} {were} recorded{of}{also}"
    if here.lost.forgotten is not None:
        return f"no call matches: {forgotten_words(here.lost.forgotten, subject='the source')}"
    if here.evicted:
        return f"no call matches: all {_counted(here.evicted, 'call')}{of} were evicted"
    if here.refused:
        return (
            f"no call matches{of}: {_refused(here.refused)} (mockseg requests --refused shows why)"
        )
    if source is None:
        return "no call matches: nothing was recorded"
    return f"no call matches: nothing was recorded{of}{_elsewhere(target)}"


def _elsewhere(target: Target) -> str:
    """Say what a wrong or missing write key would explain."""
    everywhere, keyless = _summary(target, None), _summary(target, "")
    parts = []
    if everywhere.total:
        count = _counted(everywhere.total, "call")
        parts.append(f"other sources have {count} (see mockseg sources)")
    if keyless.refused:
        refused = _refused(keyless.refused, of="without a write key ")
        parts.append(f"{refused} (see mockseg requests)")
    return "; " + " and ".join(parts) if parts else ""


def _summary(target: Target, source: str | None) -> Summary:
    return target.ask("summary", OfSource(source=source), Summary)


def _refused(count: int, *, of: str = "") -> str:
    return f"{_counted(count, 'request')} {of}{'was' if count == 1 else 'were'} refused"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
