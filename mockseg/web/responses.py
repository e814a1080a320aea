"""Responses of the data plane: with CORS as Segment's edge has it, and without cost where possible.

Any origin may read an answer, with credentials.
"""

from __future__ import annotations

from email.utils import formatdate

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.hdrs import ORIGIN
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.web import BaseRequest, StreamResponse

from mockseg.clock import NANOSECONDS, SystemClock
from mockseg.domain.request import Answer

CONTINUE = "100-continue"
WEEK_SECONDS = "604800"


def response_of(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type}
    )


def allow_origin(request: BaseRequest, response: StreamResponse) -> None:
    """Let the page that sent a request read its response, including Retry-After."""
    origin = request.headers.get(ORIGIN)
    if origin is not None:
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = header_value(origin)
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = "Retry-After, X-RateLimit-Reset"
        headers["Vary"] = "Origin"


def preflight(request: BaseRequest) -> web.Response:
    """Answer an OPTIONS: all headers that the browser asks for are allowed."""
    response = web.Response()
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, OPTIONS"
    response.headers["Access-Control-Max-Age"] = WEEK_SECONDS
    asked = request.headers.get("Access-Control-Request-Headers")
    if asked is not None:
        response.headers["Access-Control-Allow-Headers"] = header_value(asked)
    allow_origin(request, response)
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    return response


async def continue_if_expected(request: web.Request) -> None:
    """Send ``100 Continue`` to a client that waits for it; ignore any other expectation.

    aiohttp's own handler fails where the header is not text.
    """
    if request.headers.get("Expect", "").lower() == CONTINUE and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # These bytes are not part of the answer.
        request.writer.output_size = 0


class ConstantResponse(web.StreamResponse):
    """One response object for all requests: no headers are put together for each.

    aiohttp spends as much on that as mockseg on judging and recording a call. The bytes sent are
    the same as those of a ``web.Response`` with this answer.

    Args:
        answer: with status 200.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(headers={"Content-Type": answer.content_type})
        self._head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\nDate: "
        ).encode()
        self._tail = f"\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode() + answer.body
        self._clock = SystemClock()
        self._second = 0
        self._whole = b""

    @staticmethod
    def suits(request: BaseRequest) -> bool:
        """Return whether a request needs only the headers that all need."""
        return (
            request.keep_alive
            and request.version == HttpVersion11
            and ORIGIN not in request.headers
        )

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Send the whole response.

        Raises:
            ConnectionResetError: the client went away.
        """
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client went away")
        second = self._clock.now_ns() // NANOSECONDS
        if second != self._second:
            self._second = second
            date = formatdate(second, usegmt=True).encode()
            self._whole = self._head + date + self._tail
        transport.write(self._whole)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` has sent everything."""


def header_value(value: str) -> str:
    """Return what a header can hold of a text that a client sent."""
    return "".join(c for c in value if " " <= c <= "~")
