"""Who is busy and who is free, and what each has done: a few bytes for everybody."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Crowd"]


class Crowd:
    """The people of one share.

    Args:
        users: how many.
        share: which share of all people; each has its own numbers.
    """

    __slots__ = ("_counts", "_free", "_identified", "first")

    def __init__(self, users: int, *, share: int) -> None:
        self.first = users * share
        self._free = array("l", range(users))
        self._counts = array("l", bytes(array("l").itemsize * users))
        self._identified = bytearray(users)

    @property
    def all_busy(self) -> bool:
        """Tell whether nobody is free."""
        return not self._free

    def take(self, random: Callable[[], float]) -> int:
        """Give the number of somebody who is free, and is busy from now on."""
        free = self._free
        place = int(random() * len(free))
        number = free[place]
        free[place] = free[-1]
        free.pop()
        return self.first + number

    def done_by(self, number: int) -> int:
        """Give how many calls somebody has made."""
        return self._counts[number - self.first]

    def is_identified(self, number: int) -> bool:
        """Tell whether somebody is a user already."""
        return bool(self._identified[number - self.first])

    def release(self, number: int, *, done: int, identified: bool) -> None:
        """Say that somebody is free again, and what became of them."""
        place = number - self.first
        self._counts[place] = done
        self._identified[place] = identified
        self._free.append(place)
