"""Help: how to point an SDK here, how to find calls, which keys there are."""

from __future__ import annotations

from aiohttp import web

from mockseg.operations.base import OfSource
from mockseg.web.page.access import add_page
from mockseg.web.page.calls import sdk_lines
from mockseg.web.page.frame import HELP, show
from mockseg.web.parameters import check_content_type, read_query


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", HELP.path, _help)


async def _help(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    source = read_query(request, OfSource).source
    return await show(
        request,
        "help.html",
        view=HELP,
        source=source,
        sdk_lines=sdk_lines(request, source),
    )
