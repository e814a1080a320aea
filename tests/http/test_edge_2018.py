"""The edge of 2018, as Segment's own public double of it answers."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

GOOD = {"userId": "u1", "event": "E", "writeKey": "k"}
PAGE = "https://shop.example"


@pytest.fixture
async def old(open_client):
    """Give a client of a server whose edge is that of 2018."""
    return await open_client(edge="2018")


def asking(headers=None, method="POST"):
    """Give the headers of a preflight."""
    asked = {"Origin": PAGE, "Access-Control-Request-Method": method}
    return asked | ({"Access-Control-Request-Headers": headers} if headers else {})


def allowed(answer):
    """Give the allow headers of an answer, by the end of their names."""
    start = "Access-Control-"
    return {name[len(start) :]: value for name, value in answer.headers.items() if start in name}


async def test_a_server_route_allows_any_header(old):
    """In canonical case, with the one requested method."""
    headers = asking("authorization,content-type")
    async with old.request("OPTIONS", "/v1/track", headers=headers) as answer:
        assert answer.status == 200
        assert allowed(answer) == {
            "Allow-Origin": PAGE,
            "Allow-Methods": "POST",
            "Allow-Headers": "Authorization, Content-Type",
            "Allow-Credentials": "true",
            "Max-Age": "604800",
        }
        assert answer.headers.getall("Vary") == [
            "Origin",
            "Access-Control-Request-Method",
            "Access-Control-Request-Headers",
        ]


async def test_a_client_route_allows_plain_headers(old):
    """Without credentials and without an age."""
    async with old.request("OPTIONS", "/v1/t", headers=asking("content-type")) as answer:
        assert allowed(answer) == {
            "Allow-Origin": PAGE,
            "Allow-Methods": "POST",
            "Allow-Headers": "Content-Type",
        }


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/t", asking("authorization")),
        ("/v1/t", asking(method="PUT")),
        ("/v1/track", asking(method="PUT")),
        ("/v1/track", asking(method="GET")),
        ("/v1/track", {"Origin": PAGE}),
        ("/v1/track", {"Access-Control-Request-Method": "POST"}),
    ],
)
async def test_what_is_not_allowed_gets_no_allow_headers(old, path, headers):
    """The status is 200 all the same."""
    async with old.request("OPTIONS", path, headers=headers) as answer:
        assert (answer.status, allowed(answer)) == (200, {})


async def test_without_a_header_asked_for_none_is_named(old):
    """Allow-Headers is absent."""
    async with old.request("OPTIONS", "/v1/track", headers=asking()) as answer:
        assert "Allow-Headers" not in allowed(answer)
        assert allowed(answer)["Allow-Methods"] == "POST"


async def test_settings_have_the_preflight_of_today(old):
    """The double of 2018 does not have them."""
    path = "/v1/projects/k/settings"
    async with old.request("OPTIONS", path, headers=asking("x-custom", "GET")) as answer:
        assert allowed(answer)["Allow-Headers"] == "x-custom"


async def test_health_is_an_empty_text(old):
    """Its type has no charset."""
    async with old.get("/internal/health") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert answer.headers["Content-Type"] == "text/plain"


async def test_flashs_policy_has_210_bytes(old):
    """XML without a declaration."""
    async with old.get("/crossdomain.xml") as answer:
        assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
        assert len(await answer.read()) == 210


@pytest.mark.parametrize("data", [json.dumps(GOOD).encode(), b"{"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_jsonp_says_success_whatever_was_sent(old, method, data):
    """It has no text for an error, and no Cache-Control."""
    how = {"params": {"callback": "log"}}
    if method == "GET":
        how["params"]["data"] = base64.b64encode(data).decode()
    else:
        how["data"] = data
    async with old.request(method, "/v1/t", **how) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/javascript"
        assert "Cache-Control" not in answer.headers
        assert await answer.text() == 'typeof log == "function" && log({ success: true });'


async def test_a_get_without_a_callback_is_json(old):
    """With Cache-Control."""
    data = base64.b64encode(json.dumps(GOOD).encode()).decode()
    async with old.get("/v1/t", params={"data": data}) as answer:
        assert await answer.read() == b'{"success":true}'
        assert answer.headers["Cache-Control"] == "no-cache, max-age=0"


@pytest.mark.parametrize("message", [b"x" * 40_000, b"{"])
async def test_a_pixel_is_a_picture_whatever_was_sent(old, message):
    """What is too large or no JSON is lost; the journal says why. No page can read it."""
    data = base64.b64encode(message).decode()
    async with old.get(
        "/v1/pixel/track", params={"data": data}, headers={"Origin": PAGE}
    ) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/gif"
        assert answer.headers["Cache-Control"] == "no-cache, max-age=0"
        assert allowed(answer) == {}
    assert all(call.verdict == "dropped" for call in old.hub.journal.calls_after(0, limit=9))


async def test_malformed_gzip_is_json_on_server_routes(old):
    """The one refusal that is no plain text; what is bad inside good gzip is one."""
    headers = {"Content-Encoding": "gzip"}
    async with old.post("/v1/track", data=b"woot", headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
        assert await answer.read() == b'{"success":false,"message":"Malformed gzip content"}'
    async with old.post("/v1/track", data=gzip.compress(b"{"), headers=headers) as answer:
        assert (answer.status, await answer.read()) == (400, b"Bad Request\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_client_routes_do_not_inflate(old):
    """The message is lost, and its finding says so."""
    data = gzip.compress(json.dumps(GOOD).encode())
    async with old.post("/v1/t", data=data, headers={"Content-Encoding": "gzip"}) as answer:
        assert await answer.read() == b'{"success":true}'
    (call,) = old.hub.journal.calls_after(0, limit=9, source="k")
    assert call.verdict == "dropped"
    assert "did not inflate" in call.remark.findings[0].description


@pytest.mark.parametrize("path", ["/nowhere/v1/batch", "/segment/v1/b"])
async def test_an_unknown_path_is_a_plain_404(old, path):
    """The journal says what is wrong with it."""
    async with old.post(path, json=GOOD) as answer:
        assert (answer.status, await answer.text()) == (404, "404 page not found\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    [request] = old.hub.journal.requests_after(0, limit=10)
    assert request.answer.status == 404
    assert request.reason is not None
    assert path.split("/")[1] in request.reason.description
