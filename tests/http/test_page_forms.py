"""The forms of the page as a browser without a script sends them, and as no other page can."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from mockseg.operations.table import PREFIX

KEY = "k-shop"


async def send(client: Any, path: str, *, accept: str = "text/html,*/*", **form: str) -> Any:
    """Send a form of the page as a browser does; follow nothing."""
    host, port = client.address
    headers = {
        "Origin": f"http://{host}:{port}",
        "Sec-Fetch-Site": "same-origin",
        "Referer": f"http://{host}:{port}/_mockseg/sources",
        "Accept": accept,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = urlencode(form).encode()
    return await client.post(f"/_mockseg/{path}", data=body, headers=headers, allow_redirects=False)


def form_routes(client: Any) -> list[str]:
    """Find the addresses of all forms, with an example for each variable of a path."""
    resources = client.runner.app.router.resources()
    paths = {
        resource.canonical
        for resource in resources
        for route in resource
        if route.method == "POST"
        and resource.canonical.startswith("/_mockseg/")
        and not resource.canonical.startswith((PREFIX, "/_mockseg/v1/"))
    }
    return sorted(path.replace("{", "").replace("}", "") for path in paths)


async def test_no_form_is_taken_from_elsewhere(client: Any) -> None:
    """Neither of another page, nor without a word about where it comes from, nor as JSON."""
    host, port = client.address
    own = {"Origin": f"http://{host}:{port}", "Sec-Fetch-Site": "same-origin"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    routes = form_routes(client)
    assert "/_mockseg/sources/writeKey/delete" in routes
    for path in routes:
        for headers, status in (
            (form, 403),
            ({**form, "Origin": "http://evil.example"}, 403),
            ({**form, "Origin": "null"}, 403),
            ({**form, **own, "Sec-Fetch-Site": "cross-site"}, 403),
            ({**own, "Content-Type": "text/plain"}, 415),
            ({**own, "Content-Type": "application/json"}, 415),
        ):
            async with client.post(path, data=b"a=b", headers=headers) as answer:
                assert answer.status == status, (path, headers)


async def test_a_form_leads_back_to_what_it_changed(client: Any, hub: Any) -> None:
    """To load the page again does not send it again."""
    opened = await send(client, "sources", name="shop", writeKey=KEY)
    assert (opened.status, opened.headers["Location"]) == (303, f"/_mockseg/sources/{KEY}")
    await send(client, f"sources/{KEY}/clock", seconds="90000")
    html = unescape(await (await client.get(f"/_mockseg/sources/{KEY}")).text())
    assert "+25 h of the server's time" in html
    assert "Delete shop with 0 calls, its settings, 0 destinations and 0 faults?" in html
    assert "pytest --mockseg-url http://" in html
    settings = {"name": "checkout", "edge": "2018", "dedup": "source", "errorBody": "edge"}
    settings |= {"region": "any", "strictness": "lenient", "plan.ecommerce": "1"}
    changed = await send(client, f"sources/{KEY}/settings", **settings)
    assert changed.status == 303
    behaviour = hub.sources.get(KEY).behaviour
    # What is not checked is not sent.
    assert (behaviour.name, behaviour.edge, behaviour.enabled) == ("checkout", "2018", False)
    deleted = await send(client, f"sources/{KEY}/delete")
    assert (deleted.status, deleted.headers["Location"]) == (303, "/_mockseg/sources")
    assert hub.sources.get(KEY) is None


async def test_what_changes_nothing_says_so(client: Any) -> None:
    """As a document for a reader, as JSON for the page's script."""
    await send(client, "sources", writeKey=KEY)
    same = {"name": "", "enabled": "1", "edge": "2026", "dedup": "source", "errorBody": "edge"}
    same |= {"region": "any", "strictness": "lenient"}
    answer = await send(client, f"sources/{KEY}/settings", **same)
    html = await answer.text()
    assert answer.status == 200
    assert "<h1>Nothing was changed: the form says what is in force.</h1>" in html
    assert '<a href="/_mockseg/sources">Back</a>' in html
    answer = await send(client, f"sources/{KEY}/settings", accept="application/json", **same)
    assert (await answer.json())["to"] is None


async def test_what_is_wrong_with_a_form_is_told(client: Any) -> None:
    """With a way back to it; nothing was changed."""
    await send(client, "sources", writeKey=KEY)
    for path, form, said in (
        ("sources", {"writeKey": KEY}, f'the source "{KEY}" is open already'),
        (f"sources/{KEY}/settings", {"edge": "1999"}, '"1999"'),
        (f"sources/{KEY}/settings", {"colour": "red"}, 'unknown parameter "colour"'),
        (f"sources/{KEY}/clock", {"seconds": "5"}, '`seconds` is "5"'),
        ("sources/none/delete", {}, 'unknown source "none"'),
    ):
        answer = await send(client, path, **form)
        html = unescape(re.sub(r"\s+", " ", await answer.text()))
        assert answer.status in {404, 409, 422}, path
        assert said in html
        assert 'Nothing was changed. <a href="/_mockseg/sources">Back to the form</a>' in html


async def test_a_message_is_validated_and_a_plan_is_inferred(client: Any) -> None:
    """Nothing is recorded of what is pasted; the plan is a file."""
    source = {"writeKey": KEY, "catalogue": ["ecommerce"]}
    await client.post("/_mockseg/v1/sources", json=source)
    message = {"type": "track", "userId": "u", "event": "Order Completed"}
    bad = json.dumps([{**message, "properties": {"total": "42"}}, {"type": "track"}])
    answer = await send(client, f"plans/validate?source={KEY}", messages=bad)
    html = unescape(re.sub(r"\s+", " ", await answer.text()))
    assert "<h1>0 good, 2 bad by the plans of the source.</h1>" in html
    assert "Message 1: accepted: properties.total: Invalid type. Expected: number" in html
    assert "Message 2: dropped: " in html
    answer = await send(client, f"plans/validate?source={KEY}", messages="{")
    assert "the message is not JSON" in await answer.text()
    assert (await client.get(f"/_mockseg/plans/inferred.json?source={KEY}")).status == 404
    await client.post("/v1/track", json={"writeKey": KEY, **message, "properties": {"a": 1}})
    inferred = await client.get(f"/_mockseg/plans/inferred.json?source={KEY}")
    assert inferred.headers["Content-Disposition"] == 'attachment; filename="plan.json"'
    plan = await inferred.json()
    other = {"writeKey": "other", "plan": plan}
    async with client.post("/_mockseg/v1/sources", json=other) as opened:
        assert opened.status == 201, await opened.text()
    assert "Order Completed" in await (await client.get("/_mockseg/plans?source=other")).text()


async def test_a_request_tells_what_it_would_have_been_answered(client: Any) -> None:
    """Without its fault; with its body raw and in hexadecimal, and as a curl command."""
    for effect in ({"status": 503}, {"delay": 0}):
        fault = {"source": KEY, "effect": effect, "times": 1}
        await client.post("/_mockseg/v1/faults", json=fault)
    body = json.dumps({"writeKey": KEY, "userId": "u", "event": "It's"})
    for data in (body, body, b'{"\xff":1}'):
        await client.post("/v1/track", data=data, headers={"X-Own": "a b"})
    first, second, third = [
        unescape(
            re.sub(r"<[^>]*>", "", await (await client.get(f"/_mockseg/requests/{id_}")).text())
        )
        for id_ in ("req-1", "req-2", "req-3")
    ]
    assert "Its calls were not recorded." in first
    assert "Without the fault it would have been answered 200." in first
    assert "Its calls were recorded all the same." in second
    assert "would have been answered 200, too." in second
    assert "000000  7b 22 77 72 69 74 65 4b 65 79 22 3a" in first
    host, port = client.address
    assert "curl -s -X POST -H 'X-Own: a b'" in first
    assert (
        f"""--data-binary '{body.replace("'", chr(39) + chr(34) + chr(39) + chr(34) + chr(39))}'"""
        in first
    )
    assert f"http://{host}:{port}/v1/track" in first
    assert "Body, which is not UTF-8" in third
    assert "base64 -d | curl -s" in third
    assert "Without the fault" not in third


async def test_a_delivery_is_found_by_reason_and_status(client: Any, hub: Any) -> None:
    """And delivered again, alone; one that is no longer kept is told."""
    await client.post("/_mockseg/v1/destinations", json={"type": "userengage", "source": KEY})
    for event in ("A", "B"):
        message = {"writeKey": KEY, "userId": "u", "event": event}
        await client.post("/v1/track", json=message)
    held = {"writeKey": KEY, "userId": "u", "event": "Held", "integrations": {"All": False}}
    await client.post("/v1/track", json=held)
    await client.post("/_mockseg/v1/settle", json={"timeout": 5})
    for query, events in (
        ("reason=FILTERED_BY_INTEGRATIONS_OBJECT", ["Held"]),
        ("status=200", ["B", "A"]),
        ("status=500", []),
    ):
        html = await (await client.get(f"/_mockseg/deliveries?{query}")).text()
        assert re.findall(r"<td>track (\w+)</td>", html) == events, query
        path = f"/_mockseg/v1/deliveries?order=newest&{query}"
        listed = await (await client.get(path)).json()
        assert [each["event"] for each in listed["deliveries"]] == events
    form = {"call": "call-1", "destination": "userengage-1", "source": KEY}
    assert (await send(client, "deliveries/again", **form)).status == 303
    await client.post("/_mockseg/v1/settle", json={"timeout": 5})
    html = await (await client.get("/_mockseg/deliveries")).text()
    assert re.findall(r"<td>track (\w+)</td>", html) == ["A", "Held", "B", "A"]
    answer = await send(client, "deliveries/again", **{**form, "call": "call-9"})
    assert "call-9 is no longer kept" in await answer.text()
    counted = await (await client.get("/_mockseg/v1/destinations?counts=true")).json()
    counts = counted["destinations"][0]["counts"]
    assert (counts["delivered"], counts["filtered"], counts["failed"]) == (3, 1, 0)
    assert (
        "No delivery waits any more."
        in await (await send(client, "deliveries/advance", source=KEY)).text()
    )
