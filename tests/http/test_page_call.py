"""One call on the page, without a script: its header, and where each part of it leads."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mockseg.operations.calls import GetCall

KEY = "k-shop"
EVENT = "Order Completed"


async def html_of(client: Any, path: str) -> str:
    """Fetch a part of the page."""
    async with client.get(f"/_mockseg/{path}") as answer:
        assert answer.status == 200, await answer.text()
        html: str = (await answer.text()).partition('<main id="main">')[2]
    return html


def text_of(html: str) -> str:
    """Return the text of markup with single blanks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def links(html: str, text: str) -> list[str]:
    """Return the addresses of the links with a text or a name, without the page's path."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"([^>]*)>(.*?)</a>', html)
    named = [
        unescape(address).removeprefix("/_mockseg/")
        for address, attributes, inner in found
        if text in {unescape(inner), *unescape(attributes).split('"')}
    ]
    assert named, f"no link {text}"
    return named


@pytest.fixture(name="shop")
async def _shop(client: Any) -> Any:
    """A client of a server with a source that has a plan and a destination."""
    source = {"writeKey": KEY, "name": "checkout", "catalogue": ["ecommerce"]}
    await client.post("/_mockseg/v1/sources", json=source)
    await client.post("/_mockseg/v1/destinations", json={"type": "userengage", "source": KEY})
    return client


async def track(client: Any, **more: Any) -> None:
    """Send a track call."""
    message = {"writeKey": KEY, "userId": "u1", "event": EVENT, "messageId": "m 1", **more}
    await client.post("/v1/track", json=message)


async def test_the_header_says_what_the_call_is(shop: Any) -> None:
    """Type, label, verdict, id, time, source, user, messageId, attempt and place in its batch."""
    batch = [{"type": "track", "userId": f"u{n}", "event": f"E{n}"} for n in range(3)]
    await shop.post("/v1/batch", json={"writeKey": KEY, "batch": batch})
    html = await html_of(shop, "calls/call-2")
    text = text_of(html)
    assert re.search(r"track E1 accepted with findings call-2 \d{4}-\S+Z ·", text)
    assert "source k-shop · user u1 · message" in text
    assert "attempt 1 of 1 · message 2 of 3 in req-1" in text
    assert links(html, "u1")[0] == "?source=k-shop&q=user%3Au1"
    assert links(html, "E1")[0] == "?source=k-shop&q=event%3AE1"
    assert links(html, "req-1")[0] == "requests/req-1"


async def test_attempts_and_duplicates_lead_to_each_other(shop: Any) -> None:
    """The header has their number, the request the time between them."""
    for _ in range(2):
        await track(shop)
    html = await html_of(shop, "calls/call-2")
    assert "attempt 2 of 2 earlier" in text_of(html)
    assert "duplicate of call-1" in text_of(html)
    assert "dropped" in text_of(html).partition("with findings")[0]
    assert links(html, "earlier") == ["calls/call-1"]
    assert links(html, "m 1")[0] == "?source=k-shop&q=message%3A%22m+1%22"
    assert re.search(
        r"Its messageId came 2 times req-1 answered 200 , \w+ \+\d\.\d\d s req-2 answered 200",
        text_of(await html_of(shop, "calls/call-2?tab=request")),
    )


async def test_the_other_messages_of_a_batch_are_named(shop: Any) -> None:
    """Fifty at most; those that were evicted are counted."""
    batch = [{"type": "track", "userId": "u", "event": f"E{n}"} for n in range(53)]
    await shop.post("/v1/batch", json={"writeKey": KEY, "batch": batch})
    await shop.hub.perform("clear_call", GetCall(id="call-1"))
    html = await html_of(shop, "calls/call-3?tab=request")
    text = text_of(html)
    assert "Messages of this request 2. track E1 accepted 3. track E2 accepted 4." in text
    assert "… and 2 more" in text
    assert "1 of its 53 calls are no longer kept." in text
    assert links(html, "track E3") == ["calls/call-4"]


async def test_a_finding_leads_to_its_place_its_rule_and_its_like(shop: Any) -> None:
    """In the same document where it is whole, else in the part that has it."""
    await track(shop, properties={"order_id": "5", "total": "42"})
    for path, other in (("calls/call-1", ""), ("calls/call-1?tab=user", "calls/call-1?tab=")):
        html = await html_of(shop, path)
        (place,), (rule,) = links(html, "in the message"), links(html, "the rule")
        assert place.startswith(f"{other}message#" if other else "#value-")
        assert rule.startswith(f"{other}plan#rule-1" if other else "#rule-1")
        found = links(html, "filter")[0]
        assert parse_qs(urlsplit(found).query) == {
            "source": [KEY],
            "q": ["field:properties.total code:invalid_type"],
        }
    assert "1 of 1 calls that match" in text_of(await html_of(shop, found))
    for address, anchor in ((place, place.partition("#")[2]), (rule, "rule-1")):
        assert f'id="{anchor}"' in await html_of(shop, address.partition("#")[0])


async def test_many_findings_are_opened(shop: Any) -> None:
    """Three stand above the message."""
    products = [{"price": "x"} for _ in range(5)]
    await track(shop, properties={"products": products})
    html = await html_of(shop, "calls/call-1")
    before, opened = html.partition("<summary>2 more findings</summary>")[::2]
    assert before.count("in the message") == 3
    assert opened.partition("</details>")[0].count("in the message") == 2


async def test_values_lead_to_calls_with_them_and_without(shop: Any) -> None:
    """They add to the query of the list that the call was opened from."""
    for number, total in enumerate((42, "42", 43)):
        await track(shop, messageId=f"m{number}", properties={"total": total})
    for call, finds in (("call-1", 1), ("call-2", 1)):
        html = await html_of(shop, f"calls/{call}?tab=message&q=type:track")
        written = "=42" if call == "call-1" else '"42"'
        (only,) = [each for each in links(html, "=") if "total" in each]
        (without,) = [each for each in links(html, "\N{MINUS SIGN}") if "total" in each]
        term = f"properties.total:{written}"
        assert parse_qs(urlsplit(only).query)["q"] == [f"type:track {term}"]
        assert parse_qs(urlsplit(without).query)["q"] == [f"type:track -{term}"]
        assert f"{finds} of {finds} calls" in text_of(await html_of(shop, only))
        assert f"{3 - finds} of {3 - finds} calls" in text_of(await html_of(shop, without))
    # Other parts keep that query.
    assert links(html, "Plan")[0] == "calls/call-2?tab=plan&q=type%3Atrack#plan"


async def test_what_was_sent_stands_beside_the_message(shop: Any) -> None:
    """Without a script: what is added, changed and gone, what is twice, and how it is spelled."""
    body = r'{"writeKey":"k-shop","\u0065vent":"E","userId":"u","properties":{"a":1,"a":1.0}}'
    await shop.post("/v1/track", data=body, headers={"Content-Type": "application/json"})
    text = text_of(await html_of(shop, "calls/call-1?tab=raw"))
    assert re.search(r"Beside the message: \d added, 2 gone\. Sent more than once: a\.", text)
    assert r'"\u0065vent": "E", ← reads "event"' in text
    assert '\N{MINUS SIGN} "writeKey": "k-shop", ← not in the message' in text
    assert '\N{MINUS SIGN} "a": 1, ← sent 2 times: the last one counts; not in the message' in text
    assert '"a": 1.0 ← sent 2 times: this one counts' in text
    assert re.search(r'\+ "receivedAt": "\S+" ← filled in', text)


async def test_the_rule_is_shown_with_the_keyword_that_failed(shop: Any) -> None:
    """What is allowed, and a message that would be good, which is; other rules are satisfied."""
    await track(shop, properties={"order_id": "5", "total": "42"})
    await track(shop, messageId="m2", properties={"order_id": "5", "total": 42})
    html = await html_of(shop, "calls/call-1?tab=plan")
    text = text_of(html)
    assert f'TRACK "{EVENT}" plan ecommerce broken' in text
    assert "Allowed: number; for example 108.0" in text
    assert "At /properties/properties/properties/total/type :" in text
    assert re.search(r'▶ type: "number" ← this failed', text)
    assert "A message that it allows" in text
    assert links(html, f'TRACK "{EVENT}"')[0].startswith("plans/ecommerce/events/Order%20")
    good = text_of(await html_of(shop, "calls/call-2?tab=plan"))
    assert f'TRACK "{EVENT}" plan ecommerce satisfied' in good
    assert "No rule of a plan is broken." in good


async def test_a_plan_without_examples_or_without_the_event_is_told(client: Any) -> None:
    """And a source without a plan."""
    rule = {
        "type": "TRACK",
        "key": "Own",
        "version": 1,
        "jsonSchema": {
            "type": "object",
            "properties": {
                "properties": {
                    "type": "object",
                    "required": ["a"],
                    "properties": {"a": {"enum": [1, 2]}, "b": {"enum": ["x" * 300, "y" * 300]}},
                }
            },
        },
    }
    common = {**rule, "type": "COMMON", "key": None, "jsonSchema": {"required": ["context"]}}
    source = {"writeKey": KEY, "plan": {"name": "own", "rules": [rule, common]}}
    async with client.post("/_mockseg/v1/sources", json=source) as answer:
        assert answer.status == 201, await answer.text()
    await track(client, event="Own", properties={"b": "z"})
    await track(client, event="Other", messageId="m2", context={})
    await client.post("/v1/track", json={"writeKey": "k2", "userId": "u", "event": "e"})
    own = text_of(await html_of(client, "calls/call-1?tab=plan"))
    assert '▶ required: ["a"] ← this failed' in own
    assert "properties: {…}" in own
    assert "The plan has no example of it." in own
    assert '▶ required: ["context"] ← this failed' in own
    other = text_of(await html_of(client, "calls/call-2?tab=plan"))
    assert "COMMON plan own satisfied" in other
    assert "The source has no plan" in text_of(await html_of(client, "calls/call-3?tab=plan"))


async def test_a_user_is_followed_from_before_the_id(shop: Any) -> None:
    """With the gaps, and a line where the anonymousId became a userId; others are not theirs."""
    calls = [
        {"anonymousId": "a", "event": "First"},
        {"anonymousId": "a", "userId": "u", "event": "Second"},
        {"anonymousId": "b", "event": "Stranger"},
        {"userId": "u", "event": "Third"},
        {"anonymousId": "a", "userId": "v", "event": "Shared device"},
    ]
    imported = [
        {
            "source": KEY,
            "message": {"type": "track", **call},
            "receivedAt": f"2026-01-31T12:00:{number * number * 4:02}Z",
        }
        for number, call in enumerate(calls)
    ]
    async with shop.post("/_mockseg/v1/calls/import", json={"calls": imported[:4]}) as answer:
        assert answer.status == 200, await answer.text()
    text = text_of(await html_of(shop, "calls/call-2?tab=user"))
    steps = text.partition("before and after")[2]
    assert re.search(
        r"12:00:00.000 track First accepted Here the visitor became user u"
        r" 12:00:04.000 \+4.0 s track Second accepted"
        r" 12:00:36.000 \+32 s track Third accepted All calls of this user",
        steps,
    ), steps
    assert "Stranger" not in steps
    assert "track Second" in text_of(await html_of(shop, "calls/call-1?tab=user"))
    await track(shop, userId="v", anonymousId="a", event="Shared device", messageId="m9")
    assert "Shared" not in text_of(await html_of(shop, "calls/call-2?tab=user"))


async def test_a_call_without_any_id_says_so(client: Any) -> None:
    """Nothing can be looked for."""
    await track(client, userId=None)
    assert "neither a userId nor an anonymousId" in text_of(
        await html_of(client, "calls/call-1?tab=user")
    )


async def test_deliveries_show_what_was_sent_and_noted(shop: Any) -> None:
    """And can be repeated with a form."""
    await track(shop)
    async with shop.post("/_mockseg/v1/settle", json={"timeout": 5}) as answer:
        assert answer.status == 200, await answer.text()
    html = await html_of(shop, "calls/call-1?tab=deliveries")
    text = text_of(html)
    assert re.search(r"userengage-1 delivered attempt 1: 200 after \d+\.\d ms", text)
    assert "What was sent to it POST" in text
    fields = dict(re.findall(r'name="(call|destination|source)" value="([^"]*)"', html))
    assert fields == {"call": "call-1", "destination": "userengage-1", "source": KEY}
    origin = f"http://{shop.address[0]}:{shop.address[1]}"
    async with shop.post(
        "/_mockseg/deliveries/again",
        data=fields,
        headers={"Origin": origin},
        allow_redirects=False,
    ) as answer:
        assert answer.status == 303, await answer.text()
    async with shop.post("/_mockseg/v1/settle", json={"timeout": 5}) as answer:
        assert answer.status == 200
    again = text_of(await html_of(shop, "calls/call-1?tab=deliveries"))
    assert again.count("userengage-1 delivered") == 2
