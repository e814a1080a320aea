"""Requests as they are on the wire, good and malformed, with the answer that Segment gives."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from hypothesis import strategies as st

from mockseg.domain.limits import MAX_BATCH_BYTES, MAX_BATCH_CALLS, MAX_CALL_BYTES
from mockseg.strategies.chooser import encode, fresh, padded
from mockseg.strategies.events import messages as any_messages
from mockseg.strategies.events import weighted

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.json_types import JsonObject


_SUCCESS: Final = b'{"success":true}'
_TYPES: Final = st.sampled_from(
    ["application/json", "text/plain", "application/json; charset=utf-8", ""]
)
_PACKED: Final = st.booleans()
# Longer queries than this are refused by many servers on the way.
_LONGEST_QUERY: Final = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP request, and what comes back.

    Attributes:
        what: what is special about it, in a few words.
        method: of HTTP.
        path: with the query.
        headers: pairs of name and value; the length is left to the client.
        body: bytes as sent.
        status: of the answer.
        answer: the answer's body, or None where only success or failure is told.
        success: whether the answer says so; None where it is a picture or a text.
        calls: how many calls are recorded of it.
    """

    what: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int = 200
    answer: bytes | None = _SUCCESS
    success: bool | None = True
    calls: int = 0


def requests(
    messages: SearchStrategy[JsonObject] | None = None,
    *,
    write_key: str = "strategies",
    malformed: bool = True,
) -> SearchStrategy[WireRequest]:
    """Return requests on all of Segment's routes, with the answer of its edge.

    Args:
        messages: what is in them; any of the Spec when None.
        write_key: whose calls they are; in the body or in the headers.
        malformed: also such that are answered 400, 404 and 405, or hold nothing.
    """
    inside = any_messages() if messages is None else messages
    made: list[tuple[SearchStrategy[WireRequest], int]] = [
        (_single(inside, write_key), 4),
        (_batched(inside, write_key), 3),
        (_queried(inside, write_key), 2),
    ]
    if malformed:
        made.append((_malformed(inside, write_key), 6))
    # Copies of messages into messages would outgrow what Hypothesis allows a test case.
    return fresh(weighted(made))


@st.composite
def _single(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
    """Draw one message on one of the routes of its type."""
    message = draw(messages)
    kind = message["type"]
    path = draw(st.sampled_from([f"/v1/{kind}", f"/v1/{kind[0]}", f"/V1/{kind.title()}/"]))
    method = draw(st.sampled_from(["POST", "PUT"]))
    headers, body = _keyed(draw, message, key)
    headers, body = _packed(draw, headers, body)
    return WireRequest(
        what=f"one {kind}", method=method, path=path, headers=headers, body=body, calls=1
    )


@st.composite
def _batched(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
    """Draw a batch on one of its routes."""
    calls = draw(st.lists(messages, min_size=1, max_size=3))
    path = draw(st.sampled_from(["/v1/batch", "/v1/import", "/v1/b", "/v1/import/"]))
    headers, body = _keyed(draw, {"batch": calls}, key)
    headers, body = _packed(draw, headers, body)
    return WireRequest(
        what=f"a batch of {len(calls)}",
        method="POST",
        path=path,
        headers=headers,
        body=body,
        calls=len(calls),
    )


@st.composite
def _queried(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
    """Draw a message in a query, as pixels and old browsers send it."""
    message = draw(messages)
    kind = message["type"]
    text = encode({"writeKey": key, **message})
    if len(text) > _LONGEST_QUERY:
        text = encode({"writeKey": key, "type": kind, "userId": "u", "event": "e"})
    data = base64.urlsafe_b64encode(text).decode()
    if draw(st.booleans()):
        data = data.rstrip("=")
    pixel = draw(st.booleans())
    return WireRequest(
        what=f"a {kind} in a query",
        method="GET",
        path=f"/v1/{'pixel/' + kind if pixel else kind[0]}?data={quote(data)}",
        headers=(),
        body=b"",
        answer=None if pixel else _SUCCESS,
        success=None if pixel else True,
        calls=1,
    )


def _keyed(
    draw: DrawFn, message: JsonObject, key: str
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Put the write key into the body or the headers, and say what the body is."""
    kind = draw(_TYPES)
    headers = (("Content-Type", kind),) if kind else ()
    basic = base64.b64encode(f"{key}:".encode()).decode()
    match draw(st.sampled_from(["body", "basic", "both"])):
        case "body":
            return headers, encode({"writeKey": key, **message})
        case "basic":
            return (*headers, ("Authorization", f"Basic {basic}")), encode(message)
        case _:
            return (*headers, ("Authorization", f"Basic {basic}")), encode(
                {**message, "writeKey": key}
            )


def _packed(
    draw: DrawFn, headers: tuple[tuple[str, str], ...], body: bytes
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if not draw(_PACKED):
        return headers, body
    return (*headers, ("Content-Encoding", "gzip")), gzip.compress(body, mtime=0)


@st.composite
def _malformed(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
    """Draw a request that Segment refuses, or takes although nothing good is in it."""
    make = draw(st.sampled_from(_FAULTS))
    return make(draw, draw(messages), key)


def _refused(what: str, path: str, body: bytes, **more: str) -> WireRequest:
    headers = (
        ("Content-Type", "application/json"),
        *((k.replace("_", "-"), v) for k, v in more.items()),
    )
    return WireRequest(
        what=what,
        method="POST",
        path=path,
        headers=headers,
        body=body,
        status=400,
        answer=None,
        success=False,
    )


def _cut(draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    text = encode({"writeKey": key, **message})
    keep = draw(st.integers(0, len(text) - 1))
    return _refused("JSON that is cut", f"/v1/{message['type']}", text[:keep])


def _no_object(draw: DrawFn, message: JsonObject, _key: str) -> WireRequest:
    body = draw(st.sampled_from([b"[]", b"1", b'"text"', b"null", b"true", b"NaN"]))
    path = draw(st.sampled_from([f"/v1/{message['type']}", "/v1/batch"]))
    return _refused("no JSON object", path, body)


def _no_list(draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    value = draw(st.sampled_from([message, 1, "text", True]))
    return _refused(
        "a batch that is not a list", "/v1/batch", encode({"writeKey": key, "batch": value})
    )


def _bad_gzip(draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    whole = gzip.compress(encode({"writeKey": key, **message}), mtime=0)
    body = whole[: draw(st.integers(1, len(whole) - 1))]
    return _refused("gzip that is cut", f"/v1/{message['type']}", body, Content_Encoding="gzip")


def _bad_encoding(draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    encoding = draw(st.sampled_from(["deflate", "br", "zstd"]))
    text = encode({"writeKey": key, **message})
    return _refused("an encoding that is not gzip", "/v1/batch", text, Content_Encoding=encoding)


def _too_large(_draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    large = padded({"writeKey": key, **message}, MAX_CALL_BYTES + 1)
    return _refused("one byte too large", f"/v1/{message['type']}", encode(large))


def _too_large_batch(_draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    large = padded({"writeKey": key, "batch": [message]}, MAX_BATCH_BYTES + 1)
    return _refused("a batch one byte too large", "/v1/batch", encode(large))


def _crowded(_draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    call = {"type": message["type"], "userId": "u"}
    count = MAX_BATCH_CALLS + 1
    body = encode({"writeKey": key, "batch": [call] * count})
    return WireRequest(
        what="one call too many, taken and rejected later",
        method="POST",
        path="/v1/batch",
        headers=(("Content-Type", "application/json"),),
        body=body,
        calls=count,
    )


def _empty(_draw: DrawFn, _message: JsonObject, key: str) -> WireRequest:
    body = encode({"writeKey": key, "batch": []})
    return WireRequest(
        what="an empty batch", method="POST", path="/v1/batch", headers=(), body=body
    )


def _unknown(draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    path = draw(st.sampled_from(["/v1/event", "/v2/track", "/v1/tracks", "/v1/batch/1"]))
    body = encode({"writeKey": key, **message})
    return WireRequest(
        what="a path that does not exist",
        method="POST",
        path=path,
        headers=(("Content-Type", "application/json"),),
        body=body,
        status=404,
        answer=None,
        success=False,
    )


def _wrong_method(draw: DrawFn, message: JsonObject, key: str) -> WireRequest:
    method = draw(st.sampled_from(["DELETE", "PATCH"]))
    body = encode({"writeKey": key, **message})
    return WireRequest(
        what="a method that is not allowed",
        method=method,
        path=f"/v1/{message['type']}",
        headers=(("Content-Type", "application/json"),),
        body=body,
        status=405,
        answer=None,
        success=False,
    )


_FAULTS: Final[tuple[Callable[[DrawFn, JsonObject, str], WireRequest], ...]] = (
    _cut,
    _no_object,
    _no_list,
    _bad_gzip,
    _bad_encoding,
    _too_large,
    _too_large_batch,
    _crowded,
    _empty,
    _unknown,
    _wrong_method,
)
