"""The page: what was recorded, for people. Rendered here; a script keeps it live."""

from __future__ import annotations

import asyncio

from aiohttp import web

from mockseg import json_types
from mockseg.operations.calls import CallDetails, GetCall
from mockseg.operations.rows import CopiedText, CopyCall, CopyForm
from mockseg.web.control_answers import page_answer
from mockseg.web.guard import add_guarded
from mockseg.web.keys import HUB
from mockseg.web.page import access, faults, scripts, sources
from mockseg.web.page.overview import OverviewQuery, overview, shown
from mockseg.web.page.rendering import HOME, own_url, redirect, render, templates
from mockseg.web.parameters import check_content_type, query_values, read_query

_COPIES: dict[str, CopyForm] = {
    "As an assertion for pytest": "pytest",
    "As a curl command": "curl",
    "As the body of POST /calls/wait": "matcher",
}


def add_routes(app: web.Application) -> None:
    access.add_page(app, "GET", "/_mockseg", _redirect)
    access.add_page(app, "GET", HOME, _overview)
    add_guarded(app, "GET", "/_mockseg/page.css", _style, any_peer=True)
    access.add_page(app, "GET", "/_mockseg/calls/{id}", _call)
    faults.add_routes(app)
    sources.add_routes(app)
    scripts.add_routes(app)
    access.add_routes(app)


async def _redirect(_request: web.Request) -> web.StreamResponse:
    return redirect(HOME, status=308)


async def _style(request: web.Request) -> web.StreamResponse:
    style = (await asyncio.to_thread(templates)).get_template("page.css").render()
    return page_answer(style, url=own_url(request), content_type="text/css")


async def _overview(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    return await overview(request, read_query(request, OverviewQuery))


async def _call(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    query_values(request, ())
    asked = GetCall(id=request.match_info["id"])
    details = await request.app[HUB].perform("get_call", asked)
    assert isinstance(details, CallDetails)  # noqa: S101  (the table says so)
    return await render(
        request,
        "call.html",
        call=shown(details.call),
        message=json_types.pretty(details.call.message),
        raw=json_types.pretty(details.call.raw),
        request=details.request,
        deliveries=details.deliveries,
        copies=await _copies(request, asked.id),
    )


async def _copies(request: web.Request, id_: str) -> list[tuple[str, str]]:
    """Return the call as text to paste, each with its title."""
    texts = []
    for title, form in _COPIES.items():
        asked = CopyCall(id=id_, form=form, url=own_url(request))
        copied = await request.app[HUB].perform("copy_call", asked)
        assert isinstance(copied, CopiedText)  # noqa: S101  (the table says so)
        texts.append((title, copied.text))
    return texts
