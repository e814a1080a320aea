"""Reading a request's body: which messages it holds, and whose they are.

A write key that stands where Segment does not look for it authenticates nothing. It only says
in which source the request is filed, so that a request with a wrong path, or with a body that
is cut off, is found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Raw

from mockseg import json_types
from mockseg.domain.findings import Discard, discard
from mockseg.domain.limits import MAX_JSON_DEPTH, MAX_READ_CALLS, MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.message import Shared
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json, as_text

# "writeKey":"..." anywhere in a text that need not be JSON, in any spelling of the name.
_MEMBER = re.compile(rb'"write_?key"\s{0,100}:\s{0,100}("(?:[^"\\]|\\.){1,1000}")', re.IGNORECASE)
_NAMES = frozenset({"writekey", "write_key"})


def key_of_refused(*, header_key: str, path: str, query: str, body: bytes) -> str:
    """Return the write key of a request that is refused before its messages are read.

    Args:
        header_key: from the Authorization header, or empty.
        path: as sent.
        query: as sent.
        body: inflated.
    """
    key = write_key(read_batch(body), header_key=header_key)
    return key or stray_key(path=path, query=query, body=body)


def write_key(read: Reading, *, header_key: str) -> str:
    """Return the write key from where Segment looks for it, in its order, or empty."""
    key = read.key or header_key
    if not key:
        # Browsers never mix keys: the first message that has one names it for all.
        objects = (message for _, message in read.items if isinstance(message, dict))
        key = next(filter(None, (as_text(each.get("writeKey")) for each in objects)), "")
    return key[:MAX_WRITE_KEY_CHARACTERS]


def stray_key(*, path: str, query: str, body: bytes) -> str:
    """Return a write key from the query, the path or anywhere in the body, or empty."""
    key = _first_key(parse_qsl(query)) or key_in_path(path) or key_in_text(body)
    return key[:MAX_WRITE_KEY_CHARACTERS]


def key_in_path(path: str) -> str:
    """Return the write key of ``/v1/projects/KEY/…`` or ``/analytics.js/v1/KEY/…``, or empty."""
    parts = [unquote(part) for part in path.split("/") if part]
    for place, part in enumerate(parts[:-1]):
        if part.lower() == "projects":
            following = parts[place + 1]
            return "" if following.lower() == "settings" and place + 2 == len(parts) else following
        if part.lower() == "analytics.js" and parts[place + 1].lower() == "v1":
            return parts[place + 2] if len(parts) > place + 2 else ""
    return ""


def key_in_text(body: bytes) -> str:
    """Return the first ``"writeKey":"…"`` of a body that may be cut off, or no JSON at all."""
    for member in _MEMBER.finditer(body):
        try:
            key = json_types.decode_leniently(member[1])
        except MalformedJsonError:
            continue
        if isinstance(key, str) and key:
            return key
    return _first_key(parse_qsl(body[:10_000].decode("utf-8", "replace"))) if b"=" in body else ""


def _first_key(pairs: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in pairs if name.lower() in _NAMES), "")


_ABSENT = Raw(b"")
# How many messages of a batch are searched for brackets at once. They are searched one by
# one where together they have as many as one that is too deep.
_TOGETHER = 8


class Reading(msgspec.Struct, gc=False):
    """What a body holds.

    Attributes:
        key: the write key at its top level, or empty.
        items: each message as sent and decoded, :data:`MAX_READ_CALLS` at most.
        left_out: how many more there are.
        longest: no message of a batch has more bytes than this; all may have fewer.
        shared: what the request says for all of its messages, or None.
        problem: why it could not be read, or None.
    """

    key: str = ""
    items: list[tuple[Raw, Json]] = []
    left_out: int = 0
    longest: int = 0
    shared: Shared | None = None
    problem: Discard | None = None


class _Batch(msgspec.Struct, rename="camel"):
    batch: list[Raw] | None = None
    write_key: Raw = _ABSENT
    context: Raw = _ABSENT
    integrations: Raw = _ABSENT
    sent_at: Raw = _ABSENT


_read_batch = msgspec.json.Decoder(_Batch).decode
_read_value = msgspec.json.Decoder().decode


def read_message(body: bytes) -> Reading:
    try:
        raw, message = _decoded(body)
    except MalformedJsonError as error:
        return Reading(problem=discard("bad_request", "", f"malformed JSON: {error}"))
    if not isinstance(message, dict):
        return Reading(problem=discard("bad_request", "", "the body is not a JSON object"))
    if _may_be_deep(body) and is_too_deep(message):
        return Reading(key=as_text(message.get("writeKey")), problem=_TOO_DEEP)
    return Reading(key=as_text(message.get("writeKey")), items=[(raw, message)])


def read_batch(body: bytes) -> Reading:
    """Read a body that is a batch: ``{"batch": [message, ...]}``."""
    try:
        outline = _read_batch(body)
        batch = outline.batch or []
        left_out = max(0, len(batch) - MAX_READ_CALLS)
        del batch[MAX_READ_CALLS:]
        items = [(raw, _read_value(raw)) for raw in batch]
        key = as_text(_value(outline.write_key))
        shared = Shared(
            context=_object_bytes(outline.context),
            integrations=_object_bytes(outline.integrations),
            sent_at=as_text(_value(outline.sent_at)) or None,
        )
    except (msgspec.MsgspecError, MalformedJsonError, UnicodeDecodeError, RecursionError):
        return _read_odd_batch(body)
    longest = 0
    for start in range(0, len(batch), _TOGETHER):
        some = batch[start : start + _TOGETHER]
        together = b"".join(some)
        longest = max(longest, len(together))
        if _may_be_deep(together) and any(map(_part_is_too_deep, some)):
            return Reading(key=key, problem=_TOO_DEEP)
    if any(part and _part_is_too_deep(part) for part in (shared.context, shared.integrations)):
        return Reading(key=key, problem=_TOO_DEEP)
    return Reading(
        key=key,
        items=items,
        left_out=left_out,
        longest=longest,
        shared=None if shared == _NOTHING_SHARED else shared,
    )


_NOTHING_SHARED = Shared()
_TOO_DEEP = discard(
    "bad_request", "", f"malformed JSON: nested deeper than {MAX_JSON_DEPTH} levels"
)


def _read_odd_batch(body: bytes) -> Reading:
    """Read what the fast way refuses: say what is wrong, or read it as Go would."""
    try:
        raw, value = _decoded(body)
    except MalformedJsonError as error:
        return Reading(problem=discard("bad_request", "", f"malformed JSON: {error}"))
    if not isinstance(value, dict):
        return Reading(problem=discard("bad_request", "", "the body is not a JSON object"))
    batch = value.get("batch")
    if batch is not None and not isinstance(batch, list):
        key = as_text(value.get("writeKey"))
        return Reading(key=key, problem=discard("bad_request", "batch", "batch is not an array"))
    canonical = bytes(raw)
    if canonical == body:
        # The outline was refused although strict JSON holds: nested too deep to be cut.
        return Reading(problem=_TOO_DEEP)
    return read_batch(canonical)


def _decoded(body: bytes) -> tuple[Raw, Json]:
    try:
        return Raw(body), json_types.decode(body)
    except MalformedJsonError:
        value = json_types.decode_leniently(body)
        try:
            return Raw(json_types.encode(value)), value
        except RecursionError:
            raise MalformedJsonError("JSON is nested too deep") from None


def _value(raw: Raw) -> Json:
    return None if raw == _ABSENT else json_types.decode(raw)


def _object_bytes(raw: Raw) -> bytes | None:
    value = _value(raw)
    return bytes(raw) if isinstance(value, dict) and value else None


def _may_be_deep(data: bytes) -> bool:
    """Return whether there are enough brackets for it, a cheap test."""
    if len(data) <= 2 * MAX_JSON_DEPTH:
        # Every level has two of them.
        return False
    # `count` looks at every byte, `replace` searches: a third of the time.
    without = data.replace(b"{", b"").replace(b"[", b"")
    return len(data) - len(without) > MAX_JSON_DEPTH


def _part_is_too_deep(part: bytes | Raw) -> bool:
    return _may_be_deep(bytes(part)) and is_too_deep(_read_value(part))


def is_too_deep(value: Json) -> bool:
    return json_types.is_deeper(value, than=MAX_JSON_DEPTH)
