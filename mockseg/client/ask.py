"""A verb, taken apart: what it asks of the server, and what it makes of the answers.

Every verb is written once, as a generator that yields an :class:`Ask` and is sent the
operation's result, or has the server's :class:`~mockseg.errors.OperationError` thrown
in; what it returns is the verb's value. It does no IO: :func:`run` and :func:`run_async`
carry the asks out, over whatever transport there is.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from mockseg.conversion import convert, invalid
from mockseg.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from mockseg.client.edge import EdgeRequest


T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """One operation that a verb needs.

    Attributes:
        operation: its name in the table of operations.
        params: what it is asked with.
    """

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
        """Give the seconds that the server itself may take for it."""
        timeout: float = getattr(self.params, "timeout", 0.0)
        return timeout


# What a verb is: each result is of the type that the table of operations names, or the edge's
# answer to a request.
Steps: TypeAlias = "Generator[Ask | EdgeRequest, Any, T]"


def run(steps: Steps[T], perform: Callable[[Ask | EdgeRequest], msgspec.Struct]) -> T:
    """Carry a verb out, one ask after the other, in this thread."""
    __tracebackhide__ = True
    try:
        wanted = next(steps)
        while True:
            try:
                result = perform(wanted)
            except OperationError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(result)
    except StopIteration as finished:
        value: T = finished.value
        return value


async def run_async(
    steps: Steps[T], perform: Callable[[Ask | EdgeRequest], Awaitable[msgspec.Struct]]
) -> T:
    """Carry a verb out in the running event loop."""
    __tracebackhide__ = True
    try:
        wanted = next(steps)
        while True:
            try:
                result = await perform(wanted)
            except OperationError as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(result)
    except StopIteration as finished:
        value: T = finished.value
        return value
