"""No page needs scrolling sideways, on a phone neither."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import async_playwright

from mockseg.operations.calls import ImportCalls, ImportedCall
from mockseg.operations.sources import CreateSource

BATCH: list[dict[str, Any]] = [
    {"type": "track", "event": "E" * 99, "userId": "u" * 80, "properties": {"a": "b" * 200}},
    {"type": "track", "userId": "u1"},
]


PATHS = (
    *(
        "",
        "?q=is:bad",
        "?q=usr:u1",
        "calls/call-1",
        "sources",
        "sources/k",
        "plans?source=k",
        "destinations",
    ),
    "plans/ecommerce/events/Order%20Completed?source=k",
    *("deliveries", "faults", "truth?source=k", "requests", "requests/req-1", "help"),
)


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_fits_every_width(hub: Any, url: str, chromium: str, path: str) -> None:
    """Its document is as wide as the window."""
    await hub.perform("create_source", CreateSource(write_key="k", catalogue=["ecommerce"]))
    calls = [ImportedCall(source=key, message=each) for key in ("k" * 300, "k") for each in BATCH]
    await hub.perform("import_calls", ImportCalls(calls=calls))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        page.set_default_timeout(100_000)
        for width in (1280, 390, 320):
            await page.set_viewport_size({"width": width, "height": 900})
            await page.goto(f"{url}/_mockseg/{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") == width
        await browser.close()
