"""What the live list may cost, in counts: files, bytes, rows, pixels; a bench measures times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright, expect

from mockseg.operations.calls import ImportCalls, ImportedCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)
PATIENCE_MS = 90_000
MOST_FILES = 18
MOST_BYTES = 80_000
# Counts what the feed tells, beside the page.
COUNT_TOLD = """
window.told = { shown: 0, skipped: 0, holes: 0 }
window.EventSource = class extends EventSource {
  constructor (address) {
    super(address)
    this.addEventListener('rows', ({ data }) => {
      const { rows, skipped } = JSON.parse(data)
      told.shown += rows.length
      told.skipped += skipped?.count ?? 0
      told.holes += skipped ? 1 : 0
      document.documentElement.dataset.come = told.shown + told.skipped
    })
  }
}
"""
# Looks at one row in each frame.
WATCH = """(row) => {
  const [top, text] = [row.getBoundingClientRect().top, row.textContent]
  window.moved = 0
  const look = () => {
    const away = row.isConnected && row.textContent === text
      ? Math.abs(row.getBoundingClientRect().top - top)
      : Infinity
    window.moved = Math.max(window.moved, away)
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}"""
# Rows as the server makes them, of calls with these cursors, the newest first.
MAKE_ROWS = """
const made = (newest, count) => Array.from({ length: count }, (_, at) => [
  newest - at, 1, 's', 'track', 'E', '', 'u', 'accepted', true, '', '', 0, 1, 0, [], []
])
const load = (name) => import(new URL(name, document.querySelector('script[type=module]').src))
const { Rows } = await load('rows.js')
const { isCall } = await load('entries.js')
const { Arrivals } = await load('arrivals.js')
"""


@pytest.fixture
async def page(hub: Hub, url: str, chromium: str) -> AsyncIterator[Any]:
    """Give a tab that shows nothing yet; a hundred calls are there."""
    await record(hub, 100)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = await browser.new_page(base_url=url, viewport={"width": 1280, "height": 700})
        tab.set_default_timeout(PATIENCE_MS)
        yield tab
        await browser.close()


until: Any = expect


async def record(hub: Hub, count: int) -> None:
    """Record calls."""
    call = ImportedCall(source="k", message={"type": "track", "userId": "u", "event": "E"})
    for start in range(0, count, 1000):
        calls = [call] * min(1000, count - start)
        await hub.perform("import_calls", ImportCalls(calls=calls))


async def open_list(page: Any) -> None:
    """Show the list and wait until it is live."""
    await page.goto("/_mockseg/")
    await until(page.locator("#grid")).to_be_visible(timeout=PATIENCE_MS)


async def test_the_page_is_small(page: Any) -> None:
    """Its document names every file, so that none is loaded after another one."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    files: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def note(told: Any) -> None:
        if told["type"] in {"Document", "Script", "Stylesheet"}:
            files[told["requestId"]] = told["response"]["url"]

    session.on("Network.responseReceived", note)
    session.on(
        "Network.loadingFinished",
        lambda told: sizes.update({told["requestId"]: int(told["encodedDataLength"])}),
    )
    await open_list(page)
    await session.detach()
    assert len(files) <= MOST_FILES
    assert sum(sizes[id_] for id_ in files) <= MOST_BYTES
    named = await page.evaluate(
        """[location.href, ...[
          ...document.querySelectorAll('link[href]:not([rel=icon]), script[src]')]
          .map((element) => element.href || element.src)]"""
    )
    assert set(files.values()) == set(named)


async def test_what_came_is_shown_or_counted(page: Any, hub: Hub) -> None:
    """Bursts are larger than one message of the feed; nothing is lost between two of them."""
    await page.add_init_script(COUNT_TOLD)
    await open_list(page)
    for _ in range(6):
        await record(hub, 1700)
        total = page.locator("[data-count=total]")
        await until(total).to_have_text(str(hub.journal.cursor), timeout=PATIENCE_MS)
        # The total may be ahead: an import lets the feed in between.
        told = str(hub.journal.cursor - 100)
        await until(page.locator("html")).to_have_attribute("data-come", told, timeout=PATIENCE_MS)
    # What was told last is drawn.
    await page.evaluate(
        "new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on)))"
    )
    told = await page.evaluate("told")
    assert told["skipped"] > 0
    rows = int(await page.get_attribute("#grid", "aria-rowcount")) - 1
    notes = rows - 100 - told["shown"]
    assert 0 < notes <= told["holes"]


async def test_a_readers_row_moves_by_no_pixel(page: Any, hub: Hub) -> None:
    """Whatever arrives on top."""
    await open_list(page)
    await page.evaluate("document.getElementById('grid').scrollTop = 300")
    row = page.locator("#grid [aria-rowindex='16']")
    await until(row).to_be_visible(timeout=PATIENCE_MS)
    await row.evaluate(WATCH)
    for burst in range(1, 9):
        await record(hub, 600)
        news = page.locator("#news")
        await until(news).to_contain_text(f"{burst * 600:,} new calls", timeout=PATIENCE_MS)
    assert await page.evaluate("moved") == 0


async def test_old_rows_are_let_go_of_and_loaded_again(page: Any) -> None:
    """A list that is open for long keeps the newest; the others wait on the server."""
    await open_list(page)
    told = await page.evaluate(
        f"""async () => {{
          {MAKE_ROWS}
          const rows = new Rows(new URLSearchParams(), {{ rows: [], next: null, lost: {{}} }}, 0)
          for (let last = 500; last <= 180_000; last += 500) rows.add(made(last, 500))
          const [kept, next, count] = [rows.newer.length + rows.older.length, rows.next, rows.count]
          const asked = []
          rows.ask = async (limits) => {{
            asked.push(limits.before)
            return {{ rows: made(limits.before - 1, 5000), next: limits.before - 5000, lost: {{}} }}
          }}
          while (rows.next !== null) {{
            rows.want(rows.lastLoaded - 1)
            await rows.loading
          }}
          const cursors = []
          for (let place = rows.top; place >= rows.bottom; place -= 1) {{
            if (isCall(rows.at(place))) cursors.push(rows.at(place)[0])
          }}
          return {{
            kept, next, count, first: asked[0], found: rows.count,
            inOrder: cursors.every((cursor, at) => cursor === 180_000 - at),
            note: rows.at(rows.bottom).note
          }}
        }}"""
    )
    assert 20_000 <= told["kept"] <= 25_000
    assert told["next"] == told["first"] == 180_000 - told["kept"] + 1
    assert told["count"] <= 105_000
    assert 100_000 < told["found"] <= 105_001
    assert told["inOrder"]
    assert told["note"].startswith("The list ends after 100,000 calls.")


async def test_rows_that_wait_for_a_reader_are_bounded(page: Any) -> None:
    """A note stands for those that came before them."""
    await open_list(page)
    told = await page.evaluate(
        f"""async () => {{
          {MAKE_ROWS}
          const state = {{ isPaused: true, arrive () {{}} }}
          const arrivals = new Arrivals(1000, null, null, state, null)
          for (let last = 1500; last <= 60_000; last += 500) arrivals.add(made(last, 500), 500, 0)
          const {{ waiting }} = arrivals
          const calls = waiting.filter(isCall)
          const ends = [calls[0][0], calls.at(-1)[0]]
          return [waiting.length, calls.length, ...ends, waiting.at(-1).missing]
        }}"""
    )
    length, calls, newest, oldest, missing = told
    assert calls == length - 1 <= 10_000
    assert newest == 60_000
    assert missing == {"after": 1000, "before": oldest}
