"""A request as it is kept, and how a refused one is told in a line."""

from __future__ import annotations

import pytest

from mockseg.domain.findings import discard
from mockseg.domain.request import (
    Answer,
    Arrival,
    FaultMark,
    KeptRequest,
    Route,
    refusal_reason,
    refusal_text,
    route_text,
)

FAULT = FaultMark(id="fault-1", words="answered 503", stored=False)


def kept(status):
    """Return a request that was answered with this status; 0 for no answer."""
    return KeptRequest(
        number=3,
        source="key",
        method="POST",
        path="/v1/track",
        query="",
        headers=(),
        body=b"{}",
        sent_bytes=2,
        received_ns=1,
        answer=Answer(status, b""),
    )


def test_a_route_is_plain_unless_said_otherwise():
    """A route is no short one and no pixel, names no type, and its calls are delivered."""
    assert Route("/v1/batch", "batch") == Route(
        "/v1/batch", "batch", type="", client=False, pixel=False, delivered=True
    )


def test_an_arrival_comes_now_and_readable_unless_said_otherwise():
    """A request without a time came now; without a problem its body could be read."""
    arrival = Arrival(
        route=Route("/v1/batch", "batch"),
        method="POST",
        path="/v1/batch",
        query="",
        headers=(),
        body=b"",
        sent_bytes=0,
    )
    assert (arrival.received_ns, arrival.key, arrival.problem) == (0, "", None)


def test_an_answer_is_json_unless_said_otherwise():
    """Segment answers JSON."""
    assert Answer(200, b"{}").content_type == "application/json"


def test_a_kept_request_brought_nothing_at_first():
    """Its id is its number; calls, faults and reasons are noted when there are some."""
    request = kept(200)
    assert request.id == "req-3"
    assert (request.reason, request.fault, request.shared) == (None, None, None)
    assert (request.first_cursor, request.calls, request.spent_ns) == (0, 0, 0)


@pytest.mark.parametrize(
    ("status", "refused"),
    [(0, True), (200, False), (302, False), (399, False), (400, True), (429, True), (503, True)],
)
def test_a_request_is_refused_from_400_on_or_without_an_answer(status, refused):
    """Statuses of 400 and more refuse, and so does a fault that answers nothing."""
    assert kept(status).refused is refused


def test_a_fault_is_the_reason_before_any_finding():
    """What hit the request explains its answer; else the finding does; else nothing."""
    finding = discard("bad_request", "", "malformed JSON")
    assert refusal_reason(finding, FAULT) == "fault-1: answered 503"
    assert refusal_reason(None, FAULT) == "fault-1: answered 503"
    assert refusal_reason(finding, None) == "malformed JSON"
    assert refusal_reason(None, None) == ""


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("POST", "/v1/track", "POST /v1/track"),
        ("", "", "(not HTTP)"),
        ("GET", "/" + "a" * 199, "GET /" + "a" * 199),
        ("GET", "/" + "a" * 200, "GET /" + "a" * 199),
    ],
)
def test_a_request_is_named_by_method_and_path(method, path, text):
    """At most 200 characters of a path are shown; what was no HTTP says so."""
    assert route_text(method, path) == text


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        (404, "/v1 is doubled", "404 POST /v1/v1/t; /v1 is doubled"),
        (404, "", "404 POST /v1/v1/t"),
        (0, "", "no answer POST /v1/v1/t"),
    ],
)
def test_a_refusal_is_one_line(status, reason, text):
    """Status, request and, where it is known, the reason."""
    assert refusal_text(status=status, method="POST", path="/v1/v1/t", reason=reason) == text
