"""What the control plane refuses, and how it says so."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.operations.table import OPERATIONS, PREFIX
from mockseg.web.app import MAX_BODY_BYTES

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub

JSON = {"Content-Type": "application/json"}


async def refused(client: Any, method: str, path: str, **how: Any) -> tuple[int, Any]:
    """Ask for what is refused; give status and the error."""
    answer = await client.request(method, PREFIX + path, **how)
    body = await answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) <= {"code", "message", "details"}
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8" or (
        answer.content_type == "application/json"
    )
    return answer.status, body["error"]


@pytest.mark.parametrize(
    ("path", "parameter", "sentence"),
    [
        ("/calls?limit=0", "limit", '`limit` is "0": it must be a whole number >= 1'),
        ("/calls?limit=1001", "limit", '`limit` is "1001": it must be a whole number <= 1000'),
        ("/calls?after=soon", "after", '`after` is "soon": it must be a whole number'),
        ("/calls?good=maybe", "good", '`good` is "maybe": it must be true or false or null'),
        (
            "/calls?verdict=acepted",
            "verdict",
            (
                '`verdict`: unknown value "acepted"; did you mean "accepted"?'
                " Allowed: accepted, any, blocked, dropped, rejected."
            ),
        ),
        (
            "/calls?sorce=k1",
            "sorce",
            (
                'the query: unknown parameter "sorce"; did you mean "source"? Allowed: source,'
                " type, event, userId, anonymousId, messageId, groupId, verdict, good, where,"
                " q, after, before, order, limit, total."
            ),
        ),
        ("/summary?limit=1", "limit", 'the query: unknown parameter "limit". Allowed: source.'),
        (
            "/calls?source=a&source=b",
            "source",
            "`source` stands in the query more than once",
        ),
    ],
)
async def test_a_wrong_query_names_place_value_and_what_is_allowed(
    client: Any, path: str, parameter: str, sentence: str
) -> None:
    """A wrong parameter of a query is 422 with a sentence that helps."""
    status, error = await refused(client, "GET", path)
    assert (status, error["code"]) == (422, "invalid_parameter")
    assert error["message"] == sentence
    assert error["details"]["parameter"] == parameter
    assert error["details"]["allowed"]


@pytest.mark.parametrize(
    ("path", "body", "parameter", "sentence"),
    [
        (
            "/calls/wait",
            {"match": {"usrId": 1}},
            "match.usrId",
            (
                '`match`: unknown parameter "usrId"; did you mean "userId"? Allowed: source, type,'
                " event, userId, anonymousId, messageId, groupId, verdict, good, where,"
                " properties, traits, context, integrations."
            ),
        ),
        (
            "/calls/wait",
            {"match": {"source": 1}},
            "match.source",
            "`match.source` is 1: it must be a text or null",
        ),
        (
            "/calls/wait",
            {"timeout": 4000},
            "timeout",
            "`timeout` is 4000: it must be a number <= 3600",
        ),
        (
            "/calls/wait",
            {"match": {"verdict": "good"}},
            "match.verdict",
            (
                '`match.verdict`: unknown value "good".'
                " Allowed: accepted, any, blocked, dropped, rejected."
            ),
        ),
        ("/calls/wait", {"match": []}, "match", "`match` is []: it must be an object"),
        (
            "/calls/import",
            {"calls": [{"source": "k"}, {"message": {}}]},
            "calls[1].source",
            "`calls[1].source` is missing in `calls[1]`",
        ),
        ("/calls/import", {}, "calls", "`calls` is missing in the body"),
        ("/calls/import", [], "body", "the body must be a JSON object"),
        (
            "/sources",
            {"writeKey": ""},
            "writeKey",
            '`writeKey` is "": it must be a text, its length >= 1',
        ),
        ("/clock/advance", {"seconds": 10**400}, "seconds", None),
        (
            "/clock/advance",
            {"seconds": -1},
            "seconds",
            "`seconds` is -1: it must be a number >= 0",
        ),
    ],
)
async def test_a_wrong_body_names_place_value_and_what_is_allowed(
    client: Any, path: str, body: Any, parameter: str, sentence: str | None
) -> None:
    """A wrong parameter of a body is 422 with its place, however deep."""
    status, error = await refused(client, "POST", path, json=body)
    assert (status, error["code"]) == (422, "invalid_parameter")
    assert error["details"]["parameter"] == parameter
    if sentence is not None:
        assert error["message"] == sentence


@pytest.mark.parametrize(
    "body", [b"{", b"nul", b'"\xff"', b'{"a":1}}', b"[" * 100_000, b'{"seconds":1e999}', b"\x00"]
)
async def test_what_is_no_json_is_400(client: Any, body: bytes) -> None:
    """A body that cannot be read as JSON is 400."""
    status, error = await refused(client, "POST", "/clock/advance", data=body, headers=JSON)
    assert (status, error["code"]) == (400, "malformed_json")


async def test_a_filter_that_cannot_be_read_names_the_position(client: Any) -> None:
    """A broken ``where`` is 422 with the position."""
    status, error = await refused(client, "GET", "/calls?where=event%20%3D")
    assert (status, error["code"]) == (422, "invalid_filter")
    assert error["details"]["position"] == 7


async def test_an_unknown_path_lists_what_exists(client: Any) -> None:
    """404 names the nearest path and lists all."""
    status, error = await refused(client, "GET", "/cals")
    assert (status, error["code"]) == (404, "not_found")
    assert error["message"] == (
        f'unknown path "{PREFIX}/cals"; did you mean "{PREFIX}/calls"?'
        f" GET {PREFIX}/openapi.json lists all."
    )
    expected = {f"{operation.method} {PREFIX}{operation.path}" for operation in OPERATIONS}
    assert expected <= set(error["details"]["paths"])
    assert f"GET {PREFIX}/stream" in error["details"]["paths"]


async def test_an_unknown_path_beside_the_page_is_json_too(client: Any) -> None:
    """Everything below the root has the one error body."""
    answer = await client.get("/_mockseg/nothing")
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "OPTIONS", "PROPFIND"])
async def test_a_wrong_method_is_405_with_allow(client: Any, method: str) -> None:
    """405 says which methods a path has, in the header too."""
    answer = await client.request(method, PREFIX + "/calls")
    assert answer.status == 405
    assert answer.headers["Allow"] == "DELETE, GET, HEAD"
    error = (await answer.json())["error"]
    assert (error["code"], error["details"]["allowed"]) == (
        "method_not_allowed",
        ["DELETE", "GET", "HEAD"],
    )


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/calls/wait"), ("DELETE", "/calls?all=true"), ("GET", "/calls")]
)
@pytest.mark.parametrize(
    "declared",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "x"],
)
async def test_a_body_that_is_not_declared_as_json_is_415(
    client: Any, method: str, path: str, declared: str
) -> None:
    """Bodies are application/json and nothing else, whatever the method."""
    headers = {"Content-Type": declared}
    status, error = await refused(client, method, path, data=b"{}", headers=headers)
    assert (status, error["code"]) == (415, "unsupported_media_type")
    assert error["details"]["allowed"] == ["application/json"]


async def test_a_compressed_body_is_415(client: Any) -> None:
    """The control plane inflates nothing."""
    headers = JSON | {"Content-Encoding": "gzip"}
    status, error = await refused(client, "POST", "/sources", data=b"{}", headers=headers)
    assert (status, error["code"]) == (415, "unsupported_media_type")


async def test_an_empty_body_needs_no_content_type(client: Any) -> None:
    """A POST without a body is one without parameters."""
    answer = await client.post(PREFIX + "/sources", skip_auto_headers=["Content-Type"])
    assert answer.status == 201


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_body_that_would_go_unheard_is_422(client: Any, method: str) -> None:
    """Parameters of GET and DELETE travel in the query; a body there is a mistake."""
    status, error = await refused(client, method, "/calls?source=k", json={"source": "k"})
    assert (status, error["details"]["parameter"]) == (422, "body")


async def test_a_query_that_would_go_unheard_is_422(client: Any) -> None:
    """Parameters of POST travel in the body; a query there is a mistake."""
    status, error = await refused(client, "POST", "/settle?source=k", json={})
    assert (status, error["details"]["parameter"]) == (422, "source")
    assert "JSON body" in error["message"]


async def test_a_body_over_the_limit_is_413(client: Any) -> None:
    """A body of more than 32 MiB is refused."""
    body = io.BytesIO(b" " * (MAX_BODY_BYTES + 1))
    status, error = await refused(client, "POST", "/calls/import", data=body, headers=JSON)
    assert (status, error["code"]) == (413, "body_too_large")
    assert error["details"]["allowedBytes"] == MAX_BODY_BYTES


async def test_an_unexpected_failure_is_logged_and_answered_without_its_story(
    client: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug of ours is a 500 in the one shape; the traceback stays in the log."""

    async def fail(name: str, params: Any) -> None:
        raise ZeroDivisionError("the secret of the story")

    monkeypatch.setattr(hub, "perform", fail)
    with caplog.at_level(logging.ERROR, logger="mockseg.web"):
        status, error = await refused(client, "GET", "/clock")
    assert (status, error["code"]) == (500, "internal_error")
    assert "secret" not in str(error)
    assert "the secret of the story" in caplog.text


@pytest.mark.parametrize("id_", ["req-2", "req-", "call-1", "req-" + "9" * 5000, "req-٣", "%00"])
async def test_a_request_that_is_not_kept_is_404(client: Any, id_: str) -> None:
    """An id that no request has is a clear refusal, however long it is."""
    status, error = await refused(client, "GET", f"/requests/{id_}")
    assert (status, error["code"]) == (404, "unknown_request")


async def test_a_body_that_does_not_come_is_408(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that promises more than it sends gets its answer all the same."""
    monkeypatch.setattr("mockseg.web.parameters.BODY_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection(*client.address)
    writer.write(
        f"POST {PREFIX}/sources HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    await reader.readuntil(b'"code":"body_timeout"')
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_asks_first_is_told_to_send(client: Any) -> None:
    """``Expect: 100-continue`` is met; what else is expected is 417."""
    answer = await client.post(PREFIX + "/sources", json={}, expect100=True)
    assert answer.status == 201
    status, error = await refused(client, "GET", "/clock", headers={"Expect": "miracles"})
    assert (status, error["code"]) == (417, "expectation_failed")
