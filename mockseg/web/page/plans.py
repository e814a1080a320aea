"""Plans: which of their events came, what of each was exercised, and what a rule asks for."""

from __future__ import annotations

import dataclasses
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from mockseg.operations.base import OfSource
from mockseg.operations.plans import CoverageView, GetRule, RuleList
from mockseg.operations.rows import ListRows, RowPage
from mockseg.operations.sources import GetSource
from mockseg.query.terms import term_text
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import CALLS, PLANS, ask, query_of, show

_SHOWN: Final = 500
_BROKEN_SHOWN: Final = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A rule of a plan, and what was seen of it.

    Attributes:
        plan: its name in findings.
        name: the event, or what kind of call the rule is about.
        rule: the address of what it asks for.
        address: of the calls that it is about; empty where a query cannot say it.
        seen: number of calls.
        asserted: number of those that an assertion matched.
        exercised: number of its properties, values and branches that calls had.
        missing: those that no call had.
    """

    plan: str
    name: str
    rule: str
    address: str
    seen: int
    asserted: int
    exercised: int
    missing: list[str]


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", PLANS.path, _plans)
    # By itself aiohttp takes no braces in a parameter; an event may have them.
    add_page(app, "GET", f"{PLANS.path}/{{plan:[^/]+}}/events/{{event:[^/]+}}", _rule)


async def _plans(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
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
        knows=OfSource,
        source=source,
        coverage=coverage,
        rows=rows[:_SHOWN],
        more=max(0, len(rows) - _SHOWN),
        unplanned=unplanned[:_SHOWN],
    )


async def _rule(request: web.Request) -> web.StreamResponse:
    source = read_address(request, OfSource).source
    plan, event = request.match_info["plan"], request.match_info["event"]
    asked = GetRule(plan=plan, event=event, source=source)
    found = await ask(request, "get_rule", asked, RuleList)
    terms = [term_text("plan", plan), "is:violation"]
    types = {rule.type for rule in found.rules}
    if types == {"TRACK"}:
        terms.append(f"event:{','.join(_names(found))}")
    elif "COMMON" not in types:
        terms.append(f"type:{','.join(sorted(each.lower() for each in types))}")
    query = " ".join(terms)
    rows = ListRows(q=query, source=source, limit=_BROKEN_SHOWN, total=True)
    broken = await ask(request, "call_rows", rows, RowPage)
    return await show(
        request,
        "rule.html",
        view=PLANS,
        knows=OfSource,
        source=source,
        event=event,
        found=found,
        broken=broken,
        all_broken=f"{CALLS.path}{query_of(source=source, q=query)}",
        all_calls=_calls(source, event) if "TRACK" in types else "",
    )


def _names(found: RuleList) -> list[str]:
    """Return the values of ``event:`` that name what the rules are about."""
    names = {name for rule in found.rules if rule.key for name in (rule.key, *rule.aliases)}
    return [term_text("event", name).removeprefix("event:") for name in sorted(names)]


def _rule_address(plan: str, event: str, source: str | None) -> str:
    parts = f"{quote(plan, safe='')}/events/{quote(event, safe='', errors='replace')}"
    return f"{PLANS.path}/{parts}{query_of(source=source)}"


def _row(rule: dict[str, Any], source: str) -> Row:
    is_event = rule["type"] == "TRACK" and rule["key"] is not None
    name = rule["key"] if is_event else " ".join(filter(None, (rule["type"].lower(), rule["key"])))
    return Row(
        plan=rule["plan"],
        name=name,
        rule=_rule_address(rule["plan"], rule["key"] or rule["type"].lower(), source),
        address=_calls(source, rule["key"]) if is_event else "",
        seen=rule["seen"],
        asserted=rule["asserted"],
        exercised=len(rule["exercised"]),
        missing=rule["missing"],
    )


def _calls(source: str | None, event: str) -> str:
    """Return the address of the calls of an event."""
    return f"{CALLS.path}{query_of(source=source, q=term_text('event', event))}"
