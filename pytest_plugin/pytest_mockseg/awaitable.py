"""A source of a test, for event loops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from mockseg.client.aio import AsyncSource
from mockseg.errors import MocksegError
from pytest_mockseg.sources import patient_verbs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from pytest_mockseg.sources import SegmentSource


T = TypeVar("T")


@patient_verbs
class AsyncSegmentSource(AsyncSource):
    """A source of a test, with awaitable verbs: ``segment.aio``."""

    def __init__(self, origin: SegmentSource, scope: Scope) -> None:
        super().__init__(
            scope,
            origin.transport.awaitable(),
            url=origin.url,
            tls_url=origin.tls_url,
            ca_path=origin.ca_path,
        )
        self.options = origin.options
        self._origin = origin

    async def assert_matches_golden(
        self,
        path: str | Path,
        *,
        ignore: Iterable[str] = (),
        update: bool | None = None,
        wait: float = 1.0,
    ) -> None:
        """Fail when the calls are not those of a golden file; see :class:`SegmentSource`."""
        await super().assert_matches_golden(
            self._origin.golden(path),
            ignore=ignore,
            update=self.options.update_goldens if update is None else update,
            wait=wait,
        )

    async def _carry_out(self, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        if self._origin.wiring.pending:
            await asyncio.to_thread(self._origin.wiring.flush)
        try:
            return await super()._carry_out(steps)
        except MocksegError as failure:
            # Our own frames do not help to understand why a test failed.
            raise failure.with_traceback(None)  # noqa: B904  (the same error, not another)
