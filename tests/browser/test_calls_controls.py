"""The list of calls by keyboard alone, and what its frame offers: times, sources, saved queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright, expect

from mockseg.operations.calls import ImportCalls, ImportedCall
from mockseg.operations.faults import AddFault, ClearFaults
from mockseg.operations.sources import CreateSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)
PATIENCE_MS = 90_000
RECEIVED = "2026-01-31T12:00:30.125Z"
CALLS: tuple[dict[str, Any], ...] = (
    {"type": "track", "event": "Order Completed", "userId": "u1", "properties": {"total": 42}},
    {"type": "track", "event": "Order Completed", "properties": {"total": "42"}},
    {"type": "page", "name": "Cart", "userId": "u1"},
)
# What the design promises: each key has a button or an entry of a menu.
KEYS = (
    *("/", "j", "k", "Enter", "Escape", "b", "Shift+B", "PageDown", "PageUp", "Home", "End", "g"),
    *("p", "x", "u", "Shift+U", "s", "e", "Shift+E", "1", "2", "3", "4", "5", "6", "[", "]", "c"),
    *("y", "v", "d", "Shift+C", "Shift+S", "Shift+P", "Shift+D", "Shift+F", "Shift+T", "Shift+R"),
    *("?", "m", "f", "r"),
)
until: Any = expect


@pytest.fixture
async def page(hub: Hub, url: str, chromium: str) -> AsyncIterator[Any]:
    """Give the page of a server with three calls, far from UTC; nothing may fail in it."""
    await hub.perform("create_source", CreateSource(write_key="shop", name="checkout"))
    calls = [ImportedCall(source="shop", message=each, received_at=RECEIVED) for each in CALLS]
    await hub.perform("import_calls", ImportCalls(calls=calls))
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(
            viewport={"width": 1280, "height": 700}, timezone_id="Asia/Kolkata"
        )
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: "olicy" in said.text and wrong.append(said.text))
        await page.goto(f"{url}/_mockseg/")
        await ready(page)
        yield page
        await browser.close()
    assert wrong == []


async def ready(page: Any) -> None:
    """Wait until the script shows the list."""
    await until(page.locator("#grid")).to_be_visible(timeout=PATIENCE_MS)


async def text_is(page: Any, selector: str, text: str | re.Pattern[str]) -> None:
    """Wait until an element has a text."""
    await until(page.locator(selector)).to_have_text(text, timeout=PATIENCE_MS)


async def press(page: Any, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        await page.keyboard.press(key)


async def test_the_list_is_used_by_keyboard_alone(page: Any) -> None:
    """From a query to a comparison and a copy, without a pointer."""
    await press(page, "Tab")
    await until(page.locator(".skip")).to_be_focused(timeout=PATIENCE_MS)
    await press(page, "/")
    await until(page.locator("#query")).to_be_focused(timeout=PATIENCE_MS)
    await page.keyboard.type("type:track user:u1", delay=0)
    await press(page, "Enter")
    await page.wait_for_url("**/_mockseg/?q=type*")
    await ready(page)
    # From the field over "Find" and "Saved" to the first chip.
    await press(page, "/", "Tab", "Tab", "Tab")
    await until(page.locator(".chips .edit").first).to_be_focused(timeout=PATIENCE_MS)
    await press(page, "Enter")
    await until(page.locator("#query")).to_be_focused(timeout=PATIENCE_MS)
    assert await page.evaluate("getSelection().toString()") == "type:track"
    await press(page, "Tab", "Tab", "Tab", "Tab", "Tab", "Tab")
    await until(page.locator(".chips .edit").nth(1)).to_be_focused(timeout=PATIENCE_MS)
    await press(page, "Backspace")
    await page.wait_for_url(re.compile(r"\?q=type%3Atrack$"))
    await ready(page)
    await press(page, "j", "Shift+ArrowDown")
    await text_is(page, "#chosen", "2 selected")
    await press(page, "d")
    inside = page.frame_locator("#pane-frame")
    await until(inside.locator("h1")).to_contain_text("compared", timeout=PATIENCE_MS)
    await press(page, "Escape", "Escape", "Home", "Enter", "2")
    await until(inside.locator("#raw")).to_be_in_viewport(timeout=PATIENCE_MS)
    await press(page, "Escape", "c", "j")
    await text_is(page, "#said", re.compile("Copied 1 call: Message"))
    # The third entry of the menu is the next bad call.
    await press(page, "Home", "?", "Tab", "Tab", "Enter")
    await text_is(page, "#grid [data-active] [data-column=verdict]", "dropped")


async def test_every_key_is_named_by_a_button(page: Any) -> None:
    """Or by a link or an entry of a menu; an entry does what its key does."""
    named = await page.evaluate(
        """[...document.querySelectorAll('[aria-keyshortcuts]')]
          .map((element) => element.getAttribute('aria-keyshortcuts'))"""
    )
    assert set(KEYS) <= set(named)
    await page.click("#help")
    await page.click("#keys [data-key=p]")
    await until(page.locator("#notice")).to_contain_text("Paused at", timeout=PATIENCE_MS)
    await page.click("#help")
    await page.click("#keys [data-key=F]")
    await page.wait_for_url("**/_mockseg/faults")


async def test_letters_are_switched_off_in_help(page: Any) -> None:
    """For all views of this browser."""
    await page.goto(page.url + "help")
    await page.uncheck("#keys-on")
    await page.goto(page.url.removesuffix("help"))
    await ready(page)
    await press(page, "j")
    await page.locator("#grid").press("ArrowDown")
    assert await page.locator("#grid [data-active]").count() == 1
    await text_is(page, "#grid [data-active] [data-column=label]", "Cart")


async def test_times_are_local_in_utc_or_how_long_ago(page: Any) -> None:
    """As chosen in the bar: in the list, in a call beside it and in other views; it is kept."""
    cell = "#grid [aria-rowindex='2'] [data-column=time] time"
    await text_is(page, cell, "17:30:30.125")
    await press(page, "j", "Enter")
    received = page.frame_locator("#pane-frame").locator(".facts time")
    await until(received).to_have_text("2026-01-31 17:30:30.125", timeout=PATIENCE_MS)
    await page.click("#times")
    await text_is(page, cell, "12:00:30.125")
    await page.goto(page.url.partition("?")[0] + "calls/call-1")
    await text_is(page, ".facts time", re.compile(r"2026-01-31T12:00:30\.125.*Z"))
    await page.click("#times")
    await text_is(page, ".facts time", re.compile("^[0-9]+ days ago$"))
    assert await page.get_attribute(".facts time", "title") is not None
    await page.go_back()
    await ready(page)
    await text_is(page, cell, re.compile("^[0-9]+ days ago$"))


async def test_the_last_call_of_a_source_is_told_as_how_long_ago(page: Any) -> None:
    """However times are shown; the moment is its title."""
    await page.goto(page.url.partition("?")[0] + "sources")
    await until(page.locator("#times")).to_be_visible(timeout=PATIENCE_MS)
    told = page.locator("td[data-now^=last] span").first
    await until(told).to_have_text(re.compile("^now$| ago$"), timeout=PATIENCE_MS)
    assert str(await told.get_attribute("title")).startswith("2026-01-31T12:00:")


async def test_queries_are_saved_by_name(page: Any) -> None:
    """Six of them; a saved one is a link, and one of the same name takes its place."""
    address = page.url
    await page.click("#saved-open")
    await page.fill("#saved-name", "nothing")
    await page.click("#saved-form button")
    await until(page.locator("#saved-said")).to_contain_text("No query", timeout=PATIENCE_MS)
    await page.goto(f"{address}?q=is:bad&cols=time,label")
    await ready(page)
    await page.click("#saved-open")
    for name in ("a", "b", "c", "d", "e", "<b>bad</b>", "a", "g"):
        await page.fill("#saved-name", name)
        await page.click("#saved-form button")
    await until(page.locator("#saved-said")).to_contain_text("At most 6", timeout=PATIENCE_MS)
    await page.goto(f"{address}?cols=time,label")
    await ready(page)
    await page.click("#saved-open")
    await until(page.locator("#saved-list li")).to_have_count(6, timeout=PATIENCE_MS)
    await page.click("#saved-list button >> nth=0")
    await page.get_by_role("link", name="<b>bad</b>").click()
    await page.wait_for_url("**/_mockseg/?cols=time%2Clabel&q=is%3Abad")
    await page.click("#saved-open")
    await until(page.locator("#saved-list li")).to_have_count(5, timeout=PATIENCE_MS)


async def test_the_bar_follows_the_server(page: Any, hub: Hub) -> None:
    """A fault that is on is marked, and its mark goes with it."""
    faults = page.locator("nav a", has_text="Faults")
    await until(faults).to_have_text("Faults", timeout=PATIENCE_MS)
    await hub.perform("add_fault", AddFault(scenario="slow"))
    await until(faults).to_have_text("Faults 1 on ▲", timeout=PATIENCE_MS)
    await hub.perform("clear_faults", ClearFaults(all=True))
    await until(faults).to_have_text(re.compile("^Faults *$"), timeout=PATIENCE_MS)
    calls = [ImportedCall(source="shop", message=CALLS[0])]
    await hub.perform("import_calls", ImportCalls(calls=calls))
    calls_link = page.locator("nav a", has_text="Calls")
    await until(calls_link).to_have_text("Calls 4", timeout=PATIENCE_MS)


async def test_a_source_is_chosen_from_the_bar(page: Any, hub: Hub) -> None:
    """With its good and bad calls; a part of a name finds it, in every view."""
    await hub.perform("create_source", CreateSource(write_key="k2", name="<i>other</i>"))
    await page.reload()
    await page.click("#scope summary")
    offered = page.locator("#offered li")
    await until(offered.nth(2)).to_contain_text("checkout shop 2 good, 1 bad", timeout=PATIENCE_MS)
    await page.keyboard.type("OTH")
    await until(offered).to_have_count(2, timeout=PATIENCE_MS)
    await until(offered.nth(1)).to_have_text("<i>other</i> k2 0 good", timeout=PATIENCE_MS)
    await press(page, "Escape")
    await until(page.locator("#offered")).to_be_hidden(timeout=PATIENCE_MS)
    await page.goto(f"{page.url}requests")
    await page.click("#scope summary")
    await page.get_by_role("link", name="checkout").click()
    await page.wait_for_url("**/_mockseg/requests?source=shop")
    await text_is(page, "#scope summary", re.compile("checkout"))
