"""JSON as JavaScript's ``JSON.stringify`` writes it, byte for byte: what Segment's webhooks send.

Source: ECMA-262, "JSON.stringify", "Number::toString" and "OrdinaryOwnPropertyKeys".
"""

from __future__ import annotations

import json
import math
import re

from mockseg.json_types import Json, JsonObject

# Leaves non-ASCII characters as they are, lone surrogates too.
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_SURROGATE = re.compile("[\ud800-\udfff]")
_INDEX = re.compile("(?:0|[1-9][0-9]{0,9})")
_MAX_INDEX = 2**32 - 2
# Whole numbers up to here are exact in a double.
_MAX_EXACT = 2**53
# From 10 to this power on, and below 10**-6, numbers have an exponent.
_MAX_PLAIN_DIGITS = 21
_MAX_LEADING_ZEROS = 6


def stringify(value: Json) -> bytes:
    """Encode a JSON value as ``JSON.stringify(JSON.parse(text))`` does, in UTF-8.

    Numbers are doubles and have no ``.0``; infinities and NaN are null. Keys that are array
    indices, "0" to "4294967294", come first and ascend; the others keep their order. Lone
    surrogates are escaped.

    Args:
        value: nested at most :data:`~mockseg.domain.limits.MAX_JSON_DEPTH` levels deep.
    """
    text = _text(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Two halves that stand side by side are one character, as in JavaScript.
        paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", paired).encode()


def _text(value: Json) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        members = [f"{_quoted(key)}:{_text(inner)}" for key, inner in _in_order(value)]
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join([_text(item) for item in value])}]"
    return _scalar(value)


def _in_order(item: JsonObject) -> list[tuple[str, Json]]:
    """Return the members in the order in which JavaScript enumerates them."""
    members = list(item.items())
    indices = [key for key in item if _is_index(key)]
    if not indices:
        return members
    first = [(key, item[key]) for key in sorted(indices, key=int)]
    return first + [member for member in members if not _is_index(member[0])]


def _is_index(key: str) -> bool:
    # The comparison spares nearly all keys the pattern.
    return "0" <= key < ":" and bool(_INDEX.fullmatch(key)) and int(key) <= _MAX_INDEX


def _scalar(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -_MAX_EXACT <= value <= _MAX_EXACT:
        return str(value)
    try:
        return _number(float(value))
    except OverflowError:
        return "null"


def _number(number: float) -> str:
    """Write a double with the fewest digits that are read as the same double.

    Python's ``repr`` has the same digits, and other rules for where an exponent begins.
    """
    if not math.isfinite(number):
        return "null"
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # The number is 0.DIGITS times 10 to this power.
    power = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= power <= _MAX_PLAIN_DIGITS:
        return sign + digits.ljust(power, "0")
    if 0 < power <= _MAX_PLAIN_DIGITS:
        return f"{sign}{digits[:power]}.{digits[power:]}"
    if -_MAX_LEADING_ZEROS < power <= 0:
        return f"{sign}0.{'0' * -power}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{power - 1:+d}"
