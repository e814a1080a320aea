"""Flags of traffic and replay that say how calls travel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from mockseg.errors import ConfigError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    import ssl

    from mockseg.traffic.packets import Transport


_CONNECTIONS: Final = 64
_MOST_CONNECTIONS: Final = 1000


def transport_of(text: str | None) -> Transport | Literal["sdk"]:
    """Read ``--transport``.

    Raises:
        ConfigError: it is unknown.
    """
    from mockseg.traffic.packets import TRANSPORTS

    if text is None:
        return "batch"
    if text == "sdk":
        return "sdk"
    if text not in TRANSPORTS:
        raise ConfigError(f"--transport: {unknown('transport', text, (*TRANSPORTS, 'sdk'))}")
    return text


def tls_of(url: str, ca: str | None) -> ssl.SSLContext | None:
    """Return what to trust at an address, None where it is not https.

    Raises:
        ConfigError: ``--ca`` is not a CA file.
    """
    from mockseg.client.over_http import trust

    return trust(ca) if url.lower().startswith("https:") else None


def connections_of(text: str | None) -> int:
    """Read ``--connections``.

    Raises:
        ConfigError: it is not such a number.
    """
    if text is None:
        return _CONNECTIONS
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if not 1 <= number <= _MOST_CONNECTIONS:
        raise ConfigError(
            f'--connections is "{text[:80]}": it must be a number from 1 to {_MOST_CONNECTIONS}'
        )
    return number
