"""Failures explain themselves in the same words in Python, over HTTP, and to any language."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest

from mockseg import (
    ANY,
    Client,
    MockSegment,
    UnmetExpectationError,
    approx,
    identify,
    page,
    track,
)
from mockseg.operations.explanations import Explained, UnmetWait

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def segment_server() -> Iterator[MockSegment]:
    """Give one server for all tests of this module; each takes its own source."""
    with MockSegment() as server:
        yield server


@pytest.fixture(params=["process", "http"])
def door(request: pytest.FixtureRequest, segment_server: MockSegment) -> Iterator[Any]:
    """Give the server through one of its doors."""
    if request.param == "process":
        yield segment_server
        return
    with Client(segment_server.url) as client:
        yield client


def post(url: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Post JSON; give status and JSON."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", where.path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def send(source: Any, *messages: dict[str, Any]) -> None:
    """Send a batch to a source, or to a write key of a server."""
    batch = [{"userId": "u1", "type": "track", **message} for message in messages]
    status, _ = post(f"{source.url}/v1/batch", {"writeKey": source.write_key, "batch": batch})
    assert status == 200


def encoded_names(record: type[msgspec.Struct]) -> tuple[str, ...]:
    """Give the fields of a record as they are called on the wire."""
    return tuple(field.encode_name for field in msgspec.structs.fields(record))


def unmet(verb: Any, *args: Any, **kwargs: Any) -> UnmetExpectationError:
    """Give the error of a verb that fails."""
    with pytest.raises(UnmetExpectationError) as caught:
        verb(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize(
    ("matcher", "match"),
    [
        (
            track("Order Completed", properties={"total": 42}),
            {"type": "track", "event": "Order Completed", "properties": {"total": 42}},
        ),
        (page("Home"), {"type": "page", "where": "name = 'Home'"}),
        (
            track("Bad", verdict=ANY, where="properties.n > 3"),
            {"type": "track", "event": "Bad", "verdict": "any", "where": "properties.n > 3"},
        ),
        (identify("u9"), {"type": "identify", "userId": "u9"}),
    ],
    ids=str,
)
def test_a_wait_over_http_says_what_python_says(door: Any, matcher: Any, match: Any) -> None:
    """The 406 of `/calls/wait` carries the text of the assertion, and the same facts."""
    source = door.source()
    send(
        source,
        {"event": "order_completed", "properties": {"total": 42}},
        {"event": "Order Completed", "properties": {"total": "42"}},
        {"type": "page", "name": "home"},
        {"event": "Bad", "userId": None, "properties": {"n": 3}},
    )
    error = unmet(source.assert_called, matcher, wait=0)
    status, body = post(
        f"{door.url}/_mockseg/v1/calls/wait",
        {"match": {**match, "source": source.write_key}, "timeout": 0},
    )
    assert status == 406
    details = body["error"]["details"]
    # As the OpenAPI document has it, and nothing else.
    assert set(details) <= set(encoded_names(UnmetWait))
    assert msgspec.convert(details, UnmetWait).explanation is not msgspec.UNSET
    said = details["explanation"]
    assert set(said) == set(encoded_names(Explained)) - {"candidates"}
    assert str(error) == said["text"]
    own = json.loads(json.dumps(error.explanation.as_json()))
    assert own.pop("candidates", []) == []
    assert own == said


def test_a_matcher_that_python_alone_can_judge_is_explained_alike(door: Any) -> None:
    """Nearest call, count and text of a matcher with a token are those of the plain one."""
    source = door.source()
    # More than a client takes to judge itself, all of which match in part.
    send(source, *({"event": "Tick", "properties": {"n": n}} for n in range(300)))
    send(source, {"event": "Other"})
    error = unmet(source.assert_called, track("Tick", properties={"n": approx(299.5)}), wait=0)
    (near, *_) = error.explanation.details["nearest"]
    assert near["call"]["message"]["properties"] == {"n": 299}
    assert "properties.n: expected 299.5 ± 0.000299, got 299 (number)" in str(error)
    assert "Recorded in this source, 301 calls in all:\n  300 x 'Tick', 1 x 'Other'" in str(error)
    error = unmet(source.assert_called, track("Tick", properties={"n": lambda n: None}), wait=0)
    assert "predicate" in error.explanation.details["nearest"][0]["differences"][0]["kind"]
    several = unmet(
        source.assert_called, track("Tick", properties={"n": lambda n: n < 250}), times=2, wait=0
    )
    assert "expected exactly 2 track 'Tick'" in str(several)
    assert "found 250" in str(several)


def test_a_source_of_another_client_is_not_a_wrong_key(door: Any) -> None:
    """Only a key that nobody named is asked about; sources of others are told by name."""
    first = door.source(name="test_first")
    send(first, {"event": "Seen"})
    source = door.source()
    assert "Recorded" not in str(unmet(source.assert_called, track("Seen"), wait=0))
    send(first, {"event": "Seen"})
    text = str(unmet(source.assert_called, track("Seen"), wait=0))
    assert "in the source of test_first" in text
    assert "another write key" not in text
    status, _ = post(
        f"{door.url}/v1/track",
        {"writeKey": f"stray of {source.write_key}", "event": "Seen", "userId": "u1"},
    )
    assert status == 200
    text = str(unmet(source.assert_called, track("Seen"), wait=0))
    assert f"write key 'stray of {source.write_key}'" in text
    assert f"Does the app use another write key? This source has '{source.write_key}'." in text


def test_a_call_from_before_the_window_is_named(door: Any) -> None:
    """Whatever fails in a window says which calls are older than it, over HTTP too."""
    key = f"fixed in {door!r}"
    window = door.window(key)
    send(
        window,
        {"event": "Late", "timestamp": "2020-01-31T12:00:00.000Z", "messageId": "m1"},
        {"event": "Late", "userId": None, "messageId": "m2"},
        {"event": "Other"},
    )
    late = window.calls(track("Late"))[0]
    said = f"{late.id} has a timestamp from before this window was opened"
    for verb, args in (
        (window.assert_called, {"times": 2, "wait": 0}),
        (window.assert_not_called, {"within": 0}),
    ):
        assert said in str(unmet(verb, track("Late"), **args))
    assert said in str(unmet(window.assert_no_other_calls, within=0))
    assert said in str(unmet(window.assert_in_order, [track("Other"), track("Late")], wait=0))
    # A residue makes no difference.
    assert said in str(unmet(window.assert_not_called, track(lambda name: True), within=0))
    # Of a bad call that is not older nothing is said.
    assert "before this window" not in str(unmet(window.assert_all_good))


def test_no_other_calls_than_those_that_assertions_matched(door: Any) -> None:
    """Every verb that matches accounts for its calls; what is left fails and is listed."""
    source = door.source()
    send(
        source,
        {"event": "A", "messageId": "a1"},
        {"event": "A", "messageId": "a2"},
        {"event": "B"},
        {"event": "C"},
        {"type": "page", "name": "Home"},
        {"event": "Bad", "userId": None, "messageId": "bad"},
    )
    error = unmet(source.assert_no_other_calls, within=0)
    assert "expected no calls; 6 calls were recorded, and no assertion" in str(error)
    source.assert_called(track("A"))
    source.wait_for(track("B"))
    source.assert_in_order([track("C"), page("Home")])
    error = unmet(source.assert_no_other_calls, within=0)
    assert "no calls other than the 5 calls that assertions matched; 1 other call" in str(error)
    assert [call["verdict"] for call in error.explanation.details["calls"]] == ["dropped"]
    source.assert_no_other_calls(within=0, allow=[track("Bad")])
    source.assert_called(track("Bad", verdict="dropped"), times=1)
    source.assert_no_other_calls(within=0.01)
    # What the SDK sends again is the call it was; another one with the same id is not.
    send(source, {"event": "A", "messageId": "a1"})
    source.assert_no_other_calls(within=0)
    send(source, {"event": "Z", "messageId": "a2"})
    assert "track 'Z'" in str(unmet(source.assert_no_other_calls, within=0))
    # A call of a kind that was asserted before is new.
    send(source, {"event": "A"})
    assert "2 other calls were recorded" in str(unmet(source.assert_no_other_calls, within=0))
    source.assert_called(track("A"), at_least=3)
    source.clear()
    source.assert_no_other_calls(within=0)


def test_what_may_be_there_as_well_is_a_list(door: Any) -> None:
    """A single matcher, or a name, is refused with what to write."""
    source = door.source()
    for allow in (track("A"), "A", ["A"]):
        with pytest.raises(TypeError, match=r"takes a list of matchers|did you mean track\('A'\)"):
            source.assert_no_other_calls(within=0, allow=allow)


def test_coverage_does_not_forget_what_was_asserted(door: Any) -> None:
    """Telling the server which calls assertions matched leaves them matched."""
    source = door.source(catalogue="userguiding")
    send(source, {"event": "A"})
    source.assert_called(track("A", verdict=ANY))
    source.coverage()
    source.assert_no_other_calls(within=0)
