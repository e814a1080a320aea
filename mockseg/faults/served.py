"""What a request is answered instead: status, headers and bytes, made from an effect."""

from __future__ import annotations

import dataclasses
import gzip
from email.utils import formatdate
from typing import TYPE_CHECKING

from mockseg import json_types
from mockseg.domain.request import Answer
from mockseg.faults.effect import ExactBody, HeaderMoment

if TYPE_CHECKING:
    from mockseg.faults.effect import Effect
    from mockseg.json_types import Json, JsonObject


# In the journal, for a client that got none.
NO_ANSWER = Answer(status=0, body=b"", content_type="")

_NANOSECONDS = 1_000_000_000
_GARBAGE = b'\x00\xff{"success": tru\xfe<<< no JSON, no text >>>'
_GZIP_MAGIC = b"\x1f\x8b\x08\x00"
_PLAIN = "text/plain; charset=utf-8"
# Code and sentence of the statuses that SDKs tell apart.
_SAID = {
    400: ("invalid_request", "Bad Request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    404: ("not_found", "Not Found"),
    408: ("timeout", "Request Timeout"),
    410: ("gone", "Gone"),
    413: ("payload_too_large", "Payload Too Large"),
    429: ("rate_limited", "Too Many Requests"),
    500: ("internal_error", "Internal Server Error"),
    501: ("not_implemented", "Not Implemented"),
    502: ("bad_gateway", "Bad Gateway"),
    503: ("unavailable", "Service Unavailable"),
    504: ("gateway_timeout", "Gateway Timeout"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Served:
    """An answer as it goes out.

    Attributes:
        answer: status, body, content type.
        headers: more of them.
        missing: names of headers that must not be there.
        changed: whether any of the answer is the fault's and not the usual one.
    """

    answer: Answer
    headers: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    changed: bool = False


def served(effect: Effect, usual: Answer, *, now_ns: int, plain: bool) -> Served:
    """Make the answer.

    Args:
        effect: what is to be done.
        usual: what would be answered without a fault.
        now_ns: the moment of the answer, for headers that are moments.
        plain: errors are Segment's own plain text unless the effect names a body.
    """
    headers = [(name, _header(value, now_ns)) for name, value in effect.headers.items()]
    if effect.retry_after is not None:
        headers.append(("Retry-After", str(effect.retry_after)))
    answer = usual
    if effect.status is not None or effect.body is not None:
        status = usual.status if effect.status is None else effect.status
        body, content_type = _body(effect, status, usual, plain=plain)
        answer = Answer(status=status, body=body, content_type=content_type)
    patches = _patches(effect)
    if patches and usual.status == 200:
        value = json_types.decode(usual.body)
        for patch in patches:
            value = merged(value, patch)
        answer = Answer(status=200, body=json_types.encode(value))
    if effect.bad_gzip is not None:
        headers.append(("Content-Encoding", "gzip"))
        answer = Answer(
            status=answer.status,
            body=_bad_gzip(answer.body, truncated=effect.bad_gzip == "truncated"),
            content_type=answer.content_type,
        )
    return Served(
        answer=answer,
        headers=tuple((name, value) for name, value in headers if value is not None),
        missing=tuple(name for name, value in headers if value is None),
        changed=answer is not usual,
    )


def merged(value: Json, patch: Json) -> Json:
    """Apply a merge patch, as RFC 7386 has it; the patch is not deep, that was checked."""
    if not isinstance(patch, dict):
        return patch
    result: JsonObject = dict(value) if isinstance(value, dict) else {}
    for key, part in patch.items():
        if part is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), part)
    return result


def _patches(effect: Effect) -> list[JsonObject]:
    """Give what is merged into settings or token, one after the other."""
    patches = []
    if effect.http_config is not None:
        # Browsers and phones read the one, React Native the other (facts: CDN settings).
        place = {"Segment.io": {"httpConfig": effect.http_config}}
        patches.append({"integrations": place, "httpConfig": effect.http_config})
    patches += [patch for patch in (effect.settings, effect.token) if patch is not None]
    return patches


def _header(value: str | int | HeaderMoment | None, now_ns: int) -> str | None:
    if not isinstance(value, HeaderMoment):
        return None if value is None else str(value)
    moment_ns = now_ns + round(value.after * _NANOSECONDS)
    if value.form == "http-date":
        return formatdate(moment_ns // _NANOSECONDS, usegmt=True)
    return str(moment_ns // (_NANOSECONDS if value.form == "epoch-seconds" else 1_000_000))


def _body(effect: Effect, status: int, usual: Answer, *, plain: bool) -> tuple[bytes, str]:
    kind = effect.body
    code, phrase = _SAID.get(status, (f"status_{status}", f"Status {status}"))
    if isinstance(kind, ExactBody):
        if kind.text is not None:
            return kind.text.encode("utf-8", "replace"), _PLAIN
        return json_types.encode(kind.json), "application/json"
    if kind is None and status < 400 and usual.status < 400 and status not in {204, 205, 304}:
        return usual.body, usual.content_type
    if kind == "empty" or status in {204, 205, 304}:
        return b"", "application/json"
    if kind == "text" or (kind is None and plain):
        return f"{phrase}\n".encode(), _PLAIN
    if kind == "html":
        html = f"<html><head><title>{status} {phrase}</title></head><body>{phrase}</body></html>\n"
        return html.encode(), "text/html; charset=utf-8"
    if kind == "garbage":
        return _GARBAGE, "application/json"
    whole = json_types.encode(
        {"success": True}
        if status < 400
        else {"success": False, "code": code, "message": phrase, "error": phrase}
    )
    if kind == "truncated":
        return whole[: len(whole) // 2], "application/json"
    return whole, "application/json"


def _bad_gzip(body: bytes, *, truncated: bool) -> bytes:
    if truncated:
        packed = gzip.compress(body, mtime=0)
        return packed[: len(packed) // 2]
    return _GZIP_MAGIC + b"this is no deflate stream"
