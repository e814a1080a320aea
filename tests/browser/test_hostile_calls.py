"""Whatever an application sends is text on the page: in every view, as it arrives, in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# A browser on a busy machine takes its time; this only ends what hangs.
PATIENCE_MS = 90_000
# In each value that is sent, so that it is found wherever it ends.
MARK = "mkr"
TEXTS = [
    f"<img src=x onerror=window.hacked=1>{MARK}",
    f'"><script>window.hacked=1</script>{MARK}',
    f"' autofocus onfocus='window.hacked=1' {MARK}='",
    f"javascript:window.hacked=1//{MARK}",
    f"data:text/html,<script>window.hacked=1</script>{MARK}",
    f"//evil.example/{MARK}",
    f"{MARK}; position: fixed; background: url(//evil.example/{MARK})",
    f"</pre></script><style>*{{display:none}}</style>{MARK}",
    f"{{{{7*7}}}}{{% raw %}}${{7*7}}{MARK}",
    f"\u202egnp.{MARK}\u2066\u200b\x07\x1b[2J\x7f",
    f"\ud800{MARK}\udfff",
    MARK + "x" * 5000,
]
KEYS = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "a.b", "~0/~1", *TEXTS]
# What the document has of what was sent, outside of texts.
# A form answers for a field of its own that is called `attributes`: so its class is asked.
INSPECT = """() => {
  const wrong = []
  const { get: attributesOf } = Object.getOwnPropertyDescriptor(Element.prototype, 'attributes')
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName
    if (['img', 'style', 'object', 'embed'].includes(name)) wrong.push(name)
    if (name === 'base' && element.hasAttribute('href')) wrong.push(name)
    if (name === 'script' && !element.getAttribute('src')?.startsWith('/_mockseg/static/')) {
      wrong.push('script')
    }
    for (const { name: attribute, value } of attributesOf.call(element)) {
      const at = `${name} ${attribute}=${value.slice(0, 80)}`
      if (/^(on|srcdoc$)/.test(attribute)) wrong.push(at)
      if (/^(class|id|for|style)$/.test(attribute) && value.includes('mkr')) wrong.push(at)
      if (/^(href|src|action|formaction)$/.test(attribute) &&
          new URL(value, location.href).origin !== location.origin) wrong.push(at)
      if (/^(href|src|action|formaction)$/.test(attribute) && !/^(\\/_mockseg\\/|#)/.test(value)) {
        wrong.push(at)
      }
    }
  }
  if (window.hacked !== undefined || ({}).hacked !== undefined) wrong.push('hacked')
  if (document.scrollingElement.scrollWidth > innerWidth) wrong.push('scrolls sideways')
  return wrong
}"""
VIEWS = (
    *("", f"?q={quote(TEXTS[0])}", f"?source={quote(TEXTS[1])}", f"?q={quote('usr:' + TEXTS[2])}"),
    *("sources", "plans", f"plans?source={quote(TEXTS[0])}", "destinations", "deliveries"),
    *("faults", f"faults?source={quote(TEXTS[1])}", "truth", f"truth?source={quote(TEXTS[1])}"),
    *("requests", "requests?answered=refused", "help", f"sources/{quote(TEXTS[0])}"),
    *(
        f"destinations/userengage-1?tab={tab}"
        for tab in ("state", "reached", "deliveries", "actions", "settings")
    ),
)


def messages() -> list[dict[str, Any]]:
    """Return messages that try to be more than text, at every place."""
    deep: Any = 1
    for _ in range(200):
        deep = {"d": deep}
    made: list[dict[str, Any]] = [
        {
            "writeKey": text,
            "userId": text,
            "event": text,
            "messageId": f"{text[:60]} {place}",
            "properties": {text: text, "nested": {text: [text, {text: text}]}},
            "context": {"library": {"name": text, "version": text}, "page": {"url": text}},
            "integrations": {text: text},
        }
        for place, text in enumerate(TEXTS)
    ]
    odd: tuple[dict[str, Any], ...] = (
        {key: {"hacked": 1, key: "v"} for key in KEYS},
        {"deep": deep},
        {"list": list(range(15_000))},
        {"numbers": [9007199254740993, -0.0, 1e300, 1.0]},
    )
    common = {"writeKey": TEXTS[0], "userId": "u", "event": "Odd"}
    made += [{**common, "properties": properties} for properties in odd]
    made.append({"writeKey": TEXTS[1], "event": 5, "userId": TEXTS[1], "type": TEXTS[2]})
    return made


async def send(url: str, sent: list[dict[str, Any]]) -> None:
    """Send messages with headers and paths that are hostile too."""
    async with aiohttp.ClientSession() as session:
        for message in sent:
            body = json.dumps(message)
            headers = {
                "Content-Type": "application/json",
                "User-Agent": f'<b onclick="hacked=1">{MARK}',
                f"X-{MARK}": "javascript:window.hacked=1",
            }
            path = f"{url}/v1/track?a=<script>{MARK}"
            async with session.post(path, data=body, headers=headers) as answer:
                assert answer.status in {200, 400}
        async with session.post(f"{url}/v1/<svg onload=hacked=1>{MARK}", data=b"<x>") as answer:
            assert answer.status == 404


@pytest.fixture
async def page(url: str, chromium: str) -> AsyncIterator[Any]:
    """Give a page of a browser; it asks nobody but this server, and no dialog is opened."""
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_MS)
        page.on("requestfinished", lambda request: asked.append(request.url))
        # What the policy refuses is not sent.
        page.on(
            "requestfailed",
            lambda request: asked.append(request.url) if request.failure != "csp" else None,
        )
        page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
        yield page
        await browser.close()
    assert [each for each in asked if not each.startswith(f"{url}/_mockseg/")] == []


async def test_no_view_takes_what_was_sent_for_more_than_text(page: Any, url: str) -> None:
    """Neither markup nor address, class, identity or style; nothing asks another server."""
    sent = messages()
    async with aiohttp.ClientSession() as session:
        source = {"writeKey": TEXTS[0], "name": TEXTS[1], "catalogue": ["ecommerce"]}
        destination = {"type": "userengage", "source": TEXTS[1], "name": TEXTS[2]}
        fault = {"source": "k", "match": {"event": TEXTS[0]}, "effect": {"status": 503}}
        for path, body in (("sources", source), ("destinations", destination), ("faults", fault)):
            async with session.post(f"{url}/_mockseg/v1/{path}", json=body) as answer:
                assert answer.status == 201, await answer.text()
    await send(url, sent)
    calls = [f"calls/call-{number}" for number in range(1, len(sent) + 1)]
    requests = [f"requests/req-{number}" for number in (1, 2, len(sent) + 1)]
    for path in (*VIEWS, *calls, *requests):
        await page.goto(f"{url}/_mockseg/{path}")
        assert await page.evaluate(INSPECT) == [], path
        if path in calls:
            assert MARK in await page.inner_text("main") or "Odd" in await page.inner_text("main")


async def test_what_arrives_is_text_too(page: Any, url: str) -> None:
    """Rows that a script makes, and a call that is opened beside them."""
    await page.goto(f"{url}/_mockseg/")
    sent = messages()
    await send(url, sent)
    for number in (1, len(TEXTS), len(sent)):
        link = page.locator(f'a[href="/_mockseg/calls/call-{number}"]').first
        await expect(link).to_be_visible(timeout=PATIENCE_MS)
        assert await page.evaluate(INSPECT) == []
    # What turns text round is shown as an escape.
    assert "\u202e" not in await page.inner_text("body")
    await page.locator(f'a[href="/_mockseg/calls/call-{1}"]').first.click()
    shown = page.frame_locator("#pane-frame").locator("h1")
    await expect(shown).to_contain_text(MARK, timeout=PATIENCE_MS)
    for frame in page.frames:
        assert await frame.evaluate(INSPECT) == []


async def test_no_script_of_the_same_origin_runs(page: Any, url: str) -> None:
    """The server answers JSONP and serves an app's own scripts: none of them is ours."""
    await page.goto(f"{url}/_mockseg/")
    tries = {
        "jsonp": "import('/v1/page?callback=hacked&data=e30=')",
        "analytics.js": "import('/analytics.js/v1/k/analytics.min.js')",
        "a call": "import('/_mockseg/v1/calls')",
        "markup": "document.body.innerHTML = '<b>'",
        "a script's address": "document.createElement('script').src = '/v1/t?callback=hacked'",
        "a worker": "new Worker('/v1/t?callback=hacked')",
        "a policy": "trustedTypes.createPolicy('mine', {})",
        "another server": "fetch('http://127.0.0.1:9/')",
    }
    for name, what in tries.items():
        outcome = await page.evaluate(
            f"async () => {{ try {{ await ({what}) }} catch (error) {{ return String(error) }} }}"
        )
        assert outcome is not None, name
    style = """async () => {
      const link = Object.assign(document.createElement('link'), {
        rel: 'stylesheet', href: '/v1/page?callback=hacked'
      })
      const ended = new Promise((end) => { link.onerror = () => end('refused'); link.onload = end })
      document.head.append(link)
      return ended
    }"""
    assert await page.evaluate(style) == "refused"
    assert await page.evaluate("window.hacked") is None
