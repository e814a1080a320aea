"""A page of another origin, in a real browser, against the control plane."""

from __future__ import annotations

import asyncio
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from mockseg.web.page.static_files import address

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.hub.hub import Hub

ATTACK = Path(__file__).with_name("attack.html")
SECRET = "secret-of-another-test"
# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_SECONDS = 90


@pytest.fixture
async def attacked(
    url: str, hub: Hub, browse: Callable[..., Any], serve_app: Callable[..., Any]
) -> dict[str, str]:
    """Let a page of another origin try everything; give what it reports."""
    async with aiohttp.ClientSession() as session:
        message = {"writeKey": "victim", "userId": "u", "event": SECRET}
        async with session.post(f"{url}/v1/track", json=message) as answer:
            assert answer.status == 200
    reported: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    html = ATTACK.read_text(encoding="utf-8").replace("TARGET", json.dumps(url))

    async def page(_request: Any) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    async def report(request: Any) -> web.Response:
        reported.set_result(json.loads(await request.text()))
        return web.Response()

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_post("/report", report)
    evil = await serve_app(app)
    async with browse(evil + "/"), asyncio.timeout(PATIENCE_SECONDS):
        return await reported


async def test_a_page_of_another_origin_can_read_and_change_nothing(
    attacked: dict[str, str], hub: Hub
) -> None:
    """Every attempt fails or comes back empty, and nothing has changed."""
    assert attacked.pop("data plane") == 'cors 200 {"success":true}'
    readable = {name: got for name, got in attacked.items() if SECRET in got or "{" in got}
    assert readable == {}
    succeeded = {
        name: got
        for name, got in attacked.items()
        # Opaque answers have neither status nor text; what was sent is looked for below.
        if not got.startswith(("failed", "opaque 0 ")) and got not in {"sent", "true", "false"}
    }
    assert succeeded == {}
    assert [call.event for call in hub.journal.calls_after(0, limit=10)] == [SECRET, "reached"]
    assert {source.key for source in hub.sources} == {"victim", "page"}
    assert round(hub.clock.offset_seconds) == 0


async def shown(process: Any) -> str:
    """Give the document as the browser has it once all is loaded."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        dom, _ = await process.communicate()
    return str(dom, "utf-8")


async def test_a_name_that_was_bound_to_us_shows_nothing(
    url: str, browse: Callable[..., Any]
) -> None:
    """DNS rebinding: a foreign name that leads to our address is refused by its Host."""
    async with aiohttp.ClientSession() as session:
        message = {"writeKey": "victim", "userId": "u", "event": SECRET}
        async with session.post(f"{url}/v1/track", json=message) as answer:
            assert answer.status == 200
    rebound = url.replace("127.0.0.1", "rebound.example")
    rules = "--host-resolver-rules=MAP rebound.example 127.0.0.1"
    async with browse(f"{rebound}/_mockseg/", "--dump-dom", rules) as process:
        dom = await shown(process)
    assert "foreign_host" in dom
    assert SECRET not in dom


class Tags(HTMLParser):
    """Notes the elements of a document, and attributes that would run something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.scripts: list[str | None] = []
        self.handlers: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        if tag == "script":
            self.scripts.append(dict(attrs).get("src"))
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}


async def test_a_page_full_of_attacks_runs_none_of_them(
    url: str, browse: Callable[..., Any], serve_app: Callable[..., Any]
) -> None:
    """What applications sent is text on our page, in a real browser, too."""
    called = []

    async def pwned(request: Any) -> web.Response:
        called.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pwned)
    evil = await serve_app(app)
    attacks = [
        f"<script>fetch('{evil}/script')</script>",
        f'"><img src="{evil}/img" onerror="fetch(\'{evil}/onerror\')">',
        f"<style>@import '{evil}/style'</style><link rel=stylesheet href={evil}/link>",
        f"<iframe src={evil}/frame></iframe><meta http-equiv=refresh content='0;url={evil}/go'>",
        f"<base href={evil}/><form action={evil}/form><button autofocus>",
    ]
    async with aiohttp.ClientSession() as session:
        for attack in attacks:
            message = {"writeKey": attack, "userId": attack, "event": attack, attack: attack}
            headers = {"X-Attack": attack}
            async with session.post(f"{url}/v1/track", json=message, headers=headers) as answer:
                assert answer.status == 200
    for path in ("", *(f"calls/call-{number}" for number in range(1, len(attacks) + 1))):
        async with browse(f"{url}/_mockseg/{path}", "--dump-dom") as process:
            dom = await shown(process)
        tags = Tags(dom)
        assert tags.elements & {"img", "style", "base"} == set()
        # The frame for a call is the page's own.
        assert "<iframe" not in dom
        # Beside colours one script is ours: of the frame, which the live list brings with it.
        ours = [address("theme.js"), address("frame.js" if path else "calls.js")]
        assert tags.scripts == ours
        assert tags.handlers == set()
        assert "mockseg" in dom
    assert called == []
