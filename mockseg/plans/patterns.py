r"""The dialect of ``pattern``: what Segment's RE2 and ECMA 262 share, for the reference.

Segment documents no look-ahead, which points at RE2, Go's engine; the compiled
validator has an engine of the same family: linear time, ``\d`` and ``\w`` mean ASCII,
``$`` is the end of the text and not also the place before a last line feed. Python
differs in all of that, so patterns are rewritten before the reference uses them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["to_python"]

_OUTSIDE: Final = {
    "d": "[0-9]",
    "D": "[^0-9]",
    "w": "[A-Za-z0-9_]",
    "W": "[^A-Za-z0-9_]",
    "s": r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    "S": r"[^\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
}
_INSIDE: Final = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
# Escapes with one meaning in both engines; other letters are left to the compiled one.
_SAME: Final = frozenset("tnrfvxu")


@lru_cache(maxsize=1024)
def to_python(pattern: str) -> re.Pattern[str] | None:
    """Give the same pattern for Python's engine, or None where Python cannot express it."""
    parts: list[str] = []
    in_class = False
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "\\":
            translated = _escape(pattern[position : position + 1], in_class=in_class)
            if translated is None:
                return None
            parts.append(translated)
            position += 1
        elif in_class:
            in_class = char != "]"
            # Python warns of what may become set operations: `[` and doubled marks.
            parts.append("\\" + char if char in "[&~|" else char)
        elif char == "[":
            in_class = True
            parts.append("[")
            if pattern[position : position + 1] == "^":
                parts.append("^")
                position += 1
        elif char == "$":
            parts.append(r"\Z")
        elif char == "(" and pattern.startswith("?<", position):
            parts.append("(?P<")
            position += 2
        else:
            parts.append(char)
    try:
        return re.compile("".join(parts))
    except re.error:
        return None


def _escape(letter: str, *, in_class: bool) -> str | None:
    known = (_INSIDE if in_class else _OUTSIDE).get(letter)
    if known is not None:
        return known
    if letter.isalnum() and letter not in _SAME:
        return None
    return "\\" + letter
