"""JSON: the types, and the one place that encodes and decodes it.

Reading what a client sent follows the Go server that Segment runs rather than
Python: a lone surrogate or a broken UTF-8 sequence becomes U+FFFD, the last of
two equal keys wins, ``NaN`` and numbers beyond a double are refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from mockseg.errors import MalformedJsonError
from mockseg.printable import printable_utf8

if TYPE_CHECKING:
    from collections.abc import Callable


# Recursive aliases cost readers more than they tell them: `Any` stands for a JSON value.
Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

_decode: Callable[[bytes | msgspec.Raw], Json] = msgspec.json.Decoder().decode
_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode


def encode(value: object) -> bytes:
    """Encode a JSON value, a record of ours, or a ``msgspec.Raw`` as compact UTF-8."""
    return _encode(value)


def encode_printable(value: object) -> bytes:
    """Encode for a terminal, a pipe or an answer that a person may look at.

    The value is the same; characters that a terminal would obey are escaped (see
    :mod:`mockseg.printable`), and a lone surrogate (of a path or a file name) becomes U+FFFD.
    """
    try:
        encoded = _encode(value)
    except UnicodeEncodeError:
        encoded = _encode(decode_leniently(json.dumps(msgspec.to_builtins(value)).encode()))
    return printable_utf8(encoded)


def encode_for_wire(value: Json) -> bytes:
    """Encode as compact JSON in UTF-8; where a lone surrogate is in it, all in escapes.

    Raises:
        MalformedJsonError: it is not JSON.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedJsonError(f"not JSON: {error}") from None


def pretty(value: object) -> str:
    """Encode for a person to read: two spaces of indent, keys in the order they have.

    Characters that a terminal would obey are escaped; see :mod:`mockseg.printable`.
    """
    return msgspec.json.format(encode_printable(value), indent=2).decode()


def pretty_text(text: str) -> str:
    """Indent a text that is JSON, its numbers as they are written; other texts stay as they are."""
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text


def decode(data: bytes | msgspec.Raw) -> Json:
    """Decode JSON strictly.

    Raises:
        MalformedJsonError: the bytes are not JSON, or nested deeper than Python follows.
    """
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJsonError(_sentence(error)) from None


def decode_leniently(data: bytes) -> Json:
    """Decode what Segment's edge would accept although it is not strict JSON.

    Lone surrogates and broken UTF-8 become U+FFFD, as Go's decoder has it.

    Raises:
        MalformedJsonError: not JSON even so, a number beyond a double, or nested too deep.
    """
    text = data.decode("utf-8", "replace")
    try:
        value = json.loads(
            text, parse_constant=_reject_constant, parse_float=_finite, parse_int=_whole
        )
        return _without_surrogates(value)
    except (ValueError, RecursionError) as error:
        raise MalformedJsonError(_sentence(error)) from None


# A fraction of nothing but a zero, as whole floats are written below 10**16.
_WHOLE_FLOAT = re.compile(rb"\.0(?![0-9])")


def canonical(value: Json) -> bytes:
    """Encode so that equal values give equal bytes: keys sorted, no white space, 1.0 as 1."""
    text = msgspec.json.encode(value, order="sorted")
    if _WHOLE_FLOAT.search(text) is None:
        return text
    return msgspec.json.encode(_with_whole_numbers(value), order="sorted")


def _with_whole_numbers(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _with_whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_whole_numbers(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def as_object(value: Json) -> JsonObject:
    """Return a value that is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: Json) -> str:
    """Return a value that is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def patched(base: Json, patch: Json) -> Json:
    """Apply a JSON merge patch (RFC 7396); neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), item)
    return result


def is_deeper(value: Json, *, than: int) -> bool:
    """Return whether objects and arrays are nested deeper than this many levels."""
    level = [value]
    for _ in range(than):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"number out of range: {digits[:40]}")
    return number


def _whole(digits: str) -> int:
    # The largest double has 309 digits before the point.
    if len(digits) > 310:
        raise ValueError(f"number out of range: {digits[:40]}")
    return int(digits)


def _without_surrogates(value: Json) -> Json:
    """Replace lone surrogates, which cannot be encoded, all the way down."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value


def _sentence(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "JSON is nested too deep"
    return str(error)
