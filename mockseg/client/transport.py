"""What carries asks to a server: in this process, over HTTP, over HTTP in an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import msgspec

    from mockseg.client.ask import Ask
    from mockseg.client.edge import EdgeRequest


class Transport(Protocol):
    """Carries an ask, or a request to the edge, out and blocks the thread meanwhile."""

    @property
    def remote(self) -> bool:
        """Return whether even the quickest ask waits for a network."""
        ...

    def perform(self, asked: Ask | EdgeRequest) -> msgspec.Struct:
        """Carry an ask out.

        Raises:
            OperationError: the server refused.
            UnreachableError: there is no server, or it went away.
        """
        ...

    def awaitable(self) -> AsyncTransport:
        """Return the transport to the same server for use in an event loop."""
        ...

    def close(self) -> None:
        """Release what is held; a later ask opens it again or says that the server is gone."""
        ...


class AsyncTransport(Protocol):
    """Carries an ask, or a request to the edge, out and lets the event loop go on meanwhile."""

    async def perform(self, asked: Ask | EdgeRequest) -> msgspec.Struct:
        """Carry an ask out.

        Raises:
            OperationError: the server refused.
            UnreachableError: there is no server, or it went away.
        """
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...
