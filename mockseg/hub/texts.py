"""Equal texts as one string: event names and user ids come over and over."""

from __future__ import annotations

__all__ = ["SharedTexts"]

# Longer texts are rare, and too many of them would be too much to hold.
_LONGEST = 512


class SharedTexts:
    """Gives equal texts the same string. Forgets all when there are too many kinds.

    Args:
        most: how many kinds of text are held.
    """

    __slots__ = ("_most", "_texts")

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._texts: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Give the string that stands for this text."""
        if len(text) > _LONGEST:
            return text
        texts = self._texts
        if len(texts) >= self._most:
            texts.clear()
        return texts.setdefault(text, text)
