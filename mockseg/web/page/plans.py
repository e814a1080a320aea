"""Plans: which of their events came, and what of each was exercised."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from aiohttp import web

from mockseg.operations.base import OfSource
from mockseg.operations.plans import CoverageView
from mockseg.operations.sources import GetSource
from mockseg.query.terms import term_text
from mockseg.web.page.access import add_page
from mockseg.web.page.frame import CALLS, PLANS, ask, query_of, show
from mockseg.web.parameters import check_content_type, read_query

_SHOWN: Final = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A rule of a plan, and what was seen of it.

    Attributes:
        plan: its name in findings.
        name: the event, or what kind of call the rule is about.
        address: of the calls that it is about; empty where a query cannot say it.
        seen: number of calls.
        asserted: number of those that an assertion matched.
        exercised: number of its properties, values and branches that calls had.
        missing: those that no call had.
    """

    plan: str
    name: str
    address: str
    seen: int
    asserted: int
    exercised: int
    missing: list[str]


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", PLANS.path, _plans)


async def _plans(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    source = read_query(request, OfSource).source
    coverage, rows, unplanned = None, [], []
    if source:
        coverage = await ask(request, "get_coverage", GetSource(write_key=source), CoverageView)
        seen: Any = coverage.coverage
        rows = [_row(rule, source) for rule in seen["rules"]]
        unplanned = [
            (each["event"], each["seen"], _calls(source, each["event"]))
            for each in seen["unplanned"]
        ]
    return await show(
        request,
        "plans.html",
        view=PLANS,
        source=source,
        coverage=coverage,
        rows=rows[:_SHOWN],
        more=max(0, len(rows) - _SHOWN),
        unplanned=unplanned[:_SHOWN],
    )


def _row(rule: dict[str, Any], source: str) -> Row:
    is_event = rule["type"] == "TRACK" and rule["key"] is not None
    name = rule["key"] if is_event else " ".join(filter(None, (rule["type"].lower(), rule["key"])))
    return Row(
        plan=rule["plan"],
        name=name,
        address=_calls(source, rule["key"]) if is_event else "",
        seen=rule["seen"],
        asserted=rule["asserted"],
        exercised=len(rule["exercised"]),
        missing=rule["missing"],
    )


def _calls(source: str, event: str) -> str:
    """Return the address of the calls of an event."""
    return f"{CALLS.path}{query_of(source=source, q=term_text('event', event))}"
