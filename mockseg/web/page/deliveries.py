"""The ledger: which call went where, with its attempts; to deliver again, or sooner."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, get_args

from aiohttp import web
from msgspec import Meta

from mockseg.conversion import invalid
from mockseg.domain.delivery import Delivery, DeliveryState
from mockseg.operations.base import Cursor, OfSource
from mockseg.operations.deliveries import DeliveryPage, ListDeliveries, Redeliver, Redelivered
from mockseg.operations.sources import AdvanceClock, ClockView
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import DELIVERIES, ask, query_of, show
from mockseg.web.parameters import read_query

_SHOWN: Final = 100
_STATES: Final[tuple[DeliveryState, ...]] = get_args(DeliveryState)
# Of those that are looked at to say when the next retry is.
_MOST_WAITING: Final = 1000
# A moment after a retry is due.
_AFTER_SECONDS: Final = 0.001


class DeliveriesQuery(OfSource, frozen=True):
    """Which deliveries are shown.

    Attributes:
        destination: the id of a destination; all if empty.
        state: queued, retrying, delivered, filtered or failed, or any.
        reason: why it was filtered or failed; any if empty.
        status: of the answer to the last attempt; any if empty.
        before: only earlier ones than this cursor.
    """

    destination: str = ""
    state: DeliveryState | Literal["any"] = "any"
    reason: str = ""
    status: Annotated[int, Meta(ge=0, le=999)] | Literal[""] = ""
    before: Cursor | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries of a source that wait for its clock.

    Attributes:
        source: its write key.
        count: how many.
        next_at: when the first of them is tried again, ISO 8601 by the source's clock.
    """

    source: str
    count: int
    next_at: str


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", DELIVERIES.path, _deliveries)
    add_form(app, f"{DELIVERIES.path}/again", ("call", "destination", "source"), _again)
    add_form(app, f"{DELIVERIES.path}/advance", ("source",), _advance)


async def waiting(
    request: web.Request, source: str | None, *, destination: str | None = None
) -> list[Waiting]:
    """Return which sources have deliveries that are tried again later."""
    asked = ListDeliveries(
        source=source, destination=destination, state="retrying", limit=_MOST_WAITING
    )
    found = await ask(request, "list_deliveries", asked, DeliveryPage)
    moments: defaultdict[str, list[str]] = defaultdict(list)
    for delivery in found.deliveries:
        if delivery.next_attempt_at is not None:
            moments[delivery.source].append(delivery.next_attempt_at)
    return [Waiting(key, len(each), min(each)) for key, each in moments.items()]


async def _deliveries(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, DeliveriesQuery)
    listed = await ask(
        request,
        "list_deliveries",
        ListDeliveries(
            source=asked.source,
            destination=asked.destination or None,
            state=None if asked.state == "any" else asked.state,
            reason=asked.reason or None,
            status=None if asked.status == "" else asked.status,
            before=asked.before,
            order="newest",
            limit=_SHOWN,
        ),
        DeliveryPage,
    )
    older = query_of(
        source=asked.source,
        destination=asked.destination,
        state=asked.state,
        reason=asked.reason,
        status=asked.status,
        before=listed.next,
    )
    return await show(
        request,
        "deliveries.html",
        view=DELIVERIES,
        knows=DeliveriesQuery,
        source=asked.source,
        asked=asked,
        listed=listed,
        rows=rows_of(listed.deliveries),
        older=f"{DELIVERIES.path}{older}" if listed.next is not None else "",
        states=_STATES,
        is_narrowed=asked != DeliveriesQuery(source=asked.source, before=asked.before),
        waiting=await waiting(request, asked.source, destination=asked.destination or None),
    )


def rows_of(deliveries: Sequence[Delivery]) -> list[tuple[Delivery, list[dict[str, Any]]]]:
    """Return what a table of deliveries shows: each with its attempts."""
    return [(each, _attempts(each)) for each in deliveries]


def _attempts(delivery: Delivery) -> list[dict[str, Any]]:
    """Return each attempt's answer, and the seconds since the one before; None for the first."""
    found: list[dict[str, Any]] = []
    before: float | None = None
    for attempt in delivery.attempts:
        started = datetime.fromisoformat(attempt.started_at).timestamp()
        gap = None if before is None else started - before
        found.append({"gap": gap, "end": attempt.status or attempt.error or "no answer"})
        before = started
    return found


async def _again(request: web.Request, form: dict[str, str]) -> Done:
    asked = Redeliver(
        source=form.get("source", ""),
        destinations=[form.get("destination", "")],
        call=form.get("call", ""),
    )
    again = await ask(request, "redeliver", asked, Redelivered)
    if not again.calls:
        raise invalid("call", f"{asked.call or 'the call'} is no longer kept: it cannot be sent")
    return Done(
        said=f"{asked.call} is delivered to {asked.destinations[0]} again.",
        to=f"{DELIVERIES.path}{query_of(source=read_query(request, OfSource).source)}",
    )


async def _advance(request: web.Request, form: dict[str, str]) -> Done:
    key = form.get("source", "")
    found = await waiting(request, key)
    if not found:
        return Done(said="No delivery waits any more.")
    clock = await ask(request, "get_clock", OfSource(source=key), ClockView)
    left = datetime.fromisoformat(found[0].next_at) - datetime.fromisoformat(clock.now)
    seconds = max(0.0, left.total_seconds()) + _AFTER_SECONDS
    advance = AdvanceClock(seconds=seconds, source=key)
    now = (await ask(request, "advance_clock", advance, ClockView)).now
    return Done(said=f"The clock of the source says {now}; what was due by then was tried again.")
