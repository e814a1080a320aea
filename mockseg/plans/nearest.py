"""The name that somebody probably meant."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

__all__ = ["nearest"]

# Names in real plans are far shorter; the comparison takes quadratic time.
_LONGEST: Final = 200
_ALIKE: Final = 0.6
_SEPARATORS: Final = str.maketrans("", "", " _-.")


def nearest(name: str, names: tuple[str, ...]) -> str | None:
    """Give the name most like this one, or None if none is alike.

    Differences of case and of ``_``, ``-`` and blanks count little.
    """
    if len(name) > _LONGEST:
        return None
    return _nearest(name, names)


@lru_cache(maxsize=512)
def _nearest(name: str, names: tuple[str, ...]) -> str | None:
    wanted = _plain(name)
    matcher: SequenceMatcher[str] = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    best: tuple[float, str] | None = None
    for candidate in names:
        if candidate == name or len(candidate) > _LONGEST:
            continue
        plain = _plain(candidate)
        if plain == wanted:
            return candidate
        matcher.set_seq1(plain)
        least = _ALIKE if best is None else best[0]
        if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
            continue
        ratio = matcher.ratio()
        if ratio >= _ALIKE and (best is None or ratio > best[0]):
            best = (ratio, candidate)
    return None if best is None else best[1]


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)
