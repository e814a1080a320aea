"""What a destination is set up with at Segment, read and checked.

Source: the settings of Segment's catalog for each kind; of the webhooks their own pages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

from mockseg import json_types
from mockseg.destinations.kinds import Kind
from mockseg.destinations.vendor import Headers
from mockseg.errors import OperationError
from mockseg.faults.effect import FRAMING, HEADER_NAME
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import unknown_parameter


def refuse(field: str, sentence: str, *, allowed: Json) -> NoReturn:
    """Refuse a destination because of one field.

    Raises:
        OperationError: 422, its details name the field and what is allowed.
    """
    shown = allowed if isinstance(allowed, str) else ", ".join(map(str, allowed))
    raise OperationError(
        f"{sentence}; allowed: {shown}",
        status=422,
        code="invalid_parameter",
        details={"parameter": field, "allowed": allowed},
    )


MAX_BATCH = 4000
METHODS = ("POST", "PUT", "PATCH")
BATCH_SIGNATURES = ("first", "array")
_MOST_HEADERS = 50
_MOST_CHARACTERS = 4096
# What makes up the HTTP message itself.
_RESERVED = FRAMING | {"host"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a destination is set up with.

    Attributes:
        urls: where calls are sent; empty for an imitation in this process.
        api_key: of the four partners: user name of Basic auth.
        extra: every other setting of a partner, which ``X-Segment-Settings`` carries.
        headers: of webhooks, sent with each request.
        shared_secret: of webhooks, signs what is sent; empty does not.
        method: POST, or of ``webhook-actions`` PUT and PATCH.
        batch_size: of ``webhook-actions``: over 1 sends arrays of at most this many calls.
        batch_signature: of ``webhook-actions``: what of an array is signed: ``first`` its first
            element, as Segment does, or ``array`` all of it, as a proposed change to Segment's
            code would.
    """

    urls: tuple[str, ...] = ()
    api_key: str = ""
    extra: JsonObject = dataclasses.field(default_factory=dict)
    headers: Headers = ()
    shared_secret: str = ""
    method: str = "POST"
    batch_size: int = 0
    batch_signature: str = "first"


def read_settings(kind: Kind, given: JsonObject) -> Settings:
    """Read the settings of a destination.

    Args:
        kind: whose; a partner takes any other name as an extra setting, a webhook none.
        given: ``apiKey``, ``url`` or ``urls``, ``headers``, ``sharedSecret``, ``method``,
            ``batchSize``, ``batchSignature``, as far as the kind has them.

    Raises:
        OperationError: 422; the details name the field and what is allowed.
    """
    names = _NAMES.get(kind.type, _PARTNER)
    read: dict[str, Any] = {}
    extra: JsonObject = dict(kind.settings)
    for name, value in given.items():
        here = f"settings.{name[:100]}"
        if name in names:
            field, reader = _READERS[name]
            if field in read:
                refuse(here, f"`{here}` comes beside `settings.url`", allowed="one of the two")
            read[field] = reader(value, here)
        elif names is _PARTNER:
            extra[name] = value
        else:
            raise unknown_parameter(here, f"setting of {kind.type}", name, names, place="settings")
    try:
        json_types.encode(extra)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        refuse("settings", f"`settings` has what is not JSON ({error})", allowed="JSON values")
    settings = Settings(**read, extra=extra)
    if len(settings.urls) > kind.urls:
        refuse(
            "settings.urls",
            f"`settings.urls` has {len(settings.urls)} of them",
            allowed=f"at most {kind.urls} for {kind.type}",
        )
    return settings


def _text(value: Json, place: str) -> str:
    # A lone surrogate is a character that cannot be sent.
    sendable = isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
    if not sendable or len(value) > _MOST_CHARACTERS:
        refuse(place, f"`{place}` is {_shown(value)}", allowed="a text of up to 4096 characters")
    return str(value)


def _key(value: Json, place: str) -> str:
    key = _text(value, place)
    if not key or ":" in key or not key.isprintable():
        # Basic auth ends the user name at the first colon.
        refuse(place, f"`{place}` is {_shown(value)}", allowed="a printable text without a colon")
    return key


def _urls(value: Json, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        refuse(place, f"`{place}` is {_shown(value)}", allowed="an array of one or more URLs")
    urls = tuple(_one_url(url, f"{place}[{index}]") for index, url in enumerate(value))
    if len(set(urls)) < len(urls):
        refuse(place, f"`{place}` has a URL twice", allowed="each once")
    return urls


def _one_url(value: Json, place: str) -> str:
    url = _text(value, place)
    allowed = "an absolute http or https URL, such as http://127.0.0.1:9000/hook"
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        refuse(place, f"`{place}` is {_shown(value)}", allowed=allowed)
    return url


def _headers(value: Json, place: str) -> Headers:
    if not isinstance(value, dict) or len(value) > _MOST_HEADERS:
        allowed = f"an object of up to {_MOST_HEADERS} names and texts"
        refuse(place, f"`{place}` is {_shown(value)}", allowed=allowed)
    lower: set[str] = set()
    for name, text in value.items():
        here = f"{place}.{name[:100]}"
        if not HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED | lower:
            refuse(here, f"{name[:100]!r} cannot be set as a header", allowed="each name once")
        lower.add(name.lower())
        # ASCII only: Segment's Webhook (Actions) refuses others.
        if not isinstance(text, str) or not all(" " <= c <= "~" for c in text):
            refuse(here, f"`{here}` is {_shown(text)}", allowed="one line of ASCII")
    return tuple(value.items())


def _method(value: Json, place: str) -> str:
    if value not in METHODS:
        refuse(place, f"`{place}` is {_shown(value)}", allowed=list(METHODS))
    return str(value)


def _batch_size(value: Json, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_BATCH:
        allowed = f"a whole number from 0 to {MAX_BATCH}; 0 and 1 send each call alone"
        refuse(place, f"`{place}` is {_shown(value)}", allowed=allowed)
    return value


def _batch_signature(value: Json, place: str) -> str:
    if value not in BATCH_SIGNATURES:
        refuse(place, f"`{place}` is {_shown(value)}", allowed=list(BATCH_SIGNATURES))
    return str(value)


def _shown(value: Json) -> str:
    return repr(value)[:100]


_READERS: dict[str, tuple[str, Callable[[Json, str], Any]]] = {
    "apiKey": ("api_key", _key),
    "url": ("urls", lambda value, place: (_one_url(value, place),)),
    "urls": ("urls", _urls),
    "headers": ("headers", _headers),
    "sharedSecret": ("shared_secret", _text),
    "method": ("method", _method),
    "batchSize": ("batch_size", _batch_size),
    "batchSignature": ("batch_signature", _batch_signature),
}
_PARTNER = ("apiKey", "url")
_NAMES = {
    "webhook": ("url", "urls", "headers", "sharedSecret"),
    "webhook-actions": (
        "url",
        "headers",
        "sharedSecret",
        "method",
        "batchSize",
        "batchSignature",
    ),
}
