"""The page: what was recorded, for people. Rendered here, without any script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.errors import OperationError
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary
from mockseg.operations.faults import AskTruth, FaultList, RuleView
from mockseg.operations.requests import GetRequest, RequestView
from mockseg.snippets import start_lines
from mockseg.web.answers import PAGE_POLICY, security_headers
from mockseg.web.guard import add_guarded
from mockseg.web.keys import HUB
from mockseg.web.parameters import check_content_type, query_values, read_query
from mockseg.web.rendering import load

if TYPE_CHECKING:
    from mockseg.domain.call import Call, KeptCall
    from mockseg.hub.machine import Hub

__all__ = ["add_routes"]

_CALLS_SHOWN = 100
_EVENTS_SHOWN = 20
_FAULTS_SHOWN = 50


def add_routes(app: web.Application) -> None:
    """Add the page and its style sheet."""
    add_guarded(app, "GET", "/_mockseg", _redirect)
    add_guarded(app, "GET", "/_mockseg/", _overview)
    add_guarded(app, "GET", "/_mockseg/page.css", _style)
    add_guarded(app, "GET", "/_mockseg/calls/{id}", _call)


async def _redirect(_request: web.Request) -> web.StreamResponse:
    headers = {**security_headers(), "Location": "/_mockseg/"}
    return web.Response(status=308, headers=headers)


async def _style(_request: web.Request) -> web.StreamResponse:
    renderer = await asyncio.to_thread(load)
    return _answer(renderer.style, content_type="text/css")


async def _overview(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    hub = request.app[HUB]
    asked = read_query(request, OfSource)
    renderer = await asyncio.to_thread(load)
    summary = await hub.perform("summary", asked)
    assert isinstance(summary, Summary)  # noqa: S101  (the table says so)
    faults = await hub.perform("list_faults", asked)
    assert isinstance(faults, FaultList)  # noqa: S101  (the table says so)
    truth = None
    if asked.source is not None:
        truth = await hub.perform("truth", AskTruth(source=asked.source, limit=0))
    calls = hub.latest_calls(_CALLS_SHOWN, source=asked.source)
    events = sorted(summary.by_event.items(), key=lambda item: (-item[1], item[0]))
    html = renderer.render(
        "overview.html",
        url=_url(request),
        source=asked.source,
        summary=summary,
        truth=truth,
        calls=[_shown(call.view()) for call in calls],
        faults=faults.faults[:_FAULTS_SHOWN],
        which=_which,
        events=events[:_EVENTS_SHOWN],
        more_events=max(0, len(events) - _EVENTS_SHOWN),
        sdk_lines=_sdk_lines(request, asked.source),
    )
    return _answer(html, content_type="text/html")


async def _call(request: web.Request) -> web.StreamResponse:
    check_content_type(request)
    query_values(request, ())
    hub = request.app[HUB]
    kept = _kept(hub, request.match_info["id"])
    renderer = await asyncio.to_thread(load)
    call = kept.view()
    html = renderer.render(
        "call.html",
        url=_url(request),
        call=_shown(call),
        message=json_types.pretty(call.message),
        raw=json_types.pretty(call.raw),
        request=await _request_of(hub, call),
    )
    return _answer(html, content_type="text/html")


def _kept(hub: Hub, id_: str) -> KeptCall:
    """Find a call by its id.

    Raises:
        OperationError: 404, it is not kept.
    """
    digits = id_.removeprefix("call-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:
        kept = hub.journal.call(int(digits))
        if kept is not None:
            return kept
    raise OperationError(f'no call "{id_[:100]}" is kept', status=404, code="unknown_call")


async def _request_of(hub: Hub, call: Call) -> RequestView | None:
    try:
        view = await hub.perform("get_request", GetRequest(id=call.request.id))
    except OperationError:
        return None
    return view if isinstance(view, RequestView) else None


def _shown(call: Call) -> dict[str, Any]:
    """Give what the templates need of a call, and what names it best."""
    name = call.message.get("name")
    fields = {field: getattr(call, field) for field in call.__struct_fields__}
    label = call.event if call.event is not None else name if isinstance(name, str) else ""
    return fields | {"label": label, "user": call.user_id or call.anonymous_id or ""}


def _which(rule: RuleView) -> str:
    """Say in a line which requests a rule means."""
    said = [f"{name} {value}" for name, value in msgspec.to_builtins(rule.match).items()]
    said += [f"{rule.probability:.0%} of them"] if rule.probability < 1 else []
    said += [f"until {rule.until}"] if rule.until is not None else []
    return ", ".join(said) or "any"


def _url(request: web.Request) -> str:
    """Give our own address as the reader knows it; the guard has looked at the host."""
    return f"{request.scheme}://{request.host}"


def _sdk_lines(request: web.Request, source: str | None) -> list[tuple[str, str]]:
    url = _url(request)
    tls_url = url if request.scheme == "https" else None
    return start_lines(url, tls_url, **({"write_key": source} if source else {}))


def _answer(text: str, *, content_type: str) -> web.Response:
    headers = security_headers(PAGE_POLICY) | {"Content-Type": f"{content_type}; charset=utf-8"}
    return web.Response(body=text.encode("utf-8", "replace"), headers=headers)
