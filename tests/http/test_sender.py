"""The sender over HTTP: what arrives at a real server, and how failures are labelled."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from aiohttp import web

from mockseg.delivery.outgoing import Outgoing, Unanswered
from mockseg.web.sender import HttpSender

HEADERS = (
    ("Authorization", "Basic c2VnbWVudDo="),
    ("Content-Type", "application/json"),
    ("User-Agent", "Segment.io/1.0"),
    ("Accept", "*/*"),
    ("Cache-Control", "no-cache"),
    ("Connection", "Keep-Alive"),
    ("Content-Length", "2"),
)


@pytest.fixture
async def sender():
    """Give a sender that is closed in the end."""
    made = HttpSender()
    yield made
    await made.close()


@pytest.fixture
async def serving():
    """Give a function that serves connections with a function, and gives the URL."""
    servers = []

    async def serve(answer, *, tls=None):
        async def connected(reader, writer):
            try:
                await answer(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        return f"{'https' if tls else 'http'}://127.0.0.1:{port}/hook"

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
async def receiving():
    """Give a function that serves a handler with aiohttp, and gives the URL."""
    runners = []

    async def serve(handler):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


def request(url, *, method="POST", body=b"{}"):
    """Make a request."""
    return Outgoing(method, url, HEADERS, body)


async def test_exactly_what_was_made_arrives(sender, receiving):
    """The headers of the contract and Host, no others; path and query as they were written."""
    seen = []

    async def handler(asked):
        seen.append((asked.method, asked.raw_path, asked.raw_headers, await asked.read()))
        return web.Response(status=202, text="later", headers={"X-Mine": "1"})

    url = await receiving(handler)
    answer = await sender.send(request(f"{url}/a%2Fb/?x=%20y&x=2", method="PUT"))
    assert (answer.status, answer.body) == (202, b"later")
    assert dict(answer.headers)["X-Mine"] == "1"
    ((method, path, headers, body),) = seen
    assert (method, path, body) == ("PUT", "/a%2Fb/?x=%20y&x=2", b"{}")
    names = {name.decode().lower() for name, _ in headers}
    assert names == {name.lower() for name, _ in HEADERS} | {"host"}
    assert dict(headers)[b"Authorization"] == b"Basic c2VnbWVudDo="
    assert dict(headers)[b"User-Agent"] == b"Segment.io/1.0"


async def test_connections_are_kept(sender, receiving):
    """One is enough for requests that follow each other."""
    ports = []

    async def handler(asked):
        ports.append(asked.transport.get_extra_info("peername")[1])
        return web.Response(headers={"Set-Cookie": "a=b"})

    url = await receiving(handler)
    for _ in range(3):
        await sender.send(request(url))
    assert len(set(ports)) == 1


async def test_redirects_are_not_followed(sender, receiving):
    """The answer is the redirect itself."""
    asked = []

    async def handler(request):
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    answer = await sender.send(request(f"{await receiving(handler)}/first"))
    assert (answer.status, asked) == (307, ["/first"])


async def test_of_a_long_answer_the_beginning_is_read(sender, receiving):
    """An answer without an end neither fills the memory nor holds anything up."""
    gone = asyncio.Event()

    async def handler(asked):
        response = web.StreamResponse()
        await response.prepare(asked)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            gone.set()
            raise

    answer = await sender.send(request(await receiving(handler)))
    assert answer.status == 200
    assert len(answer.body) == 65_536
    await gone.wait()


async def test_nobody_listens(sender, serving):
    """ECONNREFUSED."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    answer = await sender.send(request(f"http://127.0.0.1:{port}/"))
    assert isinstance(answer, Unanswered)
    assert answer.code == "ECONNREFUSED"
    assert str(port) in answer.detail


async def test_a_name_without_an_address(sender):
    """ENOTFOUND, or EAI_AGAIN where no name server answers."""
    answer = await sender.send(request("http://nobody.invalid/"))
    assert answer.code in {"ENOTFOUND", "EAI_AGAIN"}


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
async def test_a_connection_that_breaks(sender, serving, said):
    """ECONNRESET, before the answer or within it."""

    async def answer(reader, writer):
        await reader.readuntil(b"{}")
        writer.write(said)
        await writer.drain()

    outcome = await sender.send(request(await serving(answer)))
    assert outcome.code == "ECONNRESET"


async def test_what_is_no_http(sender, serving):
    """ECONNABORTED."""

    async def answer(reader, writer):
        await reader.readuntil(b"{}")
        writer.write(b"220 smtp.example ESMTP\r\n")
        await writer.drain()

    outcome = await sender.send(request(await serving(answer)))
    assert outcome.code == "ECONNABORTED"


async def test_self_signed_certificates_are_refused(sender, serving):
    """As Segment refuses them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    async def answer(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    outcome = await sender.send(request(await serving(answer, tls=context)))
    assert outcome.code == "ECONNABORTED"
    assert "certificate" in outcome.detail.lower()


async def test_it_can_be_closed_and_used_again(receiving):
    """Nothing is opened before it is needed, and nothing stays open."""

    async def handler(_):
        return web.Response()

    sender = HttpSender()
    await sender.close()
    url = await receiving(handler)
    for _ in range(2):
        assert (await sender.send(request(url))).status == 200
        await sender.close()


async def test_a_request_that_is_cancelled_leaves_nothing(sender, serving):
    """The dispatcher says how long an answer may take."""
    came, gone = asyncio.Event(), asyncio.Event()

    async def hang(reader, _):
        await reader.readuntil(b"{}")
        came.set()
        await reader.read()
        gone.set()

    sending = asyncio.ensure_future(sender.send(request(await serving(hang))))
    await came.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await gone.wait()
