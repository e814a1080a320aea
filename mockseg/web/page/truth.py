"""Truth: the fate of every message of a source, by all the requests that carried it."""

from __future__ import annotations

from typing import Final, Literal

from aiohttp import web

from mockseg.faults.truth import FATES, Fate
from mockseg.operations.base import OfSource
from mockseg.operations.faults import AskTruth, Truth
from mockseg.operations.sources import ListSources, SourceCounts, SourceList, SourceView
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import TRUTH, ask, query_of, show

_SHOWN: Final = 200
# The sources that are offered, of those that were used most recently.
_OFFERED: Final = 50
_LOOKED_AT: Final = 1000
# Fates that want a look; what was dropped was dropped as it should be.
_WRONG: Final = frozenset[Fate]({"lost", "never retried", "delivered twice"})


class TruthQuery(OfSource, frozen=True):
    """Which messages are shown.

    Attributes:
        fate: only those with this fate, or any.
    """

    fate: Fate | Literal["any"] = "any"


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", TRUTH.path, _truth)


async def _truth(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, TruthQuery)
    source, fate = asked.source, None if asked.fate == "any" else asked.fate
    truth, worst = None, []
    if source is None:
        worst = await _worst_first(request)
    else:
        wanted = AskTruth(source=source, limit=_SHOWN, fate=fate)
        truth = await ask(request, "truth", wanted, Truth)
    return await show(
        request,
        "truth.html",
        view=TRUTH,
        knows=TruthQuery,
        source=source,
        truth=truth,
        worst=worst,
        fate=fate,
        fates=FATES,
        wrong=_WRONG,
        of_fate={each: f"{TRUTH.path}{query_of(source=source, fate=each)}" for each in FATES},
    )


async def _worst_first(request: web.Request) -> list[tuple[SourceView, SourceCounts]]:
    """Return sources to choose from: first those with most refused requests, then most bad calls.

    What was refused is where messages get lost.
    """
    recent = ListSources(sort="recent", limit=_LOOKED_AT, counts=True)
    listed = await ask(request, "list_sources", recent, SourceList)
    pairs = [(each, each.counts or SourceCounts()) for each in listed.sources]
    return sorted(pairs, key=lambda pair: (-pair[1].refused, -pair[1].bad))[:_OFFERED]
