"""What a failed `assert` prints of a recorded thing is one short line."""

from __future__ import annotations

from mockseg.domain.call import Call, RequestRef
from mockseg.domain.delivery import Delivery
from mockseg.domain.findings import discard
from mockseg.operations.destinations import VendorRequestView
from mockseg.operations.requests import AnswerView, RequestView


def _call(**fields):
    whole = {
        "id": "call-17",
        "cursor": 17,
        "source": "key",
        "type": "track",
        "event": "Order Completed",
        "user_id": "u1",
        "anonymous_id": "a1",
        "group_id": None,
        "message_id": "m-1",
        "verdict": "accepted",
        "good": True,
        "findings": (),
        "message": {"type": "track", "properties": {f"key {n}": "x" * 99 for n in range(99)}},
        "raw": {},
        "request": RequestRef(id="req-1", path="/v1/batch", index=0, attempt=1),
        "received_at": "2026-01-31T12:00:00.000Z",
    }
    return Call(**(whole | fields))


def test_a_call_is_named_with_its_fate():
    """Id, type, name, who, verdict and the codes of its findings."""
    assert repr(_call()) == "<Call call-17 track 'Order Completed' userId='u1': accepted>"
    dropped = _call(verdict="dropped", user_id=None, findings=(discard("no_user_anon_id"),))
    assert repr(dropped) == (
        "<Call call-17 track 'Order Completed' anonymousId='a1': dropped, no_user_anon_id>"
    )
    page = _call(type="page", event=None, message={"name": "Home"}, user_id=None, anonymous_id=None)
    assert repr(page) == "<Call call-17 page 'Home': accepted>"


def test_a_call_with_a_hostile_name_is_still_one_short_line():
    """Line ends and escape sequences are escaped, and a long name is cut."""
    line = repr(_call(event="\x1b[2J\n\u202e" + "x" * 10_000, type="track"))
    assert line.isprintable()
    assert len(line) <= 300


def test_requests_and_deliveries_are_named_too():
    """Headers and bodies are in their attributes, not in the line."""
    answer = AnswerView(status=404, content_type="application/json", body="x" * 999)
    shared = {
        "method": "POST",
        "path": "/v1/v1/t",
        "query": "",
        "headers": [("X-Long", "x" * 999)],
        "body": "x" * 999,
        "body_encoding": "utf-8",
        "answer": answer,
        "received_at": "2026-01-31T12:00:00.000Z",
    }
    request = RequestView(
        **shared,
        id="req-3",
        number=3,
        source="key",
        sent_bytes=999,
        reason=None,
        calls=[],
        spent_milliseconds=0.1,
    )
    assert repr(request) == "<Request req-3 POST /v1/v1/t: 404>"
    vendor = VendorRequestView(**shared, number=2, sender="segment", json=None, notes=())
    assert repr(vendor) == "<Request 2 of segment POST /v1/v1/t: 404>"
    delivery = Delivery(
        cursor=1,
        call="call-17",
        message_id="m-1",
        type="track",
        event="Seen",
        user_id="u1",
        source="key",
        destination="crm",
        state="filtered",
        reason="FILTERED_BY_RULES",
    )
    assert repr(delivery) == (
        "<Delivery of call-17 track 'Seen' to crm: filtered, FILTERED_BY_RULES>"
    )
