"""What the operations on sources do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from mockseg.domain.timestamps import format_moment
from mockseg.errors import OperationError
from mockseg.hub.source_plans import chosen
from mockseg.hub.views import source_view
from mockseg.matching.render import forgotten_words
from mockseg.operations.sources import Deleted, SourceCounts, SourceList, Window
from mockseg.suggestions import did_you_mean, quoted

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.hub.sources import Source
    from mockseg.operations.sources import (
        CreateSource,
        GetSource,
        ListSources,
        PatchSource,
        SourceView,
    )


async def list_sources(hub: Hub, asked: ListSources) -> SourceList:
    """Return all sources, the longest idle first."""
    sources = [_source(hub, source) for source in sorted(hub.sources, key=_idle_since)]
    if asked.counts:
        sources = [replace(each, counts=_counts(hub, each.write_key)) for each in sources]
    return SourceList(
        sources=sources,
        forgotten=hub.sources.forgotten,
        forgotten_with_plan=hub.sources.forgotten_with_plan,
    )


def _counts(hub: Hub, key: str) -> SourceCounts:
    counts = hub.journal.counts(key)
    calls, good = hub.journal.count(key)[0], counts.by_verdict()[1]
    return SourceCounts(good=good, bad=calls - good, refused=sum(counts.refusals.values()))


async def create_source(hub: Hub, asked: CreateSource) -> SourceView:
    """Open a source that is not open yet."""
    key = asked.write_key
    if key is not None and hub.sources.get(key) is not None:
        raise OperationError(
            f'the source "{key[:100]}" is open already', status=409, code="source_exists"
        )
    # What cannot be used is refused before anything is opened.
    chosen(asked, before=hub.sources.defaults.plans)
    source = hub.sources.open_minted() if key is None else hub.sources.claim(key)
    source.opened_cursor = hub.cursor
    source.change(asked)
    return _source(hub, source)


async def get_source(hub: Hub, asked: GetSource) -> SourceView:
    """Give one source."""
    return _source(hub, _existing(hub, asked.write_key))


async def patch_source(hub: Hub, asked: PatchSource) -> SourceView:
    """Change a source."""
    source = _existing(hub, asked.write_key)
    source.change(asked)
    return _source(hub, source)


async def delete_source(hub: Hub, asked: GetSource) -> Deleted:
    """Forget a source with all that it has."""
    source = _existing(hub, asked.write_key)
    hub.clear(source.key)
    hub.sources.drop(source.key)
    hub.faults.drop_source(source.key)
    hub.destinations.drop_source(source)
    return Deleted(deleted=source.key)


async def open_window(hub: Hub, asked: GetSource) -> Window:
    """See a source from now on: its dedup window starts empty."""
    source = hub.sources.claim(asked.write_key)
    source.window.clear()
    return Window(
        cursor=hub.cursor,
        request=hub.tally.requests,
        opened_at=format_moment(source.time_ns()),
    )


def _source(hub: Hub, source: Source) -> SourceView:
    return source_view(source, hub.journal.count(source.key)[0], lost=hub.lost(source.key))


def _idle_since(source: Source) -> float:
    return source.opened if source.last_arrival is None else source.last_arrival


def _existing(hub: Hub, key: str) -> Source:
    source = hub.sources.get(key)
    if source is None:
        forgotten = hub.lost(key).forgotten
        if forgotten is None:
            hint = did_you_mean(key, (each.key for each in hub.sources)) or "."
        else:
            hint = f": {forgotten_words(forgotten, subject='it')}."
        raise OperationError(
            f"unknown source {quoted(key)}{hint} A source opens on first use, or with"
            " POST /sources.",
            status=404,
            code="unknown_source",
        )
    return source
