"""The live view of calls in a real browser: arrival, pause, a reader below, a lost connection."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from live_list import (
    NEWEST,
    PATIENCE_MS,
    Line,
    active_is,
    newest_is,
    record,
    rows_are,
    text_is,
    until,
)
from playwright.async_api import Error

from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.operations.calls import ClearCalls
from mockseg.web.app import Runner, make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)
# The grid keeps the elements of rows; their order in the document is not that on the screen.
ROWS = "#grid .body > [role=row]"
HOSTILE = "<img src=x onerror=alert(1)>\u202ejavascript:alert(1)\u200b\x07"


@pytest.fixture
def page(live_page: Any) -> Any:
    """Give the live list over forty calls."""
    return live_page


async def test_calls_come_on_top(page: Any, hub: Hub) -> None:
    """With the numbers above the grid and the bad ones in the title."""
    await record(hub, "arrived")
    await newest_is(page, "arrived")
    await text_is(page, "[data-count=total]", "41")
    await record(hub, "anonymous", userId=None)
    await newest_is(page, "anonymous")
    await until(page).to_have_title("(1 bad) mockseg", timeout=PATIENCE_MS)
    await rows_are(page, 42)


async def test_a_paused_view_counts_only(page: Any, hub: Hub) -> None:
    """`p` pauses, and resumes with what came meanwhile; its address shows others the same."""
    await page.keyboard.press("p")
    await record(hub, "one", "two")
    await record(hub, "three", userId=None)
    await until(page.locator("#state")).to_contain_text(
        "3 new calls, 1 bad since.", timeout=PATIENCE_MS
    )
    await newest_is(page, "before 39")
    given = await page.context.new_page()
    await given.goto(f"{page.url}?at=40")
    await newest_is(given, "before 39")
    await until(given.locator("#state")).to_contain_text("3 new calls", timeout=PATIENCE_MS)
    await given.click("#resume")
    await newest_is(given, "three")
    await given.close()
    await page.keyboard.press("p")
    await newest_is(page, "three")
    await until(page.locator("#notice")).to_be_hidden(timeout=PATIENCE_MS)


async def test_what_came_so_far_can_be_hidden(page: Any, hub: Hub) -> None:
    """`x` begins afresh, in the address too; again, it shows all: the server kept them."""
    await page.keyboard.press("x")
    await page.wait_for_url("**/_mockseg/?since=40")
    await until(page.locator("#calls-empty")).to_be_visible(timeout=PATIENCE_MS)
    await record(hub, "one")
    await newest_is(page, "one")
    await rows_are(page, 1)
    await page.keyboard.press("x")
    await page.wait_for_url("**/_mockseg/")
    await rows_are(page, 41)


async def test_nothing_moves_under_a_reader(page: Any, hub: Hub) -> None:
    """Neither below the top nor while a row is active; the new ones are one key away."""
    await page.evaluate("document.getElementById('grid').scrollTop = 300")
    row = page.locator("#grid [aria-rowindex='16']")
    await until(row).to_be_visible(timeout=PATIENCE_MS)
    place, text = await row.bounding_box(), await row.inner_text()
    await record(hub, "one")
    await text_is(page, "#news", "▲ 1 new call")
    assert (await row.bounding_box(), await row.inner_text()) == (place, text)
    await page.keyboard.press("g")
    await newest_is(page, "one")
    await page.keyboard.press("j")
    await active_is(page, "one")
    await page.keyboard.press("j")
    await active_is(page, "before 39")
    await page.keyboard.press("k")
    await record(hub, "two")
    await text_is(page, "#news", "▲ 1 new call")
    await newest_is(page, "one")


async def test_a_hundred_thousand_calls_scroll(hub: Hub, url: str, browsers: Any) -> None:
    """The document holds the rows in sight only, and the keys reach the oldest of all."""
    for start in range(0, 100_000, 5000):
        await record(hub, *[f"E{number}" for number in range(start, start + 5000)])
    page = await browsers(f"{url}/_mockseg/")
    await rows_are(page, 100_000)
    await newest_is(page, "E99999")
    for key, event in (("End", "E0"), ("Home", "E99999"), ("PageDown", None)):
        await page.locator("#grid").press(key)
        if event:
            await active_is(page, event)
        # Those in sight, some above and below, the active one and the head.
        assert await page.locator("#grid [role=row]").count() < 60
        assert await page.evaluate("document.querySelectorAll('*').length") < 1500
    await page.evaluate("document.getElementById('grid').scrollTop = 50_000 * 28")
    await text_is(page, "#grid [aria-rowindex='50002'] [data-column=label]", "E49999")
    active = await page.get_attribute("#grid", "aria-activedescendant")
    assert await page.locator(f"#{active}").count() == 1


async def test_what_came_too_fast_is_counted_and_loaded_on_request(page: Any) -> None:
    """A row stands in its place; Enter puts the calls there."""
    await page.keyboard.press("p")
    # One request is recorded in one step: the feed looks at none of it before all of it is there.
    batch = [{"type": "track", "userId": "u", "event": f"E{number}"} for number in range(1200)]
    origin = page.url.partition("/_mockseg")[0]
    sent = await page.request.post(f"{origin}/v1/batch", data={"writeKey": "k", "batch": batch})
    assert sent.ok
    await until(page.locator("#state")).to_contain_text("1,200 new calls", timeout=PATIENCE_MS)
    await page.keyboard.press("p")
    await rows_are(page, 40 + 500 + 1)
    await newest_is(page, "E1199")
    await page.evaluate("document.getElementById('grid').scrollTop = 500 * 28")
    await page.locator("#grid .note", has_text="700 calls (0 bad) came faster").click()
    await rows_are(page, 40 + 1200)
    await page.locator("#grid").press("End")
    await active_is(page, "before 0")


async def test_a_call_opens_beside_the_list(page: Any, hub: Hub) -> None:
    """Enter opens it, with its finding at its place; Esc closes it and goes back to its row."""
    await record(hub, "half", properties=[])
    await newest_is(page, "half")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/_mockseg/?call=call-41")
    call = page.frame_locator("#pane-frame")
    await until(call.locator("h1")).to_contain_text("half", timeout=PATIENCE_MS)
    await until(call.locator(".tree .wrong").first).to_be_visible(timeout=PATIENCE_MS)
    assert await call.locator("nav[aria-label=Views]").count() == 0
    await record(hub, *[f"while open {number}" for number in range(30)])
    await call.locator("h1").click()
    await page.keyboard.press("Escape")
    await until(page.locator("#pane")).to_be_hidden(timeout=PATIENCE_MS)
    await until(page.locator("#grid")).to_be_focused(timeout=PATIENCE_MS)
    await active_is(page, "half")
    await page.go_back()
    await until(page.locator("#pane")).to_be_visible(timeout=PATIENCE_MS)
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(page.url.partition("?")[0])
    await until(page.locator("#pane")).to_be_hidden(timeout=PATIENCE_MS)
    await page.locator(f"{NEWEST} a").first.click()
    await page.wait_for_url("**/_mockseg/calls/call-71")


@pytest.mark.parametrize("by", ["click", "keyboard"])
async def test_a_finding_leads_to_its_value(page: Any, hub: Hub, by: str) -> None:
    """It is marked, in sight and focused, however long the message is before it."""
    traits = {f"t{number}": number for number in range(200)}
    await record(hub, "half", context={"traits": traits}, properties=[])
    await newest_is(page, "half")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    call = page.frame_locator("#pane-frame")
    link = call.get_by_role("link", name="in the message").first
    await until(link).to_be_visible(timeout=PATIENCE_MS)
    value = call.locator(".tree li.wrong").first
    await until(value).not_to_be_in_viewport(timeout=PATIENCE_MS)
    if by == "click":
        await link.click()
    else:
        await link.focus()
        await page.keyboard.press("Enter")
    await until(call.locator(".tree :target")).to_contain_text("properties", timeout=PATIENCE_MS)
    await until(value).to_be_in_viewport(timeout=PATIENCE_MS)
    await until(value).to_be_focused(timeout=PATIENCE_MS)
    await page.keyboard.press("Escape")
    await until(page.locator("#pane")).to_be_hidden(timeout=PATIENCE_MS)


async def test_b_goes_to_the_next_bad_call(page: Any, hub: Hub) -> None:
    """Beyond what is loaded too; it stays at the last one, and `B` leads back."""
    await record(hub, "bad one", userId=None)
    await record(hub, *[f"good {number}" for number in range(700)])
    await record(hub, "bad two", userId=None)
    await page.reload()
    await newest_is(page, "bad two")
    for key, event in (("b", "bad two"), ("b", "bad one"), ("b", "bad one"), ("B", "bad two")):
        await page.keyboard.press(key)
        await active_is(page, event)


async def test_a_hostile_name_is_text(page: Any, hub: Hub) -> None:
    """Markup stays text, what reorders or hides text is an escape."""
    await record(hub, HOSTILE)
    await newest_is(page, "<img src=x onerror=alert(1)>\\u202ejavascript:alert(1)\\u200b\\x07")
    assert await page.locator("img").count() == 0
    await page.keyboard.press("j")
    await page.keyboard.press("e")
    await page.wait_for_url("**q=event*")
    await rows_are(page, 1)
    with pytest.raises(Error, match="TrustedHTML"):
        await page.evaluate("document.body.innerHTML = '<p>'")


async def test_a_lost_connection_is_told_and_found_again(page: Any, hub: Hub, line: Line) -> None:
    """Rows stay; what came meanwhile is shown when the server answers again."""
    await record(hub, "one")
    await newest_is(page, "one")
    line.cut()
    await until(page.locator("#state")).to_contain_text("No answer since", timeout=PATIENCE_MS)
    await record(hub, "two")
    line.is_cut = False
    await newest_is(page, "two")
    await until(page.locator("#notice")).to_be_hidden(timeout=PATIENCE_MS)
    await rows_are(page, 42)


async def test_a_restart_is_a_row_of_its_own(browsers: Any) -> None:
    """Calls of the run before stay readable; they cannot be opened, because their ids are new."""
    listening = socket.create_server(("127.0.0.1", 0))

    @contextlib.asynccontextmanager
    async def served(hub: Hub) -> AsyncIterator[None]:
        runner = Runner(make_app(hub), shutdown_timeout=1)
        await runner.setup()
        # The port stays ours between the two servers.
        await web.SockSite(runner, listening.dup()).start()
        try:
            yield
        finally:
            await runner.cleanup()

    with listening:
        before, after = Hub(Settings(seed=1)), Hub(Settings(seed=2))
        async with served(before):
            await record(before, "old one", "old two")
            port = listening.getsockname()[1]
            page = await browsers(f"http://127.0.0.1:{port}/_mockseg/")
            await newest_is(page, "old two")
        async with served(after):
            await until(page.locator(ROWS, has_text="mockseg was started anew")).to_be_visible(
                timeout=PATIENCE_MS
            )
            await record(after, "new one")
            await newest_is(page, "new one")
            await rows_are(page, 4)
            assert await page.locator("#grid [data-gone] [data-column=time] a").count() == 0
            assert await page.locator("#grid [data-gone]").count() == 2
            await page.locator("#grid").press("End")
            await page.keyboard.press("Enter")
            await until(page.locator("#pane")).to_be_hidden(timeout=PATIENCE_MS)


async def test_cleared_calls_are_a_row_too(page: Any, hub: Hub) -> None:
    """In their place; those that are shown stay."""
    # What came by the feed shows that the page follows it by now.
    await record(hub, "one")
    await newest_is(page, "one")
    await hub.perform("clear_calls", ClearCalls(source="k"))
    await until(page.locator(ROWS, has_text="Calls were cleared at")).to_be_visible(
        timeout=PATIENCE_MS
    )
    await record(hub, "later")
    await newest_is(page, "later")
    await rows_are(page, 43)


async def test_what_is_cleared_before_the_feed_begins_is_told(
    page: Any, hub: Hub, line: Line
) -> None:
    """The document has calls that are gone; nothing else came that would show it."""
    line.cut()
    await page.reload()
    await until(page.locator("#state")).to_contain_text("No answer since", timeout=PATIENCE_MS)
    await hub.perform("clear_calls", ClearCalls(source="k"))
    line.is_cut = False
    await until(page.locator(ROWS, has_text="Calls were cleared at")).to_be_visible(
        timeout=PATIENCE_MS
    )


async def test_what_is_evicted_before_the_feed_begins_is_told(
    serve_app: Callable[..., Any], line: Line, browsers: Any
) -> None:
    """A row names the calls between which others are missing."""
    hub = Hub(Settings(seed=1, max_calls=20))
    app = make_app(hub)
    app.middlewares.append(line.between)
    url = await serve_app(app)
    await record(hub, "seen")
    line.is_cut = True
    page = await browsers(f"{url}/_mockseg/")
    await until(page.locator("#state")).to_contain_text("No answer since", timeout=PATIENCE_MS)
    await record(hub, *[f"E{number}" for number in range(50)])
    oldest = hub.journal.calls_after(0, limit=1)[0].cursor
    line.is_cut = False
    told = f"Calls between call-1 and call-{oldest} were evicted before they could be shown here."
    await until(page.locator(ROWS, has_text=told)).to_be_visible(timeout=PATIENCE_MS)
    await newest_is(page, "E49")


async def test_an_empty_page_says_what_to_do_and_fills_itself(
    hub: Hub, url: str, browsers: Any
) -> None:
    """A button sends a call; the grid takes the place of the lines when it comes."""
    page = await browsers(f"{url}/_mockseg/", ready="#send-one")
    assert "Waiting for the first call" in await page.inner_text("#calls-empty")
    await page.click("#send-one")
    await newest_is(page, "Hello")
    await until(page.locator("#calls-empty")).to_have_count(0, timeout=PATIENCE_MS)
    assert hub.journal.cursor == 1
    elsewhere = await browsers(f"{url}/_mockseg/?source=other", ready="#send-one")
    assert "Other sources have 1 call." in await elsewhere.inner_text("#calls-empty")


async def test_keys_are_listed_and_leave_fields_alone(page: Any) -> None:
    """`?` lists them, `/` leads to the query, where letters are letters."""
    await page.keyboard.press("?")
    await until(page.locator("#keys")).to_be_visible(timeout=PATIENCE_MS)
    await page.keyboard.press("Escape")
    await until(page.locator("#keys")).to_be_hidden(timeout=PATIENCE_MS)
    await page.keyboard.press("/")
    await until(page.locator("#query")).to_be_focused(timeout=PATIENCE_MS)
    await page.keyboard.type("px")
    await until(page.locator("#query")).to_have_value("px", timeout=PATIENCE_MS)
    await rows_are(page, 40)
