"""The partner inlet: the one URL of a vendor that Segment posts raw messages to.

Source: Segment's partner documentation, "Build a subscription webhook". One message a POST,
JSON; the API key as the user name of Basic authentication with an empty password and the colon
always there; other settings of the destination in ``X-Segment-Settings``, base64 of JSON.
Answers: 200, 400 malformed, 401 no key or a wrong one, 403 a key without permission, 501 a call
type that the partner does not support; the body of an error is ``{"message": ...}``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from mockseg import json_types
from mockseg.conversion import convert
from mockseg.destinations.userdata import kind_of
from mockseg.destinations.vendor import VendorError, VendorRequest, VendorResponse, partner_error
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import MalformedJsonError, OperationError
from mockseg.json_types import Json, JsonObject

INLET = "/segment"
_DEEPEST = 64
"""Levels of nesting: a message with more is refused, so that all that is kept can be shown."""

Id: TypeAlias = str | int | float | None
_Record = TypeVar("_Record", bound=msgspec.Struct)


class Call(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all messages have in common, as far as a vendor reads them.

    Attributes:
        user_id, anonymous_id: as sent; see `text_id`.
        timestamp, sent_at: as sent; see `moment_of`.
        context: as sent.
    """

    user_id: Id = None
    anonymous_id: Id = None
    timestamp: Json = None
    sent_at: Json = None
    context: Json = None


class Identify(Call, frozen=True):
    traits: dict[str, Json] | None = None


class Track(Call, frozen=True):
    """A track call; whether properties may be an array is the vendor's to judge."""

    event: Annotated[str, Meta(min_length=1)]
    properties: dict[str, Json] | list[Json] | None = None


class Page(Call, frozen=True):
    name: str | None = None
    properties: dict[str, Json] | None = None


class Screen(Page, frozen=True):
    pass


class Group(Call, frozen=True):
    group_id: Annotated[str, Meta(min_length=1)] | int | float
    traits: dict[str, Json] | None = None


class Alias(Call, frozen=True):
    previous_id: Id = None


CALLS: dict[str, type[Call]] = {
    "identify": Identify,
    "track": Track,
    "page": Page,
    "screen": Screen,
    "group": Group,
    "alias": Alias,
}


class Unreadable(NamedTuple):
    """What is wrong with a body.

    Attributes:
        code: ``malformed_json`` when it is not a JSON object at all.
        field: where, or empty.
        sentence: names the field.
    """

    code: str
    field: str
    sentence: str


def basic_key(request: VendorRequest, *, colon_optional: bool = False) -> str | None:
    """Return the API key of Basic authentication: the user name, with an empty password.

    Args:
        request: that came.
        colon_optional: the key alone, without the colon, will do as well.
    """
    scheme, credentials = request.authorization
    if scheme != "basic":
        return None
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    key, colon, password = text.partition(":")
    if not key or password or (not colon and not colon_optional):
        return None
    return key


def stranger_at_inlet(request: VendorRequest) -> VendorResponse:
    """Answer 401: the credentials are missing, malformed, or of no destination."""
    if request.header("Authorization") is None:
        sentence = "No Authorization header; expected Basic with the API key as user name"
    elif basic_key(request) is None:
        sentence = "The Authorization header is not Basic with the API key and an empty password"
    else:
        sentence = "This API key is unknown"
    return partner_error(401, sentence, code="unauthorized", field="Authorization")


def segment_settings(request: VendorRequest) -> JsonObject:
    """Return the other settings of the destination; an empty object without the header.

    Raises:
        VendorError: 400, the header is not base64 of a JSON object.
    """
    name = "X-Segment-Settings"
    header = request.header(name)
    if header is None:
        return {}
    try:
        value = json_types.decode(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, MalformedJsonError):
        value = None
    if not isinstance(value, dict):
        sentence = f"{name} is not base64 of a JSON object"
        raise VendorError(partner_error(400, sentence, code="malformed_settings", field=name))
    return value


def bad_request(fault: Unreadable) -> VendorResponse:
    return partner_error(400, fault.sentence, code=fault.code, field=fault.field)


def decoded_body(
    request: VendorRequest, *, refuse: Callable[[Unreadable], VendorResponse] = bad_request
) -> Json:
    """Return the body, decoded, bounded in depth.

    Args:
        request: that came.
        refuse: makes the answer to a body that cannot be read.

    Raises:
        VendorError: it cannot be read.
    """
    sentence = ""
    value: Json = None
    try:
        value = json_types.decode(request.body)
    except MalformedJsonError as error:
        try:
            # Lone surrogates and broken UTF-8 pass at Segment's edge, which mends them.
            value = json_types.decode_leniently(request.body)
        except MalformedJsonError:
            sentence = f"The body is not JSON: {error}"
    if json_types.is_deeper(value, than=_DEEPEST):
        sentence = f"The body is nested deeper than {_DEEPEST} levels"
    if sentence:
        raise VendorError(refuse(Unreadable("malformed_json", "", sentence)))
    return value


def body_as(
    request: VendorRequest,
    record: type[_Record],
    *,
    refuse: Callable[[Unreadable], VendorResponse] = bad_request,
) -> _Record:
    """Read the body as a record of a REST API.

    Args:
        request: that came.
        record: its type.
        refuse: makes the answer to a body that cannot be read, or is not such a record.

    Raises:
        VendorError: it is refused.
    """
    value = decoded_body(request, refuse=refuse)
    if not isinstance(value, dict):
        sentence = f"The body is {kind_of(value)}, not a JSON object"
        raise VendorError(refuse(Unreadable("malformed_json", "", sentence)))
    return _converted(value, record, code="invalid_request", place="", refuse=refuse)


def read_message(request: VendorRequest, calls: Mapping[str, type[_Record]]) -> _Record:
    """Read the one message that Segment posts.

    Args:
        request: that came.
        calls: that this vendor takes, by their type.

    Raises:
        VendorError: 400, or 501 for another type.
    """
    return call_from(decoded_body(request), calls)


def call_from(value: Json, calls: Mapping[str, type[_Record]], *, place: str = "") -> _Record:
    """Read one message.

    Args:
        value: JSON, decoded.
        calls: that this vendor takes, by their type.
        place: of the message in the body, such as ``[3]``, to name in the refusal.

    Raises:
        VendorError: 400, or 501 for another type.
    """
    if not isinstance(value, dict):
        sentence = f"Expected one message as a JSON object, got {kind_of(value)}"
        raise VendorError(partner_error(400, sentence, code="malformed_message", field=place))
    name, allowed = value.get("type"), ", ".join(calls)
    field = _joined(place, "type")
    if not isinstance(name, str) or not name:
        sentence = f"`type` is {_shown(name)}; allowed: {allowed}"
        raise VendorError(partner_error(400, sentence, code="malformed_message", field=field))
    if name not in calls:
        sentence = f"Calls of type {_shown(name)} are not supported; allowed: {allowed}"
        raise VendorError(partner_error(501, sentence, code="unsupported_type", field=field))
    return _converted(value, calls[name], code="malformed_message", place=place)


def text_id(value: Id) -> str | None:
    """Return an id as text: numbers are written out; the empty text is None."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        # What JavaScript writes without a fraction.
        value = int(value)
    return str(value) or None


def moment_of(timestamps: Iterable[Json], *, received_ns: int) -> int:
    """Return when a call happened, in nanoseconds: the first that is a timestamp, else the arrival.

    Args:
        timestamps: `timestamp` and `sentAt`, as sent.
        received_ns: when the call came.
    """
    moments = (parse_moment(stamp) for stamp in timestamps)
    return next((moment for moment in moments if moment is not None), received_ns)


def _converted(
    value: JsonObject,
    record: type[_Record],
    *,
    code: str,
    place: str,
    refuse: Callable[[Unreadable], VendorResponse] = bad_request,
) -> _Record:
    try:
        return convert(value, record, where="")
    except OperationError as error:
        field = str(error.details["parameter"])
        fault = Unreadable(code, _joined(place, field), error.message)
        raise VendorError(refuse(fault)) from None


def _joined(place: str, field: str) -> str:
    return f"{place}.{field}" if place and field else place or field


def _shown(value: Json) -> str:
    text = json_types.encode(value).decode()
    return text if len(text) <= 100 else text[:97] + "..."
