"""Strings and numbers of a shape."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil, floor, nextafter
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from mockseg.json_types import canonical
from mockseg.plans.formats import ASSERTED
from mockseg.strategies.keywords import refuse
from mockseg.strategies.pattern_text import pattern_text
from mockseg.strategies.texts import MOMENT

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from mockseg.json_types import Json
    from mockseg.strategies.palette import Palette
    from mockseg.strategies.shapes import Shape

__all__ = ["identity", "numbers", "strings", "without"]

_MOST_FACTOR: Final = 10**9


def strings(
    shape: Shape, palette: Palette, *, name: str, file: str, place: str
) -> SearchStrategy[str]:
    """Give the strings of a shape.

    Raises:
        PlanError: such strings cannot be constructed.
    """
    least, most = shape.length.size
    formats = [each for each in shape.formats if each in ASSERTED or each == MOMENT]
    if len(formats) + len(shape.patterns) > 1:
        refuse(
            "strings of several patterns or formats at once cannot be constructed; allowed is "
            "one of them",
            file=file,
            place=place,
        )
    if formats:
        found = palette.formatted(formats[0], name, least, most)
        told = f'the format "{formats[0]}"'
    elif shape.patterns:
        found = pattern_text(shape.patterns[0], least, most)
        told = f'the pattern "{shape.patterns[0][:80]}"'
    else:
        return palette.text(name, least, most)
    if found is None:
        upper = "or more" if most is None else f"to {most}"
        refuse(
            f"strings of {told} with {least} {upper} characters cannot be constructed; allowed "
            "are lengths that it has by itself",
            file=file,
            place=place,
        )
    return found


def numbers(shape: Shape, palette: Palette) -> SearchStrategy[Any] | None:
    """Give the numbers of a shape, or None if there are none."""
    least, most = shape.number.whole()
    if shape.factors:
        return _multiples(shape, palette)
    wholes = None if least is not None and most is not None and least > most else True
    whole = palette.whole(least, most) if wholes else None
    if shape.whole:
        return whole
    bounds = shape.number
    low, high = _inner(bounds.least, up=True), _inner(bounds.most, up=False)
    above = bounds.above and low == bounds.least
    below = bounds.below and high == bounds.most
    if low is not None and high is not None:
        first = nextafter(low, float("inf")) if above else low
        last = nextafter(high, float("-inf")) if below else high
        if first > last:
            return whole
    fraction = palette.fraction(low, high, above=above, below=below)
    return fraction if whole is None else st.one_of(whole, fraction)


def _inner(limit: Json, *, up: bool) -> float | None:
    """Give the nearest double that is not outside of a limit."""
    if limit is None:
        return None
    try:
        number = float(limit)
    except OverflowError:
        return None
    if up and number < limit:
        return nextafter(number, float("inf"))
    if not up and number > limit:
        return nextafter(number, float("-inf"))
    return number


def _multiples(shape: Shape, palette: Palette) -> SearchStrategy[Any] | None:
    """Give multiples, as decimal numbers that are written without loss."""
    factor = shape.factors[0]
    if shape.whole:
        factor = _least_common(factor, Fraction(1))
    for other in shape.factors[1:]:
        factor = _least_common(factor, other)
    bounds = shape.number
    least = most = None
    if bounds.least is not None:
        share = Fraction(str(bounds.least)) / factor
        least = ceil(share) + (bounds.above and share.denominator == 1)
    if bounds.most is not None:
        share = Fraction(str(bounds.most)) / factor
        most = floor(share) - (bounds.below and share.denominator == 1)
    low = -_MOST_FACTOR if least is None else least
    high = _MOST_FACTOR if most is None else most
    if low > high and (least is None or most is None):
        low, high = (low, low + _MOST_FACTOR) if most is None else (high - _MOST_FACTOR, high)
    if low > high:
        return None

    def times(count: int) -> int | float:
        product = count * factor
        return int(product) if product.denominator == 1 else float(product)

    return palette.whole(low, high).map(times)


def _least_common(one: Fraction, two: Fraction) -> Fraction:
    shared = one.denominator * two.denominator
    first, second = one * shared, two * shared
    a, b = int(first), int(second)
    c = a
    while c % b:
        c += a
    return Fraction(c, shared)


def identity(value: Json) -> bytes:
    """Give what equal values share; unlike canonical JSON of lone surrogates too."""
    try:
        return canonical(value)
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=True).encode()


def without(strategy: SearchStrategy[Any], denied: set[bytes]) -> SearchStrategy[Any]:
    """Turn the few values that are denied into others of their type."""

    def other(value: Any) -> Any:
        while identity(value) in denied:
            value = value + "_" if isinstance(value, str) else value + 1
        return value

    return strategy.map(other)
