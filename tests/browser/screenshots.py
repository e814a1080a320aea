"""Pictures of every view of the page, light and dark, wide and narrow, to look at.

``python tests/browser/screenshots.py FOLDER`` writes them there; with ``--readme`` also the one
that the README shows.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession
from playwright.async_api import async_playwright

from mockseg.catalogue.samples import sample
from mockseg.config import Settings
from mockseg.server import serve

README_PICTURE: Final = Path(__file__).with_name("page.png")
SHOP = "checkout-web"
EVENTS: Final = ("Product Viewed", "Product Added", "Cart Viewed", "Checkout Started")
VIEWS: Final = {
    "calls": "",
    "calls-bad": "?q=is:bad",
    "call-open": "?call=call-{last}",
    "query-wrong": "?q=usr:u1",
    "call": "calls/call-{last}",
    "sources": "sources",
    "source": f"sources/{SHOP}",
    "plans": f"plans?source={SHOP}",
    "rule": f"plans/ecommerce/events/Order%20Completed?source={SHOP}",
    "destinations": "destinations",
    "destination": "destinations/userengage-1",
    "deliveries": "deliveries",
    "faults": f"faults?source={SHOP}",
    "truth": f"truth?source={SHOP}",
    "requests": "requests",
    "manual": "manual",
    "help": "help",
}


async def _post(session: ClientSession, path: str, body: object) -> None:
    async with session.post(path, json=body) as answer:
        await answer.read()


def _message(event: str, number: int) -> dict[str, Any]:
    message = sample(event, user_id=f"u-{number % 7 + 1}")
    del message["timestamp"]
    return {**message, "messageId": f"m-{number}"}


async def fill(url: str) -> int:
    """Give a server an hour of a shop's calls, some of them bad; return the number of calls."""
    chance, now = random.Random(17), datetime.now(UTC)
    async with ClientSession(url) as session:
        control = "/_mockseg/v1"
        shop = {"writeKey": SHOP, "name": "checkout", "catalogue": ["ecommerce"]}
        await _post(session, f"{control}/sources", shop)
        guides = {"writeKey": "guides-app", "name": "guides", "catalogue": ["userguiding"]}
        await _post(session, f"{control}/sources", guides)
        calls = []
        for number in range(160):
            message = _message(chance.choice(EVENTS), number)
            if chance.random() < 0.1:
                message["properties"]["price"] = "42"
            received = now - timedelta(minutes=60 - number * 0.37)
            call = {"source": SHOP, "message": message, "receivedAt": received.isoformat()}
            calls.append(call)
        await _post(session, f"{control}/calls/import", {"calls": calls})
        connected = {"type": "userengage", "source": SHOP, "name": "crm"}
        await _post(session, f"{control}/destinations", connected)
        for number in range(160, 178):
            message = _message(chance.choice(EVENTS), number)
            await _post(session, "/v1/track", {"writeKey": SHOP, **message})
        guide = sample("guide started (userguiding)", user_id="u-3")
        await _post(session, "/v1/track", {"writeKey": "guides-app", **guide})
        await _post(session, "/v1/v1/track", {"writeKey": SHOP})
        fault = {"source": SHOP, "effect": {"status": 503, "retryAfter": 1}, "times": 2}
        await _post(session, f"{control}/faults", fault)
        bad = _message("Order Completed", 178)
        bad["properties"]["total"] = "42"
        for _ in range(3):
            await _post(session, "/v1/track", {"writeKey": SHOP, **bad})
        await _post(session, f"{control}/faults", {**fault, "times": 2})
        await _post(session, f"{control}/settle", {"timeout": 5})
        async with session.get(f"{control}/summary") as answer:
            return int((await answer.json())["cursor"])


async def take(chromium: str, folder: Path, *, readme: bool) -> None:
    """Write the pictures."""
    async with serve(Settings(port=0)) as running, async_playwright() as playwright:
        last = await fill(running.url)
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            for width, height in ((1280, 800), (390, 844)):
                how: Any = {
                    "color_scheme": scheme,
                    "viewport": {"width": width, "height": height},
                }
                page = await browser.new_page(**how)
                page.set_default_timeout(90_000)
                for name, path in VIEWS.items():
                    await page.goto(f"{running.url}/_mockseg/{path.format(last=last)}")
                    await page.wait_for_load_state("load")
                    if name == "call-open" and width > 1000:
                        frame = page.frame_locator("#pane-frame")
                        await frame.locator("h1").wait_for()
                    file = folder / f"{name}-{scheme}-{width}.png"
                    await page.screenshot(path=file)
                if readme and (scheme, width) == ("light", 1280):
                    await page.set_viewport_size({"width": 1040, "height": 560})
                    await page.goto(f"{running.url}/_mockseg/?source={SHOP}&call=call-{last}")
                    await page.frame_locator("#pane-frame").locator("h1").wait_for()
                    await page.screenshot(path=README_PICTURE)
                await page.close()
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true")
    asked = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("no chromium in PATH (Debian: apt-get install chromium)")
    asked.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(path, asked.folder, readme=asked.readme))
