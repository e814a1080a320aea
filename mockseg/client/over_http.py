"""Asks over HTTP, for threads: the standard library's client with kept connections."""

from __future__ import annotations

import http.client
import os
import select
import threading
import weakref
from typing import TYPE_CHECKING

from mockseg.client.operation_call import (
    AsyncTransport,
    EdgeAnswer,
    EdgeRequest,
    OperationCall,
    no_answer,
)
from mockseg.client.trust import trust
from mockseg.client.wire import Address, WireRequest, authorization, decode, encode, unreachable

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    import msgspec


# Maximum number of idle connections that are kept.
_MAX_IDLE = 16


class HttpTransport:
    """Carries operations over HTTP/1.1.

    As many connections are open as threads wait at the same moment; they are kept and
    reused. A child of a fork opens its own. A kept connection that the server closed
    meanwhile is replaced once, where asking twice does no harm.
    """

    remote = True

    def __init__(self, url: str, *, ca: str | Path | None = None, token: str | None = None) -> None:
        """Make a transport; nothing is opened before the first operation.

        Args:
            url: where the server is.
            ca: a PEM file to trust for https, instead of the system's.
            token: control token of a server on another machine.

        Raises:
            ConfigError: the URL, the CA file or the token is invalid.
        """
        self._address = Address.parse(url)
        self._ca = ca
        self._token = token
        self._authorization = authorization(token)
        self._tls = trust(ca) if self._address.secure else None
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        # Who never closes its client gets no warning about it: nothing is lost.
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def perform(self, asked: OperationCall | EdgeRequest) -> msgspec.Struct:
        if isinstance(asked, EdgeRequest):
            return self._send(asked)
        request = encode(asked, prefix=self._address.prefix)
        url = self._address.url
        try:
            status, body = self._exchange(request)
        except TimeoutError:
            raise unreachable(url, f"no answer within {request.patience:g} seconds") from None
        except http.client.HTTPException as error:
            raise unreachable(url, f"the answer is not HTTP ({error!r})") from None
        except OSError as error:
            raise unreachable(url, error.strerror or str(error)) from None
        return decode(asked, status, body, url=url)

    def awaitable(self) -> AsyncTransport:
        from mockseg.client.over_aiohttp import AiohttpTransport

        return AiohttpTransport(self._address.url, ca=self._ca, token=self._token)

    def close(self) -> None:
        with self._lock:
            _close_all(self._idle)

    def _send(self, request: EdgeRequest) -> EdgeAnswer:
        # A connection of its own: one that was kept and is closed would look like a fault.
        connection = self._open(request.timeout)
        try:
            connection.request(
                "POST", self._address.prefix + request.path, request.body, request.headers
            )
            answer = connection.getresponse()
            body = answer.read()
        except TimeoutError:
            reason = f"none came within {request.timeout:g} s"
            raise no_answer(request, reason, url=self._address.url) from None
        except http.client.IncompleteRead:
            reason = "it broke off in the middle"
            raise no_answer(request, reason, url=self._address.url) from None
        except (http.client.HTTPException, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise no_answer(request, reason, url=self._address.url) from None
        finally:
            connection.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return EdgeAnswer(status=answer.status, headers=headers, body=body)

    def _exchange(self, request: WireRequest) -> tuple[int, bytes]:
        kept = self._take()
        if kept is not None:
            try:
                return self._over(kept, request)
            except (ConnectionError, http.client.BadStatusLine):
                # RemoteDisconnected is both: the server closed it when it had been idle.
                if not request.repeatable:
                    raise
        return self._over(self._open(request.patience), request)

    def _over(
        self, connection: http.client.HTTPConnection, request: WireRequest
    ) -> tuple[int, bytes]:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(request.patience)
            connection.request(
                request.method,
                request.target,
                body=request.body,
                headers={**request.headers, **self._authorization},
            )
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._give_back(connection)
        return answer.status, body

    def _open(self, patience: float) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=patience, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=patience)

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            if self._process != os.getpid():
                # The connections belong to the parent; closing here leaves its own open.
                _close_all(self._idle)
                self._process = os.getpid()
            while self._idle:
                connection = self._idle.pop()
                if connection.sock is not None and not _has_something_to_say(connection.sock):
                    return connection
                connection.close()
        return None

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE and self._process == os.getpid():
                self._idle.append(connection)
                return
        connection.close()


def _has_something_to_say(sock: socket.socket) -> bool:
    """Return whether an idle connection is readable: then the server has closed it."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    while connections:
        connections.pop().close()
