"""What aiohttp's parser rejects: the reason in a sentence, and what can be read of the request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp.http_exceptions import (
    BadHttpMethod,
    HttpProcessingError,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
)

from mockseg.domain.credentials import shown_url
from mockseg.suggestions import quoted

_HEAD = re.compile(
    rb"([A-Z]{1,20}) ([!-~\x80-\xff]{1,100000}) HTTP/1\.[01]\r\n"
    rb"((?:[!-9;-~]{1,1000}:[^\r\n]{0,100000}\r\n){0,1000})\r\n"
)
# The beginning of a head that is not whole, or not valid further on.
_START = re.compile(
    rb"\s{0,100}(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) ([!-~\x80-\xff]{1,100000})"
)
_LINE = re.compile(rb"([!-9;-~]{1,1000}):[ \t]{0,1000}([^\r\n]{0,100000})")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_MOST_EXCERPT = 40


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it was sent, and as far as it was.

    Attributes:
        method: HTTP method; empty if it is missing.
        target: path and query, or whatever stands in their place.
        headers: names and values.
        body: not inflated.
        head_end: the place after its head, in the bytes in which it was found.
    """

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    head_end: int = 0

    def header(self, name: str) -> str:
        """Return the first header of this name, in lower case, or empty."""
        wanted = name.encode()
        return next((_text(value) for each, value in self.headers if each.lower() == wanted), "")


def requests_in(data: bytes) -> tuple[list[RawRequest], bytes]:
    """Return the requests among some bytes whose heads are whole, and what follows the last.

    Args:
        data: may begin in the middle of a request.
    """
    found: list[RawRequest] = []
    start = 0
    head = _HEAD.match(data) or _HEAD.search(data)
    while head is not None:
        headers = tuple(_headers(head[3]))
        start = head.end() + _length(headers)
        body = data[head.end() : start]
        found.append(RawRequest(_text(head[1]), _text(head[2]), headers, body, head.end()))
        head = _HEAD.match(data, start)
    return found, data[start:]


def head_of(data: bytes) -> RawRequest:
    """Return what can be read of a request whose head is not whole, or not valid."""
    start = _START.match(data)
    if start is None:
        return RawRequest("", "", tuple(_headers(data)))
    return RawRequest(_text(start[1]), _text(start[2]), tuple(_headers(data[start.end() :])))


def reason_of(error: HttpProcessingError, data: bytes) -> str:
    """Return why the parser refused a request, without what may be a secret.

    Args:
        error: that it raised.
        data: where it did, as far as that is known.
    """
    if data.startswith(b"\x16\x03") or "HTTPS traffic" in error.message:
        return "TLS on the port for plain http: use http://, or the port of --tls"
    if data.startswith(b"PRI * HTTP/2"):
        return "HTTP/2 without TLS is not supported: use HTTP/1.1"
    if isinstance(error, LineTooLong):
        return f"a line of the head is over {error.args[1]} bytes"
    if isinstance(error, InvalidHeader):
        return "invalid header"
    words = " ".join(error.message.split("\n\n")[0].split()).rstrip(":")
    if isinstance(error, InvalidURLError):
        return f"invalid request target: {quoted(shown_url(words))}"
    if isinstance(error, BadHttpMethod) and data:
        line = _text(data.split(b"\r\n")[0])
        return f"{words}: {quoted(shown_url(line)[:_MOST_EXCERPT])}"
    return shown_url(words)[:200]


def what_follows(request: RawRequest, reason: str, *, name: str) -> str:
    """Return the sentence for what is not HTTP and follows a request.

    Args:
        request: whose body ends where that begins.
        reason: why it was refused.
        name: what the sentence calls the request.
    """
    sentence = f"what follows {name} is not HTTP: {reason}"
    length = request.header("content-length")
    return f"{sentence}; is the Content-Length of {length} too small?" if length else sentence


def _headers(lines: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in lines.split(b"\r\n"):
        pair = _LINE.fullmatch(line)
        if pair is not None:
            yield pair[1], pair[2].rstrip()


def _length(headers: tuple[tuple[bytes, bytes], ...]) -> int:
    value = next((value for name, value in headers if name.lower() == b"content-length"), b"")
    return int(value) if _LENGTH.fullmatch(value) else 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
