"""Finding the source of a request whose write key is where Segment does not look for it.

Such a key authenticates nothing. It only says in which source the request is filed, so that
a request with a wrong path, or with a body that is cut off, is found there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from mockseg import json_types
from mockseg.domain.reading import key_of_items, read_batch
from mockseg.errors import MalformedJsonError

if TYPE_CHECKING:
    from collections.abc import Iterable


# "writeKey":"..." anywhere in a text that need not be JSON, in any spelling of the name.
_MEMBER = re.compile(rb'"write_?key"\s{0,100}:\s{0,100}("(?:[^"\\]|\\.){1,1000}")', re.IGNORECASE)
_NAMES = frozenset({"writekey", "write_key"})


def key_of_refused(*, header_key: str, path: str, query: str, body: bytes) -> str:
    """Return the write key of a request that is refused before its messages are read.

    Args:
        header_key: from the Authorization header, or empty.
        path: as sent.
        query: as sent.
        body: inflated.
    """
    read = read_batch(body)
    key = read.key or header_key or key_of_items(read.items)
    return key or stray_key(path=path, query=query, body=body)


def stray_key(*, path: str, query: str, body: bytes) -> str:
    """Return a write key from the query, the path or anywhere in the body, or empty."""
    return _key_in_query(query) or key_in_path(path) or key_in_text(body)


def key_in_path(path: str) -> str:
    """Return the write key of ``/v1/projects/KEY/…`` or ``/analytics.js/v1/KEY/…``, or empty."""
    parts = [unquote(part) for part in path.split("/") if part]
    for place, part in enumerate(parts[:-1]):
        if part.lower() == "projects":
            following = parts[place + 1]
            return "" if following.lower() == "settings" and place + 2 == len(parts) else following
        if part.lower() == "analytics.js" and parts[place + 1].lower() == "v1":
            return parts[place + 2] if len(parts) > place + 2 else ""
    return ""


def key_in_text(body: bytes) -> str:
    """Return the first ``"writeKey":"…"`` of a body that may be cut off, or no JSON at all."""
    for member in _MEMBER.finditer(body):
        try:
            key = json_types.decode_leniently(member[1])
        except MalformedJsonError:
            continue
        if isinstance(key, str) and key:
            return key
    return _first_key(parse_qsl(body[:10_000].decode("utf-8", "replace"))) if b"=" in body else ""


def _key_in_query(query: str) -> str:
    return _first_key(parse_qsl(query)) if query else ""


def _first_key(pairs: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in pairs if name.lower() in _NAMES), "")
