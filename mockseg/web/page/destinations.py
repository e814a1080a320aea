"""Destinations: which there are, how one is connected, what it has, what can be done there."""

from __future__ import annotations

from typing import Final, get_args
from urllib.parse import quote

from aiohttp import web

from mockseg import json_types
from mockseg.conversion import convert, invalid
from mockseg.delivery.destination import ConnectionMode
from mockseg.destinations.kinds import KINDS
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json, JsonObject
from mockseg.operations.base import Nothing, OfSource
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
from mockseg.web.page.deliveries import waiting
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import DESTINATIONS, ask, query_of, show
from mockseg.web.page.message_tree import plain_tree
from mockseg.web.parameters import read_query

_SHOWN: Final = 100
_MODES: Final = get_args(ConnectionMode)
_OF_CONNECTING: Final = ("source", "type", "name", "url", "apiKey", "connectionMode")


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
        address=_address(found.id),
        settings=json_types.pretty(found.settings),
        state=None if state is None else plain_tree(state),
        reached=reached,
        waiting=await waiting(request, found.source, destination=found.id),
    )


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
    return Done(said=f"{words} {id_}.", to=_address(id_))


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
