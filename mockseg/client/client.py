"""Clients of a mockseg that runs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from mockseg.client.address import Address
from mockseg.client.over_http import HttpTransport
from mockseg.client.service import AsyncServer, Server

if TYPE_CHECKING:
    from types import TracebackType

    from mockseg.client.over_aiohttp import AiohttpTransport


class Client(Server):
    """A mockseg that runs elsewhere, over HTTP.

    May be shared by threads, and used in the child of a fork. Closing it, or leaving its
    ``with`` block, closes idle connections; not doing so does no harm.
    """

    def __init__(self, url: str, *, ca: str | Path | None = None, token: str | None = None) -> None:
        """Make a client; nothing is sent yet.

        Args:
            url: where the server is, such as ``http://127.0.0.1:8765``.
            ca: for https: a PEM file to trust, as ``mockseg serve --tls`` prints it.
            token: control token of the server; needed when it runs on another machine, or in
                a container.

        Raises:
            ConfigError: the URL, the file or the token is invalid.
        """
        self._address = Address.parse(url)
        self._ca = None if ca is None else Path(ca)
        self._http = HttpTransport(url, ca=ca, token=token)

    def __enter__(self) -> Self:
        self.unused.watched = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        self.unused.refuse(error)

    def __repr__(self) -> str:
        return f"<Client of {self.url}>"

    def close(self) -> None:
        """Close idle connections; a later verb opens its own."""
        self._http.close()

    @property
    def url(self) -> str:
        """Return the address, without a slash at the end."""
        return self._address.url

    @property
    def tls_url(self) -> str | None:
        """Return the address when it is https; another one is not known."""
        return self.url if self._address.secure else None

    @property
    def ca_path(self) -> Path | None:
        """Return the certificate that is trusted, or None."""
        return self._ca

    @property
    def _transport(self) -> HttpTransport:
        return self._http


class AsyncClient(AsyncServer):
    """A mockseg that runs elsewhere, over HTTP, for event loops.

    Inside ``async with`` connections are kept, for the loop that entered it; outside each
    verb opens its own.
    """

    _transport: AiohttpTransport

    def __init__(self, url: str, *, ca: str | Path | None = None, token: str | None = None) -> None:
        """Make a client; nothing is sent yet.

        Args:
            url: where the server is, such as ``http://127.0.0.1:8765``.
            ca: for https: a PEM file to trust, as ``mockseg serve --tls`` prints it.
            token: control token of the server; needed when it runs on another machine, or in
                a container.

        Raises:
            ConfigError: the URL, the file or the token is invalid.
        """
        from mockseg.client.over_aiohttp import AiohttpTransport

        address = Address.parse(url)
        super().__init__(
            AiohttpTransport(url, ca=ca, token=token),
            url=address.url,
            tls_url=address.url if address.secure else None,
            ca_path=None if ca is None else Path(ca),
        )

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        self._unused.watched = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        self._unused.refuse(error)

    def __repr__(self) -> str:
        return f"<AsyncClient of {self.url}>"

    async def close(self) -> None:
        """Close the connections; a later verb opens its own."""
        await self._transport.close()
