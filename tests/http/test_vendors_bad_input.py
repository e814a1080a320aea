"""Anything at all may be sent to a vendor: always an answer of its own, always recorded."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.operations.destinations import AddDestination

PATHS = [
    "/segment",
    "/api/public/users/",
    "/api/public/events/",
    "/v2/users",
    "/v1/users/bulk",
    "/api/eventWebhook",
    "/users",
    "/sdk/identify",
    "/%00%0a/%2e%2e/ü",
    "//",
    "",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
BODIES = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())
HEADERS = st.sampled_from(
    [
        {},
        {"Authorization": "Basic a2V5Og=="},
        {"Authorization": "Token key"},
        {"Authorization": "Basic \udcff", "X-Segment-Settings": "!!"},
        {"UG-API-KEY": "key", "Content-Type": "text/csv"},
    ]
)

SENT = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS),
        "method": st.sampled_from(["POST", "POST", "GET", "PUT", "PATCH", "DELETE"]),
        "headers": HEADERS,
        "body": BODIES,
        "packed": st.sampled_from(["", "gzip", "cut", "br"]),
    }
)


@pytest.mark.parametrize("kind", ["userengage", "userleap", "userguiding", "candu", "webhook"])
@settings(max_examples=40)
@given(sent=SENT)
def test_whatever_is_sent_is_answered_and_recorded(served: Any, kind: str, sent: Any) -> None:
    """No 500, whatever the method, path, key, encoding and bytes; the log has it, and why."""
    packed, headers, body = sent["packed"], sent["headers"], sent["body"]
    destinations = served.hub.destinations
    for old in destinations.of("k"):
        destinations.remove(old)
    settings_ = {} if kind == "webhook" else {"apiKey": "key"}
    connected = destinations.add(AddDestination(type=kind, source="k", settings=settings_))
    if packed:
        headers = {**headers, "Content-Encoding": "br" if packed == "br" else "gzip"}
        body = gzip.compress(body)[: -5 if packed == "cut" else None]
    path = connected.path + sent["path"]
    status, answer = served.ask(sent["method"], path, data=body, headers=headers)
    assert 200 <= status < 500 or status == 501, answer
    (kept,) = connected.vendor.log.after(0, limit=9)
    assert kept.response.status == status
    if packed in {"cut", "br"}:
        assert kept.response.notes[0].code == "unreadable_body"
    json_types.encode(connected.vendor.imitation.state())


def test_what_cannot_be_read_and_belongs_to_nobody_is_recorded_too(served: Any) -> None:
    """Under the vendor's name."""
    headers = {"Content-Encoding": "gzip"}
    status, _ = served.ask("POST", "/vendors/candu/segment", data=b"no gzip", headers=headers)
    assert status == 400
    (kept,) = served.hub.destinations.strangers["candu"].after(0, limit=9)
    assert kept.response.notes[0].code == "unreadable_body"
    served.hub.destinations.forget_strangers()
