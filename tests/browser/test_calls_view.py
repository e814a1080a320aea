"""What a reader does with calls in a real browser: search, columns, compare, copy, colours."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright, expect

from mockseg.operations.calls import ImportCalls, ImportedCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)
PATIENCE_MS = 90_000
ORDER: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "properties": {"total": 42, "coupon": "SPRING"},
}
CALLS: tuple[dict[str, Any], ...] = (
    ORDER,
    {**ORDER, "properties": {"total": "42", "currency": "EUR"}},
    {"type": "page", "name": "Cart", "anonymousId": "a1", "properties": {"path": "/cart"}},
    {"type": "track", "event": 'say "hi": now', "userId": "u2"},
)
until: Any = expect


@pytest.fixture
async def page(hub: Hub, url: str, chromium: str) -> AsyncIterator[Any]:
    """Give the page of a server with four calls, with its script running."""
    calls = [ImportedCall(source="shop", message=each) for each in CALLS]
    await hub.perform("import_calls", ImportCalls(calls=calls))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(viewport={"width": 1280, "height": 700})
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(f"{url}/_mockseg/")
        await until(page.locator("#grid")).to_be_visible(timeout=PATIENCE_MS)
        yield page
        await browser.close()


async def labels_are(page: Any, *labels: str) -> None:
    """Wait until the grid shows the calls with these names, newest first."""
    for index, label in enumerate(labels):
        cell = page.locator(f"#grid [aria-rowindex='{index + 2}'] [data-column=label]")
        await until(cell).to_have_text(label, timeout=PATIENCE_MS)
    await until(page.locator("#grid")).to_have_attribute(
        "aria-rowcount", str(len(labels) + 1), timeout=PATIENCE_MS
    )


async def clipboard(page: Any) -> str:
    """Wait until the page says that it copied; return the text."""
    await until(page.locator("#said")).to_contain_text("Copied", timeout=PATIENCE_MS)
    return str(await page.evaluate("navigator.clipboard.readText()"))


async def test_keys_and_values_are_suggested(page: Any) -> None:
    """With how many calls have them; what is taken is quoted, and Enter applies the query."""
    offered = page.locator("#suggestions [role=option]")
    await page.keyboard.press("/")
    await page.keyboard.type("ev")
    await until(offered.first).to_contain_text("event:", timeout=PATIENCE_MS)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await until(offered.first).to_have_text('event:"Order Completed" 2 calls', timeout=PATIENCE_MS)
    await until(offered.nth(1)).to_contain_text("1 call", timeout=PATIENCE_MS)
    await page.keyboard.press("ArrowUp")
    field = page.locator("#query")
    await until(field).to_have_attribute(
        "aria-activedescendant", "suggestion-1", timeout=PATIENCE_MS
    )
    await page.keyboard.press("Enter")
    await until(field).to_have_value(r'event:"say \"hi\": now" ', timeout=PATIENCE_MS)
    await page.keyboard.type("-type:")
    await until(offered.first).to_contain_text("-type:track", timeout=PATIENCE_MS)
    await page.keyboard.press("Escape")
    await until(page.locator("#suggestions")).to_be_hidden(timeout=PATIENCE_MS)
    await page.keyboard.type("page")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/_mockseg/?q=event*")
    await labels_are(page, 'say "hi": now')
    await page.click("a[aria-label='Remove -type:page']")
    await page.click("a[aria-label^='Use the opposite of event']")
    await labels_are(page, "Cart", "Order Completed", "Order Completed")


async def test_fields_of_messages_are_suggested_and_shown_as_columns(page: Any) -> None:
    """A column is any field; the address has it, and what comes later too."""
    await page.keyboard.press("/")
    await page.keyboard.type("properties.c")
    offered = page.locator("#suggestions [role=option]")
    await until(offered.first).to_contain_text("properties.c", timeout=PATIENCE_MS)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.click("#columns-open")
    option = page.locator("#fields option[value='properties.total']")
    await until(option).to_be_attached(timeout=PATIENCE_MS)
    await page.uncheck("#columns [value=peek]")
    await page.fill("#column-field", "properties.total")
    await page.click("#columns [value=apply]")
    await page.wait_for_url("**cols=time*properties.total")
    cell = page.locator("#grid [aria-rowindex='4'] [data-column=field]")
    await until(cell).to_have_text("42", timeout=PATIENCE_MS)
    heads = await page.locator("#grid [role=columnheader]").all_inner_texts()
    assert (heads[-1], "properties" in heads) == ("properties.total", False)


async def test_keys_narrow_to_a_user_an_event_and_a_source(page: Any) -> None:
    """And with Shift to all others."""
    await page.keyboard.press("j")
    for key, address, labels in (
        ("U", "**/?q=-user%3Au2", ["Cart", "Order Completed", "Order Completed"]),
        ("e", "**name%3ACart", ["Cart"]),
        ("u", "**anon%3Aa1", ["Cart"]),
    ):
        await page.keyboard.press(key)
        await page.wait_for_url(address)
        await labels_are(page, *labels)
        await page.keyboard.press("j")
    await page.keyboard.press("s")
    await page.wait_for_url("**source=shop*")
    await labels_are(page, "Cart")
    assert await page.locator("#grid [data-column=source]").count() == 0


async def test_an_address_with_an_open_call_opens_it_on_a_phone(page: Any) -> None:
    """By itself, because there is no place beside the list."""
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(f"{page.url}?q=is:good&call=call-1")
    await page.wait_for_url("**/calls/call-1?q=is%3Agood")


async def test_two_calls_are_compared(page: Any) -> None:
    """What differs stands beside what is the same, open."""
    await page.keyboard.press("End")
    assert await page.locator("#compare").is_disabled()
    await page.keyboard.press("k")
    await page.keyboard.press("k")
    await page.keyboard.press("j")
    await page.keyboard.press("Shift+ArrowDown")
    await until(page.locator("#chosen")).to_have_text("2 selected", timeout=PATIENCE_MS)
    await page.keyboard.press("d")
    await page.wait_for_url("**call=call-2&compare=call-1")
    inside = page.frame_locator("#pane-frame")
    await until(inside.locator("h1")).to_have_text(
        "call-2 compared with call-1", timeout=PATIENCE_MS
    )
    tree = inside.locator(".tree")
    for text in ('total "42" call-1: 42', '"EUR" not in call-1', 'coupon call-1: "SPRING"'):
        await until(tree).to_contain_text(text, timeout=PATIENCE_MS)
    await until(tree.locator("li", has_text="total").last).to_be_visible(timeout=PATIENCE_MS)


async def test_a_copied_assertion_runs_in_a_test(page: Any, tmp_path: Path) -> None:
    """`c p` copies it; pasted into a test of an app that sends the call, it passes."""
    await page.keyboard.press("End")
    await page.keyboard.press("c")
    await until(page.locator("#copy")).to_be_visible(timeout=PATIENCE_MS)
    await page.keyboard.press("p")
    line = await clipboard(page)
    assert line.startswith("segment.assert_called(")
    test = tmp_path / "test_pasted.py"
    imports = "from mockseg import message, track"
    body = textwrap.indent(f"segment.send({ORDER})\n{line}", "    ")
    test.write_text(f"{imports}\n\n\ndef test_order(segment):\n{body}\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def test_all_that_match_can_be_copied_as_lines(page: Any) -> None:
    """Without a chosen call all are meant; the selection and the address are copied too."""
    await page.keyboard.press("c")
    await page.keyboard.press("f")
    assert len((await clipboard(page)).splitlines()) == 4
    await page.keyboard.press("j")
    await page.keyboard.press("v")
    await page.keyboard.press("j")
    await page.keyboard.press("v")
    await page.keyboard.press("c")
    await until(page.locator("#copy-what")).to_have_text("2 calls", timeout=PATIENCE_MS)
    await page.keyboard.press("j")
    await until(page.locator("#said")).to_contain_text("2 calls: Message", timeout=PATIENCE_MS)
    assert '"Cart"' in await clipboard(page)
    await page.keyboard.press("y")
    await until(page.locator("#said")).to_have_text("Copied the address.", timeout=PATIENCE_MS)
    assert await clipboard(page) == page.url


async def test_what_is_filtered_is_downloaded(page: Any) -> None:
    """By keyboard: the file has the calls of the query, named by the source, to be imported."""
    await page.goto(page.url + "?source=shop&q=type:track")
    await labels_are(page, 'say "hi": now', "Order Completed", "Order Completed")
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="Download these calls").focus()
        await page.keyboard.press("Enter")
    download = await begun.value
    assert download.suggested_filename == "shop.ndjson"
    lines = (await asyncio.to_thread((await download.path()).read_text)).splitlines()
    assert [json.loads(line)["cursor"] for line in lines] == [1, 2, 4]


async def test_without_a_clipboard_the_text_is_selected(page: Any) -> None:
    """As outside of a secure context."""
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await page.keyboard.press("j")
    await page.keyboard.press("c")
    await page.keyboard.press("u")
    field = page.locator("#copy-text")
    await until(field).to_be_focused(timeout=PATIENCE_MS)
    assert (await field.input_value()).startswith("curl ")
    assert await page.evaluate("getSelection().toString() !== ''")


async def test_keys_of_one_letter_can_be_switched_off(page: Any) -> None:
    """For who speaks to the machine; others still act, and the choice is kept."""
    await page.keyboard.press("?")
    await page.uncheck("#keys-on")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.locator("#grid").press("ArrowDown")
    await page.locator("#grid").press("ArrowDown")
    active = page.locator("#grid [data-active] [data-column=label]")
    await until(active).to_have_text("Cart", timeout=PATIENCE_MS)
    await page.reload()
    await until(page.locator("#grid")).to_be_visible(timeout=PATIENCE_MS)
    assert not await page.is_checked("#keys-on")


async def test_the_colours_can_be_chosen(page: Any) -> None:
    """As the system has them, light or dark; kept, and in the call beside the list too."""
    ground = "getComputedStyle(document.body).backgroundColor"
    white, black = "rgb(255, 255, 255)", "rgb(18, 22, 27)"
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    inside = page.frame_locator("#pane-frame").locator("body")
    await until(inside).to_have_css("background-color", white, timeout=PATIENCE_MS)
    for name, colour in (("light", white), ("dark", black)):
        await page.click("#theme")
        await until(page.locator("#theme")).to_have_text(f"◐ {name}", timeout=PATIENCE_MS)
        assert await page.evaluate(ground) == colour
        await until(inside).to_have_css("background-color", colour, timeout=PATIENCE_MS)
    await page.reload()
    assert await page.evaluate(ground) == black


async def test_what_narrows_a_search_to_nothing_is_named(page: Any) -> None:
    """Each term, with how many calls match without it."""
    await page.goto(f"{page.url}?q=user:u1+type:page")
    text = await page.inner_text("#calls-empty")
    assert "None of 4 calls matches." in text
    assert "Without user:u1 1 would." in text
    assert "Without type:page 2 would." in text
    await page.click("#calls-empty a >> nth=0")
    await labels_are(page, "Cart")


async def visible(locator: Any) -> None:
    """Wait until a part of a call can be read."""
    await until(locator).to_be_in_viewport(timeout=PATIENCE_MS)


async def record_twice(hub: Hub) -> None:
    """Record two attempts of a message."""
    for _ in range(2):
        call = ImportedCall(source="shop", message={**ORDER, "messageId": "m-1"})
        await hub.perform("import_calls", ImportCalls(calls=[call]))


async def test_keys_lead_through_an_open_call(page: Any, hub: Hub) -> None:
    """`1` to `6` to its parts, `[` and `]` to its attempts; the address says which part is open."""
    await record_twice(hub)
    await until(page.locator("#grid")).to_have_attribute("aria-rowcount", "7", timeout=PATIENCE_MS)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    call = page.frame_locator("#pane-frame")
    await until(call.locator("a[rel=prev]")).to_be_visible(timeout=PATIENCE_MS)
    parts = ("message", "raw", "request", "deliveries", "plan", "user")
    for number, part in ((6, "user"), *enumerate(parts, 1)):
        await page.keyboard.press(str(number))
        await visible(call.locator(f"#{part}"))
        assert page.url.endswith(f"/_mockseg/?call=call-6&tab={part}")
        assert await call.locator("h2[id]:not(#findings)").count() == 1
    await page.reload()
    await visible(call.locator("#user"))
    await call.locator("nav.parts a[data-tab=raw]").click()
    await page.wait_for_url("**/_mockseg/?call=call-6&tab=raw")
    await visible(call.locator("#raw"))
    await page.keyboard.press("[")
    await page.wait_for_url("**/_mockseg/?call=call-5&tab=raw")
    await until(call.locator("a[rel=next]")).to_be_visible(timeout=PATIENCE_MS)
    await page.keyboard.press("]")
    await page.wait_for_url("**/_mockseg/?call=call-6&tab=raw")


async def test_g_ends_a_pause(page: Any, hub: Hub) -> None:
    """With what came meanwhile on top."""
    await page.keyboard.press("p")
    await until(page.locator("#notice")).to_contain_text("Paused at", timeout=PATIENCE_MS)
    await record_twice(hub)
    await until(page.locator("#state")).to_contain_text("2 new calls", timeout=PATIENCE_MS)
    await page.keyboard.press("g")
    await until(page.locator("#grid")).to_have_attribute("aria-rowcount", "7", timeout=PATIENCE_MS)
    await until(page.locator("#notice")).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_span_of_time_is_chosen(page: Any) -> None:
    """With Shift and the arrow keys, or by dragging; Escape gives it up."""
    column = page.locator("#timeline a[tabindex='0']")
    await column.focus()
    await page.keyboard.press("Shift+ArrowLeft")
    await until(page.locator("#said")).to_contain_text("UTC: 4 good, 0 bad.", timeout=PATIENCE_MS)
    await until(page.locator("#timeline [data-chosen]")).to_have_count(2, timeout=PATIENCE_MS)
    await page.keyboard.press("Escape")
    await until(page.locator("#timeline [data-chosen]")).to_have_count(0, timeout=PATIENCE_MS)
    await page.keyboard.press("Home")
    await page.keyboard.press("Shift+End")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/_mockseg/?from=*&to=*")
    await labels_are(page, 'say "hi": now', "Cart", "Order Completed", "Order Completed")
    await page.goto(page.url.partition("?")[0])
    await until(page.locator("#grid")).to_be_visible(timeout=PATIENCE_MS)
    box = await page.locator("#timeline svg").bounding_box()
    await page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=4)
    await page.mouse.up()
    await page.wait_for_url("**/_mockseg/?from=*&to=*")
    await labels_are(page, 'say "hi": now', "Cart", "Order Completed", "Order Completed")


async def test_the_list_and_the_call_share_the_width(page: Any) -> None:
    """By the arrow keys or by dragging; the next visit has the same."""
    bar = page.locator("#split")
    await until(bar).to_be_hidden(timeout=PATIENCE_MS)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await until(bar).to_have_attribute("aria-valuenow", "60", timeout=PATIENCE_MS)
    width = (await page.locator("#grid").bounding_box())["width"]
    await bar.focus()
    for _ in range(5):
        await page.keyboard.press("ArrowLeft")
    await until(bar).to_have_attribute("aria-valuenow", "50", timeout=PATIENCE_MS)
    assert (await page.locator("#grid").bounding_box())["width"] < width
    box = await bar.bounding_box()
    await page.mouse.move(box["x"] + 4, box["y"] + 50)
    await page.mouse.down()
    # Over the frame of the call, which must not take it.
    await page.mouse.move(box["x"] + 400, box["y"] + 50, steps=3)
    await page.mouse.up()
    await until(bar).to_have_attribute("aria-valuenow", "75", timeout=PATIENCE_MS)
    await page.reload()
    await until(bar).to_have_attribute("aria-valuenow", "75", timeout=PATIENCE_MS)


async def test_another_mockseg_is_told(page: Any) -> None:
    """When it answers a page that an earlier one wrote; the page can be loaded again from there."""
    outdated = page.locator("#outdated")
    assert await outdated.is_hidden()
    await page.evaluate(
        """() => {
          document.documentElement.dataset.version = '0.0.1'
          // As when it is left, and shown again by the back button.
          for (const turn of ['pagehide', 'pageshow']) dispatchEvent(new Event(turn))
        }"""
    )
    await until(outdated).to_contain_text("This page is of mockseg 0.0.1", timeout=PATIENCE_MS)
    await outdated.locator("button").click()
    await until(outdated).to_be_hidden(timeout=PATIENCE_MS)
