from __future__ import annotations

from aiohttp import web

from mockseg.hub.hub import Hub
from mockseg.web.access import Access
from mockseg.web.open_requests import OpenRequests
from mockseg.web.recording import Recorder

ACCESS: web.AppKey[Access] = web.AppKey("access")
HUB: web.AppKey[Hub] = web.AppKey("hub")
OPEN_REQUESTS: web.AppKey[OpenRequests] = web.AppKey("held")
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder")
