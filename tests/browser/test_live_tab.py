"""What a live tab says of itself: rate, long search, followed visitor, and what it does hidden."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from live_list import NEWEST, PATIENCE_MS, Line, become, newest_is, record, text_is, until

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

# A browser on a busy machine takes its time; these only end what hangs.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def page(live_page: Any) -> Any:
    """Give the live list over forty calls."""
    return live_page


async def stand_still(page: Any) -> None:
    """Let time pass in the page only as the test says; its feed is open."""
    await page.clock.install(time=0)
    await page.clock.pause_at(1000)


async def has_closed(line: Line) -> None:
    """Wait until a feed is closed."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await line.closed.wait()


async def test_a_tab_that_is_hidden_for_long_holds_no_connection(
    page: Any, hub: Hub, line: Line
) -> None:
    """For ten seconds it goes on; later it is silent, and goes on where it was when it is shown."""
    await stand_still(page)
    await become(page, "hidden")
    await page.clock.run_for(9_999)
    await record(hub, "one")
    await newest_is(page, "one")
    assert not line.closed.is_set()
    await page.clock.run_for(1)
    await has_closed(line)
    await record(hub, "two")
    await become(page, "visible")
    await newest_is(page, "two")


async def test_a_tab_that_is_shown_soon_keeps_its_connection(
    page: Any, hub: Hub, line: Line
) -> None:
    """However often its reader looks away."""
    await stand_still(page)
    for _ in range(3):
        await become(page, "hidden")
        await page.clock.run_for(9_000)
        await become(page, "visible")
        await page.clock.run_for(9_000)
        # Else its silence would be that of a dead connection.
        await record(hub, "one")
        await text_is(page, "[data-count=total]", str(hub.journal.cursor))
    assert (line.opened, line.closed.is_set()) == (1, False)


async def test_a_hidden_tab_counts_bad_calls_in_its_title(page: Any, hub: Hub, line: Line) -> None:
    """Every 15 s, without a feed; its icon is marked too."""
    await stand_still(page)
    await become(page, "hidden")
    await page.clock.run_for(10_000)
    await has_closed(line)
    await record(hub, "one", "two", "three", userId=None)
    await record(hub, "good")
    assert await page.title() == "mockseg"
    await page.clock.run_for(5_000)
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
