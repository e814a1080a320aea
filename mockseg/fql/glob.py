r"""Globs: the patterns of ``match(s, pattern)``.

Source: the table of globs in Segment's ``api/public-api/fql.md``. The whole string must
match, case matters. ``*`` is any characters, ``?`` one character, ``[abc]`` and ``[a-z]``
one of a set, ``\x`` the character x itself, inside a set too. Ours, where the page is silent:

- ``*`` and ``?`` match every character, ``/`` and line ends too.
- A set has no negation: ``!`` and ``^`` in it are characters. A ``-`` that has not a
  character on both sides is a character. A ``]`` outside a set is a character.
- A set that is not closed, is empty or has a range that runs backwards is malformed,
  and so is a pattern that ends in a lone ``\``.

Time is linear for hostile patterns, too: a pattern runs as a set of states held in the bits of
one integer, one step per character of the string. Nothing ever backtracks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

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
    """Return a function that says whether a whole string matches, or what is malformed."""
    elements = _elements(pattern)
    return elements if isinstance(elements, GlobFault) else _automaton(_bits(elements))


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


class _Bits(NamedTuple):
    """Which elements match what, as bits; bit i is the element i, without stars.

    Attributes:
        anything: the elements that match any character.
        letters: by character, the elements that are that character.
        sets: each set, with its bit.
        stars: the elements that have a star before them.
        accepted: the bit after the last element.
    """

    anything: int
    letters: dict[str, int]
    sets: list[tuple[_Set, int]]
    stars: int
    accepted: int


def _bits(elements: Sequence[_Element]) -> _Bits:
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
    return _Bits(anything, letters, sets, stars, bit)


def _automaton(bits: _Bits) -> GlobMatcher:
    """Return the matcher; bit i of a state: the elements before i match what was read so far."""
    anything, letters, sets, stars, accepted = bits
    masks: dict[str, int] = {}

    def mask_of(char: str) -> int:
        mask = anything | letters.get(char, 0)
        for members, place in sets:
            mask |= place if members.holds(char) else 0
        if len(masks) < _REMEMBERED_CHARACTERS:
            masks[char] = mask
        return mask

    def run(text: str) -> bool:
        states = 1
        for char in text:
            mask = masks.get(char)
            if mask is None:
                mask = mask_of(char)
            states = ((states & mask) << 1) | (states & stars)
            if not states:
                return False
        return bool(states & accepted)

    return run
