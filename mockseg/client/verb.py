"""Binding verbs: one generator becomes a blocking method here and an awaitable one there.

``wait_for = verb(waiting.wait_for)`` in the body of a class gives it the method ``wait_for``, with
the signature and the docstring of the generator, without its first argument. What that argument
is, and how the steps are carried out, the class says: it is a :class:`Blocking` or an
:class:`Awaiting`.
"""

from __future__ import annotations

import inspect
import sys
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from mockseg.client.operation_call import Asked, Steps, Transport, run
from mockseg.client.scope import Patience, Scope
from mockseg.errors import BlockingCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import msgspec

    from mockseg.client.unused import Unused


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

# A verb with an argument of this name may take longer than the way to the server.
_SECONDS = frozenset({"timeout", "wait", "within"})
# Verbs that return a block.
_BLOCKS = frozenset({"faults", "waiting_for"})


class Blocking(Generic[S]):
    """An object whose verbs block the thread.

    Attributes:
        _subject: what its verbs are given as their first argument.
        _called: how a person calls the object, for messages.
        _scope: of an object whose verbs wait: has the patience.
    """

    _called: ClassVar[str]
    _scope: Scope
    _subject: S

    @property
    def aio(self) -> Awaiting[S]:
        raise NotImplementedError

    def _carry_out(self, called: str, steps: Steps[T], *, waits: bool) -> T:
        """Carry a verb out.

        Args:
            called: how a person called it, such as ``source.wait_for``.
            steps: the verb.
            waits: it may take longer than the way to the server.
        """
        raise NotImplementedError


class Awaiting(Generic[S]):
    _called: ClassVar[str]
    _scope: Scope
    _subject: S

    @property
    def _unused(self) -> Unused:
        """Where verbs that are not awaited yet are noted."""
        raise NotImplementedError

    async def _carry_out(self, called: str, steps: Steps[T]) -> T:
        raise NotImplementedError


class BlockingPart(Blocking[S]):
    """A part of a source, which carries its verbs out."""

    def __init__(self, source: Blocking[Scope], subject: S) -> None:
        self._source = source
        self._subject = subject
        self._scope = source._subject

    def _carry_out(self, called: str, steps: Steps[T], *, waits: bool) -> T:
        return self._source._carry_out(called, steps, waits=waits)


class AwaitingPart(Awaiting[S]):
    def __init__(self, source: Awaiting[Scope], subject: S) -> None:
        self._source = source
        self._subject = subject
        self._scope = source._subject

    @property
    def _unused(self) -> Unused:
        return self._source._unused

    async def _carry_out(self, called: str, steps: Steps[T]) -> T:
        return await self._source._carry_out(called, steps)


class Verb(Generic[S, P, T]):
    def __init__(
        self,
        steps: Callable[Concatenate[S, P], Steps[Any]],
        then: Callable[[Any, Any], T] | None,
        *,
        waits: bool,
    ) -> None:
        self.__wrapped__ = steps
        self._then = then
        self._waits = waits

    def __set_name__(self, owner: type, name: str) -> None:
        """Put the function in its place that the class would have if it was written by hand.

        So everything that looks into a class finds a function: `help`, `unittest.mock`, Sphinx.
        """
        self.__name__, self.__qualname__ = name, f"{owner.__qualname__}.{name}"
        method = self._awaitable() if issubclass(owner, Awaiting) else self._blocking()
        method.__name__, method.__qualname__ = self.__name__, self.__qualname__
        method.__module__, method.__doc__, method.__signature__ = (
            owner.__module__,
            self.__wrapped__.__doc__,
            self._signature(),
        )
        setattr(owner, name, method)

    if TYPE_CHECKING:

        @overload
        def __get__(self, owner: None, kind: type) -> Callable[Concatenate[Any, P], Any]: ...
        @overload
        def __get__(self, owner: Blocking[S], kind: type) -> Callable[P, T]: ...
        @overload
        def __get__(
            self, owner: Awaiting[S], kind: type
        ) -> Callable[P, Coroutine[Any, Any, T]]: ...
        def __get__(self, owner: Any, kind: type) -> Any: ...

    def _blocking(self) -> Any:
        name, begin, then = self.__name__, self._begin(), self._then or _as_it_is
        waits = self._waits or not _SECONDS.isdisjoint(self.__wrapped__.__kwdefaults__ or ())

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            steps = begin(self, args, kwargs)
            return then(self, self._carry_out(f"{self._called}.{name}", steps, waits=waits))

        method.__wrapped__ = self.__wrapped__  # type: ignore[attr-defined]  # as `functools.wraps`
        return method

    def _awaitable(self) -> Any:
        name, begin, then = self.__name__, self._begin(), self._then or _as_it_is

        async def carried(self: Any, steps: Steps[Any]) -> Any:
            return then(self, await self._carry_out(f"{self._called}.{name}", steps))

        # Python's own warning about a coroutine has this name.
        carried.__qualname__ = self.__qualname__

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            coroutine = carried(self, begin(self, args, kwargs))
            self._unused.note_verb(coroutine, name)
            return coroutine

        # What `inspect` is asked by those who want to know whether to await: before Python 3.12
        # whether the unwrapped function is a coroutine function.
        method.__wrapped__ = carried  # type: ignore[attr-defined]  # as `functools.wraps`
        return getattr(inspect, "markcoroutinefunction", lambda unmarked: unmarked)(method)

    def _begin(self) -> Callable[[Any, Any, Any], Steps[Any]]:
        steps = self.__wrapped__
        patient = [
            name
            for name, value in (steps.__kwdefaults__ or {}).items()
            if isinstance(value, Patience)
        ]

        def begin(owner: Any, args: Any, kwargs: Any) -> Steps[Any]:
            # First as the caller wrote it: Python's own message about a wrong argument then
            # counts no argument of ours.
            begun = steps(owner._subject, *args, **kwargs)
            ours = {name: owner._scope.wait for name in patient if name not in kwargs}
            return steps(owner._subject, *args, **kwargs, **ours) if ours else begun

        return begin

    def _signature(self) -> inspect.Signature:
        written = inspect.signature(self.__wrapped__)
        returns = written.return_annotation.removeprefix("Steps[").removesuffix("]")
        if self._then is not None:
            returns = inspect.signature(self._then).return_annotation
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return inspect.Signature(
            [own, *list(written.parameters.values())[1:]], return_annotation=returns
        )


@overload
def verb(steps: Callable[Concatenate[S, P], Steps[T]], *, waits: bool = False) -> Verb[S, P, T]: ...
@overload
def verb(
    steps: Callable[Concatenate[S, P], Steps[R]], then: Callable[[Any, R], T]
) -> Verb[S, P, T]: ...
def verb(steps: Any, then: Any = None, *, waits: bool = False) -> Any:
    """Make a generator the method of a class.

    Args:
        steps: the verb; its first argument is the object's subject. An argument whose default is
            a :class:`~mockseg.client.scope.Patience` gets the patience of the object's scope.
        then: makes the value that the method returns, out of the object and what the verb
            returned; by default that is returned itself.
        waits: it may take longer than the way to the server. A verb that takes ``wait``,
            ``within`` or ``timeout`` does so anyway.
    """
    return Verb(steps, then, waits=waits)


def _as_it_is(_: object, value: Any) -> Any:
    return value


def carry_out(steps: Steps[T], transport: Transport, *, called: str, waits: bool) -> T:
    """Carry a verb out in this thread.

    Raises:
        BlockingCallError: that would stop the event loop that runs in this thread.
    """

    def perform(asked: Asked) -> msgspec.Struct:
        if (waits or transport.remote) and in_event_loop():
            owner, _, name = called.rpartition(".")
            raise BlockingCallError(
                f"{called}() would stop the event loop that runs in this thread;"
                f" write `{'async with' if name in _BLOCKS else 'await'} {owner}.aio.{name}(...)`"
            )
        return transport.perform(asked)

    return run(steps, perform)


def in_event_loop() -> bool:
    """Return whether the caller runs inside an event loop, which a blocking call would stop.

    A loop may be marked as running in this thread without that: Playwright's synchronous API
    runs one in a greenlet of its own, and goes on in the test's. What counts is whether the
    loop is on this stack; of loops that are not written in Python (uvloop), which are not
    on it, whether a task of theirs runs.
    """
    # No loop runs before asyncio is imported.
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    # Documented for exactly this.
    loop = asyncio._get_running_loop()
    if loop is None:
        return False
    if not isinstance(type(loop).run_forever, FunctionType):
        return asyncio.current_task(loop) is not None
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run_forever":
            return True
        frame = frame.f_back
    return False
