"""The forms of the page as a browser without a script sends them, and as no other page can."""

from __future__ import annotations

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
