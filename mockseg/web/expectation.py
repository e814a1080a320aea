"""``Expect: 100-continue``, for clients that wait to be told to send their body.

aiohttp's own way fails where the header is no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import HttpVersion11

if TYPE_CHECKING:
    from aiohttp import web


CONTINUE = "100-continue"


async def continue_if_expected(request: web.Request) -> None:
    """Tell a client that asks for it to go on; any other expectation is passed over."""
    if request.headers.get("Expect", "").lower() == CONTINUE and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # This was no part of the answer.
        request.writer.output_size = 0
