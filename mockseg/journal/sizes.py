"""Which of many is the largest, kept up to date at each change in constant time."""

from __future__ import annotations


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
        sizes, alike = self._sizes, self._alike
        old = sizes.get(name, 0)
        new = old + change
        if old:
            names = alike[old]
            del names[name]
            if not names:
                del alike[old]
        if new > 0:
            sizes[name] = new
            if new in alike:
                alike[new][name] = None
            else:
                alike[new] = {name: None}
        else:
            sizes.pop(name, None)
        if new > self._largest:
            self._largest = new
        elif self._largest not in alike:
            # An eviction leaves the name where it is or near it; only a clear needs a search.
            near = range(self._largest - 1, new - 1, -1) if new and -change < len(alike) else ()
            self._largest = next((size for size in near if size in alike), 0) or max(
                alike, default=0
            )

    def of(self, name: str) -> int:
        """Return the size of a name, 0 for an unknown one."""
        return self._sizes.get(name, 0)

    def largest(self) -> str:
        """Name a largest one; of equal ones the one that reached the size first."""
        return next(iter(self._alike[self._largest]))

    def lead(self, most: int) -> int:
        """Return by how much, up to `most`, the largest one can shrink and still be named first.

        That is until its size is another's; the last step may make them equal.
        """
        if len(self._sizes) == 1:
            return most
        if len(self._alike[self._largest]) > 1:
            return 1
        below = (self._largest - step for step in range(1, most))
        return next((self._largest - size for size in below if size in self._alike), most)
