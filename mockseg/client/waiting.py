"""Waiting as a block: what the block causes is waited for at its end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from mockseg.client import verbs_waiting
from mockseg.client.ask import Ask
from mockseg.operations.base import OfSource

if TYPE_CHECKING:
    from types import TracebackType

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.calls import Summary


T = TypeVar("T")


class _Reads(Protocol):
    def __call__(self, verb: str, steps: Steps[T]) -> T: ...


class _Awaits(Protocol):
    async def __call__(self, steps: Steps[T]) -> T: ...


def from_now(scope: Scope) -> Steps[Scope]:
    """Return the same scope, but without what is recorded already."""
    counts: Summary = yield Ask("summary", OfSource(source=scope.write_key))
    return dataclasses.replace(scope, after=max(scope.after, counts.cursor), window=True)


@dataclasses.dataclass(slots=True)
class _Expected:
    """What a block waits for.

    Attributes:
        matcher: which calls.
        count: this many of them, or more.
        timeout: seconds that they may take after the end of the block.
    """

    matcher: Matcher
    count: int
    timeout: float

    def steps(self, scope: Scope) -> Steps[list[Call]]:
        return verbs_waiting.wait_for_all(scope, self.matcher, self.count, timeout=self.timeout)


class _Outcome:
    """What a block brought.

    Attributes:
        calls: those that were waited for, oldest first; empty before the end of the block.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []

    @property
    def call(self) -> Call:
        """The first call.

        Raises:
            LookupError: the block has not ended yet.
        """
        if not self.calls:
            raise LookupError("the call is there when the `with` block has ended")
        return self.calls[0]


class Waiting(_Outcome):
    """``with source.waiting_for(matcher) as waited:``; afterwards ``waited.call``."""

    def __init__(
        self,
        scope: Scope,
        read: _Reads,
        wait: _Reads,
        *,
        matcher: Matcher,
        count: int,
        timeout: float,
    ) -> None:
        super().__init__()
        self._entered = scope.unused.note_block("waiting_for")
        self._scope = scope
        self._read = read
        self._wait = wait
        self._expected = _Expected(matcher, count, timeout)

    def __enter__(self) -> Self:
        self._entered()
        self._scope = self._read("waiting_for", from_now(self._scope))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        if error is None:
            self.calls = self._wait("waiting_for", self._expected.steps(self._scope))


class AsyncWaiting(_Outcome):
    """``async with source.aio.waiting_for(matcher) as waited:``; afterwards ``waited.call``."""

    def __init__(
        self, scope: Scope, carry_out: _Awaits, *, matcher: Matcher, count: int, timeout: float
    ) -> None:
        super().__init__()
        self._entered = scope.unused.note_block("waiting_for", how="async with")
        self._scope = scope
        self._carry_out = carry_out
        self._expected = _Expected(matcher, count, timeout)

    async def __aenter__(self) -> Self:
        self._entered()
        self._scope = await self._carry_out(from_now(self._scope))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        if error is None:
            self.calls = await self._carry_out(self._expected.steps(self._scope))
