"""The views without a script, in forced colours, with wider text, without motion, at 400 %."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright, expect

from mockseg.faults.effect import Effect
from mockseg.operations.calls import ImportCalls, ImportedCall, Settle
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.sources import CreateSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mockseg.hub.hub import Hub

pytestmark = pytest.mark.timeout(600)
PATIENCE_MS = 90_000
until: Any = expect
DESTINATION = "destinations/userengage-1"
VIEWS = (
    *("sources", "sources/k", "plans?source=k", "destinations", DESTINATION),
    *(f"{DESTINATION}?tab={tab}" for tab in ("reached", "deliveries", "actions", "settings")),
    *("deliveries", "faults?source=k", "truth", "truth?source=k", "requests", "requests/req-1"),
    *("help", "manual/", "manual/settings", "calls/call-1"),
)
# Forms that cannot be sent, although they are not folded away; and what is wider than the window.
WITHOUT_SCRIPT = """() => {
  const unsendable = [...document.querySelectorAll('main form')]
    .filter((form) => form.checkVisibility())
    .filter((form) => ![...form.querySelectorAll('button:not([type=button])')]
      .some((button) => button.checkVisibility() && !button.disabled))
  return [
    ...unsendable.map((form) => form.outerHTML.slice(0, 200)),
    ...document.querySelector('h1').checkVisibility() ? [] : ['no heading'],
    ...document.documentElement.scrollWidth > innerWidth ? ['too wide'] : []
  ]
}"""
# What tells apart without colours: signs of verdicts and states, borders, what is current.
FORCED = """() => {
  const wrong = []
  for (const each of document.querySelectorAll('main .mark')) {
    if (!/[^ "]/.test(getComputedStyle(each, '::before').content)) wrong.push(each.outerHTML)
  }
  for (const each of document.querySelectorAll('button, input:not([type=hidden]), select')) {
    if (each.checkVisibility() && parseFloat(getComputedStyle(each).borderTopWidth) < 1 &&
        each.type !== 'checkbox') wrong.push(each.outerHTML)
  }
  for (const each of document.querySelectorAll('nav [aria-current]')) {
    if (getComputedStyle(each).fontWeight < 600) wrong.push(each.outerHTML)
  }
  return wrong
}"""
# What the criterion demands that a reader can do (WCAG 1.4.12), and what is cut off then.
SPACED = """() => {
  for (const each of document.querySelectorAll('body *')) {
    each.style.lineHeight = '1.5'
    each.style.letterSpacing = '.12em'
    each.style.wordSpacing = '.16em'
    if (each.localName === 'p') each.style.marginBottom = '2em'
  }
  const cut = [...document.querySelectorAll('body *')].filter((each) => {
    const { overflowX, overflowY, textOverflow, clipPath } = getComputedStyle(each)
    return each.checkVisibility() && clipPath === 'none' && textOverflow === 'clip' &&
      (['hidden', 'clip'].includes(overflowX) && each.scrollWidth > each.clientWidth + 1 ||
       ['hidden', 'clip'].includes(overflowY) && each.scrollHeight > each.clientHeight + 1)
  })
  return [
    ...cut.map((each) => each.outerHTML.slice(0, 200)),
    ...document.documentElement.scrollWidth > innerWidth ? ['too wide'] : []
  ]
}"""
MOVING = """() => [
  ...document.getAnimations().map(String),
  ...[...document.querySelectorAll('*')].filter((each) => {
    const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(each)
    return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior !== 'auto'
  }).map((each) => each.outerHTML.slice(0, 200))
]"""


async def fill(hub: Hub) -> None:
    """Give a hub something for each view."""
    await hub.perform("create_source", CreateSource(write_key="k", catalogue=["live-chat"]))
    await hub.perform("add_destination", AddDestination(type="userengage", source="k"))
    await hub.perform("add_fault", AddFault(source="k", effect=Effect(status=503)))
    call = ImportedCall(source="k", message={"type": "track", "userId": "u", "event": "E"})
    await hub.perform("import_calls", ImportCalls(calls=[call]))
    await hub.perform("settle", Settle(source="k", timeout=60))


@pytest.fixture
async def look(chromium: str, hub: Hub) -> AsyncIterator[Any]:
    """Give a context manager of a tab that sees in a way, over a hub with something in it."""
    await fill(hub)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )

        @contextlib.asynccontextmanager
        async def tab(width: int, height: int = 800, **how: Any) -> AsyncIterator[Any]:
            size = {"width": width, "height": height}
            context = await browser.new_context(viewport=size, **how)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            yield page
            await context.close()

        yield tab
        await browser.close()


@pytest.mark.parametrize("width", [1280, 390])
async def test_each_view_is_whole_without_a_script(look: Any, url: str, width: int) -> None:
    """With its heading, as wide as the window, and each form can be sent."""
    async with look(width, java_script_enabled=False) as page:
        for view in VIEWS:
            await page.goto(f"{url}/_mockseg/{view}")
            assert await page.evaluate(WITHOUT_SCRIPT) == [], view


async def test_what_destroys_is_asked_about_without_a_script(look: Any, url: str) -> None:
    """In place: the part opens, names what goes, and does it."""
    async with look(390, java_script_enabled=False) as page:
        await page.goto(f"{url}/_mockseg/sources/k")
        await page.click("#forget summary")
        await until(page.locator("#forget-what")).to_have_text(
            "Forget 1 call and 1 request of k?", timeout=PATIENCE_MS
        )
        await page.click("#forget .danger")
        await until(page.locator("dl.facts dd").first).to_have_text("0", timeout=PATIENCE_MS)
        await page.goto(f"{url}/_mockseg/{DESTINATION}?tab=actions")
        form = page.locator(".act", has_text="define_attribute").locator("form")
        await form.locator("[name=name]").fill("plan")
        await form.locator("[name=type]").fill("string")
        await form.locator("button").click()
        await until(page.locator("h1")).to_have_text("Done: define_attribute.", timeout=PATIENCE_MS)
        await page.click("text=Back")
        await until(page.locator("h1")).to_contain_text("userengage-1", timeout=PATIENCE_MS)


async def test_forced_colours_leave_signs_and_borders(look: Any, url: str) -> None:
    """Verdicts and states keep their signs, controls a border, and the current view its weight."""
    async with look(1280, forced_colors="active") as page:
        for view in VIEWS:
            await page.goto(f"{url}/_mockseg/{view}")
            assert await page.evaluate("matchMedia('(forced-colors: active)').matches")
            assert await page.evaluate(FORCED) == [], view


@pytest.mark.parametrize("width", [1280, 320])
async def test_wider_text_is_not_cut_off(look: Any, url: str, width: int) -> None:
    """At 320 px too, which is 1280 px at 400 %; nothing scrolls sideways then."""
    async with look(width, 256) as page:
        for view in VIEWS:
            await page.goto(f"{url}/_mockseg/{view}")
            assert await page.evaluate(SPACED) == [], view


async def test_nothing_moves_for_those_who_want_no_motion(look: Any, url: str) -> None:
    """No view has an animation, a transition, or scrolls smoothly."""
    async with look(1280, reduced_motion="reduce") as page:
        for view in ("", *VIEWS):
            await page.goto(f"{url}/_mockseg/{view}")
            assert await page.evaluate(MOVING) == [], view


async def test_the_view_that_is_shown_is_in_sight_in_the_bar(look: Any, url: str) -> None:
    """On a phone the bar scrolls, and begins where the reader is."""
    async with look(390) as page:
        for view in ("deliveries", "truth", "help"):
            await page.goto(f"{url}/_mockseg/{view}")
            here = page.locator("header nav [aria-current]")
            await until(here).to_be_in_viewport(ratio=0.9, timeout=PATIENCE_MS)
