"""A plan's pattern for the engines that it is used with.

Plans have RE2 patterns (see :mod:`mockseg.schemas.re2`). The compiled validator has an engine of
the same family, whose time is linear in the text, with a syntax of its own; Hypothesis makes texts
from patterns of Python. Both get a pattern that says each set of characters by itself.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from mockseg.schemas.re2 import (
    KELVIN_AND_LONG_S,
    LAST_CODE_POINT,
    SCRIPTS,
    Anchor,
    Chars,
    Choice,
    Item,
    Node,
    Re2Error,
    Repeat,
    Sequence,
    complement,
    parse,
)

_NOTHING: Final = r"[^\s\S]"
_ENGINE_ANCHORS: Final = {
    "start": "^",
    "end": "$",
    "line start": "(?m:^)",
    "line end": "(?m:$)",
    # Of this engine a letter of any alphabet is part of a word, of RE2 one of ASCII.
    "word edge": r"\b",
    "no word edge": r"\B",
}
_PYTHON_ANCHORS: Final = {
    "start": r"\A",
    "end": r"\Z",
    "line start": "(?m:^)",
    "line end": "(?m:$)",
    "word edge": r"(?a:\b)",
    # Before 3.14, Python finds no place at all in an empty text.
    "no word edge": r"(?a:\B|\A\Z)",
}
_SURROGATES: Final = (0xD800, 0xDFFF)


@lru_cache(maxsize=4096)
def to_engine(pattern: str) -> str:
    """Return the same pattern for the compiled validator.

    Raises:
        Re2Error: it is not RE2.
    """
    return _written(parse(pattern), _ENGINE_ANCHORS, _engine_chars)


@lru_cache(maxsize=1024)
def to_python(pattern: str) -> re.Pattern[str] | None:
    """Return the same pattern for Python's engine, or None where it is not RE2."""
    try:
        return re.compile(_written(parse(pattern), _PYTHON_ANCHORS, _python_chars))
    except (Re2Error, re.error):
        return None


def _written(node: Node, anchors: dict[str, str], chars: Callable[[Chars], str]) -> str:
    if isinstance(node, Chars):
        return chars(node)
    if isinstance(node, Anchor):
        return anchors[node.kind]
    if isinstance(node, Sequence):
        return "".join(_grouped(part, anchors, chars, Choice) for part in node.parts)
    if isinstance(node, Choice):
        return "|".join(_written(way, anchors, chars) for way in node.ways)
    inner = _grouped(node.node, anchors, chars, (Anchor, Choice, Repeat, Sequence))
    if (node.low, node.high) in _SIGNS:
        return inner + _SIGNS[node.low, node.high]
    most = "" if node.high is None else node.high
    return inner + (f"{{{node.low}}}" if node.low == most else f"{{{node.low},{most}}}")


_SIGNS: Final[dict[tuple[int, int | None], str]] = {(0, None): "*", (1, None): "+", (0, 1): "?"}


def _grouped(
    node: Node,
    anchors: dict[str, str],
    chars: Callable[[Chars], str],
    kinds: type | tuple[type, ...],
) -> str:
    text = _written(node, anchors, chars)
    return f"(?:{text})" if isinstance(node, kinds) else text


def _character(code: int) -> str:
    """Write one character as both engines read it, inside of a class and outside."""
    char = chr(code)
    if char in _PLAIN:
        return char
    if code < 0x80 and char.isprintable():
        return "\\" + char
    return f"\\u{code:04x}" if code <= 0xFFFF else char


# Other printable characters of ASCII mean something in one of the engines, or may do so later.
_PLAIN: Final = frozenset(f"{string.ascii_letters}{string.digits}_ !\"#%',/:;<=>@`")


def _ranges(items: tuple[Item, ...]) -> Iterator[tuple[int, int]]:
    """Yield the ranges among items without surrogates, which no text of JSON holds."""
    first, last = _SURROGATES
    for item in items:
        if not isinstance(item, str):
            low, high = item
            if low < first:
                yield from [(low, min(high, first - 1))] if low <= high else ()
            if high > last:
                yield max(low, last + 1), high


def _bracketed(ranges: Iterator[tuple[int, int]]) -> str:
    return "".join(
        _character(low) if low == high else f"{_character(low)}-{_character(high)}"
        for low, high in ranges
    )


def _single(node: Chars) -> int | None:
    """Return the code point that a set is about, if it is one."""
    item = node.items[0] if len(node.items) == 1 else ""
    return item[0] if not isinstance(item, str) and item[0] == item[1] else None


def _engine_chars(node: Chars) -> str:
    properties = "".join(
        ("\\P" if item.startswith("^") else "\\p") + f"{{{_engine_name(item.removeprefix('^'))}}}"
        for item in node.items
        if isinstance(item, str)
    )
    ranges = list(_ranges(node.items))
    code = _single(node)
    folded = node.folded and (properties or any(_has_cases(*each) for each in ranges))
    if not ranges and not properties:
        return r"[\s\S]" if node.negated else _NOTHING
    if code is not None and not node.negated:
        text = _character(code)
    else:
        text = f"[{'^' * node.negated}{_bracketed(iter(ranges))}{properties}]"
    return f"(?i:{text})" if folded else text


def _engine_name(name: str) -> str:
    return f"Script={name}" if name in SCRIPTS else name


def _has_cases(low: int, high: int) -> bool:
    return high > 0x7F or any(chr(code).isalpha() for code in range(low, high + 1))


# --- sets of characters for Python, which knows no properties and folds cases otherwise


def _python_chars(node: Chars) -> str:
    code = _single(node)
    if code is not None and not node.negated and not node.folded:
        low, high = _SURROGATES
        return _NOTHING if low <= code <= high else _character(code)
    ranges = _merged(_all_ranges(node))
    if not ranges:
        return r"[\s\S]" if node.negated else _NOTHING
    return f"[{'^' * node.negated}{_bracketed(iter(ranges))}]"


def _all_ranges(node: Chars) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for item in node.items:
        if isinstance(item, str):
            ranges = list(_property(item.removeprefix("^")))
            ranges = _folded(ranges) if node.folded else ranges
            found += complement(ranges) if item.startswith("^") else ranges
        else:
            ranges = list(_ranges((item,)))
            found += _folded(ranges) if node.folded else ranges
    return found


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _folded(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Add the other cases of all letters."""
    ascii_only = all(high < 0x80 for _, high in ranges)
    cases = _ascii_cases() if ascii_only else _cases()
    more = [
        (other, other)
        for low, high in ranges
        for code in (cases if high - low > len(cases) else range(low, high + 1))
        if low <= code <= high
        for other in cases.get(code, ())
    ]
    return [*ranges, *more]


def _ascii_cases() -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {
        ord(char): (ord(char.swapcase()),) for char in string.ascii_letters
    }
    for letter, other in KELVIN_AND_LONG_S.items():
        found[ord(letter)] += (other,)
        found[ord(letter.upper())] += (other,)
    return found


@lru_cache(maxsize=1)
def _cases() -> dict[int, tuple[int, ...]]:
    """Return each letter's other cases, by the simple case folding of Unicode."""
    same: dict[str, list[int]] = {}
    for code in range(_LAST_WITH_CASES):
        char = chr(code)
        folded, lower = char.casefold(), char.lower()
        key = folded if len(folded) == 1 else lower if len(lower) == 1 else char
        same.setdefault(key, []).append(code)
    return {
        code: tuple(other for other in group if other != code)
        for group in same.values()
        if len(group) > 1
        for code in group
    }


_LAST_WITH_CASES: Final = 0x1E944


@lru_cache(maxsize=64)
def _property(name: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of a category or script: what the compiled validator takes for it.

    Python has no scripts. Texts that are all of it or all not are told in one step, so the
    steps grow with the number of ranges, not of characters.
    """
    # Its import is paid for by a plan, or by who draws from such a pattern.
    import jsonschema_rs

    def test(pattern: str) -> Callable[[object], bool]:
        options = jsonschema_rs.RegexOptions()
        return jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=options).is_valid

    whole = _engine_name(name)
    all_in, none_in = test(f"^\\p{{{whole}}}*$"), test(f"^\\P{{{whole}}}*$")
    first, last = _SURROGATES
    planes = range(0x10000, LAST_CODE_POINT, 0x10000)
    waiting = [(plane, plane + 0xFFFF) for plane in planes]
    waiting += [(last + 1, 0xFFFF), *((low, low + 0xFF) for low in range(0, first, 0x100))]
    found: list[tuple[int, int]] = []
    while waiting:
        low, high = waiting.pop()
        text = "".join(map(chr, range(low, high + 1)))
        if all_in(text):
            found.append((low, high))
        elif not none_in(text):
            middle = (low + high) // 2
            waiting += [(middle + 1, high), (low, middle)]
    return tuple(_merged(found))


# --- rows of classes


_DIGITS: Final = "0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = _UPPER.lower()
_PRINTABLE: Final = _DIGITS + _LOWER + _UPPER + " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
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


def write_text(pattern: str, below: Callable[[int], int], *, above: int) -> str | None:
    """Return a text that a pattern describes; its anchors may still not hold in it.

    Args:
        pattern: as plans write it.
        below: chooses a whole number from 0 to below the one that it is given.
        above: maximum number of repetitions beyond the fewest, without another limit.

    Returns:
        The text, or None where the pattern is not RE2 or has a set without characters to draw.
    """
    try:
        return _text(_parsed(pattern), below, above)
    except Re2Error:
        return None


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> Node:
    return parse(pattern)


def _text(node: Node, below: Callable[[int], int], above: int) -> str | None:
    if isinstance(node, Anchor):
        return ""
    if isinstance(node, Chars):
        chars = _drawable(node)
        return chars[below(len(chars))] if chars else None
    if isinstance(node, Choice):
        return _text(node.ways[below(len(node.ways))], below, above)
    if isinstance(node, Repeat):
        more = above if node.high is None else min(node.high - node.low, above)
        nodes: tuple[Node, ...] = (node.node,) * (node.low + below(more + 1))
    else:
        nodes = node.parts
    found: list[str] = []
    for each in nodes:
        text = _text(each, below, above)
        if text is None:
            return None
        found.append(text)
    return "".join(found)


def _classes(pattern: str, above: int) -> list[tuple[str, int, int]] | None:
    """Read a pattern as classes with counts; what is not anchored may have more around it."""
    try:
        parts = list(_flat(parse(pattern)))
    except Re2Error:
        return None
    starts, ends = parts[:1] == [Anchor("start")], parts[-1:] == [Anchor("end")]
    anything = (_PRINTABLE, 0, 4)
    found = [] if starts else [anything]
    for part in parts[int(starts) : len(parts) - int(ends)]:
        node, low, high = part, 1, 1
        if isinstance(part, Repeat):
            node, low = part.node, part.low
            open_end = above + (low if low > 1 else 0)
            high = open_end if part.high is None else part.high
        chars = _drawable(node) if isinstance(node, Chars) else ""
        if not chars:
            return None
        found.append((chars, low, high))
    return found if ends else [*found, anything]


def _flat(node: Node) -> Iterator[Node]:
    if isinstance(node, Sequence):
        for part in node.parts:
            yield from _flat(part)
    else:
        yield node


def _drawable(node: Chars) -> str:
    """Return characters of a set: all of a small one, else some from all over it."""
    if node.negated:
        outside = _all_ranges(node)
        return "".join(
            char
            for char in _PRINTABLE
            if not any(low <= ord(char) <= high for low, high in outside)
        )
    ranges = _all_ranges(node)
    if sum(high + 1 - low for low, high in ranges) > _MOST_CHARACTERS:
        ranges = [(low, min(high, low + _MOST_CHARACTERS // len(ranges))) for low, high in ranges]
    chars = (chr(code) for low, high in ranges for code in range(low, high + 1))
    return "".join(dict.fromkeys(chars))


_MOST_CHARACTERS: Final = 4096


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
