"""What requests authenticate with: how a key is read, and how a secret is shown.

Write keys stay visible: they name the source. All other secrets are replaced before a request
is kept, so no report, page or log can show them.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

REDACTED = "[redacted]"

# Names in lower case without ``-`` and ``_``. A write key is not a secret.
_SECRET_NAMES = frozenset(
    {"auth", "code", "jwt", "key", "passphrase", "passwd", "pw", "pwd", "sid"}
)
_SECRET_ENDINGS = (
    "accesskey",
    "accesskeyid",
    "apikey",
    "assertion",
    "authkey",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "session",
    "sessionid",
    "token",
)
# In a URL a signature opens what it signs. In a header it only proves where the body comes from.
_SIGNATURES = ("sig", "signature")
# A name and its value in a query, a form, or a URL in the middle of a text.
_PAIR = re.compile(r"([?&;#]|^)([^=&;?#\s\"'<>]{1,200})=([^&;#\s\"'<>]+)")
_JSON_TEXT = re.compile(rb'"([^"\\]{1,200})"(\s{0,100}:\s{0,100})"(?:[^"\\]|\\.)*"')
_USER_INFO = re.compile(r"(?<=://)[^/?#@\s]{1,1000}@")


def is_secret(name: str) -> bool:
    """Return whether a header or parameter of this name is a secret: ``api_key``, ``X-Auth-Token``.

    Args:
        name: as it was sent; of a dotted one the last part counts.
    """
    bare = _bare(name)
    return bare in _SECRET_NAMES or bare.endswith(_SECRET_ENDINGS)


def shown_query(query: str) -> str:
    """Return a query string, or a form, with its secrets replaced and all else as it was sent."""
    return _PAIR.sub(_shown_pair, query) if "=" in query else query


def shown_url(url: str) -> str:
    """Return a text with the secrets of all URLs in it replaced: user and password, queries."""
    if "://" in url:
        url = _USER_INFO.sub(f"{REDACTED}@", url)
    return shown_query(url) if "?" in url or "#" in url else url


def shown_form(body: bytes) -> bytes:
    text = body.decode("utf-8", "surrogateescape")
    return shown_query(text).encode("utf-8", "surrogateescape")


def shown_json(body: bytes) -> bytes:
    """Return a JSON text with the texts under secret names replaced."""
    return _JSON_TEXT.sub(_shown_member, body)


def _shown_member(member: re.Match[bytes]) -> bytes:
    name, colon = member[1], member[2]
    if not is_secret(name.decode("utf-8", "replace")):
        return member[0]
    return b'"%b"%b"%b"' % (name, colon, REDACTED.encode())


def _shown_pair(pair: re.Match[str]) -> str:
    before, name, value = pair.groups()
    secret = is_secret(name) or _bare(name).endswith(_SIGNATURES)
    return f"{before}{name}={REDACTED if secret else value}"


def _bare(name: str) -> str:
    last = unquote_plus(name).rpartition(".")[2].strip("[]").lower()
    return last.replace("-", "").replace("_", "")


def shown_header(name: str, value: str) -> str:
    """Return a header's value with its secrets replaced; write keys stay visible.

    Basic carries a write key as its user name. A password, and what comes by any other scheme,
    is replaced.
    """
    if name.lower() != "authorization":
        return REDACTED if value and is_secret(name) else shown_url(value)
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic":
        return f"{scheme} {REDACTED}" if rest else REDACTED
    if not basic_credentials(rest)[1]:
        return value
    return f"{scheme} {base64.b64encode(key_of(value).encode() + b':').decode()} {REDACTED}"


@lru_cache(maxsize=1024)
def key_of(authorization: str) -> str:
    """Return the write key of an Authorization header, empty when it has none.

    Source: the HTTP API page: Basic with the key as user name, the colon may be missing. A Bearer
    is an access token and names no source: SDKs that use OAuth send the key in the body, too.
    """
    # Clients send the same one over and over.
    read = _known_key if len(authorization) <= _LONGEST_KNOWN else _read_key
    return read(authorization)


def _read_key(authorization: str) -> str:
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return ""
    return basic_credentials(rest)[0]


_LONGEST_KNOWN: Final = 200
_known_key = lru_cache(maxsize=1024)(_read_key)


def basic_credentials(encoded: str) -> tuple[str, str]:
    """Return user name and password of Basic; both empty when it is not base64 of text."""
    try:
        text = base64.b64decode(encoded.strip() + "==", validate=False).decode()
    except ValueError:
        # No base64, no UTF-8, or not even ASCII.
        return "", ""
    user, _, password = text.partition(":")
    return user, password
