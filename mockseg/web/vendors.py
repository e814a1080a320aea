"""The vendors' own surfaces, below ``/vendors``: Segment's inlet and the REST APIs.

``/vendors/<vendor>/<destination id>/…`` is one destination. Without the id the API key that
a request has says whose it is, for clients whose base URL is all that can be changed.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from aiohttp import web

from mockseg import json_types
from mockseg.destinations.kinds import KINDS
from mockseg.destinations.vendor import VendorRequest, VendorResponse
from mockseg.domain.delivery import Note
from mockseg.domain.findings import Discard
from mockseg.domain.request import Answer
from mockseg.hub.destinations import Connected
from mockseg.hub.hub import Hub
from mockseg.suggestions import unknown
from mockseg.web.keys import RECORDER
from mockseg.web.responses import allow_origin, continue_if_expected, preflight

VENDORS = "/vendors"


def add_routes(app: web.Application, hub: Hub) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return preflight(request)
        return await _answer(request, hub)

    for path in (VENDORS, VENDORS + r"/{rest:[\s\S]*}"):
        app.router.add_route("*", path, answer, expect_handler=continue_if_expected)


async def _answer(request: web.Request, hub: Hub) -> web.StreamResponse:
    # What is encoded in a part is part of it: only the slashes that were sent divide.
    _, _, name, *rest = [*map(_text, request.rel_url.raw_path.split("/")), ""]
    known = tuple(KINDS)
    if name not in known:
        reason = unknown("vendor", name, known)
        refusal = Answer(status=404, body=json_types.encode({"message": f"{VENDORS}/: {reason}"}))
        return await request.app[RECORDER].refuse(request, refusal, reason=reason)
    del rest[-1]
    destination = hub.destinations.get(rest[0]) if rest else None
    if destination is not None and destination.kind.type == name:
        del rest[0]
    else:
        destination = None
    key = "" if destination is None else destination.source.key
    body = await request.app[RECORDER].read(request, key, basic=False)
    made = VendorRequest(
        method=request.method,
        path="/" + "/".join(rest),
        query=tuple(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)),
        headers=tuple((_latin(n), _latin(v)) for n, v in request.raw_headers),
        body=body.content,
        received_ns=0,
        base_url=_base_url(request, name, destination),
    )
    unread = None if body.problem is None else _unread(body.problem)
    response = hub.destinations.receive(name, destination, made, unread=unread)
    answer = await request.app[RECORDER].unsaved() or _response(request, response)
    if unread is not None:
        # What is left of the body is of no use to anyone.
        answer.force_close()
    return answer


def _unread(problem: Discard) -> VendorResponse:
    """Return the answer to a body that could not be read; no vendor sees it."""
    return VendorResponse(
        400,
        json_types.encode({"message": problem.description}),
        (("Content-Type", "application/json"),),
        (Note("unreadable_body", "", problem.description),),
    )


def _base_url(request: web.Request, name: str, destination: Connected | None) -> str:
    path = f"{VENDORS}/{name}" if destination is None else destination.path
    return f"{request.scheme}://{request.host}{path}"


def _response(request: web.Request, response: VendorResponse) -> web.Response:
    made = web.Response(status=response.status, body=response.body)
    for name, value in response.headers:
        made.headers[name] = value
    allow_origin(request, made)
    return made


def _text(part: str) -> str:
    return unquote(part, errors="replace")


def _latin(value: bytes) -> str:
    return value.decode("utf-8", "replace")
