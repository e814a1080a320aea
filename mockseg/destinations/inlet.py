"""The partner inlet: the one URL of a vendor that Segment posts raw messages to.

Source: Segment's partner documentation, "Build a subscription webhook". One message a POST,
JSON; the API key as the user name of Basic authentication with an empty password and the colon
always there; other settings of the destination in ``X-Segment-Settings``, base64 of JSON.
Answers: 200, 400 malformed, 401 no key or a wrong one, 403 a key without permission, 501 a call
type that the partner does not support; the body of an error is ``{"message": ...}``.

What cannot be read is answered by a value, a `VendorResponse` with its note; nothing here raises.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.destinations.records import field_of
from mockseg.destinations.values import kind_of
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mockseg.destinations.vendor import VendorRequest


INLET = "/segment"
JSON_HEADERS = (("Content-Type", "application/json"),)
_DEEPEST = 64
"""Levels of nesting: a message with more is refused, so that all that is kept can be shown."""

Id: TypeAlias = str | int | float | None
_Record = TypeVar("_Record")


class Call(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all messages have in common, as far as a vendor reads them.

    Attributes:
        user_id, anonymous_id: as sent; see `text_id`.
        timestamp, sent_at: as sent; see `moment_of`.
    """

    user_id: Id = None
    anonymous_id: Id = None
    timestamp: Json = None
    sent_at: Json = None


class Identify(Call, frozen=True):
    """An identify call."""

    traits: dict[str, Json] | None = None


class Track(Call, frozen=True):
    """A track call; whether properties may be an array is the vendor's to judge."""

    event: Annotated[str, Meta(min_length=1)]
    properties: dict[str, Json] | list[Json] | None = None


class Page(Call, frozen=True):
    """A page call."""

    name: str | None = None
    properties: dict[str, Json] | None = None


class Screen(Page, frozen=True):
    """A screen call."""


class Group(Call, frozen=True):
    """A group call."""

    group_id: str | int | float
    traits: dict[str, Json] | None = None


class Alias(Call, frozen=True):
    """An alias call."""

    previous_id: Id = None


CALLS: dict[str, type[Call]] = {
    "identify": Identify,
    "track": Track,
    "page": Page,
    "screen": Screen,
    "group": Group,
    "alias": Alias,
}


class Decoded(NamedTuple):
    """JSON that could be read, whatever it is."""

    value: Json


class Unreadable(NamedTuple):
    """What is wrong with a body.

    Attributes:
        code: ``malformed_json`` when it is no JSON object at all.
        field: where, or empty.
        sentence: names the field.
    """

    code: str
    field: str
    sentence: str


def authorization(request: VendorRequest) -> tuple[str, str] | None:
    """Give the scheme in lower case and what follows it, or None without the header."""
    header = request.header("Authorization")
    if header is None:
        return None
    scheme, _, rest = header.strip().partition(" ")
    return scheme.lower(), rest.strip()


def basic_key(request: VendorRequest, *, colon_optional: bool = False) -> str | None:
    """Read the API key from Basic authentication: the user name, with an empty password.

    Args:
        request: that came.
        colon_optional: the key alone, without the colon, will do as well.
    """
    given = authorization(request)
    if given is None or given[0] != "basic":
        return None
    try:
        text = base64.b64decode(given[1], validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    key, colon, password = text.partition(":")
    if not key or password or (not colon and not colon_optional):
        return None
    return key


def segment_settings(request: VendorRequest) -> Decoded | VendorResponse:
    """Read the other settings of the destination; an empty object without the header."""
    header = request.header("X-Segment-Settings")
    if header is None:
        return Decoded({})
    try:
        value = json_types.decode(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, MalformedJsonError):
        value = None
    if not isinstance(value, dict):
        return refused(
            400,
            "X-Segment-Settings is not base64 of a JSON object",
            code="malformed_settings",
            field="X-Segment-Settings",
        )
    return Decoded(value)


def decoded_body(request: VendorRequest) -> Decoded | VendorResponse:
    """Read the body as JSON, bounded in depth; a refusal is answered 400."""
    decoded = _decoded(request.body)
    if isinstance(decoded, Unreadable):
        return refused(400, decoded.sentence, code=decoded.code)
    return decoded


def body_as(request: VendorRequest, record: type[_Record]) -> _Record | Unreadable:
    """Read the body as a record of a REST API, or say what is wrong with it."""
    decoded = _decoded(request.body)
    if isinstance(decoded, Unreadable):
        return decoded
    if not isinstance(decoded.value, dict):
        sentence = f"The body is {kind_of(decoded.value)}, not a JSON object"
        return Unreadable("malformed_json", "", sentence)
    return _converted(decoded.value, record, code="invalid_request")


def call_from(value: Json, *, place: str = "") -> Call | VendorResponse:
    """Read one message; a refusal is answered 400, or 501 for a type that is none of Segment's.

    Args:
        value: JSON, decoded.
        place: of it in the body, such as ``[3]``, to name in the refusal.
    """
    if not isinstance(value, dict):
        sentence = f"Expected one message as a JSON object, got {kind_of(value)}"
        return refused(400, sentence, code="malformed_message", field=place)
    name = value.get("type")
    if not isinstance(name, str) or not name:
        sentence = f"`type` is {_shown(name)}; allowed: {', '.join(CALLS)}"
        return refused(400, sentence, code="malformed_message", field=_joined(place, "type"))
    kind = CALLS.get(name)
    if kind is None:
        return unsupported(name, CALLS, place=place)
    call = _converted(value, kind, code="malformed_message")
    if isinstance(call, Unreadable):
        return refused(400, call.sentence, code=call.code, field=_joined(place, call.field))
    return call


def read_message(request: VendorRequest, *, supported: Collection[str]) -> Call | VendorResponse:
    """Read the one message that Segment posts; a refusal is answered 400, or 501.

    Args:
        request: that came.
        supported: the call types that this vendor takes.
    """
    decoded = decoded_body(request)
    if isinstance(decoded, VendorResponse):
        return decoded
    call = call_from(decoded.value)
    if isinstance(call, VendorResponse):
        return call
    name = decoded.value["type"]
    return call if name in supported else unsupported(name, supported)


def text_id(value: Id) -> str | None:
    """Give an id as text: numbers are written out; the empty text is none."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        # What JavaScript writes without a fraction.
        value = int(value)
    return str(value) or None


def moment_of(call: Call, *, received_ns: int) -> int:
    """Give when a call happened: its timestamp, else sentAt, else when it came; nanoseconds."""
    for stamp in (call.timestamp, call.sent_at):
        moment = parse_moment(stamp)
        if moment is not None:
            return moment
    return received_ns


def stranger_at_inlet(request: VendorRequest) -> VendorResponse:
    """Answer 401: the credentials are missing, malformed, or of no destination."""
    given = authorization(request)
    if given is None:
        sentence = "No Authorization header; expected Basic with the API key as user name"
    elif basic_key(request) is None:
        sentence = "The Authorization header is not Basic with the API key and an empty password"
    else:
        sentence = "This API key is unknown"
    return refused(401, sentence, code="unauthorized", field="Authorization")


def unsupported(name: str, allowed: Iterable[str], *, place: str = "") -> VendorResponse:
    """Answer 501: the vendor does not take calls of this type; nothing is stored."""
    sentence = f"Calls of type {_shown(name)} are not supported; allowed: {', '.join(allowed)}"
    return refused(501, sentence, code="unsupported_type", field=_joined(place, "type"))


def not_allowed(request: VendorRequest, methods: Iterable[str]) -> VendorResponse:
    """Answer 405, and say which methods are allowed."""
    allowed = ", ".join(methods)
    sentence = f"{request.path[:100]!r} does not take {request.method[:20]!r}; allowed: {allowed}"
    answered = refused(405, sentence, code="method_not_allowed")
    return dataclasses.replace(answered, headers=(*answered.headers, ("Allow", allowed)))


def refused(
    status: int, sentence: str, *, code: str, field: str = "", notes: tuple[Note, ...] = ()
) -> VendorResponse:
    """Answer with an error, whose note says the same as its body."""
    return reply(status, {"message": sentence}, notes=(*notes, Note(code, field, sentence)))


def reply(status: int, value: Json, *, notes: Iterable[Note] = ()) -> VendorResponse:
    """Answer with JSON."""
    return VendorResponse(status, json_types.encode(value), JSON_HEADERS, tuple(notes))


def _decoded(body: bytes) -> Decoded | Unreadable:
    try:
        value = json_types.decode(body)
    except MalformedJsonError as error:
        try:
            # Lone surrogates and broken UTF-8 pass at Segment's edge, which mends them.
            value = json_types.decode_leniently(body)
        except MalformedJsonError:
            return Unreadable("malformed_json", "", f"The body is not JSON: {error}")
    if _deeper_than(value, _DEEPEST, body=body):
        sentence = f"The body is nested deeper than {_DEEPEST} levels"
        return Unreadable("malformed_json", "", sentence)
    return Decoded(value)


def _converted(value: Json, record: type[_Record], *, code: str) -> _Record | Unreadable:
    try:
        return msgspec.convert(value, record)
    except msgspec.ValidationError as error:
        field, sentence = field_of(error)
        return Unreadable(code, field, f"`{field}`: {sentence}" if field else sentence)


def _deeper_than(value: Json, most: int, *, body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    layer = [value]
    for _ in range(most + 1):
        inner: list[Json] = []
        for item in layer:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        layer = [item for item in inner if isinstance(item, (dict, list))]
        if not layer:
            return False
    return True


def _joined(place: str, field: str) -> str:
    return f"{place}.{field}" if place and field else place or field


def _shown(value: Json) -> str:
    text = json_types.encode(value).decode()
    return text if len(text) <= 100 else text[:97] + "..."
