"""Reading a request's body: bounded in bytes and in time, inflated here.

aiohttp's own inflation takes a truncated gzip stream for a whole one; so the server runs
with ``auto_decompress=False``, and the bound holds while inflating, not after.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib

import msgspec
from aiohttp import web
from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_LENGTH
from aiohttp.web import BaseRequest

from mockseg.domain.findings import Discard, discard
from mockseg.domain.reading import key_in_text
from mockseg.files import GZIP_MAGIC
from mockseg.hub.answers import MALFORMED_GZIP

# Over Segment's own limits, so that what was too large can still be shown.
MAX_READ_BYTES = 2 * 1024 * 1024
# A client that sends less than it declared gets its answer after this time.
BODY_SECONDS = 30.0

# Every member costs a copy of what follows it; SDKs send one.
_MOST_MEMBERS = 100
# A write key is near the beginning of a body, or near its end.
_BEGINNING_BYTES = 256 * 1024
_PORTION_BYTES = 64
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Body(msgspec.Struct, frozen=True):
    """A body as far as it could be read.

    Attributes:
        content: inflated bytes; the bytes as sent where they could not be inflated.
        sent_bytes: how many there were on the wire.
        problem: why it is incomplete, or None.
        write_key: found in what could be inflated of a damaged one, or empty.
    """

    content: bytes
    sent_bytes: int
    problem: Discard | None = None
    write_key: str = ""


def body_at_hand(request: BaseRequest) -> Body | None:
    """Return a body that has arrived whole, as nearly all do, without waiting; else None."""
    headers, payload = request.headers, request.content
    if CONTENT_LENGTH not in headers or not payload.is_eof():
        return None
    sent = payload.read_nowait(-1)
    encoding = headers.get(CONTENT_ENCODING)
    if encoding is None and len(sent) <= MAX_READ_BYTES:
        return Body(sent, len(sent))
    return inflated(sent, encoding)


async def read_body(request: BaseRequest) -> Body:
    """Read and inflate a body; what is wrong with it is its problem, never raised."""
    at_hand = body_at_hand(request)
    if at_hand is not None:
        return at_hand
    parts: list[bytes] = []
    trouble = await _read_slowly(request, parts)
    sent = b"".join(parts)
    if trouble:
        return _damaged(sent, trouble)
    return inflated(sent, request.headers.get(CONTENT_ENCODING))


def inflated(sent: bytes, encoding: str | None) -> Body:
    """Inflate what was sent, if it says that it has to be.

    Args:
        sent: the body's bytes.
        encoding: the header Content-Encoding, or None.
    """
    if len(sent) > MAX_READ_BYTES:
        return Body(sent[:MAX_READ_BYTES], len(sent), _over_limit())
    encoding = encoding and encoding.strip().lower()
    if not encoding or encoding == "identity":
        return Body(sent, len(sent))
    if encoding not in {"gzip", "x-gzip"}:
        return Body(
            sent,
            len(sent),
            _problem(f'content encoding "{encoding[:40]}"; gzip or none is allowed'),
        )
    return _from_gzip(sent)


async def _read_slowly(request: BaseRequest, parts: list[bytes]) -> str:
    """Read what comes, up to the limit; return what went wrong, or an empty text."""
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.content.iter_any():
                parts.append(part)
                size += len(part)
                if size > MAX_READ_BYTES:
                    break
    except TimeoutError:
        return f"the body did not arrive within {BODY_SECONDS:g} s"
    except ConnectionError:
        return "the client went away before the body was whole"
    except (web.RequestPayloadError, asyncio.IncompleteReadError, ValueError) as error:
        return f"the body could not be read: {error}"
    return ""


def _from_gzip(sent: bytes) -> Body:
    content = b""
    rest = sent
    try:
        for _ in range(_MOST_MEMBERS):
            if not rest:
                return Body(content, len(sent))
            member = zlib.decompressobj(_GZIP_WINDOW)
            content += member.decompress(rest, MAX_READ_BYTES + 1 - len(content))
            if len(content) > MAX_READ_BYTES:
                return Body(content[:MAX_READ_BYTES], len(sent), _over_limit())
            if not member.eof:
                return _damaged(sent, f"{MALFORMED_GZIP}: it is truncated")
            rest = member.unused_data
    except zlib.error as error:
        return _damaged(sent, f"{MALFORMED_GZIP}: {error}")
    return _damaged(sent, f"{MALFORMED_GZIP}: it has more than {_MOST_MEMBERS} members")


def _damaged(sent: bytes, sentence: str) -> Body:
    """Return a body as sent; the write key of damaged gzip may be in what can be inflated."""
    key = key_in_text(_beginning(sent)) if sent.startswith(GZIP_MAGIC) else ""
    return Body(sent, len(sent), _problem(sentence), key)


def _beginning(sent: bytes) -> bytes:
    """Inflate a damaged stream up to the damage, or a few kilobytes of it."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    content = b""
    # What comes before the damage in the same portion is lost with it.
    with contextlib.suppress(zlib.error):
        for start in range(0, len(sent), _PORTION_BYTES):
            content += member.decompress(sent[start : start + _PORTION_BYTES], _BEGINNING_BYTES)
            if len(content) >= _BEGINNING_BYTES:
                break
    return content


def _problem(sentence: str) -> Discard:
    return discard("bad_request", "", sentence)


def _over_limit() -> Discard:
    return discard(
        "payload_too_large",
        "",
        f"the payload is over {MAX_READ_BYTES} bytes, more than mockseg reads of any request",
    )
