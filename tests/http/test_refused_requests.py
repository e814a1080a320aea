"""A request that is refused is recorded in its own source, with the reason, wherever one looks."""

from __future__ import annotations

import base64
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from mockseg.client.client import AsyncClient
from mockseg.errors import UnmetExpectationError
from mockseg.matching.matchers import track
from mockseg.operations.base import OfSource

if TYPE_CHECKING:
    from mockseg.operations.calls import Summary

KEY = "k1"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"k1:").decode()}
MESSAGE = {"userId": "u1", "event": "E", "type": "track"}
DATA = base64.b64encode(b'{"writeKey":"k1"}').decode()
CUT = gzip.compress(json.dumps({"writeKey": KEY, **MESSAGE, "n": list(range(900))}).encode())[:-99]


def refused_in(client: Any, source: str) -> list[tuple[int, str, str, str]]:
    """Return status, method, path and reason of each request of a source."""
    return [
        (each.answer.status, each.method, each.path, each.reason.description)
        for each in client.hub.journal.requests_after(0, limit=100, source=source)
    ]


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("POST", "/v1/v1/t", {"json": MESSAGE | {"writeKey": KEY}}, 404),
        ("POST", "//v1/batch", {"json": {"batch": [MESSAGE], "writeKey": KEY}}, 404),
        ("POST", "/batch", {"json": {"batch": [MESSAGE | {"writeKey": KEY}]}}, 404),
        ("PUT", "/track", {"headers": BASIC}, 404),
        ("POST", "/v1/tracks?writeKey=k1", {}, 404),
        (
            "GET",
            "/v1/v1/t",
            {"params": {"data": base64.b64encode(b'{"writeKey":"k1"}').decode()}},
            404,
        ),
        ("GET", "/v2/projects/k1/settings", {}, 404),
        ("POST", "/_mockseg/v1/track", {"json": MESSAGE | {"writeKey": KEY}}, 404),
        ("POST", "/vendors/nobody/x", {"json": MESSAGE | {"writeKey": KEY}}, 404),
        ("PATCH", "/v1/track", {"json": MESSAGE | {"writeKey": KEY}}, 405),
        ("GET", "/v1/track?writeKey=k1", {}, 400),
        ("POST", "/v1/projects/k1/settings", {}, 405),
        ("POST", "/v1/track", {"data": b'{"writeKey":"k1","event":"cut o'}, 400),
        ("POST", "/v1/batch", {"data": b'[{"writeKey":"k1"}]'}, 400),
        ("POST", "/v1/track", {"data": CUT, "headers": {"Content-Encoding": "gzip"}}, 400),
        ("POST", "/v1/track?writeKey=k1", {"data": b"{"}, 400),
        ("POST", "/v1/t", {"data": io.BytesIO(b'{"writeKey":"k1","a":"' + b"x" * 2_200_000)}, 400),
    ],
)
async def test_it_belongs_to_the_source_that_its_key_names(
    client: Any, method: str, path: str, how: dict[str, Any], status: int
) -> None:
    """In the body, an item, the header, the query, the path, and in what is cut off or damaged."""
    host, port = client.address
    url = URL(f"http://{host}:{port}{path}", encoded=True)
    async with client.request(method, url, **how) as answer:
        assert answer.status == status
    ((answered, sent, _, reason),) = refused_in(client, KEY)
    assert (answered, sent) == (status, method)
    assert reason
    summary: Summary = await client.hub.perform("summary", OfSource(source=KEY))
    assert summary.refused == 1
    (refusals,) = summary.refusals
    assert (refusals.status, refusals.reason, refusals.count) == (status, reason, 1)


async def test_a_good_request_with_its_key_in_the_query_is_refused_in_its_source(
    client: Any,
) -> None:
    """Segment does not look there: answered 400, and the finding says where the key belongs."""
    async with client.post("/v1/track?writeKey=k1", json=MESSAGE) as answer:
        assert answer.status == 400
        assert (await answer.json())["message"] == "An invalid write key was provided"
    (call,) = client.hub.journal.calls_after(0, limit=10, source=KEY)
    assert call.verdict == "rejected"
    (finding,) = call.remark.findings
    assert finding.code == "unknown_source"
    assert "as writeKey, or in Authorization as the user name of Basic" in finding.description


async def test_a_failed_assertion_says_what_was_refused(client: Any) -> None:
    """Instead of asking whether anything was sent at all."""
    host, port = client.address
    for path in ("/v1/v1/t", "/v1/v1/t", "/track"):
        async with client.post(path, json=MESSAGE | {"writeKey": KEY}):
            pass
    async with AsyncClient(f"http://{host}:{port}") as asking:
        source = await asking.source(KEY)
        with pytest.raises(UnmetExpectationError) as caught:
            await source.assert_called(track("E"), wait=0)
        with pytest.raises(UnmetExpectationError, match="3 requests were refused") as all_good:
            await source.assert_all_good()
    text = str(caught.value)
    assert "Nothing at all was recorded" not in text
    assert "3 requests were refused (source.requests() has them):" in text
    assert '404 POST /v1/v1/t; /v1 is doubled; did you mean "/v1/t"? (2 times)' in text
    assert '404 POST /track; /v1 is missing; did you mean "/v1/track"?' in text
    assert "404 POST /v1/v1/t; /v1 is doubled" in str(all_good.value)
    assert caught.value.explanation.kind == "refused"


async def test_what_was_meant_for_another_service_is_kept_without_its_secrets(
    client: Any,
) -> None:
    """A form, or JSON without a write key, may hold the credentials of anything."""
    form = {"grant_type": "password", "password": "hidden"}
    for how in ({"data": form}, {"json": {"client_secret": "hidden", "scope": "x"}}):
        async with client.post("/oauth/token", **how) as answer:
            assert answer.status == 404
    bodies = [each.body for each in client.hub.journal.requests_after(0, limit=10)]
    assert bodies[0] == b"grant_type=password&password=[redacted]"
    assert json.loads(bodies[1]) == {"client_secret": "[redacted]", "scope": "x"}
