"""Which of many is the largest, kept up to date at each change in constant time."""

from __future__ import annotations

__all__ = ["Sizes"]


class Sizes:
    """Sizes by name, and the name of a largest one.

    Names of equal size stand together; so the largest is found without looking at all.
    """

    __slots__ = ("_alike", "_largest", "_sizes")

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._alike: dict[int, dict[str, None]] = {}
        self._largest = 0

    def add(self, name: str, change: int) -> None:
        """Let a size grow, or shrink when change is negative; at 0 the name is gone."""
        old = self._sizes.pop(name, 0)
        new = old + change
        if old:
            names = self._alike[old]
            del names[name]
            if not names:
                del self._alike[old]
        if new > 0:
            self._sizes[name] = new
            self._alike.setdefault(new, {})[name] = None
        if new > self._largest:
            self._largest = new
        elif self._largest not in self._alike:
            # A step down by one is the common case: an eviction.
            below = self._largest - 1
            self._largest = below if below in self._alike else max(self._alike, default=0)

    def of(self, name: str) -> int:
        """Give the size of a name, 0 for an unknown one."""
        return self._sizes.get(name, 0)

    def largest(self) -> str:
        """Name a largest one; of equal ones the one that reached the size first."""
        return next(iter(self._alike[self._largest]))
