"""Strings of which several things are said at once: which ones satisfy all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any, Final

from mockseg.json_types import Json
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.formats import MOMENT, format_text
from mockseg.schemas.patterns import write_text
from mockseg.schemas.shapes import Shape

# How many strings of a pattern or format are tried, and how often parts of a pattern repeat.
_TRIES: Final = 200
_ABOVE: Final = 4
_MOST_KNOWN: Final = 8
# Strings of which some are outside of every pattern that makes sense as one to be avoided.
_USUAL: Final = ("", "a", "A", "7", "a b", "-", "\u00e9", "a-1_B@c.d")


def text_test(shape: Shape, formats: list[str]) -> Callable[[Any], bool]:
    """Return whether a string satisfies all patterns, formats and lengths of a shape."""
    least, most = shape.length.size
    schemas: list[Json] = [
        {"minLength": least} if most is None else {"minLength": least, "maxLength": most},
        *({"pattern": pattern} for pattern in shape.patterns),
        *({"format": kind} for kind in formats if kind != MOMENT),
        *({"not": avoided} for avoided in shape.avoided),
    ]
    return _without_surrogates(compile_schema({"allOf": schemas}).is_valid)


def pattern_test(pattern: str, least: int, most: int | None) -> Callable[[Any], bool]:
    """Return whether a string matches a pattern within a length."""
    length: Json = {"minLength": least} if most is None else {"minLength": least, "maxLength": most}
    return _without_surrogates(compile_schema({"allOf": [{"pattern": pattern}, length]}).is_valid)


def _without_surrogates(is_valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def test(text: Any) -> bool:
        try:
            return is_valid(text)
        except ValueError:
            # A lone surrogate, which no validator judges: rather not.
            return False

    return test


def known_texts(shape: Shape, formats: list[str], test: Callable[[Any], bool]) -> list[str]:
    """Return a few strings of a shape that pass a test, the shortest first; empty if none is found.

    Args:
        shape: what is said of the strings.
        formats: those of its formats that count.
        test: such as :func:`text_test` returns.
    """
    least, most = shape.length.size
    tried: list[Iterable[str]] = [_of_format(kind, least, most) for kind in formats]
    tried += [texts_of(pattern, least) for pattern in shape.patterns]
    tried.append(text.ljust(least, "x")[:most] for text in _USUAL)
    return _passing(tried, test)


def known_matches(pattern: str, least: int, most: int | None) -> list[str]:
    """Return a few strings that match a pattern, the shortest first; empty if none is found."""
    return _passing([texts_of(pattern, least)], pattern_test(pattern, least, most))


def texts_of(pattern: str, least: int) -> Iterator[str]:
    """Yield strings that a pattern describes, always the same ones; some may not match it."""
    below = Random(pattern).randrange  # noqa: S311  (not for secrets)
    for _ in range(_TRIES):
        text = write_text(pattern, below, above=max(_ABOVE, least))
        if text is None:
            return
        yield text


def _of_format(kind: str, least: int, most: int | None) -> Iterator[str]:
    coded = format_text(kind, least, most)
    if coded is not None:
        code = Random(kind).randbytes  # noqa: S311  (not for secrets)
        yield from (coded.read(code(coded.size)) for _ in range(_TRIES))


def _passing(tried: Iterable[Iterable[str]], test: Callable[[Any], bool]) -> list[str]:
    found = (text for texts in tried for text in dict.fromkeys(texts) if test(text))
    return sorted(set(islice(found, _MOST_KNOWN)), key=lambda text: (len(text), text))
