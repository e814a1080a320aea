"""The page for people who do not see it, or see it otherwise, judged by axe in a real browser.

A sample of views, schemes and widths; all of them: ``python tests/browser/test_accessibility.py``.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from aiohttp import ClientSession
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

from mockseg.config import Settings
from mockseg.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "shop-key"
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
VIEWS = (
    *("", "?call=call-1", "?q=is:bad", "?q=usr:u1", "calls/call-1", "sources", "plans"),
    f"sources/{KEY}",
    *(f"plans?source={KEY}", "destinations", "destinations/userengage-1", "deliveries", "faults"),
    f"plans/ecommerce/events/Order%20Completed?source={KEY}",
    *("truth", f"truth?source={KEY}", "requests", "requests/req-1", "help"),
)
SCHEMES = ("light", "dark")
WIDTHS = (1280, 390, 320)


class Look(NamedTuple):
    """One way to see the page, after keys that were pressed there."""

    view: str
    scheme: str
    width: int
    keys: str = ""


async def fill(url: str) -> None:
    """Give a server calls, good and bad, a plan, a destination, a fault and a refused request."""
    async with ClientSession(url) as client:
        source = {"writeKey": KEY, "name": "checkout", "catalogue": ["ecommerce"]}
        await client.post("/_mockseg/v1/sources", json=source)
        connected = {"type": "userengage", "source": KEY}
        await client.post("/_mockseg/v1/destinations", json=connected)
        for total in ("42", 42):
            message = {
                "writeKey": KEY,
                "userId": "u1",
                "event": "Order Completed",
                "properties": {"total": total, "products": [{"product_id": "p1"}]},
            }
            await client.post("/v1/track", json=message)
        await client.post("/v1/track", json={"writeKey": KEY, "event": "Anonymous"})
        await client.post("/v1/v1/track", json={"writeKey": KEY})
        fault = {"source": KEY, "effect": {"status": 503}, "times": 2}
        await client.post("/_mockseg/v1/faults", json=fault)
        await client.post("/_mockseg/v1/settle", json={"timeout": 5})


async def violations(chromium: str, url: str, looks: Iterable[Look]) -> list[str]:
    """Return what axe finds, a line for each rule, look and element."""
    found: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for view, scheme, width, keys in looks:
            how: Any = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
            page = await browser.new_page(**how)
            # A busy machine takes its time.
            page.set_default_timeout(90_000)
            await page.goto(f"{url}/_mockseg/{view}")
            if keys:
                await page.wait_for_selector("#grid:not([hidden])")
            for key in keys.split():
                await page.keyboard.press(key)
            results = await Axe().run(page, options=RULES)
            found += [
                f"{scheme} {width} /{view} {keys}: {each['id']} at {node['html'][:200]}"
                for each in results.response["violations"]
                for node in each["nodes"]
            ]
            await page.close()
        await browser.close()
    return found


# What the live list of calls shows besides.
STATES = ("j v j v", "?", "c", "p", "/ t y")
WIDE_STATES = ("j v j v d", "j Enter")
SAMPLE = (
    Look("", "dark", 1280, "j v j v d"),
    Look("", "light", 390, "c"),
    Look("", "light", 1280, "/ t y"),
    *(
        Look("?call=call-1", "light", 1280),
        Look("", "dark", 390),
        Look("calls/call-1", "dark", 320),
    ),
    *(Look("?q=usr:u1", "dark", 1280), Look(f"plans?source={KEY}", "light", 390)),
    *(Look("faults", "dark", 1280), Look("destinations/userengage-1", "light", 320)),
)


@pytest.mark.timeout(600)  # a browser, on a machine that may be busy
async def test_axe_finds_nothing(chromium: str) -> None:
    """In the sample: filled views, a call open, an error, light and dark, wide and narrow."""
    async with serve(Settings(port=0)) as running:
        assert await violations(chromium, running.url, [Look("", "light", 1280)]) == []
        await fill(running.url)
        assert await violations(chromium, running.url, SAMPLE) == []


async def judge_all(chromium: str) -> int:
    """Judge every view, scheme and width, of an empty server too; print what is wrong."""
    looks = [Look(*each) for each in itertools.product(VIEWS, SCHEMES, WIDTHS)]
    states = [Look(*each) for each in itertools.product(("",), SCHEMES, WIDTHS, STATES)]
    states += [Look(*each) for each in itertools.product(("",), SCHEMES, (1280,), WIDE_STATES)]
    looks.append(Look("calls/call-2/compare/call-1", "dark", 390))
    empty = [look for look in looks if "call" not in look.view and "-1" not in look.view]
    async with serve(Settings(port=0)) as running:
        found = await violations(chromium, running.url, empty)
        await fill(running.url)
        found += await violations(chromium, running.url, (*looks, *states))
    summary = f"{len(looks) + len(empty)} looks, {len(found)} violations\n"
    sys.stdout.write("\n".join((*found, summary)))
    return bool(found)


if __name__ == "__main__":
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("no chromium in PATH (Debian: apt-get install chromium)")
    sys.exit(asyncio.run(judge_all(path)))
