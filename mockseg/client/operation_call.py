"""What a verb asks of a server, and carrying it out, in a thread or in an event loop.

A verb is a generator. It yields an :class:`OperationCall`, a request to the edge or work on a
file, and is sent the result, or has the server's :class:`~mockseg.errors.OperationError` thrown
in; what it returns is the verb's value. It does no IO itself: :func:`run` and :func:`run_async`
do, over whatever transport there is.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import msgspec

from mockseg.conversion import convert, invalid
from mockseg.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from mockseg.client.edge import EdgeRequest


T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class OperationCall:
    """One operation of the table, with its parameters."""

    operation: str
    params: msgspec.Struct

    def __post_init__(self) -> None:
        """Judge the parameters as the control plane would, before anything is sent.

        Raises:
            OperationError: 422 ``invalid_parameter``, wherever the server runs.
        """
        where = f"the parameters of {self.operation}"
        try:
            wire = msgspec.to_builtins(self.params)
        except (msgspec.MsgspecError, TypeError, RecursionError) as error:
            raise invalid(where, f"{where} are not JSON: {error}") from None
        convert(wire, type(self.params), where=where)

    @property
    def patience(self) -> float:
        """Seconds that the server itself may take for it."""
        timeout: float = getattr(self.params, "timeout", 0.0)
        return timeout


@dataclasses.dataclass(frozen=True, slots=True)
class FileWork:
    """Reading or writing a file, which must not stop an event loop."""

    do: Callable[[], Any]


Asked: TypeAlias = "OperationCall | EdgeRequest"
# What a verb is: each result is of the type that the table of operations names, or the edge's
# answer to a request, or what the work on a file returned.
Steps: TypeAlias = "Generator[Asked | FileWork, Any, T]"


class Transport(Protocol):
    """Carries out what a verb asks, and blocks the thread meanwhile."""

    @property
    def remote(self) -> bool:
        """Return whether even the quickest operation waits for a network."""
        ...

    def perform(self, asked: Asked) -> msgspec.Struct:
        """Return the server's result.

        Raises:
            OperationError: the server refused.
            UnreachableError: there is no server, or it went away.
        """
        ...

    def awaitable(self) -> AsyncTransport:
        """Return the transport to the same server for use in an event loop."""
        ...

    def close(self) -> None:
        """Release what is held; a later call opens it again or says that the server is gone."""
        ...


class AsyncTransport(Protocol):
    """The same, and lets the event loop go on meanwhile."""

    async def perform(self, asked: Asked) -> msgspec.Struct:
        """See :meth:`Transport.perform`."""
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...


def run(steps: Steps[T], perform: Callable[[Asked], msgspec.Struct]) -> T:
    """Carry a verb out in this thread."""
    __tracebackhide__ = True
    try:
        wanted = next(steps)
        while True:
            try:
                result = wanted.do() if isinstance(wanted, FileWork) else perform(wanted)
            except OperationError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(result)
    except StopIteration as finished:
        value: T = finished.value
        return value


async def run_async(steps: Steps[T], perform: Callable[[Asked], Awaitable[msgspec.Struct]]) -> T:
    """Carry a verb out in the running event loop."""
    __tracebackhide__ = True
    try:
        wanted = next(steps)
        while True:
            try:
                if isinstance(wanted, FileWork):
                    import asyncio  # whoever runs this has it; a blocking client does not pay

                    result = await asyncio.to_thread(wanted.do)
                else:
                    result = await perform(wanted)
            except OperationError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(result)
    except StopIteration as finished:
        value: T = finished.value
        return value
