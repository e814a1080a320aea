"""Soft assertions: failures are collected, and raised together at the end of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar, cast

from mockseg.errors import UnmetExpectationError

if TYPE_CHECKING:
    from types import TracebackType

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

T = TypeVar("T")

# How much of each failure is shown when there are several.
_LINES_OF_EACH = 12


def softly(scope: Scope, steps: Steps[T]) -> Steps[T]:
    """Carry a verb out; inside a soft block, an assertion that fails gives None and is kept.

    Raises:
        UnmetExpectationError: outside such a block, or of a verb that a test cannot go on
            without, such as ``wait_for``.
    """
    try:
        return (yield from steps)
    except UnmetExpectationError as failure:
        if scope.soft is None or not getattr(steps, "__name__", "").startswith("assert_"):
            raise
        scope.soft.append(failure)
        # As the docstring of `soft` says: the verb has no result then.
        return cast("T", None)


class SoftBlock:
    """``with source.soft():``; made by :meth:`~mockseg.client.journeys.Journeys.soft`.

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
        __tracebackhide__ = True
        self._scope.soft = self._outer
        if not self.failures:
            return
        text = _together(self.failures)
        if error is not None:
            # What ended the block is the failure; the rest is told beside it.
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
