"""The page: what was recorded, for people. Rendered here; a script keeps it live."""

from __future__ import annotations

from aiohttp import web

from mockseg.web.page import (
    access,
    call,
    calls,
    deliveries,
    destinations,
    download,
    faults,
    help_view,
    manual,
    plans,
    requests,
    source,
    sources,
    static_files,
    truth,
)

_VIEWS = (
    access,
    call,
    calls,
    deliveries,
    destinations,
    download,
    faults,
    help_view,
    manual,
    plans,
    requests,
    source,
    sources,
    static_files,
    truth,
)


def add_routes(app: web.Application) -> None:
    for view in _VIEWS:
        view.add_routes(app)
