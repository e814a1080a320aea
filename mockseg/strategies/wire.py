"""Messages as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg import json_types

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject


_PADDING: Final = "padding"


def encode(message: Json) -> bytes:
    """Encode as compact JSON in UTF-8; where a lone surrogate is in it, all in escapes.

    Raises:
        MalformedJsonError: it is not JSON.
    """
    return json_types.encode_for_wire(message)


def padded(message: JsonObject, size: int) -> JsonObject:
    """Return a message padded to this many bytes, by a text in its context.

    One that is too large already comes back as it is.
    """
    context = message.get("context")
    context = context if isinstance(context, dict) else {}
    filled = {**message, "context": {**context, _PADDING: ""}}
    lacking = size - len(encode(filled))
    if lacking < 0:
        return message
    filled["context"][_PADDING] = "x" * lacking
    return filled
