"""The aiohttp application of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from mockseg.web import control, data_plane, page
from mockseg.web.held import Held
from mockseg.web.keys import HELD, HUB

if TYPE_CHECKING:
    from mockseg.hub.machine import Hub

__all__ = ["MAX_BODY_BYTES", "RUNNER_OPTIONS", "make_app"]

# Exports are imported in portions of a thousand calls of at most 32 KB.
MAX_BODY_BYTES = 32 * 1024 * 1024

# How an `AppRunner` has to run it: nobody reads a log of every request, and what a client
# sent before it hung up was sent. Waits and streams notice by themselves, see `held`.
RUNNER_OPTIONS: dict[str, Any] = {"access_log": None, "handler_cancellation": False}


def make_app(hub: Hub) -> web.Application:
    """Make the application: control plane and page below ``/_mockseg``, Segment everywhere else.

    It is to run with :data:`RUNNER_OPTIONS`, and with ``auto_decompress=False``: bodies are
    inflated here, bounded.
    """
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    held = app[HELD] = Held()
    app[HUB] = hub
    app.on_shutdown.append(held.release)
    control.add_routes(app)
    page.add_routes(app)
    control.add_fallback(app)
    data_plane.add_routes(app, hub)
    return app
