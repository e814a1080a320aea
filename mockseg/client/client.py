"""A server as a whole: what ``MockSegment`` and ``Client`` have in common, and the clients."""

from __future__ import annotations

import abc
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from mockseg.client.async_source import AsyncSource
from mockseg.client.blocks import AsyncFaultBlock, FaultBlock
from mockseg.client.operation_call import AsyncTransport, Steps, Transport, run_async
from mockseg.client.over_http import HttpTransport
from mockseg.client.source import Source
from mockseg.client.unused import Unused
from mockseg.client.verb import Awaiting, Blocking, carry_out, verb
from mockseg.client.verbs import server as server_verbs
from mockseg.client.wire import Address

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Unpack

    from mockseg.client.over_aiohttp import AiohttpTransport
    from mockseg.client.scope import Scope
    from mockseg.client.verbs.fault import FaultOptions


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

T = TypeVar("T")


def _source(server: Server, scope: Scope) -> Source:
    return Source(
        scope,
        server._transport,
        url=server.url,
        tls_url=server.tls_url,
        ca_path=server.ca_path,
    )


def _async_source(server: AsyncServer, scope: Scope) -> AsyncSource:
    return AsyncSource(
        scope,
        server._transport,
        url=server.url,
        tls_url=server.tls_url,
        ca_path=server.ca_path,
    )


class Server(Blocking[Unused], abc.ABC):
    """A running mockseg, for threads. Its verbs raise as those of a source do."""

    _called = "server"

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """The address for http, without a slash at the end."""

    @property
    @abc.abstractmethod
    def tls_url(self) -> str | None:
        """The address for https, or None when it is not known to have one."""

    @property
    @abc.abstractmethod
    def ca_path(self) -> Path | None:
        """The certificate to trust for https, a PEM file, or None."""

    @property
    @abc.abstractmethod
    def _transport(self) -> Transport:
        """The way to the server."""

    @property
    def aio(self) -> AsyncServer:
        return AsyncServer(
            self._transport.awaitable(),
            url=self.url,
            tls_url=self.tls_url,
            ca_path=self.ca_path,
            unused=self.unused,
        )

    @functools.cached_property
    def unused(self) -> Unused:
        """Awaitable verbs and blocks of this server that are not used yet."""
        return Unused()

    @property
    def _subject(self) -> Unused:  # type: ignore[override]  # nothing sets it
        return self.unused

    def _carry_out(self, called: str, steps: Steps[T], *, waits: bool) -> T:
        return carry_out(steps, self._transport, called=called, waits=waits)

    source = verb(server_verbs.source, _source)
    window = verb(server_verbs.window, _source)
    sources = verb(server_verbs.sources)
    health = verb(server_verbs.health)
    summary = verb(server_verbs.summary)
    clear = verb(server_verbs.clear)
    release_held = verb(server_verbs.release_held)
    validate = verb(server_verbs.validate)
    # It may be anything, a wait too.
    perform = verb(server_verbs.perform, waits=True)

    def faults(self, scenario: str | None = None, **options: Unpack[FaultOptions]) -> FaultBlock:
        """Break requests of every source, or for a token, for as long as a block takes.

        See :meth:`Source.faults`; counts are kept for each source.
        """
        return FaultBlock(self, self.unused, source=None, scenario=scenario, options=options)


class AsyncServer(Awaiting[Unused]):
    """A running mockseg, for event loops. Its verbs raise as those of a source do.

    Attributes:
        url: the address for http, without a slash at the end.
        tls_url: the address for https, or None when it is not known to have one.
        ca_path: the certificate to trust for https, or None.
    """

    _called = "server"

    def __init__(
        self,
        transport: AsyncTransport,
        *,
        url: str,
        tls_url: str | None = None,
        ca_path: Path | None = None,
        unused: Unused | None = None,
    ) -> None:
        self._transport = transport
        self._subject = Unused() if unused is None else unused
        self.url = url
        self.tls_url = tls_url
        self.ca_path = ca_path

    @property
    def _unused(self) -> Unused:
        return self._subject

    async def _carry_out(self, called: str, steps: Steps[T]) -> T:  # noqa: ARG002
        return await run_async(steps, self._transport.perform)

    source = verb(server_verbs.source, _async_source)
    window = verb(server_verbs.window, _async_source)
    sources = verb(server_verbs.sources)
    health = verb(server_verbs.health)
    summary = verb(server_verbs.summary)
    clear = verb(server_verbs.clear)
    release_held = verb(server_verbs.release_held)
    validate = verb(server_verbs.validate)
    # It may be anything, a wait too.
    perform = verb(server_verbs.perform, waits=True)

    def faults(
        self, scenario: str | None = None, **options: Unpack[FaultOptions]
    ) -> AsyncFaultBlock:
        """Break requests of every source, or for a token; see :meth:`Server.faults`."""
        return AsyncFaultBlock(self, self._unused, source=None, scenario=scenario, options=options)


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
        return self._address.url

    @property
    def tls_url(self) -> str | None:
        """The address when it is https; another one is not known."""
        return self.url if self._address.secure else None

    @property
    def ca_path(self) -> Path | None:
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
        self._subject.watched = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        self._subject.refuse(error)

    def __repr__(self) -> str:
        return f"<AsyncClient of {self.url}>"

    async def close(self) -> None:
        """Close the connections; a later verb opens its own."""
        await self._transport.close()
