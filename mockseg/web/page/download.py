"""The calls of a view as a file: one JSON object a line, as `mockseg export` writes them."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from mockseg import json_types
from mockseg.domain.call import Call
from mockseg.operations.calls import CallPage, ListCalls
from mockseg.web.control_answers import security_headers
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.calls_address import CallsQuery
from mockseg.web.page.frame import ask
from mockseg.web.page.rendering import DOWNLOAD
from mockseg.web.parameters import check_content_type, read_query
from mockseg.web.places import Evictions

_PAGE: Final = 100
_LONGEST_NAME: Final = 60


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", DOWNLOAD, _download)


async def _download(request: web.Request) -> web.StreamResponse:
    """Answer with the calls of a view that are there now, oldest first.

    The connection is cut when calls were evicted before they could be sent: a browser then says
    that the download failed.
    """
    check_content_type(request)
    asked = read_query(request, CallsQuery)
    asked.check()
    hub = request.app[HUB]
    newest = hub.journal.cursor if asked.at is None else min(asked.at, hub.journal.cursor)
    page = await _page(request, asked, after=asked.since or 0, newest=newest)
    evictions = Evictions(hub, asked.source)
    # The download is without what was evicted before it began.
    evictions.before([], cursor=0)
    response = web.StreamResponse(
        headers=security_headers()
        | {
            "Content-Type": "application/x-ndjson",
            "Content-Disposition": f'attachment; filename="{_name(asked.source)}"',
        }
    )
    await response.prepare(request)
    while page.calls:
        await response.write(await asyncio.to_thread(_lines, page.calls))
        if page.next is None:
            break
        sent = page.next
        page = await _page(request, asked, after=sent, newest=newest)
        if sent < newest and evictions.before([], cursor=sent) and request.transport:
            request.transport.abort()
            break
    return response


async def _page(request: web.Request, asked: CallsQuery, *, after: int, newest: int) -> CallPage:
    listed = ListCalls(
        q=asked.whole_query or None,
        source=asked.source,
        after=after,
        before=newest + 1,
        limit=_PAGE,
        total=False,
    )
    return await ask(request, "list_calls", listed, CallPage)


def _lines(calls: list[Call]) -> bytes:
    return b"".join(json_types.encode_printable(call) + b"\n" for call in calls)


def _name(source: str | None) -> str:
    """Return a name for the file, of letters that every system allows."""
    key = re.sub(r"[^A-Za-z0-9._-]+", "-", source or "").strip("-.")[:_LONGEST_NAME]
    return f"{key or 'calls'}.ndjson"
