"""Connections as mockseg runs them: aiohttp's, but what was sent is never lost from sight.

aiohttp forgets the good requests that come in one segment with bytes that are not HTTP, and
answers what is not HTTP without a trace. It waits for the rest of a head for as long as it
keeps idle connections. The seams used here are public names of its ``RequestHandler`` and
``Server``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from aiohttp import web
from aiohttp.hdrs import EXPECT
from aiohttp.http_exceptions import HttpProcessingError

from mockseg.domain.credentials import shown_url
from mockseg.domain.request import Answer
from mockseg.hub.answers import refusal
from mockseg.hub.hub import Hub
from mockseg.web.guard import is_ours
from mockseg.web.keys import Handler
from mockseg.web.open_requests import OpenRequests
from mockseg.web.recording import Recorder
from mockseg.web.responses import preflight, response_of
from mockseg.web.unparsed import head_of, reason_of, requests_in, what_follows

_Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


# How often connections are looked at whose head is not whole.
LOOK_SECONDS = 1.0
# What is kept of the bytes of a request, to be able to say what was wrong with them.
_MOST_KEPT_BYTES = 64 * 1024
# What is kept of the bytes before them, where these may begin in the middle of a request.
_MOST_CONTEXT_BYTES = 4 * 1024

_PORTS = {"http": 80, "https": 443}
_END_OF_HEAD = b"\r\n\r\n"
# To look for a number in bytes takes a fifth of the time that looking for a byte takes.
_RETURN = b"\r"[0]
# How a request begins; what begins otherwise may begin in the middle of one.
_BEGINNINGS = frozenset(
    (b"GET ", b"POST", b"HEAD", b"OPTI", b"PUT ", b"DELE", b"PATC", b"CONN", b"TRAC")
)
# Stands for no bytes on a connection whose bytes go to the parser in parts.
_PARTS = b" "
_feed = web.RequestHandler.data_received


class Connection(web.RequestHandler):
    """One client's connection.

    It is idle until bytes come, and again when a request was answered. The first bytes are
    nearly always one whole request: they go to the parser as they are. If it rejects them, all
    requests among them are lost with the mistake, and are found again in the bytes. What comes
    before the answer goes to the parser in parts that end where a head ends: so it hands over
    each good request before the mistake.

    Args:
        server: that it belongs to.
        loop: the running event loop.
        options: of aiohttp's ``RequestHandler``.
    """

    __slots__ = (
        "_answered",
        "_before",
        "_ended",
        "_head_is_whole",
        "_is_paused",
        "_partial_since",
        "_received",
        "_server",
        "_when_idle",
    )

    def __init__(
        self, server: ConnectionServer, *, loop: asyncio.AbstractEventLoop, **options: Any
    ) -> None:
        super().__init__(server, loop=loop, **options)
        self._server = server
        # The bytes since it was idle, as far as they are kept, and those before them.
        self._received = b""
        self._before = b""
        # How many requests in those bytes were answered.
        self._answered = 0
        # What stands for no bytes: empty, until bytes have to go to the parser in parts.
        self._when_idle = b""
        self._head_is_whole = False
        self._partial_since: float | None = None
        self._is_paused = False
        self._ended = False

    def data_received(self, data: bytes) -> None:
        if self._received:
            self._more_received(data)
        else:
            self._received = data
            _feed(self, data)

    def pause_reading(self) -> None:
        self._is_paused = True
        super().pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002  (aiohttp's)
        """Read on, if reading was stopped; aiohttp asks for it with every body."""
        if not self._is_paused:
            return
        self._is_paused = False
        if resume_parser:
            super().resume_reading()
        else:
            super().resume_reading(resume_parser=False)

    def log_access(
        self,
        request: web.BaseRequest,  # noqa: ARG002  (aiohttp's signature)
        response: web.StreamResponse,  # noqa: ARG002
        time: float | None,  # noqa: ARG002
    ) -> None:
        """Note that a request was answered; aiohttp calls this after each."""
        received = self._received
        if received and received is not _PARTS:
            if self._when_idle or received[:4] not in _BEGINNINGS:
                received = self._before[-_MOST_CONTEXT_BYTES:] + received
                self._answered += 1
            else:
                self._answered = 1
            self._before = received
            self._received = self._when_idle
            self._head_is_whole = False
        else:
            self._answered += 1

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the parser rejected, and record it with the requests lost because of it."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        response = response_of(self._record_unparsed(exc))
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._has_partial_head():
            self._record_partial_head(
                400, "the client went away before the head of the request was whole"
            )
        self._ended = True
        self._received = self._before = b""
        super().connection_lost(exc)
        self._server.open_requests.disconnected(self)

    def look(self, now: float, *, timeout: float) -> None:
        """End the connection if the head of a request has been coming for too long.

        Args:
            now: by the event loop's clock.
            timeout: seconds.
        """
        if len(self._before) > _MOST_KEPT_BYTES:
            self._before = b""
            self._answered = 0
        if not self._has_partial_head():
            self._partial_since = None
        elif self._partial_since is None:
            self._partial_since = now
        elif now - self._partial_since >= timeout:
            answer = self._record_partial_head(
                408, f"the head of the request did not arrive within {timeout:g} s"
            )
            if self.transport is not None:
                self.transport.write(_written(answer))
            self.force_close()

    # --- what does not come as one whole request

    def _more_received(self, data: bytes) -> None:
        """Take what goes on with a request, or follows it before its answer."""
        received = self._received
        if not self._head_is_whole and received is not _PARTS:
            end = received.find(_END_OF_HEAD) + len(_END_OF_HEAD)
            self._head_is_whole = end >= len(_END_OF_HEAD)
            if end != len(received):
                # Not a head by itself and then its body: where a request begins is not known.
                self._when_idle = _PARTS
        if not self._when_idle and _RETURN not in data and data:
            if len(received) < _MOST_KEPT_BYTES:
                self._received = received + data
            _feed(self, data)
            return
        last = (self._before if received is _PARTS else received)[-len(_END_OF_HEAD) + 1 :]
        if received is not _PARTS:
            if _END_OF_HEAD in last + data:
                self._when_idle = _PARTS
                self._head_is_whole = True
                self._partial_since = None
            self._keep(data)
        elif data.strip():
            self._received = data
        else:
            # Empty lines between requests are allowed.
            self._before += data
        for part in _parts(data, last):
            _feed(self, part)

    def _keep(self, data: bytes) -> None:
        """Keep what was received, up to a limit; the last bytes always."""
        received = self._received
        if len(received) < _MOST_KEPT_BYTES:
            self._received = received + data
        else:
            self._received = received[: -len(data)] + data[-_MOST_KEPT_BYTES:]

    def _has_partial_head(self) -> bool:
        """Return whether a request has begun whose head has no end yet."""
        received = self._received
        if self._ended or self._head_is_whole or not received.strip():
            return False
        # Of a head that is too long to be kept, the parser makes an end.
        self._head_is_whole = _END_OF_HEAD in received or len(received) >= _MOST_KEPT_BYTES
        return not self._head_is_whole

    # --- what the application never gets

    def _record_unparsed(self, error: HttpProcessingError) -> Answer:
        """Record what the parser rejected, and all requests that it forgot because of that."""
        self._ended = True
        recorder = self._server.recorder
        before = self._before
        received = b"" if self._received is _PARTS else self._received
        found, rest = requests_in(before + received)
        if self._when_idle:
            # The parser hands over a request when its head is whole; all of those were answered.
            lost = [raw for raw in found if received and raw.head_end > len(before)]
        else:
            lost = found[self._answered :]
        answered = found[: len(found) - len(lost)]
        begun = head_of(rest)
        reason = reason_of(error, rest)
        answer = refusal(400, reason, code="invalid_request", plain=False)
        # Without a whole request, what there is of one may still name a source.
        known = answered[-1] if answered else replace(head_of(before), body=before)
        key = recorder.key_of(known)
        for raw in lost:
            why = reason
            if raw is not lost[-1] or begun.method:
                why = f"it came together with what is not HTTP: {reason}"
            elif rest:
                why = what_follows(raw, reason, name="it")
            recorder.refuse_raw(raw, answer, reason=why)
            key = recorder.key_of(raw)
        if begun.method or not lost:
            if answered and not begun.method:
                reason = what_follows(answered[-1], reason, name="the request before")
            recorder.refuse_raw(begun, answer, reason=reason, key=key, sent_bytes=len(rest))
        self._server.hub.count_parser_refusal()
        return answer

    def _record_partial_head(self, status: int, reason: str) -> Answer:
        self._ended = True
        answer = refusal(status, reason, code="invalid_request", plain=False)
        received = self._received
        begun = head_of(received)
        if begun.method:
            self._server.recorder.refuse_raw(begun, answer, reason=reason, sent_bytes=len(received))
        return answer


class ConnectionServer(web.Server):
    """Makes the connections of one application, and ends those that never send a head.

    Args:
        made: the server that aiohttp made for the application.
        hub: of the application.
        recorder: of the application.
        open_requests: of the application.
        direct: by request target, what answers it in the application's place.
        options: of aiohttp's ``RequestHandler``.
    """

    def __init__(
        self,
        made: web.Server,
        *,
        hub: Hub,
        recorder: Recorder,
        open_requests: OpenRequests,
        direct: Mapping[str, Handler],
        options: dict[str, Any],
    ) -> None:
        super().__init__(
            _routed(
                made.request_handler,
                direct=direct,
                recorder=recorder,
                allow_host=hub.settings.allow_host,
            ),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
        )
        self.hub = hub
        self.recorder = recorder
        self.open_requests = open_requests
        self._options = options
        self._running_loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None

    def __call__(self) -> web.RequestHandler:
        """Return a new connection; an event loop's protocol factory."""
        return Connection(self, loop=self._running_loop, **self._options)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if self._look is None:
            self._look = self._running_loop.call_later(LOOK_SECONDS, self._look_after)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  (aiohttp's)
        if self._look is not None:
            self._look.cancel()
        await super().shutdown(timeout)

    def _look_after(self) -> None:
        """End connections whose head is late; repeat while there are any."""
        now, timeout = self._running_loop.time(), float(self.hub.settings.header_timeout)
        connections = self.connections
        for connection in connections:
            if isinstance(connection, Connection):
                connection.look(now, timeout=timeout)
        self._look = None
        if connections:
            self._look = self._running_loop.call_later(LOOK_SECONDS, self._look_after)


def _routed(
    application: _Handler,
    *,
    direct: Mapping[str, Handler],
    recorder: Recorder,
    allow_host: tuple[str, ...],
) -> _Handler:
    """Return a handler that lets only what is for a path of this server reach the application."""

    def handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        target = request.raw_path
        answer = direct.get(target)
        if (
            answer is not None
            and EXPECT not in request.headers
            and isinstance(request, web.Request)
        ):
            return answer(request)
        if target[0] == "/":
            return application(request)
        return _answer_elsewhere(
            request, application=application, recorder=recorder, allow_host=allow_host
        )

    return handle


# --- request targets that are not a path: ``GET http://host/path``, ``CONNECT host:port``, ``*``
#
# A client sends the first two to a proxy. For this server's own address the first is answered as
# the path alone would be: some clients always send it. For any other host the client expects its
# traffic to be passed on, and would take an answer of mockseg for one of that host.


async def _answer_elsewhere(
    request: web.BaseRequest,
    *,
    application: _Handler,
    recorder: Recorder,
    allow_host: tuple[str, ...],
) -> web.StreamResponse:
    """Answer a request whose target is not a path: as the application does, or with 403.

    Args:
        request: as it came.
        application: answers what is for this server.
        recorder: records what is not.
        allow_host: other names of this server.
    """
    target = request.raw_path
    if target == "*":
        return preflight(request)
    authority = _authority(request.method, target)
    if authority is not None and _is_own(authority, request, allow_host):
        # Without a path it is for the root.
        return await application(request if request.path else request.clone(rel_url="/"))
    host = "another server" if authority is None else authority.netloc.rpartition("@")[2][:200]
    name = "NAME" if authority is None else (authority.hostname or "NAME")[:100]
    text = (
        f"mockseg is not a forward proxy, and this request is for {host}.\n"
        f"If that is a name of this mockseg, start it with --allow-host {name}"
        " (with the port, where it is another one than mockseg listens on).\n"
        "Else remove the proxy from the client's settings (HTTP_PROXY, HTTPS_PROXY), or add"
        f" {name} to NO_PROXY.\n"
    )
    answer = Answer(status=403, body=text.encode(), content_type="text/plain; charset=utf-8")
    response = await recorder.refuse(
        request,
        answer,
        reason=(
            f"the request is for {host}, and mockseg is not a forward proxy (if that is mockseg:"
            f" --allow-host {name})"
        ),
        path=shown_url(target.partition("?")[0]),
    )
    if request.method == "CONNECT":
        # What the client would send through the tunnel is not HTTP.
        response.force_close()
    return response


def _authority(method: str, target: str) -> SplitResult | None:
    """Return scheme, host and port of a target; None without a host."""
    try:
        parts = urlsplit(f"https://{target}" if method == "CONNECT" else target)
        # Reading it is the check.
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None


def _is_own(authority: SplitResult, request: web.BaseRequest, allow_host: tuple[str, ...]) -> bool:
    """Return whether a target is this server: one of its names, and the port of this connection."""
    if request.method == "CONNECT" or authority.scheme.lower() not in _PORTS:
        return False
    named = authority.netloc.rpartition("@")[2]
    if named.lower() in {allowed.lower() for allowed in allow_host if ":" in allowed}:
        return True
    listening = request.get_extra_info("sockname")
    if not isinstance(listening, tuple):
        return is_ours(named, allow_host)
    port = authority.port or _PORTS[authority.scheme.lower()]
    here = authority.hostname == listening[0] or is_ours(named, allow_host)
    return here and port == listening[1]


# --- bytes


def _parts(data: bytes, last: bytes) -> Iterator[bytes]:
    """Cut bytes after each end of a head.

    Args:
        data: what to cut; empty bytes, which only wake the parser, are a part.
        last: the bytes before it; an end may begin there.
    """
    start = 0
    if _RETURN in data or last.endswith((b"\r", b"\n")):
        joined = last + data
        place = 0
        while (end := joined.find(_END_OF_HEAD, place)) >= 0:
            place = end + len(_END_OF_HEAD)
            yield data[start : place - len(last)]
            start = place - len(last)
    if start < len(data) or not data:
        yield data[start:]


def _written(answer: Answer) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status} Request Timeout\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + answer.body
