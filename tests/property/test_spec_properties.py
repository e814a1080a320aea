"""The rules for any message at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.domain import spec
from mockseg.domain.findings import DISCARD_CODES
from mockseg.domain.message import MESSAGE_TYPES, Shared, normalise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from([*MESSAGE_TYPES, "", "Track", "batch"])
# Values as they should be, and all others: so that messages come near to being good.
TEXTS = st.sampled_from(["u1", "", "m" * 100, "m" * 101]) | JSON
OBJECTS = st.sampled_from([{}, {"a": 1}]) | JSON
CONTEXTS = OBJECTS | st.fixed_dictionaries(
    {"consent": st.fixed_dictionaries({"categoryPreferences": OBJECTS, "version": JSON})},
    optional={"device": st.fixed_dictionaries({"advertisingId": TEXTS})},
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "userId": TEXTS,
        "anonymousId": TEXTS,
        "messageId": TEXTS,
        "groupId": TEXTS,
        "previousId": TEXTS,
        "event": st.just(spec.CONSENT_EVENT) | TEXTS,
        "name": TEXTS,
        "category": TEXTS,
        "properties": OBJECTS,
        "traits": OBJECTS,
        "context": CONTEXTS,
        "integrations": OBJECTS,
        "timestamp": TEXTS,
        "sentAt": TEXTS,
    },
)


@given(MESSAGES)
def test_the_short_way_lets_only_good_calls_through(message):
    """What nearly every call takes as a short cut changes no result."""
    keys = spec.plain_track(message, "track")
    if keys is not None:
        assert spec.check(message, "track") == ()
        assert keys == (message["event"], message.get("userId"), message.get("messageId"))


@given(
    st.fixed_dictionaries(
        {"event": st.text(min_size=1), "userId": st.text(min_size=1)},
        optional={"messageId": st.text(max_size=100), "properties": st.just({"a": None})},
    )
)
def test_the_common_call_takes_the_short_way(message):
    """A call as SDKs send it needs no closer look, unless it is about consent."""
    assert (spec.plain_track(message, "track") is None) == (message["event"] == spec.CONSENT_EVENT)


@given(JSON, TYPES)
def test_any_json_can_be_judged(message, type_):
    """Each discard has a known code and a sentence, and can be shown."""
    for discard in spec.check(message, type_):
        assert discard.code in DISCARD_CODES
        assert discard.description
        assert json_types.encode(discard)


@given(MESSAGES, TYPES, st.integers(-(10**20), 10**20), OBJECTS)
def test_any_message_can_be_normalised(message, type_, received_ns, context):
    """The normalised form has its own fields always, and keeps what was sent."""
    kept = {"timestamp", "sentAt", "messageId", "type", "context"}
    shared = Shared(
        context=json_types.encode(context) if isinstance(context, dict) else None, sent_at="x"
    )
    normal = normalise(
        message, type_=type_, message_id="m1", received_ns=received_ns, shared=shared
    )
    assert (normal["type"], normal["messageId"]) == (type_, "m1")
    assert normal["receivedAt"].endswith("Z")
    assert normal["timestamp"].endswith("Z")
    assert {k: v for k, v in message.items() if k not in kept} == {
        k: v for k, v in normal.items() if k in message and k not in kept
    }
