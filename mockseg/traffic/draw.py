"""Drawing that is the same on every machine and every supported Python.

Python promises for one seed the same ``random()`` in all versions, and nothing of the
sort for ``choice``, ``shuffle`` and their like; a logarithm may differ in its last bit
between machines. So everything is made of ``random()``, multiplication and whole numbers.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["EXPONENTIAL", "Draw", "Weighted"]

_T = TypeVar("_T")
_STEPS: Final = 64
_LARGEST_TABLE: Final = 4096


def _exponential() -> tuple[int, ...]:
    """Give quantiles of the exponential distribution of mean 1, in thousandths.

    They are the expected order statistics, sums of 1/n, which need no logarithm.
    """
    shares = (1000 / (_STEPS - step) for step in range(_STEPS))
    return tuple(round(total) for total in accumulate(shares))


# How long people think, beside the mean of 1000: mostly short, sometimes long.
EXPONENTIAL: Final = _exponential()


class Draw:
    """A seeded stream of draws.

    Attributes:
        random: gives the next number from 0 up to, but not including, 1.
    """

    __slots__ = ("random",)

    def __init__(self, *seed: object) -> None:
        """Begin a stream; other words give a stream that has nothing to do with this one."""
        # A text is seeded through SHA-512, a tuple would be through `hash`.
        self.random: Callable[[], float] = random.Random("/".join(map(str, seed))).random  # noqa: S311 - not for secrets

    def below(self, count: int) -> int:
        """Give a whole number from 0 to count - 1."""
        return int(self.random() * count)

    def pick(self, items: Sequence[_T]) -> _T:
        """Give one of them, all equally likely."""
        return items[int(self.random() * len(items))]

    def hexadecimal(self, digits: int) -> str:
        """Give so many hexadecimal digits."""
        text = ""
        while len(text) < digits:
            # Ten digits are well within the bits of one draw.
            text += f"{int(self.random() * (1 << 40)):010x}"
        return text[:digits]

    def uuid(self) -> str:
        """Give what looks like a random UUID (version 4)."""
        text = self.hexadecimal(30)
        return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-a{text[15:18]}-{text[18:30]}"


class Weighted(Generic[_T]):
    """Things to choose from, some likelier than others.

    Args:
        pairs: each thing with its weight, a whole number of 0 or more; one at least above 0.
    """

    __slots__ = ("_bounds", "_items", "_table", "_total")

    def __init__(self, pairs: Iterable[tuple[_T, int]]) -> None:
        kept = [(item, weight) for item, weight in pairs if weight > 0]
        self._items = [item for item, _ in kept]
        self._bounds = list(accumulate(weight for _, weight in kept))
        self._total = self._bounds[-1]
        repeated = self._total <= _LARGEST_TABLE
        # Each thing as often as it weighs: chosen from without a search.
        self._table = [item for item, weight in kept for _ in range(weight)] if repeated else []

    def pick(self, random: Callable[[], float]) -> _T:
        """Give one of them, with the next number of a stream."""
        if self._table:
            return self._table[int(random() * self._total)]
        return self._items[bisect_right(self._bounds, int(random() * self._total))]
