"""The running server that a command talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mockseg.client.ask import Ask
from mockseg.client.over_http import HttpTransport
from mockseg.client.wire import authorization
from mockseg.clock import SystemClock

if TYPE_CHECKING:
    import msgspec


_R = TypeVar("_R", bound="msgspec.Struct")


class Target:
    """A running mockseg, and what it is asked.

    Attributes:
        url: its address.
        ca: what to trust for https, a PEM file; None for what the system trusts.
        authorization: headers that carry the control token.

    Raises:
        ConfigError: the address or the CA file is invalid.
    """

    def __init__(self, url: str, *, ca: str | None = None, token: str | None = None) -> None:
        self.url = url
        self.ca = ca
        self.authorization = authorization(token)
        self._transport = HttpTransport(url, ca=ca, token=token)

    def ask(self, operation: str, params: msgspec.Struct, result: type[_R]) -> _R:
        """Ask for one operation of the table; ``result`` is what the table says it answers.

        Raises:
            OperationError: it was refused.
            UnreachableError: no mockseg answers there.
        """
        answer = self._transport.perform(Ask(operation, params))
        assert isinstance(answer, result)  # noqa: S101 - the table says so
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def pause(seconds: float) -> None:
    """Sleep for this many seconds; Ctrl-C ends it at once."""
    import asyncio

    asyncio.run(SystemClock().sleep(seconds))
