"""Each view by the keyboard alone: all that can be used is reached, seen, and left again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg.faults.effect import Effect
from mockseg.operations.calls import ImportCalls, ImportedCall, Settle
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.sources import CreateSource

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

pytestmark = pytest.mark.timeout(600)
# Numbers what can be used and is visible; what is not numbered cannot be told apart later.
NUMBER = """() => {
  const usable = [...document.querySelectorAll(
    'a[href], button:enabled, input:enabled, select, textarea, summary, [tabindex="0"]')]
    .filter((each) => each.checkVisibility() && each.type !== 'hidden')
  usable.forEach((each, at) => { each.dataset.usable = at })
  return usable.length
}"""
FOCUSED = """() => {
  const each = document.activeElement
  return [each.dataset.usable ?? '', getComputedStyle(each).outlineStyle]
}"""


@pytest.mark.parametrize(
    "view",
    [
        *("sources", "sources/k", "plans?source=k", "destinations", "destinations/userengage-1"),
        *("deliveries", "faults?source=k", "truth?source=k", "truth", "requests", "requests/req-1"),
        "help",
    ],
)
async def test_everything_of_a_view_is_reached_by_tab(
    page: Any, url: str, hub: Hub, view: str
) -> None:
    """In turn, with a visible focus; after the last of them the focus leaves the view."""
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
        at, outline = await page.evaluate(FOCUSED)
        if at and at in reached:
            break
        if at:
            reached.append(at)
            unseen += [] if outline != "none" else [at]
    assert reached == [str(at) for at in range(count)]
    assert unseen == []
