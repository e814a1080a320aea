"""Each view by the keyboard alone: all that can be used is reached, seen, and left again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from mockseg.faults.effect import Effect
from mockseg.operations.calls import ImportCalls, ImportedCall, Settle
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.sources import CreateSource

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

pytestmark = pytest.mark.timeout(600)
PATIENCE_MS = 90_000
until: Any = expect
# Numbers what can be used and is visible; what is not numbered cannot be told apart later.
NUMBER = """() => {
  const usable = [...document.querySelectorAll(
    'a[href], button:enabled, input:enabled, select, textarea, summary, [tabindex="0"]')]
    .filter((each) => each.checkVisibility() && each.type !== 'hidden')
  usable.forEach((each, at) => { each.dataset.usable = at })
  return usable.length
}"""
# What has the focus: its number, what is wrong with how one sees it, and the colours of its ring.
FOCUSED = """() => {
  const each = document.activeElement
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(each)
  let ground = each.parentElement ?? each
  while (ground.parentElement && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') {
    ground = ground.parentElement
  }
  const [{ left, top, width, height }] = each.getClientRects()
  // The middle of what is in the window: a part that scrolls may be taller than it.
  const middle = (Math.max(top, 0) + Math.min(top + height, innerHeight)) / 2
  const seen = document.elementFromPoint(left + width / 2, middle)
  const wrong = [
    ...outlineStyle === 'none' || parseFloat(outlineWidth) < 2 ? ['no ring'] : [],
    ...each.contains(seen) || seen?.closest('label')?.contains(each) ? [] : ['covered']
  ]
  const colours = [outlineColor, getComputedStyle(ground).backgroundColor]
  return [each.dataset.usable ?? '', wrong, colours]
}"""


def luminance(colour: str) -> float:
    """Return how light a colour is, as WCAG defines it."""
    shares = [int(each) / 255 for each in re.findall(r"[\d]+", colour)[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


DESTINATION = "destinations/userengage-1"
WIDE, PHONE, ZOOMED = (1280, 720), (390, 844), (320, 256)
LOOKS = [
    *[("light", WIDE, view) for view in ("sources", "sources/k", "plans?source=k", "destinations")],
    *[("light", WIDE, f"{DESTINATION}?tab={tab}") for tab in ("state", "reached", "deliveries")],
    *[("dark", WIDE, f"{DESTINATION}?tab={tab}") for tab in ("actions", "settings")],
    *[("dark", WIDE, view) for view in ("deliveries", "faults?source=k", "truth?source=k")],
    *[("dark", WIDE, view) for view in ("truth", "requests", "requests/req-1", "help")],
    *[("light", WIDE, view) for view in ("calls/call-1", "manual/", "manual/faults")],
    *[("light", PHONE, view) for view in ("sources/k", "deliveries")],
    *[("dark", ZOOMED, view) for view in ("sources/k", "calls/call-1")],
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[2]} {look[0]} {look[1][0]}")
async def test_everything_of_a_view_is_reached_by_tab(
    page: Any, url: str, hub: Hub, look: tuple[Any, tuple[int, int], str]
) -> None:
    """In turn, with a visible focus that nothing covers; after the last it leaves the view."""
    scheme, size, view = look
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await hub.perform("create_source", CreateSource(write_key="k", catalogue=["live-chat"]))
    await hub.perform("add_destination", AddDestination(type="userengage", source="k"))
    await hub.perform("add_fault", AddFault(source="k", effect=Effect(status=503)))
    call = ImportedCall(source="k", message={"type": "track", "userId": "u", "event": "E"})
    await hub.perform("import_calls", ImportCalls(calls=[call]))
    await hub.perform("settle", Settle(source="k", timeout=60))
    await page.goto(f"{url}/_mockseg/{view}")
    count = await page.evaluate(NUMBER)
    assert count > 10
    reached: list[str] = []
    unseen: list[str] = []
    # Scrolling parts are reached too, beside what is numbered.
    for _ in range(2 * count + 20):
        await page.keyboard.press("Tab")
        at, wrong, colours = await page.evaluate(FOCUSED)
        if at and at in reached:
            break
        if at:
            reached.append(at)
            unseen += [f"{at}: {each}" for each in wrong]
            unseen += [] if contrast(*colours) >= 3 else [f"{at}: {colours}"]
    assert reached == [str(at) for at in range(count)]
    assert unseen == []


async def test_what_is_destroyed_is_asked_about_and_kept_by_keys(
    page: Any, url: str, hub: Hub
) -> None:
    """The question has the focus, Tab stays within it, and Escape leads back to where one was."""
    await hub.perform("create_source", CreateSource(write_key="k"))
    await page.goto(f"{url}/_mockseg/sources/k")
    summary = page.locator("#delete summary")
    await summary.focus()
    await page.keyboard.press("Enter")
    question = page.locator("#delete dialog:modal")
    await until(question).to_be_visible(timeout=PATIENCE_MS)
    for _ in range(4):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    await page.keyboard.press("Escape")
    await until(question).to_be_hidden(timeout=PATIENCE_MS)
    await until(summary).to_be_focused(timeout=PATIENCE_MS)
    assert hub.sources.get("k") is not None
