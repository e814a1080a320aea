"""The page for people who do not see it, or see it otherwise, judged by axe in a real browser.

The test judges a sample. ``python tests/browser/test_accessibility.py`` judges every cell: each
view in each of its states, light and dark, at 1280, 390 and 320 px. It prints a line for each
scene as it goes. ``--view sources`` limits it to a view, ``--shard 1/4`` to a quarter,
``--list`` only prints the cells.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from aiohttp import ClientSession
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

from mockseg.config import Settings
from mockseg.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

KEY = "shop-key"
AXE = Axe()
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations", "incomplete"],
    # A call beside the list is a document of its own, and judged as one.
    "iframes": False,
    "rules": {"frame-tested": {"enabled": False}},
}
# The document in the other scheme differs in its colours alone.
OF_COLOURS = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
# Returns what axe finds. Axe does not decide about the contrast of what is cut off by a part that
# scrolls, or lies over or under something else: that is measured here, against the nearest ground
# that is opaque.
RUN = """async (rules) => {
  // Single characters and signs have a contrast, too.
  const options = axe._audit.checks['color-contrast'].options
  Object.assign(options, { ignoreLength: true, ignoreUnicode: false })
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const luminance = (colour) => channels(colour).slice(0, 3)
    .map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0)
  const isEnough = (selector) => {
    const element = document.querySelector(selector)
    let ground = element
    for (;;) {
      if (!ground) return false
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(ground)
      if (opacity !== '1' || backgroundImage !== 'none') return false
      const alpha = channels(backgroundColor)[3] ?? 1
      if (alpha === 1) break
      if (alpha > 0) return false
      ground = ground.parentElement
    }
    const lights = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor]
      .map(luminance).sort((one, other) => other - one)
    return (lights[0] + 0.05) / (lights[1] + 0.05) >= 4.5
  }
  const found = await axe.run(document, rules)
  const told = (kind, rules) => rules.flatMap((rule) => rule.nodes.map((node) => {
    const checks = [...node.any, ...node.all, ...node.none]
    const why = [...new Set(checks.map((check) => check.data?.messageKey ?? check.id))].join(' ')
    return { kind, rule: rule.id, why, html: node.html.slice(0, 200), at: node.target[0] }
  }))
  const open = told('incomplete', found.incomplete)
    .filter((each) => each.rule !== 'color-contrast' || !isEnough(each.at))
  return [...told('violation', found.violations), ...open]
}"""
OPEN_ALL = (
    "document.querySelectorAll('details:not(.ask, .scope)').forEach((each) => { each.open = true })"
)
SCHEMES = ("light", "dark")
WIDTHS = (1280, 390, 320)
PATIENCE_MS = 90_000  # a busy machine takes its time


class Scene(NamedTuple):
    """A view in a state.

    Attributes:
        view: its name.
        state: empty, filled, opened, call open, dialog open, error or paused.
        path: its address, below the page's.
        steps: what is done there: ``press KEYS``, ``click SELECTOR``,
            ``fill SELECTOR=TEXT``, ``see SELECTOR``, ``open`` (all that folds) or ``lose`` (the
            connection, before the view is opened).
        widths: at which there is such a state.
    """

    view: str
    state: str
    path: str
    steps: tuple[str, ...] = ()
    widths: tuple[int, ...] = WIDTHS

    @property
    def name(self) -> str:
        """The scene as one looks for it in the report."""
        return " ".join((f"{self.view}, {self.state}: /{self.path}", *self.steps))


RULE = f"plans/ecommerce/events/Order%20Completed?source={KEY}"
# Views without a server's content have one state; a call is only beside the list of calls; only
# that list can be paused; and a dialog is where something is asked or chosen.
SCENES = (
    Scene("calls", "empty", ""),
    Scene("calls", "empty", f"?source={KEY}-2"),
    Scene("calls", "filled", ""),
    Scene("calls", "filled", "?q=is:bad"),
    Scene("calls", "filled", "?plain=1"),
    Scene("calls", "filled", "", ("press j v j v",)),
    Scene("calls", "filled", "", ("press / t y",)),
    Scene("calls", "call open", "?call=call-1"),
    Scene("calls", "call open", "", ("press j Enter",), (1280,)),
    Scene("calls", "dialog open", "", ("press ?",)),
    Scene("calls", "dialog open", "", ("press c",)),
    Scene("calls", "dialog open", "", ("press j v j v d",), (1280,)),
    Scene("calls", "dialog open", "", ("click #scope summary",)),
    Scene("calls", "error", "?q=usr:u1"),
    Scene("calls", "error", "", ("lose",)),
    Scene("calls", "paused", "", ("press p",)),
    Scene("call", "filled", "calls/call-1"),
    Scene("call", "opened", "calls/call-1", ("open",)),
    *(
        Scene("call", "filled", f"calls/call-1?tab={tab}")
        for tab in ("message", "raw", "request", "deliveries", "plan", "user")
    ),
    Scene("call", "error", "calls/call-99"),
    Scene("compare", "filled", "calls/call-2/compare/call-1"),
    Scene("compare", "error", "calls/call-2/compare/call-99"),
    Scene("sources", "empty", "sources"),
    Scene("sources", "filled", "sources"),
    Scene("sources", "opened", "sources", ("open",)),
    Scene("sources", "filled", "sources?search=nothing"),
    Scene("sources", "error", "sources?sort=none"),
    Scene("sources", "error", "sources?nonsense=1"),
    Scene("sources", "error", "sources", ("lose",)),
    Scene("source", "empty", f"sources/{KEY}-2"),
    Scene("source", "filled", f"sources/{KEY}"),
    Scene("source", "opened", f"sources/{KEY}", ("open",)),
    Scene("source", "dialog open", f"sources/{KEY}", ("click #forget summary",)),
    Scene("source", "dialog open", f"sources/{KEY}", ("click #delete summary",)),
    Scene("source", "error", "sources/nowhere"),
    Scene("plans", "empty", "plans"),
    Scene("plans", "empty", f"plans?source={KEY}-2"),
    Scene("plans", "filled", "plans"),
    Scene("plans", "filled", f"plans?source={KEY}"),
    Scene("plans", "filled", f"plans?source={KEY}&show=unseen"),
    Scene("plans", "opened", f"plans?source={KEY}", ("open",)),
    Scene("plans", "error", "plans?show=none"),
    Scene("rule", "filled", RULE),
    Scene("rule", "opened", RULE, ("open",)),
    Scene("rule", "error", f"plans/ecommerce/events/Nothing?source={KEY}"),
    Scene("destinations", "empty", "destinations"),
    Scene("destinations", "filled", "destinations"),
    Scene("destinations", "opened", "destinations", ("open",)),
    Scene("destinations", "error", "destinations", ("lose",)),
    Scene(
        "destinations",
        "error",
        "destinations",
        (
            "open",
            "fill #connect [name=source]=x",
            "fill #connect [name=url]=no",
            "click #connect button",
            "see .outcome.bad",
        ),
    ),
    Scene("destination", "empty", f"destinations/candu-1?source={KEY}"),
    *(
        Scene("destination", "filled", f"destinations/userengage-1?tab={tab}")
        for tab in ("state", "reached", "deliveries", "actions", "settings")
    ),
    Scene("destination", "filled", "destinations/webhook-1"),
    Scene("destination", "opened", "destinations/userengage-1", ("open",)),
    Scene("destination", "opened", "destinations/userengage-1?tab=reached", ("open",)),
    Scene(
        "destination",
        "dialog open",
        "destinations/userengage-1?tab=settings",
        ("click #remove summary",),
    ),
    Scene("destination", "error", "destinations/nowhere-1"),
    Scene("deliveries", "empty", "deliveries"),
    Scene("deliveries", "filled", "deliveries"),
    Scene("deliveries", "filled", "deliveries?state=failed"),
    Scene("deliveries", "error", "deliveries?status=x"),
    Scene("deliveries", "error", "deliveries", ("lose",)),
    Scene("faults", "empty", "faults"),
    Scene("faults", "filled", "faults"),
    Scene("faults", "filled", f"faults?source={KEY}"),
    Scene(
        "faults",
        "error",
        "faults",
        ("fill [name=status]=999", "click #fault > button", "see .outcome.bad"),
    ),
    Scene("truth", "empty", "truth"),
    Scene("truth", "filled", "truth"),
    Scene("truth", "filled", f"truth?source={KEY}"),
    Scene("truth", "error", f"truth?source={KEY}&fate=none"),
    Scene("requests", "empty", "requests"),
    Scene("requests", "filled", "requests"),
    Scene("requests", "filled", "requests?answered=refused"),
    Scene("requests", "error", "requests?before=x"),
    Scene("request", "filled", "requests/req-1"),
    Scene("request", "opened", "requests/req-4", ("open",)),
    Scene("request", "error", "requests/req-999"),
    Scene("help", "filled", "help"),
    Scene("help", "error", "help?nonsense=1"),
    Scene("manual", "filled", "manual/"),
    Scene("manual", "filled", "manual/settings"),
    Scene("manual", "error", "manual/nothing"),
)
SAMPLE = (
    *(Scene("calls", "empty", "", (), (1280,)), Scene("calls", "filled", "", (), (390,))),
    Scene("calls", "dialog open", "", ("press j v j v d",), (1280,)),
    Scene("calls", "dialog open", "", ("press c",), (390,)),
    Scene("calls", "filled", "", ("press / t y",), (1280,)),
    Scene("calls", "call open", "?call=call-1", (), (1280,)),
    *(Scene("call", "filled", "calls/call-1", (), (320,)),),
    *(Scene("calls", "error", "?q=usr:u1", (), (1280,)),),
    *(Scene("plans", "filled", f"plans?source={KEY}", (), (390,)),),
    *(Scene("faults", "filled", "faults", (), (1280,)),),
    *(Scene("destination", "opened", "destinations/userengage-1", ("open",), (320,)),),
)


async def fill(url: str) -> None:
    """Give a server calls, good and bad, a plan, destinations, a fault and a refused request."""
    control = f"{url}/_mockseg/v1"
    async with ClientSession() as client:

        async def post(address: str, body: object) -> None:
            async with client.post(address, json=body) as answer:
                assert answer.status < 500 or address.endswith("/track"), await answer.text()

        source = {"writeKey": KEY, "name": "checkout", "catalogue": ["ecommerce"]}
        await post(f"{control}/sources", source)
        await post(f"{control}/sources", {"writeKey": f"{KEY}-2"})
        await post(f"{control}/destinations", {"type": "userengage", "source": KEY})
        await post(f"{control}/destinations", {"type": "candu", "source": f"{KEY}-2"})
        # A service that is not there: its deliveries are retried.
        service = {"url": "http://127.0.0.1:1/"}
        webhook = {"type": "webhook", "source": KEY, "settings": service}
        await post(f"{control}/destinations", webhook)
        for total in ("42", 42):
            message = {
                "writeKey": KEY,
                "userId": "u1",
                "event": "Order Completed",
                "properties": {"total": total, "products": [{"product_id": "p1"}]},
            }
            await post(f"{url}/v1/track", message)
        await post(f"{url}/v1/track", {"writeKey": KEY, "event": "Anonymous"})
        await post(f"{url}/v1/v1/track", {"writeKey": KEY})
        fault = {"source": KEY, "effect": {"status": 503}, "times": 1}
        await post(f"{control}/faults", fault)
        lost = {"writeKey": KEY, "userId": "u2", "event": "Lost", "messageId": "m-1"}
        await post(f"{url}/v1/track", lost)
        await post(f"{control}/faults", fault | {"times": 2})
        await post(f"{control}/settle", {"timeout": 5, "retries": False})


async def _play(page: Any, url: str, scene: Scene) -> None:
    """Open the view, and do there what brings it into its state."""
    if "lose" in scene.steps:
        await page.route("**/_mockseg/v1/feed*", lambda route: route.abort())
    await page.goto(f"{url}/_mockseg/{scene.path}")
    for step in scene.steps:
        does, _, what = step.partition(" ")
        if does == "press":
            await page.wait_for_selector("#grid:not([hidden])")
            for key in what.split():
                await page.keyboard.press(key)
        elif does == "click":
            await page.locator(what).first.click()
        elif does == "fill":
            selector, _, text = what.rpartition("=")
            await page.locator(selector).fill(text)
        elif does == "see":
            await page.locator(what).first.wait_for()
        elif does == "open":
            await page.evaluate(OPEN_ALL)
        elif does == "lose":
            notice = page.locator("#changed, #notice").filter(has_text="No answer")
            await notice.wait_for()
    await page.wait_for_load_state("load")


async def judge(page: Any, url: str, scene: Scene) -> list[str]:
    """Return what axe finds in the cells of a scene, a line for each rule, element and reason."""
    found: dict[str, dict[str, None]] = {}
    for width in scene.widths:
        await page.set_viewport_size({"width": width, "height": 800})
        await _play(page, url, scene)
        for frame in page.frames:
            await frame.evaluate(AXE.axe_script)
        for scheme, rules in zip(SCHEMES, (RULES, OF_COLOURS), strict=True):
            await page.emulate_media(color_scheme=scheme)
            for each in [
                each for frame in page.frames for each in await frame.evaluate(RUN, rules)
            ]:
                line = f"{each['kind']} {each['rule']} ({each['why']}) at {each['html']}"
                found.setdefault(line, {})[f"{scheme} {width}"] = None
        await page.unroute_all()
    return [f"  {line} [{', '.join(cells)}]" for line, cells in found.items()]


@contextlib.asynccontextmanager
async def stage(chromium: str) -> AsyncIterator[tuple[Any, str, str]]:
    """Give a tab, and the addresses of an empty and of a filled server."""
    async with (
        serve(Settings(port=0)) as empty,
        serve(Settings(port=0)) as filled,
        async_playwright() as playwright,
    ):
        await fill(filled.url)
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page, empty.url, filled.url
        await browser.close()


def _url(scene: Scene, empty: str, filled: str) -> str:
    """Return the server that a scene is of: an empty source is beside others."""
    return empty if scene.state == "empty" and KEY not in scene.path else filled


@pytest.mark.timeout(600)  # a browser, on a machine that may be busy
async def test_axe_finds_nothing(chromium: str) -> None:
    """In the sample: filled views, a call open, an error, light and dark, wide and narrow."""
    async with stage(chromium) as (page, empty, filled):
        wrong = [
            f"{scene.name}: {line}"
            for scene in SAMPLE
            for line in await judge(page, _url(scene, empty, filled), scene)
        ]
    assert wrong == []


async def judge_all(chromium: str, scenes: Iterable[Scene]) -> int:
    """Judge scenes, print a line for each and what is wrong; return 1 where something is."""
    cells = wrong = 0
    async with stage(chromium) as (page, empty, filled):
        for scene in scenes:
            began = time.perf_counter()
            try:
                lines = await judge(page, _url(scene, empty, filled), scene)
                cells += len(scene.widths) * len(SCHEMES)
            except Exception as error:  # noqa: BLE001  (one scene that fails ends no other)
                lines = [f"  not judged: {type(error).__name__}: {error}"]
            wrong += len(lines)
            spent = time.perf_counter() - began
            head = f"{scene.name}  {len(lines)} found, {spent:.1f} s"
            print(head, *lines, sep="\n", flush=True)  # noqa: T201
    print(f"{cells} cells, {wrong} found")  # noqa: T201
    return int(wrong > 0)


def _chosen() -> list[Scene]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--view", action="append", help="only this view; may be repeated")
    parser.add_argument("--shard", default="1/1", help="which part of how many, such as 1/4")
    parser.add_argument("--list", action="store_true", help="print the scenes and stop")
    asked = parser.parse_args()
    part, _, parts = asked.shard.partition("/")
    chosen = [each for each in SCENES if not asked.view or each.view in asked.view]
    chosen = chosen[int(part) - 1 :: int(parts)]
    if asked.list:
        print(*(scene.name for scene in chosen), sep="\n")  # noqa: T201
        sys.exit(f"{2 * sum(len(scene.widths) for scene in chosen)} cells")
    return chosen


if __name__ == "__main__":
    asked = _chosen()
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("no chromium in PATH (Debian: apt-get install chromium)")
    sys.exit(asyncio.run(judge_all(path, asked)))
