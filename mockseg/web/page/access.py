"""The page for readers on other machines: the control token is exchanged for a cookie, once.

A browser cannot be told to send ``Authorization``. So a reader types the token into a form, or
opens the page with ``?token=`` once; both set a cookie and lead on to an address without it.
"""

from __future__ import annotations

import contextlib

from aiohttp import web

from mockseg.errors import OperationError
from mockseg.web.control_answers import CHALLENGE
from mockseg.web.guard import Handler, add_guarded, admit_form
from mockseg.web.keys import ACCESS, OPEN_REQUESTS
from mockseg.web.page.rendering import HOME, came_from, is_own, redirect, render
from mockseg.web.parameters import form_values


def add_routes(app: web.Application) -> None:
    add_guarded(app, "POST", "/_mockseg/token", _exchange, any_peer=True)


def add_page(app: web.Application, method: str, path: str, handler: Handler) -> None:
    """Add a part of the page; readers on other machines are asked for the token.

    What is wrong with a request is a page for a browser, JSON for others.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        given = request.query.get("token")
        rest = str(request.rel_url.without_query_params("token"))
        if given is not None and request.app[ACCESS].accepts(given):
            return _let_in(request, rest)
        try:
            request.app[ACCESS].check(request)
        except OperationError as error:
            return await _ask(request, error.message, to=rest, wrong=given is not None)
        # A view may search for long; what a form has begun is done, whoever waits for the answer.
        held = request.app[OPEN_REQUESTS].hold if method == "GET" else contextlib.nullcontext
        try:
            with held(request):
                return await handler(request)
        except OperationError as error:
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            return await _refuse(request, error)

    add_guarded(app, method, path, answer, any_peer=True)


async def _exchange(request: web.Request) -> web.StreamResponse:
    admit_form(request)
    given = await form_values(request, ("token", "to"))
    to = given.get("to", HOME)
    if request.app[ACCESS].accepts(given.get("token", "").strip()):
        return _let_in(request, to)
    return await _ask(request, "mockseg was started without a control token", to=to, wrong=True)


def _let_in(request: web.Request, to: str) -> web.Response:
    to = to if is_own(to) else HOME
    answer = redirect(to)
    request.app[ACCESS].remember(request, answer)
    return answer


async def _refuse(request: web.Request, error: OperationError) -> web.Response:
    """Answer a browser with what is wrong, in the form of the page."""
    return await render(
        request,
        "error.html",
        status=error.status,
        framed="pane" in request.query,
        error=error,
        back=came_from(request) if request.method == "POST" else "",
    )


async def _ask(request: web.Request, reason: str, *, to: str, wrong: bool) -> web.Response:
    """Answer with the form for the token, or with the reason why no token helps.

    Args:
        request: that came without the token.
        reason: why no token helps.
        to: where the form leads to.
        wrong: whether a wrong token was given.
    """
    has_token = request.app[ACCESS].has_token
    answer = await render(
        request,
        "token.html",
        status=401 if has_token else 403,
        reason=reason,
        wrong=wrong,
        has_token=has_token,
        to=to if is_own(to) else HOME,
    )
    if has_token:
        answer.headers.update(CHALLENGE)
    return answer
