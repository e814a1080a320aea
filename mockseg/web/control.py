"""The control plane: one route for each row of the table of operations."""

from __future__ import annotations

import re

from aiohttp import web

from mockseg.errors import OperationError
from mockseg.operations.table import OPERATIONS, PREFIX, Operation
from mockseg.suggestions import meant, nearest, quoted
from mockseg.web import openapi, parameters
from mockseg.web.access import FOR_EVERY_PEER
from mockseg.web.control_answers import error_answer, json_answer
from mockseg.web.feed import feed
from mockseg.web.guard import Handler, add_guarded
from mockseg.web.keys import HUB, OPEN_REQUESTS
from mockseg.web.metrics import metrics
from mockseg.web.stream import stream

ROOT = "/_mockseg"


def add_routes(app: web.Application) -> None:
    for operation in OPERATIONS:
        # By itself aiohttp takes no braces in a parameter; a write key may have them.
        path = re.sub(r"{(\w+)}", r"{\1:[^/]+}", operation.path)
        any_peer = operation.name in FOR_EVERY_PEER
        add_guarded(app, operation.method, PREFIX + path, _handler(operation), any_peer=any_peer)
    add_guarded(app, "GET", f"{PREFIX}/openapi.json", _openapi)
    add_guarded(app, "GET", f"{PREFIX}/metrics", metrics)
    # A HEAD of something that never ends has no answer.
    add_guarded(app, "GET", f"{PREFIX}/stream", stream, head=False)
    add_guarded(app, "GET", f"{PREFIX}/feed", feed, head=False)


def add_fallback(app: web.Application) -> None:
    """Answer all other paths and methods below the root; call it after all routes are added."""
    known = [resource for resource in app.router.resources() if resource.canonical.startswith(ROOT)]
    paths = sorted(
        {
            f"{route.method} {resource.canonical}"
            for resource in known
            for route in resource
            if route.method != "HEAD"
        },
        key=lambda line: line.split()[::-1],
    )

    async def fallback(request: web.Request) -> web.StreamResponse:
        methods: set[str] = set()
        for resource in known:
            _match, allowed = await resource.resolve(request)
            methods |= allowed
        if methods:
            return _wrong_method(request, sorted(methods))
        return error_answer(_unknown_path(request, paths))

    add_guarded(app, "*", ROOT, fallback)
    add_guarded(app, "*", ROOT + r"/{rest:[\s\S]*}", fallback)


def _handler(operation: Operation) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        params = await parameters.read(request, operation)
        with request.app[OPEN_REQUESTS].hold(request):
            result = await request.app[HUB].perform(operation.name, params)
        return json_answer(result, status=operation.status)

    return handler


async def _openapi(request: web.Request) -> web.StreamResponse:
    parameters.query_values(request, ())
    return json_answer(openapi.document())


def _wrong_method(request: web.Request, methods: list[str]) -> web.Response:
    method, allowed = request.method[:40], ", ".join(methods)
    error = OperationError(
        f"{request.path[:200]} does not take {method}: allowed are {allowed}",
        status=405,
        code="method_not_allowed",
        details={"method": method, "allowed": methods},
    )
    return error_answer(error, headers={"Allow": allowed})


def _unknown_path(request: web.Request, paths: list[str]) -> OperationError:
    known = dict.fromkeys(line.split()[1] for line in paths)
    tails = tuple(path.removeprefix(PREFIX) for path in known)
    near = nearest(request.path.removeprefix(PREFIX).removeprefix(ROOT), tails)
    if near is not None:
        near = near if near in known else PREFIX + near
    hint = "." if near is None else f"; {meant(near)}"
    return OperationError(
        f"unknown path {quoted(request.path)}{hint} GET {PREFIX}/openapi.json lists all.",
        status=404,
        code="not_found",
        details={"paths": paths} if near is None else {"paths": paths, "nearest": near},
    )
