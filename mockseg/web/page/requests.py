"""Requests: what came over the wire, answered how and why; and one of them, whole."""

from __future__ import annotations

import base64
from typing import Final, Literal

from aiohttp import web

from mockseg.json_types import pretty_text
from mockseg.matching.copies import request_curl
from mockseg.operations.base import Cursor, Nothing, OfSource
from mockseg.operations.requests import GetRequest, ListRequests, RequestPage, RequestView
from mockseg.web.page.access import add_page
from mockseg.web.page.addresses import read_address
from mockseg.web.page.frame import REQUESTS, ask, query_of, show
from mockseg.web.page.rendering import own_url

_SHOWN: Final = 100
_HEX_BYTES: Final = 16 * 1024
_LINE_BYTES: Final = 16
Answered = Literal["any", "refused", "accepted"]
_ANSWERED: Final[dict[Answered, str]] = {
    "any": "all requests",
    "refused": "refused requests",
    "accepted": "accepted requests",
}


class RequestsQuery(OfSource, frozen=True):
    """Which requests are shown.

    Attributes:
        answered: how: all requests, refused requests or accepted requests.
        before: only earlier requests than this number.
    """

    answered: Answered = "any"
    before: Cursor | None = None


def add_routes(app: web.Application) -> None:
    add_page(app, "GET", REQUESTS.path, _requests)
    add_page(app, "GET", f"{REQUESTS.path}/{{id}}", _request)


async def _requests(request: web.Request) -> web.StreamResponse:
    asked = read_address(request, RequestsQuery)
    listed = await ask(
        request,
        "list_requests",
        ListRequests(
            source=asked.source,
            refused=None if asked.answered == "any" else asked.answered == "refused",
            before=asked.before,
            order="newest",
            limit=_SHOWN,
            body=False,
        ),
        RequestPage,
    )
    older = query_of(source=asked.source, answered=asked.answered, before=listed.next)
    return await show(
        request,
        "requests.html",
        view=REQUESTS,
        knows=RequestsQuery,
        source=asked.source,
        asked=asked,
        requests=listed.requests,
        older=f"{REQUESTS.path}{older}" if listed.next is not None else "",
        answers=_ANSWERED,
    )


async def _request(request: web.Request) -> web.StreamResponse:
    read_address(request, Nothing)
    asked = GetRequest(id=request.match_info["id"])
    found = await ask(request, "get_request", asked, RequestView)
    is_text = found.body_encoding == "utf-8"
    body = found.body.encode() if is_text else base64.b64decode(found.body)
    return await show(
        request,
        "request.html",
        view=REQUESTS,
        knows=Nothing,
        source=found.source,
        request=found,
        body=pretty_text(found.body) if found.body_encoding == "utf-8" else "",
        hex=hex_dump(body),
        curl=request_curl(
            found.method,
            own_url(request) + found.path + ("?" + found.query if found.query else ""),
            headers=found.headers,
            body=body,
            write_key=found.source,
        ),
    )


def hex_dump(body: bytes) -> str:
    """Return bytes as lines of 16: their place, in hexadecimal, and as ASCII where it can be."""
    lines = []
    for start in range(0, min(len(body), _HEX_BYTES), _LINE_BYTES):
        part = body[start : start + _LINE_BYTES]
        text = "".join(chr(each) if 32 <= each < 127 else "." for each in part)
        lines.append(f"{start:06x}  {part.hex(' '):<{3 * _LINE_BYTES - 1}}  {text}")
    if len(body) > _HEX_BYTES:
        lines.append(f"… and {len(body) - _HEX_BYTES:,} bytes more")
    return "\n".join(lines)
