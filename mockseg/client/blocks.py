"""Verbs that are blocks: faults, waiting for what a block causes, soft assertions."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from mockseg.client.operation_call import OperationCall, Steps
from mockseg.client.scope import Deadline
from mockseg.client.verbs import fault, reading, waiting
from mockseg.errors import UnmetExpectationError
from mockseg.operations.base import OfSource

if TYPE_CHECKING:
    from types import TracebackType

    from mockseg.client.scope import Scope
    from mockseg.client.unused import Unused
    from mockseg.client.verbs.fault import FaultOptions
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.calls import Summary
    from mockseg.operations.faults import FaultView


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

T = TypeVar("T")

# How much of each failure is shown when there are several.
_LINES_OF_EACH = 12


class _Block:
    """A block that asks the server at its begin and at its end.

    Attributes:
        _verb: that makes it.
        _keyword: with which it is entered.
        _waits: its end may take longer than the way to the server; under an event loop it is
            refused before it begins.
    """

    _verb: ClassVar[str]
    _keyword: ClassVar[str]
    _waits: ClassVar[bool] = False

    def __init__(self, owner: Any, unused: Unused) -> None:
        self._owner = owner
        self._called = f"{owner._called}.{self._verb}"
        self._entered = unused.note_block(self._verb, how=self._keyword)

    def _begin(self) -> Steps[None]:
        raise NotImplementedError

    def _end(self, error: BaseException | None) -> Steps[None]:
        raise NotImplementedError


class _With(_Block):
    _keyword = "with"

    def __enter__(self) -> Self:
        self._entered()
        self._owner._carry_out(self._called, self._begin(), waits=self._waits)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        steps = self._end(error)
        self._owner._carry_out(self._called, steps, waits=self._waits)


class _AsyncWith(_Block):
    _keyword = "async with"

    async def __aenter__(self) -> Self:
        self._entered()
        await self._owner._carry_out(self._called, self._begin())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._owner._carry_out(self._called, self._end(error))


class _Faults(_Block):
    """Faults for as long as a block takes; at its end what they hold back is let go."""

    _verb = "faults"

    def __init__(
        self,
        owner: Any,
        unused: Unused,
        *,
        source: str | None,
        scenario: str | None,
        options: FaultOptions,
    ) -> None:
        fault.check(options)
        super().__init__(owner, unused)
        self._asked = (source, scenario, options)
        self._view: FaultView | None = None

    @property
    def id(self) -> str:
        return "" if self._view is None else self._view.id

    @property
    def seed(self) -> int | None:
        """The seed of its chances, None before the block; the same again hits the same."""
        return None if self._view is None else self._view.seed

    @property
    def fired(self) -> int:
        """How many requests it hit; counted at the end of the block."""
        return 0 if self._view is None else self._view.fired

    def _begin(self) -> Steps[None]:
        self._view = yield from fault.add(*self._asked)

    def _end(self, error: BaseException | None) -> Steps[None]:  # noqa: ARG002
        self._view = (yield from fault.remove(self.id)) or self._view


class FaultBlock(_Faults, _With):
    """``with source.faults(...):``; made by ``faults`` of a source or a server."""


class AsyncFaultBlock(_Faults, _AsyncWith):
    """``async with source.aio.faults(...):``; see :class:`FaultBlock`."""


class _Waiting(_Block):
    """What a block causes is waited for at its end.

    Attributes:
        calls: those that were waited for, oldest first; empty before the end of the block.
    """

    _verb = "waiting_for"
    _waits = True

    def __init__(
        self, owner: Any, scope: Scope, matcher: Matcher, *, count: int, timeout: float
    ) -> None:
        self._scope = scope
        self._expected = (matcher, count)
        self._timeout = scope.patience(timeout)
        # What is wrong with them is said before the block runs, not after it.
        reading.check_matcher(matcher)
        waiting.check_count(count, name="count")
        Deadline(self._timeout)
        super().__init__(owner, scope.unused)
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

    def _begin(self) -> Steps[None]:
        counts: Summary = yield OperationCall("summary", OfSource(source=self._scope.write_key))
        # Without what is recorded already.
        after = max(self._scope.after, counts.cursor)
        self._scope = dataclasses.replace(self._scope, after=after, window=True)

    def _end(self, error: BaseException | None) -> Steps[None]:
        if error is None:
            self.calls = yield from waiting.wait_for_all(
                self._scope, *self._expected, timeout=self._timeout
            )


class Waiting(_Waiting, _With):
    """``with source.waiting_for(matcher) as waited:``; afterwards ``waited.call``."""


class AsyncWaiting(_Waiting, _AsyncWith):
    """``async with source.aio.waiting_for(matcher) as waited:``; afterwards ``waited.call``."""


def softly(scope: Scope, called: str, steps: Steps[T]) -> Steps[T]:
    """Carry a verb out; inside a soft block, an assertion that fails returns None and is kept.

    Raises:
        UnmetExpectationError: outside such a block, or of a verb that a test cannot go on
            without, such as ``wait_for``.
    """
    try:
        return (yield from steps)
    except UnmetExpectationError as failure:
        if scope.soft is None or not called.rpartition(".")[2].startswith("assert_"):
            raise
        scope.soft.append(failure)
        # As the docstring of `soft` says: the verb has no result then.
        return cast("T", None)


class SoftBlock:
    """``with source.soft():``: failed assertions are raised together at the end of the block.

    Attributes:
        failures: what failed inside so far.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._outer: list[UnmetExpectationError] | None = None
        self.failures: list[UnmetExpectationError] = []

    def __enter__(self) -> Self:
        self._outer, self._scope.soft = self._scope.soft, self.failures
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._scope.soft = self._outer
        if not self.failures:
            return
        text = _together(self.failures)
        if error is not None:
            # What ended the block is the failure; the rest stands beside it.
            error.add_note(text)
            return
        raise UnmetExpectationError(text)


def _together(failures: list[UnmetExpectationError]) -> str:
    if len(failures) == 1:
        return f"1 soft assertion failed:\n\n{failures[0]}"
    parts = [f"{len(failures)} soft assertions failed:"]
    for place, failure in enumerate(failures, start=1):
        lines = str(failure).splitlines()
        beyond = len(lines) - _LINES_OF_EACH
        if beyond > 0:
            lines = [*lines[:_LINES_OF_EACH], f"  … {beyond} more lines"]
        parts.append(f"\n{place}. " + "\n   ".join(lines))
    return "\n".join(parts)
