"""The page on another machine's browser: the token is typed once, and a cookie stands for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.web.app import Runner, make_app
from mockseg.web.page import static_files

if TYPE_CHECKING:
    from collections.abc import Callable

# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_SECONDS = 90
# What a reader does on the pages as they come: a wrong token, the right one, then a link.
ACTIONS = [
    """const form = document.querySelector('form')
       form.elements.token.value = 'wrong'
       form.requestSubmit()""",
    """const form = document.querySelector('form')
       if (form.querySelector('[role=alert]')) {
         form.elements.token.value = 'the-token'
         form.requestSubmit()
       }""",
    """if (document.cookie === '' && location.search === '?source=k') location = '/_mockseg/'""",
]


async def test_a_browser_elsewhere_signs_in_once(
    browse: Callable[..., Any], listen_elsewhere: Callable[..., Any]
) -> None:
    """A wrong token is said, the right one leads to the page that was asked for, links work."""
    actions = list(ACTIONS)
    shown: asyncio.Queue[tuple[str, str, int]] = asyncio.Queue()

    @web.middleware
    async def between(request: web.Request, handler: Any) -> Any:
        answer = await handler(request)
        is_style = request.path == static_files.address("page.css")
        if request.path.startswith("/_mockseg") and not is_style:
            shown.put_nowait((request.method, request.path_qs, answer.status))
        if answer.content_type == "text/html" and actions:
            answer.body += f"<script>{actions.pop(0)}</script>".encode()
            answer.headers["Content-Security-Policy"] = "script-src 'unsafe-inline'"
        return answer

    app = make_app(Hub(Settings(seed=1, control_token="the-token")))
    app.middlewares.append(between)
    runner = Runner(app, shutdown_timeout=1)
    await runner.setup()
    address, listener = await listen_elsewhere(runner, ("203.0.113.9", 50_000))
    try:
        async with browse(f"{address}/_mockseg/?source=k"), asyncio.timeout(PATIENCE_SECONDS):
            pages = [await shown.get() for _ in range(5)]
    finally:
        listener.close()
        await runner.cleanup()
    assert pages == [
        ("GET", "/_mockseg/?source=k", 401),
        ("POST", "/_mockseg/token", 401),
        ("POST", "/_mockseg/token", 303),
        ("GET", "/_mockseg/?source=k", 200),
        ("GET", "/_mockseg/", 200),
    ]
