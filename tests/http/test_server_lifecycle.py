"""Starting and stopping: at once, in the caller's face when it fails, leaving nothing behind."""

from __future__ import annotations

import asyncio
import gc
import http.client
import socket
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from mockseg.client.client import AsyncClient, Client
from mockseg.config import Settings
from mockseg.errors import (
    ConfigError,
    MissingExtraError,
    ServerStartError,
    UnknownOptionError,
    UnreachableError,
)
from mockseg.matching.matchers import track
from mockseg.server import MockSegment, event_loop_runner, serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Give a port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def open_files() -> int:
    """Count the file descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_started_server_answers() -> None:
    """The address is known and served the moment the block is entered."""
    with MockSegment() as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.tls_url is None
        assert server.ca_path is None
        with Client(server.url) as client:
            assert client.summary().total == 0
        assert server.url in repr(server)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_server_runs_in_uvloop(tmp_path: Path, *, tls: bool) -> None:
    """Calls come over http and https, waits are answered, and nothing is left running."""
    settings = Settings(event_loop="uvloop")
    with event_loop_runner(settings) as runner:
        assert type(runner.get_loop()).__module__.startswith("uvloop")
    before = threading.active_count()
    with (
        MockSegment(event_loop="uvloop", tls=tls, tls_port=0, state_dir=str(tmp_path)) as server,
        Client(server.tls_url or server.url, ca=server.ca_path) as client,
    ):
        client.source("key").send({"type": "track", "event": "A", "userId": "u"})
        assert server.source("key").wait_for(track("A")).user_id == "u"
    assert threading.active_count() == before


def test_uvloop_that_is_not_installed_is_raised_in_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence says what to install; nothing is left running."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    before = threading.active_count()
    with pytest.raises(MissingExtraError, match=r'^event_loop = uvloop .*"mockseg\[uvloop\]"$'):
        MockSegment(event_loop="uvloop").start()
    assert threading.active_count() == before


def test_a_taken_port_is_raised_in_the_caller(taken_port: int) -> None:
    """One sentence names the port and what to do; nothing is left running."""
    before = threading.active_count()
    server = MockSegment(port=taken_port)
    with pytest.raises(ServerStartError, match=f"port {taken_port} of 127.0.0.1 is taken.*to 0"):
        server.start()
    with pytest.raises(UnreachableError, match="has not been started"):
        server.url  # noqa: B018  (reading it is the test)
    server.stop()
    assert threading.active_count() == before


def test_a_taken_tls_port_leaves_the_other_free(taken_port: int, tmp_path: Path) -> None:
    """When one of two ports cannot be had the other is given back."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    server = MockSegment(port=free, tls=True, tls_port=taken_port, state_dir=str(tmp_path))
    with pytest.raises(ServerStartError, match="set tls_port"):
        server.start()
    with MockSegment(port=free) as again:
        assert again.url.endswith(f":{free}")


def test_an_unreadable_certificate_is_raised_in_the_caller(tmp_path: Path) -> None:
    """The file is named."""
    missing = tmp_path / "none.pem"
    server = MockSegment(tls_cert=str(missing), tls_key=str(missing))
    with pytest.raises(ServerStartError, match=r"none\.pem"):
        server.start()


@pytest.mark.parametrize("host", ["host.invalid", "256.1.1.1", "192.0.2.1"])
def test_a_host_that_is_not_here_is_raised_in_the_caller(host: str) -> None:
    """An address that this machine does not have is one sentence that names it."""
    with pytest.raises(ServerStartError, match=f"cannot listen on {host}"):
        MockSegment(host=host).start()


def test_a_wrong_setting_is_refused_before_anything_starts() -> None:
    """Names and values are judged when the object is made."""
    with pytest.raises(UnknownOptionError, match='did you mean "max_calls"'):
        MockSegment(max_call=1)
    with pytest.raises(ConfigError, match="edge"):
        MockSegment(edge="1999")


def test_start_and_stop_may_be_repeated() -> None:
    """Starting twice is one server, stopping twice is one stop, and it can start anew, empty."""
    server = MockSegment()
    server.stop()
    assert server.start() is server
    url = server.url
    assert server.start().url == url
    server.source().update(name="gone later")
    server.stop()
    server.stop()
    with pytest.raises(UnreachableError, match="has been stopped"):
        server.summary()
    with server:
        assert server.sources() == []


def test_many_starts_at_once_are_one_server() -> None:
    """Threads that start the same object get the same server."""
    server = MockSegment()
    with ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(lambda _: server.start().url, range(8)))
    server.stop()
    assert len(urls) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to count files")
def test_thirty_cycles_leave_nothing_behind() -> None:
    """No thread and no file descriptor stays, with clients that were in use."""

    def cycle() -> None:
        with MockSegment() as server, Client(server.url) as client:
            client.source().calls()
            server.source().calls()

    cycle()
    gc.collect()
    threads, files = threading.active_count(), open_files()
    for _ in range(30):
        cycle()
    gc.collect()
    assert threading.active_count() == threads
    assert open_files() <= files


def test_a_stop_ends_open_streams_and_waits() -> None:
    """A stream and waits of an hour, in process and over HTTP, end with the server."""
    server = MockSegment().start()
    where = urlsplit(server.url)
    stream = http.client.HTTPConnection(str(where.hostname), where.port)
    stream.request("GET", "/_mockseg/v1/stream", headers={"Accept": "text/event-stream"})
    opened = stream.getresponse()
    assert opened.status == 200
    source, remote = server.source("key"), Client(server.url).source("key")
    ended: list[BaseException | None] = []
    asked = threading.Barrier(3)

    def wait(verbs: object) -> None:
        asked.wait()
        try:
            verbs.wait_for(track("A"), timeout=3600)  # type: ignore[attr-defined]  # a source
            ended.append(None)
        except UnreachableError as error:
            ended.append(error)

    threads = [threading.Thread(target=wait, args=(each,)) for each in (source, remote)]
    for thread in threads:
        thread.start()
    asked.wait()
    server.stop()
    for thread in threads:
        thread.join()
    assert [type(error) for error in ended] == [UnreachableError] * 2
    opened.read()
    stream.close()
    with pytest.raises(UnreachableError, match="has been stopped"):
        source.calls()


def test_a_stop_ends_awaited_verbs() -> None:
    """What is awaited in another loop ends with the server, and is not taken for a cancel."""

    async def outcomes() -> list[object]:
        async with MockSegment() as server:
            source = server.source("key")
            async with AsyncClient(server.url) as client:
                remote = await client.source("key")
                waits = [
                    asyncio.create_task(each.wait_for(track("A"), timeout=3600))
                    for each in (source.aio, remote)
                ]
                # Both have been asked when something asked after them is answered.
                await source.aio.calls()
                await remote.calls()
                await server.__aexit__(None, None, None)
                return list(await asyncio.gather(*waits, return_exceptions=True))

    assert [type(each) for each in asyncio.run(outcomes())] == [UnreachableError] * 2


def test_a_dropped_server_is_warned_of_and_ends() -> None:
    """Who forgets to stop gets a ResourceWarning, and the server ends all the same."""
    server = MockSegment().start()
    url, thread = server.url, server._thread
    assert thread is not None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del server
        gc.collect()
    assert [str(each.message) for each in caught if each.category is ResourceWarning] == [
        f"<MockSegment {url}> was dropped while it ran; use `with`, or call stop()"
    ]
    thread.join()
    with pytest.raises(UnreachableError):
        Client(url).summary()


async def test_serving_in_the_running_loop() -> None:
    """`serve` gives addresses and hub, and closes its port at the end."""
    async with serve(Settings(port=0)) as running:
        assert not running.exposed
        async with AsyncClient(running.url) as client:
            source = await client.source("key")
            assert [view.write_key for view in await client.sources()] in ([], ["key"])
            assert source.url == running.url
        url = running.url
    with pytest.raises(UnreachableError):
        await AsyncClient(url).summary()


async def test_all_interfaces_are_reached_over_loopback() -> None:
    """A server on all interfaces says so, and gives an address that works here."""
    async with serve(Settings(host="0.0.0.0", port=0)) as running:  # noqa: S104  (the test)
        assert running.exposed
        assert running.url.startswith("http://127.0.0.1:")


async def test_a_name_of_several_addresses_is_one_port() -> None:
    """`localhost` may be two addresses; both listen on the port that the URL names."""
    async with serve(Settings(host="localhost", port=0)) as running:
        assert running.url.startswith("http://localhost:")
        assert not running.exposed
        async with AsyncClient(running.url) as client:
            assert (await client.summary()).total == 0


def test_a_client_that_hangs_up_at_once_has_sent() -> None:
    """Who sends a request and closes the connection without reading is recorded."""
    with MockSegment() as server:
        source = server.source()
        where = urlsplit(source.url)
        body = b'{"writeKey":"%s","event":"A","userId":"u"}' % source.write_key.encode()
        for _ in range(20):
            with socket.create_connection((str(where.hostname), where.port or 0)) as connection:
                connection.sendall(
                    b"POST /v1/track HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s"
                    % (where.netloc.encode(), len(body), body)
                )
        assert len(source.wait_for_all(track("A"), 20, timeout=60)) == 20


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"no\r\n\r\n"]
)
async def test_what_is_no_http_is_counted(garbage: bytes) -> None:
    """What aiohttp's parser refuses never becomes a request, and is not lost from sight."""
    async with serve(Settings(port=0)) as running:
        where = urlsplit(running.url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(garbage)
        assert (await reader.read()).startswith(b"HTTP/1.")
        writer.close()
        await writer.wait_closed()
        assert running.hub.tally.parser_refused == 1
