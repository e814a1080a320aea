"""An answer that is the same for everybody, sent as the bytes that it is."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web
from aiohttp.hdrs import ORIGIN
from aiohttp.http import SERVER_SOFTWARE

from mockseg.clock import NANOSECONDS, SystemClock

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.web import BaseRequest

    from mockseg.domain.request import Answer


class ConstantResponse(web.StreamResponse):
    """One response object for all requests: no headers are put together for each.

    aiohttp spends as much on that as mockseg on judging and recording a call. What goes out
    is the same, byte for byte, as from a ``web.Response`` with this answer.

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
        """Tell whether a request needs no header but those that all need."""
        return (
            request.keep_alive
            and request.version == HttpVersion11
            and ORIGIN not in request.headers
        )

    @property
    def keep_alive(self) -> bool:
        """Give what goes for every request that it suits."""
        return True

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Send all of it.

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
        """Do nothing more: all has been sent."""
