"""Carrying out what a fault does to a request: late, broken, or no answer at all."""

from __future__ import annotations

import socket
import struct

from aiohttp import web

from mockseg.domain.request import Answer
from mockseg.errors import OperationError
from mockseg.hub.fault_registry import FaultedRequest
from mockseg.hub.hub import Hub
from mockseg.web.open_requests import OpenRequests
from mockseg.web.responses import allow_origin

# Closing with a linger of 0 s is how a socket sends RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)
_HALF_A_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: applica"


async def break_answer(
    request: web.Request,
    hub: Hub,
    broken: FaultedRequest,
    *,
    held: OpenRequests,
    usual: Answer,
    response: web.Response,
) -> web.StreamResponse:
    """Answer as the fault has it.

    Args:
        request: as it came.
        hub: keeps what is held back.
        broken: what happens to the request.
        held: the requests that a stop of the server ends.
        usual: what would have been answered.
        response: the same as it would have gone out; sent where the fault leaves it alone.
    """
    try:
        with held.hold(request):
            return await _broken(request, hub, broken, usual=usual, response=response)
    except (OperationError, ConnectionResetError):
        # The server stops, or the client went away.
        return _ended(request)


async def _broken(
    request: web.Request, hub: Hub, broken: FaultedRequest, *, usual: Answer, response: web.Response
) -> web.StreamResponse:
    effect, delays = broken.effect, hub.faults.delays
    if effect.hang:
        await delays.hold(broken.source, broken.fault, None)
        return _ended(request)
    if broken.delay > 0:
        await delays.hold(broken.source, broken.fault, broken.delay)
    if effect.reset is not None:
        return _reset(request)
    if effect.close == "head":
        return _cut(request, _HALF_A_HEAD)
    response = _changed(request, broken, usual=usual, response=response)
    if effect.close == "body":
        return _cut(request, _half(response))
    if effect.dribble is not None:
        return await _dribbled(request, hub, broken, response)
    return response


def _changed(
    request: web.Request, broken: FaultedRequest, *, usual: Answer, response: web.Response
) -> web.Response:
    """Return the answer that the fault makes; its headers also go on the usual one."""
    served = broken.serve(usual)
    if served.changed:
        headers = {"Content-Type": served.answer.content_type}
        response = web.Response(
            status=served.answer.status, body=served.answer.body, headers=headers
        )
        allow_origin(request, response)
    for name, value in served.headers:
        response.headers[name] = value
    for name in served.missing:
        response.headers.popall(name, None)
    return response


async def _dribbled(
    request: web.Request, hub: Hub, broken: FaultedRequest, response: web.Response
) -> web.StreamResponse:
    """Send the head, then the body byte by byte; the rest at once when released."""
    body = _bytes_of(response)
    slow = web.StreamResponse(status=response.status, headers=response.headers)
    slow.content_length = len(body)
    await slow.prepare(request)
    seconds = broken.effect.dribble
    for place in range(len(body)):
        if not await hub.faults.delays.hold(broken.source, broken.fault, seconds):
            await slow.write(body[place:])
            break
        await slow.write(body[place : place + 1])
    await slow.write_eof()
    return slow


def _half(response: web.Response) -> bytes:
    """Return an answer's head, which promises more than the half of its body that follows."""
    body = _bytes_of(response)
    promised = max(len(body), 2)
    lines = [f"HTTP/1.1 {response.status} {response.reason or ''}"]
    lines += [
        f"{name}: {value}"
        for name, value in response.headers.items()
        if name.lower() != "content-length"
    ]
    head = "\r\n".join([*lines, f"Content-Length: {promised}", "", ""])
    return head.encode("latin-1", "replace") + body[: promised // 2]


def _bytes_of(response: web.Response) -> bytes:
    body = response.body
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def _cut(request: web.Request, sent: bytes) -> web.Response:
    transport = request.transport
    if transport is not None:
        transport.write(sent)
        transport.close()
    return web.Response()


def _reset(request: web.Request) -> web.Response:
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    return _ended(request)


def _ended(request: web.Request) -> web.Response:
    """End the connection at once; what is returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        transport.abort()
    return web.Response()
