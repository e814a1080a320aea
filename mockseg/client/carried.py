"""What a source has to offer to the classes that its verbs are spread over."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, TypeVar

from mockseg.client.unused import AwaitableVerbs

if TYPE_CHECKING:
    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.client.unused import Unused


T = TypeVar("T")


class Carried(abc.ABC):
    """Verbs that are carried out in this thread.

    Attributes:
        url: of the server.
    """

    _scope: Scope
    url: str

    @property
    @abc.abstractmethod
    def aio(self) -> AsyncCarried:
        """Give the same with awaitable verbs."""

    @abc.abstractmethod
    def _read(self, verb: str, steps: Steps[T]) -> T:
        """Carry out a verb that waits for nothing but the way to the server."""

    @abc.abstractmethod
    def _wait(self, verb: str, steps: Steps[T]) -> T:
        """Carry out a verb that may wait; a failure may be collected by a soft block."""


class AsyncCarried(AwaitableVerbs, abc.ABC):
    """Verbs that are carried out in the running event loop.

    Attributes:
        url: of the server.
    """

    _scope: Scope
    url: str

    @property
    def _unused(self) -> Unused:
        return self._scope.unused

    @abc.abstractmethod
    async def _carry_out(self, steps: Steps[T]) -> T:
        """Carry out a verb; a failure may be collected by a soft block."""
