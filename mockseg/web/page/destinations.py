"""Destinations and their deliveries: what went where, what came back, what the vendor has."""

from __future__ import annotations

from typing import Final, Literal, get_args

from aiohttp import web

from mockseg import json_types
from mockseg.domain.delivery import DeliveryState
from mockseg.operations.base import Cursor, Nothing, OfSource
from mockseg.operations.deliveries import DeliveryPage, ListDeliveries
from mockseg.operations.destinations import (
    DestinationList,
    DestinationView,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    VendorRequestPage,
    VendorState,
)
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import DELIVERIES, DESTINATIONS, ask, query_of, show

_SHOWN: Final = 100
_STATES: Final[tuple[DeliveryState, ...]] = get_args(DeliveryState)


class DeliveriesQuery(OfSource, frozen=True):
    """Which deliveries are shown.

    Attributes:
        destination: the id of a destination; all if empty.
        state: queued, retrying, delivered, filtered or failed, or any.
        before: only earlier ones than this cursor.
    """

    destination: str = ""
    state: DeliveryState | Literal["any"] = "any"
    before: Cursor | None = None


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", DESTINATIONS.path, _destinations)
    add_page(app, "GET", f"{DESTINATIONS.path}/{{id}}", _destination)
    add_page(app, "GET", DELIVERIES.path, _deliveries)


async def _destinations(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
    asked = ListDestinations(source=source)
    listed = await ask(request, "list_destinations", asked, DestinationList)
    return await show(
        request,
        "destinations.html",
        view=DESTINATIONS,
        knows=OfSource,
        source=source,
        destinations=listed.destinations[:_SHOWN],
        more=max(0, len(listed.destinations) - _SHOWN),
    )


async def _destination(request: web.Request) -> web.StreamResponse:
    read_address(request, Nothing)
    asked = GetDestination(id=request.match_info["id"])
    found = await ask(request, "get_destination", asked, DestinationView)
    state, reached = None, None
    if found.imitated:
        state = (await ask(request, "get_destination_state", asked, VendorState)).state
        requests = ListVendorRequests(id=found.id)
        reached = await ask(request, "list_vendor_requests", requests, VendorRequestPage)
    return await show(
        request,
        "destination.html",
        view=DESTINATIONS,
        knows=Nothing,
        source=found.source,
        destination=found,
        settings=json_types.pretty(found.settings),
        state=None if state is None else json_types.pretty(state),
        reached=reached,
    )


async def _deliveries(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, DeliveriesQuery)
    listed = await ask(
        request,
        "list_deliveries",
        ListDeliveries(
            source=asked.source,
            destination=asked.destination or None,
            state=None if asked.state == "any" else asked.state,
            before=asked.before,
            order="newest",
            limit=_SHOWN,
        ),
        DeliveryPage,
    )
    older = query_of(
        source=asked.source, destination=asked.destination, state=asked.state, before=listed.next
    )
    return await show(
        request,
        "deliveries.html",
        view=DELIVERIES,
        knows=DeliveriesQuery,
        source=asked.source,
        asked=asked,
        listed=listed,
        older=f"{DELIVERIES.path}{older}" if listed.next is not None else "",
        states=_STATES,
    )
