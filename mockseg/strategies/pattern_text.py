r"""Strings that match a pattern.

Patterns of plans are nearly always a row of character classes with counts, such as
``^[0-9]{2,4}-[a-z]+$``: those are put together class by class, which is fast, shrinks
well and can respect a length. All others are left to Hypothesis.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from mockseg.plans.patterns import to_python

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["pattern_text"]

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


def pattern_text(pattern: str, least: int, most: int | None) -> SearchStrategy[str] | None:
    """Give strings that match a pattern within a length; None where that cannot be constructed.

    Args:
        pattern: as plans write it; it may match anywhere unless anchored.
        least: the shortest string, in characters.
        most: the longest, or None.
    """
    atoms = _atoms(pattern, max(_ABOVE, least))
    if atoms is None:
        expression = to_python(pattern)
        if expression is None or least or most is not None:
            return None
        return st.from_regex(expression)
    lengths = _fitted([(low, high) for _, low, high in atoms], least, most)
    if lengths is None:
        return None
    parts = [
        st.text(chars, min_size=low, max_size=high)
        for (chars, _, _), (low, high) in zip(atoms, lengths, strict=True)
        if high
    ]
    return parts[0] if len(parts) == 1 else st.tuples(*parts).map("".join)


def _atoms(pattern: str, above: int) -> list[tuple[str, int, int]] | None:
    """Read a pattern as classes with counts; what is not anchored may have more around it."""
    body = pattern.removeprefix("^")
    ends = body.endswith("$") and not body.endswith("\\$")
    body = body.removesuffix("$") if ends else body
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
    """Give the characters that an atom stands for."""
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
    """Narrow the counts of a row so that their sum is within a length in any case."""
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
