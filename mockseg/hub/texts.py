"""Equal texts as one string: event names and user ids come over and over."""

from __future__ import annotations

# Longer texts are rare, and too many of them would be too much to hold.
_LONGEST = 512


class SharedTexts:
    """Gives equal texts the same string. Forgets all when there are too many kinds.

    Args:
        most: how many kinds of text are held.

    Attributes:
        held: the string for each text that is held; to ask first, where every call asks.
    """

    __slots__ = ("_most", "held")

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self.held: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Give the string that stands for this text."""
        if len(text) > _LONGEST:
            return text
        if len(self.held) >= self._most:
            self.held.clear()
        return self.held.setdefault(text, text)
