"""The views beside Calls in a real browser: their numbers are live, and nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
from playwright.async_api import expect

from mockseg.faults.effect import Effect
from mockseg.operations.faults import AddFault

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_MS = 90_000
until: Any = expect


async def track(url: str, event: str, *, key: str = "k", status: int = 200) -> None:
    """Send a track call."""
    message = {"writeKey": key, "userId": "u", "event": event}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/track", json=message) as answer,
    ):
        assert answer.status == status


async def shows(page: Any, place: str, text: str) -> None:
    """Wait until what is live at a place has a text."""
    live = page.locator(f'[data-now="{place}"]')
    await until(live).to_have_text(text, timeout=PATIENCE_MS)


async def test_numbers_of_a_view_follow_what_comes(page: Any, url: str) -> None:
    """In their places; that there is a new source is said, and shown when the reader wants it."""
    await track(url, "E")
    await page.goto(f"{url}/_mockseg/sources")
    await shows(page, "calls k", "1")
    await track(url, "E")
    await shows(page, "calls k", "2")
    await shows(page, "told Calls", "2")
    await until(page.locator("#changed")).to_be_hidden(timeout=PATIENCE_MS)
    await track(url, "E", key="new")
    await until(page.locator("#changed")).to_contain_text("There is more", timeout=PATIENCE_MS)
    assert await page.locator("tbody tr").count() == 1
    await page.click("#changed button")
    await until(page.locator("tbody tr")).to_have_count(2, timeout=PATIENCE_MS)


async def test_a_fault_counts_its_hits(page: Any, url: str, hub: Hub) -> None:
    """Also of requests that bring no call."""
    await hub.perform("add_fault", AddFault(source="k", effect=Effect(status=503), times=2))
    await page.goto(f"{url}/_mockseg/faults?source=k")
    await shows(page, "fault-1 1", "0 of 2")
    await track(url, "E", status=503)
    await shows(page, "fault-1 1", "1 of 2")


async def test_a_fault_is_told_while_it_is_typed(page: Any, url: str) -> None:
    """What it hits from now on, what it would have hit, or what is wrong with it."""
    for event in ("Signed Up", "Order Completed"):
        await track(url, event)
    await page.goto(f"{url}/_mockseg/faults?source=k")
    preview = page.locator("#preview")
    await page.fill("[name=status]", "999")
    await until(preview).to_contain_text("`effect.status`", timeout=PATIENCE_MS)
    await page.fill("[name=status]", "503")
    await page.select_option("[name=type]", "track")
    await page.fill("[name=event]", "Signed Up")
    await until(preview).to_contain_text(
        'Of source "k": the next request with type track, event Signed Up: status 503. '
        "It would have hit 1 of the newest 2 recorded requests: req-1",
        timeout=PATIENCE_MS,
    )
