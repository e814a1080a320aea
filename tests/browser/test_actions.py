"""What a reader does with the page, in a real browser: each action, its answer, its error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from playwright.async_api import expect

from mockseg.faults.effect import Effect
from mockseg.matching.match import Match
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Settle, WaitCalls
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.sources import CreateSource, SetClock

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

pytestmark = pytest.mark.timeout(600)
# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_MS = 90_000
until: Any = expect
KEY = "k"


async def track(url: str, event: str = "E", **more: Any) -> int:
    """Send a track call; return the status of its answer."""
    message = {"writeKey": KEY, "userId": "u", "event": event, **more}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/track", json=message) as answer,
    ):
        return answer.status


async def says(page: Any, place: str, text: str) -> None:
    """Wait until a place has a text."""
    await until(page.locator(place)).to_contain_text(text, timeout=PATIENCE_MS)


async def faults(hub: Hub) -> list[str]:
    """Give what the faults in force do."""
    listed: Any = await hub.perform("list_faults", OfSource())
    return [rule.words for fault in listed.faults for rule in fault.rules]


async def test_a_fault_is_added_by_its_form(page: Any, url: str, hub: Hub) -> None:
    """What is wrong is told in the form, where all that was typed stays; then what was added."""
    await page.goto(f"{url}/_mockseg/faults?source=k")
    await page.fill("#fault [name=status]", "999")
    await page.fill("#fault [name=times]", "2")
    await page.keyboard.press("Enter")
    await says(page, "#fault .outcome", '`status` is "999": it must be a whole number <= 599')
    assert await page.input_value("#fault [name=times]") == "2"
    assert await faults(hub) == []
    await page.fill("#fault [name=status]", "503")
    await page.keyboard.press("Enter")
    await says(page, "#fault .outcome", "Added fault-1: status 503.")
    assert await faults(hub) == ["status 503"]
    await until(page.locator("tbody tr")).to_have_count(1, timeout=PATIENCE_MS)
    await page.click("text=What would it hit?")
    await says(page, "#fault .outcome", "a fault needs an effect, or a scenario")


async def test_a_scenario_is_added_and_removed(page: Any, url: str, hub: Hub) -> None:
    """By its button; what was removed is told although its form is gone."""
    await page.goto(f"{url}/_mockseg/faults?source=k")
    await page.click("button[value=lost-ack]")
    await says(page, "#scenario .outcome", "Added fault-1")
    await page.click('button:text-is("Remove")')
    await says(page, "#acted", "Removed fault-1.")
    assert await faults(hub) == []
    assert await page.evaluate("document.activeElement.id") == "acted"


async def test_what_a_fault_holds_back_is_released(page: Any, url: str, hub: Hub) -> None:
    """Each request is answered at once, and the fault stays."""
    await hub.perform("add_fault", AddFault(source=KEY, effect=Effect(delay=3600), times=2))
    held = asyncio.create_task(track(url))
    await page.goto(f"{url}/_mockseg/faults?source=k")
    await says(page, "[data-now=held]", "1 request")
    await page.click("text=Release what is held back")
    await says(page, "#release .outcome", "Released 1 request.")
    assert await held == 200
    await says(page, "[data-now=held]", "0 requests")
    assert len(await faults(hub)) == 1


async def test_a_source_is_opened_changed_and_deleted(page: Any, url: str, hub: Hub) -> None:
    """By keys alone: each form is sent by Enter, and what is destroyed is named before."""
    await page.goto(f"{url}/_mockseg/sources")
    await page.fill("#new-source [name=name]", "checkout")
    await page.fill("#new-source [name=writeKey]", "a/b c")
    await page.check("#new-source [name='plan.ecommerce']")
    await page.focus("#new-source button")
    await page.keyboard.press("Enter")
    await says(page, "#acted", "Opened the source checkout.")
    await says(page, "h1", "checkout")
    source = hub.sources.get("a/b c")
    assert source is not None
    assert source.behaviour.plans.catalogue == ("ecommerce",)
    await page.fill("#settings [name=name]", "shop")
    await page.select_option("#settings [name=dedup]", "server")
    await page.uncheck("#settings [name='plan.ecommerce']")
    await page.focus("#settings button")
    await page.keyboard.press("Enter")
    await says(page, "#settings .outcome", "Changed: name, dedup, catalogue.")
    assert (source.behaviour.name, source.behaviour.plans.catalogue) == ("shop", ())
    await page.focus("#delete summary")
    await page.keyboard.press("Enter")
    await says(page, "dialog:modal", "Delete shop with 0 calls")
    await page.keyboard.press("Escape")
    await until(page.locator("#delete dialog")).to_be_hidden(timeout=PATIENCE_MS)
    assert hub.sources.get("a/b c") is not None
    assert await page.evaluate("document.activeElement.textContent") == "Delete…"
    await page.keyboard.press("Enter")
    await says(page, "dialog:modal", "Delete shop")
    await page.click("dialog:modal .danger")
    await says(page, "#acted", "Deleted the source a/b c.")
    assert hub.sources.get("a/b c") is None


async def test_a_source_forgets_its_calls(page: Any, url: str, hub: Hub) -> None:
    """After it has named how many calls and requests, and that a test waits there."""
    assert await track(url) == 200
    asked = WaitCalls(match=Match(source=KEY, event="never"), timeout=60)
    waiting = asyncio.create_task(hub.perform("wait_calls", asked))
    await page.goto(f"{url}/_mockseg/sources/k")
    await page.click("#forget summary")
    await says(page, "dialog:modal", "Forget 1 call and 1 request of k? 1 wait is open there.")
    await page.click("dialog:modal >> text=Cancel")
    assert hub.journal.count(KEY)[0] == 1
    await page.click("#forget summary")
    await page.click("dialog:modal .danger")
    await says(page, "#acted", "Forgot 1 call of the source.")
    assert hub.journal.count(KEY)[0] == 0
    waiting.cancel()


async def test_the_clock_of_a_source_moves(page: Any, url: str, hub: Hub) -> None:
    """An hour, a day and an hour, and back."""
    await track(url)
    await page.goto(f"{url}/_mockseg/sources/k")
    clock = hub.sources.clock_of(KEY)
    for words, hours in (("+1 h", 1), ("+25 h", 26), ("back", 0)):
        await page.click(f"#clock button:text-is('{words}')")
        await says(page, "#clock .outcome", "The clock of the source says")
        assert round(clock.offset_seconds / 3600) == hours
    await page.goto(f"{url}/_mockseg/sources")
    await page.click("button[data-copy=k]")
    assert await page.locator("#acted").text_content() in {"Copied.", KEY}


async def test_a_destination_is_connected_used_and_removed(page: Any, url: str, hub: Hub) -> None:
    """Its actions are forms: what is wrong with an argument is told there, and so is the result."""
    await page.goto(f"{url}/_mockseg/destinations?source=k")
    await page.select_option("#connect [name=type]", "userengage")
    await page.fill("#connect [name=url]", "no address")
    await page.focus("#connect button")
    await page.keyboard.press("Enter")
    await says(page, "#connect .outcome", "settings.url")
    await page.fill("#connect [name=url]", "")
    await page.click("#connect button")
    await says(page, "#connect .outcome", "Connected userengage-1 (cloud mode).")
    await page.goto(f"{url}/_mockseg/destinations/userengage-1?tab=actions")
    form = page.locator(".act", has_text="define_attribute").locator("form")
    await form.locator("[name=name]").fill("plan")
    await form.locator("[name=type]").fill("no type")
    await form.locator("button").click()
    await until(form.locator(".outcome")).to_contain_text("type", timeout=PATIENCE_MS)
    await form.locator("[name=type]").fill("string")
    await form.locator("[name=choices]").fill("gold")
    await form.locator("button").click()
    await until(form.locator(".outcome")).to_contain_text(
        "`choices` is not JSON", timeout=PATIENCE_MS
    )
    await form.locator("[name=choices]").fill("")
    await form.locator("button").click()
    await until(form.locator(".outcome")).to_contain_text(
        "Done: define_attribute.", timeout=PATIENCE_MS
    )
    assert await page.locator(".act").count() > 5
    await page.click("nav.parts >> text=Settings")
    await page.click("#enabled button")
    await says(page, "#enabled .outcome", "No more calls are sent to userengage-1.")
    await page.click("#remove summary")
    await says(page, "dialog:modal", "Remove userengage-1 with its state and 0 deliveries")
    await page.click("dialog:modal .danger")
    await says(page, "#acted", "Removed userengage-1.")
    assert not hub.destinations.of(KEY)


async def test_an_error_of_a_vendor_is_demanded_and_its_retry_comes_sooner(
    page: Any, url: str, hub: Hub
) -> None:
    """From a list; the ledger tells the attempts, moves the clock and delivers once more."""
    await hub.perform("set_clock", SetClock(now="2026-01-31T12:00:00Z", frozen=True, source=KEY))
    await hub.perform("add_destination", AddDestination(type="userengage", source=KEY))
    await page.goto(f"{url}/_mockseg/destinations/userengage-1?tab=actions")
    form = page.locator("form[action$='/actions/fail']")
    await form.locator("[name=error]").select_option("server_error")
    await form.locator("button").click()
    await until(form.locator(".outcome")).to_contain_text('"status": 500', timeout=PATIENCE_MS)
    await track(url)
    await page.goto(f"{url}/_mockseg/deliveries?source=k")
    await says(page, "#waits-1", "1 waits until 2026-")
    await page.click("#waits-1 button")
    await says(page, "#waits-1 .outcome", "what was due by then was tried again.")
    await says(page, "[data-now='state 1']", "delivered")
    await says(page, "[data-now='delivery 1']", " s 200")
    await page.click("tbody button")
    await says(page, "#acted", "call-1 is delivered to userengage-1 again.")
    await until(page.locator("tbody tr")).to_have_count(2, timeout=PATIENCE_MS)
    await page.goto(f"{url}/_mockseg/deliveries?source=k&status=500")
    await says(page, "main", "No delivery of these.")


async def test_the_state_of_a_vendor_is_live(page: Any, url: str, hub: Hub) -> None:
    """What the newest call changed is marked in its tree."""
    await hub.perform("add_destination", AddDestination(type="userengage", source=KEY))
    await track(url, "A")
    await hub.perform("settle", Settle(source=KEY, timeout=60))
    await page.goto(f"{url}/_mockseg/destinations/userengage-1")
    tree = page.locator("section[aria-labelledby=state] .tree")
    assert await tree.locator("[data-changed]").count() == 0
    await track(url, "A")
    await until(tree.locator("[data-changed]").first).to_be_attached(timeout=PATIENCE_MS)


async def test_a_pasted_message_is_validated(page: Any, url: str, hub: Hub) -> None:
    """The findings are told below it, and it stays to be mended."""
    await hub.perform("create_source", CreateSource(write_key=KEY, catalogue=["ecommerce"]))
    await page.goto(f"{url}/_mockseg/plans?source=k")
    await page.fill("#validate textarea", '{"type": "track", "userId": "u"}')
    await page.focus("#validate button")
    await page.keyboard.press("Enter")
    await says(page, "#validate .outcome", "0 good, 1 bad by the plans of the source.")
    assert "userId" in await page.input_value("#validate textarea")
    async with page.expect_download(timeout=PATIENCE_MS) as downloading:
        await track(url, "Order Completed", properties={})
        await page.click("text=Download a plan")
    assert (await downloading.value).suggested_filename == "plan.json"


async def test_a_request_is_copied_as_curl(page: Any, url: str) -> None:
    """Where the clipboard is closed the text is selected instead."""
    await track(url)
    await page.goto(f"{url}/_mockseg/requests/req-1")
    await page.click("[data-copy-of=curl-text]")
    await until(page.locator("#acted")).not_to_be_empty(timeout=PATIENCE_MS)
    told = await page.locator("#acted").text_content()
    selected = await page.evaluate("getSelection().toString()")
    assert told == "Copied." or "curl -s -X POST" in selected
