"""Whatever is thrown at the control plane: an answer in the one shape, and never a 500."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.config import Settings
from mockseg.hub.hub import Hub
from mockseg.operations.table import OPERATIONS, PREFIX
from mockseg.web.app import Runner, make_app
from mockseg.web.page.static_files import address
from mockseg.web.parameters import wire_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.operations.table import Operation

CONTENT_TYPES = {"text/html", "text/css", "text/plain", "application/json"}
PATHS = sorted(
    {PREFIX + operation.path for operation in OPERATIONS}
    | {PREFIX + path for path in ("/metrics", "/openapi.json", "/stream", "/", "")}
    | {
        "/_mockseg",
        "/_mockseg/",
        address("page.css"),
        "/_mockseg/calls/{id}",
        "/_mockseg/x",
    }
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"]
NAMES = sorted({name for operation in OPERATIONS for name in wire_names(operation.params)})
# Words that mean something somewhere get further than noise does.
WORDS = st.sampled_from(
    [
        *("", "k1", "call-1", "req-1", "0", "1", "-1", "9" * 30, "9" * 5000, "1e3", "true", "null"),
        *("2026-01-31T12:00:00Z", "0001-01-01", "9999-12-31T23:59:60Z", "type = 'track'"),
        *("event =", "2018", "accepted", "\u0663", "\x00", "`", "a - at `$.b`", "NaN", "inf"),
        *("req-" + "9" * 5000, "[" * 500),
    ]
)
TEXTS = WORDS | st.text(max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4) | VALUES


class Reply(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """A server, and a way to send it any bytes."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        hub = Hub(Settings(seed=1, max_calls=100, max_requests=100))
        self._app = Runner(make_app(hub))
        self.address = ("", 0)

    async def open(self) -> None:
        """Start the server."""
        await self._app.setup()
        await web.TCPSite(self._app, "127.0.0.1", 0).start()
        self.address = self._app.addresses[0][:2]

    def close(self) -> None:
        """Stop the server."""
        self._runner.run(self._app.cleanup())

    def send(self, sent: bytes, body: Any = b"") -> Reply:
        """Send bytes, read to the end; the connection is closed by the server."""
        return self._runner.run(self._exchange(sent, body))

    async def _exchange(self, head: bytes, body: Any) -> Reply:
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(head + body)
            return parsed(await reader.read())
        finally:
            writer.close()
            await writer.wait_closed()

    def ask(
        self, method: str, target: bytes, body: Any = b"", content_type: str = "application/json"
    ) -> Reply:
        """Send a request; its target is bytes."""
        head = b"%b %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" % (
            method.encode(),
            target,
        )
        if body or method in {"POST", "PUT", "PATCH"}:
            head += b"Content-Type: %b\r\nContent-Length: %d\r\n" % (
                content_type.encode(),
                len(body),
            )
        return self.send(head + b"\r\n", body)


def parsed(received: bytes) -> Reply:
    """Read an answer as it stands on the wire."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Reply(int(first.split()[1]), headers, body)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Give a server that all examples of this module are thrown at."""
    with asyncio.Runner() as runner:
        made = Wire(runner)
        runner.run(made.open())
        yield made
        made.close()


def assert_in_shape(reply: Reply, *, method: str = "GET") -> None:
    """Assert that an answer is none of ours going wrong, or that aiohttp found no HTTP."""
    assert reply.status != 500
    if "content-security-policy" not in reply.headers:
        assert reply.status == 400
        return
    content_type = reply.headers.get("content-type", "").partition(";")[0]
    assert reply.status in {204, 308} or content_type in CONTENT_TYPES
    if reply.status < 400 or method == "HEAD":
        return
    answer = json_types.decode(reply.body)
    assert list(answer) == ["error"]
    assert {"code", "message"} <= set(answer["error"]) <= {"code", "message", "details"}
    assert answer["error"]["message"]


def escaped(text: str) -> bytes:
    """Write any text as a part of a target."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="").encode()


def hurried(value: Any) -> Any:
    """Take the time out of waits, so that none is long."""
    if isinstance(value, dict):
        return {key: hurried(item) for key, item in value.items()} | {
            key: 0.001
            for key in ("timeout", "quiet")
            if isinstance(value.get(key), int | float) and 0 <= value[key] <= 3600
        }
    return value


def short(path: str, body: Any) -> bytes:
    """Give the parameters of waits so that none is long; all others as they are."""
    value = hurried(body)
    if isinstance(value, dict) and path.endswith(("/calls/wait", "/settle")):
        value = {"timeout": 0.001} | value
    return json_types.encode(value)


@settings(deadline=None, max_examples=300)
@given(method=st.sampled_from(METHODS), path=st.sampled_from(PATHS), body=BODIES, name=TEXTS)
def test_any_json_at_any_route_is_answered_in_the_one_shape(
    wire: Wire, method: str, path: str, body: Any, name: str
) -> None:
    """Any JSON value with any method: no 500, and errors have one shape."""
    target = re.sub(rb"{\w+}", lambda _: escaped(name), path.encode())
    if (method, path) == ("GET", PREFIX + "/stream"):
        method = "POST"
    assert_in_shape(wire.ask(method, target, short(path, body)), method=method)


@settings(deadline=None, max_examples=300)
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
def test_any_bytes_as_a_body_are_answered_in_the_one_shape(
    wire: Wire, path: str, body: Any
) -> None:
    """Bytes that are no JSON, no UTF-8 or nothing at all: no 500, and errors have one shape."""
    reply = wire.ask("POST", path.replace("{", "").replace("}", "").encode(), body)
    assert_in_shape(reply)


@settings(deadline=None, max_examples=400)
@given(
    operation=st.sampled_from([row for row in OPERATIONS if not row.has_body]),
    query=st.lists(st.tuples(st.sampled_from(NAMES) | TEXTS, TEXTS), max_size=4),
    name=TEXTS,
)
def test_any_query_is_answered_in_the_one_shape(
    wire: Wire, operation: Operation, query: Any, name: str
) -> None:
    """Any names and values of a query: no 500, and errors have one shape."""
    path = re.sub(rb"{\w+}", lambda _: escaped(name), (PREFIX + operation.path).encode())
    pairs = b"&".join(escaped(key) + b"=" + escaped(value) for key, value in query)
    assert_in_shape(wire.ask(operation.method, path + b"?" + pairs))


@settings(deadline=None, max_examples=200)
@given(path=st.sampled_from(PATHS), query=st.binary(max_size=60))
def test_any_bytes_as_a_query_are_answered(wire: Wire, path: str, query: Any) -> None:
    """Raw bytes in the target: an answer of ours, or the parser's refusal."""
    raw = b"".join(bytes([byte]) for byte in query if byte > 0x20)
    method = "POST" if path.endswith("/stream") else "GET"
    reply = wire.ask(method, path.replace("{", "").replace("}", "").encode() + b"?" + raw)
    assert_in_shape(reply)


@settings(deadline=None, max_examples=200)
@given(
    value=st.binary(max_size=60),
    header=st.sampled_from(
        [
            *(b"Origin", b"Content-Type", b"Content-Encoding", b"Last-Event-ID"),
            *(b"Sec-Fetch-Site", b"Accept", b"Expect", b"Authorization"),
        ]
    ),
)
def test_any_bytes_in_a_header_are_answered(wire: Wire, value: Any, header: bytes) -> None:
    """Raw bytes in the headers that are looked at: no 500, and errors have one shape."""
    clean = bytes(byte for byte in value if byte not in b"\r\n\x00" and byte >= 0x20)
    reply = wire.send(
        b"POST %b/calls/wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Length: 13\r\n%b: %b\r\n\r\n" % (PREFIX.encode(), header, clean),
        b'{"timeout":0}',
    )
    assert_in_shape(reply)


@pytest.mark.parametrize(
    "framing",
    [
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n0\r\n\r\n",
        b"Content-Length: x\r\n\r\n{}",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_body_that_is_broken_on_the_wire_is_answered(wire: Wire, framing: bytes) -> None:
    """Broken framing is a 4xx, not a failure of ours."""
    reply = wire.send(
        b"POST %b/sources HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\n%b" % (PREFIX.encode(), framing)
    )
    assert 400 <= reply.status < 500
