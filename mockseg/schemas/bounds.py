"""Limits of numbers and of sizes."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor
from typing import NamedTuple

from mockseg.json_types import Json, JsonObject


class Bounds(NamedTuple):
    """Limits of a number or of a size; None means unlimited.

    Attributes:
        least, most: the limits.
        above, below: whether the limit itself is excluded.
    """

    least: Json = None
    most: Json = None
    above: bool = False
    below: bool = False

    def whole(self) -> tuple[int | None, int | None]:
        """Return the limits for whole numbers, both included."""
        least = most = None
        if self.least is not None:
            least = ceil(self.least) + (self.above and ceil(self.least) == self.least)
        if self.most is not None:
            most = floor(self.most) - (self.below and floor(self.most) == self.most)
        return least, most

    @property
    def size(self) -> tuple[int, int | None]:
        least, most = self.whole()
        return max(0, least or 0), most

    def is_empty(self) -> bool:
        if self.least is None or self.most is None:
            return False
        return bool(
            self.least > self.most or (self.least == self.most and (self.above or self.below))
        )


def bounds_of(
    parts: Iterable[JsonObject], lower: str, upper: str, above: str, below: str
) -> Bounds:
    lows = [(p[key], key == above) for p in parts for key in (lower, above) if key in p]
    highs = [(p[key], key == below) for p in parts for key in (upper, below) if key in p]
    least, excluded = max(lows, default=(None, False))
    most, not_below = min(((high, not out) for high, out in highs), default=(None, True))
    return Bounds(least, most, above=excluded, below=not not_below)
