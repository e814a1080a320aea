"""The page's forms for faults: no script, one way back, and closed to every other page."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from mockseg.faults.scenarios import SCENARIOS
from mockseg.operations.base import OfSource

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.operations.faults import FaultView

ADD, CLEAR = "/_mockseg/faults", "/_mockseg/faults/clear"


def own(client: Any, **more: str) -> dict[str, str]:
    """Give the headers that a browser sends with a form of our own page."""
    host, port = client.address
    return {"Origin": f"http://{host}:{port}", "Sec-Fetch-Site": "same-origin", **more}


async def send(client: Any, path: str, *, source: str | None = None, **form: Any) -> Any:
    """Send the form of a source's page as a browser does, or of that of all; follow nothing."""
    query = "" if source is None else f"?source={quote(source)}"
    headers = own(client, **{"Content-Type": "application/x-www-form-urlencoded"})
    body = urlencode(form).encode()
    return await client.post(path + query, data=body, headers=headers, allow_redirects=False)


async def page(client: Any, source: str = "k") -> str:
    """Fetch the page of a source as a reader sees it."""
    answer = await client.get(f"/_mockseg/faults?source={quote(source)}")
    assert answer.status == 200
    return unescape(await answer.text())


async def faults(hub: Hub) -> list[FaultView]:
    """Give the faults in force."""
    listed: Any = await hub.perform("list_faults", OfSource())
    return list(listed.faults)


async def test_the_page_of_a_source_offers_every_scenario_and_says_that_nothing_is_broken(
    client: Any,
) -> None:
    """The form is there before there is any call, with a sentence for each scenario."""
    html = await page(client)
    assert "None: every request is answered as Segment would." in html
    for name, scenario in SCENARIOS.items():
        assert f'name="scenario" value="{name}"' in html
        assert scenario.says in html


async def test_a_form_adds_a_fault_and_leads_back_to_the_page(client: Any, hub: Hub) -> None:
    """Status, Retry-After, delay and times become one fault of this source; then a redirect."""
    form = {"status": "503", "retryAfter": " 1 ", "delay": "0.5", "times": "2", "scenario": ""}
    answer = await send(client, ADD, source="a/b &c", **form)
    assert (answer.status, await answer.read()) == (303, b"")
    assert answer.headers["Location"] == "/_mockseg/faults?source=a%2Fb+%26c"
    (fault,) = await faults(hub)
    (rule,) = fault.rules
    assert (fault.source, rule.times) == ("a/b &c", 2)
    assert rule.words == "status 503, Retry-After 1, delay 0.5 s"
    assert "0 of 2" in await page(client, "a/b &c")


async def test_a_form_says_what_a_fault_would_hit(client: Any, hub: Hub) -> None:
    """Of the requests that came, by their links; nothing is added, and nothing typed is lost."""
    for event in ("Signed Up", "Order Completed"):
        message = {"writeKey": "k", "userId": "u", "event": event}
        assert (await client.post("/v1/track", json=message)).status == 200
    form = {"type": "track", "event": "Signed Up", "status": "503", "times": "2", "dry": "1"}
    answer = await send(client, ADD, source="k", **form)
    html = " ".join(unescape(await answer.text()).split())
    assert answer.status == 200
    sentence = 'Of source "k": the next 2 requests with type track, event Signed Up: status 503.'
    assert f"{sentence} It would have hit 1 of the newest 2 recorded requests" in html
    assert '<a href="/_mockseg/requests/req-1">req-1</a>' in html
    assert 'value="Signed Up"' in html
    assert await faults(hub) == []
    del form["dry"]
    assert (await send(client, ADD, source="k", **form)).status == 303
    (fault,) = await faults(hub)
    assert (fault.rules[0].match.type, fault.rules[0].match.event) == ("track", "Signed Up")


async def test_a_form_adds_a_scenario(client: Any, hub: Hub) -> None:
    """By its name; the fields beside it stay empty."""
    empty = {"status": "", "retryAfter": "", "delay": "", "times": ""}
    assert (await send(client, ADD, source="k", scenario="lost-ack", **empty)).status == 303
    (fault,) = await faults(hub)
    assert (fault.scenario, fault.source) == ("lost-ack", "k")


async def test_a_fault_that_was_added_hits_and_is_counted(client: Any) -> None:
    """What the page adds is what POST /faults adds."""
    await send(client, ADD, source="k", status="503")
    message = {"writeKey": "k", "userId": "u", "event": "e"}
    statuses = [(await client.post("/v1/track", json=message)).status for _ in range(2)]
    assert statuses == [503, 200]
    assert "1 of 1" in await page(client)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"status": "999"}, '`status` is "999": it must be a whole number <= 599'),
        ({"status": "no"}, '`status` is "no": it must be a whole number'),
        ({"delay": "-1"}, '`delay` is "-1": it must be a number >= 0'),
        ({"retryAfter": "soon"}, '`retryAfter` is "soon": it must be a whole number'),
        ({"status": "503", "times": "0"}, '`times` is "0": it must be a whole number >= 1'),
        ({"status": "503", "times": "x"}, '`times` is "x": it must be a whole number or one of'),
        ({"scenario": "lost-akc"}, 'unknown scenario "lost-akc"; did you mean "lost-ack"?'),
        ({"scenario": "slow", "status": "503"}, "`effect` contradicts `scenario`"),
        ({"times": "2"}, "a fault needs an effect, or a scenario"),
        ({}, "a fault needs an effect, or a scenario"),
    ],
)
async def test_a_wrong_form_is_shown_again_with_what_is_wrong(
    client: Any, hub: Hub, form: dict[str, str], said: str
) -> None:
    """422, the error beside the form, everything that was typed still there; nothing applied."""
    answer = await send(client, ADD, source="k", **form)
    assert (answer.status, answer.content_type) == (422, "text/html")
    html = unescape(await answer.text())
    assert f'role="alert">Nothing was added: {said}' in html
    for name in set(form) - {"scenario"}:
        assert f'name="{name}" value="{form[name]}"' in html
    assert await faults(hub) == []


async def test_what_was_typed_is_text_when_it_is_shown_again(client: Any) -> None:
    """No value of a form is an element of the page."""
    attack = '"><script>alert(1)</script>'
    answer = await send(client, ADD, source=attack, status=attack, scenario=attack)
    html = await answer.text()
    assert answer.status == 422
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") >= 3


async def test_buttons_remove_one_fault_or_all_of_the_source(client: Any, hub: Hub) -> None:
    """One by its id; the source's own at once; those of others stay."""
    for source in ("k", "k", "k", "other"):
        await send(client, ADD, source=source, status="503")
    first = (await faults(hub))[0]
    html = await page(client)
    assert html.count(">Remove<") == 3
    assert "Remove all 3 of this source" in html
    answer = await send(client, CLEAR, source="k", id=first.id)
    assert (answer.status, answer.headers["Location"]) == (303, "/_mockseg/faults?source=k")
    assert len(await faults(hub)) == 3
    assert (await send(client, CLEAR, source="k")).status == 303
    assert [fault.source for fault in await faults(hub)] == ["other"]


async def test_the_page_of_all_sources_removes_too(client: Any, hub: Hub) -> None:
    """It lists every fault; the way back is to itself."""
    for source in ("k", "other"):
        await send(client, ADD, source=source, status="503")
    html = unescape(await (await client.get("/_mockseg/faults")).text())
    assert html.count(">Remove<") == 2
    assert "Remove all 2<" in html
    answer = await send(client, CLEAR)
    assert (answer.status, answer.headers["Location"]) == (303, "/_mockseg/faults")
    assert await faults(hub) == []


async def test_a_fault_that_is_gone_already_is_no_error(client: Any) -> None:
    """Two people press the same button; both see the page without the fault."""
    assert (await send(client, CLEAR, source="k", id="fault-1")).status == 303


async def test_requests_without_a_write_key_have_faults_of_their_own(client: Any, hub: Hub) -> None:
    """The page of no key adds to no key, and comes back to itself."""
    answer = await send(client, ADD, source="", status="503")
    assert answer.headers["Location"] == "/_mockseg/faults?source="
    assert [fault.source for fault in await faults(hub)] == [""]


FOREIGN: list[dict[str, str | None]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": None, "Sec-Fetch-Site": None},
    {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    {"Origin": None, "Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Host": "rebound.example"},
]


@pytest.mark.parametrize("path", [ADD, CLEAR])
@pytest.mark.parametrize("changed", FOREIGN, ids=str)
async def test_a_form_that_does_not_come_from_our_page_is_refused(
    client: Any, hub: Hub, path: str, changed: dict[str, str | None]
) -> None:
    """Another origin, none at all, another site, a name that was bound to us: 403, no change."""
    await send(client, ADD, source="k", status="500")
    headers = {**own(client), "Sec-Fetch-Mode": "navigate", **changed}
    sent = {name: value for name, value in headers.items() if value is not None}
    answer = await client.post(path + "?source=k", data={"status": "503"}, headers=sent)
    assert answer.status == 403
    assert (await answer.json())["error"]["code"] in {"foreign_origin", "foreign_host"}
    assert [fault.rules[0].words for fault in await faults(hub)] == ["status 500"]


async def test_a_browser_that_only_says_one_of_both_may_send_the_form(
    client: Any, hub: Hub
) -> None:
    """Older ones send an Origin and no Sec-Fetch-Site; that is enough, and so is the other."""
    for left_out in ("Sec-Fetch-Site", "Origin"):
        headers = {name: value for name, value in own(client).items() if name != left_out}
        form = {"status": "503"}
        answer = await client.post(ADD, data=form, headers=headers, allow_redirects=False)
        assert answer.status == 303
    assert len(await faults(hub)) == 2


@pytest.mark.parametrize("declared", ["text/plain", "application/json", "multipart/form-data"])
async def test_a_form_is_taken_in_one_form_only(client: Any, hub: Hub, declared: str) -> None:
    """What is not declared as the form that our page sends is 415."""
    headers = own(client, **{"Content-Type": declared})
    answer = await client.post(ADD, data=b"status=503", headers=headers)
    assert answer.status == 415
    assert await faults(hub) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"status=503&stauts=1", 422),
        (b"status=503&status=504", 422),
        (b"scenario=" + b"k" * 100_000, 413),
        (b"&".join(b"a=%d" % number for number in range(1000)), 422),
        (b"scenario=%ff%00&status=\xff", 422),
        (b"scenario=" + b"k" * 60_000, 422),
        (b"status=" + b"9" * 60_000, 422),
        (b"", 422),
    ],
)
async def test_a_form_that_is_none_of_ours_changes_nothing(
    client: Any, hub: Hub, body: bytes, status: int
) -> None:
    """Unknown names, names twice, too much, bytes that are no text: refused, never a 500."""
    headers = own(client, **{"Content-Type": "application/x-www-form-urlencoded"})
    answer = await client.post(ADD, data=body, headers=headers, allow_redirects=False)
    assert answer.status == status
    assert await faults(hub) == []


async def test_every_source_is_broken_from_the_page_of_all(client: Any, hub: Hub) -> None:
    """Without a source in its address the form is about all of them."""
    answer = await send(client, ADD, status="503")
    assert (answer.status, answer.headers["Location"]) == (303, "/_mockseg/faults")
    assert [fault.source for fault in await faults(hub)] == [None]
    assert "status 503" in await page(client)


async def test_the_address_of_a_form_that_was_wrong_is_the_page(client: Any) -> None:
    """Whoever loads it again sees the page, and sends nothing."""
    answer = await client.get(ADD + "?source=k")
    assert answer.status == 200
    assert "None: every request is answered as Segment would." in await answer.text()


async def test_a_write_key_that_is_too_long_is_refused(client: Any, hub: Hub) -> None:
    """As everywhere: 422."""
    assert (await send(client, ADD, source="k" * 600, status="503")).status == 422
    assert await faults(hub) == []


async def test_the_page_has_no_other_forms_than_these(client: Any) -> None:
    """Every form of the view asks us: to choose a source, to add, to remove."""
    await send(client, ADD, source="k", status="503", times="2")
    actions = re.findall(r'<form method="(\w+)" action="([^"]+)"', await page(client))
    assert sorted(set(actions)) == [
        ("get", "/_mockseg/faults"),
        ("post", "/_mockseg/faults/clear?source=k"),
        ("post", "/_mockseg/faults/release?source=k"),
        ("post", "/_mockseg/faults?source=k"),
    ]
