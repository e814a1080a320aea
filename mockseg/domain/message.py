"""A message of the Spec, and its normalised form.

The normalised form is what Segment hands on: batch-level context and integrations
merged in, the ids and times that the server adds, no write key. The same event is
the same normalised message whatever transport it came by.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mockseg import json_types
from mockseg.domain.timestamps import format_moment, parse_moment, skew_corrected
from mockseg.json_types import Json, JsonObject

MESSAGE_TYPES = ("identify", "track", "page", "screen", "group", "alias")
# Type of call -> where its free-form values are; an alias has none.
HOLDERS: Final = {
    "track": "properties",
    "page": "properties",
    "screen": "properties",
    "identify": "traits",
    "group": "traits",
}


# What :func:`normalise` may add, change or take away; the second also where a batch says it.
SET_BY_SERVER: Final = frozenset(
    {"type", "messageId", "writeKey", "sentAt", "originalTimestamp", "receivedAt", "timestamp"}
)
SHARED_BY_BATCH: Final = frozenset({"context", "integrations"})


def holder_of(kind: str) -> str:
    """Return the field with the free-form values of a call: ``traits`` or ``properties``."""
    return HOLDERS.get(kind, "properties")


class Shared(msgspec.Struct, frozen=True, gc=False):
    """What a request says once for all of its messages.

    Attributes:
        context: of a batch, JSON bytes of an object, or None.
        integrations: of a batch, JSON bytes of an object, or None.
        sent_at: the batch's sentAt as sent, or None.
        ip: address of the client, for each message without ``context.ip``; or None.
        direct_ip: the same, only for messages with ``context.direct``.
    """

    context: bytes | None = None
    integrations: bytes | None = None
    sent_at: str | None = None
    ip: str | None = None
    direct_ip: str | None = None


def normalise(
    raw: JsonObject, *, type_: str, message_id: str, received_ns: int, shared: Shared | None
) -> JsonObject:
    """Return the message as Segment would hand it on.

    A value of the message wins over the batch's (the documentation only says that the
    two are merged); context and integrations are merged key by key, not deeper.
    ``originalTimestamp`` is there when the client sent a timestamp; one that is not ISO
    8601 is ignored for ``timestamp``. ``context.ip`` is the client's address where the Spec says
    so: of client-side calls, and of those with ``context.direct``, unless they name one.

    Args:
        raw: the message as sent.
        type_: its type, from the route or from itself.
        message_id: its own or the minted one.
        received_ns: when its request came, a moment.
        shared: what its request says for all, or None.
    """
    message = dict(raw)
    message.pop("writeKey", None)
    message["type"] = type_
    message["messageId"] = message_id
    if shared is not None:
        _merge(message, "context", shared.context)
        _merge(message, "integrations", shared.integrations)
        if message.get("sentAt") is None and shared.sent_at is not None:
            message["sentAt"] = shared.sent_at
        _fill_ip(message, shared)
    original = raw.get("timestamp")
    if original is None:
        original = raw.get("originalTimestamp")
    if original is not None:
        message["originalTimestamp"] = original
    message["receivedAt"] = format_moment(received_ns)
    message["timestamp"] = format_moment(
        skew_corrected(
            original_ns=parse_moment(original),
            sent_ns=parse_moment(message.get("sentAt")),
            received_ns=received_ns,
        )
    )
    return message


def _merge(message: JsonObject, key: str, shared: bytes | None) -> None:
    if shared is None:
        return
    own: Json = message.get(key)
    if own is None:
        message[key] = json_types.decode(shared)
    elif isinstance(own, dict):
        message[key] = {**json_types.decode(shared), **own}


def _fill_ip(message: JsonObject, shared: Shared) -> None:
    context = message.get("context")
    if context is None:
        context = {}
    if not isinstance(context, dict) or context.get("ip") is not None:
        return
    ip = shared.direct_ip if context.get("direct") is True else None
    ip = shared.ip or ip
    if ip is not None:
        message["context"] = {**context, "ip": ip}
