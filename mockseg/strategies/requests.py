"""Requests as they are on the wire, good and malformed, with the answer that Segment gives."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.domain.limits import MAX_BATCH_BYTES, MAX_BATCH_CALLS, MAX_CALL_BYTES
from mockseg.json_types import JsonObject
from mockseg.strategies.chooser import encode, fresh, padded
from mockseg.strategies.events import messages as any_messages
from mockseg.strategies.events import weighted

_Headers: TypeAlias = tuple[tuple[str, str], ...]

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
        answer: the answer's body, or None where only success or failure is known.
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
    message = draw(messages)
    kind = message["type"]
    path = draw(st.sampled_from([f"/v1/{kind}", f"/v1/{kind[0]}", f"/V1/{kind.title()}/"]))
    method = draw(st.sampled_from(["POST", "PUT"]))
    headers, body = _packed(draw, *_keyed(draw, message, key))
    return WireRequest(
        what=f"one {kind}", method=method, path=path, headers=headers, body=body, calls=1
    )


@st.composite
def _batched(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
    calls = draw(st.lists(messages, min_size=1, max_size=3))
    path = draw(st.sampled_from(["/v1/batch", "/v1/import", "/v1/b", "/v1/import/"]))
    headers, body = _packed(draw, *_keyed(draw, {"batch": calls}, key))
    what = f"a batch of {len(calls)}"
    return WireRequest(
        what=what, method="POST", path=path, headers=headers, body=body, calls=len(calls)
    )


@st.composite
def _queried(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
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


def _keyed(draw: DrawFn, message: JsonObject, key: str) -> tuple[_Headers, bytes]:
    kind = draw(_TYPES)
    headers: _Headers = (("Content-Type", kind),) if kind else ()
    basic = base64.b64encode(f"{key}:".encode()).decode()
    place = draw(st.sampled_from(["body", "basic", "both"]))
    if place != "body":
        headers = (*headers, ("Authorization", f"Basic {basic}"))
    if place != "basic":
        # Where it is in both, a message cannot name another one.
        message = {"writeKey": key, **message} if place == "body" else {**message, "writeKey": key}
    return headers, encode(message)


def _packed(draw: DrawFn, headers: _Headers, body: bytes) -> tuple[_Headers, bytes]:
    if not draw(_PACKED):
        return headers, body
    return (*headers, ("Content-Encoding", "gzip")), gzip.compress(body, mtime=0)


@st.composite
def _malformed(draw: DrawFn, messages: SearchStrategy[JsonObject], key: str) -> WireRequest:
    """Draw a request that Segment refuses, or takes although nothing good is in it."""
    make = draw(st.sampled_from(_MALFORMED))
    message = {"writeKey": key, **draw(messages)}
    return make(draw, message, encode(message))


def _request(what: str, path: str, body: bytes, **facts: Any) -> WireRequest:
    """Return a request with JSON; its answer is 400 unless other facts are given."""
    encoding: str = facts.pop("encoding", "")
    headers = [("Content-Type", "application/json")]
    headers += [("Content-Encoding", encoding)] if encoding else []
    refusal = {"status": 400, "answer": None, "success": False}
    return WireRequest(
        what=what, path=path, body=body, headers=tuple(headers),
        **({"method": "POST"} | refusal | facts),
    )  # fmt: skip


def _cut(draw: DrawFn, data: bytes, *, least: int) -> bytes:
    return data[: draw(st.integers(least, len(data) - 1))]


_TAKEN: Final = {"status": 200, "answer": _SUCCESS, "success": True}
_NO_OBJECTS: Final = st.sampled_from([b"[]", b"1", b'"text"', b"null", b"true", b"NaN"])
_ENCODINGS: Final = st.sampled_from(["deflate", "br", "zstd"])
_UNKNOWN: Final = st.sampled_from(["/v1/event", "/v2/track", "/v1/tracks", "/v1/batch/1"])
_WIDTHS: Final = st.sampled_from("x\u00e9\u6f22\U0001f600")
# Parsers differ in which of two they take; Go's, which Segment uses, takes the last.
_FIRST_OF_TWO: Final = st.sampled_from(
    [
        b'"type":"page"',
        b'"type":1',
        b'"writeKey":"other"',
        b'"writeKey":null',
        b'"type":{"type":[]}',
    ]
)
_METHODS: Final = st.sampled_from(["DELETE", "PATCH"])
# Each makes a request of a message, and of its JSON with the write key.
_MALFORMED: Final[tuple[Callable[[DrawFn, JsonObject, bytes], WireRequest], ...]] = (
    lambda draw, message, body: _request(
        "JSON that is cut", f"/v1/{message['type']}", _cut(draw, body, least=0)
    ),
    lambda draw, message, _: _request(
        "no JSON object",
        draw(st.sampled_from([f"/v1/{message['type']}", "/v1/batch"])),
        draw(_NO_OBJECTS),
    ),
    lambda draw, message, _: _request(
        "a batch that is not a list",
        "/v1/batch",
        encode({**message, "batch": draw(st.sampled_from([message, 1, "text", True]))}),
    ),
    lambda draw, message, body: _request(
        "gzip that is cut",
        f"/v1/{message['type']}",
        _cut(draw, gzip.compress(body, mtime=0), least=1),
        encoding="gzip",
    ),
    lambda draw, _, body: _request(
        "an encoding that is not gzip", "/v1/batch", body, encoding=draw(_ENCODINGS)
    ),
    lambda _, message, _body: _request(
        "one byte too large",
        f"/v1/{message['type']}",
        encode(padded(message, MAX_CALL_BYTES + 1)),
    ),
    lambda _, message, _body: _request(
        "a batch one byte too large",
        "/v1/batch",
        encode(padded({**message, "batch": [message]}, MAX_BATCH_BYTES + 1)),
    ),
    lambda _, message, _body: _request(
        "one call too many, taken and rejected later",
        "/v1/batch",
        encode(
            {
                "writeKey": message["writeKey"],
                "batch": [{"type": message["type"], "userId": "u"}] * (MAX_BATCH_CALLS + 1),
            }
        ),
        **_TAKEN,
        calls=MAX_BATCH_CALLS + 1,
    ),
    lambda draw, message, _body: _request(
        "exactly as large as Segment takes",
        f"/v1/{message['type']}",
        encode(padded(message, MAX_CALL_BYTES, char=draw(_WIDTHS))),
        **_TAKEN,
        calls=1,
    ),
    lambda _, message, _body: _request(
        "as many calls as Segment takes",
        "/v1/batch",
        encode(
            {
                "writeKey": message["writeKey"],
                "batch": [{"type": "track", "userId": "u", "event": "e"}] * MAX_BATCH_CALLS,
            }
        ),
        **_TAKEN,
        calls=MAX_BATCH_CALLS,
    ),
    lambda draw, message, body: _request(
        "a key that is there twice, of which the last counts",
        f"/v1/{message['type']}",
        b"{" + draw(_FIRST_OF_TWO) + b"," + body[1:],
        **_TAKEN,
        calls=1,
    ),
    lambda _, message, _body: _request(
        "an empty batch",
        "/v1/batch",
        encode({"writeKey": message["writeKey"], "batch": []}),
        **_TAKEN,
    ),
    lambda draw, _, body: _request("a path that does not exist", draw(_UNKNOWN), body, status=404),
    lambda draw, message, body: _request(
        "a method that is not allowed",
        f"/v1/{message['type']}",
        body,
        method=draw(_METHODS),
        status=405,
    ),
)
