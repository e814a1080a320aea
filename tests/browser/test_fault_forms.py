"""The page's forms for faults in a real browser: ours work, those of other pages do not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from mockseg.faults.effect import Effect
from mockseg.operations.base import OfSource
from mockseg.operations.faults import AddFault
from mockseg.web.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_SECONDS = 90
# Sends forms in every way that needs nobody's leave; the last one leads the reader to us.
ATTACK = """<!doctype html><iframe name=hidden></iframe>
<form id=add method=post target=hidden action="TARGET/_mockseg/faults?source=victim">
<input name=status value=503></form>
<form id=clear method=post target=hidden action="TARGET/_mockseg/faults/clear"></form>
<form id=text method=post target=hidden enctype="text/plain" action="TARGET/_mockseg/faults">
<input name=status value="503"></form>
<script>
async function attack() {
  for (const id of ['add', 'clear', 'text']) {
    const loaded = new Promise((done) => { document.querySelector('iframe').onload = done })
    document.getElementById(id).submit()
    await loaded
  }
  const body = new URLSearchParams({ status: '503' })
  for (const mode of ['no-cors', 'cors']) {
    await fetch('TARGET/_mockseg/faults', { method: 'POST', mode, body }).catch(() => {})
  }
  navigator.sendBeacon('TARGET/_mockseg/faults', body)
  document.getElementById('add').target = '_top'
  document.getElementById('add').submit()
}
attack()
</script>"""
ATTEMPTS = 7
# What a reader does on the pages as they come: the page itself has no script.
ACTIONS = [
    """const form = document.querySelector('form.panel')
       form.elements.status.value = '999'
       form.elements.times.value = '2'
       form.requestSubmit()""",
    """const form = document.querySelector('form.panel')
       if (form.querySelector('[role=alert]') && form.elements.times.value === '2') {
         form.elements.status.value = '503'
         form.requestSubmit()
       }""",
    "document.querySelector('td form button').click()",
]


@pytest.fixture
async def watch(hub: Hub, serve_app: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that serves mockseg with somebody who sees, and may change, its answers."""

    async def serve(see: Callable[[web.Request, web.Response], Any]) -> str:
        @web.middleware
        async def between(request: web.Request, handler: Any) -> Any:
            answer = await handler(request)
            await see(request, answer)
            return answer

        app = make_app(hub)
        app.middlewares.append(between)
        address: str = await serve_app(app)
        return address

    return serve


async def words(hub: Hub) -> list[str]:
    """Give what the faults in force do."""
    listed: Any = await hub.perform("list_faults", OfSource())
    return [rule.words for fault in listed.faults for rule in fault.rules]


async def test_no_form_of_another_page_changes_anything(
    hub: Hub,
    watch: Callable[..., Any],
    browse: Callable[..., Any],
    serve_app: Callable[..., Any],
) -> None:
    """Forms in frames and on top, fetches and beacons of another origin: all are refused."""
    await hub.perform("add_fault", AddFault(source="victim", effect=Effect(status=500)))
    answered: asyncio.Queue[int] = asyncio.Queue()

    async def see(request: web.Request, answer: web.Response) -> None:
        if request.path.startswith("/_mockseg/faults"):
            answered.put_nowait(answer.status)

    document = ATTACK.replace("TARGET", await watch(see))

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=document, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    evil = await serve_app(app)
    async with browse(evil + "/"), asyncio.timeout(PATIENCE_SECONDS):
        statuses = [await answered.get() for _ in range(ATTEMPTS)]
    assert statuses == [403] * ATTEMPTS
    assert await words(hub) == ["status 500"]


async def test_our_own_form_adds_and_removes(
    hub: Hub, watch: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    """A wrong status is said beside the form, a right one is added, a button takes it away."""
    actions = list(ACTIONS)
    shown: asyncio.Queue[tuple[str, int, list[str]]] = asyncio.Queue()

    async def see(request: web.Request, answer: web.Response) -> None:
        if answer.content_type != "text/html":
            return
        shown.put_nowait((request.method, answer.status, await words(hub)))
        if actions:
            assert isinstance(answer.body, bytes)
            answer.body += f"<script>{actions.pop(0)}</script>".encode()
            answer.headers["Content-Security-Policy"] = "script-src 'unsafe-inline'"

    address = await watch(see)
    async with browse(f"{address}/_mockseg/faults?source=k"), asyncio.timeout(PATIENCE_SECONDS):
        pages = [await shown.get() for _ in range(len(ACTIONS) + 1)]
    assert pages == [
        ("GET", 200, []),
        ("POST", 422, []),
        ("GET", 200, ["status 503"]),
        ("GET", 200, []),
    ]
