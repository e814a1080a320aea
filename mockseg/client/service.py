"""A server as a whole: what ``MockSegment`` and ``Client`` have in common."""

from __future__ import annotations

import abc
import functools
from typing import TYPE_CHECKING, TypeVar

from mockseg.client import verbs_plans, verbs_server
from mockseg.client.ask import Ask, run_async
from mockseg.client.faults import AsyncFaultBlock, FaultBlock
from mockseg.client.settings import check, given
from mockseg.client.source import Source, carry_out
from mockseg.client.unused import AwaitableVerbs, Unused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any, Unpack

    import msgspec

    from mockseg.client.aio import AsyncSource
    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.client.settings import PlanOptions, SourceOptions
    from mockseg.client.transport import AsyncTransport, Transport
    from mockseg.client.verbs_faults import FaultOptions
    from mockseg.operations.calls import Summary
    from mockseg.operations.clock import Health
    from mockseg.operations.plans import ValidatedMessages
    from mockseg.operations.sources import SourceView


T = TypeVar("T")


class Server(abc.ABC):
    """A running mockseg, for threads. Its verbs raise as those of a source do."""

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """Give the address for http, without a slash at the end."""

    @property
    @abc.abstractmethod
    def tls_url(self) -> str | None:
        """Give the address for https, or None when it is not known to have one."""

    @property
    @abc.abstractmethod
    def ca_path(self) -> Path | None:
        """Give the certificate to trust for https, a PEM file, or None."""

    @property
    @abc.abstractmethod
    def _transport(self) -> Transport:
        """Give the way to the server."""

    @property
    def aio(self) -> AsyncServer:
        """Give the same server with awaitable verbs."""
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

    def source(self, write_key: str | None = None, **options: Unpack[SourceOptions]) -> Source:
        """Give a source: a fresh one, or the one of a write key.

        Settings that are given hold for it from now on, whoever else uses it.

        Args:
            write_key: any string; minted when not given.
            options: see :class:`~mockseg.client.settings.SourceOptions`.
        """
        check(options, "source")
        if write_key is not None and not given(options):
            # Nothing to ask: allowed everywhere, and the source opens on first use.
            return self._source(verbs_server.named_source(write_key))
        steps = verbs_server.open_source(write_key, options)
        return self._source(self._carry_out("source", steps))

    def window(self, write_key: str, **options: Unpack[SourceOptions]) -> Source:
        """Return a source seen from now on, with messageIds counted as new again.

        For apps whose write key cannot change. What was recorded before stays for others.

        Args:
            write_key: of the source.
            options: as for :meth:`source`; they hold for the source, whoever else uses it.
        """
        return self._source(self._carry_out("window", verbs_server.window(write_key, options)))

    def sources(self) -> list[SourceView]:
        """List the sources, the longest idle first."""
        return self._carry_out("sources", verbs_server.sources())

    def health(self) -> Health:
        """Say that the server is ready."""
        return self._carry_out("health", verbs_server.health())

    def summary(self) -> Summary:
        """Count the calls and requests of all sources."""
        return self._carry_out("summary", verbs_server.summary())

    def clear(self) -> int:
        """Forget the calls and requests of all sources; give how many calls those were."""
        return self._carry_out("clear", verbs_server.clear())

    def validate(
        self, messages: Iterable[Any], **options: Unpack[PlanOptions]
    ) -> ValidatedMessages:
        """Say what would become of messages under these plans, and record nothing."""
        return self._carry_out("validate", verbs_plans.validate(messages, options))

    def faults(self, scenario: str | None = None, **options: Unpack[FaultOptions]) -> FaultBlock:
        """Break requests of every source, or for a token, for as long as a block takes.

        See :meth:`Source.faults`; counts are kept for each source.
        """
        return FaultBlock(None, scenario, options, carry_out=self._carry_out, unused=self.unused)

    def perform(self, operation: str, params: msgspec.Struct) -> msgspec.Struct:
        """Perform one operation of :mod:`mockseg.operations.table`, for what has no verb.

        Args:
            operation: its name.
            params: of the type that its row names.
        """
        return self._carry_out("perform", verbs_server.perform(Ask(operation, params)))

    def _source(self, scope: Scope) -> Source:
        scope.unused = self.unused
        return Source(
            scope,
            self._transport,
            url=self.url,
            tls_url=self.tls_url,
            ca_path=self.ca_path,
        )

    def _carry_out(self, verb: str, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        # `perform` may be anything, a wait too.
        return carry_out(steps, self._transport, verb=f"server.{verb}", waits=verb == "perform")


class AsyncServer(AwaitableVerbs):
    """A running mockseg, for event loops. Its verbs raise as those of a source do.

    Attributes:
        url: the address for http, without a slash at the end.
        tls_url: the address for https, or None when it is not known to have one.
        ca_path: the certificate to trust for https, or None.
    """

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
        self._of_server = Unused() if unused is None else unused
        self.url = url
        self.tls_url = tls_url
        self.ca_path = ca_path

    @property
    def _unused(self) -> Unused:
        return self._of_server

    async def source(
        self, write_key: str | None = None, **options: Unpack[SourceOptions]
    ) -> AsyncSource:
        """Give a source: a fresh one, or the one of a write key; see :meth:`Server.source`."""
        steps = verbs_server.open_source(write_key, options)
        return self._source(await self._carry_out(steps))

    async def window(self, write_key: str, **options: Unpack[SourceOptions]) -> AsyncSource:
        """Return a source seen from now on; see :meth:`Server.window`."""
        return self._source(await self._carry_out(verbs_server.window(write_key, options)))

    async def sources(self) -> list[SourceView]:
        """List the sources, the longest idle first."""
        return await self._carry_out(verbs_server.sources())

    async def health(self) -> Health:
        """Say that the server is ready."""
        return await self._carry_out(verbs_server.health())

    async def summary(self) -> Summary:
        """Count the calls and requests of all sources."""
        return await self._carry_out(verbs_server.summary())

    async def clear(self) -> int:
        """Forget the calls and requests of all sources; give how many calls those were."""
        return await self._carry_out(verbs_server.clear())

    async def validate(
        self, messages: Iterable[Any], **options: Unpack[PlanOptions]
    ) -> ValidatedMessages:
        """Say what would become of messages under these plans, and record nothing."""
        return await self._carry_out(verbs_plans.validate(messages, options))

    def faults(
        self, scenario: str | None = None, **options: Unpack[FaultOptions]
    ) -> AsyncFaultBlock:
        """Break requests of every source, or for a token; see :meth:`Server.faults`."""
        return AsyncFaultBlock(
            None, scenario, options, carry_out=self._carry_out, unused=self._unused
        )

    async def perform(self, operation: str, params: msgspec.Struct) -> msgspec.Struct:
        """Perform one operation of :mod:`mockseg.operations.table`, for what has no verb."""
        return await self._carry_out(verbs_server.perform(Ask(operation, params)))

    def _source(self, scope: Scope) -> AsyncSource:
        from mockseg.client.aio import AsyncSource

        scope.unused = self._unused
        return AsyncSource(
            scope,
            self._transport,
            url=self.url,
            tls_url=self.tls_url,
            ca_path=self.ca_path,
        )

    async def _carry_out(self, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        return await run_async(steps, self._transport.perform)
