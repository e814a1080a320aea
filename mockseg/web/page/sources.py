"""The sources of a server: found by name or key, with what each has recorded."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from msgspec import Meta

from mockseg.operations.base import Params
from mockseg.operations.sources import ListSources, SourceList, SourceSort
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.rendering import HOME, render
from mockseg.web.parameters import check_content_type, read_query

_PATH = f"{HOME}sources"
_SHOWN = 200
_SORTS: dict[SourceSort, str] = {
    "recent": "most recently used",
    "name": "name",
    "calls": "most calls",
    "bad": "most bad calls",
    "idle": "longest idle",
}


class SourcesQuery(Params, frozen=True):
    """Which sources are shown.

    Attributes:
        search: only those whose name or write key contains this.
        sort: which come first.
        skip: how many to leave out at the beginning.
    """

    search: Annotated[str, Meta(max_length=512)] = ""
    sort: SourceSort = "recent"
    skip: Annotated[int, Meta(ge=0)] = 0


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", _PATH, _sources)


async def _sources(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    asked = read_query(request, SourcesQuery)
    listed = await request.app[HUB].perform(
        "list_sources",
        ListSources(
            search=asked.search, sort=asked.sort, skip=asked.skip, limit=_SHOWN, counts=True
        ),
    )
    assert isinstance(listed, SourceList)  # noqa: S101  (the table says so)
    end = asked.skip + len(listed.sources)
    following = {"search": asked.search, "sort": asked.sort, "skip": end}
    return await render(
        request,
        "sources.html",
        asked=asked,
        listed=listed,
        first=asked.skip + 1,
        end=end,
        next=f"{_PATH}?{urlencode(following, errors='replace')}" if end < listed.total else "",
        sorts=_SORTS,
    )
