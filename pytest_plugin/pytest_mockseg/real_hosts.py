"""The hosts of the real Segment, and finding them in what Python is about to do."""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


# Segment's own (facts: endpoints): tracking, CDN, mobile, OAuth, profiles, objects; US and EU.
_HOSTS = frozenset(
    {
        "api.segment.io",
        "api.segment.com",
        "cdn.segment.com",
        "cdn.segment.io",
        "cdn-settings.segment.com",
        "mobile-service.segment.com",
        "oauth2.segment.io",
        "profiles.segment.com",
        "profiles.euw1.segment.com",
        "objects.segment.com",
        "objects.euw1.segment.com",
        "webhook-e2e.segment.com",
    }
)
# events.eu1..., oauth2.eu1..., in.eu2..., api., eu1.api., fn., objects-bulk-api.
_DOMAIN = "segmentapis.com"
# Method of SSLContext -> the position of its argument `server_hostname`, after the context.
_WRAPPING = {"wrap_socket": 4, "wrap_bio": 3}


def segment_host(target: object) -> str | None:
    """Return the name when it, or the address with it, is one of Segment's hosts."""
    if isinstance(target, tuple) and target:
        target = target[0]
    if isinstance(target, bytes | bytearray):
        target = bytes(target).decode("ascii", "replace")
    if not isinstance(target, str):
        return None
    host = target.rstrip(".").lower()
    if host in _HOSTS or host == _DOMAIN or host.endswith(f".{_DOMAIN}"):
        return host
    return None


def host_in_request(data: object) -> str | None:
    """Return Segment's host that a request asks a proxy for.

    Args:
        data: what is sent; the head of a request begins with ``CONNECT host:443`` or
            ``POST http://host/``.
    """
    if not isinstance(data, bytes | bytearray):
        return None
    line = bytes(data[:300]).split(b"\r\n", 1)[0].decode("latin-1")
    method, _, rest = line.partition(" ")
    target = rest.partition(" ")[0]
    if method == "CONNECT":
        return segment_host(target.rpartition(":")[0])
    if "://" not in target:
        return None
    try:
        return segment_host(urlsplit(target).hostname)
    except ValueError:
        return None


def watch_server_names(refuse: Callable[[str | None], None]) -> Callable[[], None]:
    """Look at the server name of every TLS connection before it is made.

    That is how a name shows that Python did not resolve itself: aiohttp with aiodns, or any
    client behind a proxy.

    Args:
        refuse: is given Segment's host, or None.

    Returns:
        What ends it.
    """
    before: dict[str, Callable[..., Any]] = {}

    def watched(name: str, position: int) -> Callable[..., Any]:
        wrap = before[name] = getattr(ssl.SSLContext, name)

        @functools.wraps(wrap)
        def wrapped(context: ssl.SSLContext, *args: Any, **named: Any) -> Any:
            positional = args[position] if len(args) > position else None
            refuse(segment_host(named.get("server_hostname", positional)))
            return wrap(context, *args, **named)

        return wrapped

    for name, position in _WRAPPING.items():
        setattr(ssl.SSLContext, name, watched(name, position))

    def end() -> None:
        for name, wrap in before.items():
            setattr(ssl.SSLContext, name, wrap)

    return end
