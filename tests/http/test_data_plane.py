"""Segment's surface over HTTP: each way in, with each method that it takes."""

from __future__ import annotations

import base64
import json

import pytest

TYPES = ("identify", "track", "page", "screen", "group", "alias")
GOOD = {"userId": "u1", "event": "E", "groupId": "g1", "writeKey": "k"}
GIF_START = b"GIF89a\x01\x00\x01\x00"


def calls(client, source=None):
    """Give all calls as readers see them."""
    return [call.view() for call in client.hub.calls_after(0, limit=1000, source=source)]


def last_request(client):
    """Give the request recorded last."""
    return client.hub.requests_after(0, limit=1000)[-1]


def encoded(message):
    """Give a message as the query of a GET has it."""
    return base64.b64encode(json.dumps(message).encode()).decode()


MESSAGE_PATHS = [f"/v1/{type_}" for type_ in TYPES] + [f"/v1/{type_[0]}" for type_ in TYPES]
BATCH_PATHS = ["/v1/batch", "/v1/import", "/v1/b"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("path", MESSAGE_PATHS + BATCH_PATHS)
async def test_every_route_answers_success_and_records(client, path, method):
    """200, exactly Segment's body and type; the call can be read at once."""
    body = GOOD if path in MESSAGE_PATHS else {"batch": [GOOD | {"type": "track"}], "writeKey": "k"}
    async with client.request(method, path, json=body) as answer:
        assert answer.status == 200
        assert await answer.read() == b'{"success":true}'
        assert answer.headers["Content-Type"] == "application/json"
    (call,) = calls(client, "k")
    assert (call.verdict, call.request.path) == ("accepted", path)
    assert last_request(client).method == method


@pytest.mark.parametrize(
    "path",
    ["/V1/Track", "/v1/track/", "/V1/TRACK/", "/v1/T/", "/v1/batch/", "/v1/import/", "/V1/B"],
)
async def test_paths_may_have_any_case_and_one_slash(client, path):
    """As Segment's edge has it, and Java needs it; the path is kept as sent."""
    good = GOOD | {"type": "track"}
    async with client.post(path, json=good | {"batch": [good]}) as answer:
        assert answer.status == 200
    (call,) = calls(client)
    assert (call.type, call.request.path) == ("track", path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/track//"),
        ("POST", "/v1/nope"),
        ("POST", "/v1/pixel"),
        ("POST", "/track"),
        ("GET", "/v2/track"),
        ("POST", "/token/x"),
        ("GET", "/token"),
        ("GET", "/next-integrations/x.js"),
        ("GET", "/v1/projects/k"),
        ("GET", "/analytics.js/v1/k/other.js"),
        ("POST", "/v1/%2e%2e/%2e%2e/etc/passwd"),
    ],
)
async def test_unknown_paths_are_404_and_recorded(client, method, path):
    """The answer lists what exists; the request is kept with its reason."""
    async with client.request(method, path) as answer:
        assert answer.status == 404
        said = await answer.json()
    assert said["code"] == "not_found"
    assert "/v1/{batch,import}" in said["message"]
    request = last_request(client)
    assert (request.answer.status, request.calls) == (404, 0)
    assert "does not exist" in request.reason.description


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/track"),
        ("DELETE", "/v1/track"),
        ("PATCH", "/v1/t"),
        ("GET", "/v1/batch"),
        ("POST", "/v1/pixel/track"),
        ("GET", "/v1/import/"),
    ],
)
async def test_a_method_that_a_route_does_not_take_is_405(client, method, path):
    """It says so, and the request is kept with its reason."""
    async with client.request(method, path) as answer:
        assert answer.status == 405
        assert (await answer.json())["code"] == "method_not_allowed"
    assert "is not allowed" in last_request(client).reason.description


def _standard(data):
    return base64.b64encode(data).decode()


def _url_safe(data):
    return base64.urlsafe_b64encode(data).decode()


@pytest.mark.parametrize("path", ["/v1/t", "/v1/T/", "/v1/b", "/v1/pixel/track", "/v1/i"])
@pytest.mark.parametrize("write", [_standard, _url_safe])
@pytest.mark.parametrize("padded", [True, False])
async def test_a_get_carries_base64_of_four_kinds(client, path, write, padded):
    """Both alphabets, padded or not; these bytes differ in all four."""
    good = GOOD | {"type": "track", "properties": {"x": "\u00fb\u00ff?>~\u00fe"}}
    message = good if path != "/v1/b" else {"batch": [good], "writeKey": "k"}
    text = write(json.dumps(message, ensure_ascii=False).encode("utf-8") + b" " * 2)
    text = text if padded else text.rstrip("=")
    async with client.get(path, params={"data": text}) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache, max-age=0"
    (call,) = calls(client, "k")
    assert (call.verdict, call.properties) == ("accepted", good["properties"])


async def test_a_plus_that_was_not_escaped_is_read(client):
    """A plus in a query arrives as a space; clients forget to escape it."""
    message = json.dumps(GOOD | {"event": "~>~>~>~>"}).encode()
    text = next(t for n in range(3) if "+" in (t := _standard(b" " * n + message)))
    async with client.session.get(f"/v1/t?data={text}") as answer:
        assert answer.status == 200
    assert "+" in last_request(client).query
    assert [call.event for call in calls(client)] == ["~>~>~>~>"]


@pytest.mark.parametrize("query", ["", "?data=", "?data=%21%21", "?data=abcde", "?other=1"])
async def test_a_get_without_a_message_is_400(client, query):
    """What cannot be decoded is refused with its reason."""
    async with client.get("/v1/t" + query) as answer:
        assert answer.status == 400
        assert answer.headers["Cache-Control"] == "no-cache, max-age=0"
        assert (await answer.json())["success"] is False
    assert last_request(client).reason.code == "bad_request"


@pytest.mark.parametrize("name", ["cb", "$", "_cb1", "jQuery.cb_1", "a.b.c"])
async def test_jsonp_calls_the_pages_function(client, name):
    """The answer is a script that calls the function if there is one, and nothing else."""
    async with client.get("/v1/t", params={"data": encoded(GOOD), "callback": name}) as answer:
        text = await answer.text()
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert text == f'typeof {name} == "function" && {name}({{"success":true}});'


@pytest.mark.parametrize(
    "name",
    [
        "alert(1)//",
        "a;b",
        "1a",
        ".a",
        "a b",
        "a\nb",
        "a<script>",
        "\u00e9",
        "a\u2028b",
        "",
        "x" * 129,
        'a"',
        "a[0]",
        "a`",
    ],
)
async def test_a_hostile_callback_is_not_written_anywhere(client, name):
    """Anything but a plain name gets the plain answer."""
    async with client.get("/v1/t", params={"data": encoded(GOOD), "callback": name}) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert await answer.read() == b'{"success":true}'


async def test_jsonp_of_a_refusal_is_a_script_too(client):
    """The page is told what is wrong, in a way that cannot break the script."""
    params = {"data": "{\u2028", "callback": "cb"}
    async with client.get("/v1/t", params=params) as answer:
        text = await answer.text()
        assert answer.status == 400
    assert text.startswith('typeof cb == "function" && cb({"success":false,')
    assert "\u2028" not in text


@pytest.mark.parametrize(
    "query",
    [
        "data=" + encoded(GOOD),
        "data=%21",
        "data=" + _standard(b"\xff\xfe"),
        "data=" + _standard(b"[]"),
        "",
        "a..b=1&.=2&=3",
        "%ff=%ff",
        "writeKey=k&event=E&userId=u",
        "a=1&a.b=2&a.b.c=3",
        "x=" + "y" * 7000,
    ],
)
@pytest.mark.parametrize("type_", ["track", "page"])
async def test_a_pixel_is_always_a_picture(client, type_, query):
    """200 and one transparent dot, whatever was sent."""
    async with client.session.get(f"/v1/pixel/{type_}?{query}") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/gif"
        assert answer.headers["Cache-Control"] == "no-cache, max-age=0"
        picture = await answer.read()
    assert picture.startswith(GIF_START)
    assert picture.endswith(b"\x00;")
    assert len(client.hub.requests_after(0, limit=9)) == 1


async def test_a_bad_pixel_says_so_in_the_journal(client):
    """The picture hides it from the client, not from who looks."""
    async with client.get("/v1/pixel/track?data=%21") as answer:
        assert answer.status == 200
    request = last_request(client)
    assert (request.answer.status, request.reason.code) == (400, "bad_request")


async def test_a_dotted_query_becomes_a_message(client):
    """Dots are levels, values stay text, repeated keys are arrays, odd keys are ignored."""
    query = (
        "writeKey=k&userId=u1&event=Email+Opened&properties.subject=The+electric&properties.n=5"
        "&context.campaign.name=newsletter&properties.tag=a&properties.tag=b&properties.tag=c"
        "&a..b=1&=2&properties.subject.x=no&empty="
    )
    async with client.session.get(f"/v1/pixel/track?{query}") as answer:
        assert answer.status == 200
    (call,) = calls(client, "k")
    assert (call.verdict, call.event, call.user_id) == ("accepted", "Email Opened", "u1")
    assert call.properties == {"subject": "The electric", "n": "5", "tag": ["a", "b", "c"]}
    assert call.context == {"campaign": {"name": "newsletter"}}
    assert call.raw["empty"] == ""


@pytest.mark.parametrize("body", [b'{"series":[{"type":"Counter"}]}', b"", b"\xff", b"[" * 9999])
async def test_telemetry_is_always_welcome(client, body):
    """/v1/m answers success and keeps the request; there is no call."""
    async with client.post("/v1/m", data=body, headers={"Content-Type": "text/plain"}) as answer:
        assert (answer.status, await answer.read()) == (200, b'{"success":true}')
    assert calls(client) == []
    assert last_request(client).body == body


async def test_health_and_crossdomain(client):
    """What load balancers and old Flash ask for."""
    async with client.get("/internal/health") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    async with client.get("/crossdomain.xml") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/xml")
        assert b"<cross-domain-policy>" in await answer.read()


async def test_head_has_the_headers_of_get(client):
    """A HEAD of what exists is answered without a body."""
    async with client.request("HEAD", "/v1/projects/k/settings") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"Authorization": "Basic " + base64.b64encode(b"k1:").decode()}, "k1"),
        ({"Authorization": "Basic " + base64.b64encode(b"k1").decode()}, "k1"),
        ({"Authorization": "basic " + base64.b64encode(b"k1:pw").decode().rstrip("=")}, "k1"),
        ({"Authorization": "Bearer k1"}, "k1"),
        ({"Authorization": "Basic !!!"}, ""),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:").decode()}, ""),
        ({"Authorization": "Basic"}, ""),
        ({"Authorization": "Digest k1"}, ""),
        ({"Authorization": "k1"}, ""),
        ({}, ""),
    ],
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
async def test_the_write_key_may_stand_in_the_header(client, path, headers, key):
    """Basic with and without a colon, Bearer; what is none of them is no key."""
    message = {"userId": "u", "event": "E", "type": "track"}
    body = {"batch": [message]} | (message if path == "/v1/track" else {})
    async with client.post(path, json=body, headers=headers) as answer:
        assert answer.status == 200
    (call,) = calls(client)
    assert (call.source, call.verdict) == (key, "accepted" if key else "dropped")


async def test_a_key_in_the_body_goes_before_a_bearer_token(client):
    """With OAuth the header has a token, and the body the key."""
    headers = {"Authorization": "Bearer secret-token"}
    async with client.post("/v1/track", json=GOOD, headers=headers) as answer:
        assert answer.status == 200
    assert [call.source for call in calls(client)] == ["k"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/json; charset=utf-8", "x/y", "", None, ";;"],
)
async def test_any_content_type_is_json(client, content_type):
    """Browsers say text/plain, C# says nothing."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    async with client.post(
        "/v1/track",
        data=json.dumps(GOOD).encode(),
        headers=headers,
        skip_auto_headers=["Content-Type"],
    ) as answer:
        assert answer.status == 200
    assert [call.verdict for call in calls(client)] == ["accepted"]


async def test_a_connection_is_kept_and_dated(client, exchange):
    """SDKs reuse connections, and read the Date header for their clock."""
    body = json.dumps(GOOD).encode()
    head = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
    sent = head + b"\r\n" + body + head + b"Connection: close\r\n\r\n" + body
    answers = await exchange(client, sent)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b"\r\nDate: ") == 2
    assert len(calls(client)) == 2
    assert answers.count(b"Connection: close") == 1


async def test_a_refusal_keeps_the_connection(client):
    """A 400 for its content does not cost the connection."""
    async with client.post("/v1/track", data=b"{") as answer:
        assert answer.status == 400
        assert "close" not in answer.headers.get("Connection", "")


async def test_secrets_are_not_kept_and_write_keys_are(client):
    """Headers are kept as sent, but for what somebody could misuse."""
    basic = "Basic " + base64.b64encode(b"k1:").decode()
    headers = [
        ("Cookie", "session=hidden"),
        ("X-Api-Key", "hidden"),
        ("Proxy-Authorization", "hidden"),
        ("User-Agent", "analytics-test/1"),
        ("X-Odd", "a"),
        ("X-Odd", "b"),
    ]
    for authorization in (basic, "Bearer hidden", "hidden", "Token hidden"):
        async with client.post(
            "/v1/track", json=GOOD, headers=[*headers, ("Authorization", authorization)]
        ) as answer:
            assert answer.status == 200
        kept = last_request(client).headers
        assert not [value for _, value in kept if "hidden" in value]
        assert ("User-Agent", "analytics-test/1") in kept
        assert [value for name, value in kept if name == "X-Odd"] == ["a", "b"]
        if authorization == basic:
            assert ("Authorization", basic) in kept


async def test_a_password_beside_the_key_is_not_kept(client):
    """Only the write key of Basic is no secret."""
    basic = "Basic " + base64.b64encode(b"k1:hidden").decode()
    async with client.post("/v1/track", json={}, headers={"Authorization": basic}) as answer:
        assert answer.status == 200
    (shown,) = [v for n, v in last_request(client).headers if n == "Authorization"]
    assert base64.b64encode(b"k1:").decode() in shown
    assert basic not in shown


async def test_requests_show_their_own_length(client):
    """Equal headers are shared between requests; lengths are each request's own."""
    for body in (b"{}", b'{"a":1}'):
        async with client.post("/v1/track", data=body) as answer:
            assert answer.status == 200
    async with client.get("/_mockseg/v1/requests") as answer:
        listed = (await answer.json())["requests"]
    lengths = [dict(request["headers"])["Content-Length"] for request in listed]
    assert lengths == ["2", "7"]


async def test_browsers_are_led_to_the_page(client):
    """A person who opens the address sees the page."""
    headers = {"Accept": "text/html,*/*"}
    async with client.get("/", headers=headers, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/_mockseg/")


async def test_a_pixel_may_carry_a_message_as_long_as_any(client):
    """A message of nearly 32 KB fits into the query of a pixel, as base64."""
    message = {"userId": "u1", "event": "Long", "properties": {"note": "x" * 30_000}}
    data = base64.b64encode(json.dumps(message | {"writeKey": "long"}).encode()).decode()
    async with client.request("GET", f"/v1/pixel/track?data={data}") as answer:
        assert answer.status == 200
        assert answer.content_type == "image/gif"
    [call] = client.hub.calls_after(0, limit=10)
    assert (call.source, call.good) == ("long", True)
