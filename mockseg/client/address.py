"""Where a mockseg is."""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from mockseg.domain.credentials import shown_url
from mockseg.errors import ConfigError


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """The address of a running mockseg, taken apart.

    Attributes:
        url: without a slash at the end.
        secure: https.
        host: name or number, IPv6 without brackets.
        port: the scheme's own when the URL has none.
        prefix: a path before mockseg's own, for one behind a proxy; mostly empty.
    """

    url: str
    secure: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart.

        Raises:
            ConfigError: it is not an http or https URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f'invalid address "{shown_url(url)}": {error}') from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f'invalid address "{shown_url(url)}": expected an http or https URL, such as'
                " http://127.0.0.1:8765"
            )
        if parts.username is not None or parts.query or parts.fragment:
            raise ConfigError(
                f'invalid address "{shown_url(url)}": expected only scheme, host, port and'
                " path, such as http://127.0.0.1:8765"
            )
        secure = parts.scheme == "https"
        return cls(
            url=url.rstrip("/"),
            secure=secure,
            host=parts.hostname,
            port=port or (443 if secure else 80),
            prefix=parts.path.rstrip("/"),
        )
