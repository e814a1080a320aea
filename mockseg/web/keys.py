from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.web.access import Access
    from mockseg.web.open_requests import OpenRequests
    from mockseg.web.recording import Recorder
    from mockseg.web.stream import StreamPace


ACCESS: web.AppKey[Access] = web.AppKey("access")
HUB: web.AppKey[Hub] = web.AppKey("hub")
OPEN_REQUESTS: web.AppKey[OpenRequests] = web.AppKey("held")
STREAM_PACE: web.AppKey[StreamPace] = web.AppKey("stream_pace")
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder")
