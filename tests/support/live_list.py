"""The live list in a browser: what tests do with it, and the line between it and its server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web
from playwright.async_api import expect

from mockseg.operations.calls import ImportCalls, ImportedCall

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_MS = 90_000
NEWEST = "#grid [aria-rowindex='2']"
until: Any = expect


class Line:
    """The server as a browser reaches it: it can be cut, and mended."""

    def __init__(self) -> None:
        self.is_cut = False
        # Feeds: how many were opened or refused, and whether one has closed.
        self.opened = self.refused = 0
        self.closed = asyncio.Event()
        # Whether the view is answered.
        self.answers = asyncio.Event()
        self.answers.set()
        self._transports: list[Any] = []

    @web.middleware
    async def between(self, request: web.Request, handler: Any) -> Any:
        """Let a request through, or not."""
        if request.path == "/_mockseg/":
            await self.answers.wait()
        if not request.path.endswith("/feed"):
            return await handler(request)
        if self.is_cut:
            self.refused += 1
            return web.Response(status=503)
        self.opened += 1
        self._transports.append(request.transport)
        try:
            return await handler(request)
        finally:
            self.closed.set()

    def cut(self) -> None:
        """End open feeds and refuse new ones."""
        self.is_cut = True
        for transport in self._transports:
            transport.abort()


async def record(hub: Hub, *events: str, **changes: Any) -> None:
    """Record track calls."""
    calls = [
        ImportedCall(source="k", message={"type": "track", "userId": "u", "event": event} | changes)
        for event in events
    ]
    await hub.perform("import_calls", ImportCalls(calls=calls))


async def text_is(page: Any, selector: str, text: str) -> None:
    """Wait until an element has a text."""
    await until(page.locator(selector)).to_have_text(text, timeout=PATIENCE_MS)


async def newest_is(page: Any, event: str) -> None:
    """Wait until the first row is of an event."""
    await text_is(page, f"{NEWEST} [data-column=label]", event)


async def rows_are(page: Any, count: int) -> None:
    """Wait until the grid has a number of rows, in sight or not."""
    await until(page.locator("#grid")).to_have_attribute(
        "aria-rowcount", str(count + 1), timeout=PATIENCE_MS
    )


async def active_is(page: Any, event: str) -> None:
    """Wait until the active row is of an event, and the grid names it."""
    await text_is(page, "#grid [data-active] [data-column=label]", event)
    named = await page.get_attribute("#grid", "aria-activedescendant")
    assert await page.locator(f"#{named}").count() == 1


async def become(page: Any, state: str) -> None:
    """Hide the tab, or show it."""
    await page.evaluate(
        """(state) => {
          const now = { get: () => state, configurable: true }
          Object.defineProperty(document, 'visibilityState', now)
          document.dispatchEvent(new Event('visibilitychange'))
        }""",
        state,
    )
