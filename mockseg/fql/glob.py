r"""Globs: the patterns of ``match(s, pattern)``.

Source: the table of globs in Segment's ``api/public-api/fql.md``, and segmentio/glob, which its
servers use (Go's ``path.Match`` without separators). The whole string must match, case matters.
``*`` is any characters, ``/`` and line ends too, ``?`` one, ``[abc]`` and ``[a-z]`` one of
a set, ``[^abc]`` one that is not in it, ``\x`` the character x itself, inside a set too.

- Only a ``^`` right behind the bracket negates; ``!`` is a character everywhere.
- ``]`` and ``-`` are no members of a set unless a ``\`` goes before them. A range that runs
  backwards holds nothing.
- A set that is not closed or is empty is malformed, and so is a pattern that ends in a lone
  ``\``. A malformed pattern matches nothing; that is not an error.

Time is linear for hostile patterns, too. What stands between two stars has a fixed length, so the
first place where it fits is as good as any later one: nothing ever backtracks. Such a part with
``?`` or a set in it may have at most 256 characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

# Each place of the string may cost as many steps, where a part is more than plain characters.
_MOST_ELEMENTS = 256

GlobMatcher: TypeAlias = "Callable[[str], bool]"


@dataclass(frozen=True, slots=True)
class GlobFault:
    """Why a pattern is malformed.

    Attributes:
        reason: one sentence.
        offset: where in the pattern, in characters from 0.
        too_long: whether it is only longer than what is matched here.
    """

    reason: str
    offset: int
    too_long: bool = False


class _Wild(Enum):
    ONE = "?"
    ANY = "*"


@dataclass(frozen=True, slots=True)
class _Set:
    """One character out of a set, as a regular expression."""

    expression: str


_Element: TypeAlias = "str | _Set | _Wild"


def compile_glob(pattern: str) -> GlobMatcher | GlobFault:
    """Return a function that says whether a whole string matches, or what is malformed."""
    elements = _elements(pattern)
    if isinstance(elements, GlobFault):
        return elements
    parts: list[list[_Element]] = [[]]
    # How many characters at least stand between a part and the one before.
    gaps = [0]
    for element in elements:
        if element is not _Wild.ANY and (element is not _Wild.ONE or parts[-1] or len(parts) == 1):
            parts[-1].append(element)
            continue
        if element is _Wild.ANY:
            gaps.append(_trailing(parts[-1]))
            parts.append([])
        else:
            gaps[-1] += 1
    for part in parts:
        if len(part) > _MOST_ELEMENTS and not all(isinstance(each, str) for each in part):
            return GlobFault(
                f"The glob has over {_MOST_ELEMENTS} characters in a row with ? or a set in them",
                0,
                too_long=True,
            )
    return _matcher(parts, gaps)


def _trailing(part: list[_Element]) -> int:
    """Remove the ``?`` at the end of a part and return how many there were."""
    before = len(part)
    while part and part[-1] is _Wild.ONE:
        part.pop()
    return before - len(part)


def _elements(pattern: str) -> list[_Element] | GlobFault:
    elements: list[_Element] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "[":
            read = _set(pattern, position)
            if isinstance(read, GlobFault):
                return read
            element, position = read
            elements.append(element)
            continue
        if char == "\\":
            position += 1
            if position == len(pattern):
                return GlobFault("The glob ends in a \\ that escapes nothing", position - 1)
            elements.append(pattern[position])
        elif char in "*?":
            elements.append(_Wild(char))
        else:
            elements.append(char)
        position += 1
    return elements


def _set(pattern: str, opening: int) -> tuple[_Set, int] | GlobFault:
    ranges: list[str] = []
    position = opening + 1
    negated = pattern[position : position + 1] == "^"
    position += negated
    empty = True
    while position < len(pattern):
        if pattern[position] == "]":
            if empty:
                return GlobFault("The set [] of the glob is empty", opening)
            return _Set(_one_of("".join(ranges), negated=negated)), position + 1
        if pattern[position] == "-":
            return GlobFault(
                "A - in a set belongs between two characters, or behind a \\", position
            )
        first, position = _member(pattern, position)
        last = first
        if pattern[position : position + 1] == "-":
            if pattern[position + 1 : position + 2] in ("", "]", "-"):
                return GlobFault("A range of the set has no end", position)
            last, position = _member(pattern, position + 1)
        empty = False
        if first <= last:
            ranges.append(f"{re.escape(first)}-{re.escape(last)}")
    return GlobFault("The set of the glob that begins here is not closed with ]", opening)


def _one_of(ranges: str, *, negated: bool) -> str:
    if not ranges:
        # Ranges that run backwards hold nothing; what is not among nothing is anything.
        return "." if negated else "(?!)"
    return f"[{'^' * negated}{ranges}]"


def _member(pattern: str, position: int) -> tuple[str, int]:
    """Read one character of a set; a last lone backslash is found to be unclosed later."""
    if pattern[position] == "\\" and position + 1 < len(pattern):
        position += 1
    return pattern[position], position + 1


def _matcher(parts: list[list[_Element]], gaps: list[int]) -> GlobMatcher:
    """Return the function for what stands between the stars, of which there may be none."""
    expressions = [re.compile("".join(map(_expression, part)), re.DOTALL) for part in parts]
    first, last, length = expressions[0], expressions[-1], len(parts[-1])
    if len(parts) == 1:
        return lambda text: first.fullmatch(text) is not None
    middle = list(zip(expressions[1:-1], gaps[1:-1], strict=True))

    def matches(text: str) -> bool:
        found = first.match(text)
        for expression, gap in middle:
            if found is None or found.end() + gap > len(text):
                return False
            found = expression.search(text, found.end() + gap)
        rest = len(text) - length
        return (
            found is not None
            and found.end() + gaps[-1] <= rest
            and last.match(text, rest) is not None
        )

    return matches


def _expression(element: _Element) -> str:
    if isinstance(element, _Set):
        return element.expression
    return "." if element is _Wild.ONE else re.escape(str(element))
