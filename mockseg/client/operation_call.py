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

from mockseg import json_types
from mockseg.conversion import convert, invalid
from mockseg.errors import MocksegError, OperationError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

_LONGEST_SHOWN = 200


class EdgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A POST to the data plane.

    Attributes:
        path: with its leading slash.
        headers: by name.
        body: as it is sent.
        timeout: seconds to wait for the answer.
    """

    path: str
    headers: dict[str, str]
    body: bytes
    timeout: float


class EdgeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge answered, as an SDK would get it.

    Attributes:
        status: of HTTP.
        headers: by name, in lower case.
        body: as it came.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            MalformedJsonError: it is not JSON.
        """
        return json_types.decode(self.body)

    def __repr__(self) -> str:
        text = self.text
        if len(text) > _LONGEST_SHOWN:
            text = text[:_LONGEST_SHOWN] + "…"
        return f"<EdgeAnswer {self.status} {text!r}>"


def no_answer(request: EdgeRequest, reason: str, *, url: str) -> UnreachableError:
    return UnreachableError(f"POST {request.path} to {url} got no answer: {reason}")


T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class OperationCall:
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


def ask(operation: str, params: msgspec.Struct, *, field: str = "") -> Steps[Any]:
    """Return the result of one operation, or a field of it: a whole verb, mostly."""
    result = yield OperationCall(operation, params)
    return getattr(result, field) if field else result


class Transport(Protocol):
    """Carries out what a verb asks, and blocks the thread meanwhile."""

    @property
    def remote(self) -> bool:
        """Return whether even the quickest operation waits for a network."""

    def perform(self, asked: Asked) -> msgspec.Struct:
        """Return the server's result.

        Raises:
            OperationError: the server refused.
            UnreachableError: nothing answers there, or the server went away.
        """

    def awaitable(self) -> AsyncTransport: ...

    def close(self) -> None:
        """Release what is held; a later call opens it again or says that the server is gone."""


class AsyncTransport(Protocol):
    async def perform(self, asked: Asked) -> msgspec.Struct: ...

    async def close(self) -> None: ...


def run(steps: Steps[T], perform: Callable[[Asked], msgspec.Struct]) -> T:
    try:
        wanted = next(steps)
        while True:
            refusal = None
            try:
                result = wanted.do() if isinstance(wanted, FileWork) else perform(wanted)
            except OperationError as error:
                refusal = error
            # Out here: what a verb raises later does not have the refusal as its context.
            wanted = steps.send(result) if refusal is None else steps.throw(refusal)
    except StopIteration as finished:
        value: T = finished.value
        return value
    except MocksegError as failure:
        # Our own frames do not help to understand why a verb failed.
        raise failure.with_traceback(None)  # noqa: B904  (the same error, not another)


async def run_async(steps: Steps[T], perform: Callable[[Asked], Awaitable[msgspec.Struct]]) -> T:
    try:
        wanted = next(steps)
        while True:
            refusal = None
            try:
                if isinstance(wanted, FileWork):
                    import asyncio  # whoever runs this has it; a blocking client does not pay

                    result = await asyncio.to_thread(wanted.do)
                else:
                    result = await perform(wanted)
            except OperationError as error:
                refusal = error
            wanted = steps.send(result) if refusal is None else steps.throw(refusal)
    except StopIteration as finished:
        value: T = finished.value
        return value
    except MocksegError as failure:
        # Our own frames do not help to understand why a verb failed.
        raise failure.with_traceback(None)  # noqa: B904  (the same error, not another)
