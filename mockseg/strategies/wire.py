"""Messages as bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mockseg.errors import MalformedJsonError

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject


_PADDING: Final = "padding"


def encode(message: Json) -> bytes:
    """Encode as compact JSON in UTF-8; where a lone surrogate is in it, all in escapes.

    Raises:
        MalformedJsonError: it is not JSON.
    """
    try:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedJsonError(f"no JSON: {error}") from None


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
