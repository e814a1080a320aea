"""The address of a client, as Segment's edge writes it into ``context.ip``.

Segment collects no IPv6 address. Which hop of ``X-Forwarded-For`` it takes is not public: the
first is the client by that header's own rules.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from aiohttp import web

from mockseg.domain.request import REPLAY_HEADER

_FORWARDED = "X-Forwarded-For"


def client_ip(request: web.BaseRequest, *, trust_forwarded_for: bool) -> str:
    """Return the IPv4 address of the client, or empty if it has none or is not known.

    Args:
        request: as it came.
        trust_forwarded_for: whether the first entry of ``X-Forwarded-For`` is the client.
    """
    headers = request.headers
    if REPLAY_HEADER in headers:
        return ""
    forwarded = headers.get(_FORWARDED) if trust_forwarded_for else None
    if forwarded is not None:
        return _ipv4(forwarded[:_LONGEST].partition(",")[0])
    transport = request.transport
    peer = None if transport is None else transport.get_extra_info("peername")
    # A path for a Unix socket.
    return _ipv4(peer[0]) if isinstance(peer, tuple) else ""


# Far longer than an address with a port.
_LONGEST = 200


@lru_cache(maxsize=1024)
def _ipv4(text: str) -> str:
    """Return the IPv4 address in an entry, which may have a port; else empty."""
    text = text.strip()
    if text.startswith("::ffff:"):
        mapped = _mapped(text)
        if mapped:
            return mapped
    host, _, port = text.partition(":")
    try:
        return str(IPv4Address(host)) if not port or port.isdigit() else ""
    except AddressValueError:
        return ""


def _mapped(text: str) -> str:
    """Return the IPv4 address of a client of a socket for both, ``::ffff:203.0.113.9``."""
    try:
        mapped = IPv6Address(text).ipv4_mapped
    except AddressValueError:
        return ""
    return "" if mapped is None else str(mapped)
