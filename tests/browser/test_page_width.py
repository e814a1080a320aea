"""No page needs scrolling sideways, on a phone neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright

from mockseg.operations.calls import ImportCalls, ImportedCall
from mockseg.operations.sources import CreateSource
from mockseg.plans.coverage import Coverage
from mockseg.web.page.report import report_html

if TYPE_CHECKING:
    from pathlib import Path

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


async def test_a_report_fits_a_phone(chromium: str, tmp_path: Path) -> None:
    """Whatever the names of its tests are; a number says what it counts."""
    name = "test_module.py::test_" + "long_" * 30
    counts = {"total": 3, "bad": 1}
    test = {"id": name, "outcome": "failed", "counts": counts, "problems": ["p" * 200]}
    html = report_html([test], sources={}, late=[], coverage=Coverage(()).report())
    report = tmp_path / "out.html"
    report.write_text(html, encoding="utf-8")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 390, "height": 900})
        page.set_default_timeout(100_000)
        await page.goto(report.as_uri())
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        assert await page.locator("td[data-of=bad]").text_content() == "1"
        await browser.close()
