"""Requests that a parser forgot are found again in the bytes, and the reason has no secrets."""

from __future__ import annotations

import pytest
from aiohttp.http_exceptions import (
    BadHttpMessage,
    BadHttpMethod,
    BadStatusLine,
    HttpProcessingError,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
)
from hypothesis import given
from hypothesis import strategies as st

from mockseg.web.unparsed import RawRequest, head_of, reason_of, requests_in, what_follows

HEAD = b"POST /v1/t?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


def test_requests_are_found_up_to_what_is_none() -> None:
    """Each with its headers and its body, and then the rest."""
    data = HEAD % 2 + b"{}" + b"GET / HTTP/1.0\r\n\r\n" + HEAD % 1 + b"{}}"
    found, rest = requests_in(data)
    assert [(each.method, each.target, each.body) for each in found] == [
        ("POST", "/v1/t?a=1", b"{}"),
        ("GET", "/", b""),
        ("POST", "/v1/t?a=1", b"{"),
    ]
    assert found[0].headers == ((b"Host", b"x"), (b"Content-Length", b"2"))
    assert found[0].header("content-length") == "2"
    assert found[0].header("x") == ""
    assert rest == b"}}"
    assert data[: found[0].head_end].endswith(b"\r\n\r\n")


def test_bytes_may_begin_in_the_middle_of_a_request() -> None:
    """What stands before the first whole head is passed over."""
    found, rest = requests_in(b"h: x\r\n\r\n{}" + HEAD % 2 + b"{}POST")
    assert [each.body for each in found] == [b"{}"]
    assert rest == b"POST"


@pytest.mark.parametrize(
    ("data", "head"),
    [
        (b"POST /v1/track HTTP/1.1\r\nA: b\r\nc", ("POST", "/v1/track", ((b"A", b"b"),))),
        (b"\r\nGET /v1/tr", ("GET", "/v1/tr", ())),
        (b"GET / HTTP/9.9\r\n\r\n", ("GET", "/", ())),
        (b"}GET /", ("", "", ())),
        (b"\x16\x03\x01", ("", "", ())),
        (b"", ("", "", ())),
    ],
)
def test_what_can_be_read_of_a_head(data: bytes, head: tuple[object, ...]) -> None:
    """Method and target when the line begins with them, whatever is wrong after that."""
    read = head_of(data)
    assert (read.method, read.target, read.headers) == head


@pytest.mark.parametrize(
    ("error", "data", "reason"),
    [
        (
            BadHttpMethod(error="Invalid method encountered:\n\n  b'{hidden}}'\n    ^"),
            b"}",
            'Invalid method encountered: "}"',
        ),
        (
            BadHttpMethod(error="Invalid method encountered:\n\n  b'x?token=hidden'\n    ^"),
            b"x?token=hidden\r\nCookie: hidden",
            'Invalid method encountered: "x?token=[redacted]"',
        ),
        (
            BadHttpMethod(error="Invalid method encountered:\n\n  b'hidden'\n    ^"),
            b"",
            "Invalid method encountered",
        ),
        (
            BadStatusLine(error="Bad status line:\n  Expected HTTP/:\n\n  b'G / hidden'\n  ^"),
            b"",
            "Bad status line: Expected HTTP/",
        ),
        (
            BadHttpMessage("Invalid header token:\n\n  b'Authorization: hid\\0den'\n  ^"),
            b"",
            "Invalid header token",
        ),
        (LineTooLong(b"Bearer hidden", 8190), b"", "a line of the head is over 8190 bytes"),
        (InvalidHeader(b"Cookie hidden"), b"", "invalid header"),
        (
            InvalidURLError("http://u:hidden@[x"),
            b"",
            'invalid request target: "http://[redacted]@[x"',
        ),
        (
            BadHttpMethod(error="Received HTTPS traffic on an HTTP port"),
            b"",
            "TLS on the port for plain http: use http://, or the port of --tls",
        ),
        (
            BadHttpMessage("Expected HTTP/"),
            b"\x16\x03\x01\x02",
            "TLS on the port for plain http: use http://, or the port of --tls",
        ),
        (
            BadHttpMessage("x"),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/2 without TLS is not supported: use HTTP/1.1",
        ),
    ],
)
def test_the_reason_is_one_line_without_secrets(
    error: HttpProcessingError, data: bytes, reason: str
) -> None:
    """The parser's words, and what it points at where that is no header."""
    assert reason_of(error, data) == reason


def test_a_length_that_may_be_too_small_is_named() -> None:
    """It is what most often makes the rest of a body the beginning of a request."""
    request = RawRequest("POST", "/", ((b"content-length", b"41"),))
    asked = "what follows it is not HTTP: why; is the Content-Length of 41 too small?"
    assert what_follows(request, "why", name="it") == asked
    assert (
        what_follows(RawRequest("GET", "/"), "why", name="x") == "what follows x is not HTTP: why"
    )


@given(st.binary(max_size=300), st.binary(max_size=50), st.integers(0, 10))
def test_any_bytes_can_be_searched(data: bytes, body: bytes, length: int) -> None:
    """Nothing is lost: requests and rest are the bytes."""
    found, rest = requests_in(HEAD % length + body + data)
    assert found
    assert len(found[0].body) <= length
    assert isinstance(rest, bytes)
    assert head_of(data).method.isupper() or head_of(data).method == ""
