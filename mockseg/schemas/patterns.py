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
    """Return the same pattern for Python's engine, or None where Python cannot express it."""
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


_DIGITS: Final = "0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = _UPPER.lower()
_WORD: Final = _DIGITS + _LOWER + _UPPER + "_"
_PRINTABLE: Final = _DIGITS + _LOWER + _UPPER + " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ESCAPED: Final = {"d": _DIGITS, "w": _WORD, "s": " \t\n", "t": "\t", "n": "\n", "r": "\r"}
_ATOM: Final = re.compile(
    r"(?P<class>\[[^\[\]\\^](?:[^\[\]\\]|\\[dws.+*?/\-\[\]()$^|\\])*\])"
    r"|(?P<escape>\\[dwstnr.+*?/\-\[\](){}$^|\\@])"
    r"|(?P<dot>\.)|(?P<plain>[^\\\[\](){}.*+?^$|])"
)
_COUNT: Final = re.compile(r"\*|\+|\?|\{(?P<least>[0-9]{1,4})(?P<to>,(?P<most>[0-9]{0,4}))?\}")
_ABOVE: Final = 16


def character_row(pattern: str, least: int, most: int | None) -> list[tuple[str, int, int]] | None:
    """Read a pattern as a row of character classes with counts, such as ``^[0-9]{2,4}-[a-z]+$``.

    Patterns of plans are nearly always such rows.

    Args:
        pattern: as plans write it; it may match anywhere unless anchored.
        least: the shortest string, in characters.
        most: the longest, or None.

    Returns:
        Characters with the fewest and the most of them, so that every string of the row is
        within the length; None where the pattern is not such a row or that cannot be.
    """
    row = _classes(pattern, max(_ABOVE, least))
    if row is None:
        return None
    lengths = _fitted([(low, high) for _, low, high in row], least, most)
    if lengths is None:
        return None
    return [(chars, low, high) for (chars, _, _), (low, high) in zip(row, lengths, strict=True)]


def _classes(pattern: str, above: int) -> list[tuple[str, int, int]] | None:
    """Read a pattern as classes with counts; what is not anchored may have more around it."""
    body = pattern.removeprefix("^")
    stem = body.removesuffix("$")
    # After an odd number of backslashes it is the character.
    ends = stem != body and (len(stem) - len(stem.rstrip("\\"))) % 2 == 0
    body = stem if ends else body
    found: list[tuple[str, int, int]] = []
    position = 0
    while position < len(body):
        match = _ATOM.match(body, position)
        chars = None if match is None else _chars(match)
        if match is None or not chars:
            return None
        position = match.end()
        low, high = 1, 1
        count = _COUNT.match(body, position)
        if count is not None:
            position = count.end()
            low, high = _counted(count, above)
            if low > high:
                return None
        found.append((chars, low, high))
    if not pattern.startswith("^"):
        found.insert(0, (_PRINTABLE, 0, 4))
    if not ends:
        found.append((_PRINTABLE, 0, 4))
    return found


def _counted(count: re.Match[str], above: int) -> tuple[int, int]:
    sign = count[0]
    if sign in {"*", "+", "?"}:
        return {"*": (0, above), "+": (1, above), "?": (0, 1)}[sign]
    least = int(count["least"])
    if count["to"] is None:
        return least, least
    return least, int(count["most"]) if count["most"] else least + above


def _chars(match: re.Match[str]) -> str | None:
    if match["dot"]:
        return _PRINTABLE
    if match["plain"]:
        return match["plain"]
    if match["escape"]:
        letter = match["escape"][1]
        return _ESCAPED.get(letter, letter)
    inside = match["class"][1:-1]
    chars: list[str] = []
    position = 0
    while position < len(inside):
        char = inside[position]
        position += 1
        if char == "\\":
            letter = inside[position]
            position += 1
            chars += _ESCAPED.get(letter, letter)
            continue
        if inside[position : position + 1] == "-" and position + 1 < len(inside):
            end = inside[position + 1]
            if end == "\\" or end < char or ord(end) - ord(char) > 0xFFFF:
                return None
            chars += [chr(code) for code in range(ord(char), ord(end) + 1)]
            position += 2
            continue
        chars.append(char)
    return "".join(dict.fromkeys(chars))


def _fitted(
    lengths: list[tuple[int, int]], least: int, most: int | None
) -> list[tuple[int, int]] | None:
    fitted = list(lengths)
    lacking = least - sum(low for low, _ in fitted)
    for index, (low, high) in enumerate(fitted):
        if lacking > 0:
            more = min(lacking, high - low)
            fitted[index] = (low + more, high)
            lacking -= more
    if lacking > 0:
        return None
    if most is not None:
        room = most - sum(low for low, _ in fitted)
        if room < 0:
            return None
        for index, (low, high) in enumerate(fitted):
            more = min(room, high - low)
            fitted[index] = (low, low + more)
            room -= more
    return fitted
