"""Texts of a pattern: written part by part, or found by Hypothesis, and tried by the validator."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.json_types import JsonObject
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.patterns import character_row, to_python, write_text
from mockseg.strategies.classes import Values, classed, unclassed

# How many texts of a pattern are tried before it counts as impossible, and how often parts repeat.
_TRIES: Final = 200
_ABOVE: Final = 4


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
    schema: JsonObject = {"pattern": pattern, "minLength": least}
    if most is not None:
        schema["maxLength"] = most
    is_valid = compile_schema(schema).is_valid
    above = max(_ABOVE, least)
    written: SearchStrategy[Any] = _written(pattern, above).filter(is_valid)
    below = Random(pattern).randrange  # noqa: S311  (not for secrets)
    texts = (write_text(pattern, below, above=above) for _ in range(_TRIES))
    possible = any(text is not None and is_valid(text) for text in texts)
    expression = None if least or most is not None else to_python(pattern)
    if expression is None:
        return unclassed(written) if possible else None
    # Python's engine and the validator's differ in what an edge of a word is.
    found = st.from_regex(expression).filter(is_valid)
    return unclassed(st.one_of(written, found) if possible else found)


@st.composite
def _written(draw: DrawFn, pattern: str, above: int) -> str | None:
    return write_text(pattern, lambda count: draw(_up_to(count)), above=above)


@lru_cache(maxsize=1024)
def _up_to(count: int) -> SearchStrategy[int]:
    return st.integers(0, count - 1)
