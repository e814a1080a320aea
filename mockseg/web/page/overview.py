"""The overview: counts, calls, faults and destinations of a source, or of all."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from mockseg.domain.call import Call
from mockseg.errors import OperationError
from mockseg.hub.hub import Hub
from mockseg.matching.render import evicted_note
from mockseg.operations.base import Cursor, OfSource
from mockseg.operations.calls import Summary
from mockseg.operations.destinations import DestinationList, ListDestinations
from mockseg.operations.faults import AskTruth, FaultList, RuleView
from mockseg.operations.rows import CallRow, ListRows, RowPage
from mockseg.snippets import start_lines
from mockseg.web.keys import HUB
from mockseg.web.page.rendering import HOME, own_url, render

_CALLS_SHOWN = 100
_EVENTS_SHOWN = 20
_FAULTS_SHOWN = 50
_DESTINATIONS_SHOWN = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """The form for a fault, as it was sent.

    Attributes:
        values: by the names of its fields, as they were typed.
        error: why no fault was added, or empty.
    """

    values: dict[str, str] = dataclasses.field(default_factory=dict)
    error: str = ""


class OverviewQuery(OfSource, frozen=True):
    """What the overview shows.

    Attributes:
        q: a query, such as ``is:bad type:track``; all calls if omitted.
        before: only earlier calls than this cursor.
    """

    q: str = ""
    before: Cursor | None = None


async def overview(
    request: web.Request, asked_for: OverviewQuery, *, form: Form | None = None, status: int = 200
) -> web.Response:
    """Answer with the overview of a source, or of all.

    Args:
        request: for the overview.
        asked_for: which calls it shows.
        form: what was typed into the form for a fault, if it is shown again with an error.
        status: of the answer.
    """
    hub, source = request.app[HUB], asked_for.source
    cursor = hub.journal.cursor
    found, wrong = await _found(hub, asked_for)
    status = 422 if wrong else status
    asked = OfSource(source=source)
    summary = await hub.perform("summary", asked)
    assert isinstance(summary, Summary)  # noqa: S101  (the table says so)
    listed = await hub.perform("list_faults", asked)
    assert isinstance(listed, FaultList)  # noqa: S101  (the table says so)
    connected = await hub.perform("list_destinations", ListDestinations(source=source))
    assert isinstance(connected, DestinationList)  # noqa: S101  (the table says so)
    truth = None
    if source is not None:
        truth = await hub.perform("truth", AskTruth(source=source, limit=0))
    events = sorted(summary.by_event.items(), key=lambda item: (-item[1], item[0]))
    return await render(
        request,
        "overview.html",
        status=status,
        source=source,
        of_source=query_of(source),
        summary=summary,
        forgotten=" ".join(evicted_note(msgspec.structs.replace(summary.lost, calls=0))),
        truth=truth,
        q=asked_for.q,
        wrong=wrong,
        found=found,
        older=_older(asked_for, found.next),
        newest=asked_for.before is None,
        live_after="" if wrong else _live_after(asked_for, found, cursor, hub),
        calls=_calls(hub, found.rows),
        faults=listed.faults[:_FAULTS_SHOWN],
        more_faults=max(0, len(listed.faults) - _FAULTS_SHOWN),
        own_faults=sum(source in {None, fault.source} for fault in listed.faults),
        scenarios=listed.scenarios,
        destinations=connected.destinations[:_DESTINATIONS_SHOWN],
        more_destinations=max(0, len(connected.destinations) - _DESTINATIONS_SHOWN),
        form=form or Form(),
        which=_which,
        events=events[:_EVENTS_SHOWN],
        more_events=max(0, len(events) - _EVENTS_SHOWN),
        sdk_lines=_sdk_lines(request, source),
    )


async def _found(hub: Hub, asked: OverviewQuery) -> tuple[RowPage, str]:
    """Return the rows that a query finds, and what is wrong with it; one of them is empty."""
    params = ListRows(
        q=asked.q, source=asked.source, before=asked.before, limit=_CALLS_SHOWN, total=True
    )
    wrong = ""
    try:
        page = await hub.perform("call_rows", params)
    except OperationError as error:
        wrong = str(error.details["reason"])
        page = RowPage(columns=[], rows=[], next=None, cursor=0, terms=[], total=0)
    assert isinstance(page, RowPage)  # noqa: S101  (the table says so)
    return page, wrong


def _live_after(asked: OverviewQuery, found: RowPage, cursor: int, hub: Hub) -> str:
    """Return the id after which a feed goes on from these rows; empty if they are not the newest.

    Args:
        asked: what the overview shows.
        found: its rows.
        cursor: of the last call before the rows were looked for.
        hub: that has them.
    """
    if asked.before is not None:
        return ""
    newest = max(cursor, *(row.cursor for row in found.rows[:1]), 0)
    return f"{newest}.{hub.journal.number}.{hub.run}.{hub.destinations.ledger.finished}"


def _calls(hub: Hub, rows: list[CallRow]) -> list[dict[str, Any]]:
    kept = [(hub.journal.call(row.cursor), row) for row in rows]
    return [shown(call.view()) | {"peek": row.peek} for call, row in kept if call is not None]


def _older(asked: OverviewQuery, next_: int | None) -> str:
    """Return the address of the next page, or an empty text."""
    if next_ is None:
        return ""
    given = {"source": asked.source, "q": asked.q or None, "before": next_}
    parts = {name: value for name, value in given.items() if value is not None}
    return f"{HOME}?{urlencode(parts, errors='replace')}"


def query_of(source: str | None) -> str:
    return "" if source is None else "?" + urlencode({"source": source}, errors="replace")


def shown(call: Call) -> dict[str, Any]:
    """Return the fields of a call for a template, with its best name and its user."""
    name = call.message.get("name")
    fields = {field: getattr(call, field) for field in call.__struct_fields__}
    label = call.event if call.event is not None else name if isinstance(name, str) else ""
    return fields | {"label": label, "user": call.user_id or call.anonymous_id or ""}


def _which(rule: RuleView) -> str:
    parts = [f"{name} {value}" for name, value in msgspec.to_builtins(rule.match).items()]
    parts += [f"{rule.probability:.0%} of them"] if rule.probability < 1 else []
    parts += [f"until {rule.until}"] if rule.until is not None else []
    return ", ".join(parts) or "any"


def _sdk_lines(request: web.Request, source: str | None) -> list[tuple[str, str]]:
    url = own_url(request)
    tls_url = url if request.scheme == "https" else None
    return start_lines(url, tls_url, **({"write_key": source} if source else {}))
