"""What the edge of 2018 answers where no source decides: paths, methods, CORS, health, JSONP.

Source: Segment's own public double of its Tracking API, with the libraries for CORS and for
routes that it uses (facts: the double of 2018).
"""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.hdrs import ORIGIN
from aiohttp.web import BaseRequest

from mockseg.domain.request import Route
from mockseg.web.responses import WEEK_SECONDS, header_value

_CROSSDOMAIN = (
    b"<cross-domain-policy>"
    b'<allow-http-request-headers-from domain="*.segment.io" headers="*"/>'
    b'<site-control permitted-cross-domain-policies="all"/>'
    b'<allow-access-from domain="*" secure="false"/>'
    b"</cross-domain-policy>"
)
MISSING = frozenset({"/", "/v1", "/v1/m"})
"""Routes of today that it did not have: React Native's proxy, and the SDKs' own metrics."""

# Of an answer of Go's that is an error.
_NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}
_SERVER_METHODS = frozenset({"POST", "OPTIONS"})
_CLIENT_METHODS = frozenset({"GET", "POST", "OPTIONS"})
_CLIENT_HEADERS = frozenset({"Origin", "Accept", "Content-Type"})


def preflight(request: BaseRequest, *, client: bool) -> web.Response:
    """Answer an OPTIONS; where something asked for is not allowed, nothing is.

    Args:
        request: as it came.
        client: whether it is for a short route, which allows plain headers only.
    """
    response = web.Response()
    headers = response.headers
    for name in (ORIGIN, "Access-Control-Request-Method", "Access-Control-Request-Headers"):
        headers.add("Vary", name)
    origin = request.headers.get(ORIGIN)
    method = request.headers.get("Access-Control-Request-Method", "").upper()
    asked = request.headers.get("Access-Control-Request-Headers", "")
    names = [_canonical(name) for name in re.split(r"[\s,]+", header_value(asked)) if name]
    methods = _CLIENT_METHODS if client else _SERVER_METHODS
    if not origin or method not in methods or (client and not _CLIENT_HEADERS.issuperset(names)):
        return response
    headers["Access-Control-Allow-Origin"] = header_value(origin)
    headers["Access-Control-Allow-Methods"] = method
    if names:
        headers["Access-Control-Allow-Headers"] = ", ".join(names)
    if not client:
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Max-Age"] = WEEK_SECONDS
    return response


def allow_origin(request: BaseRequest, response: web.Response, *, client: bool) -> None:
    """Let a page read an answer, where a preflight of its method would be allowed.

    Args:
        request: as it came.
        response: of a short or a server route.
        client: whether it is of a short route, which takes no credentials.
    """
    headers = response.headers
    headers["Vary"] = ORIGIN
    origin = request.headers.get(ORIGIN)
    if origin and request.method in (_CLIENT_METHODS if client else _SERVER_METHODS):
        headers["Access-Control-Allow-Origin"] = header_value(origin)
        if not client:
            headers["Access-Control-Allow-Credentials"] = "true"


def allowed_methods(route: Route | None) -> str:
    """Return the methods of a path, as the header Allow names them.

    Args:
        route: that the path has; None for health and Flash's policy.
    """
    if route is None or route.pixel:
        return "GET, HEAD"
    return "GET, HEAD, POST, PUT" if route.client else "POST, PUT"


def as_error(response: web.Response, *, allow: str = "") -> None:
    """Put on the answer to a path or a method that does not exist the headers that it had.

    Args:
        response: plain text, changed.
        allow: the methods of the path, for a 405.
    """
    response.headers.update(_NO_SNIFFING)
    if allow:
        response.headers["Allow"] = allow


def health() -> web.Response:
    return web.Response(headers={"Content-Type": "text/plain"})


def crossdomain() -> web.Response:
    return web.Response(
        body=_CROSSDOMAIN, headers={"Content-Type": "application/xml; charset=utf-8"}
    )


def jsonp(callback: str) -> web.Response:
    """Return the script that calls a page's function: it says success whatever was sent.

    Args:
        callback: a plain function name.
    """
    return web.Response(
        body=f'typeof {callback} == "function" && {callback}({{ success: true }});'.encode(),
        headers={"Content-Type": "text/javascript", **_NO_SNIFFING},
    )


def _canonical(name: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))
