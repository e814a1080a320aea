"""The page's list of sources, as it comes and without a script."""

from __future__ import annotations

import re
from typing import Any

import pytest

PATH = "/_mockseg/sources"


async def shown(client: Any, query: str = "") -> str:
    """Fetch the page; give it with single blanks."""
    async with client.get(PATH + query) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        return re.sub(r"\s+", " ", await answer.text())


def keys(html: str) -> list[str]:
    """Give the write keys that are shown, in their order."""
    return re.findall(r'href="/_mockseg/sources/([^"]*)" title="[^"]*"><code>', html)


async def opened(client: Any, key: str, *events: str, **settings: Any) -> None:
    """Open a source with settings and send it events; an empty one is dropped."""
    how = {"json": {"writeKey": key, **settings}}
    async with client.post("/_mockseg/v1/sources", **how) as answer:
        assert answer.status == 201
    for event in events:
        message = {"writeKey": key, "userId": "u", "event": event}
        async with client.post("/v1/track", json=message) as answer:
            assert answer.status == 200


@pytest.fixture(name="filled")
async def _filled(client: Any) -> Any:
    """A client of a server with three sources."""
    await opened(client, "k-shop", "A", "B", "", name="checkout", catalogue=["userguiding"])
    await opened(client, "k-app", "A", name="App")
    await opened(client, "k-idle")
    return client


async def test_a_server_without_a_source_says_how_one_opens(client: Any) -> None:
    """And offers nothing to search."""
    assert "No source is open: one opens when something is sent" in await shown(client)


async def test_each_source_stands_with_its_numbers(filled: Any) -> None:
    """Name, key, calls, bad ones, plans, destinations, faults and clock."""
    for path, body in (
        ("destinations", {"type": "userguiding", "source": "k-shop"}),
        ("faults", {"source": "k-shop", "effect": {"delay": 0}, "times": 1}),
        ("clock/advance", {"source": "k-shop", "seconds": 90_000}),
    ):
        async with filled.post(f"/_mockseg/v1/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
    html = await shown(filled, "?search=CHECK")
    assert keys(html) == ["k-shop"]
    (row,) = re.findall(r"<tr> <td><a [^>]*>checkout.*?</tr>", html)
    cells = re.findall(r'<td class="number[ a-z]*"[^>]*>(.*?)</td>', row)
    numbers = [re.sub(r"<[^>]*>", "", cell).strip() for cell in cells]
    assert numbers == ["3", "3", "0", "1", "1 ▲", "+25 h"]
    # By its own clock.
    assert re.search(r'title="[0-9-]{10}T[^"]+">1 d ago<', row)
    assert "userguiding" in row
    assert "1 source<" in html


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("recent", ["k-idle", "k-app", "k-shop"]),
        ("idle", ["k-shop", "k-app", "k-idle"]),
        ("name", ["k-app", "k-shop", "k-idle"]),
        ("calls", ["k-shop", "k-app", "k-idle"]),
        ("bad", ["k-shop", "k-idle", "k-app"]),
    ],
)
async def test_sources_are_sorted_by_the_server(filled: Any, sort: str, order: list[str]) -> None:
    """The page and the operation have one order."""
    assert keys(await shown(filled, f"?sort={sort}")) == order
    async with filled.get(f"/_mockseg/v1/sources?sort={sort}&skip=1&limit=1") as answer:
        listed = await answer.json()
    assert ([each["writeKey"] for each in listed["sources"]], listed["total"]) == (order[1:2], 3)


async def test_many_sources_are_shown_in_pages(client: Any) -> None:
    """A link leads on, for as long as there are some, and keeps search and order."""
    for number in range(201):
        await opened(client, f"key-{number:03}")
    first = await shown(client, "?search=key-&sort=name")
    assert "1 to 200 of 201 sources" in first
    (following,) = re.findall(r'href="/_mockseg/sources(\?[^"]+)"', first)
    second = await shown(client, following.replace("&amp;", "&"))
    assert keys(first) + keys(second) == [f"key-{number:03}" for number in range(201)]
    assert "Further sources" not in second


async def test_a_search_that_finds_nothing_says_so(filled: Any) -> None:
    """With what was typed, as text."""
    html = await shown(filled, "?search=%3Cscript%3E")
    assert "No source has a name or a write key that contains this." in html
    assert 'value="&lt;script&gt;"' in html
    assert "<script>" not in html


async def test_a_key_of_markup_is_text(client: Any) -> None:
    """And its link leads to it."""
    message = {"writeKey": '"><img src=x>', "userId": "u", "event": "E"}
    async with client.post("/v1/track", json=message) as answer:
        assert answer.status == 200
    html = await shown(client)
    assert "<img" not in html
    assert keys(html) == ["%22%3E%3Cimg%20src%3Dx%3E"]


async def test_a_wrong_parameter_is_named(client: Any) -> None:
    """With the nearest."""
    async with client.get(f"{PATH}?sort=nmae") as answer:
        assert answer.status == 422
        assert (await answer.json())["error"]["details"]["nearest"] == "name"
