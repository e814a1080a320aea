"""The guard: what a page of another origin may not do, and what programs may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockseg.operations.table import OPERATIONS, PREFIX
from mockseg.web.guard import is_ours, is_same_origin
from mockseg.web.page.static_files import address

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.hub.hub import Hub

EVERYTHING = [
    *((operation.method, PREFIX + operation.path) for operation in OPERATIONS),
    ("GET", PREFIX + "/stream"),
    ("GET", PREFIX + "/metrics"),
    ("GET", PREFIX + "/openapi.json"),
    ("GET", "/_mockseg"),
    ("GET", "/_mockseg/"),
    ("GET", address("page.css")),
    ("GET", "/_mockseg/calls/call-1"),
    ("GET", "/_mockseg/calls.ndjson"),
    ("GET", "/_mockseg/faults"),
    ("POST", "/_mockseg/faults"),
    ("POST", "/_mockseg/faults/clear"),
    ("GET", "/_mockseg/nothing"),
    ("OPTIONS", PREFIX + "/calls"),
]
FOREIGN_ORIGINS = [
    "https://evil.example",
    "http://localhost",
    "http://localhost:1",
    "null",
    "",
    "file://",
    "chrome-extension://abc",
    "http://user@127.0.0.1",
    "http://[",
    "http://evil.example#http://127.0.0.1",
]
FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil-localhost",
    "127.0.0.1@evil.example",
    "128.0.0.1",
    "0.0.0.0",  # noqa: S104  (a host that is asked for, nothing is bound)
    "192.168.0.1",
    "[::]",
    "[::1",
    "[127.0.0.1]",
    "localhost:99999",
    "localhost:80:80",
    "2130706433",
    "",
    " localhost",
]


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_a_foreign_origin_is_refused_everywhere_below_the_root(
    client: Any, method: str, path: str
) -> None:
    """No path of the control plane or the page answers a page of another origin."""
    headers = {"Origin": "https://evil.example"}
    answer = await client.request(method, path, headers=headers, allow_redirects=False)
    assert answer.status == 403
    assert method == "HEAD" or (await answer.json())["error"]["code"] == "foreign_origin"


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_a_foreign_host_is_refused_everywhere_below_the_root(
    client: Any, method: str, path: str
) -> None:
    """A name that only resolves to us (DNS rebinding) opens nothing."""
    headers = {"Host": "rebound.example"}
    answer = await client.request(method, path, headers=headers, allow_redirects=False)
    assert answer.status == 403
    assert (await answer.json())["error"]["code"] == "foreign_host"


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_no_foreign_origin_can_clear_the_journal(client: Any, hub: Hub, origin: str) -> None:
    """What was recorded stays when a page of another origin asks to forget it."""
    await client.post("/v1/track", json={"writeKey": "k", "userId": "u", "event": "e"})
    answer = await client.request("DELETE", PREFIX + "/calls?all=true", headers={"Origin": origin})
    assert answer.status == 403
    assert hub.journal.count() == (1, 1)


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_no_answer_carries_cors_and_all_are_guarded_by_headers(
    client: Any, method: str, path: str
) -> None:
    """No answer may be read across origins, framed, sniffed or kept."""
    if path.endswith("/stream"):
        path += "?after=refused"
    answer = await client.request(method, path, allow_redirects=False)
    names = {name.lower() for name in answer.headers}
    assert not {name for name in names if name.startswith("access-control-")}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # A page whose forms are to show where they come from may tell that to ourselves.
    assert answer.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    # Scripts and style may be kept: they hold no data, and others have another address.
    is_static = path == address("page.css") and answer.status == 200
    kept = "public, max-age=31536000, immutable" if is_static else "no-store"
    assert answer.headers["Cache-Control"] == kept
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    scripts = [each for each in policy if each.startswith("script-src")]
    host, port = client.address
    assert scripts in ([], [f"script-src http://{host}:{port}/_mockseg/static/"])
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_the_own_page_may_ask(client: Any) -> None:
    """The page's own origin is no foreign one."""
    host, port = client.address
    for name in (host, "localhost", "LOCALHOST", "app.localhost"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name.lower()}:{port}"}
        answer = await client.get(PREFIX + "/calls", headers=headers)
        assert answer.status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1:80", "[::1]:8765", "[::1]"])
async def test_loopback_hosts_are_ours(client: Any, host: str) -> None:
    """Every way to write loopback is served."""
    assert (await client.get(PREFIX + "/calls", headers={"Host": host})).status == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_other_hosts_are_not_ours(host: str) -> None:
    """A host is ours only when the whole of it names loopback."""
    assert is_ours(host) is False


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("mockseg", ("mockseg",)),
        ("MockSeg:8765", ("mockseg",)),
        ("mockseg:8765", ("mockseg:8765",)),
        ("192.168.0.1:8765", ("192.168.0.1",)),
        ("[fe80::1]:8765", ("fe80::1",)),
        ("[fe80::1]", ("[fe80::1]",)),
    ],
)
def test_an_allowed_host_is_ours(host: str, allowed: tuple[str, ...]) -> None:
    """``--allow-host`` takes names and addresses, with or without a port."""
    assert is_ours(host, allowed) is True


def test_an_allowed_host_with_a_port_is_that_port_only() -> None:
    """A port that was written counts."""
    assert is_ours("mockseg:1", ("mockseg:8765",)) is False


async def test_a_host_that_was_allowed_is_served(open_client: Callable[..., Any]) -> None:
    """A server in a container is reached by its own name once that is allowed."""
    client = await open_client(allow_host=("mockseg",))
    headers = {"Host": "mockseg:8765", "Origin": "http://mockseg:8765"}
    assert (await client.get(PREFIX + "/calls", headers=headers)).status == 200
    assert (await client.get(PREFIX + "/calls", headers={"Host": "other"})).status == 403


async def test_a_refused_host_is_told_how_to_be_allowed(client: Any) -> None:
    """The refusal names the flag."""
    answer = await client.get(PREFIX + "/calls", headers={"Host": "mockseg:8765"})
    assert "--allow-host mockseg" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("http://localhost:8765", "localhost:8765", True),
        ("http://LOCALHOST:8765", "localhost:8765", True),
        ("http://localhost", "localhost:80", True),
        ("https://mockseg.example", "mockseg.example", True),
        ("https://[::1]:8766", "[::1]:8766", True),
        ("http://localhost:8765", "localhost:8766", False),
        ("http://localhost", "localhost:8765", False),
        ("http://localhost:8765/", "localhost:8765", False),
        ("ws://localhost:8765", "localhost:8765", False),
        ("null", "null", False),
        ("http://127.0.0.1:8765", "localhost:8765", False),
    ],
)
def test_an_origin_is_the_same_only_with_name_and_port(
    origin: str, host: str, *, expected: bool
) -> None:
    """Another port of the same machine is another origin."""
    assert is_same_origin(origin, host) is expected


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "websocket"])
async def test_what_another_site_embeds_is_refused_although_it_has_no_origin(
    client: Any, site: str, mode: str
) -> None:
    """Scripts, pictures and style sheets are asked for without an Origin."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert (await client.get(PREFIX + "/calls", headers=headers)).status == 403


async def test_a_link_from_another_site_may_be_followed(client: Any) -> None:
    """Navigating to the page shows it to the reader and to nobody else."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await client.get("/_mockseg/", headers=headers)).status == 200
    answer = await client.post(PREFIX + "/sources", headers=headers)
    assert answer.status == 403


async def test_the_data_plane_stays_open_to_every_page(client: Any) -> None:
    """The guard is about the control plane: applications of any origin and host may send."""
    headers = {"Origin": "https://app.example", "Host": "cdn.example"}
    message = {"writeKey": "k", "userId": "u", "event": "e"}
    answer = await client.post("/v1/t", json=message, headers=headers)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
