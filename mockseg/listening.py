"""Listening: sockets with the errors of people, and what comes that is no HTTP."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
from typing import TYPE_CHECKING

from aiohttp.http_exceptions import HttpProcessingError

from mockseg.errors import ServerStartError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BACKLOG", "bind", "http_log", "is_loopback", "log", "url_of"]

BACKLOG = 1024
log = logging.getLogger("mockseg")


async def bind(host: str, port: int, *, name: str) -> list[socket.socket]:
    """Open listening sockets on every address of a host, all on one port.

    Raises:
        ServerStartError: the port is taken or not allowed, or there is no such host.
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
    """Give the address at which this machine reaches a socket."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared)
    brackets = f"[{shown}]" if ":" in shown else shown
    return f"{scheme}://{brackets}:{listening.getsockname()[1]}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens on a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class _RefusalCounter(logging.Handler):
    """Counts what aiohttp's parser refuses, and passes on what is our mistake.

    A client that went away in the middle of its request is neither.
    """

    def __init__(self, count: Callable[[], None]) -> None:
        super().__init__()
        self._count = count

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._count()
        elif record.levelno >= logging.WARNING and not isinstance(error, ConnectionError):
            log.handle(record)


def http_log(count: Callable[[], None]) -> logging.Logger:
    """Make the log of one server's HTTP layer, known to nobody else."""
    own = logging.Logger("mockseg.http", level=logging.DEBUG)  # noqa: LOG001  (one for each server)
    own.addHandler(_RefusalCounter(count))
    return own
