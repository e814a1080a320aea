"""Accepting connections when the system has no means for another one, in time that jumps."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.listening import Acceptor

if TYPE_CHECKING:
    from collections.abc import Callable


class Short:
    """A listening socket on which a client waits, and which no connection can be opened for.

    Args:
        seconds: until one can.
        number: of the error until then.
    """

    def __init__(self, seconds: float, *, number: int) -> None:
        # Readable for as long as the client waits.
        self._ready, self._waiting = socket.socketpair()
        self._waiting.send(b"x")
        self.opened, self.client = socket.socketpair()
        self._until = asyncio.get_running_loop().time() + seconds
        self._number = number
        self.tries = 0

    def fileno(self) -> int:
        """Return what the event loop looks at."""
        return self._ready.fileno()

    def accept(self) -> tuple[socket.socket, str]:
        """Accept the client, if it waits and the time has come."""
        self.tries += 1
        if asyncio.get_running_loop().time() < self._until:
            raise OSError(self._number, os.strerror(self._number))
        self._ready.setblocking(False)
        self._ready.recv(1)
        return self.opened, ""

    def close(self) -> None:
        """Close all of it."""
        for one in (self._ready, self._waiting, self.client):
            one.close()


class Greeting(asyncio.Protocol):
    """Says hello."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say it."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"hello")
        transport.close()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EMFILE, "mockseg has no file descriptor left: new connections wait"),
        (errno.ENFILE, "the system has no file descriptor left"),
        (errno.ENOBUFS, "the system has no buffer"),
        (errno.ENOMEM, "the system has no memory"),
    ],
)
def test_a_shortage_is_said_once_a_minute_and_waited_out(
    run: Callable[..., Any], caplog: pytest.LogCaptureFixture, number: int, words: str
) -> None:
    """One line a minute without a traceback, a try a second, and then the client is served."""
    caplog.set_level(logging.DEBUG)

    async def body() -> int:
        loop = asyncio.get_running_loop()
        short: Any = Short(150, number=number)
        acceptor = Acceptor(Greeting)
        await acceptor.listen(short)
        greeting = await loop.sock_recv(_unblocked(short.client), 100)
        await acceptor.stop()
        assert greeting == b"hello"
        return int(short.tries)

    tries = run(body())
    assert 148 <= tries <= 153
    said = [record for record in caplog.records if record.name == "mockseg"]
    assert len(said) == 3
    assert all(record.getMessage().startswith(words) for record in said)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_handshake_that_is_never_made_is_ended(run: Callable[..., Any]) -> None:
    """A client of the port for https that says nothing is closed after the same time."""

    async def body() -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        waiting: Any = Short(0, number=errno.EMFILE)
        acceptor = Acceptor(Greeting, handshake_seconds=7)
        await acceptor.listen(waiting, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        assert await loop.sock_recv(_unblocked(waiting.client), 100) == b""
        ended = loop.time()
        await acceptor.stop()
        return ended - started

    assert 7 <= run(body()) < 8


def test_a_stop_ends_the_waiting(run: Callable[..., Any]) -> None:
    """Nothing is tried after it."""

    async def body() -> None:
        loop = asyncio.get_running_loop()
        short: Any = Short(1000, number=errno.EMFILE)
        acceptor = Acceptor(Greeting)
        await acceptor.listen(short)
        later: asyncio.Future[None] = loop.create_future()
        loop.call_later(5.5, later.set_result, None)
        await later
        await acceptor.stop()
        short.opened.close()
        tries = short.tries
        later = loop.create_future()
        loop.call_later(5.5, later.set_result, None)
        await later
        assert short.tries == tries

    run(body())


def _unblocked(one: socket.socket) -> socket.socket:
    one.setblocking(False)
    return one
