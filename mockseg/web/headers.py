"""Request headers as they are kept: shared between requests, secrets redacted."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from mockseg.domain.request import Headers

__all__ = ["HeaderStore", "key_of"]

_Raw: TypeAlias = tuple[tuple[bytes, bytes], ...]

_SECRET = frozenset(
    {b"cookie", b"proxy-authorization", b"x-api-key", b"x-auth-token", b"x-amz-security-token"}
)
_REDACTED = "[redacted]"
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
    text = value.decode("utf-8", "replace")
    lower = name.lower()
    if lower in _SECRET and text:
        text = _REDACTED
    elif lower == b"authorization":
        scheme, _, rest = text.partition(" ")
        # Basic carries the write key, which names the source and is no secret here.
        if scheme.lower() != "basic":
            text = f"{scheme} {_REDACTED}" if rest else _REDACTED
        elif _user_and_password(rest)[1]:
            text = f"{scheme} {base64.b64encode(key_of(text).encode() + b':').decode()} {_REDACTED}"
    return name.decode("utf-8", "replace"), text


@lru_cache(maxsize=1024)
def key_of(authorization: str) -> str:
    """Give the write key of an Authorization header, empty when it has none.

    Source: the HTTP API page: Basic with the key as user name, the colon may be missing;
    a Bearer names the source where the body does not.
    """
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return _clean(rest.strip())
    if scheme.lower() != "basic":
        return ""
    return _user_and_password(rest)[0]


def _user_and_password(rest: str) -> tuple[str, str]:
    """Read what Basic carries; both empty when it is not base64 of text."""
    try:
        text = base64.b64decode(rest.strip() + "==", validate=False).decode()
    except ValueError:
        # No base64, no UTF-8, or not even ASCII.
        return "", ""
    user, _, password = text.partition(":")
    return user, password


def _clean(text: str) -> str:
    """Replace what a header had that is no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
