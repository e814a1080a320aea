"""What requests authenticate with: how a key is read, and how a secret is shown."""

from __future__ import annotations

import base64
from functools import lru_cache

__all__ = ["REDACTED", "basic_credentials", "key_of", "shown_header"]

REDACTED = "[redacted]"
_SECRET = frozenset(
    {
        "cookie",
        "proxy-authorization",
        "ug-api-key",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
    }
)


def shown_header(name: str, value: str) -> str:
    """Give a header's value as it is kept and shown: secrets redacted, write keys visible.

    Basic carries a key as its user name, which says whose a request is; a password, and
    what comes by any other scheme, is nobody else's business.
    """
    lower = name.lower()
    if lower in _SECRET and value:
        return REDACTED
    if lower != "authorization":
        return value
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic":
        return f"{scheme} {REDACTED}" if rest else REDACTED
    if not basic_credentials(rest)[1]:
        return value
    return f"{scheme} {base64.b64encode(key_of(value).encode() + b':').decode()} {REDACTED}"


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
    return basic_credentials(rest)[0]


def basic_credentials(encoded: str) -> tuple[str, str]:
    """Read user name and password of Basic; both empty when it is not base64 of text."""
    try:
        text = base64.b64decode(encoded.strip() + "==", validate=False).decode()
    except ValueError:
        # No base64, no UTF-8, or not even ASCII.
        return "", ""
    user, _, password = text.partition(":")
    return user, password


def _clean(text: str) -> str:
    """Replace what a header had that is no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
