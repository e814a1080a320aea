"""Strings of which several things are said at once: whether one satisfies all, whether any does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from mockseg.json_types import Json
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.formats import MOMENT
from mockseg.schemas.patterns import write_text
from mockseg.schemas.shapes import Shape

# How many strings of a pattern are tried against the others, and how often their parts repeat.
_TRIES: Final = 500
_ABOVE: Final = 4
# Strings of which some are outside of every pattern that makes sense as one to be avoided.
_USUAL: Final = ("", "a", "A", "7", "a b", "-", "\u00e9", "a-1_B@c.d")


def text_test(shape: Shape, formats: list[str]) -> Callable[[Any], bool]:
    """Return whether a string satisfies all patterns, formats and lengths of a shape."""
    least, most = shape.length.size
    schemas: list[Json] = [
        {"minLength": least} if most is None else {"minLength": least, "maxLength": most},
        *({"pattern": pattern} for pattern in shape.patterns),
        *({"format": kind} for kind in formats if kind != MOMENT),
        *({"not": {"pattern": pattern}} for pattern in shape.avoided),
    ]
    is_valid = compile_schema({"allOf": schemas}).is_valid

    def test(text: Any) -> bool:
        try:
            return is_valid(text)
        except ValueError:
            # A lone surrogate, which no validator judges: rather not.
            return False

    return test


def passes(shape: Shape, test: Callable[[Any], bool]) -> bool:
    """Return whether some string passes, so that drawing comes to an end."""
    least, most = shape.length.size
    if shape.formats:
        return True
    if not shape.patterns:
        return any(test(text.ljust(least, "x")[:most]) for text in _USUAL)
    below = Random(shape.patterns[0]).randrange  # noqa: S311  (not for secrets)
    above = max(_ABOVE, least)
    return any(test(write_text(shape.patterns[0], below, above=above)) for _ in range(_TRIES))
