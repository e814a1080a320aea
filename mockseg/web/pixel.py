"""The pixel API: messages in query strings, always answered with a picture.

Source: Segment's pixel page, and the public fake of the Tracking API for what it leaves open.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from mockseg import json_types
from mockseg.errors import MalformedJsonError
from mockseg.json_types import JsonObject

# One transparent dot; written out from the GIF89a specification, part by part.
GIF = (
    b"GIF89a"
    b"\x01\x00\x01\x00\x80\x00\x00"  # 1 x 1, two colours
    b"\xff\xff\xff\x00\x00\x00"  # white, black
    b"\x21\xf9\x04\x01\x00\x00\x00\x00"  # the first is transparent
    b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00"
    b"\x02\x02\x44\x01\x00\x3b"
)

# No message has deeper keys: the rest of Segment reaches four levels.
_MOST_LEVELS = 32


def decode_data(data: str) -> bytes | None:
    """Decode ``?data=``: base64 in either alphabet, padded or not; None when it is neither.

    A plus sign that a client forgot to escape arrives as a space.
    """
    text = data.strip().replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def message_of_query(query: Iterable[tuple[str, str]]) -> JsonObject:
    """Make a message of dotted parameters: ``properties.subject=x``.

    Values stay strings, a repeated key makes an array, a key with an empty part is
    ignored, and so is one that contradicts an earlier one (``a=1&a.b=2``).
    """
    message: JsonObject = {}
    for key, value in query:
        parts = key.split(".")
        if not all(parts) or len(parts) > _MOST_LEVELS:
            continue
        place: Any = message
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                break
        else:
            _put(place, parts[-1], value)
    return message


def callback_of(query: Mapping[str, str]) -> str | None:
    """Return the JSONP callback if it is a plain function name, else None."""
    name = query.get("callback", "")
    return name if len(name) <= 128 and _is_function_name(name) else None


def jsonp(callback: str, answer: bytes) -> bytes:
    """Wrap an answer into a call of the page's function, if there is one."""
    try:
        value = json_types.decode(answer)
    except MalformedJsonError:
        value = {"success": False}
    # Inside a script the line separators U+2028 and U+2029 would end a line.
    text = (
        json_types.encode(value).decode().replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )
    return f'typeof {callback} == "function" && {callback}({text});'.encode()


def _put(place: JsonObject, key: str, value: str) -> None:
    before = place.get(key)
    if before is None:
        place[key] = value
    elif isinstance(before, str):
        place[key] = [before, value]
    elif isinstance(before, list):
        before.append(value)


def _is_function_name(name: str) -> bool:
    return (
        bool(name)
        and name.isascii()
        and not name[0].isdigit()
        and name[0] != "."
        and all(c.isalnum() or c in "_$." for c in name)
    )
