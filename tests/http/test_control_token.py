"""Other machines: what they may use without the control token, and what it opens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from mockseg import AsyncClient, Client
from mockseg.cli.main import run
from mockseg.errors import ConfigError, OperationError
from mockseg.operations.table import PREFIX
from mockseg.web.access import is_this_machine
from mockseg.web.page.static_files import address
from mockseg.web.routes import TRACKING

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "correct-horse.battery~staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OPEN = {
    ("GET", PREFIX + "/health"),
    ("GET", address("page.css")),
    ("POST", "/_mockseg/token"),
}
FORM = {"Sec-Fetch-Site": "same-origin"}


def routes(door: Any) -> list[tuple[str, str]]:
    """Find everything below the root, with an example for each variable of a path."""
    found = set()
    for resource in door.runner.app.router.resources():
        # What an SDK sends to the control plane by mistake is the data plane's to refuse.
        mistake = resource.canonical.removeprefix("/_mockseg") in TRACKING
        if resource.canonical.startswith("/_mockseg") and not mistake:
            path = resource.canonical.replace("{rest}", "nothing").replace("{", "").replace("}", "")
            found |= {(route.method.replace("*", "GET"), path) for route in resource}
    return sorted(found)


@pytest.fixture(name="session")
async def _session() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_another_machine_gets_nothing_below_the_root_without_the_token(
    open_client: Callable[..., Any],
    elsewhere: Callable[..., Any],
    session: aiohttp.ClientSession,
    token: str | None,
) -> None:
    """Whatever its Host says: every route but health, the style sheet and the form refuses."""
    door = await open_client(control_token=token)
    url = await elsewhere(door.runner)
    found = routes(door)
    assert len(found) > 50

    for method, path in found:
        if (method.replace("HEAD", "GET"), path) in OPEN:
            continue
        headers = {
            "Host": "localhost",
            "X-Forwarded-For": "127.0.0.1",
            "X-Real-IP": "127.0.0.1",
            "Forwarded": "for=127.0.0.1",
        }
        answer = await session.request(method, url + path, headers=headers, allow_redirects=False)
        assert answer.status == (403 if token is None else 401), (method, path)
        assert ("WWW-Authenticate" in answer.headers) is (token is not None)
        assert "Set-Cookie" not in answer.headers

    assert (await session.get(url + PREFIX + "/health")).status == 200
    assert (await session.get(url + address("page.css"))).status == 200


async def test_the_refusal_says_what_to_do(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """Where the request came from, and which flag or header opens the door."""
    door = await open_client()
    answer = await session.get(await elsewhere(door.runner) + PREFIX + "/calls")
    error = (await answer.json())["error"]
    assert error["code"] == "foreign_peer"
    assert error["details"] == {"peer": "203.0.113.9"}
    assert "--control-token" in error["message"]
    assert "203.0.113.9" in error["message"]

    door = await open_client(control_token=TOKEN)
    url = await elsewhere(door.runner) + PREFIX + "/calls"
    error = (await (await session.get(url)).json())["error"]
    assert error["code"] == "token_required"
    assert "Authorization: Bearer" in error["message"]
    wrong = {"Authorization": "Bearer wrong"}
    error = (await (await session.get(url, headers=wrong)).json())["error"]
    assert error["code"] == "wrong_token"
    assert "wrong" not in error["details"].values()


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        "Bearer ",
        "Bearer \xff",
    ],
)
async def test_only_the_token_itself_opens(
    open_client: Callable[..., Any],
    elsewhere: Callable[..., Any],
    exchange: Callable[..., Any],
    authorization: str,
) -> None:
    """Nothing near it, and no other scheme."""
    door = await open_client(control_token=TOKEN)
    url = await elsewhere(door.runner)
    door.at = ("127.0.0.1", int(url.rpartition(":")[2]))
    head = f"GET {PREFIX}/calls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    answer = await exchange(door, f"{head}Authorization: {authorization}\r\n\r\n".encode("latin-1"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    twice = f"Authorization: Bearer {TOKEN}\r\n" * 2
    assert (await exchange(door, f"{head}{twice}\r\n".encode())).startswith(b"HTTP/1.1 401 ")
    right = f"authorization: bearer {TOKEN}\r\n"
    assert (await exchange(door, f"{head}{right}\r\n".encode())).startswith(b"HTTP/1.1 200 ")


async def test_host_and_origin_are_checked_with_the_token_too(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """The token does not make a foreign page or a foreign name ours."""
    door = await open_client(control_token=TOKEN, allow_host=("mockseg",))
    url = await elsewhere(door.runner) + PREFIX + "/calls"
    for headers, status in (
        ({"Host": "mockseg:8765"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ):
        assert (await session.get(url, headers=BEARER | headers)).status == status


async def test_the_data_plane_and_vendors_answer_other_machines(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """Segment's own surface is for everyone; a recorded request does not keep the token."""
    door = await open_client(control_token=TOKEN)
    url = await elsewhere(door.runner)
    body = {"writeKey": "k", "userId": "u", "event": "e"}

    assert (await session.post(url + "/v1/track", json=body, headers=BEARER)).status == 200
    assert (await session.get(url + "/vendors/nobody")).status == 404
    requests = await (await session.get(url + PREFIX + "/requests", headers=BEARER)).text()
    assert '"/v1/track"' in requests
    assert TOKEN not in requests


@pytest.mark.parametrize(
    ("peer", "ours"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.9.1", 1), True),
        (("::1", 1, 0, 0), True),
        (("::1%lo", 1, 0, 1), True),
        (("::ffff:127.0.0.1", 1, 0, 0), True),
        ("", True),
        ("/run/app.sock", True),
        (b"\0abstract", True),
        (("172.17.0.1", 1), False),
        (("0.0.0.0", 1), False),  # noqa: S104  (an address that is looked at, nothing is bound)
        (("::", 1, 0, 0), False),
        (("::ffff:10.0.0.1", 1, 0, 0), False),
        (("::ffff:7f00:1%eth0", 1, 0, 0), True),
        (("fe80::1%lo", 1, 0, 1), False),
        (("localhost", 1), False),
        ((), False),
        (None, False),
    ],
)
def test_a_peer_is_this_machine_by_its_address_alone(peer: object, *, ours: bool) -> None:
    """Loopback of both families, also mapped, and Unix sockets; never a name."""
    assert is_this_machine(peer) is ours


async def test_loopback_of_either_family_needs_no_token(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """With or without a token configured, right or wrong."""
    door = await open_client(control_token=TOKEN)
    for peer in (("::ffff:127.0.0.1", 1, 0, 0), ("::1", 1, 0, 0), ""):
        url = await elsewhere(door.runner, peer) + PREFIX + "/calls"
        for headers in ({}, BEARER, {"Authorization": "Bearer wrong"}):
            assert (await session.get(url, headers=headers)).status == 200


async def test_clients_send_the_token(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any]
) -> None:
    """Both clients, their other half, and without it the server's sentence."""
    door = await open_client(control_token=TOKEN)
    url = await elsewhere(door.runner)

    assert (await AsyncClient(url, token=TOKEN).summary()).total == 0
    async with AsyncClient(url, token=TOKEN) as kept:
        assert (await kept.summary()).total == 0
    client = Client(url, token=TOKEN)
    assert (await client.aio.summary()).total == 0
    assert TOKEN not in f"{client!r} {kept!r} {vars(client)}"
    with pytest.raises(OperationError, match=r"Client\(url, token=") as refused:
        await AsyncClient(url).summary()
    assert refused.value.status == 401
    for unusable in ("", "two words", "n\u00f6", "line\nfeed"):
        with pytest.raises(ConfigError, match="invalid control token: it must be"):
            Client(url, token=unusable)


@pytest.mark.parametrize("arguments", [("summary",), ("calls",), ("tail", "--limit", "1")])
async def test_commands_send_the_token(
    open_client: Callable[..., Any],
    elsewhere: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    """From the flag or the variable; without it they end with the server's sentence."""
    door = await open_client(control_token=TOKEN)
    await door.post("/v1/track", json={"writeKey": "k", "userId": "u", "event": "Seen"})
    after = ("--after", "0") if arguments[0] == "tail" else ()
    asked = [*arguments, *after, "--url", await elsewhere(door.runner)]

    assert await asyncio.to_thread(run, [*asked, "--token", TOKEN]) == 0
    assert "Seen" in capsys.readouterr().out
    assert await asyncio.to_thread(run, asked) == 2
    assert "needs the control token: send" in capsys.readouterr().err
    monkeypatch.setenv("MOCKSEG_CONTROL_TOKEN", TOKEN)
    assert await asyncio.to_thread(run, asked) == 0


async def test_the_page_exchanges_the_token_for_a_cookie(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """A form asks for it; the cookie opens page and API, is not the token, and ends with us."""
    door = await open_client(control_token=TOKEN)
    url = await elsewhere(door.runner)
    asked = await session.get(url + "/_mockseg/?source=a%22b")
    assert (asked.status, asked.content_type) == (401, "text/html")
    text = await asked.text()
    assert 'name="to" value="/_mockseg/?source=a%22b"' in text

    form = {"token": TOKEN, "to": "/_mockseg/?source=a%22b"}
    answer = await session.post(
        url + "/_mockseg/token", data=form, headers=FORM, allow_redirects=False
    )
    assert answer.status == 303
    assert answer.headers["Location"] == "/_mockseg/?source=a%22b"
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/_mockseg"} <= set(cookie.split("; "))
    assert TOKEN not in cookie

    pair = {"Cookie": cookie.split(";")[0]}
    for path in ("/_mockseg/", PREFIX + "/calls"):
        assert (await session.get(url + path, headers=pair)).status == 200
        other = {"Cookie": pair["Cookie"][:-1] + "x"}
        assert (await session.get(url + path, headers=other)).status == 401
    again = await open_client(control_token=TOKEN)
    restarted = await elsewhere(again.runner)
    assert (await session.get(restarted + "/_mockseg/", headers=pair)).status == 401


async def test_the_page_takes_the_token_from_its_address_once(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """It leads on to the address without it, so that no history and no link keeps it."""
    door = await open_client(control_token=TOKEN)
    for url in (await elsewhere(door.runner), f"http://127.0.0.1:{door.address[1]}"):
        answer = await session.get(f"{url}/_mockseg/?source=k&token={TOKEN}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/_mockseg/?source=k")
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    wrong = await session.get(await elsewhere(door.runner) + "/_mockseg/?token=wrong")
    assert wrong.status == 401
    assert "This is not the control token." in await wrong.text()


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"token": "wrong"}, FORM, 401),
        ({"token": ""}, FORM, 401),
        ({}, FORM, 401),
        ({"token": TOKEN}, {}, 403),
        ({"token": TOKEN}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({"token": TOKEN}, {"Origin": "https://evil.example"}, 403),
        ({"token": TOKEN, "more": "x"}, FORM, 422),
    ],
)
async def test_a_wrong_form_sets_no_cookie(
    open_client: Callable[..., Any],
    session: aiohttp.ClientSession,
    form: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    """A wrong token, or a form of another page."""
    door = await open_client(control_token=TOKEN)
    url = f"http://127.0.0.1:{door.address[1]}/_mockseg/token"
    answer = await session.post(url, data=form, headers=headers, allow_redirects=False)
    assert answer.status == status
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/_mockseg\\@evil",
        "/v1/track",
        "/_mockseg/\r\nX: y",
    ],
)
async def test_the_form_leads_to_our_page_only(
    open_client: Callable[..., Any], session: aiohttp.ClientSession, to: str
) -> None:
    """An address of somebody else's is not followed."""
    door = await open_client(control_token=TOKEN)
    url = f"http://127.0.0.1:{door.address[1]}/_mockseg/token"
    form = {"token": TOKEN, "to": to}
    answer = await session.post(url, data=form, headers=FORM, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/_mockseg/")


async def test_a_page_without_a_token_says_how_to_set_one(
    open_client: Callable[..., Any], elsewhere: Callable[..., Any], session: aiohttp.ClientSession
) -> None:
    """There is nothing to type, so there is no form."""
    door = await open_client()
    url = await elsewhere(door.runner)
    for answer in (
        await session.get(url + "/_mockseg/"),
        await session.post(url + "/_mockseg/token", data={"token": "x"}, headers=FORM),
    ):
        text = await answer.text()
        assert answer.status == 403
        assert "control" in text
        assert "<form" not in text
