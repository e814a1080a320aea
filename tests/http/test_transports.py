"""The same event is the same normalised message, whatever way it came."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg.domain.timestamps import parse_moment
from mockseg.operations.calls import ClearCalls

TYPES = ("identify", "track", "page", "screen", "group", "alias")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(max_size=6)
    # A float is written the same by every client only if it has a fraction.
    | st.floats(-1e6, 1e6).filter(lambda number: number != int(number)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
TIMES = st.sampled_from(
    [
        "2026-01-31T10:00:00.123Z",
        "2026-01-31T10:00:00.123456+00:00",
        "2026-01-31T12:00:00+02:00",
        "2026-01-31T10:00:00.123456789Z",
        "1969-12-31T23:59:59Z",
        "not a time",
        "",
    ]
)
MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES), "messageId": st.text(min_size=1, max_size=20)},
    optional={
        "userId": st.text(max_size=5) | st.none(),
        "anonymousId": st.text(max_size=5) | st.none(),
        "groupId": st.text(max_size=5),
        "event": st.text(max_size=8),
        "name": st.text(max_size=5),
        "properties": OBJECTS,
        "traits": OBJECTS,
        "context": OBJECTS,
        "integrations": OBJECTS,
        "timestamp": TIMES,
        "sentAt": TIMES,
        "x": JSON,
    },
)


def _written(value):
    return json.dumps(value, ensure_ascii=False).encode()


def _data(value):
    return {"data": base64.urlsafe_b64encode(_written(value)).decode().rstrip("=")}


def _single(message):
    """Give the ways of a single message: method, path, body."""
    type_ = message["type"]
    yield "POST", f"/v1/{type_}", message
    yield "PUT", f"/V1/{type_.upper()}/", message
    yield "POST", f"/v1/{type_[0]}", message
    yield "GET", f"/v1/{type_[0]}", message
    yield "GET", f"/v1/pixel/{type_}", message
    # The path says it already.
    yield "POST", f"/v1/{type_}", {k: v for k, v in message.items() if k != "type"}


def _batched(message):
    """Give the ways of a batch, among them one that says for all what the message would."""
    for method, path in (("POST", "/v1/batch"), ("POST", "/v1/import/"), ("PUT", "/v1/b")):
        yield method, path, {"batch": [message]}
    yield "GET", "/v1/b", {"batch": [message]}
    shared = {k: message[k] for k in ("context", "integrations", "sentAt") if message.get(k)}
    rest = {k: v for k, v in message.items() if k not in shared}
    yield "POST", "/v1/batch", shared | {"batch": [rest]}


def _sent(served, way, *, key, place, compressed):
    """Send one message on its way, with the key at this place."""
    method, path, body = way
    headers = {"Content-Type": "text/plain"} | _NOBODY
    if place in {"body", "bearer"}:
        body = body | {"writeKey": key}
    elif place == "message":
        body = {
            k: [m | {"writeKey": key} for m in v] if k == "batch" else v for k, v in body.items()
        }
        body = body if "batch" in body else body | {"writeKey": key}
    else:
        text = key + (":" if place == "colon" else "")
        headers["Authorization"] = "Basic " + base64.b64encode(text.encode()).decode()
    if place == "bearer":
        # With OAuth the key still comes in the body.
        headers["Authorization"] = "Bearer token"
    if method == "GET":
        return served.ask(method, path, params=_data(body), headers=headers)
    sent = _written(body)
    if compressed:
        sent, headers["Content-Encoding"] = gzip.compress(sent), "gzip"
    return served.ask(method, path, data=sent, headers=headers)


@pytest.fixture(scope="module")
def still(served):
    """Give a server whose clock stands still."""
    served.hub.clock.set(parse_moment("2026-01-31T12:00:00Z"), frozen=True)
    return served


# A client without an address, so that none is filled in where a browser sent the message.
_NOBODY = {"X-Forwarded-For": "unknown"}
PLACES = ("body", "message", "bearer", "colon", "no colon")


@settings(max_examples=40)
@given(st.data(), MESSAGES)
def test_every_way_gives_the_same_message(still, data, message):
    """All routes, gzip or not, the key in the body or in the header: one normalised form."""
    still.perform("clear_calls", ClearCalls(all=True))
    ways = [*_single(message), *_batched(message)]
    seen = []
    for number, way in enumerate(ways):
        place = data.draw(st.sampled_from(PLACES), label=way[1])
        compressed = data.draw(st.booleans())
        key = f"k{number}"
        status, _ = _sent(still, way, key=key, place=place, compressed=compressed)
        assert status == 200
        (call,) = (kept.view() for kept in still.hub.journal.calls_after(0, limit=9, source=key))
        seen.append((call.message, call.verdict, call.findings, call.event, call.user_id))
    assert seen == [seen[0]] * len(ways)
    assert seen[0][0]["messageId"] == message["messageId"]


TEXTS = st.text(max_size=8)
FLAT = st.dictionaries(st.text("abcxyz", min_size=1, max_size=3), TEXTS, max_size=3)


@settings(max_examples=40)
@given(TEXTS, FLAT, FLAT)
def test_a_dotted_query_gives_the_same_message_of_strings(still, event, properties, context):
    """What a query can say, text in objects, it says as JSON would."""
    still.perform("clear_calls", ClearCalls(all=True))
    message = {"event": event, "userId": "u", "messageId": "m"}
    query = message | {"writeKey": "dotted"}
    for name, fields in (("properties", properties), ("context", context)):
        query |= {f"{name}.{key}": value for key, value in fields.items()}
        if fields:
            message[name] = fields
    assert still.ask("GET", "/v1/pixel/track", params=query, headers=_NOBODY)[0] == 200
    assert still.ask("POST", "/v1/track", json=message | {"writeKey": "posted"})[0] == 200
    first, second = (call.view() for call in still.hub.journal.calls_after(0, limit=9))
    assert first.message == second.message
