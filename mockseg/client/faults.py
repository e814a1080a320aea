"""Faults for as long as a ``with`` block takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from mockseg.client import verbs_faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from mockseg.client.ask import Steps
    from mockseg.client.unused import Unused
    from mockseg.client.verbs_faults import FaultOptions
    from mockseg.operations.faults import FaultView


class _Block:
    """What both kinds of block know of their fault."""

    def __init__(
        self,
        source: str | None,
        scenario: str | None,
        options: FaultOptions,
        *,
        entered: Callable[[], None],
    ) -> None:
        self._steps = (source, scenario, options)
        self._entered = entered
        self._view: FaultView | None = None

    @property
    def id(self) -> str:
        """Give the id of the fault, empty before the block."""
        return "" if self._view is None else self._view.id

    @property
    def seed(self) -> int | None:
        """Give the seed of its chances, None before the block; the same again hits the same."""
        return None if self._view is None else self._view.seed

    @property
    def fired(self) -> int:
        """Give how many requests it hit; counted at the end of the block."""
        return 0 if self._view is None else self._view.fired


class FaultBlock(_Block):
    """``with source.faults(...):``; made by ``faults`` of a source or a server.

    At its end the fault is taken away, and what it holds back is let go.
    """

    def __init__(
        self,
        source: str | None,
        scenario: str | None,
        options: FaultOptions,
        *,
        carry_out: Callable[[str, Steps[Any]], Any],
        unused: Unused,
    ) -> None:
        verbs_faults.check(options)
        super().__init__(source, scenario, options, entered=unused.note_block("faults"))
        self._carry_out = carry_out

    def __enter__(self) -> Self:
        self._entered()
        self._view = self._carry_out("faults", verbs_faults.add(*self._steps))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._view = self._carry_out("faults", verbs_faults.remove(self.id)) or self._view


class AsyncFaultBlock(_Block):
    """``async with source.aio.faults(...):``; see :class:`FaultBlock`."""

    def __init__(
        self,
        source: str | None,
        scenario: str | None,
        options: FaultOptions,
        *,
        carry_out: Callable[[Steps[Any]], Awaitable[Any]],
        unused: Unused,
    ) -> None:
        verbs_faults.check(options)
        entered = unused.note_block("faults", how="async with")
        super().__init__(source, scenario, options, entered=entered)
        self._carry_out = carry_out

    async def __aenter__(self) -> Self:
        self._entered()
        self._view = await self._carry_out(verbs_faults.add(*self._steps))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._view = await self._carry_out(verbs_faults.remove(self.id)) or self._view
