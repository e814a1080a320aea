"""A real Chromium without a window, and a server of ours for it to meet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from live_list import PATIENCE_MS, Line, record, until
from playwright.async_api import async_playwright

from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.web.app import Runner, make_app
from mockseg.web.keys import HUB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
    # Nothing but what a test asks for goes over the network.
    *("--disable-component-update", "--disable-sync", "--mute-audio"),
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of Chromium; without one the test is skipped, in CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        reason = "no chromium in PATH (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def browse(chromium: str, tmp_path: Path) -> Callable[..., Any]:
    """Give a context manager that shows Chromium an address for as long as the block takes."""

    @contextlib.asynccontextmanager
    async def show(url: str, *flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            chromium,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            *flags,
            url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                # Its own session: these are its own children and nobody else's.
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()

    return show


@pytest.fixture
async def page(chromium: str) -> AsyncIterator[Any]:
    """Give a tab of a browser in which no policy may be violated."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "olicy" in said.text else None)
        yield page
        await browser.close()
    assert wrong == []


@pytest.fixture
def hub() -> Hub:
    """Give a hub of its own."""
    return Hub(Settings(seed=1))


@pytest.fixture
async def serve_app() -> AsyncIterator[Callable[..., Any]]:
    """Give a function that serves an application on a free port and gives its address."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(app: web.Application) -> str:
            runner = (Runner if HUB in app else web.AppRunner)(app, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return f"http://127.0.0.1:{runner.addresses[0][1]}"

        yield start


@pytest.fixture
async def url(hub: Hub, serve_app: Callable[..., Any]) -> str:
    """Give the address of a server over the hub."""
    address: str = await serve_app(make_app(hub))
    return address


@pytest.fixture
def line() -> Line:
    """Give a connection that can be cut."""
    return Line()


@pytest.fixture
async def browsers(chromium: str) -> AsyncIterator[Callable[[str], Any]]:
    """Give a function that opens the live page in a browser; no policy may be violated in it."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )

        async def open_(address: str, ready: str = "#grid") -> Any:
            context = await browser.new_context(viewport={"width": 1280, "height": 700})
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: "olicy" in said.text and wrong.append(said.text))
            await page.goto(address)
            await until(page.locator(ready)).to_be_visible(timeout=PATIENCE_MS)
            return page

        yield open_
        await browser.close()
    assert wrong == []


@pytest.fixture
async def live_page(hub: Hub, serve_app: Callable[..., Any], line: Line, browsers: Any) -> Any:
    """Give the live list over forty calls, with its script running."""
    app = make_app(hub)
    app.middlewares.append(line.between)
    url = await serve_app(app)
    await record(hub, *[f"before {number}" for number in range(40)])
    return await browsers(f"{url}/_mockseg/")
