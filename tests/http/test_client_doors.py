"""The same verbs give the same over every door: in process, over HTTP, in an event loop."""

from __future__ import annotations

import asyncio
import base64
import http.client
import inspect
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg.client.async_source import AsyncSource
from mockseg.client.client import AsyncClient, Client
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.matchers import any_call, identify, track
from mockseg.matching.values import ANY, approx
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.client.client import AsyncServer

DOORS = ["process", "process-aio", "http", "http-aio", "async-client"]


class Blocking:
    """Carries awaitable verbs out to the end, so that one test serves both kinds."""

    def __init__(self, target: AsyncServer | AsyncSource, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not inspect.iscoroutinefunction(inspect.unwrap(found)):
            return found

        def carry_out(*args: object, **how: object) -> object:
            value = self._runner.run(found(*args, **how))
            return Blocking(value, self._runner) if isinstance(value, AsyncSource) else value

        return carry_out


def send(url: str, key: str, *messages: dict[str, Any], path: str = "/v1/batch") -> int:
    """Send a batch as any SDK would; give the status."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port)
    try:
        body = json.dumps({"writeKey": key, "batch": messages})
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def event(name: str, **fields: Any) -> dict[str, Any]:
    """Give a track message."""
    return {"type": "track", "event": name, "userId": "u1", **fields}


@pytest.fixture(scope="module")
def segment_server() -> Iterator[MockSegment]:
    """Give one server for all tests of this module; each takes its own source."""
    with MockSegment(max_calls=10_000) as server:
        yield server


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, segment_server: MockSegment) -> Iterator[Any]:
    """Give the server through one of its doors."""
    if request.param == "process":
        yield segment_server
        return
    with Client(segment_server.url) as client:
        if request.param == "http":
            yield client
            return
        with asyncio.Runner() as runner:
            if request.param == "process-aio":
                yield Blocking(segment_server.aio, runner)
            elif request.param == "http-aio":
                yield Blocking(client.aio, runner)
            else:
                opened = runner.run(AsyncClient(segment_server.url).__aenter__())
                yield Blocking(opened, runner)
                runner.run(opened.close())


def test_a_call_can_be_read_the_moment_it_is_answered(door: Any) -> None:
    """No waiting lies between an answer and the call being there."""
    source = door.source()
    assert send(source.url, source.write_key, event("A", properties={"n": 1})) == 200
    (call,) = source.calls()
    assert (call.event, call.properties, call.good) == ("A", {"n": 1}, True)
    (request,) = source.requests()
    assert request.calls == [call.id]
    assert source.summary().by_event == {"A": 1}


def test_every_door_gives_the_same(segment_server: MockSegment) -> None:
    """What one door shows, all show, value for value."""
    key = segment_server.source().write_key
    send(segment_server.url, key, event("A"), event(""), {"type": "identify", "userId": "u"})
    with Client(segment_server.url) as client, asyncio.Runner() as runner:
        doors: list[Any] = [
            segment_server.source(key),
            client.source(key),
            Blocking(segment_server.source(key).aio, runner),
            Blocking(client.source(key).aio, runner),
        ]
        for verb in ("calls", "requests", "summary", "update"):
            values = [getattr(source, verb)() for source in doors]
            assert values == [values[0]] * 4


def test_assertions_wait_for_calls_from_other_threads(door: Any) -> None:
    """An SDK's thread may send after the assertion has begun."""
    source = door.source()
    thread = threading.Thread(
        target=send, args=(source.url, source.write_key, event("A"), event("A"))
    )
    thread.start()
    calls = source.assert_called(track("A"), times=2, wait=30)
    thread.join()
    assert [call.event for call in calls] == ["A", "A"]
    assert source.wait_for(track("A")).id == calls[0].id
    assert source.wait_for_all(track("A"), 2) == calls
    assert source.assert_called(track("A", user_id="u1"), wait=0) == calls[0]


def test_a_matcher_may_say_more_than_json(door: Any) -> None:
    """What only the client can judge is judged, among calls that nearly match."""
    source = door.source()
    send(
        source.url,
        source.write_key,
        *(event("A", properties={"total": n / 10}) for n in range(5)),
    )
    matcher = track("A", properties={"total": approx(0.3)})
    assert source.wait_for(matcher, timeout=0).properties == {"total": 0.3}
    assert source.calls(matcher) == source.assert_called(matcher, times=1)
    with pytest.raises(UnmetExpectationError, match=r"properties\.total"):
        source.wait_for(track("A", properties={"total": lambda total: total > 9}), timeout=0)


def test_a_failure_explains_itself(door: Any) -> None:
    """The nearest call and the field that differs are named, as text and as a value."""
    source = door.source()
    send(source.url, source.write_key, event("A", properties={"total": 42}))
    with pytest.raises(UnmetExpectationError) as raised:
        source.assert_called(track("A", properties={"total": "42"}), wait=0)
    assert "properties.total: expected '42' (string), got 42 (number)" in str(raised.value)
    assert raised.value.explanation.kind == "nearest"


def test_a_dropped_call_ends_the_wait(door: Any) -> None:
    """A wait of an hour fails at once when the call came and Segment would drop it."""
    source = door.source()
    send(source.url, source.write_key, event("A", userId=7))
    with pytest.raises(UnmetExpectationError, match="Segment would drop it"):
        source.assert_called(track("A"), wait=3600)
    assert source.wait_for(track("A", verdict="dropped")).verdict == "dropped"
    assert source.wait_for(track("A", verdict=ANY)).verdict == "dropped"
    source.assert_not_called(track("A"), within=0)


def test_the_wrong_source_is_named(door: Any) -> None:
    """A call that went to another write key is shown there."""
    right, wrong = door.source(), door.source()
    send(wrong.url, wrong.write_key, event("Only Here"))
    with pytest.raises(UnmetExpectationError, match=wrong.write_key):
        right.assert_called(track("Only Here"), wait=0)


def test_what_must_not_be_called(door: Any) -> None:
    """A call that is there fails, one that is not passes when the time is up."""
    source = door.source()
    send(source.url, source.write_key, event("A"))
    source.assert_not_called(identify(), within=0.01)
    with pytest.raises(UnmetExpectationError, match="expected no track 'A'"):
        source.assert_not_called(track("A"))
    assert source.assert_called(track("B"), times=0, wait=0) == []


def test_order_good_and_duplicates(door: Any) -> None:
    """The three assertions about all of a source pass, and fail with their reasons."""
    source = door.source()
    send(source.url, source.write_key, event("A", messageId="m1"), event("B"))
    source.assert_in_order([track("A"), track("B")])
    source.assert_all_good()
    source.assert_no_duplicates()
    with pytest.raises(UnmetExpectationError, match="came only before step 1"):
        source.assert_in_order([track("B"), track("A")], wait=0)
    send(source.url, source.write_key, event("A", messageId="m1"))
    with pytest.raises(UnmetExpectationError, match="dropped as a duplicate"):
        source.assert_all_good()
    with pytest.raises(UnmetExpectationError, match="'m1'"):
        source.assert_no_duplicates()


def test_a_refused_request_is_not_all_good(door: Any) -> None:
    """What was refused before a call could be read counts too."""
    source = door.source()
    where = urlsplit(source.url)
    key = base64.b64encode(f"{source.write_key}:".encode()).decode()
    connection = http.client.HTTPConnection(str(where.hostname), where.port)
    connection.request("POST", "/v1/track", "{", {"Authorization": f"Basic {key}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 400
    with pytest.raises(UnmetExpectationError, match="1 request was refused") as raised:
        source.assert_all_good()
    assert "400 POST /v1/track; " in str(raised.value)


def test_settling_gives_the_cursor_or_fails(door: Any) -> None:
    """Silence is waited for, at most so long."""
    source = door.source()
    send(source.url, source.write_key, event("A"))
    assert source.settle(quiet=0.01) >= source.calls()[0].cursor
    with pytest.raises(OperationError, match="not settled") as raised:
        source.settle(quiet=5, timeout=0)
    assert raised.value.status == 406


def test_keys_choose_calls_of_any_verdict(door: Any) -> None:
    """Match keys and matchers go together; a key's verdict wins over the matcher's."""
    source = door.source()
    send(
        source.url,
        source.write_key,
        event("A", properties={"a": {"b": 1, "c": 2}}),
        event("A", userId=7),
        event("B"),
    )
    assert [call.verdict for call in source.calls(event="A")] == ["accepted", "dropped"]
    assert len(source.calls(track("A"))) == 1
    assert len(source.calls(track("A"), verdict="dropped")) == 1
    assert len(source.calls(good=False)) == 1
    assert len(source.calls(properties={"a": {"b": 1}})) == 1
    assert source.calls(track("A"), event="B") == []
    assert [call.event for call in source.calls(where="event = 'B'")] == ["B"]
    assert [call.verdict for call in source.calls("is:bad type:track")] == ["dropped"]
    assert [call.event for call in source.calls("-event:A", good=True)] == ["B"]
    with pytest.raises(OperationError, match='unknown key "usr:"; did you mean "user:"') as raised:
        source.calls("is:bad usr:u1")
    assert raised.value.details["position"] == 7
    with pytest.raises(TypeError, match='did you mean "user_id"'):
        source.calls(userId="u1")
    with pytest.raises(OperationError, match="at character 9") as raised:
        source.calls(where="event = = 'B'")
    assert raised.value.status == 422


def test_more_calls_than_a_page_are_all_given(door: Any) -> None:
    """A list goes on until nothing follows."""
    source = door.source()
    for start in (0, 600):
        batch = [event("A", properties={"n": n}) for n in range(start, start + 600)]
        send(source.url, source.write_key, *batch)
    assert [call.properties["n"] for call in source.calls()] == list(range(1200))
    assert len(source.assert_called(track("A"), times=1200)) == 1200


def test_clearing_forgets_this_source_only(door: Any) -> None:
    """Calls and requests of one source go, those of another stay."""
    one, other = door.source(), door.source()
    for source in (one, other):
        send(source.url, source.write_key, event("A"))
    assert one.clear() == 1
    assert (one.calls(), one.requests(), one.summary().total) == ([], [], 0)
    assert len(other.calls()) == 1


def test_settings_of_a_source(door: Any) -> None:
    """A source is opened with settings, changed, and named by its key."""
    source = door.source(name="mine", edge="2018")
    view = source.update(error_body="text")
    assert (view.name, view.edge, view.error_body) == ("mine", "2018", "text")
    again = door.source(source.write_key, dedup="server")
    assert again.update().dedup == "server"
    unused = door.source(f"{source.write_key}/ü ?#..")
    assert unused.update(name="new").name == "new"
    assert unused.write_key in {view.write_key for view in door.sources()}


def test_a_source_has_its_own_time(door: Any) -> None:
    """A frozen clock stamps what comes next, and moves only when told."""
    source = door.source()
    source.set_clock("2026-01-31T12:00:00Z", frozen=True)
    assert source.advance_clock(60).now.startswith("2026-01-31T12:01:00")
    send(source.url, source.write_key, event("A"))
    assert source.calls()[0].received_at.startswith("2026-01-31T12:01:00")
    assert source.set_clock(None).frozen is False
    assert source.clock().frozen is False


def test_a_window_sees_what_comes_after_it(door: Any) -> None:
    """Calls, requests, counts and assertions begin at the window; messageIds are new again."""
    source = door.source()
    send(source.url, source.write_key, event("Before", messageId="m1"), event("", messageId="m2"))
    window = door.window(source.write_key)
    assert (window.calls(), window.requests()) == ([], [])
    window.assert_all_good()
    window.assert_not_called(any_call(), within=0)
    with pytest.raises(UnmetExpectationError):
        window.assert_called(track("Before"), wait=0)
    send(source.url, source.write_key, event("After", messageId="m1"))
    assert window.assert_called(any_call(), times=1)[0].event == "After"
    window.assert_no_duplicates()
    counts = window.summary()
    assert (counts.total, counts.requests, counts.by_event) == (1, 1, {"After": 1})
    assert window.clear() == 1
    assert (window.calls(), window.requests()) == ([], [])
    assert len(source.calls()) == 3


def test_a_refused_argument_is_refused_alike(door: Any) -> None:
    """What is not allowed is the same error through every door."""
    with pytest.raises(OperationError) as raised:
        door.source(edge="1999")
    assert (raised.value.status, raised.value.code) == (422, "invalid_parameter")
    with pytest.raises(OperationError) as raised:
        door.source().set_clock("yesterday")
    assert raised.value.status == 422


def test_a_server_counts_and_forgets_everything(door: Any) -> None:
    """The verbs of the server are about all sources."""
    source = door.source()
    send(source.url, source.write_key, event("A"))
    assert door.summary().total >= 1
    assert door.clear() >= 1
    assert door.summary().total == 0
