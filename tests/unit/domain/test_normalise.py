"""The normalised message: what a batch says for all, ids and times of the server."""

from __future__ import annotations

import pytest

from mockseg.domain.message import Shared, normalise
from mockseg.domain.timestamps import parse_moment

RECEIVED = "2026-01-31T12:00:00.000Z"


def normal(raw, shared=None, type_="track"):
    """Normalise at a fixed time."""
    received_ns = parse_moment(RECEIVED)
    return normalise(raw, type_=type_, message_id="m1", received_ns=received_ns, shared=shared)


def test_a_bare_message_gets_type_id_and_times():
    """What the client left out is there afterwards."""
    assert normal({"event": "E"}) == {
        "event": "E",
        "type": "track",
        "messageId": "m1",
        "receivedAt": RECEIVED,
        "timestamp": RECEIVED,
    }


def test_the_message_as_sent_is_not_changed():
    """Normalising makes a new object."""
    raw = {"event": "E", "writeKey": "k", "context": {"a": 1}}
    normal(raw, Shared(context=b'{"b":2}'))
    assert raw == {"event": "E", "writeKey": "k", "context": {"a": 1}}


def test_the_write_key_is_no_part_of_the_message():
    """Where the key stood does not show in the normalised form."""
    assert "writeKey" not in normal({"writeKey": "k"})


@pytest.mark.parametrize("key", ["context", "integrations"])
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, {"a": 1, "b": {"x": 1}}),
        ({"b": {"y": 2}, "c": 3}, {"a": 1, "b": {"y": 2}, "c": 3}),
        ({"a": None}, {"a": None, "b": {"x": 1}}),
        (None, {"a": 1, "b": {"x": 1}}),
        ("odd", "odd"),
        ([], []),
    ],
)
def test_a_batchs_object_is_merged_and_the_messages_own_wins(key, own, expected):
    """Objects are merged key by key, not deeper; what is no object stays."""
    shared = Shared(**{key: b'{"a":1,"b":{"x":1}}'})
    assert normal({key: own}, shared)[key] == expected


def test_an_absent_object_is_the_batchs():
    """A message without a context has that of its batch."""
    assert normal({}, Shared(context=b'{"a":1}'))["context"] == {"a": 1}


def test_the_batchs_sent_at_is_every_messages():
    """A message without a sentAt has that of its batch, and its time is corrected by it."""
    message = normal({"timestamp": "2026-01-31T10:00:00Z"}, Shared(sent_at="2026-01-31T10:00:05Z"))
    assert message["sentAt"] == "2026-01-31T10:00:05Z"
    assert message["timestamp"] == "2026-01-31T11:59:55.000Z"


def test_a_messages_own_sent_at_wins():
    """The batch's sentAt does not replace one that is there."""
    message = normal({"sentAt": "2026-01-31T10:00:00Z"}, Shared(sent_at="2026-01-31T11:00:00Z"))
    assert message["sentAt"] == "2026-01-31T10:00:00Z"


def test_the_clients_timestamp_is_kept_as_it_was_sent():
    """OriginalTimestamp is the client's text, timestamp is Segment's form of it."""
    message = normal({"timestamp": "2026-01-31T13:00:00+02:00"})
    assert message["originalTimestamp"] == "2026-01-31T13:00:00+02:00"
    assert message["timestamp"] == "2026-01-31T11:00:00.000Z"


@pytest.mark.parametrize("timestamp", ["nonsense", 5, {}, "2026-99-99"])
def test_a_timestamp_that_is_none_counts_as_none(timestamp):
    """The call happened when it came; what was sent is still to be seen."""
    message = normal({"timestamp": timestamp})
    assert message["timestamp"] == RECEIVED
    assert message["originalTimestamp"] == timestamp


def test_a_null_timestamp_is_no_original():
    """Explicit nulls are as good as absent."""
    message = normal({"timestamp": None})
    assert message["timestamp"] == RECEIVED
    assert "originalTimestamp" not in message


def test_an_original_timestamp_of_the_client_is_used_without_a_timestamp():
    """Replayed messages carry originalTimestamp only."""
    message = normal({"originalTimestamp": "2026-01-31T11:00:00Z"})
    assert message["timestamp"] == "2026-01-31T11:00:00.000Z"


def test_the_routes_type_wins():
    """A message on /v1/track is a track call whatever it says."""
    assert normal({"type": "page"})["type"] == "track"
