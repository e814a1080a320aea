"""What a fault does to a request, as values.

Which statuses, headers and breakages are worth having: facts "Fault scenarios worth
offering", from what the SDKs' own transports tell apart.
"""

from __future__ import annotations

import dataclasses
import gzip
import re
from email.utils import formatdate
from typing import Annotated, Literal, NoReturn, TypeAlias

import msgspec
from msgspec import UNSET, Meta

from mockseg import json_types
from mockseg.clock import NANOSECONDS
from mockseg.conversion import camel, invalid
from mockseg.domain.request import Answer
from mockseg.json_types import Json, JsonObject, is_deeper

# In the journal, for a client that got none.
NO_ANSWER = Answer(status=0, body=b"", content_type="")

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
    """Return what is merged into settings or token, one after the other."""
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
    moment_ns = now_ns + round(value.after * NANOSECONDS)
    if value.form == "http-date":
        return formatdate(moment_ns // NANOSECONDS, usegmt=True)
    return str(moment_ns // (NANOSECONDS if value.form == "epoch-seconds" else 1_000_000))


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
    return _GZIP_MAGIC + b"this is not a deflate stream"


# Nothing is held longer than what a wait may last.
_MOST_SECONDS = 3600
_Delay = Annotated[float, Meta(ge=0, le=_MOST_SECONDS)]

BodyKind: TypeAlias = Literal["json", "text", "html", "empty", "garbage", "truncated"]


class _Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What all parts of an effect have in common."""


class ExactBody(_Part, frozen=True):
    """A body of your own: one of the two.

    Attributes:
        json: any JSON value.
        text: plain text.
    """

    json: Json = UNSET
    text: str | None = None


class Lognormal(_Part, frozen=True):
    """Delays as networks have them: most near the median, a few far above.

    Attributes:
        median: seconds.
        sigma: of the logarithm; 0.5 puts one in a hundred at about 3 times the median.
        most: seconds; longer ones are cut to it.
    """

    median: Annotated[float, Meta(gt=0, le=_MOST_SECONDS)]
    sigma: Annotated[float, Meta(gt=0, le=5)] = 0.5
    most: Annotated[float, Meta(gt=0, le=_MOST_SECONDS)] = 60.0


class Spread(_Part, frozen=True):
    """A delay that differs from request to request, the same for the same seed: one of the two.

    Attributes:
        uniform: least and most seconds.
        lognormal: see there.
    """

    uniform: tuple[_Delay, _Delay] | None = None
    lognormal: Lognormal | None = None


class HeaderMoment(_Part, frozen=True):
    """A header's value that is a moment.

    Attributes:
        after: seconds from the answer on.
        form: how it is written.
    """

    after: Annotated[float, Meta(ge=-86_400, le=86_400)]
    form: Literal["http-date", "epoch-seconds", "epoch-milliseconds"] = "http-date"


HeaderValue: TypeAlias = str | int | HeaderMoment | None


class Effect(_Part, frozen=True):
    """What is done to a request.

    Without ``status`` and ``body`` the answer is the usual one. What is answered 2xx, in time
    or late or broken, was stored; any other status, a hang and a reset before storing mean
    that it was not. ``store`` says otherwise.

    Attributes:
        status: of the answer.
        body: its kind, or exactly this one; JSON by default.
        headers: more of them; a number, a text, a moment, or null for one that must be missing.
        retry_after: the header Retry-After, in seconds.
        delay: seconds before the answer, or a spread of them.
        dribble: seconds before each byte of the body.
        hang: never answer; ends when the client goes, or the fault does.
        reset: reset the connection before the calls are stored, or after.
        close: close it in the middle of the answer: of its head, or of its body.
        bad_gzip: say that the body is gzip, and send what is not gzip or ends too early.
        store: whether the calls are recorded all the same, or are not.
        settings: a merge patch (RFC 7386) to the CDN settings that are answered.
        http_config: the retry settings that SDKs take from the CDN, in both places.
        token: a merge patch to the body of a token answer.
    """

    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    body: BodyKind | ExactBody | None = None
    headers: dict[str, HeaderValue] = {}
    retry_after: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    delay: _Delay | Spread | None = None
    dribble: Annotated[float, Meta(gt=0, le=60)] | None = None
    hang: bool = False
    reset: Literal["before", "after"] | None = None
    close: Literal["head", "body"] | None = None
    bad_gzip: Literal["corrupt", "truncated"] | None = None
    store: bool | None = None
    settings: JsonObject | None = None
    http_config: JsonObject | None = None
    token: JsonObject | None = None

    @property
    def stores(self) -> bool:
        """Whether calls of the request are recorded as if nothing had happened."""
        if self.store is not None:
            return self.store
        if self.hang or self.reset == "before":
            return False
        return self.status is None or self.status < 300

    @property
    def answers(self) -> bool:
        """Whether the client gets a whole status line."""
        return not self.hang and self.reset is None and self.close != "head"

    @property
    def words(self) -> str:
        """The effect in a line for people, such as ``status 503, delay 2 s``."""
        said = [
            f"status {self.status}" if self.status is not None else "",
            f"body {self.body}" if isinstance(self.body, str) else "",
            "a body of its own" if isinstance(self.body, ExactBody) else "",
            f"Retry-After {self.retry_after}" if self.retry_after is not None else "",
            f"headers {', '.join(self.headers)}"[:100] if self.headers else "",
            _delay_words(self.delay),
            f"{self.dribble:g} s a byte" if self.dribble is not None else "",
            "hang" if self.hang else "",
            f"reset {self.reset} storing" if self.reset is not None else "",
            f"close in the {self.close}" if self.close is not None else "",
            f"{self.bad_gzip} gzip" if self.bad_gzip is not None else "",
            {True: "stored", False: "not stored", None: ""}[self.store],
            "other settings" if self.settings is not None else "",
            "httpConfig" if self.http_config is not None else "",
            "another token" if self.token is not None else "",
        ]
        return ", ".join(part for part in said if part)


def _delay_words(delay: float | Spread | None) -> str:
    if delay is None:
        return ""
    if isinstance(delay, Spread):
        if delay.uniform is not None:
            return f"delay {delay.uniform[0]:g} to {delay.uniform[1]:g} s"
        return f"delay about {delay.lognormal.median:g} s" if delay.lognormal is not None else ""
    return f"delay {delay:g} s"


# --- checks

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# What makes up the HTTP message itself; `close`, `reset` and `bad_gzip` break that.
FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})
_MOST_HEADERS = 50
_MOST_DEPTH = 32
_BODILESS = frozenset({204, 205, 304})
PATCHES = {"settings": "settings", "http_config": "settings", "token": "token"}
# What contradicts each way to end a request.
_OF_ANSWERS = ("status", "body", "retry_after", "dribble", "bad_gzip", *PATCHES)
_EXCLUDED = {
    "hang": (*_OF_ANSWERS, "delay", "headers"),
    "reset": (*_OF_ANSWERS, "store", "headers"),
    "close": ("dribble", "bad_gzip"),
}


def check_effect(effect: Effect) -> None:
    """Refuse what is out of range or contradicts itself.

    Raises:
        OperationError: 422; the details name the field and what is allowed.
    """
    usual = Effect()
    given = [
        name for name in usual.__struct_fields__ if getattr(effect, name) != getattr(usual, name)
    ]
    if not given:
        raise invalid(
            "effect", "`effect` says nothing", allowed=list(effect.__struct_encode_fields__)
        )
    ends = [name for name in ("hang", "reset", "close") if name in given]
    if len(ends) > 1:
        raise invalid(
            f"effect.{ends[1]}",
            f"`effect.{ends[1]}` contradicts `effect.{ends[0]}`: a request ends in one way",
            allowed="one of hang, reset, close",
        )
    excluded = [name for end in ends for name in _EXCLUDED[end] if name in given]
    if excluded:
        _contradiction(excluded[0], ends[0])
    _check_status(effect)
    _check_parts(effect)
    _check_headers(effect)
    _check_patches(effect)


def _check_status(effect: Effect) -> None:
    if effect.status not in _BODILESS:
        return
    for name in ("body", "dribble", "bad_gzip"):
        value = getattr(effect, name)
        if value is not None and value != "empty":
            raise invalid(
                f"effect.{camel(name)}",
                f"`effect.{camel(name)}` contradicts status {effect.status}, which has no body",
                allowed='none, or a body that is "empty"',
            )
    if effect.close == "body":
        _contradiction("close", "status")


def _check_parts(effect: Effect) -> None:
    body = effect.body
    if isinstance(body, ExactBody) and (body.json is UNSET) == (body.text is None):
        raise invalid(
            "effect.body",
            "`effect.body` takes one of json and text",
            allowed=['{"json": …}', '{"text": "…"}'],
        )
    if isinstance(effect.delay, Spread):
        spread = effect.delay
        if (spread.uniform is None) == (spread.lognormal is None):
            raise invalid(
                "effect.delay",
                "`effect.delay` takes one of uniform and lognormal, or a number",
                allowed=['{"uniform": [0.1, 2]}', '{"lognormal": {"median": 0.2}}', "2.5"],
            )
        if spread.uniform is not None and spread.uniform[0] > spread.uniform[1]:
            raise invalid(
                "effect.delay.uniform",
                f"`effect.delay.uniform` goes from {spread.uniform[0]:g} to"
                f" {spread.uniform[1]:g}: the least comes first",
                allowed="[least, most]",
            )


def _check_headers(effect: Effect) -> None:
    if len(effect.headers) > _MOST_HEADERS:
        raise invalid(
            "effect.headers",
            f"`effect.headers` has {len(effect.headers)} of them",
            allowed=f"at most {_MOST_HEADERS}",
        )
    lower = set()
    for name, value in effect.headers.items():
        field = f"effect.headers.{name[:100]}"
        if not HEADER_NAME.fullmatch(name) or name.lower() in FRAMING:
            raise invalid(
                field,
                f"{name[:100]!r} cannot be set as a header"
                + ("; close, reset and badGzip break these" if name.lower() in FRAMING else ""),
                allowed=f"letters, digits and dashes; not {', '.join(sorted(FRAMING))}",
            )
        if isinstance(value, str) and not all(" " <= c <= "\xff" and c != "\x7f" for c in value):
            raise invalid(
                field,
                f"the value of {name[:100]} has characters that no header can have",
                allowed="one line of Latin-1",
            )
        if name.lower() in lower:
            raise invalid(field, f"the header {name[:100]} is given twice", allowed="once")
        lower.add(name.lower())
    if effect.retry_after is not None and "retry-after" in lower:
        raise invalid(
            "effect.retryAfter",
            "`effect.retryAfter` contradicts `effect.headers`, which has Retry-After too",
            allowed="one of them",
        )


def _check_patches(effect: Effect) -> None:
    for name in PATCHES:
        patch = getattr(effect, name)
        if patch is None:
            continue
        if is_deeper(patch, than=_MOST_DEPTH):
            raise invalid(
                f"effect.{camel(name)}",
                f"`effect.{camel(name)}` is nested too deep",
                allowed=f"at most {_MOST_DEPTH} levels",
            )
        for other in ("status", "body"):
            if getattr(effect, other) is not None and (other == "body" or effect.status != 200):
                _contradiction(name, other)


def _contradiction(name: str, other: str) -> NoReturn:
    raise invalid(
        f"effect.{camel(name)}",
        f"`effect.{camel(name)}` contradicts `effect.{camel(other)}`",
        allowed="one of them",
    )
