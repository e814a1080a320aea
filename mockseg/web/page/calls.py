"""Calls: the newest of a source or of all, those that a query finds, over time."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.errors import OperationError
from mockseg.hub.hub import Hub
from mockseg.matching.render import evicted_note
from mockseg.operations.base import OfSource
from mockseg.operations.calls import CallPage, ListCalls, Summary
from mockseg.operations.rows import CallCounts, CallRow, CountCalls, ListRows, RowPage, TermView
from mockseg.query.terms import KEYS, term_text
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.call import shown
from mockseg.web.page.calls_address import CallsQuery, read_calls
from mockseg.web.page.columns import read_columns
from mockseg.web.page.frame import CALLS, ask, show
from mockseg.web.page.rendering import HOME, redirect, render
from mockseg.web.page.sdk_lines import sdk_lines
from mockseg.web.page.timeline import BUCKETS, LENGTHS, Timeline, timeline
from mockseg.web.places import Place

_CALLS_SHOWN: Final = 100
_EVENTS_SHOWN: Final = 20
# Terms of which the page says how many calls match without them.
_TERMS_LEFT_OUT: Final = 5
_NOTHING: Final = RowPage(columns=[], rows=[], next=None, cursor=0, terms=[], total=0)
_NO_COUNTS: Final = CallCounts(
    total=0,
    good=0,
    bad=0,
    accepted=0,
    dropped=0,
    blocked=0,
    rejected=0,
    violations=0,
    retried=0,
    buckets=[],
    facets={},
)
_NO_TIMELINE: Final = Timeline(columns=[], marks=[])


@dataclasses.dataclass(frozen=True, slots=True)
class Chip:
    """One term of the query.

    Attributes:
        text: as it is written.
        start, end: where it is in the query, in characters from 0.
        without: the address of the view without it.
        negated: the address of the view with its opposite.
        rest: the query without it.
        found: how many calls match without it; None where that was not asked.
    """

    text: str
    start: int
    end: int
    without: str
    negated: str
    rest: str
    found: int | None = None


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", "/_mockseg", _redirect)
    add_page(app, "GET", HOME, _calls)
    add_page(app, "GET", f"{HOME}timeline", _timeline)


async def _redirect(_request: web.Request) -> web.StreamResponse:
    return redirect(HOME, status=308)


async def _calls(request: web.Request) -> web.StreamResponse:
    asked = read_calls(request)
    hub, source = request.app[HUB], asked.source
    cursor, clears = hub.journal.cursor, hub.sources.history.clears
    columns = read_columns(asked.cols, source=source)
    found, wrong = await _found(request, asked, columns.fields)
    summary = await ask(request, "summary", OfSource(source=source), Summary)
    events = sorted(summary.by_event.items(), key=lambda item: (-item[1], item[0]))
    newest = asked.before is None
    is_live = newest and not wrong and not asked.plain
    counts, over_time = (_NO_COUNTS, _NO_TIMELINE) if wrong else await _count(request, asked)
    return await show(
        request,
        "calls.html",
        view=CALLS,
        knows=CallsQuery,
        source=source,
        summary=summary,
        status=422 if wrong or columns.wrong else 200,
        forgotten=" ".join(evicted_note(msgspec.structs.replace(summary.lost, calls=0))),
        asked=asked,
        wrong=wrong,
        found=found,
        # A script begins with them: it need not ask for what is in the document.
        rows=json_types.encode_printable(found).decode(),
        chips=await _chips(request, asked, found),
        counts=counts,
        older=asked.address(before=found.next) if found.next is not None else "",
        newer="" if wrong else await _newer(request, asked),
        newest=newest,
        live_after=_live_after(asked, found, cursor, clears, hub) if is_live else "",
        columns=columns,
        calls=_views(hub, found.rows, columns.fields),
        timeline=over_time,
        lengths=LENGTHS,
        events=events[:_EVENTS_SHOWN],
        more_events=max(0, len(events) - _EVENTS_SHOWN),
        sdk_lines=sdk_lines(request, source),
        with_term=lambda key, value: asked.address_with(term_text(key, value)),
        query_keys=KEYS.values(),
        elsewhere=0 if summary.total or source is None else hub.journal.count()[0],
    )


async def _timeline(request: web.Request) -> web.StreamResponse:
    """Answer with the part of the view that a script takes over while calls come."""
    asked = read_calls(request)
    counts, over_time = await _count(request, asked)
    return await render(
        request,
        "timeline.html",
        counts=counts,
        timeline=over_time,
        calls=asked.address(),
    )


async def _count(request: web.Request, asked: CallsQuery) -> tuple[CallCounts, Timeline]:
    """Return the numbers of the calls that are shown, and the timeline, where more are seen."""
    columns = CountCalls(
        q=asked.q, source=asked.source, buckets=BUCKETS, bucket_seconds=asked.column
    )
    counts = await ask(request, "call_counts", columns, CallCounts)
    over_time = timeline(
        counts.buckets,
        counts.happenings,
        seconds=asked.column,
        address_of=asked.addresses_between(),
        chosen=asked.bounds_ms,
    )
    if asked.span:
        of_span = CountCalls(q=asked.whole_query, source=asked.source)
        counts = await ask(request, "call_counts", of_span, CallCounts)
    return counts, over_time


async def _found(
    request: web.Request, asked: CallsQuery, fields: tuple[str, ...]
) -> tuple[RowPage, str]:
    """Return the rows that a query finds, and what is wrong with it; one of them is empty."""
    bounds = [bound for bound in (asked.before, asked.at and asked.at + 1) if bound is not None]
    rows = ListRows(
        q=asked.whole_query,
        source=asked.source,
        before=min(bounds, default=None),
        after=asked.since or 0,
        limit=_CALLS_SHOWN,
        total=True,
        fields=",".join(fields),
    )
    try:
        return await ask(request, "call_rows", rows, RowPage), ""
    except OperationError as error:
        return _NOTHING, str(error.details["reason"])


async def _newer(request: web.Request, asked: CallsQuery) -> str:
    """Return the address of the page above one of earlier calls, or an empty text."""
    if asked.before is None:
        return ""
    above = ListCalls(
        q=asked.whole_query or None,
        source=asked.source,
        after=max(asked.before - 1, asked.since or 0),
        before=None if asked.at is None else asked.at + 1,
        limit=_CALLS_SHOWN,
        total=False,
    )
    page = await ask(request, "list_calls", above, CallPage)
    return asked.address(before=page.next + 1 if page.next is not None else None)


async def _chips(request: web.Request, asked: CallsQuery, found: RowPage) -> list[Chip]:
    """Return the terms; when nothing matches, also how many calls match without each of them."""
    chips = [_chip(asked, term) for term in found.terms if term.end <= len(asked.q)]
    if found.total or len(chips) < 2:
        return chips
    told = []
    for chip in chips[:_TERMS_LEFT_OUT]:
        rows = ListRows(q=f"{chip.rest} {asked.span}", source=asked.source, limit=1, total=True)
        page = await ask(request, "call_rows", rows, RowPage)
        told.append(dataclasses.replace(chip, found=page.total))
    return told + chips[_TERMS_LEFT_OUT:]


def _chip(asked: CallsQuery, term: TermView) -> Chip:
    before, after = asked.q[: term.start].strip(), asked.q[term.end :].strip()
    opposite = term.text[1:] if term.negated else f"-{term.text}"
    rest = f"{before} {after}".strip()
    return Chip(
        text=term.text,
        start=term.start,
        end=term.end,
        without=asked.address(q=rest),
        negated=asked.address(q=f"{before} {opposite} {after}".strip()),
        rest=rest,
    )


def _live_after(asked: CallsQuery, found: RowPage, cursor: int, clears: int, hub: Hub) -> str:
    """Return the id after which a feed goes on from the newest rows.

    Args:
        asked: which rows.
        found: the rows.
        cursor: of the last call before the rows were looked for.
        clears: number of the last clear before.
        hub: that has them.
    """
    newest = max(cursor, *(row.cursor for row in found.rows[:1]), 0)
    if asked.at is not None:
        newest = min(newest, asked.at)
    finished = hub.destinations.ledger.finished
    return str(Place(newest, hub.journal.number, hub.run, finished, clears))


def _views(hub: Hub, rows: list[CallRow], fields: tuple[str, ...]) -> list[dict[str, Any]]:
    kept = [(hub.journal.call(row.cursor), row) for row in rows]
    return [
        shown(call.view())
        | {"peek": row.peek, "to": row.to, "values": dict(zip(fields, row.values, strict=True))}
        for call, row in kept
        if call is not None
    ]
