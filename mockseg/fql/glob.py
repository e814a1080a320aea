r"""Globs: the patterns of ``match(s, pattern)``.

Source: the table of globs in Segment's ``api/public-api/fql.md``. The whole string must
match, case matters. ``*`` is any characters, ``?`` one character, ``[abc]`` and ``[a-z]``
one of a set, ``\x`` the character x itself, inside a set too. Ours, where the page is silent:

- ``*`` and ``?`` match every character, ``/`` and line ends too.
- A set has no negation: ``!`` and ``^`` in it are characters. A ``-`` that has not a
  character on both sides is a character. A ``]`` outside a set is a character.
- A set that is not closed, is empty or has a range that runs backwards is malformed,
  and so is a pattern that ends in a lone ``\``.

Time is bounded for hostile patterns: a pattern of characters and stars is searched piece
by piece, any other runs as a set of states held in the bits of one integer, one step per
character of the string. Nothing ever backtracks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


# How many characters one glob remembers the answer for.
_REMEMBERED_CHARACTERS = 256

GlobMatcher: TypeAlias = "Callable[[str], bool]"


@dataclass(frozen=True, slots=True)
class GlobFault:
    """Why a pattern is malformed.

    Attributes:
        reason: one sentence.
        offset: where in the pattern, in characters from 0.
    """

    reason: str
    offset: int


class _Wild(Enum):
    ONE = "?"
    ANY = "*"


@dataclass(frozen=True, slots=True)
class _Set:
    """One character out of ranges, each from its first to its last character."""

    ranges: tuple[tuple[str, str], ...]

    def holds(self, char: str) -> bool:
        return any(first <= char <= last for first, last in self.ranges)


_Element: TypeAlias = "str | _Set | _Wild"


def compile_glob(pattern: str) -> GlobMatcher | GlobFault:
    """Make a function that says whether a whole string matches, or say what is malformed."""
    elements = _elements(pattern)
    if isinstance(elements, GlobFault):
        return elements
    pieces = _pieces(elements)
    return _automaton(_steps(elements)) if pieces is None else _search(pieces)


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
    """Read the set opened at ``opening``, and where the pattern goes on."""
    ranges: list[tuple[str, str]] = []
    position = opening + 1
    while position < len(pattern):
        if pattern[position] == "]":
            if not ranges:
                return GlobFault("The set [] of the glob is empty", opening)
            return _Set(tuple(ranges)), position + 1
        start = position
        first, position = _member(pattern, position)
        last = first
        if pattern[position : position + 1] == "-" and pattern[position + 1 : position + 2] not in (
            "",
            "]",
        ):
            last, position = _member(pattern, position + 1)
        if last < first:
            return GlobFault(f"The range {first}-{last} of the glob runs backwards", start)
        ranges.append((first, last))
    return GlobFault("The set of the glob that begins here is not closed with ]", opening)


def _member(pattern: str, position: int) -> tuple[str, int]:
    """Read one character of a set; a last lone backslash is found to be unclosed later."""
    if pattern[position] == "\\" and position + 1 < len(pattern):
        position += 1
    return pattern[position], position + 1


def _pieces(elements: Sequence[_Element]) -> list[str] | None:
    """The texts between the stars, or None when there is more than characters and stars."""
    pieces = [""]
    for element in elements:
        if element is _Wild.ANY:
            pieces.append("")
        elif isinstance(element, str):
            pieces[-1] += element
        else:
            return None
    return pieces


def _search(pieces: Sequence[str]) -> GlobMatcher:
    head, *others = pieces
    if not others:
        return lambda text: text == head
    *middle, tail = others
    wanted = [piece for piece in middle if piece]
    if not wanted:
        shortest = len(head) + len(tail)
        return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)

    def run(text: str) -> bool:
        if not (text.startswith(head) and text.endswith(tail)):
            return False
        position, end = len(head), len(text) - len(tail)
        for piece in wanted:
            found = text.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return position <= end

    return run


@dataclass(frozen=True, slots=True)
class _Steps:
    """Which elements take which characters, as bits; bit i is the element i, without stars.

    Attributes:
        anything: the elements that take every character.
        letters: by character, the elements that are that character.
        sets: each set, with its bit.
        stars: the elements that have a star before them.
        accepted: the bit after the last element.
    """

    anything: int
    letters: dict[str, int]
    sets: tuple[tuple[_Set, int], ...]
    stars: int
    accepted: int

    def taking(self, char: str) -> int:
        mask = self.anything | self.letters.get(char, 0)
        for members, bit in self.sets:
            if members.holds(char):
                mask |= bit
        return mask


def _steps(elements: Sequence[_Element]) -> _Steps:
    anything = stars = 0
    letters: dict[str, int] = {}
    sets: list[tuple[_Set, int]] = []
    bit = 1
    for element in elements:
        if element is _Wild.ANY:
            stars |= bit
            continue
        if isinstance(element, str):
            letters[element] = letters.get(element, 0) | bit
        elif isinstance(element, _Set):
            sets.append((element, bit))
        else:
            anything |= bit
        bit <<= 1
    return _Steps(anything, letters, tuple(sets), stars, bit)


def _automaton(steps: _Steps) -> GlobMatcher:
    """Bit i of a state says: the elements before i have matched what was read so far."""
    stars, accepted = steps.stars, steps.accepted
    masks: dict[str, int] = {}

    def run(text: str) -> bool:
        states = 1
        for char in text:
            mask = masks.get(char)
            if mask is None:
                mask = steps.taking(char)
                if len(masks) < _REMEMBERED_CHARACTERS:
                    masks[char] = mask
            states = ((states & mask) << 1) | (states & stars)
            if not states:
                return False
        return bool(states & accepted)

    return run
