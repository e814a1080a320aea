"""Anything at all may be sent: never a 500, always an answer, nothing lost."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockseg.web.routes import TRACKING

GOOD = {"userId": "u1", "event": "E", "writeKey": "marker", "messageId": "m1"}
OTHER_PATHS = ["/", "/token", "/v1/projects/k/settings", "/nope", "/v1/%00%0a", "/internal/health"]
PATHS = st.sampled_from([*TRACKING, *OTHER_PATHS])
METHODS = st.sampled_from(["POST", "POST", "POST", "PUT", "GET", "HEAD", "DELETE", "PATCH"])
ODD_TEXT = st.text(st.characters(), max_size=6)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**309), 2**64, 1e308])
    | st.floats(allow_nan=True)
    | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3),
    max_leaves=6,
)
_IDS = ["userId", "anonymousId", "groupId", "previousId", "messageId", "writeKey"]
_TIMES = ["timestamp", "sentAt", "originalTimestamp", "receivedAt"]
_PARTS = ["context", "integrations", "properties", "traits", "batch", "_metadata"]
FIELDS = st.sampled_from([*_IDS, *_TIMES, *_PARTS, "type", "event", "name", "category", "version"])
OBJECTS = st.dictionaries(FIELDS | ODD_TEXT, VALUES, max_size=6)
BODIES = (
    OBJECTS
    | VALUES
    | st.fixed_dictionaries(
        {"batch": st.lists(OBJECTS | VALUES, max_size=5)},
        optional={
            "context": VALUES | OBJECTS,
            "integrations": VALUES,
            "sentAt": VALUES,
            "writeKey": VALUES,
        },
    )
)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"])
# What is answered to a client; anything else is a fault of the server.
FINE = {200, 302, 400, 401, 404, 405}


@pytest.fixture(scope="module")
def standing(served):
    """Give a server that has a good call already."""
    assert served.ask("POST", "/v1/track", json=GOOD)[0] == 200
    return served


def control(standing, path):
    """Ask the control plane; give the JSON."""
    status, body = standing.ask("GET", f"/_mockseg/v1{path}")
    assert status == 200
    return json.loads(body)


def still_fine(standing, requests_before):
    """Look at all that the journal has to say: it is readable, and the good call is there."""
    (marker,) = control(standing, "/calls?source=marker&messageId=m1")["calls"]
    assert (marker["verdict"], marker["event"]) == ("accepted", "E")
    after = standing.hub.journal.cursor - 20
    where = "properties.n > 1 or length(event) > 5 or number(properties.x) = 1"
    control(standing, f"/calls?after={max(after, 0)}")
    control(standing, f"/calls?where={where.replace(' ', '%20')}&limit=5")
    return control(standing, f"/requests?after={requests_before}")["requests"]


def sent(standing, method, path, **how):
    """Send what may be anything; say what came of it."""
    before = standing.hub.tally.requests
    status, body = standing.ask(method, path, allow_redirects=False, **how)
    assert status in FINE, body
    recorded = still_fine(standing, before)
    if path != "/internal/health":
        assert len(recorded) == 1
        assert recorded[0]["path"].lower() == path
        if status >= 400:
            assert recorded[0]["reason"] or recorded[0]["calls"] or path == "/token"
    return status


def odd_json(value):
    """Write JSON as Python does, with NaN, lone surrogates and numbers of any size."""
    return json.dumps(value).encode()


@settings(max_examples=100)
@given(METHODS, PATHS, st.binary(max_size=60), st.sampled_from([None, "gzip", "br", "identity"]))
@example("POST", "/v1/track", b'{"batch":[{}],"context":"\xff"}', None)
@example("POST", "/v1/batch", b'{"batch":[{}],"context":{"a":"\xff"}}', None)
@example("POST", "/v1/batch", b'{"batch":[{}],"sentAt":1e999}', None)
@example("POST", "/v1/b", b'{"batch":[{}],"writeKey":"\\ud800"}', None)
@example("POST", "/v1/t", b'{"a":' + b"9" * 4300 + b"}", None)
@example("POST", "/v1/t", b'{"userId":' + b"9" * 4300 + b"}", None)
def test_any_bytes_at_any_route(standing, method, path, body, encoding):
    """Bytes of any kind under any encoding are answered and recorded."""
    headers = {} if encoding is None else {"Content-Encoding": encoding}
    sent(standing, method, path, data=body, headers=headers)


@settings(max_examples=100)
@given(st.sampled_from(["POST", "PUT"]), PATHS, BODIES)
@example("POST", "/v1/track", {"properties": {"n": 10**400, "x": 10**400}, "writeKey": "k"})
@example("POST", "/v1/batch", {"batch": [{"type": "track", "context": {"a": 10**400}}]})
@example("POST", "/v1/batch", {"batch": [{}], "context": {"\ud800": 2**70}})
def test_any_json_at_any_route(standing, method, path, value):
    """JSON of any shape, with NaN, surrogates and huge numbers, is answered and readable."""
    sent(standing, method, path, data=odd_json(value))


@settings(max_examples=50)
@given(PATHS, OBJECTS, ENCODINGS, st.booleans())
def test_wrong_encodings_at_any_route(standing, path, value, encoding, compressed):
    """Text in another encoding than UTF-8 is answered, compressed or not."""
    body = json.dumps(value, ensure_ascii=False).encode(encoding, "replace")
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    sent(standing, "POST", path, data=gzip.compress(body) if compressed else body, headers=headers)


@settings(max_examples=50)
@given(PATHS, st.data())
def test_damaged_gzip_at_any_route(standing, path, data):
    """Cut, changed and repeated streams are refused or read, never half of them."""
    body = data.draw(
        st.sampled_from([gzip.compress(odd_json({"batch": [{}]})), zlib.compress(b"{}")])
    )
    at = data.draw(st.integers(0, len(body)))
    damaged = data.draw(
        st.sampled_from(
            [body[:at], body[at:], body + body[:at], body[:at] + b"\x00" + body[at + 1 :]]
        )
    )
    sent(standing, "POST", path, data=damaged, headers={"Content-Encoding": "gzip"})


@settings(max_examples=50)
@given(
    st.sampled_from([path for path, route in TRACKING.items() if route.client]),
    st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode())
    | OBJECTS.map(lambda value: base64.b64encode(odd_json(value)).decode())
    | st.text(max_size=20),
    st.text(max_size=10),
)
def test_any_query_at_any_client_route(standing, path, data, callback):
    """Whatever stands in the query; pixels are always a picture."""
    status = sent(standing, "GET", path, params={"data": data, "callback": callback})
    if "pixel" in path:
        assert status == 200


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.text("ab.[]=&", max_size=5).map(lambda key: key or "x")
            | st.sampled_from(["properties.a", "context", "context.ip", "writeKey", "type.x"]),
            st.text(max_size=5),
        ),
        max_size=6,
    )
)
def test_any_dotted_query(standing, pairs):
    """Keys that contradict each other, empty levels and brackets make some message."""
    assert sent(standing, "GET", "/v1/pixel/track", params=pairs) == 200


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/batch", "/v1/b", "/v1/import"])
@pytest.mark.parametrize("levels", [255, 300, 1000, 20_000])
@pytest.mark.parametrize("shape", ["[", '{"a":'])
def test_deep_json_at_any_route(standing, path, levels, shape):
    """Nesting is followed up to a limit and refused beyond it."""
    inner = shape * levels + "1" + {"[": "]", '{"a":': "}"}[shape] * levels
    for body in (inner, f'{{"context":{inner}}}', f'{{"batch":[{{"properties":{inner}}}]}}'):
        status = sent(standing, "POST", path, data=body.encode())
        assert status in {200, 400}


def test_wide_json_is_answered(standing):
    """Ten thousand keys and a hundred thousand small values are no problem."""
    for value in ({f"k{n}": 1 for n in range(10_000)}, {"a": [0] * 100_000}):
        sent(standing, "POST", "/v1/batch", data=odd_json(value))
        sent(standing, "POST", "/v1/batch", data=odd_json({"batch": [value]}))


# --- what aiohttp's parser sees first


def raw(standing, data, *, hang_up=True):
    """Send bytes; see that the server goes on."""
    before = standing.hub.tally.requests
    answer = standing.exchange(data, hang_up=hang_up)
    assert b" 500 " not in answer.split(b"\r\n", 1)[0]
    still_fine(standing, before)
    return answer


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """Leave out what aiohttp says about each broken request."""
    caplog.set_level(logging.CRITICAL, logger="aiohttp.server")


@settings(max_examples=40)
@given(st.binary(max_size=80))
def test_what_is_no_http(standing, data):
    """Garbage is refused or waited out; the connection ends with its sender."""
    raw(standing, data)


HEADERS = [b"Authorization", b"Host", b"Content-Encoding", b"Content-Type", b"Origin", b"X-Y"]


@settings(max_examples=40)
@given(
    st.sampled_from([b"POST", b"GET", b"OPTIONS", b"PUT"]),
    st.sampled_from([b"/v1/track", b"/v1/b", b"/v1/projects/k/settings", b"/token", b"/", b"*"]),
    st.lists(st.tuples(st.sampled_from(HEADERS), st.binary(max_size=12)), max_size=3),
    st.binary(max_size=20),
)
@example(b"POST", b"/v1/track", [(b"Authorization", b"Basic \xff\xfe")], b"{}")
@example(b"POST", b"/v1/track", [(b"Authorization", b"Bearer \xff\xfe")], b"{}")
@example(b"GET", b"/v1/projects/k/settings", [(b"Host", b"\xff\xfe")], b"")
@example(b"POST", b"/v1/track", [(b"Content-Encoding", b"\xff\xfe")], b"{}")
@example(b"POST", b"/v1/track", [(b"Origin", b"\xff\xfe")], b"{}")
def test_headers_of_any_bytes(standing, method, path, headers, body):
    """A header need not be text; what is kept of it can be shown."""
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    start = b"%b %b HTTP/1.1\r\nContent-Length: %d\r\nConnection: close\r\n"
    data = start % (method, path, len(body)) + lines + b"\r\n" + body
    assert raw(standing, data, hang_up=False).startswith(b"HTTP/1.")


START = b"POST /v1/track HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("data", "answered"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (b"BREW /v1/track HTTP/1.1\r\n\r\n", b"400"),
        (START + b"Content-Length: x\r\n\r\n{}", b"400"),
        (START + b"Content-Length: -1\r\n\r\n{}", b"400"),
        (START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", b"400"),
        (START + b"X: " + b"y" * 100_000 + b"\r\n\r\n", b"400"),
        (START + b"X: y\r\n" * 50_000 + b"\r\n", b"400"),
        (b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (START, b""),
        (START[:20], b""),
        (START + b"Content-Length: 100\r\n\r\n{", b""),
        (START + b"Content-Length: 100\r\nConnection: close\r\n\r\n", b""),
        (START + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", b""),
        (START + b"Connection: close\r\n\r\n", b"400"),
        (START + b"Expect: nonsense\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", b""),
        (b"GET /v1/track%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /a%0ab HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    ],
)
def test_broken_http_ends_with_an_answer_or_its_sender(standing, data, answered):
    """No connection hangs: it is answered 400, or ends when the client goes away."""
    line = raw(standing, data, hang_up=not answered).split(b"\r\n", 1)[0]
    # Whoever is still sending when the server closes may lose the answer to a reset.
    lost = len(data) > 65_536 and not line
    assert answered in line or lost
    assert b" 500 " not in line
