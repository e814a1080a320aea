"""Calls: the newest of a source or of all, those that a query finds, over time; and one call."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.domain.call import Call
from mockseg.errors import OperationError
from mockseg.hub.hub import Hub
from mockseg.matching.render import evicted_note
from mockseg.operations.base import Cursor, OfSource, Params
from mockseg.operations.calls import CallDetails, GetCall, Summary
from mockseg.operations.rows import (
    Bucket,
    CallCounts,
    CallRow,
    CopiedText,
    CopyCall,
    CopyForm,
    CountCalls,
    ListRows,
    RowPage,
)
from mockseg.query.terms import term_text
from mockseg.snippets import start_lines
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.frame import CALLS, ask, query_of, show
from mockseg.web.page.message_tree import message_tree
from mockseg.web.page.rendering import HOME, own_url, redirect
from mockseg.web.parameters import check_content_type, read_query

_CALLS_SHOWN: Final = 100
_EVENTS_SHOWN: Final = 20
_BUCKETS: Final = 60
# How high the column of the busiest minute is, in units of the picture.
_HIGHEST: Final = 40
_COPIES: Final[dict[str, CopyForm]] = {
    "As an assertion for pytest": "pytest",
    "As a curl command": "curl",
    "As the body of POST /calls/wait": "matcher",
}


class CallsQuery(OfSource, frozen=True):
    """Which calls are shown.

    Attributes:
        q: a query, such as ``is:bad type:track``; all calls if omitted.
        before: only earlier calls than this cursor.
        call: the id of the call that a script opens beside them.
    """

    q: str = ""
    before: Cursor | None = None
    call: str = ""


class CallQuery(Params, frozen=True):
    """How a call is shown.

    Attributes:
        pane: beside the list, so without the bar.
    """

    pane: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A minute of the timeline.

    Attributes:
        address: of the calls that came in it.
        moment: when it begins, ISO 8601.
        good, bad: calls.
        good_height, bad_height: of the two parts of the column.
    """

    address: str
    moment: str
    good: int
    bad: int
    good_height: float
    bad_height: float


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", "/_mockseg", _redirect)
    add_page(app, "GET", HOME, _calls)
    add_page(app, "GET", f"{HOME}calls/{{id}}", _call)


async def _redirect(_request: web.Request) -> web.StreamResponse:
    return redirect(HOME, status=308)


async def _calls(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    asked = read_query(request, CallsQuery)
    hub, source = request.app[HUB], asked.source
    cursor = hub.journal.cursor
    found, wrong = await _found(request, asked)
    summary = await ask(request, "summary", OfSource(source=source), Summary)
    events = sorted(summary.by_event.items(), key=lambda item: (-item[1], item[0]))
    newest = asked.before is None
    return await show(
        request,
        "calls.html",
        view=CALLS,
        source=source,
        summary=summary,
        status=422 if wrong else 200,
        forgotten=" ".join(evicted_note(msgspec.structs.replace(summary.lost, calls=0))),
        q=asked.q,
        wrong=wrong,
        found=found,
        older=_address(asked, before=found.next) if found.next is not None else "",
        newest=newest,
        live_after=_live_after(found, cursor, hub) if newest and not wrong else "",
        calls=_views(hub, found.rows),
        columns=await _columns(request, asked) if found.rows else [],
        events=events[:_EVENTS_SHOWN],
        more_events=max(0, len(events) - _EVENTS_SHOWN),
        sdk_lines=sdk_lines(request, source),
        with_term=lambda key, value: _with_term(asked, key, value),
    )


async def _found(request: web.Request, asked: CallsQuery) -> tuple[RowPage, str]:
    """Return the rows that a query finds, and what is wrong with it; one of them is empty."""
    rows = ListRows(
        q=asked.q, source=asked.source, before=asked.before, limit=_CALLS_SHOWN, total=True
    )
    try:
        return await ask(request, "call_rows", rows, RowPage), ""
    except OperationError as error:
        nothing = RowPage(columns=[], rows=[], next=None, cursor=0, terms=[], total=0)
        return nothing, str(error.details["reason"])


def _live_after(found: RowPage, cursor: int, hub: Hub) -> str:
    """Return the id after which a feed goes on from the newest rows.

    Args:
        found: the rows.
        cursor: of the last call before the rows were looked for.
        hub: that has them.
    """
    newest = max(cursor, *(row.cursor for row in found.rows[:1]), 0)
    return f"{newest}.{hub.journal.number}.{hub.run}.{hub.destinations.ledger.finished}"


def _views(hub: Hub, rows: list[CallRow]) -> list[dict[str, Any]]:
    kept = [(hub.journal.call(row.cursor), row) for row in rows]
    return [
        shown(call.view()) | {"peek": row.peek, "to": row.to}
        for call, row in kept
        if call is not None
    ]


async def _columns(request: web.Request, asked: CallsQuery) -> list[Column]:
    """Return the last hour in which calls came, minute by minute."""
    count = CountCalls(q=asked.q, source=asked.source, buckets=_BUCKETS)
    counts = await ask(request, "call_counts", count, CallCounts)
    busiest = max(bucket.good + bucket.bad for bucket in counts.buckets) if counts.buckets else 0
    return [_column(bucket, asked, _HIGHEST / busiest) for bucket in counts.buckets]


def _column(bucket: Bucket, asked: CallsQuery, unit: float) -> Column:
    begins, ends = (_moment(bucket.start_ms + later) for later in (0, 60_000))
    # What came at the very moment is after the one before it.
    span = f"after:{_moment(bucket.start_ms - 1)} before:{ends}"
    return Column(
        address=_address(asked, q=f"{asked.q} {span}".strip()),
        moment=begins,
        good=bucket.good,
        bad=bucket.bad,
        good_height=round(bucket.good * unit, 2),
        bad_height=round(bucket.bad * unit, 2),
    )


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _with_term(asked: CallsQuery, key: str, value: str) -> str:
    """Return the address of those of the calls that have a value."""
    return _address(asked, q=f"{asked.q} {term_text(key, value)}".strip())


def _address(asked: CallsQuery, *, q: str | None = None, before: int | None = None) -> str:
    query = query_of(source=asked.source, q=asked.q if q is None else q, before=before)
    return f"{HOME}{query}"


async def _call(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    pane = read_query(request, CallQuery).pane
    asked = GetCall(id=request.match_info["id"])
    details = await ask(request, "get_call", asked, CallDetails)
    return await show(
        request,
        "call.html",
        view=CALLS,
        source=details.call.source,
        framed=pane,
        call=shown(details.call),
        details=details,
        message=message_tree(details.call),
        raw=json_types.pretty(details.call.raw),
        request=details.request,
        copies=await _copies(request, asked.id),
        of_user=_address_of_user(details.call),
        of_event=_address_of_event(details.call),
    )


def _address_of_user(call: Call) -> str:
    """Return the address of the calls of the same user, or an empty text."""
    for key, value in (("user", call.user_id), ("anon", call.anonymous_id)):
        if value:
            return _address(CallsQuery(source=call.source), q=term_text(key, value))
    return ""


def _address_of_event(call: Call) -> str:
    if call.event is None:
        return ""
    return _address(CallsQuery(source=call.source), q=term_text("event", call.event))


async def _copies(request: web.Request, id_: str) -> list[tuple[str, str]]:
    """Return the call as text to paste, each with its title."""
    texts = []
    for title, form in _COPIES.items():
        asked = CopyCall(id=id_, form=form, url=own_url(request))
        texts.append((title, (await ask(request, "copy_call", asked, CopiedText)).text))
    return texts


def shown(call: Call) -> dict[str, Any]:
    """Return the fields of a call for a template, with its best name and its user."""
    name = call.message.get("name")
    fields = {field: getattr(call, field) for field in call.__struct_fields__}
    label = call.event if call.event is not None else name if isinstance(name, str) else ""
    return fields | {"label": label, "user": call.user_id or call.anonymous_id or ""}


def sdk_lines(request: web.Request, source: str | None) -> list[tuple[str, str]]:
    """Return the lines that point an SDK at this server, each with the SDK's name."""
    url = own_url(request)
    tls_url = url if request.scheme == "https" else None
    return start_lines(url, tls_url, **({"write_key": source} if source else {}))
