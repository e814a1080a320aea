from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from mockseg.hub.hub import Hub
from mockseg.web import control, data_plane, page, vendors
from mockseg.web.access import Access
from mockseg.web.connection import ConnectionServer
from mockseg.web.feed import FEEDS, Feeds
from mockseg.web.keys import ACCESS, DIRECT, HUB, OPEN_REQUESTS, RECORDER
from mockseg.web.open_requests import OpenRequests
from mockseg.web.recording import Recorder
from mockseg.web.sender import HttpSender
from mockseg.web.stream import STREAM_PACE, StreamPace

# Exports are imported in portions of a thousand calls of at most 32 KB.
MAX_BODY_BYTES = 32 * 1024 * 1024

_OPTIONS: dict[str, Any] = {
    # A log of every request has no reader.
    "access_log": None,
    # Inflated by ourselves, bounded: aiohttp takes a truncated stream for whole.
    "auto_decompress": False,
    # The rest of a refused body is read and discarded for this many seconds.
    "lingering_time": 1.0,
    # A pixel or a `?data=` may carry a message of 32 KB, as base64.
    "max_line_size": 65_536,
}


class Runner(web.AppRunner):
    """Runs the application over connections of our own.

    Args:
        app: as :func:`make_app` makes it.
        shutdown_timeout: twice these seconds a stop waits for requests under way.
        options: of aiohttp's ``RequestHandler``, on top of those that it needs.
    """

    def __init__(
        self, app: web.Application, *, shutdown_timeout: float = 60.0, **options: Any
    ) -> None:
        # What a client sent before it hung up was sent. Waits and streams notice by themselves,
        # see `held`.
        super().__init__(app, shutdown_timeout=shutdown_timeout, handler_cancellation=False)
        self._options = {**_OPTIONS, **options}

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        app = self.app
        return ConnectionServer(
            server,
            hub=app[HUB],
            recorder=app[RECORDER],
            open_requests=app[OPEN_REQUESTS],
            direct=app[DIRECT],
            options=self._options,
        )


def make_app(hub: Hub) -> web.Application:
    """Make the application: control plane and page below ``/_mockseg``, Segment everywhere else.

    A :class:`Runner` runs it.
    """
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    held = app[OPEN_REQUESTS] = OpenRequests()
    app[HUB] = hub
    app[ACCESS] = Access(hub.settings.control_token)
    app[RECORDER] = Recorder(hub)
    app[STREAM_PACE] = StreamPace(hub)
    app[FEEDS] = Feeds()
    app.on_shutdown.append(held.release)
    app.cleanup_ctx.append(_deliveries)
    control.add_routes(app)
    page.add_routes(app)
    control.add_fallback(app)
    vendors.add_routes(app, hub)
    data_plane.add_routes(app, hub)
    return app


async def _deliveries(app: web.Application) -> AsyncIterator[None]:
    destinations = app[HUB].destinations
    destinations.dispatcher.sender = HttpSender()
    destinations.dispatcher.start()
    yield
    await destinations.dispatcher.close()
