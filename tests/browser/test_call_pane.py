"""A call beside the list, and by itself on a phone: its bar, and what adds to the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from live_list import PATIENCE_MS, newest_is, record, text_is, until

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)


def query_of(page: Any) -> dict[str, list[str]]:
    """Return what the address says."""
    return parse_qs(urlsplit(page.url).query)


async def opened(page: Any, hub: Hub) -> Any:
    """Record a call with a property and open it beside a list with a query; return its frame."""
    await record(hub, "bought", properties={"total": "42", "a.b": 1})
    await page.goto(f"{page.url}?q=type:track&since=3")
    await newest_is(page, "bought")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    call = page.frame_locator("#pane-frame")
    await until(call.locator(".term").first).to_be_visible(timeout=PATIENCE_MS)
    return call


async def test_the_bar_of_a_call_has_a_button_for_each_key(live_page: Any, hub: Hub) -> None:
    """Its id, its address, a copy of this call, the whole of it, and its end."""
    page = live_page
    await opened(page, hub)
    await text_is(page, "#pane-call", "call-41")
    assert await page.get_attribute("#pane-link", "href") == "/_mockseg/calls/call-41"
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.click("#pane-address")
    await text_is(page, "#said", "Copied the address.")
    assert await page.evaluate("navigator.clipboard.readText()") == page.url
    # Another row is active; the call that is open is meant.
    await page.locator("#grid").press("j")
    await page.click("#pane-copy")
    await text_is(page, "#copy-what", "the call")
    await page.keyboard.press("j")
    await text_is(page, "#said", "Copied 1 call: Message.")
    assert '"bought"' in await page.evaluate("navigator.clipboard.readText()")
    await page.click("#pane-close")
    await until(page.locator("#pane")).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_value_adds_to_the_query_of_the_list(live_page: Any, hub: Hub) -> None:
    """By keyboard; only what a query can name has such links, and the rest of the address stays."""
    page = live_page
    call = await opened(page, hub)
    assert await call.locator(".term").count() == 2
    await call.locator(".term").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**total*")
    term = 'type:track properties.total:"42"'
    assert query_of(page) == {"q": [term], "since": ["3"], "call": ["call-41"]}
    await until(call.locator(".term").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    await page.goto(f"{page.url.partition('?')[0]}?q=type:track&call=call-41")
    await call.locator(".term").nth(1).click()
    await page.wait_for_url("**-properties*")
    assert query_of(page) == {"q": ['type:track -properties.total:"42"']}
    await newest_is(page, "before 39")


async def test_on_a_phone_the_part_and_the_query_stay(live_page: Any, hub: Hub) -> None:
    """A call is opened by itself there."""
    page = live_page
    await record(hub, "bought", properties={"total": "42"})
    list_ = page.url.partition("?")[0]
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(f"{list_}?q=type:track&call=call-41&tab=raw")
    await page.wait_for_url("**/calls/call-41?tab=raw&q=type%3Atrack")
    await until(page.locator(".sent .gone, .sent .added").first).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_role("link", name="Message", exact=True).click()
    await page.wait_for_url("**tab=message&q=type%3Atrack#message")
    await page.locator(".term").first.click()
    await page.wait_for_url("**/_mockseg/?*")
    assert query_of(page)["q"] == ['type:track properties.total:"42"']
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
