"""What stands on the application, under which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.web.access import Access
    from mockseg.web.held import Held
    from mockseg.web.recording import Recorder


ACCESS: web.AppKey[Access] = web.AppKey("access")
HUB: web.AppKey[Hub] = web.AppKey("hub")
HELD: web.AppKey[Held] = web.AppKey("held")
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder")
