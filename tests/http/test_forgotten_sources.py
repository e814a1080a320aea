"""A forgotten source through every door: no assertion passes as if nothing had been sent."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockseg.cli.main import run
from mockseg.client.client import Client
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.matchers import any_call, identify, track
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAID = {"type": "track", "event": "Paid", "userId": "u1"}
PLAN = {
    "name": "shop",
    "rules": [{"type": "TRACK", "key": "Paid", "version": 1, "jsonSchema": {"required": ["x"]}}],
}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sources are too many."""
    monkeypatch.setattr("mockseg.hub.sources.MAX_SOURCES", 3)


@pytest.fixture
def server() -> Iterator[MockSegment]:
    """Give a server of its own: its sources go."""
    with MockSegment() as server:
        yield server


@pytest.fixture(params=["process", "http"])
def door(request: pytest.FixtureRequest, server: MockSegment) -> Iterator[Any]:
    """Give the server through one of its doors."""
    if request.param == "process":
        yield server
        return
    with Client(server.url) as client:
        yield client


@pytest.fixture
def forget(post_batch: Callable[..., None]) -> Callable[..., Any]:
    """Give a function that makes a source with a plan and calls, and lets it be forgotten."""

    def forgotten(server: Any, *messages: dict[str, Any], **options: Any) -> Any:
        source = server.source(**{"plan": PLAN} | options)
        post_batch(server.url, *(messages or (PAID,)), key=source.write_key)
        for _ in range(3):
            # Sources without settings would be forgotten before it.
            server.source(dedup="server")
        return source

    return forgotten


ASSERTIONS: dict[str, Callable[[Any, Path], object]] = {
    "not_called": lambda source, _: source.assert_not_called(track("Refunded"), within=0),
    "zero_times": lambda source, _: source.assert_called(track("Refunded"), times=0),
    "once": lambda source, _: source.assert_called(track("Paid"), times=1),
    "all_good": lambda source, _: source.assert_all_good(),
    "no_duplicates": lambda source, _: source.assert_no_duplicates(),
    "no_pii": lambda source, _: source.assert_no_pii(quiet=0),
    "identity": lambda source, _: source.assert_identity_continuity(wait=0),
    "no_calls_after": lambda source, _: source.assert_no_calls_after(track("Paid"), within=0),
    "golden": lambda source, folder: source.assert_matches_golden(
        folder / "golden.json", update=True, wait=0
    ),
    "not_delivered": lambda source, _: source.assert_delivered(any_call(), times=0, wait=0),
    "not_filtered": lambda source, _: source.assert_filtered(any_call(), times=0, wait=0),
}


@pytest.mark.parametrize("assertion", ASSERTIONS)
def test_no_assertion_passes_on_a_source_that_comes_back(
    door: Any, forget: Any, post_batch: Any, tmp_path: Path, assertion: str
) -> None:
    """One good call came after it was forgotten; what came before nobody can say."""
    source = forget(door)
    linked = {"type": "identify", "userId": "u1", "anonymousId": "a1"}
    post_batch(door.url, linked, PAID, key=source.write_key)
    with pytest.raises(UnmetExpectationError) as raised:
        ASSERTIONS[assertion](source, tmp_path)
    assert "this source was forgotten at " in str(raised.value)
    assert "with 1 call and its plan, because the server keeps 10,000 sources" in str(raised.value)


def test_a_failure_says_it_too(door: Any, forget: Any, post_batch: Any, tmp_path: Path) -> None:
    """What is missing may have been there before."""
    source = forget(door)
    post_batch(door.url, {"type": "track", "event": "B"}, PAID, key=source.write_key)
    (tmp_path / "golden.json").write_text("[]")
    failing: list[Callable[[], object]] = [
        lambda: source.assert_called(track("A"), wait=0),
        lambda: source.assert_in_order([track("Paid"), track("A")], wait=0),
        source.assert_all_good,
        lambda: source.assert_matches_golden(tmp_path / "golden.json", wait=0),
        lambda: source.assert_identity_continuity(user_id="u9", wait=0),
    ]
    for assertion in failing:
        with pytest.raises(UnmetExpectationError) as raised:
            assertion()
        assert "This source was forgotten at " in str(raised.value)


@pytest.mark.parametrize("assertion", ["not_called", "zero_times", "all_good", "no_duplicates"])
def test_no_assertion_passes_on_a_source_that_is_gone(
    door: Any, forget: Any, tmp_path: Path, assertion: str
) -> None:
    """It is not open, and still known."""
    source = forget(door)
    with pytest.raises(UnmetExpectationError, match="this source was forgotten at"):
        ASSERTIONS[assertion](source, tmp_path)


def test_its_counts_say_it(door: Any, forget: Any) -> None:
    """Of the source, of the server, and in the list of sources."""
    source = forget(door)
    assert (source.summary().total, source.summary().evicted) == (0, 1)
    assert source.summary().lost.forgotten.settings == ("plan",)
    assert door.summary().evicted == 1
    assert source.truth().summary.endswith(
        "with 1 call and its plan, because the server keeps 10,000 sources"
    )
    assert source.coverage().lost.forgotten is not None


def test_a_source_that_is_set_up_again_is_as_good_as_new(
    door: Any, forget: Any, post_batch: Any
) -> None:
    """Cleared, and with its plan."""
    source = forget(door)
    source.clear()
    with pytest.raises(UnmetExpectationError, match="and set up its plan again"):
        source.assert_all_good()
    source.update(plan=PLAN)
    source.assert_not_called(track("Paid"), within=0)
    post_batch(door.url, {"type": "track", "event": "Paid", "userId": "u"}, key=source.write_key)
    with pytest.raises(UnmetExpectationError, match="required"):
        source.assert_all_good()


def test_a_window_that_was_opened_later_is_whole(door: Any, post_batch: Any) -> None:
    """What was lost came before it, and no settings were."""
    post_batch(door.url, PAID, key="app")
    for _ in range(3):
        door.source()
    window = door.window("app")
    window.assert_not_called(track("Paid"), within=0)
    post_batch(door.url, PAID, key="app")
    window.assert_called(track("Paid"), times=1)
    assert window.summary().evicted == 0


def test_a_wait_for_exactly_so_many_says_it(server: MockSegment, forget: Any) -> None:
    """Over HTTP, for tests in any language."""
    source = forget(server)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    asked = {"match": {"source": source.write_key}, "count": {"exactly": 0}, "timeout": 0}
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/_mockseg/v1/calls/wait", json.dumps(asked), headers)
    answer = connection.getresponse()
    error = json.loads(answer.read())["error"]
    connection.close()
    assert (answer.status, error["code"]) == (406, "evicted")
    assert "the source was forgotten at" in error["message"]
    assert error["details"]["lost"]["forgotten"]["settings"] == ["plan"]


def test_nothing_is_judged_by_a_plan_that_was_forgotten(server: MockSegment, forget: Any) -> None:
    """A dry run would say that all is good."""
    source = forget(server)
    with Client(server.url) as client, pytest.raises(OperationError) as raised:
        client.perform("validate_messages", _validation(source.write_key))
    assert (raised.value.status, raised.value.code) == (409, "forgotten_source")


def _validation(key: str) -> Any:
    from mockseg.operations.plans import ValidateMessages

    return ValidateMessages(messages=[PAID], source=key)


def test_commands_say_it(
    server: MockSegment,
    forget: Any,
    post_batch: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of the source that came back without its plan."""
    monkeypatch.setenv("MOCKSEG_URL", server.url)
    source = forget(server, name="shop")
    told = "was forgotten at "
    assert run(["calls", "--source", source.write_key]) == 0
    assert f"no call matches: the source {told}" in capsys.readouterr().err
    post_batch(server.url, PAID, key=source.write_key)
    assert run(["summary", "--source", source.write_key]) == 0
    assert f"the source {told}" in capsys.readouterr().err
    assert run(["sources"]) == 0
    err = capsys.readouterr().err
    assert f"source {source.write_key} {told}" in err
    assert "2 sources were forgotten because there were too many" in err


def test_coverage_without_a_forgotten_plan_is_not_enough(
    server: MockSegment,
    forget: Any,
    post_batch: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The other plan is covered; how much of the forgotten one was, nobody knows."""
    monkeypatch.setenv("MOCKSEG_URL", server.url)
    gone = forget(server)
    good = {"name": "ok", "rules": [{"type": "TRACK", "key": "Paid", "jsonSchema": {}}]}
    kept = server.source(plan=good)
    post_batch(server.url, PAID, key=kept.write_key)
    assert run(["coverage", "--fail-under", "1", "--source", kept.write_key]) == 0
    capsys.readouterr()
    assert run(["coverage", "--fail-under", "1"]) == 1
    assert (
        "1 source was forgotten with its plan, because there were too many"
        in capsys.readouterr().err
    )
    post_batch(server.url, PAID, key=gone.write_key)
    assert run(["coverage", "--source", gone.write_key]) == 2
    assert f"source {gone.write_key} was forgotten at" in capsys.readouterr().err


def test_the_page_says_it(server: MockSegment, forget: Any) -> None:
    """Beside the counts of the source."""
    source = forget(server)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("GET", f"/_mockseg/?source={source.write_key}")
    page = connection.getresponse().read().decode()
    connection.close()
    assert "This source was forgotten at " in page


def test_a_stream_tells_of_calls_that_were_forgotten_before_it_could(
    server: MockSegment, forget: Any
) -> None:
    """A reader who was away is told of the gap."""
    source = forget(server)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("GET", f"/_mockseg/v1/stream?source={source.write_key}&after=0")
    answer = connection.getresponse()
    lines = [answer.readline() for _ in range(6)]
    connection.close()
    assert b"event: gap\n" in lines
    assert b'data: {"after":0,"next":null,"reason":"evicted"}\n' in lines


def test_evicted_deliveries_cannot_be_counted(server: MockSegment, post_batch: Any) -> None:
    """Exactly one is in the ledger, and there were two."""
    source = server.source()
    source.destination("userengage")
    ledger = server._running().hub.destinations.ledger
    ledger._max_deliveries = 1
    post_batch(server.url, identify_of("a"), key=source.write_key)
    post_batch(server.url, identify_of("b"), key=source.write_key)
    with pytest.raises(UnmetExpectationError, match="1 deliveries of this source were evicted"):
        source.assert_delivered(identify(), times=1)
    source.assert_delivered(identify("b"))
    source.clear()
    source.assert_delivered(identify(), times=0)


def test_evicted_requests_to_a_vendor_cannot_be_counted(
    server: MockSegment, post_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly one is kept, and there were two."""
    monkeypatch.setattr("mockseg.hub.vendor.MOST_REQUESTS", 1)
    source = server.source()
    crm = source.destination("userengage")
    for user in ("a", "b"):
        post_batch(server.url, identify_of(user), key=source.write_key)
        source.assert_delivered(identify(user))
    with pytest.raises(UnmetExpectationError, match="1 request that reached it cannot be checked"):
        crm.assert_received(identify(), times=1)
    crm.assert_received(identify("b"))
    source.clear()
    assert crm.assert_received(times=0) == []


def test_what_is_under_way_is_counted(server: MockSegment, post_batch: Any) -> None:
    """Nothing is not delivered because it was asked about too early."""
    source = server.source()
    crm = source.destination("userengage")
    post_batch(server.url, *(identify_of(str(n)) for n in range(200)), key=source.write_key)
    with pytest.raises(UnmetExpectationError, match="200 of 200 such calls"):
        source.assert_delivered(identify(), times=0)
    with pytest.raises(UnmetExpectationError, match="found 200"):
        crm.assert_received(times=0)


def identify_of(user: str) -> dict[str, Any]:
    """Give an identify message."""
    return {"type": "identify", "userId": user, "traits": {"name": user}}
