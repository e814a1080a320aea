"""One call, whole: its message with what is wrong in it, and what differs from another call."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from aiohttp import web

from mockseg import json_types
from mockseg.domain.call import Call
from mockseg.operations.base import Params
from mockseg.operations.calls import CallDetails, GetCall
from mockseg.operations.rows import CopiedText, CopyCall, CopyForm, ListRows, RowPage
from mockseg.query.terms import term_text
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.calls_address import Tab
from mockseg.web.page.frame import CALLS, ask, query_of, show
from mockseg.web.page.message_tree import difference_tree, linked_tree
from mockseg.web.page.rendering import HOME, own_url

_COPIES: Final[dict[str, CopyForm]] = {
    "As an assertion for pytest": "pytest",
    "As a curl command": "curl",
    "As the body of POST /calls/wait": "matcher",
}


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


class CallQuery(Params, frozen=True):
    """How a call is shown.

    Attributes:
        pane: beside the list, so without the bar.
        tab: the part to show; by itself a call is shown whole if omitted.
    """

    pane: bool = False
    tab: Tab | None = None


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", f"{HOME}calls/{{id}}", _call)
    add_page(app, "GET", f"{HOME}calls/{{id}}/compare/{{other}}", _compare)


async def _call(request: web.Request) -> web.StreamResponse:
    query = read_address(request, CallQuery)
    pane, tab = query.pane, query.tab or ("message" if query.pane else None)
    asked = GetCall(id=request.match_info["id"])
    details = await ask(request, "get_call", asked, CallDetails)
    call = details.call
    message, places = linked_tree(call)
    earlier, later = await _attempts(request, details)
    return await show(
        request,
        "call.html",
        view=CALLS,
        knows=CallQuery,
        source=call.source,
        framed=pane,
        tab=tab,
        tabs=_tabs(request.path, pane=pane, shown=tab),
        call=shown(call),
        details=details,
        message=message,
        places=places,
        raw=json_types.pretty(call.raw) if tab in {None, "raw"} else "",
        request=details.request,
        # No text is made that few read: the list beside the pane copies what is asked for.
        copies=[] if tab else await _copies(request, asked.id),
        of_user=_address_of_user(call),
        of_event="" if call.event is None else _address(call, "event", call.event),
        earlier=earlier,
        later=later,
    )


def _tabs(path: str, *, pane: bool, shown: Tab | None) -> list[TabLink]:
    """Return the parts of a call: of a whole one places in the document, else addresses."""
    beside = 1 if pane else None
    return [
        TabLink(
            id=id_,
            title=title,
            address="" if shown is None else f"{path}{query_of(pane=beside, tab=id_)}",
            is_shown=id_ == shown,
        )
        for id_, title in _TABS.items()
    ]


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


def _address(call: Call, key: str, value: str) -> str:
    """Return the address of the calls of the same source that have a value."""
    return f"{HOME}{query_of(source=call.source, q=term_text(key, value))}"


def _address_of_user(call: Call) -> str:
    """Return the address of the calls of the same user, or an empty text."""
    for key, value in (("user", call.user_id), ("anon", call.anonymous_id)):
        if value:
            return _address(call, key, value)
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
