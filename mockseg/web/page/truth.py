"""Truth: the fate of every message of a source, by all the requests that carried it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from mockseg.operations.base import OfSource
from mockseg.operations.faults import AskTruth, Truth
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import TRUTH, ask, show

_SHOWN: Final = 200


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", TRUTH.path, _truth)


async def _truth(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
    truth = None
    if source is not None:
        truth = await ask(request, "truth", AskTruth(source=source, limit=_SHOWN), Truth)
    return await show(request, "truth.html", view=TRUTH, knows=OfSource, source=source, truth=truth)
