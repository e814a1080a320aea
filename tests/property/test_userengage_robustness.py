"""Whatever reaches UserEngage is answered, applied whole or not at all, and can be kept."""

from __future__ import annotations

import base64
import json
import random

from hypothesis import event, given
from hypothesis import strategies as st

from mockseg.destinations.userengage.imitation import UserEngage
from mockseg.destinations.userengage.setup import UserEngageSetup
from mockseg.destinations.vendor import VendorRequest
from mockseg.errors import VendorStateError

KEY = "k"
STATUSES = {200, 201, 204, 400, 401, 403, 404, 405, 501}

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, width=64)
)
TEXTS = st.text(max_size=12)
NAMES = st.sampled_from(
    [
        *("email", "firstName", "phone", "gender", "address", "plan", "age", "when", "custom_id"),
        *("user_id", "name", "value", "attribute", "tags", "data", "timestamp", "ids", "size"),
        *("value_type", "content_type", "client_user", "page_domain", "page_path", "employees"),
    ]
)
JSON = st.recursive(
    SCALARS | TEXTS | st.sampled_from(["u1", "c1", "string", "clientuser", "2024-01-01", "5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=4),
    max_leaves=5,
)
OBJECTS = st.dictionaries(NAMES | TEXTS, JSON, max_size=4)


def mostly(common, rare):
    """Draw the one in nine of ten, so that not every message is broken somewhere."""
    return st.integers(0, 9).flatmap(lambda number: rare if number == 9 else common)


MESSAGES = st.fixed_dictionaries(
    {
        "type": mostly(st.sampled_from(["identify", "page", "track", "group"]), JSON),
        "userId": mostly(st.sampled_from(["u1", "u2"]), JSON),
    },
    optional={
        "anonymousId": TEXTS,
        "event": mostly(st.sampled_from(["E", "F"]), JSON),
        "groupId": mostly(st.just("c1"), JSON),
        "traits": mostly(OBJECTS, JSON),
        "properties": mostly(OBJECTS, JSON),
        "context": st.dictionaries(
            st.sampled_from(["userAgent", "os", "device", "screen", "page", "ip", "traits"]),
            JSON | st.dictionaries(st.sampled_from(["name", "width", "height", "url"]), JSON),
            max_size=3,
        ),
        "timestamp": mostly(
            st.sampled_from(["2024-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]), JSON
        ),
    },
)
USER_LEAVES = ("set_attribute/", "set_multiple_attributes/", "add_tag/", "remove_tag/", "events/")
COMPANY_LEAVES = ("set_attribute/", "add_tag/", "add_member/", "remove_member/")
READ_LEAVES = ("ping_hits/", "events/", "timeline/", "segments/")
# Sound pairs of method and path, below the prefix of the API.
ROUTES = [
    *(("POST", path) for path in ("users/", "companies/", "attributes/", "events/", "site-views/")),
    *(("GET", path) for path in ("users/", "companies/", "attributes/", "users/search/")),
    ("POST", "users/update_or_create/"),
    ("PUT", "users/mass_update_standard_attributes/"),
    ("GET", "attribute-type/plan/users/"),
    *(("POST", f"users-by-id/u1/{leaf}") for leaf in USER_LEAVES),
    *(("POST", f"companies-by-id/c1/{leaf}") for leaf in COMPANY_LEAVES),
    *(("GET", f"users/1/{leaf}") for leaf in READ_LEAVES),
    *((method, "users/1/") for method in ("GET", "PUT", "DELETE")),
    *((method, "companies/1/") for method in ("GET", "PUT", "DELETE")),
]
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "custom_id": st.sampled_from(["u1", "u2", "c1"]),
        "user_id": st.sampled_from([1, 2, "u1"]),
        "user_custom_id": st.just("u1"),
        "name": st.sampled_from(["plan", "E", "vip"]),
        "attribute": st.sampled_from(["plan", "city", "email"]),
        "value": JSON,
        "email": st.just("a@b.c"),
        "tags": st.lists(st.sampled_from(["x", "y"]), max_size=2),
        "ids": st.just([1]),
        "data": OBJECTS,
        "value_type": st.sampled_from(["string", "integer", "boolean", "json"]),
        "content_type": st.sampled_from(["clientuser", "company"]),
        "age": JSON,
        "plan": JSON,
    },
)
BASIC = f"Basic {base64.b64encode(b'k:').decode()}"


def request(method, path, body, *, moment, authorization, query=(), accept="*/*; version=2"):
    """Make a request."""
    return VendorRequest(
        method=method,
        path=path,
        received_ns=moment,
        query=tuple(query),
        headers=(("Authorization", authorization), ("Accept", accept)),
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
    )


MOMENTS = st.integers(0, 2**62)
AT_THE_INLET = st.builds(
    lambda message, moment: request(
        "POST", "/segment", message, moment=moment, authorization=BASIC
    ),
    MESSAGES,
    MOMENTS,
)
AT_REST = st.builds(
    lambda route, body, **rest: request(
        route[0], f"/api/public/{route[1]}", body, authorization="Token k", **rest
    ),
    st.sampled_from(ROUTES),
    BODIES | OBJECTS,
    moment=MOMENTS,
    accept=st.sampled_from(["*/*", "*/*; version=2"]),
)
ANYTHING = st.builds(
    request,
    st.sampled_from(["POST", "GET", "PUT", "DELETE"]) | TEXTS,
    st.just("/segment") | TEXTS | TEXTS.map(lambda text: f"/api/public/{text}"),
    st.binary(max_size=40) | JSON,
    moment=MOMENTS,
    authorization=st.sampled_from([BASIC, "Token k", "Basic x", "Token"]) | TEXTS,
    query=st.lists(st.tuples(st.sampled_from(["email", "key", "cursor"]), TEXTS), max_size=2),
)
REQUESTS = st.integers(0, 9).flatmap(
    lambda number: AT_THE_INLET if number < 5 else AT_REST if number < 9 else ANYTHING
)
SETUPS = st.builds(
    UserEngageSetup,
    attributes=st.just({"age": "number", "when": "date", "value": "json"}),
    event_namespace=st.sampled_from(["event", "global"]),
    rest_unknown_attributes=st.sampled_from(["ignore", "create", "refuse"]),
    context_traits=st.booleans(),
    address_text=st.sampled_from(["ignore", "attribute"]),
    attributes_on_read=st.sampled_from(["list", "flat", "both"]),
    most_records=st.sampled_from([2, 100]),
    page_size=st.sampled_from([1, 100]),
)


def begun(setup, *, seed=0):
    """Give an application with one user and one company."""
    vendor = UserEngage(setup, key=KEY, random=random.Random(seed))
    vendor.restore({"users": [{"custom_id": "u1"}], "companies": [{"custom_id": "c1"}]})
    return vendor


@given(SETUPS, st.lists(REQUESTS, max_size=5))
def test_every_request_is_answered_and_applied_whole_or_not(setup, requests):
    """No exception, a status that is documented, JSON; an error leaves the state as it was."""
    vendor = begun(setup)
    for each in requests:
        before = vendor.state()
        answer = vendor.answer(each)
        event(f"{answer.status}")
        assert answer.status in STATUSES
        if answer.body:
            json.loads(answer.body)
            assert dict(answer.headers)["Content-Type"] == "application/json"
        if answer.status >= 400 or each.method == "GET":
            assert vendor.state() == before
        for note in answer.notes:
            assert note.code
            assert note.description
    assert UserEngage.stranger(VendorRequest(method="", path="", received_ns=0)).status == 404


@given(SETUPS, st.lists(REQUESTS, max_size=5))
def test_every_state_can_be_put_back(setup, requests):
    """Through JSON, into a new application that is set up alike."""
    vendor = begun(setup)
    for each in requests:
        vendor.answer(each)
    state = json.loads(json.dumps(vendor.state()))
    other = UserEngage(setup, key=KEY, random=random.Random(5))
    other.restore(state)
    assert other.state() == state


@given(st.lists(AT_THE_INLET, max_size=8))
def test_two_applications_with_one_seed_are_alike(requests):
    """The same requests bring the same state, to the last key."""
    states = []
    for _ in range(2):
        vendor = begun(UserEngageSetup(), seed=3)
        for each in requests:
            vendor.answer(each)
        states.append(vendor.state())
    assert states[0] == states[1]


@given(JSON | OBJECTS)
def test_a_wrong_state_is_refused_or_taken_never_worse(given_state):
    """The only error is the one that names a place."""
    if not isinstance(given_state, dict):
        given_state = {"users": given_state}
    vendor = begun(UserEngageSetup())
    for state in (given_state, {"users": [given_state]}, {"attributes": [given_state]}):
        before = vendor.state()
        try:
            vendor.restore(state)
        except VendorStateError:
            assert vendor.state() == before
        else:
            vendor.restore(vendor.state())
