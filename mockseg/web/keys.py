from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from aiohttp import web

from mockseg.hub.hub import Hub
from mockseg.web.access import Access
from mockseg.web.open_requests import OpenRequests
from mockseg.web.recording import Recorder

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

ACCESS: web.AppKey[Access] = web.AppKey("access")
DIRECT: web.AppKey[Mapping[str, Handler]] = web.AppKey("direct")
"""By request target: what answers requests for it without a search through the routes."""
HUB: web.AppKey[Hub] = web.AppKey("hub")
OPEN_REQUESTS: web.AppKey[OpenRequests] = web.AppKey("held")
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder")
