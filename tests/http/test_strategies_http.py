"""The strategies through the real HTTP server: good is accepted, labelled found, wire as told."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings

from mockseg import MockSegment
from mockseg import strategies as seg
from mockseg.catalogue.loader import catalogues, load
from mockseg.json_types import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = settings(
    max_examples=10, database=None, deadline=None, derandomize=True, phases=[Phase.generate]
)
JSON = {"Content-Type": "application/json"}


class Wire:
    """A running server and one connection with it."""

    def __init__(self, server: MockSegment) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection(server.url.removeprefix("http://"))

    def send(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Send a request and give status and body of the answer."""
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@pytest.fixture(scope="module", name="wire")
def _wire() -> Iterator[Wire]:
    for plan in catalogues():
        # Read here, for the server may not read files in its event loop.
        load(plan, strictness="strict")
        load(plan)
    with MockSegment(seed=1, max_calls=20_000) as server:
        wire = Wire(server)
        yield wire
        wire.connection.close()


@pytest.mark.parametrize("plan", catalogues())
def test_good_and_nasty_events_are_accepted_without_findings(wire: Wire, plan: str) -> None:
    """Each message of each event of the catalogue, as its own source sends it in a batch."""
    source = wire.server.source(catalogue=[plan], strictness="lenient")

    @SETTINGS
    @given(seg.events(plan), seg.edge_events(plan))
    def run(good: dict[str, Any], nasty: dict[str, Any]) -> None:
        source.clear()
        # Their messageIds are few on purpose, and duplicates are dropped.
        nasty.pop("messageId", None)
        for message in (good, nasty):
            body = seg.encode({"writeKey": source.write_key, "batch": [message]})
            assert wire.send("POST", "/v1/batch", body, JSON) == (200, b'{"success":true}')
        assert [(call.verdict, call.findings) for call in source.calls()] == [("accepted", ())] * 2

    run()


@pytest.mark.parametrize("plan", catalogues())
def test_the_finding_of_the_label_is_recorded(wire: Wire, plan: str) -> None:
    """Each invalid message is answered 200, and its call has the finding that the label names."""
    source = wire.server.source(catalogue=[plan], strictness="strict")

    @SETTINGS
    @given(seg.invalid_events(plan))
    def run(invalid: seg.Invalid) -> None:
        source.clear()
        body = seg.encode({"writeKey": source.write_key, "batch": [invalid.message]})
        assert wire.send("POST", "/v1/batch", body, JSON) == (200, b'{"success":true}')
        (call,) = source.calls()
        found = [(each.kind, each.code, each.field) for each in map(_told, call.findings)]
        assert (invalid.label.kind, invalid.label.code, invalid.label.field) in found
        assert not call.good

    run()


def test_one_call_too_many_is_answered_200_and_dropped(wire: Wire) -> None:
    """Every call of such a batch has the finding."""
    source = wire.server.source()

    @settings(SETTINGS, max_examples=2)
    @given(seg.invalid_batches())
    def run(invalid: seg.Invalid) -> None:
        source.clear()
        body = seg.encode({"writeKey": source.write_key, **invalid.message})
        assert wire.send("POST", "/v1/batch", body, JSON) == (200, b'{"success":true}')
        assert source.summary().dropped == len(invalid.message["batch"])
        assert _told(source.calls()[0].findings[0]).code == invalid.label.code

    run()


def test_requests_are_answered_as_they_say(wire: Wire) -> None:
    """Status, body and the number of recorded calls, on all routes and for all malformed ones."""
    source = wire.server.source()

    @settings(SETTINGS, max_examples=60)
    @given(seg.requests(write_key=source.write_key))
    def run(request: seg.WireRequest) -> None:
        source.clear()
        status, answer = wire.send(
            request.method, request.path, request.body, dict(request.headers)
        )
        assert status == request.status
        if request.answer is not None:
            assert answer == request.answer
        if request.success is not None:
            assert decode(answer)["success"] is request.success
        if request.status == 200:
            assert source.summary().total == request.calls
        # A request that is refused may have closed the connection, which then opens anew.

    run()


class _Told:
    def __init__(self, kind: str, code: str, field: str) -> None:
        self.kind, self.code, self.field = kind, code, field


def _told(finding: Any) -> _Told:
    """Give a finding with its kind, which is the tag of its JSON."""
    kind = type(finding).__name__.lower()
    return _Told(kind, finding.code, finding.field)
