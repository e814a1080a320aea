"""Connections of a client: kept, replaced when stale, never hanging, trusted only when told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from mockseg.client.client import AsyncClient, Client
from mockseg.client.in_process import InProcess
from mockseg.errors import BlockingCallError, ConfigError, UnreachableError
from mockseg.matching.matchers import track
from mockseg.operations.base import Nothing
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def listening(*serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection after the other, each by its function; give the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def run() -> None:
            for each in serve:
                connection, _ = server.accept()
                with connection:
                    each(connection)
            # Who asks once more is refused instead of left in the queue.
            server.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            thread.join()


def answer(body: bytes, *, status: str = "200 OK", head: str = "") -> Callable[..., None]:
    """Give a function that reads one request and answers it."""

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body
        )

    return serve


def hang_up(connection: socket.socket) -> None:
    """Read a request and close the connection without an answer."""
    read_request(connection)


def read_request(connection: socket.socket) -> bytes:
    """Read to the end of the head; the bodies here are small and come along."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            break
        received += part
    return received


HEALTH = b'{"status":"ok","version":"1","seed":1}'
CLEARED = b'{"cleared":0}'


def test_one_connection_is_kept_for_many_asks() -> None:
    """A client that asks again uses the connection that it has."""
    with MockSegment() as server, Client(server.url) as client:
        for _ in range(3):
            client.summary()
        assert len(client._transport._idle) == 1


def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    """A server that closed an idle connection is simply asked over a new one."""

    def answer_twice_then_close(connection: socket.socket) -> None:
        answer(HEALTH)(connection)

    with (
        listening(answer_twice_then_close, answer(CLEARED)) as url,
        Client(url) as client,
    ):
        assert client.health().seed == 1
        assert client.clear() == 0


def test_a_connection_that_breaks_at_an_ask_is_replaced_once() -> None:
    """What may be asked twice is asked again when the kept connection turns out to be dead."""

    def answer_then_hang_up(connection: socket.socket) -> None:
        answer(HEALTH)(connection)
        hang_up(connection)

    with listening(answer_then_hang_up, answer(CLEARED)) as url, Client(url) as client:
        client.health()
        assert client.clear() == 0


def test_what_may_not_be_asked_twice_is_not() -> None:
    """A source is not opened a second time because the answer to the first was lost."""

    def answer_then_hang_up(connection: socket.socket) -> None:
        answer(HEALTH)(connection)
        hang_up(connection)

    with listening(answer_then_hang_up) as url, Client(url) as client:
        client.health()
        with pytest.raises(UnreachableError, match=url):
            client.source(name="once")


@pytest.mark.parametrize(
    "serve",
    [
        hang_up,
        answer(b"<html>", status="404 Not Found"),
        answer(b"", status="302 Found", head="Location: http://127.0.0.1:1/\r\n"),
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"),
    ],
    ids=["hangs up", "another server", "a redirect", "no HTTP"],
)
def test_what_is_no_mockseg_is_one_sentence(serve: Callable[..., None]) -> None:
    """Whatever else answers at the address, both clients say so and name the address."""
    with listening(serve) as url, pytest.raises(UnreachableError, match=url), Client(url) as client:
        client.summary()

    async def ask(url: str) -> None:
        async with AsyncClient(url) as client:
            await client.summary()

    with listening(serve) as url, pytest.raises(UnreachableError, match=url):
        asyncio.run(ask(url))


def test_waiting_verbs_refuse_to_stop_an_event_loop() -> None:
    """Under a running loop a verb that waits fails at once, and says what to write."""

    async def inside() -> None:
        source = server.source()
        with pytest.raises(BlockingCallError, match=r"await source\.aio\.wait_for"):
            source.wait_for(track("A"), timeout=60)
        for wait in (
            lambda: source.assert_called(track("A")),
            lambda: source.assert_called(track("A"), times=2),
            lambda: source.assert_not_called(track("A")),
            lambda: source.assert_in_order([track("A")]),
            source.assert_all_good,
            source.assert_no_duplicates,
            lambda: source.wait_for_all(track("A"), 2),
            source.settle,
        ):
            with pytest.raises(BlockingCallError):
                wait()

    with MockSegment() as server:
        asyncio.run(inside())


def test_reading_under_an_event_loop_is_for_this_process_only() -> None:
    """What is there now may be read in process; over HTTP even that would stop the loop."""

    async def inside() -> None:
        source = server.source()
        assert source.calls() == []
        assert source.requests() == []
        assert source.summary().total == 0
        assert source.clear() == 0
        remote = client.source(source.write_key)
        for read in (remote.calls, remote.requests, remote.summary, remote.clear, client.health):
            with pytest.raises(BlockingCallError, match=r"\.aio\."):
                read()

    with MockSegment() as server, Client(server.url) as client:
        asyncio.run(inside())


async def test_the_loop_that_has_to_answer_cannot_be_asked_to_wait() -> None:
    """A hub in the running loop is asked with awaitable verbs, which do not go round."""

    class Hub:
        async def perform(self, name: str, params: object) -> Nothing:
            return Nothing()

    from mockseg.client.operation_call import OperationCall

    transport = InProcess(Hub(), asyncio.get_running_loop(), url="http://here")
    asked = OperationCall("health", Nothing())
    with pytest.raises(BlockingCallError, match="own event loop"):
        transport.perform(asked)
    assert await transport.awaitable().perform(asked) == Nothing()
    transport.close()
    with pytest.raises(UnreachableError, match="http://here"):
        await transport.awaitable().perform(asked)


async def test_a_cancelled_wait_is_cancelled() -> None:
    """A task that waits can be cancelled as any other, and the server goes on."""
    async with MockSegment() as server:
        source = server.source()
        for verbs in (source.aio, Client(server.url).source(source.write_key).aio):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await verbs.wait_for(track("A"), timeout=3600)
            assert await verbs.calls() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_of_a_fork_has_its_own_connections() -> None:
    """In the child a client works on, and the in-process server says where to find it."""
    with MockSegment() as server, Client(server.url) as client:
        client.summary()
        source = server.source("key")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                client.summary()
                try:
                    source.calls()
                except UnreachableError as error:
                    status = 0 if f'Client("{server.url}")' in str(error) else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.summary().total == 0


def test_https_is_spoken_to_whom_the_ca_is_told(tmp_path: Path) -> None:
    """With the CA both clients trust the server, without it neither does."""
    with MockSegment(tls=True, state_dir=str(tmp_path)) as server:
        assert server.tls_url is not None
        with Client(server.tls_url, ca=server.ca_path) as client:
            source = client.source()
            assert source.tls_url == server.tls_url
            assert client.summary().total == 0

        async def ask(ca: Path | None) -> int:
            async with AsyncClient(str(server.tls_url), ca=ca) as client:
                return (await client.summary()).total

        assert asyncio.run(ask(server.ca_path)) == 0
        with pytest.raises(UnreachableError, match=r"(?i)certificate"):
            Client(server.tls_url).summary()
        with pytest.raises(UnreachableError, match=r"(?i)certificate"):
            asyncio.run(ask(None))


def test_a_ca_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    missing = tmp_path / "none.pem"
    with pytest.raises(ConfigError, match=r"none\.pem"):
        Client("https://127.0.0.1:1", ca=missing)
    missing.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"none\.pem"):
        AsyncClient("https://127.0.0.1:1", ca=missing)
