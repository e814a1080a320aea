"""Help: how to point an SDK here, how to find calls, which keys there are."""

from __future__ import annotations

from aiohttp import web

from mockseg.operations.base import OfSource
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.calls import sdk_lines
from mockseg.web.page.frame import HELP, show


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", HELP.path, _help)


async def _help(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
    return await show(
        request,
        "help.html",
        view=HELP,
        knows=OfSource,
        source=source,
        sdk_lines=sdk_lines(request, source),
    )
