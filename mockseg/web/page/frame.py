"""The frame of every view: which source it is about, what there is, and where else to go."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary
from mockseg.operations.sources import ListSources, SourceList, SourceView
from mockseg.version import version
from mockseg.web.keys import HUB
from mockseg.web.page.addresses import ignored
from mockseg.web.page.rendering import HOME, render

ResultT = TypeVar("ResultT", bound=msgspec.Struct)

# The sources that the picker offers; others are typed, or found among Sources.
_OFFERED: Final = 50


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """A view of the page.

    Attributes:
        title: in the bar.
        path: its address.
        scoped: whether it is about one source or all; else the bar's source does not change it.
        key: that leads to it from the list of calls, with Shift.
    """

    title: str
    path: str
    scoped: bool = True
    key: str = ""


CALLS: Final = View("Calls", HOME, key="C")
SOURCES: Final = View("Sources", f"{HOME}sources", scoped=False, key="S")
PLANS: Final = View("Plans", f"{HOME}plans", key="P")
DESTINATIONS: Final = View("Destinations", f"{HOME}destinations", key="D")
DELIVERIES: Final = View("Deliveries", f"{HOME}deliveries")
FAULTS: Final = View("Faults", f"{HOME}faults", key="F")
TRUTH: Final = View("Truth", f"{HOME}truth", key="T")
REQUESTS: Final = View("Requests", f"{HOME}requests", key="R")
MANUAL: Final = View("Manual", f"{HOME}manual/", scoped=False)
HELP: Final = View("Help", f"{HOME}help")
VIEWS: Final = (
    *(CALLS, SOURCES, PLANS, DESTINATIONS, DELIVERIES, FAULTS, TRUTH, REQUESTS),
    *(MANUAL, HELP),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """A number beside the name of a view.

    Attributes:
        count: its name among the counts of the feed.
        number: of now.
        words: what it says where it wants a look; such a number is not shown while it is 0.
    """

    count: str
    number: int
    words: str = ""


async def ask(
    request: web.Request, name: str, asked: msgspec.Struct, type_: type[ResultT]
) -> ResultT:
    """Perform an operation, of whose result the table of operations says the type.

    Raises:
        OperationError: as the operation does.
    """
    result = await request.app[HUB].perform(name, asked)
    assert isinstance(result, type_)  # noqa: S101  (the table says so)
    return result


async def show(
    request: web.Request,
    template: str,
    /,
    *,
    view: View,
    knows: type[msgspec.Struct],
    source: str | None = None,
    summary: Summary | None = None,
    status: int = 200,
    framed: bool = False,
    **values: Any,
) -> web.Response:
    """Answer with a view.

    Args:
        request: for the view.
        template: of the view; it extends ``frame.html``.
        view: which one it is.
        knows: the parameters that its address may have; a notice names others.
        source: the write key that it is about; all sources if omitted.
        summary: of the source, if it was asked for already.
        status: of the answer.
        framed: whether it stands in a frame of another view, so without the bar.
        values: for the template.
    """
    summary = summary or await ask(request, "summary", OfSource(source=source), Summary)
    hub = request.app[HUB]
    offered = ListSources(sort="recent", limit=_OFFERED, counts=True)
    recent = await ask(request, "list_sources", offered, SourceList)
    return await render(
        request,
        template,
        status=status,
        framed=framed,
        view=view,
        views=VIEWS,
        version=version(),
        run=hub.run,
        source=source,
        of_source=query_of(source=source),
        summary=summary,
        ignored=ignored(request, knows),
        offered=recent.sources,
        more_sources=recent.total - len(recent.sources),
        scope_name=_name_of(source, recent.sources),
        # What the bar tells beside the names of views.
        told={
            CALLS: Told("total", summary.total),
            SOURCES: Told("sources", recent.total),
            FAULTS: Told("faults", hub.faults.count(source), "on ▲"),
            REQUESTS: Told("refused", summary.refused, "refused ▲"),
        },
        **values,
    )


def _name_of(source: str | None, known: list[SourceView]) -> str:
    """Return the name that a source has, else its write key."""
    return next(
        (each.name for each in known if each.write_key == source and each.name), source or ""
    )


def query_of(**given: object) -> str:
    """Return the query of an address, with what is given; empty without any."""
    parts = {name: value for name, value in given.items() if value is not None and value != ""}
    # The empty write key is a source too: that of requests without a key.
    parts |= {"source": ""} if given.get("source") == "" else {}
    return "?" + urlencode(parts, errors="replace") if parts else ""
