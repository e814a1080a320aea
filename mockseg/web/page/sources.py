"""The sources of a server: found by name or key, opened, and with what each has recorded."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated, Final

from aiohttp import web
from msgspec import UNSET, Meta

from mockseg.domain.limits import MAX_SOURCES
from mockseg.operations.base import OfSource, Params
from mockseg.operations.sources import (
    ClockView,
    CreateSource,
    ListSources,
    SourceCounts,
    SourceList,
    SourceSort,
    SourceView,
)
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import SOURCES, ask, query_of, show
from mockseg.web.page.sdk_lines import sdk_lines
from mockseg.web.page.source import PLAN_FIELDS, address_of, chosen_plans, clock_words

_SHOWN: Final = 200
_SORTS: Final[dict[SourceSort, str]] = {
    "recent": "most recently used",
    "name": "name",
    "calls": "most calls",
    "bad": "most bad calls",
    "idle": "longest idle",
}
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


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


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A source in the list.

    Attributes:
        view: as the operation has it.
        counts: of what it keeps.
        address: of the source by itself; of its requests where it has no key.
        last_call: how long ago its last call came, or empty.
        clock: how far its clock is ahead, or empty.
    """

    view: SourceView
    counts: SourceCounts
    address: str
    last_call: str
    clock: str


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", SOURCES.path, _sources)
    add_form(app, SOURCES.path, ("name", "writeKey", *PLAN_FIELDS), _create)


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
    now = (await ask(request, "get_clock", OfSource(), ClockView)).now
    end = asked.skip + len(listed.sources)
    following = query_of(search=asked.search, sort=asked.sort, skip=end)
    return await show(
        request,
        "sources.html",
        view=SOURCES,
        knows=SourcesQuery,
        asked=asked,
        listed=listed,
        rows=[_row(source, datetime.fromisoformat(now).timestamp()) for source in listed.sources],
        first=asked.skip + 1,
        end=end,
        next=f"{SOURCES.path}{following}" if end < listed.total else "",
        sorts=_SORTS,
        most=MAX_SOURCES,
        plans=PLAN_FIELDS,
        sdk_lines=sdk_lines(request, None),
    )


async def _create(request: web.Request, form: dict[str, str]) -> Done:
    plans = chosen_plans(form)
    asked = CreateSource(
        name=form.get("name") or None,
        write_key=form.get("writeKey") or None,
        catalogue=plans or UNSET,
    )
    created = await ask(request, "create_source", asked, SourceView)
    return Done(
        said=f"Opened the source {created.name or created.write_key}.",
        to=address_of(created.write_key),
    )


def _row(source: SourceView, now: float) -> Row:
    counts = source.counts or SourceCounts()
    return Row(
        view=source,
        counts=counts,
        address=address_of(source.write_key),
        last_call=_ago(counts, now),
        clock=clock_words(counts.clock_offset_seconds),
    )


def _ago(counts: SourceCounts, now: float) -> str:
    """Return how long ago the last call came by the source's clock, such as ``3 s ago``."""
    if counts.last_call_at is None:
        return ""
    came = datetime.fromisoformat(counts.last_call_at).timestamp()
    seconds = max(0, round(now + counts.clock_offset_seconds - came))
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "now"
