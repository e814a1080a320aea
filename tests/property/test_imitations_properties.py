"""All imitations: whatever comes is answered, and what is refused changes nothing."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.destinations.kinds import KINDS, imitation_class
from mockseg.destinations.vendor import VendorRequest
from mockseg.errors import VendorStateError

OURS = list(KINDS)
BASIC = "Basic " + base64.b64encode(b"key:").decode()
PATHS = [
    *("/segment", "/v1/users", "/v1/users/u1", "/v1/users/u1/events", "/v1/users/bulk"),
    *("/v1/surveys", "/v1/responses", "/v1/themes", "/v2/users", "/v2/users/u1"),
    *("/v2/purge/visitors", "/v1/users//events", "/v1/users/events", "/v2/users/"),
    *("/api/eventWebhook", "/api/contentMetadata", "/users", "/users/u1", "/events"),
    *("/users/u1/reset-interactions", "/sdk/identify", "/sdk/event", "/users/"),
    "/users/reset-interactions",
]
FIELDS = [
    *("type", "userId", "anonymousId", "groupId", "previousId", "event", "name", "timestamp"),
    *("traits", "properties", "attributes", "events", "id", "emailAddress", "userIds"),
    *("emails", "delaySeconds", "metadata", "company", "email", "url"),
]
WORDS = st.sampled_from(["identify", "track", "page", "screen", "group", "alias", "u1", "E", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=10,
)
MESSAGES = st.dictionaries(
    st.sampled_from(FIELDS),
    WORDS | JSON | st.dictionaries(st.sampled_from(FIELDS), JSON | WORDS, max_size=3),
    max_size=6,
)
BODIES = (
    st.binary(max_size=40)
    | (MESSAGES | st.lists(MESSAGES, max_size=3) | JSON).map(json_types.encode)
    | st.text(max_size=40).map(lambda text: f"user_id,email,a\n{text}".encode())
)
AUTHORIZATIONS = st.sampled_from(
    ["API-Key key", "Bearer key", BASIC, "Basic", "", "\udcff", "Basic \udcff"]
) | st.text(max_size=10)
ANY_TEXT = st.text(st.characters(codec=None), max_size=12)
REQUESTS = st.builds(
    VendorRequest,
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", ""]),
    path=st.sampled_from(PATHS) | ANY_TEXT.map(lambda text: "/v2/users/" + text),
    received_ns=st.integers(-(2**63), 2**63),
    query=st.lists(
        st.tuples(
            st.sampled_from(["start", "cursor", "sid", "status", "page_size", "search_after"]),
            ANY_TEXT,
        ),
        max_size=3,
    ).map(tuple),
    headers=st.tuples(
        st.tuples(st.just("Authorization"), AUTHORIZATIONS),
        st.tuples(st.just("UG-API-KEY"), st.just("key")),
        st.tuples(st.just("Content-Type"), st.sampled_from(["text/csv", "x"])),
        st.tuples(st.sampled_from(["X-Signature", "X-Segment-Settings"]), ANY_TEXT),
    ),
    body=BODIES,
)


def made(kind, setup="{}"):
    """Make an imitation of this kind."""
    imitation = imitation_class(kind)
    record = json_types.decode(setup.encode())
    return imitation(imitation.setup_type(**record), key="key", random=random.Random(1))


def survives(imitation, kind):
    """The state can be written, read and restored, and is the same again."""
    saved = json_types.encode(imitation.state())
    other = made(kind)
    other.restore(json_types.decode(saved))
    assert json_types.encode(other.state()) == saved


@pytest.mark.parametrize("kind", OURS)
@settings(max_examples=50)
@given(requests=st.lists(REQUESTS, max_size=5))
def test_whatever_comes_is_answered(kind, requests):
    """Any method, path, header and bytes; what was refused changed nothing and says why."""
    imitation = made(kind)
    for request in requests:
        before = imitation.state()
        imitation.key_of(request)
        answered = imitation.answer(request)
        assert 200 <= answered.status < 600
        json_types.encode(answered.notes)
        if answered.status >= 400:
            assert answered.notes
            assert imitation.state() == before
    survives(imitation, kind)


@pytest.mark.parametrize("kind", OURS)
@settings(max_examples=30)
@given(request=REQUESTS)
def test_strangers_are_answered_too(kind, request):
    """An error with its note."""
    answered = made(kind).stranger(request)
    assert 400 <= answered.status < 500
    assert json_types.encode(answered.notes) != b"[]"


@pytest.mark.parametrize("kind", OURS)
@settings(max_examples=30)
@given(data=st.data())
def test_actions_are_done_or_refused_whole(kind, data):
    """Any arguments, of the right names or not."""
    imitation = made(kind)
    names = st.sampled_from(sorted(imitation.actions))
    fields = ["name", "user", "event", "enabled", "survey", "status", "content", "platform"]
    values = st.sampled_from(["u1", "E", "web", True, 200, []]) | JSON
    arguments = st.dictionaries(st.sampled_from(fields), values, max_size=3)
    for action, given_now in data.draw(st.lists(st.tuples(names, arguments), max_size=4)):
        before = imitation.state()
        try:
            json_types.encode(imitation.act(action, given_now, now_ns=0))
        except VendorStateError:
            assert imitation.state() == before
    survives(imitation, kind)


@pytest.mark.parametrize("kind", OURS)
@settings(max_examples=30)
@given(data=st.data())
def test_any_state_is_restored_or_refused_whole(kind, data):
    """Any JSON under the names that the state has."""
    imitation = made(kind)
    names = sorted(imitation.state())
    keyed = st.dictionaries(st.sampled_from(["u1", "E"]), JSON | MESSAGES, max_size=2)
    state = data.draw(st.dictionaries(st.sampled_from([*names, "x"]), JSON | keyed, max_size=3))
    before = imitation.state()
    try:
        imitation.restore(state)
    except VendorStateError:
        assert imitation.state() == before
    survives(imitation, kind)
