"""Listening: sockets whose errors say what to do, and accepting what comes."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Callable

from mockseg.clock import breathe
from mockseg.errors import ServerStartError

BACKLOG = 1024
# How long nothing is accepted when the machine has no means for it.
RETRY_SECONDS = 1.0
# How often that is said.
SAY_SECONDS = 60.0
_SHORTAGES = {
    errno.EMFILE: (
        "mockseg has no file descriptor left: new connections wait until others are closed;"
        " raise the limit with ulimit -n"
    ),
    errno.ENFILE: (
        "the system has no file descriptor left: new connections wait until others are closed"
    ),
    errno.ENOBUFS: "the system has no buffer for another connection: new ones wait",
    errno.ENOMEM: "the system has no memory for another connection: new ones wait",
}
_ROUNDS_TO_CONNECT = 5
_MOST_AT_ONCE = 64
log = logging.getLogger("mockseg")


async def bind(host: str, port: int, *, name: str) -> list[socket.socket]:
    """Open listening sockets on every address of a host, all on one port.

    Raises:
        ServerStartError: the port is taken or not allowed, or the host is unknown.
    """
    opened: list[socket.socket] = []
    try:
        for family, address in await _addresses(host):
            listening = socket.socket(family, socket.SOCK_STREAM)
            opened.append(listening)
            listening.setblocking(False)
            if socket.has_ipv6 and family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
            # The port that the first got is the port of all: "localhost" is two addresses.
            port = listening.getsockname()[1]
            listening.listen(BACKLOG)
    except OSError as error:
        for listening in opened:
            listening.close()
        raise ServerStartError(_why_not(error, host=host, port=port, name=name)) from None
    return opened


async def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return list(dict.fromkeys((family, str(place[0])) for family, _, _, _, place in found))
    return [(socket.AF_INET if literal.version == 4 else socket.AF_INET6, host)]


def _why_not(error: OSError, *, host: str, port: int, name: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is taken: stop what listens there, or set {name} to another"
            " port, or to 0 for any free one"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"port {port} of {host} is not allowed to you: set {name} to one from 1024, or to 0"
            " for any free one"
        )
    return f"cannot listen on {host} port {port}: {error.strerror or error}; check host and {name}"


def url_of(scheme: str, host: str, listening: socket.socket) -> str:
    """Return the address at which this machine reaches a socket."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared)
    brackets = f"[{shown}]" if ":" in shown else shown
    return f"{scheme}://{brackets}:{listening.getsockname()[1]}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens on a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Acceptor:
    """Accepts connections; waits, instead of failing over and over, when none can be opened.

    An event loop's own server tries again at once, as often as its backlog is long, and logs a
    traceback each time.

    Args:
        make: makes the protocol of a connection.
        handshake_seconds: in which a TLS handshake must be made.
    """

    def __init__(
        self, make: Callable[[], asyncio.Protocol], *, handshake_seconds: float = 30.0
    ) -> None:
        self._make = make
        self._handshake_seconds = handshake_seconds
        self._listening: dict[socket.socket, ssl.SSLContext | None] = {}
        self._servers: list[asyncio.Server] = []
        self._waiting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._said_at: float | None = None

    async def listen(self, listening: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        """Accept connections from now on.

        Args:
            listening: as :func:`bind` opened it; `stop` closes it.
            tls: for https, or None.
        """
        loop = asyncio.get_running_loop()
        self._listening[listening] = tls
        try:
            loop.add_reader(listening, self._accept, listening)
        except NotImplementedError:
            # The loop of Windows waits for connections in a way of its own.
            server = await loop.create_server(
                self._make,
                sock=listening,
                ssl=tls,
                backlog=BACKLOG,
                ssl_handshake_timeout=None if tls is None else self._handshake_seconds,
            )
            self._servers.append(server)

    async def stop(self) -> None:
        loop = asyncio.get_running_loop()
        for server in self._servers:
            server.close()
        for waiting in self._waiting.values():
            waiting.cancel()
        for listening in self._listening:
            if not self._servers:
                loop.remove_reader(listening)
        # What has just been accepted becomes a connection in the loop's next rounds; ended
        # before that, its client would wait for ever. A TLS handshake takes longer.
        for _ in range(_ROUNDS_TO_CONNECT):
            await breathe()
        for connecting in self._connecting:
            connecting.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for listening in self._listening:
            listening.close()

    def _accept(self, listening: socket.socket) -> None:
        """Accept the connections that wait, up to a limit, so that other work is not held up."""
        loop = asyncio.get_running_loop()
        for _ in range(_MOST_AT_ONCE):
            try:
                connection, _address = listening.accept()
            except OSError as error:
                # Any other: nothing waits any more, or what did went away.
                if error.errno in _SHORTAGES:
                    self._say(_SHORTAGES[error.errno])
                    loop.remove_reader(listening)
                    again = loop.call_later(RETRY_SECONDS, self._accept_again, listening)
                    self._waiting[listening] = again
                return
            connection.setblocking(False)
            connecting = loop.create_task(self._connect(connection, self._listening[listening]))
            self._connecting.add(connecting)
            connecting.add_done_callback(self._connecting.discard)

    def _accept_again(self, listening: socket.socket) -> None:
        del self._waiting[listening]
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    async def _connect(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                self._make,
                connection,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else self._handshake_seconds,
            )
        except OSError:
            # The client went away, or no handshake was made; a TLS error is an OSError, too.
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    def _say(self, shortage: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._said_at is None or now - self._said_at >= SAY_SECONDS:
            self._said_at = now
            log.warning(shortage)


class _OwnMistakes(logging.Handler):
    """Passes on mistakes of mockseg; a client that went away is not one."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno >= logging.WARNING and not isinstance(error, ConnectionError):
            log.handle(record)


def http_log() -> logging.Logger:
    """Return the log of one server's HTTP layer, which no other code can reach by name."""
    own = logging.Logger("mockseg.http", level=logging.DEBUG)  # noqa: LOG001  (one for each server)
    own.addHandler(_OwnMistakes())
    return own


def without_proxy() -> dict[str, str]:
    """Return variables that keep a proxy of the environment away from this machine's address."""
    local = "127.0.0.1,localhost"
    return {
        name: ",".join(filter(None, (os.environ.get(name), local)))
        for name in ("NO_PROXY", "no_proxy")
    }
