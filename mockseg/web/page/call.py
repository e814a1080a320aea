"""One call, whole: its message with what is wrong in it, and what differs from another call."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from mockseg.domain.call import Call, KeptCall
from mockseg.domain.findings import Finding
from mockseg.operations.base import Params
from mockseg.operations.calls import CallBrief, CallDetails, GetCall
from mockseg.operations.rows import CopiedText, CopyCall, CopyForm, ListRows, RowPage
from mockseg.query.terms import term_text
from mockseg.web.keys import HUB
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.as_sent import as_sent
from mockseg.web.page.call_rules import judged_by, rule_places
from mockseg.web.page.calls_address import Tab
from mockseg.web.page.deliveries import rows_of
from mockseg.web.page.frame import CALLS, ask, query_of, show
from mockseg.web.page.message_tree import difference_tree, linked_tree
from mockseg.web.page.rendering import HOME, own_url

_COPIES: Final[dict[str, CopyForm]] = {
    "As an assertion for pytest": "pytest",
    "As a curl command": "curl",
    "As the body of POST /calls/wait": "matcher",
}
# Of the calls of a request.
_MOST_OTHERS: Final = 50
# Findings that stand above the message; the others are opened.
_FINDINGS_SHOWN: Final = 3

_TABS: Final[dict[Tab, str]] = {
    "message": "Message",
    "raw": "As sent",
    "request": "Request",
    "deliveries": "Deliveries",
    "plan": "Plan",
    "user": "User",
}


@dataclasses.dataclass(frozen=True, slots=True)
class TabLink:
    """A part of a call.

    Attributes:
        id: of it, in addresses and in the document.
        title: for people.
        address: of the document that has it; empty where this one has.
        is_shown: whether it alone is shown.
    """

    id: Tab
    title: str
    address: str
    is_shown: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A call of a user.

    Attributes:
        call: the call.
        is_this: whether it is the one that is shown.
        gap: seconds since the call before; None for the first.
        became: the userId, where the visitor had none before.
    """

    call: CallBrief
    is_this: bool
    gap: float | None
    became: str


@dataclasses.dataclass(frozen=True, slots=True)
class FindingLinks:
    """Where a finding leads to.

    Attributes:
        place: the address of its place in the message; empty where it is not shown.
        rule: of the rule that it breaks; empty without one.
        calls: of the calls with the same finding.
    """

    place: str
    rule: str
    calls: str


class CallQuery(Params, frozen=True):
    """How a call is shown.

    Attributes:
        pane: beside the list, so without the bar.
        tab: the part to show; by itself a call is shown whole if omitted.
        q: the query of the list that it was opened from: what filters adds to it.
    """

    pane: bool = False
    tab: Tab | None = None
    q: str = ""


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", f"{HOME}calls/{{id}}", _call)
    add_page(app, "GET", f"{HOME}calls/{{id}}/compare/{{other}}", _compare)


async def _call(request: web.Request) -> web.StreamResponse:
    query = read_address(request, CallQuery)
    pane, tab = query.pane, query.tab or ("message" if query.pane else None)
    asked = GetCall(id=request.match_info["id"])
    details = await ask(request, "get_call", asked, CallDetails)
    call, hub = details.call, request.app[HUB]
    # It may have been evicted meanwhile.
    kept = hub.journal.call(call.cursor)
    source = hub.sources.plans_of(call.source)
    calls = _Calls(call.source, query.q)
    message, places = linked_tree(call, address_of=calls.narrowed)
    judged = judged_by(call, source.set)
    tabs = _tabs(request.path, query, shown=tab)
    earlier, later = await _attempts(request, details)
    return await show(
        request,
        "call.html",
        view=CALLS,
        knows=CallQuery,
        source=call.source,
        framed=pane,
        tab=tab,
        tabs=tabs,
        call=shown(call),
        details=details,
        findings=_findings(call.findings, places, rule_places(judged, call.findings), tabs, calls),
        findings_shown=_FINDINGS_SHOWN,
        message=message,
        sent=None
        if kept is None or tab not in {None, "raw"}
        else as_sent(bytes(kept.raw), call.message, kept.request.shared),
        request=details.request,
        size=1 if kept is None else kept.request.calls,
        others=_others(hub.journal.calls_of(kept.request)) if kept is not None else [],
        judged=judged,
        has_plans=bool(source.set.plans),
        deliveries=rows_of(details.deliveries),
        steps=_steps(details),
        # No text is made that few read: the list beside the pane copies what is asked for.
        copies=[] if tab else await _copies(request, asked.id),
        of_user=_of_user(call, calls),
        of_event="" if call.event is None else calls.narrowed(term_text("event", call.event)),
        of_message=calls.narrowed(term_text("message", call.message_id)),
        earlier=earlier,
        later=later,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Calls:
    """Addresses of calls of the same source.

    Attributes:
        source: the write key.
        q: a query; terms are added to it.
    """

    source: str
    q: str

    def narrowed(self, terms: str) -> str:
        return f"{HOME}{query_of(source=self.source, q=f'{self.q} {terms}'.strip())}"


def _tabs(path: str, query: CallQuery, *, shown: Tab | None) -> list[TabLink]:
    """Return the parts of a call: of a whole one places in the document, else addresses."""
    beside = 1 if query.pane else None
    return [
        TabLink(
            id=id_,
            title=title,
            address="" if shown is None else f"{path}{query_of(pane=beside, tab=id_, q=query.q)}",
            is_shown=id_ == shown,
        )
        for id_, title in _TABS.items()
    ]


def _findings(
    findings: Sequence[Finding],
    places: list[str],
    rules: list[str],
    tabs: list[TabLink],
    calls: _Calls,
) -> list[tuple[Finding, FindingLinks]]:
    """Return the findings, each with where it leads to."""
    of = {tab.id: "" if tab.is_shown else tab.address for tab in tabs}
    found = []
    for finding, place, rule in zip(findings, places, rules, strict=True):
        terms = [term_text("code", finding.code)]
        if finding.field:
            terms.insert(0, term_text("field", finding.field))
        links = FindingLinks(
            place=f"{of['message']}#{place}" if place else "",
            rule=f"{of['plan']}#{rule}" if rule else "",
            calls=calls.narrowed(" ".join(terms)),
        )
        found.append((finding, links))
    return found


def _others(calls: list[KeptCall]) -> tuple[list[dict[str, Any]], int]:
    """Return the first calls of a request, and how many more there are."""
    first = [shown(call.view()) for call in calls[:_MOST_OTHERS]]
    return first, max(0, len(calls) - _MOST_OTHERS)


def _steps(details: CallDetails) -> list[Step]:
    """Return the calls of the user around this one, oldest first."""
    call = details.call
    this = CallBrief(
        **{name: getattr(call, name) for name in CallBrief.__struct_fields__},
    )
    steps: list[Step] = []
    moment: float | None = None
    user: str | None = None
    for number, brief in enumerate((*details.before, this, *details.after)):
        now = datetime.fromisoformat(brief.received_at).timestamp()
        became = brief.user_id if number and user is None and brief.user_id else ""
        steps.append(Step(brief, brief is this, None if moment is None else now - moment, became))
        moment, user = now, brief.user_id
    return steps


async def _compare(request: web.Request) -> web.StreamResponse:
    pane = read_address(request, CallQuery).pane
    call, other = [
        (await ask(request, "get_call", GetCall(id=request.match_info[name]), CallDetails)).call
        for name in ("id", "other")
    ]
    return await show(
        request,
        "compare.html",
        view=CALLS,
        knows=CallQuery,
        source=call.source if call.source == other.source else None,
        framed=pane,
        call=shown(call),
        other=shown(other),
        difference=difference_tree(call, other),
    )


async def _attempts(request: web.Request, details: CallDetails) -> tuple[str, str]:
    """Return the ids of the attempts before and after this one to send the message."""
    if len(details.attempts) < 2:
        return "", ""
    call = details.call
    query = term_text("message", call.message_id)
    found = await ask(request, "call_rows", ListRows(q=query, source=call.source), RowPage)
    cursors = [row.cursor for row in found.rows]
    earlier = max((each for each in cursors if each < call.cursor), default=0)
    later = min((each for each in cursors if each > call.cursor), default=0)
    return f"call-{earlier}" if earlier else "", f"call-{later}" if later else ""


def _of_user(call: Call, calls: _Calls) -> str:
    """Return the address of the calls of the same user, or an empty text."""
    for key, value in (("user", call.user_id), ("anon", call.anonymous_id)):
        if value:
            return calls.narrowed(term_text(key, value))
    return ""


async def _copies(request: web.Request, id_: str) -> list[tuple[str, str]]:
    """Return the call as text to paste, each with its title."""
    texts = []
    for title, form in _COPIES.items():
        asked = CopyCall(id=id_, form=form, url=own_url(request))
        texts.append((title, (await ask(request, "copy_call", asked, CopiedText)).text))
    return texts


def shown(call: Call) -> dict[str, Any]:
    """Return the fields of a call for a template, with its best name and its user."""
    name = call.message.get("name")
    fields = {field: getattr(call, field) for field in call.__struct_fields__}
    label = call.event if call.event is not None else name if isinstance(name, str) else ""
    return fields | {"label": label, "user": call.user_id or call.anonymous_id or ""}
