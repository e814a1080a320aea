"""The page: what was recorded, for people. Rendered here, without any script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from mockseg import json_types
from mockseg.errors import OperationError
from mockseg.operations.base import OfSource
from mockseg.operations.requests import GetRequest, RequestView
from mockseg.web import page_access, page_faults
from mockseg.web.answers import page_answer, security_headers
from mockseg.web.guard import add_guarded
from mockseg.web.keys import HUB
from mockseg.web.page_overview import overview, own_url, shown
from mockseg.web.parameters import check_content_type, query_values, read_query
from mockseg.web.rendering import load

if TYPE_CHECKING:
    from mockseg.domain.call import Call, KeptCall
    from mockseg.hub.hub import Hub


def add_routes(app: web.Application) -> None:
    """Add the page, its style sheet and its forms."""
    page_access.add_page(app, "GET", "/_mockseg", _redirect)
    page_access.add_page(app, "GET", "/_mockseg/", _overview)
    add_guarded(app, "GET", "/_mockseg/page.css", _style, any_peer=True)
    page_access.add_page(app, "GET", "/_mockseg/calls/{id}", _call)
    page_faults.add_routes(app)
    page_access.add_routes(app)


async def _redirect(_request: web.Request) -> web.StreamResponse:
    headers = {**security_headers(), "Location": "/_mockseg/"}
    return web.Response(status=308, headers=headers)


async def _style(_request: web.Request) -> web.StreamResponse:
    renderer = await asyncio.to_thread(load)
    return page_answer(renderer.style, content_type="text/css")


async def _overview(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    asked = read_query(request, OfSource)
    return page_answer(await overview(request, asked.source))


async def _call(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    query_values(request, ())
    hub = request.app[HUB]
    kept = _kept(hub, request.match_info["id"])
    renderer = await asyncio.to_thread(load)
    call = kept.view()
    html = renderer.render(
        "call.html",
        url=own_url(request),
        call=shown(call),
        message=json_types.pretty(call.message),
        raw=json_types.pretty(call.raw),
        request=await _request_of(hub, call),
        deliveries=[kept.view() for kept in hub.destinations.deliveries_of(call.cursor)],
    )
    return page_answer(html)


def _kept(hub: Hub, id_: str) -> KeptCall:
    """Find a call by its id.

    Raises:
        OperationError: 404, it is not kept.
    """
    digits = id_.removeprefix("call-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:
        kept = hub.journal.call(int(digits))
        if kept is not None:
            return kept
    raise OperationError(f'no call "{id_[:100]}" is kept', status=404, code="unknown_call")


async def _request_of(hub: Hub, call: Call) -> RequestView | None:
    try:
        view = await hub.perform("get_request", GetRequest(id=call.request.id))
    except OperationError:
        return None
    return view if isinstance(view, RequestView) else None
