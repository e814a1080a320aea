"""Strings that must pass a test: those of patterns, and those of which several things are said.

Some are known to pass. Others are drawn, and where none of a few passes, a known one is taken.
So nothing is filtered, and the known ones are classes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.schemas.patterns import character_row, to_python, write_text
from mockseg.schemas.texts import known_matches, pattern_test
from mockseg.strategies.classes import Values, classed

# How many are drawn before a known one is taken, and how often parts of a pattern repeat.
_TRIES: Final = 4
_ABOVE: Final = 4
_BOOLEANS: Final = st.booleans()


def patterned(pattern: str, least: int, most: int | None) -> Values | None:
    """Return texts that match a pattern, None where none was found.

    Args:
        pattern: in RE2.
        least: minimum length, characters.
        most: maximum length, or None.
    """
    # Class by class where a pattern is a row of them, which is fast and shrinks well.
    row = character_row(pattern, least, most)
    if row is not None:
        row = [part for part in row if part[2]]
        parts = [st.text(chars, min_size=low, max_size=high) for chars, low, high in row]
        drawn = parts[0] if len(parts) == 1 else st.tuples(*parts).map("".join)
        shortest = tuple(chars[0] * low for chars, low, _ in row)
        longest = tuple(chars[-1] * high for chars, _, high in row)
        return classed(drawn, list(dict.fromkeys((shortest, longest))))
    known = known_matches(pattern, least, most)
    if not known:
        return None
    texts = [_written(pattern, max(_ABOVE, least))]
    # Python's engine finds what may stand around a match, too.
    if (expression := to_python(pattern)) is not None:
        texts.append(st.from_regex(expression))
    return passing(st.one_of(texts), pattern_test(pattern, least, most), known)


def passing(
    strategy: SearchStrategy[Any], test: Callable[[Any], bool], known: Sequence[Any]
) -> Values:
    """Return those values that pass a test.

    Args:
        strategy: draws values, of which some pass.
        test: what they must pass.
        known: at least one that does, the simplest first.
    """
    scripts = [(False, index) for index in range(len(known))] if len(known) > 1 else [(False,)]
    return classed(_passing(strategy, test, st.sampled_from(known)), scripts, count=2)


@st.composite
def _passing(
    draw: DrawFn,
    strategy: SearchStrategy[Any],
    test: Callable[[Any], bool],
    known: SearchStrategy[Any],
) -> Any:
    if draw(_BOOLEANS):
        for _ in range(_TRIES):
            found = draw(strategy)
            if test(found):
                return found
    return draw(known)


@st.composite
def _written(draw: DrawFn, pattern: str, above: int) -> str | None:
    return write_text(pattern, lambda count: draw(_up_to(count)), above=above)


@lru_cache(maxsize=1024)
def _up_to(count: int) -> SearchStrategy[int]:
    return st.integers(0, count - 1)
