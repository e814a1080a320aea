"""`send`: what a person without an SDK needs, through the real edge."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.client.client import AsyncClient, Client
from mockseg.errors import BlockingCallError, UnreachableError
from mockseg.matching.matchers import track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.client.operation_call import EdgeAnswer
    from mockseg.client.source import Source

SIGNED_UP = {"type": "track", "userId": "u1", "event": "Signed Up"}
SIX: list[dict[str, Any]] = [
    {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}},
    SIGNED_UP,
    {"type": "page", "userId": "u1", "name": "Home"},
    {"type": "screen", "userId": "u1", "name": "Home"},
    {"type": "group", "userId": "u1", "groupId": "g1"},
    {"type": "alias", "userId": "u2", "previousId": "u1"},
]


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[MockSegment]:
    """A server."""
    with MockSegment() as server:
        yield server


Send = "Callable[..., list[EdgeAnswer]]"


@pytest.fixture(name="sent", params=["process", "http", "process aio", "http aio"])
def _sent(request: pytest.FixtureRequest, server: MockSegment) -> Callable[..., Any]:
    """Send through each door to the source of a key."""

    def send(source: Source, *messages: Any, **how: Any) -> list[EdgeAnswer]:
        key = source.write_key

        async def send_over_http() -> list[EdgeAnswer]:
            async with AsyncClient(server.url) as client:
                return await (await client.source(key)).send(*messages, **how)

        match request.param:
            case "process":
                return source.send(*messages, **how)
            case "http":
                with Client(server.url) as client:
                    return client.source(key).send(*messages, **how)
            case "process aio":
                return asyncio.run(source.aio.send(*messages, **how))
        return asyncio.run(send_over_http())

    return send


def test_each_message_goes_to_the_route_of_its_type(
    server: MockSegment, sent: Callable[..., list[EdgeAnswer]]
) -> None:
    """As it was given, and it can be read the moment its answer is here."""
    source = server.source()
    answers = sent(source, *SIX)
    assert [(answer.status, answer.json()) for answer in answers] == [(200, {"success": True})] * 6
    assert answers[0].headers["content-type"].startswith("application/json")
    assert [request.path for request in source.requests()] == [f"/v1/{m['type']}" for m in SIX]
    assert [call.raw for call in source.calls()] == SIX
    source.assert_all_good()


def test_a_batch_is_one_request(server: MockSegment, sent: Callable[..., list[EdgeAnswer]]) -> None:
    """Whatever is in it, nothing too."""
    source = server.source()
    [answer] = sent(source, SIGNED_UP, {"type": "trak", "userId": "u1"}, batch=True)
    assert answer.status == 200
    [empty] = sent(source, batch=True)
    assert empty.status == 200  # as Segment answers it
    assert [request.path for request in source.requests()] == ["/v1/batch"] * 2
    assert [call.verdict for call in source.calls()] == ["accepted", "dropped"]


def test_path_and_headers_are_those_that_were_given(
    server: MockSegment, sent: Callable[..., list[EdgeAnswer]]
) -> None:
    """Also wrong ones, and none where None is given."""
    source, other = server.source(), server.source()
    [short] = sent(source, SIGNED_UP, path="/v1/t", headers={"X-Retry-Count": "2"})
    [wrong] = sent(source, SIGNED_UP, path="/v1/v1/track")
    [keyless] = sent(
        source,
        {**SIGNED_UP, "writeKey": other.write_key},
        headers={"authorization": None, "Content-Type": "text/plain"},
    )
    assert (short.status, wrong.status, keyless.status) == (200, 404, 200)
    [first, _] = source.requests()
    assert dict(first.headers)["X-Retry-Count"] == "2"
    [request] = other.requests()
    names = {name.lower(): value for name, value in request.headers}
    assert "authorization" not in names
    assert names["content-type"] == "text/plain"


def test_bytes_are_sent_as_they_are(
    server: MockSegment, sent: Callable[..., list[EdgeAnswer]]
) -> None:
    """Compressed, or broken."""
    source = server.source()
    body = gzip.compress(b'{"batch": [{"type": "track", "userId": "u1", "event": "A"}]}')
    [zipped] = sent(source, body, path="/v1/batch", headers={"Content-Encoding": "gzip"})
    [broken] = sent(source, b'{"userId": ', path="/v1/track")
    assert (zipped.status, broken.status) == (200, 400)
    source.assert_called(track("A"), wait=0)


def test_faults_meet_it_as_they_meet_an_sdk(
    server: MockSegment, sent: Callable[..., list[EdgeAnswer]]
) -> None:
    """A status is an answer; a connection that breaks or hangs is none."""
    source = server.source()
    with source.faults(status=503, headers={"Retry-After": "7"}):
        [answer] = sent(source, SIGNED_UP)
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    with source.faults(bad_gzip="corrupt"):
        [garbled] = sent(source, SIGNED_UP)
    assert (garbled.status, garbled.headers["content-encoding"]) == (200, "gzip")
    for fault, reason in (
        ({"reset": "before"}, "got no answer: "),
        ({"close": "body"}, "broke off in the middle"),
        ({"hang": True}, r"none came within 0\.2 s"),
    ):
        with (
            source.faults(**fault),
            pytest.raises(UnreachableError, match=f"POST /v1/track to .*{reason}"),
        ):
            sent(source, SIGNED_UP, timeout=0.2 if "hang" in fault else 30)


def test_values_that_sdks_know_are_sent_as_sdks_send_them(
    server: MockSegment, sent: Callable[..., list[EdgeAnswer]]
) -> None:
    """Moments in ISO 8601; a lone surrogate in escapes."""
    source = server.source()
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    sent(source, {**SIGNED_UP, "timestamp": when, "properties": {"odd": "\ud800"}})
    [request] = source.requests()
    assert '"timestamp":"2026-01-02T03:04:05Z"' in request.body
    assert '"odd":"\\ud800"' in request.body


def test_any_key_is_sent(server: MockSegment, sent: Callable[..., list[EdgeAnswer]]) -> None:
    """Basic ends at a colon, so such a key travels in the body."""
    for key in ("a:b", "ключ", "x" * 200):
        source = server.source(key)
        [answer] = sent(source, SIGNED_UP)
        assert answer.status == 200
        assert [call.event for call in source.calls()] == ["Signed Up"]
        source.clear()


@pytest.mark.parametrize(
    ("messages", "how", "error", "said"),
    [
        ([{"type": "trak"}], {}, ValueError, 'unknown type "trak"; did you mean "track"?'),
        ([{"userId": "u1"}], {}, ValueError, "a message has no type. Allowed: identify"),
        ([{"type": ["track"]}], {}, ValueError, "unknown type"),
        (["Signed Up"], {}, TypeError, 'a message is a dict, or bytes to send as they are; got "S'),
        ([b"{}"], {}, TypeError, "bytes have no type; pass path="),
        ([b"{}"], {"batch": True}, TypeError, "bytes are a whole body"),
        ([], {}, TypeError, "needs a message"),
        ([SIGNED_UP], {"path": "v1/t"}, ValueError, "must begin with a slash"),
        ([SIGNED_UP], {"path": "/v1/t\r\nX: y"}, ValueError, "must begin with a slash"),
        ([SIGNED_UP], {"timeout": -1}, ValueError, "0 to 3600"),
        ([{**SIGNED_UP, "properties": {"a": object()}}], {}, TypeError, "a message is not JSON"),
        ([{**SIGNED_UP, "properties": {"a": float("nan")}}], {}, TypeError, "is not JSON: Out of"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(
    server: MockSegment,
    messages: list[Any],
    how: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    """With what to write instead; nothing of the messages before it is sent either."""
    source = server.source()
    with pytest.raises(error) as refused:
        source.send(*([] if not messages else [SIGNED_UP]), *messages, **how)
    assert said in str(refused.value)
    assert source.requests() == []


def test_a_window_sees_what_it_sends(server: MockSegment) -> None:
    """It is the same source."""
    server.source("fixed").send(SIGNED_UP)
    window = server.window("fixed")
    window.send({**SIGNED_UP, "event": "Later"})
    assert [call.event for call in window.calls()] == ["Later"]


def test_it_goes_over_https_where_the_client_does() -> None:
    """With the same trust."""
    with (
        MockSegment(tls=True) as server,
        Client(str(server.tls_url).replace("127.0.0.1", "localhost"), ca=server.ca_path) as client,
    ):
        source = client.source()
        assert [answer.status for answer in source.send(SIGNED_UP)] == [200]


async def test_it_does_not_stop_an_event_loop(server: MockSegment) -> None:
    """There it is awaited."""
    source = server.source()
    with pytest.raises(BlockingCallError, match=r"await source\.aio\.send"):
        source.send(SIGNED_UP)
    [answer] = await source.aio.send(SIGNED_UP)
    assert repr(answer) == "<EdgeAnswer 200 '{\"success\":true}'>"


def test_a_server_that_has_stopped_says_so() -> None:
    """In process as elsewhere."""
    with MockSegment() as server:
        source = server.source()
    with pytest.raises(UnreachableError, match="has been stopped"):
        source.send(SIGNED_UP)
