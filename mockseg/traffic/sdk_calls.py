"""From a message to the call of Segment's Python SDK that sends it: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from mockseg.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject

__all__ = ["METHODS", "arguments_of"]

_COMMON: Final = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "context": "context",
    "integrations": "integrations",
    "messageId": "message_id",
}
# The SDK's methods with what each takes beside that; an alias has no anonymousId there.
METHODS: Final[dict[str, dict[str, str]]] = {
    "identify": _COMMON | {"traits": "traits"},
    "track": _COMMON | {"event": "event", "properties": "properties"},
    "page": _COMMON | {"name": "name", "category": "category", "properties": "properties"},
    "screen": _COMMON | {"name": "name", "category": "category", "properties": "properties"},
    "group": _COMMON | {"groupId": "group_id", "traits": "traits"},
    "alias": {key: name for key, name in _COMMON.items() if key != "anonymousId"}
    | {"previousId": "previous_id"},
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def arguments_of(message: JsonObject) -> JsonObject:
    """Give the keyword arguments with which an application would send this message.

    Args:
        message: its type is one of :data:`METHODS`. What the SDK has no argument for is
            left out.
    """
    names = METHODS[message["type"]]
    arguments = {name: message[key] for key, name in names.items() if key in message}
    if "timestamp" in message:
        arguments["timestamp"] = _moment(message["timestamp"])
    return arguments


def _moment(timestamp: Json) -> Json:
    """Give a time as the SDK takes it; what is none stays, and the SDK will refuse it."""
    moment = parse_moment(timestamp)
    return timestamp if moment is None else _EPOCH + timedelta(microseconds=moment // 1000)
