"""The sources of a server: found by name or key, with what each has recorded."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from mockseg.operations.base import Params
from mockseg.operations.sources import ListSources, SourceList, SourceSort
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import SOURCES, ask, query_of, show

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
    add_page(app, "GET", SOURCES.path, _sources)


async def _sources(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, SourcesQuery)
    listed = await ask(
        request,
        "list_sources",
        ListSources(
            search=asked.search, sort=asked.sort, skip=asked.skip, limit=_SHOWN, counts=True
        ),
        SourceList,
    )
    end = asked.skip + len(listed.sources)
    following = query_of(search=asked.search, sort=asked.sort, skip=end)
    return await show(
        request,
        "sources.html",
        view=SOURCES,
        knows=SourcesQuery,
        asked=asked,
        listed=listed,
        first=asked.skip + 1,
        end=end,
        next=f"{SOURCES.path}{following}" if end < listed.total else "",
        sorts=_SORTS,
    )
