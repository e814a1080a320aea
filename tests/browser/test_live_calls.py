"""The live view of calls in a real browser: arrival, pause, a reader below, a lost connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from playwright.async_api import Error, async_playwright, expect

from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.operations.calls import ClearCalls, ImportCalls, ImportedCall
from mockseg.web.app import Runner, make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)
PATIENCE_MS = 90_000
# The grid keeps the elements of rows; their order in the document is not that on the screen.
ROWS = "#grid .body > [role=row]"
NEWEST = "#grid [aria-rowindex='2']"
HOSTILE = "<img src=x onerror=alert(1)>\u202ejavascript:alert(1)\u200b\x07"


class Line:
    """The server as a browser reaches it: it can be cut, and mended."""

    def __init__(self) -> None:
        self.is_cut = False
        self.closed = asyncio.Event()
        # Whether the view is answered.
        self.answers = asyncio.Event()
        self.answers.set()
        self._transports: list[Any] = []

    @web.middleware
    async def between(self, request: web.Request, handler: Any) -> Any:
        """Let a request through, or not."""
        if request.path == "/_mockseg/":
            await self.answers.wait()
        if not request.path.endswith("/feed"):
            return await handler(request)
        if self.is_cut:
            return web.Response(status=503)
        self._transports.append(request.transport)
        try:
            return await handler(request)
        finally:
            self.closed.set()

    def cut(self) -> None:
        """End open feeds and refuse new ones."""
        self.is_cut = True
        for transport in self._transports:
            transport.abort()


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
async def page(hub: Hub, serve_app: Callable[..., Any], line: Line, browsers: Any) -> Any:
    """Give the page with its script running."""
    app = make_app(hub)
    app.middlewares.append(line.between)
    url = await serve_app(app)
    await record(hub, *[f"before {number}" for number in range(40)])
    return await browsers(f"{url}/_mockseg/")


until: Any = expect


async def record(hub: Hub, *events: str, **changes: Any) -> None:
    """Record track calls."""
    calls = [
        ImportedCall(source="k", message={"type": "track", "userId": "u", "event": event} | changes)
        for event in events
    ]
    await hub.perform("import_calls", ImportCalls(calls=calls))


async def text_is(page: Any, selector: str, text: str) -> None:
    """Wait until an element has a text."""
    await until(page.locator(selector)).to_have_text(text, timeout=PATIENCE_MS)


async def newest_is(page: Any, event: str) -> None:
    """Wait until the first row is of an event."""
    await text_is(page, f"{NEWEST} [data-column=label]", event)


async def rows_are(page: Any, count: int) -> None:
    """Wait until the grid has a number of rows, in sight or not."""
    await until(page.locator("#grid")).to_have_attribute(
        "aria-rowcount", str(count + 1), timeout=PATIENCE_MS
    )


async def active_is(page: Any, event: str) -> None:
    """Wait until the active row is of an event, and the grid names it."""
    await text_is(page, "#grid [data-active] [data-column=label]", event)
    named = await page.get_attribute("#grid", "aria-activedescendant")
    assert await page.locator(f"#{named}").count() == 1


async def become(page: Any, state: str) -> None:
    """Hide the tab, or show it."""
    await page.evaluate(
        """(state) => {
          const now = { get: () => state, configurable: true }
          Object.defineProperty(document, 'visibilityState', now)
          document.dispatchEvent(new Event('visibilitychange'))
        }""",
        state,
    )


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


async def test_a_hidden_tab_holds_no_connection(page: Any, hub: Hub, line: Line) -> None:
    """It goes on where it was when it is shown again."""
    await record(hub, "one")
    await newest_is(page, "one")
    await become(page, "hidden")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await line.closed.wait()
    await record(hub, "two")
    await become(page, "visible")
    await newest_is(page, "two")


async def test_a_hidden_tab_counts_bad_calls_in_its_title(page: Any, hub: Hub, line: Line) -> None:
    """Every 15 s, without a feed; its icon is marked too."""
    await page.clock.install()
    await become(page, "hidden")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await line.closed.wait()
    await record(hub, "one", "two", "three", userId=None)
    await record(hub, "good")
    assert await page.title() == "mockseg"
    await page.clock.run_for(15_000)
    await until(page).to_have_title("(3 bad) mockseg", timeout=PATIENCE_MS)
    icon = page.locator("#icon")
    marked = await icon.get_attribute("data-bad")
    await until(icon).to_have_attribute("href", marked, timeout=PATIENCE_MS)
    await become(page, "visible")
    await newest_is(page, "good")
    await until(page).to_have_title("(3 bad) mockseg", timeout=PATIENCE_MS)


async def test_the_rate_is_told_while_calls_come(page: Any, hub: Hub) -> None:
    """In calls a second, of the last five seconds; what came before the feed did not come now."""
    await page.clock.install(time=0)
    await page.clock.pause_at(1000)
    await page.reload()
    await record(hub, "first")
    await newest_is(page, "first")
    await record(hub, *[f"later {number}" for number in range(39)])
    await text_is(page, "#pill", "● live, 8/s")
    await page.clock.run_for(6_000)
    await text_is(page, "#pill", "● live")


async def test_a_long_search_is_told_and_can_be_stopped(page: Any, hub: Hub, line: Line) -> None:
    """The rows stay, and go on to come in."""
    line.answers.clear()
    # In one step: what asks a page that is about to be left waits for the next one.
    told = await page.evaluate(
        """async () => {
          const part = (id) => document.getElementById(id)
          const seen = () => [!part('searching').hidden, part('grid').getAttribute('aria-busy')]
          const looking = new Promise((done) => {
            new MutationObserver(done).observe(part('searching'), { attributes: true })
          })
          part('query').value = 'event:nothing'
          part('query').form.requestSubmit()
          await looking
          const during = [part('looking').textContent, ...seen()]
          part('stop').click()
          return [during, seen()]
        }"""
    )
    assert told == [["Looking through 40 calls.", True, "true"], [False, "false"]]
    await record(hub, "after it")
    await newest_is(page, "after it")
    assert "q=" not in page.url
    line.answers.set()


async def test_a_followed_visitor_shows_gaps_and_who_they_became(page: Any, hub: Hub) -> None:
    """The time since the call before, and the call with which an anonymousId had a userId."""
    await record(hub, "landed", userId=None, anonymousId="a1")
    await record(hub, "signed up", userId="u1", anonymousId="a1")
    await page.goto(f"{page.url}?q=anon:a1")
    await newest_is(page, "signed up")
    row = page.locator(NEWEST)
    await until(row).to_have_attribute("data-became", "", timeout=PATIENCE_MS)
    await until(row.locator("[data-column=user]")).to_have_text("u1, was anon a1")
    await until(row.locator("[data-column=gap]")).to_contain_text("+")
    first = page.locator("#grid [aria-rowindex='3']")
    await until(first.locator("[data-column=gap]")).to_have_text("")
    await until(page.locator("#grid [role=columnheader]").nth(1)).to_have_text("after")


async def test_the_seventh_tab_loads_and_sees_what_comes(page: Any, hub: Hub) -> None:
    """A browser opens six connections to one server: four tabs are live, others ask at times."""
    tabs = [await page.context.new_page() for _ in range(6)]
    for tab in tabs:
        tab.set_default_timeout(PATIENCE_MS)
        await tab.goto(page.url)
    await until(tabs[-1].locator("#state")).to_contain_text(
        "four other tabs are live", timeout=PATIENCE_MS
    )
    await record(hub, "seen by all")
    for tab in (page, *tabs):
        await newest_is(tab, "seen by all")
    # Who closes leaves its place to those who ask.
    for tab in tabs[:3]:
        await tab.close()
    await until(tabs[-1].locator("#notice")).to_be_hidden(timeout=PATIENCE_MS)


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
