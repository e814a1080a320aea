"""CORS as Segment's edge does it: any origin, credentials allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.hdrs import ORIGIN

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest, StreamResponse


_WEEK_SECONDS = "604800"


def allow(request: BaseRequest, response: StreamResponse) -> None:
    """Let the page that sent this request read the answer, the wait times included."""
    origin = request.headers.get(ORIGIN)
    if origin is not None:
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = _one_line(origin)
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = "Retry-After, X-RateLimit-Reset"
        headers["Vary"] = "Origin"


def preflight(request: BaseRequest) -> web.Response:
    """Answer an OPTIONS: whatever headers the browser asks about are allowed."""
    response = web.Response()
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, OPTIONS"
    response.headers["Access-Control-Max-Age"] = _WEEK_SECONDS
    asked = request.headers.get("Access-Control-Request-Headers")
    if asked is not None:
        response.headers["Access-Control-Allow-Headers"] = _one_line(asked)
    allow(request, response)
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    return response


def _one_line(value: str) -> str:
    """A header's value must not end its line, nor hold what no header can."""
    return "".join(c for c in value if " " <= c <= "~")
