"""A door between an SDK and a server: closed until it is opened, and it keeps what goes in.

It stands on a port of its own from the start, so an SDK can be told its URL before anything
answers there: a connection is refused until :meth:`Tap.open`. What an SDK sends is kept as
it was on the wire, before anybody has inflated or parsed it.
"""

from __future__ import annotations

import dataclasses
import http.client
import socket
import threading
from typing import TYPE_CHECKING, BinaryIO, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Sent", "Tap"]


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was on the wire.

    Attributes:
        method, path: of the request line; the path with its query.
        headers: names and values, as sent and in that order.
        body: as sent, without the frames of chunked transfer.
        status: of the answer.
        answer: its body.
        delivered: whether the SDK was given the answer.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer: bytes
    delivered: bool

    def header(self, name: str) -> str | None:
        """Give the value of the first header of this name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclasses.dataclass(frozen=True, slots=True)
class _Incoming:
    raw: bytes
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Tap:
    """A door before the server that listens on a port of this machine.

    Args:
        port: of the server.
        lose_answers: so many requests reach the server, but their connection is closed
            before its answer gets back: what a network that breaks does.
    """

    def __init__(self, port: int, *, lose_answers: int = 0) -> None:
        self._port = port
        self._to_lose = lose_answers
        self._lock = threading.Lock()
        # One request after the other: the server has them in the order in which they are kept.
        self._turn = threading.Lock()
        self._sent: list[Sent] = []
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._opened = self._closing = False
        # Bound and not listening: the port is ours, and whoever connects is refused.
        self._door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._door.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"

    @property
    def sent(self) -> list[Sent]:
        """Give the requests, in the order in which they were answered."""
        with self._lock:
            return list(self._sent)

    def open(self) -> Self:
        """Let connections in; they are answered when this returns."""
        self._door.listen()
        self._opened = True
        self._start(self._let_in)
        return self

    def close(self) -> None:
        """Let nobody in any longer and end what is open."""
        with self._lock:
            self._closing = True
            connections = list(self._connections)
            threads = list(self._threads)
        if self._opened:
            # Wakes the wait in accept(), which closing alone does not do everywhere.
            socket.create_connection(self._door.getsockname()).close()
        for connection in connections:
            _shut(connection)
        for thread in threads:
            thread.join()
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, work: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=work, args=args, name="tap", daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _let_in(self) -> None:
        while True:
            client, _ = self._door.accept()
            with self._lock:
                if self._closing:
                    client.close()
                    return
                self._connections.add(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as stream:
                while (incoming := _read(stream)) is not None:
                    with self._turn:
                        status, raw, answer = self._pass_on(incoming)
                        delivered = self._note(incoming, status, answer)
                    if not delivered:
                        _shut(client)
                        return
                    client.sendall(raw)
        except OSError:
            # The SDK, or the end of the test, closed the connection: nothing to answer.
            return
        finally:
            with self._lock:
                self._connections.discard(client)

    def _note(self, incoming: _Incoming, status: int, answer: bytes) -> bool:
        with self._lock:
            delivered = self._to_lose == 0
            self._to_lose -= not delivered
            self._sent.append(
                Sent(
                    method=incoming.method,
                    path=incoming.path,
                    headers=incoming.headers,
                    body=incoming.body,
                    status=status,
                    answer=answer,
                    delivered=delivered,
                )
            )
            return delivered

    def _pass_on(self, incoming: _Incoming) -> tuple[int, bytes, bytes]:
        """Send the same bytes to the server; give its status, whole answer, and body."""
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            server.sendall(incoming.raw)
            response = http.client.HTTPResponse(server, method=incoming.method)
            response.begin()
            body = response.read()
            head = f"HTTP/1.1 {response.status} {response.reason}\r\n".encode("latin-1")
            for name, value in response.getheaders():
                head += f"{name}: {value}\r\n".encode("latin-1")
            response.close()
            return response.status, head + b"\r\n" + body, body


def _read(stream: BinaryIO) -> _Incoming | None:
    """Read one request; None when the client has closed its side."""
    first = stream.readline()
    if not first:
        return None
    method, path, _ = first.decode("latin-1").split(" ", 2)
    raw = first
    headers: list[tuple[str, str]] = []
    while (line := stream.readline()) not in {b"\r\n", b""}:
        raw += line
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    raw += b"\r\n"
    lower = {name.lower(): value for name, value in headers}
    if lower.get("transfer-encoding", "").lower() == "chunked":
        framed, body = _read_chunks(stream)
    else:
        framed = body = stream.read(int(lower.get("content-length", "0")))
    return _Incoming(raw + framed, method, path, tuple(headers), body)


def _read_chunks(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Read a chunked body; give it with its frames and without them."""
    framed = body = b""
    while True:
        line = stream.readline()
        size = int(line.strip() or b"0", 16)
        chunk = stream.read(size + 2)
        framed += line + chunk
        body += chunk[:size]
        if size == 0:
            return framed, body


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was never connected, or is closed already.
        return
