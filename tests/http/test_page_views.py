"""The views of the page beside calls and sources, as they come and without a script."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from aiohttp import ClientError
from markupsafe import escape

from mockseg.operations.calls import ImportCalls, ImportedCall

KEY = "k-shop"


async def shown(client: Any, path: str, *, status: int = 200) -> str:
    """Fetch a view as a reader sees it, with single blanks and without markup."""
    async with client.get(f"/_mockseg/{path}") as answer:
        assert answer.status == status, await answer.text()
        html = (await answer.text()).partition("</header>")[2].partition("<footer>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


async def track(client: Any, event: str = "Order Completed", **more: Any) -> None:
    """Send a track call."""
    message = {"writeKey": KEY, "userId": "u1", "event": event, "messageId": f"m {event}", **more}
    await client.post("/v1/track", json=message)


@pytest.fixture(name="shop")
async def _shop(client: Any) -> Any:
    """A client of a server with a source that has a plan and a destination."""
    source = {"writeKey": KEY, "name": "checkout", "catalogue": ["ecommerce"]}
    await client.post("/_mockseg/v1/sources", json=source)
    await client.post("/_mockseg/v1/destinations", json={"type": "userengage", "source": KEY})
    return client


@pytest.mark.parametrize(("view", "order"), [("plans", ""), ("truth", ", worst first")])
async def test_views_of_one_source_ask_for_it(shop: Any, view: str, order: str) -> None:
    """Without one they name those that there are."""
    text = await shown(shop, view)
    assert f"Choose a source{order}: checkout , 0 calls" in text


async def test_plans_tell_what_was_seen_and_what_no_plan_knows(shop: Any) -> None:
    """Each rule with its calls, and how much of it was exercised."""
    await track(shop, properties={"order_id": "5", "total": 42})
    await track(shop, "Oder Completed")
    text = await shown(shop, f"plans?source={KEY}")
    assert "rules were never seen, 1 seen and not asserted on." in text
    assert "Events that no plan knows Oder Completed , 1; did you mean Order Completed?" in text
    assert re.search(r"Order Completed ecommerce 1 2 of 24 2 of 24 properties\.", text)
    assert "1 of 28 rules seen, 0 asserted on, " in text
    assert "Show: all 28 · unseen 27 · unasserted 1 · unplanned 1 · bad 0 ·" in text
    await track(shop, "Order Completed", messageId="m2", properties={"total": "42"})
    bad = await shown(shop, f"plans?source={KEY}&show=bad")
    assert re.search(r"Order Completed ecommerce 2 1 ▲ ", bad)
    assert "Product Viewed" not in bad
    assert "Order Completed" not in await shown(shop, f"plans?source={KEY}&show=unseen")


async def test_a_rule_is_told_as_a_person_reads_it(shop: Any) -> None:
    """What it asks of each property, what was seen of it, a good message, and who broke it."""
    await track(shop, properties={"order_id": "5", "total": "42"})
    plans = await (await shop.get(f"/_mockseg/plans?source={KEY}")).text()
    address = f"plans/ecommerce/events/Order%20Completed?source={KEY}"
    assert f'<a href="/_mockseg/{address}">Order Completed</a>' in plans
    text = await shown(shop, address)
    assert "Seen 1 time, asserted on 0; 2 of 24 properties" in text
    assert 'order_id string for example "order-90210" exercised' in text
    assert "affiliation string never exercised" in text
    assert "A message that it allows" in text
    assert "call-1 u1 properties.total: Invalid Type accepted" in text
    html = await (await shop.get(f"/_mockseg/{address}")).text()
    (found,) = re.findall(r'<a href="([^"]*)">All 1 of them', html)
    assert "1 of 1 calls that match" in await shown(shop, unescape(found)[len("/_mockseg/") :])


async def test_a_rule_of_the_catalogue_needs_no_source(client: Any) -> None:
    """Other kinds of calls have rules too; an event or a plan that is unknown is 404."""
    assert "None of the calls that are kept" in await shown(client, "plans/spec/events/identify")
    assert "at most 100 characters" in await shown(client, "plans/spec/events/common")
    for path in ("plans/spce/events/identify", "plans/spec/events/idnetify"):
        async with client.get(f"/_mockseg/{path}") as answer:
            assert answer.status == 404
            assert "did you mean" in (await answer.json())["error"]["message"]


async def test_a_rule_of_any_schema_is_told(client: Any) -> None:
    """Whatever the schema says, and however the event is named."""
    name = 'a/b {c}"<i> %2F'
    odd = {
        "type": "object",
        "required": ["properties"],
        "allOf": [{"required": ["userId"]}, {"if": {"minProperties": 3}, "then": {}}, True],
        "anyOf": [{"required": ["a"]}, {}],
        "properties": {
            "properties": {
                "properties": {"a": True, "b": False, "c": {"items": [{}]}, "d": {"format": "uri"}}
            }
        },
    }
    rule = {"type": "TRACK", "key": name, "version": 1, "jsonSchema": odd}
    source = {"writeKey": KEY, "plan": {"name": "odd", "rules": [rule]}}
    async with client.post("/_mockseg/v1/sources", json=source) as answer:
        assert answer.status == 201, await answer.text()
    html = await (await client.get(f"/_mockseg/plans?source={KEY}")).text()
    (address,) = re.findall(r'<a href="/_mockseg/(plans/odd/[^"]*)">', html)
    text = await shown(client, unescape(address))
    assert "Never seen." in text
    assert "properties a any b nothing c any d any format uri" in text


async def test_a_source_without_a_plan_says_how_one_is_chosen(client: Any) -> None:
    """And that Segment's own rules judge."""
    await track(client)
    assert "No plan: calls are judged by Segment's own rules" in await shown(
        client, f"plans?source={KEY}"
    )


async def test_deliveries_are_found_by_state_and_destination(shop: Any) -> None:
    """Newest first, each with its answers or the reason why it went nowhere."""
    await track(shop)
    await track(shop, "Held Back", integrations={"All": False})
    async with shop.post("/_mockseg/v1/settle", json={"timeout": 5}) as answer:
        assert answer.status == 200, await answer.text()
    text = await shown(shop, "deliveries")
    assert text.index("Held Back") < text.index("Order Completed")
    filtered = await shown(shop, "deliveries?state=filtered&destination=userengage-1")
    assert "Held Back" in filtered
    assert "Order Completed" not in filtered
    assert "No delivery of these." in await shown(shop, "deliveries?state=failed")


async def test_a_destination_shows_what_reached_it(shop: Any) -> None:
    """With the vendor's state, the settings and what can be done there."""
    await track(shop)
    async with shop.post("/_mockseg/v1/settle", json={"timeout": 5}) as answer:
        assert answer.status == 200, await answer.text()
    for tab, expected in {
        "": "What the vendor has",
        "?tab=state": "What the vendor has",
        "?tab=reached": "segment POST",
        "?tab=deliveries": "delivered 200",
        "?tab=actions": "fail",
        "?tab=settings": "Send no more calls to it",
    }.items():
        text = await shown(shop, f"destinations/userengage-1{tab}")
        assert expected in text, tab
        assert "State Reached it Deliveries Actions Settings" in text
    async with shop.get("/_mockseg/destinations/userengage-1?tab=none") as answer:
        assert answer.status == 422
    await shown(shop, "destinations")
    async with shop.get("/_mockseg/destinations/none") as answer:
        assert answer.status == 404


async def test_a_service_of_ones_own_has_no_state_here(client: Any) -> None:
    """Only where its calls go is known."""
    how = {"type": "webhook", "source": KEY, "settings": {"url": "http://127.0.0.1:9/hook"}}
    await client.post("/_mockseg/v1/destinations", json=how)
    text = await shown(client, "destinations/webhook-1")
    assert "http://127.0.0.1:9/hook" in text
    assert "What the vendor has" not in text
    # So its first part is another one, whatever an old address asks for.
    assert "No delivery to it is kept" in text
    assert "No delivery to it is kept" in await shown(client, "destinations/webhook-1?tab=state")


async def test_no_destination_says_how_one_is_connected(client: Any) -> None:
    """Instead of an empty table."""
    assert "No destination is connected" in await shown(client, "destinations")
    assert "No delivery." in await shown(client, "deliveries")


async def test_truth_follows_each_message(shop: Any) -> None:
    """What became of it, and each of its attempts."""
    assert "No message came." in await shown(shop, f"truth?source={KEY}")
    fault = {"source": KEY, "effect": {"status": 503}, "times": 1}
    await shop.post("/_mockseg/v1/faults", json=fault)
    await track(shop)
    await track(shop)
    text = await shown(shop, f"truth?source={KEY}")
    assert re.search(r"m Order Completed call-1 delivered once 503 → \+\d+\.\d\d s 200", text)
    assert "all 1 · delivered once 1 · delivered twice 0" in text
    assert "No message has this fate." in await shown(shop, f"truth?source={KEY}&fate=lost")


async def test_requests_are_found_by_their_answer(shop: Any) -> None:
    """Newest first; one of them is shown whole, its JSON indented with numbers as sent."""
    await shop.post("/v1/track", data=b'{"writeKey":"k-shop","userId":"u","event":"E","a":1.0}')
    await shop.post("/v1/v1/t", json={"writeKey": KEY})
    text = await shown(shop, "requests")
    assert text.index("POST /v1/v1/t") < text.index("POST /v1/track")
    assert "POST /v1/track" not in await shown(shop, "requests?answered=refused")
    assert "POST /v1/v1/t" not in await shown(shop, "requests?answered=accepted")
    assert '"a": 1.0' in await shown(shop, "requests/req-1")
    assert "No call of it is kept." in await shown(shop, "requests/req-2")


async def test_requests_go_back_in_pages(client: Any) -> None:
    """A hundred each."""
    assert "No request is kept." in await shown(client, "requests")
    for number in range(101):
        await client.post("/v1/track", data=f"{number}")
    async with client.get("/_mockseg/requests") as answer:
        (older,) = re.findall(
            r'href="/_mockseg/(requests\?[^"]*before=[^"]*)"', await answer.text()
        )
    assert (await shown(client, unescape(older))).count("POST /v1/track") == 1


async def test_help_shows_lines_with_the_key_of_the_source(client: Any) -> None:
    """And how calls are found, and what a green page does not prove."""
    text = await shown(client, f"help?source={KEY}")
    assert f'"{KEY}"' in text
    assert "What a green page does not prove" in text


async def test_a_call_shows_what_is_wrong_at_its_place(shop: Any) -> None:
    """In the message, with what was filled in, what is missing, and the rule that it breaks."""
    await track(shop, properties={"order_id": "5", "total": "42"})
    text = await shown(shop, "calls/call-1")
    assert 'total "42" = \N{MINUS SIGN} Invalid type. Expected: number, given: string' in text
    assert re.search(r'receivedAt "[^"]+" filled in', text)
    assert 'TRACK "Order Completed" plan ecommerce broken properties.total: Invalid type' in text
    await track(shop, "Order Completed", messageId="m2", properties=[])
    assert "properties [0] properties is an array, not an object" in await shown(
        shop, "calls/call-2"
    )


async def test_a_call_in_the_pane_has_no_bar_and_may_stand_in_our_frame(client: Any) -> None:
    """By itself it may stand in no frame."""
    await track(client)
    for query, ancestors in (("", "'none'"), ("?pane=1", "'self'")):
        async with client.get(f"/_mockseg/calls/call-1{query}") as answer:
            html = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
        assert f"frame-ancestors {ancestors};" in policy
        assert ("<header>" in html) == (not query)
        assert ('<base target="_parent">' in html) == bool(query)
        # The list beside it copies.
        assert ('id="copy"' in html) == (not query)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("calls/call-9", 404, "unknown_call"),
        ("plans/none/events/Order", 404, "unknown_plan"),
        ("destinations/dst-9", 404, "unknown_destination"),
        ("?column=red", 422, "invalid_parameter"),
    ],
)
async def test_what_is_wrong_is_a_page_for_a_browser(
    client: Any, path: str, status: int, code: str
) -> None:
    """And JSON for others; beside the list of calls it has no bar."""
    accepted = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with client.get(f"/_mockseg/{path}", headers=accepted) as answer:
        html = await answer.text()
        assert (answer.status, answer.content_type) == (status, "text/html")
    async with client.get(f"/_mockseg/{path}") as answer:
        error = (await answer.json())["error"]
        assert (answer.status, error["code"]) == (status, code)
    assert f"<h1>{status}: {code}</h1>" in html
    assert str(escape(error["message"])) in html
    assert "<header>" in html
    async with client.get("/_mockseg/calls/call-9?pane=1", headers=accepted) as answer:
        assert "<header>" not in await answer.text()
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


async def test_minutes_lead_to_their_calls(client: Any) -> None:
    """The timeline has the last hour, good below and bad above."""
    await track(client, "good")
    await track(client, "bad", userId=None)
    async with client.get("/_mockseg/") as answer:
        html = await answer.text()
    addresses = re.findall(
        r'<a href="/_mockseg/([^"]*)"[^>]* aria-label="[^"]*: 1 good, 1 bad"', html
    )
    assert addresses[-1].startswith("?from=")
    text = await shown(client, unescape(addresses[-1]))
    assert "2 of 2 calls that match" in text
    assert html.count('class="span"') == 60


async def test_an_address_names_a_span_of_time(client: Any) -> None:
    """The list, the numbers and the file are of it; the timeline shows what is around it."""
    moment = "2026-01-31T12:00:30.000Z"
    calls = [
        {"source": KEY, "message": message, "receivedAt": received}
        for message, received in (
            ({"type": "track", "userId": "u", "event": "early"}, "2026-01-31T12:00:10Z"),
            ({"type": "track", "event": "late"}, moment),
        )
    ]
    async with client.post("/_mockseg/v1/calls/import", json={"calls": calls}) as answer:
        assert answer.status == 200
    for name, event, bad in (("from", "late", 1), ("to", "early", 0)):
        text = await shown(client, f"?{name}={moment}&q=type:track&plain=1")
        assert "1 of 1 calls that match" in text
        async with client.get("/_mockseg/", params={name: moment, "q": "type:track"}) as answer:
            html = await answer.text()
        assert f'data-quick="bad">{bad}<' in html
        assert html.count("data-shown") > 0
        # All columns are there, and a form keeps the span.
        assert html.count('class="span"') == 60
        assert f'<input type="hidden" name="{name}" value="{moment}">' in html
        key = "after" if name == "from" else "before"
        assert f'data-q="type:track {key}:&#34;{moment}&#34;"' in html
        async with client.get("/_mockseg/calls.ndjson", params={name: moment}) as answer:
            lines = (await answer.text()).splitlines()
        assert [json.loads(line)["event"] for line in lines] == [event]
    html = await shown(client, f"?from={moment}&to={moment}")
    assert "None of 2 calls matches." in html


async def test_a_plain_list_is_a_table_in_pages(client: Any) -> None:
    """Without the script of the list; each page leads to the older and the newer one."""
    for number in range(230):
        await track(client, f"e{number}")
    path, pages = "?plain=1&q=type:track", []
    for rel in ("next", "next", "prev", "prev"):
        async with client.get(f"/_mockseg/{path}") as answer:
            html = await answer.text()
        assert "calls.js" not in html
        assert '<input type="hidden" name="plain" value="1">' in html
        pages.append(re.findall(r'calls/call-(\d+)"', html)[0])
        path = unescape(re.findall(rf'"/_mockseg/([^"]*)#calls" rel="{rel}"', html)[0])
    assert pages == ["230", "130", "30", "130"]
    async with client.get(f"/_mockseg/{path}") as answer:
        html = await answer.text()
    assert 'rel="prev"' not in html
    assert ">Live list</a>" in html


async def test_a_call_is_shown_part_by_part(client: Any) -> None:
    """Whole without ``tab``; beside the list the message first. A finding leads to its value."""
    await track(client, properties=[])
    parts = ("message", "raw", "request", "deliveries", "plan", "user")
    for query, ids in (
        ("", parts),
        ("?pane=1", parts[:1]),
        *((f"?tab={part}", (part,)) for part in parts),
    ):
        async with client.get(f"/_mockseg/calls/call-1{query}") as answer:
            html = await answer.text()
        assert [part for part in parts if f'<h2 id="{part}"' in html] == list(ids)
        now = re.findall(r'data-tab="([a-z]+)"[^>]* aria-current="true"', html)
        assert now == (list(ids) if len(ids) == 1 else [])
    async with client.get("/_mockseg/calls/call-1?tab=raw") as answer:
        html = await answer.text()
    target = re.findall(r'href="([^"]*)" target="_self">in the message', html)[0]
    path, _, place = unescape(target).partition("#")
    assert path == "/_mockseg/calls/call-1?tab=message"
    async with client.get(path) as answer:
        assert f'id="{place}"' in await answer.text()


async def test_the_timeline_has_longer_columns_and_what_else_happened(client: Any) -> None:
    """Faults and clears at their place, and in words; its own address has it alone."""
    await track(client, "one")
    fault = {"source": "k", "effect": {"status": 503}}
    async with client.post("/_mockseg/v1/faults", json=fault) as answer:
        assert answer.status == 201
    for address in ("/_mockseg/?column=3600", "/_mockseg/timeline?column=3600"):
        async with client.get(address) as answer:
            html = await answer.text()
        assert answer.status == 200
        assert html.count('data-length="3600000"') == 60
        assert html.count('class="happened fault_added"') == 1
        assert "k: fault added, fault-1: " in unescape(html)
        assert "Content-Security-Policy" in answer.headers
    assert 'href="/_mockseg/?column=3600"' in html
    async with client.get("/_mockseg/timeline?q=is:bda") as answer:
        assert answer.status == 422


async def test_the_calls_of_a_view_are_a_file(client: Any) -> None:
    """All pages of it, as lines to import; what is wrong with a query is told instead."""
    for number in range(130):
        await track(client, f"e{number}")
    await track(client, "e1", writeKey='../other "shop"')
    found = {"source": KEY, "q": "-event:e7", "since": "2", "at": "129"}
    async with client.get("/_mockseg/calls.ndjson", params=found) as answer:
        lines = (await answer.text()).splitlines()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="k-shop.ndjson"'
    events = [json.loads(line)["event"] for line in lines]
    assert events == [f"e{number}" for number in range(2, 129) if number != 7]
    async with client.get("/_mockseg/calls.ndjson", params={"source": '../other "shop"'}) as answer:
        assert len((await answer.text()).splitlines()) == 1
    assert answer.headers["Content-Disposition"] == 'attachment; filename="other-shop.ndjson"'
    async with client.get("/_mockseg/calls.ndjson", params={"q": "event:nothing"}) as answer:
        assert await answer.text() == ""
    async with client.get("/_mockseg/calls.ndjson?q=is:bda") as answer:
        assert answer.status == 422


async def test_a_download_is_cut_where_calls_were_evicted(open_client: Any) -> None:
    """A browser then says that it failed: a file with a hole would look whole."""
    small = await open_client(max_calls=200)
    call = ImportedCall(source=KEY, message={"type": "track", "userId": "u", "event": "e"})
    await small.hub.perform("import_calls", ImportCalls(calls=[call] * 150))
    pages, perform = 0, small.hub.perform

    async def meanwhile(name: str, asked: Any) -> Any:
        nonlocal pages
        pages += name == "list_calls"
        if name == "list_calls" and pages == 2:
            await perform("import_calls", ImportCalls(calls=[call] * 200))
        return await perform(name, asked)

    for query in ("", f"?source={KEY}"):
        pages = 0
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(small.hub, "perform", meanwhile)
            async with small.get(f"/_mockseg/calls.ndjson{query}") as answer:
                assert answer.status == 200
                with pytest.raises(ClientError):
                    await answer.read()
        # Nothing is evicted meanwhile: it is whole.
        async with small.get(f"/_mockseg/calls.ndjson{query}") as answer:
            assert len((await answer.text()).splitlines()) == 200
