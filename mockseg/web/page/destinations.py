"""Destinations: which there are, how one is connected, what it has, what can be done there."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, Literal, get_args
from urllib.parse import quote

from aiohttp import web

from mockseg import json_types
from mockseg.conversion import convert, invalid
from mockseg.delivery.destination import ConnectionMode
from mockseg.destinations.kinds import KINDS
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json, JsonObject
from mockseg.operations.base import OfSource, Params
from mockseg.operations.deliveries import DeliveryPage, ListDeliveries
from mockseg.operations.destinations import (
    Act,
    Acted,
    AddDestination,
    ArgumentView,
    DestinationList,
    DestinationView,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    PatchDestination,
    VendorRequestPage,
    VendorState,
)
from mockseg.operations.sources import Deleted
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.deliveries import rows_of, waiting
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import DELIVERIES, DESTINATIONS, ask, query_of, show
from mockseg.web.page.message_tree import plain_tree
from mockseg.web.parameters import read_query

_SHOWN: Final = 100
_MODES: Final = get_args(ConnectionMode)
Tab = Literal["state", "reached", "deliveries", "actions", "settings"]
_PARTS: Final[dict[Tab, str]] = {
    "state": "State",
    "reached": "Reached it",
    "deliveries": "Deliveries",
    "actions": "Actions",
    "settings": "Settings",
}
_OF_CONNECTING: Final = ("source", "type", "name", "url", "apiKey", "connectionMode")


class DestinationQuery(Params, frozen=True):
    """Which part of a destination is shown.

    Attributes:
        tab: its name; the first that the destination has if omitted.
    """

    tab: Tab | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A part of a destination.

    Attributes:
        title: for people.
        address: of the view that shows it.
    """

    title: str
    address: str


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", DESTINATIONS.path, _destinations)
    add_form(app, DESTINATIONS.path, _OF_CONNECTING, _connect)
    path = f"{DESTINATIONS.path}/{{id}}"
    add_page(app, "GET", path, _destination)
    add_form(app, f"{path}/enabled", ("enabled",), _enable)
    add_form(app, f"{path}/remove", (), _remove)
    add_form(app, f"{path}/actions/{{action}}", _arguments, _act)


def _address(id_: str) -> str:
    return f"{DESTINATIONS.path}/{quote(id_, safe='')}"


async def _destinations(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
    asked = ListDestinations(source=source, counts=True)
    listed = await ask(request, "list_destinations", asked, DestinationList)
    return await show(
        request,
        "destinations.html",
        view=DESTINATIONS,
        knows=OfSource,
        source=source,
        destinations=listed.destinations[:_SHOWN],
        more=max(0, len(listed.destinations) - _SHOWN),
        waiting=await waiting(request, source),
        types=tuple(KINDS),
        modes=_MODES,
    )


async def _destination(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, DestinationQuery)
    named = GetDestination(id=request.match_info["id"])
    found = await ask(request, "get_destination", named, DestinationView)
    tabs = {
        name: Part(title=title, address=f"{_address(found.id)}{query_of(tab=name)}")
        for name, title in _PARTS.items()
        if (found.imitated or name not in {"state", "reached"})
        and (found.actions or name != "actions")
    }
    # A part that it has not is as none.
    tab = asked.tab if asked.tab in tabs else next(iter(tabs))
    return await show(
        request,
        "destination.html",
        view=DESTINATIONS,
        knows=DestinationQuery,
        source=found.source,
        destination=found,
        address=_address(found.id),
        tabs=tabs,
        tab=tab,
        waiting=await waiting(request, found.source, destination=found.id),
        **await _part(request, found, tab),
    )


async def _part(request: web.Request, found: DestinationView, tab: str) -> dict[str, Any]:
    """Return what the template of a part takes; the other parts are not asked for."""
    if tab == "state":
        asked = GetDestination(id=found.id)
        state = (await ask(request, "get_destination_state", asked, VendorState)).state
        return {"state": plain_tree(state)}
    if tab == "reached":
        requests = ListVendorRequests(id=found.id)
        return {"reached": await ask(request, "list_vendor_requests", requests, VendorRequestPage)}
    if tab == "deliveries":
        deliveries = ListDeliveries(
            source=found.source, destination=found.id, order="newest", limit=_SHOWN
        )
        page = await ask(request, "list_deliveries", deliveries, DeliveryPage)
        query = query_of(source=found.source, destination=found.id, before=page.next)
        return {
            "rows": rows_of(page.deliveries),
            "ledger": f"{DELIVERIES.path}{query}",
            "older": page.next is not None,
        }
    return {"settings": json_types.pretty(found.settings)} if tab == "settings" else {}


async def _connect(request: web.Request, form: dict[str, str]) -> Done:
    settings = {name: form[name] for name in ("url", "apiKey") if form.get(name)}
    given = ("source", "type", "name", "connectionMode")
    values: JsonObject = {name: form[name] for name in given if form.get(name)}
    asked = convert({**values, "settings": settings}, AddDestination, where="the form")
    if not asked.source:
        raise invalid("source", "`source` is empty: a destination needs the write key of a source")
    added = await ask(request, "add_destination", asked, DestinationView)
    return Done(
        said=f"Connected {added.id} ({added.connection_mode} mode).",
        to=f"{DESTINATIONS.path}{query_of(source=read_query(request, OfSource).source)}",
    )


async def _enable(request: web.Request, form: dict[str, str]) -> Done:
    id_, enabled = request.match_info["id"], form.get("enabled") == "on"
    asked = PatchDestination(id=id_, enabled=enabled)
    await ask(request, "patch_destination", asked, DestinationView)
    words = "Calls are sent to" if enabled else "No more calls are sent to"
    return Done(said=f"{words} {id_}.", to=f"{_address(id_)}{query_of(tab='settings')}")


async def _remove(request: web.Request, _form: dict[str, str]) -> Done:
    asked = GetDestination(id=request.match_info["id"])
    found = await ask(request, "get_destination", asked, DestinationView)
    removed = await ask(request, "delete_destination", asked, Deleted)
    to = f"{DESTINATIONS.path}{query_of(source=found.source)}"
    return Done(said=f"Removed {removed.deleted}.", to=to)


async def _fields(request: web.Request) -> list[ArgumentView]:
    """Return the arguments of the action that a form is of; none of one that is not there."""
    asked = GetDestination(id=request.match_info["id"])
    found = await ask(request, "get_destination", asked, DestinationView)
    action = found.actions.get(request.match_info["action"])
    return [] if action is None else action.fields


async def _arguments(request: web.Request) -> list[str]:
    return [field.name for field in await _fields(request)]


async def _act(request: web.Request, form: dict[str, str]) -> Done:
    id_, action = request.match_info["id"], request.match_info["action"]
    arguments = {
        field.name: _value(field, form[field.name])
        for field in await _fields(request)
        if form.get(field.name)
    }
    acted = await ask(request, "act", Act(id=id_, action=action, arguments=arguments), Acted)
    return Done(said=f"Done: {action}.", text=json_types.pretty(acted.result))


def _value(field: ArgumentView, text: str) -> Json:
    """Read what a person wrote of an argument.

    Raises:
        OperationError: 422, it is not what the argument takes.
    """
    if field.kind in {"text", "choice"}:
        return text
    try:
        return json_types.decode(text.encode())
    except MalformedJsonError as error:
        sentence = f"`{field.name}` is not JSON: {error}; a text stands in quotes"
        raise invalid(field.name, sentence, allowed="JSON") from None
