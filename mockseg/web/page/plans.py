"""Plans: which of their events came, what of each was exercised, and what a rule asks for."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any, Final, Literal
from urllib.parse import quote

from aiohttp import web

from mockseg import json_types
from mockseg.conversion import invalid
from mockseg.errors import MalformedJsonError, OperationError
from mockseg.json_types import JsonObject
from mockseg.operations.base import OfSource
from mockseg.operations.calls import CallPage, ListCalls
from mockseg.operations.plans import (
    CoverageView,
    EventSeen,
    GetRule,
    RuleList,
    ValidatedMessages,
    ValidateMessages,
)
from mockseg.operations.rows import ListRows, RowPage
from mockseg.operations.sources import GetSource
from mockseg.plans.inference import infer
from mockseg.plans.model import plan_to_json
from mockseg.query.terms import term_text
from mockseg.suggestions import nearest
from mockseg.web.control_answers import json_answer
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.forms import Done, add_form
from mockseg.web.page.frame import CALLS, PLANS, SOURCES, ask, query_of, show
from mockseg.web.page.rendering import in_words
from mockseg.web.page.rule_tree import rule_tree
from mockseg.web.parameters import read_query

_SHOWN: Final = 500
_BROKEN_SHOWN: Final = 20
# A plan is inferred from the newest calls, at most this many.
_MOST_INFERRED: Final = 5000
_PAGE: Final = 1000
_MOST_VALIDATED: Final = 50


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
        bad: number of bad calls of the event.
        first, last: when calls of the event came, ISO 8601; empty where that is not known.
    """

    plan: str
    name: str
    rule: str
    address: str
    seen: int
    bad: int
    first: str
    last: str
    asserted: int
    exercised: int
    missing: list[str]


class PlansQuery(OfSource, frozen=True):
    """Which events are shown.

    Attributes:
        show: all, or only those that were not seen, not asserted on, not planned, or were bad.
    """

    show: Literal["all", "unseen", "unasserted", "unplanned", "bad"] = "all"


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", PLANS.path, _plans)
    add_page(app, "GET", f"{PLANS.path}/inferred.json", _inferred)
    add_form(app, f"{PLANS.path}/validate", ("messages",), _validate)
    # By itself aiohttp takes no braces in a parameter; an event may have them.
    add_page(app, "GET", f"{PLANS.path}/{{plan:[^/]+}}/events/{{event:[^/]+}}", _rule)


async def _plans(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, PlansQuery)
    source = asked.source
    coverage, rows, unplanned = None, [], []
    if source:
        coverage = await ask(request, "get_coverage", GetSource(write_key=source), CoverageView)
        seen: Any = coverage.coverage
        rows = [_row(rule, source, coverage.events) for rule in seen["rules"]]
        planned = tuple(rule["key"] for rule in seen["rules"] if rule["type"] == "TRACK")
        unplanned = [
            (name, each["seen"], _calls(source, name), nearest(name, tuple(filter(None, planned))))
            for each in seen["unplanned"][:_SHOWN]
            for name in (each["event"],)
        ]
    counts = {
        "all": len(rows),
        "unseen": sum(not row.seen for row in rows),
        "unasserted": sum(row.seen > 0 and not row.asserted for row in rows),
        "unplanned": 0 if coverage is None else len(coverage.coverage["unplanned"]),
        "bad": sum(row.bad > 0 for row in rows),
    }
    shown = [row for row in rows if _is_shown(row, asked.show)]
    return await show(
        request,
        "plans.html",
        view=PLANS,
        knows=PlansQuery,
        source=source,
        coverage=coverage,
        rows=shown[:_SHOWN],
        more=max(0, len(shown) - _SHOWN),
        all_rows=rows,
        unplanned=unplanned,
        counts=counts,
        shown=asked.show,
        most_inferred=_MOST_INFERRED,
        settings="" if not source else f"{SOURCES.path}/{quote(source, safe='')}#settings",
    )


def _is_shown(row: Row, which: str) -> bool:
    match which:
        case "unseen":
            return not row.seen
        case "unasserted":
            return row.seen > 0 and not row.asserted
        case "unplanned":
            return False
        case "bad":
            return row.bad > 0
        case _:
            return True


async def _inferred(request: web.Request) -> web.StreamResponse:
    """Answer with the plan that the newest accepted calls satisfy, as a file."""
    source = read_address(request, OfSource).source
    messages: list[JsonObject] = []
    before = None
    while len(messages) < _MOST_INFERRED:
        listed = ListCalls(
            source=source,
            verdict="accepted",
            order="newest",
            before=before,
            limit=_PAGE,
            total=False,
        )
        page = await ask(request, "list_calls", listed, CallPage)
        messages += [call.message for call in page.calls]
        if page.next is None:
            break
        before = page.next
    plan = await asyncio.to_thread(infer, reversed(messages))
    if not plan.rules:
        raise OperationError(
            "no accepted call is kept: there is nothing to infer a plan from",
            status=404,
            code="nothing_to_infer",
        )
    answer = json_answer(plan_to_json(plan))
    answer.headers["Content-Disposition"] = 'attachment; filename="plan.json"'
    return answer


async def _validate(request: web.Request, form: dict[str, str]) -> Done:
    """Judge a message, or a list of messages, and record nothing."""
    source = read_query(request, OfSource).source
    try:
        given = json_types.decode(form.get("messages", "").encode("utf-8", "replace"))
    except MalformedJsonError as error:
        raise invalid("messages", f"the message is not JSON: {error}", allowed="JSON") from None
    messages = given if isinstance(given, list) else [given]
    asked = ValidateMessages(messages=messages[:_MOST_VALIDATED], source=source)
    judged = await ask(request, "validate_messages", asked, ValidatedMessages)
    lines = []
    for result in judged.results:
        name = f"Message {result.index + 1}: " if len(messages) > 1 else ""
        if result.good:
            lines.append(f"{name}accepted, without findings.")
        lines += [f"{name}{result.verdict}: {in_words(finding)}" for finding in result.findings]
    if len(messages) > _MOST_VALIDATED:
        lines.append(f"{len(messages) - _MOST_VALIDATED} more messages were not looked at.")
    whose = "the plans of the source" if source else "Segment's own rules"
    return Done(said=f"{judged.good} good, {judged.bad} bad by {whose}.", lines=lines)


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
        rules=[(rule, rule_tree(rule)) for rule in found.rules],
        broken=broken,
        all_broken=f"{CALLS.path}{query_of(source=source, q=query)}",
        all_calls=_calls(source, event) if "TRACK" in types else "",
    )


def _names(found: RuleList) -> list[str]:
    """Return the values of ``event:`` that name what the rules are about."""
    names = {name for rule in found.rules if rule.key for name in (rule.key, *rule.aliases)}
    return [term_text("event", name).removeprefix("event:") for name in sorted(names)]


def rule_address(plan: str, event: str, source: str | None) -> str:
    """Return the address of the rules of an event."""
    parts = f"{quote(plan, safe='')}/events/{quote(event, safe='', errors='replace')}"
    return f"{PLANS.path}/{parts}{query_of(source=source)}"


def _row(rule: dict[str, Any], source: str, events: dict[str, EventSeen]) -> Row:
    is_event = rule["type"] == "TRACK" and rule["key"] is not None
    name = rule["key"] if is_event else " ".join(filter(None, (rule["type"].lower(), rule["key"])))
    came = events.get(rule["key"]) if is_event else None
    return Row(
        plan=rule["plan"],
        name=name,
        rule=rule_address(rule["plan"], rule["key"] or rule["type"].lower(), source),
        address=_calls(source, rule["key"]) if is_event else "",
        seen=rule["seen"],
        asserted=rule["asserted"],
        exercised=len(rule["exercised"]),
        missing=rule["missing"],
        bad=0 if came is None else came.bad,
        first="" if came is None else came.first_at,
        last="" if came is None else came.last_at,
    )


def _calls(source: str | None, event: str) -> str:
    """Return the address of the calls of an event."""
    return f"{CALLS.path}{query_of(source=source, q=term_text('event', event))}"
