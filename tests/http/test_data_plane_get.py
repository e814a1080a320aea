"""Segment's surface over GET: base64 in the query, JSONP, pixels."""

from __future__ import annotations

import base64
import json

import pytest

GOOD = {"userId": "u1", "event": "E", "groupId": "g1", "writeKey": "k"}
GIF_START = b"GIF89a\x01\x00\x01\x00"


def calls(client, source=None):
    """Give all calls as readers see them."""
    return [call.view() for call in client.hub.journal.calls_after(0, limit=1000, source=source)]


def last_request(client):
    """Give the request recorded last."""
    return client.hub.journal.requests_after(0, limit=1000)[-1]


def encoded(message):
    """Give a message as the query of a GET has it."""
    return base64.b64encode(json.dumps(message).encode()).decode()


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
    assert len(client.hub.journal.requests_after(0, limit=9)) == 1


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
    assert call.context == {"campaign": {"name": "newsletter"}, "ip": "127.0.0.1"}
    assert call.raw["empty"] == ""
