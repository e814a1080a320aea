"""Answers of the control plane: JSON, one shape of error, and the headers that guard them."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from mockseg import json_types
from mockseg.errors import OperationError
from mockseg.json_types import JsonObject
from mockseg.operations.base import Result

# Nothing of a JSON answer is ever to be run, shown in a frame or loaded as anything else.
JSON_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# A page has our style sheet, forms that ask us, and scripts of one folder: the same origin serves
# an app's analytics.js and answers JSONP. No text becomes markup or script.
PAGE_POLICY = (
    "default-src 'none'; script-src {url}/_mockseg/static/; style-src {url}/_mockseg/static/; "
    "img-src {url}/_mockseg/static/; connect-src 'self'; frame-src {url}/_mockseg/calls/; "
    "form-action 'self'; frame-ancestors {ancestors}; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

# What a 401 has to carry: how to prove that one may.
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mockseg"'}


class ErrorBody(Result, frozen=True, omit_defaults=True):
    """What went wrong.

    Attributes:
        code: one word for scripts.
        message: a sentence that names the place, the value and what is allowed.
        details: what helps to repair it.
    """

    code: str
    message: str
    details: JsonObject = {}


class ErrorAnswer(Result, frozen=True):
    """The one body of every error of the control plane.

    Attributes:
        error: what went wrong.
    """

    error: ErrorBody


def security_headers(policy: str = JSON_POLICY) -> dict[str, str]:
    """Return the headers of everything below ``/_mockseg``; no CORS header is among them."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def json_answer(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=json_types.encode_printable(value),
        status=status,
        content_type="application/json",
        headers={**security_headers(), **(headers or {})},
    )


def page_answer(text: str, *, url: str, status: int = 200, framed: bool = False) -> web.Response:
    """Answer with a part of the page, UTF-8.

    Its forms have to show where they come from: ``no-referrer`` makes browsers send
    ``Origin: null``.

    Args:
        text: HTML.
        url: of this server.
        status: of the answer.
        framed: whether our own page shows it in a frame; it has no form then.
    """
    policy = PAGE_POLICY.format(url=url, ancestors="'self'" if framed else "'none'")
    headers = {
        **security_headers(policy),
        "Referrer-Policy": "same-origin",
        "Content-Type": "text/html; charset=utf-8",
    }
    return web.Response(body=text.encode("utf-8", "replace"), status=status, headers=headers)


def accepts_gzip(request: web.Request) -> bool:
    """Return whether a client takes gzip; a browser says so in plain words."""
    offered = request.headers.get("Accept-Encoding", "").lower().split(",")
    return "gzip" in map(str.strip, offered)


def error_answer(
    error: OperationError, *, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = ErrorBody(code=error.code, message=error.message, details=error.details)
    if error.status == 401:
        headers = {**CHALLENGE, **(headers or {})}
    return json_answer(ErrorAnswer(error=body), status=error.status, headers=headers)
