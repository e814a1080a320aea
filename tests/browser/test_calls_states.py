"""States of the live list: a query that is wrong or takes long, new rows, a lost connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from endless_scan import EndlessScan
from live_list import NEWEST, PATIENCE_MS, Line, newest_is, record, rows_are, text_is, until

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def page(live_page: Any) -> Any:
    """Give the live list over forty calls."""
    return live_page


async def look_for(page: Any, query: str) -> None:
    """Type a query and press Enter."""
    await page.keyboard.press("/")
    await page.keyboard.type(query, delay=0)
    await page.keyboard.press("Enter")


async def test_a_query_that_cannot_be_read_leaves_the_list(page: Any, hub: Hub) -> None:
    """Below the field it says why, and selects the place; the last good result goes on."""
    await page.goto(f"{page.url}?q=event:before*")
    await rows_are(page, 40)
    field, wrong = page.locator("#query"), page.locator("#wrong")
    await until(wrong).to_be_hidden(timeout=PATIENCE_MS)
    await look_for(page, "event:before* usr:u1 is:good")
    told = 'unknown key "usr:"; did you mean "user:"?'
    await until(wrong).to_contain_text(told, timeout=PATIENCE_MS)
    await until(field).to_be_focused(timeout=PATIENCE_MS)
    await until(field).to_have_attribute("aria-invalid", "true", timeout=PATIENCE_MS)
    assert await page.evaluate("getSelection().toString()") == "usr:u1"
    below = (await wrong.bounding_box())["y"] - (await field.bounding_box())["y"]
    assert 0 < below < 80
    await record(hub, "before and after")
    await newest_is(page, "before and after")
    assert page.url.endswith("?q=event:before*")
    # What is typed takes the place of what is wrong.
    await page.keyboard.type("user:u", delay=0)
    await until(wrong).to_be_hidden(timeout=PATIENCE_MS)
    await until(field).to_have_attribute("aria-invalid", "false", timeout=PATIENCE_MS)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/_mockseg/?q=event*user*")
    await rows_are(page, 41)


async def test_another_query_dims_the_rows_until_they_change(page: Any, line: Line) -> None:
    """They stay in sight meanwhile, and can be read."""
    line.answers.clear()
    dimmed = await page.evaluate(
        """async () => {
          const grid = document.getElementById('grid'), field = document.getElementById('query')
          const shown = () => [
            Number(getComputedStyle(grid.querySelector('.body')).opacity) < 1,
            grid.getAttribute('aria-busy'),
            grid.querySelectorAll('.body > [role=row]').length > 10
          ]
          const before = shown()
          const busy = new Promise((done) => {
            new MutationObserver(done).observe(grid, { attributeFilter: ['aria-busy'] })
          })
          field.value = 'is:good'
          field.form.requestSubmit()
          await busy
          return [before, shown()]
        }"""
    )
    assert dimmed == [[False, None, True], [True, "true", True]]
    line.answers.set()
    await page.wait_for_url("**/_mockseg/?q=is*")
    await rows_are(page, 40)
    assert await page.get_attribute("#grid", "aria-busy") is None


async def test_stop_ends_the_search_of_the_server(
    page: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks at no further call."""
    # The one that counts what matches; before it the page asks whether the query can be read.
    search = EndlessScan(hub, monkeypatch, "scan")
    told = page.evaluate(
        """async () => {
          const part = (id) => document.getElementById(id)
          part('query').value = 'event:nothing'
          part('query').form.requestSubmit()
          await new Promise((told) => {
            new MutationObserver(told).observe(part('searching'), { attributes: true })
          })
          part('stop').click()
          return part('looking').textContent
        }"""
    )
    assert await told == "Looking through 40 calls."
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await search.ended.wait()
    looked = search.portions
    assert looked > 0
    await record(hub, "after it")
    await newest_is(page, "after it")
    assert search.portions == looked


async def test_rows_of_the_server_are_there_before_the_feed(page: Any, line: Line) -> None:
    """A list that cannot connect is no empty one."""
    line.cut()
    await page.reload()
    await rows_are(page, 40)
    await newest_is(page, "before 39")
    await text_is(page, "#pill", "○ no answer")


async def test_the_newest_rows_are_marked_for_two_seconds(page: Any, hub: Hub) -> None:
    """Without motion."""
    await page.clock.install(time=0)
    await page.clock.pause_at(1000)
    await record(hub, "one")
    await newest_is(page, "one")
    row = page.locator(NEWEST)
    await until(row).to_have_attribute("data-fresh", "", timeout=PATIENCE_MS)
    await page.clock.run_for(1_999)
    await until(row).to_have_attribute("data-fresh", "", timeout=PATIENCE_MS)
    await page.clock.run_for(1)
    await until(row).not_to_have_attribute("data-fresh", "", timeout=PATIENCE_MS)
    assert await row.evaluate("row => getComputedStyle(row).animationName") == "none"


async def test_attempts_to_connect_are_made_at_growing_distances(
    page: Any, hub: Hub, line: Line
) -> None:
    """Of 15 s at most; "Try now" makes one at once."""
    await page.clock.install(time=0)
    await page.clock.pause_at(1000)
    line.cut()
    state = page.locator("#state")
    for seconds in (1, 2, 4, 8, 15, 15):
        told = f"Next attempt in {seconds} s."
        await until(state).to_contain_text(told, timeout=PATIENCE_MS)
        refused = line.refused
        await page.clock.run_for(seconds * 1000 - 1)
        assert line.refused == refused
        await page.clock.run_for(1)
    await until(state).to_contain_text("Next attempt in 15 s.", timeout=PATIENCE_MS)
    line.is_cut = False
    await record(hub, "meanwhile")
    await page.click("#retry")
    await newest_is(page, "meanwhile")
    await until(page.locator("#notice")).to_be_hidden(timeout=PATIENCE_MS)


async def test_an_empty_source_has_its_key_in_its_lines(page: Any) -> None:
    """And leads to the calls of other sources."""
    await page.goto(f"{page.url}?source=other")
    await until(page.locator("#send-one")).to_be_visible(timeout=PATIENCE_MS)
    empty = page.locator("#calls-empty")
    await until(empty).to_contain_text("Waiting for the first call to this write key.")
    await until(empty).to_contain_text('"writeKey":"other"')
    await page.get_by_role("link", name="40 calls").click()
    await rows_are(page, 40)
