"""Request headers as they are kept: shared between requests, secrets redacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mockseg.domain.credentials import shown_header

if TYPE_CHECKING:
    from mockseg.domain.request import Headers


_Raw: TypeAlias = tuple[tuple[bytes, bytes], ...]

# Clients send the same headers over and over; more kinds than this are few clients no more.
_MOST = 1000


class HeaderStore:
    """Gives equal headers the same tuple, so that a hundred thousand requests share a few."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[_Raw, Headers] = {}

    def keep(self, raw: _Raw) -> Headers:
        """Give headers as they are kept; the length's value stays empty, it differs each time."""
        alike = tuple([(n, b"" if n in _LENGTHS else v) for n, v in raw])
        kept = self._kept.get(alike)
        if kept is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            kept = self._kept[alike] = tuple(_shown(name, value) for name, value in alike)
        return kept


_LENGTHS = frozenset({b"Content-Length", b"content-length"})


def _shown(name: bytes, value: bytes) -> tuple[str, str]:
    text = name.decode("utf-8", "replace")
    return text, shown_header(text, value.decode("utf-8", "replace"))
