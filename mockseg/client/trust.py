"""Which certificates a client accepts."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from mockseg.errors import ConfigError
from mockseg.files import read_text

if TYPE_CHECKING:
    from pathlib import Path


_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]*-----END CERTIFICATE-----")


def trust(ca: str | Path | None) -> ssl.SSLContext:
    """Make what certificates are checked with: the system's CAs, or only the file's.

    Raises:
        ConfigError: the file cannot be read as certificates.
    """
    if ca is None:
        return ssl.create_default_context()
    # What stands between the certificates is for people, in any language.
    certificates = "\n".join(_CERTIFICATE.findall(read_text(ca)))
    if not certificates:
        # An empty text would mean the system's CAs.
        raise ConfigError(f'the CA file "{ca}" has no certificate in PEM form')
    try:
        return ssl.create_default_context(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ConfigError(f'the CA file "{ca}" has no certificate in PEM form: {reason}') from None
