"""Paths, methods and CORS at the edge of 2018, as Segment's own public double has them."""

from __future__ import annotations

import gzip
import json

import pytest

GOOD = {"userId": "u1", "event": "E", "writeKey": "k"}
BATCH = {"batch": [GOOD | {"type": "track"}], "writeKey": "k"}
PAGE = "https://shop.example"
PLAIN = "text/plain; charset=utf-8"
SERVER, CLIENT, PICTURE = "POST, PUT", "GET, HEAD, POST, PUT", "GET, HEAD"


@pytest.fixture
async def old(open_client):
    """Open a client of a server whose edge is that of 2018."""
    return await open_client(edge="2018")


def allowed(answer):
    """Return the headers of an answer that let a page read it, by the end of their names."""
    start = "Access-Control-"
    return {name[len(start) :]: value for name, value in answer.headers.items() if start in name}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/m", "/V1/M/", "/v1/track//", "/b"])
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
async def test_a_path_that_came_later_is_a_plain_404(old, method, path):
    """React Native's bare proxy and the SDKs' metrics, too; the request is recorded."""
    data = json.dumps(BATCH) if method == "POST" else None
    async with old.request(method, path, data=data, headers={"Origin": PAGE}) as answer:
        assert (answer.status, await answer.text()) == (404, "404 page not found\n")
        assert answer.headers["Content-Type"] == PLAIN
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert allowed(answer) == {}
    [request] = old.hub.journal.requests_after(0, limit=10)
    assert request.answer.status == 404
    assert request.reason is not None
    assert old.hub.journal.calls_after(0, limit=9) == []


async def test_the_reason_names_the_edge(old):
    """Whoever sends to a path of today sees why it is lost."""
    async with old.post("/v1/m", json={}) as answer:
        assert answer.status == 404
    [request] = old.hub.journal.requests_after(0, limit=10)
    assert request.reason.description == "the edge of 2018 has no route /v1/m"


async def test_a_browser_at_the_root_still_sees_the_page(old):
    """The page is mockseg's own."""
    headers = {"Accept": "text/html"}
    async with old.get("/", headers=headers, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/_mockseg/")


@pytest.mark.parametrize("path", ["/", "/v1/m"])
async def test_later_edges_have_these_paths(open_client, path):
    """Only 2018 does not."""
    client = await open_client(edge="2026")
    async with client.post(path, json=BATCH) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("GET", "/v1/track", SERVER),
        ("GET", "/v1/batch/", SERVER),
        ("DELETE", "/v1/import", SERVER),
        ("PATCH", "/v1/t", CLIENT),
        ("DELETE", "/v1/b?callback=log", CLIENT),
        ("POST", "/v1/pixel/track", PICTURE),
        ("OPTIONS", "/v1/pixel/track", PICTURE),
        ("POST", "/internal/health", PICTURE),
        ("OPTIONS", "/internal/health", PICTURE),
        ("PUT", "/crossdomain.xml", PICTURE),
        ("OPTIONS", "/crossdomain.xml", PICTURE),
    ],
)
async def test_another_method_is_a_plain_405_that_names_those_allowed(old, method, path, methods):
    """A GET on a server route among them; the recorded request says it in a sentence."""
    async with old.request(method, path, headers={"Origin": PAGE}) as answer:
        assert (answer.status, await answer.text()) == (405, "Method Not Allowed\n")
        assert answer.headers["Content-Type"] == PLAIN
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Allow"] == methods
        assert allowed(answer) == {}
    [request] = old.hub.journal.requests_after(0, limit=10)
    assert f"{method} is not allowed on {path.partition('?')[0]}" in request.reason.description


@pytest.mark.parametrize("message", [json.dumps(GOOD), "{"])
async def test_a_page_may_read_the_answer_of_a_server_route(old, message):
    """With credentials, good or refused; no header is exposed."""
    async with old.post("/v1/track", data=message, headers={"Origin": PAGE}) as answer:
        assert allowed(answer) == {"Allow-Origin": PAGE, "Allow-Credentials": "true"}
        assert answer.headers.getall("Vary") == ["Origin"]


@pytest.mark.parametrize("query", ["", "?callback=log"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_may_read_the_answer_of_a_client_route(old, method, query):
    """Without credentials."""
    data = json.dumps(GOOD) if method == "POST" else None
    headers = {"Origin": PAGE}
    async with old.request(method, f"/v1/t{query}", data=data, headers=headers) as answer:
        assert allowed(answer) == {"Allow-Origin": PAGE}
        assert answer.headers.getall("Vary") == ["Origin"]


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t"])
async def test_no_page_may_read_the_answer_to_a_put(old, path):
    """It is taken all the same."""
    async with old.request("PUT", path, json=GOOD, headers={"Origin": PAGE}) as answer:
        assert (answer.status, await answer.read()) == (200, b'{"success":true}')
        assert allowed(answer) == {}


async def test_an_answer_varies_by_origin_without_one_too(old):
    """As the library for CORS of that time always said."""
    async with old.post("/v1/track", json=GOOD) as answer:
        assert answer.headers.getall("Vary") == ["Origin"]


@pytest.mark.parametrize(
    ("path", "content"),
    [("/internal/health", "text/plain"), ("/crossdomain.xml", "application/xml; charset=utf-8")],
)
async def test_health_and_flashs_policy_have_no_cors(old, path, content):
    """Nor has a pixel."""
    async with old.get(path, headers={"Origin": PAGE}) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, content)
        assert allowed(answer) == {}


@pytest.mark.parametrize("cut", [1, 5, 12])
async def test_gzip_that_breaks_off_after_its_head_is_plain_text(old, cut):
    """Only what does not begin as gzip is called malformed gzip."""
    data = gzip.compress(json.dumps(GOOD).encode())[:-cut]
    headers = {"Content-Encoding": " gzip "}
    async with old.post("/v1/track", data=data, headers=headers) as answer:
        assert (answer.status, await answer.text()) == (400, "Bad Request\n")


@pytest.mark.parametrize("data", [b"woot", b"\x1f\x8b\x08\x00", b"\x1f\x8b\x07" + b"0" * 20])
async def test_what_does_not_begin_as_gzip_is_json(old, data):
    """A head that is not whole is none."""
    headers = {"Content-Encoding": "gzip"}
    async with old.post("/v1/track", data=data, headers=headers) as answer:
        assert answer.status == 400
        assert await answer.read() == b'{"success":false,"message":"Malformed gzip content"}'


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v1/track", b"[]"),
        ("/v1/batch", b"[]"),
        ("/v1/track", b"{"),
        ("/v1/track", b'{"a":"' + b"x" * 32 * 1024 + b'"}'),
        ("/v1/batch", b'{"a":"' + b"x" * 500 * 1024 + b'"}'),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
async def test_what_is_wrong_inside_is_plain_text(old, path, content, zipped):
    """An array, no JSON, more than the limit once inflated."""
    headers = {"Content-Encoding": "gzip"} if zipped else {}
    data = gzip.compress(content) if zipped else content
    async with old.post(path, data=data, headers=headers) as answer:
        assert (answer.status, await answer.text()) == (400, "Bad Request\n")
        assert answer.headers["Content-Type"] == PLAIN
