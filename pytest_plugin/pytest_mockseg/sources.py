"""What the fixtures return: a source with the options of the run, its SDK client and its clock."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from mockseg.client.async_source import AsyncSource
from mockseg.client.scope import WAIT, Scope
from mockseg.client.source import Source
from mockseg.errors import MocksegError
from mockseg.integrations.analytics_python import AnalyticsPython

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator
    from contextlib import AbstractContextManager

    from mockseg.client.operation_call import Steps
    from mockseg.operations.sources import ClockView
    from pytest_mockseg.options import Options


# Our own frames do not help to understand why a test failed.
__tracebackhide__ = True

T = TypeVar("T")


@contextlib.contextmanager
def as_failure() -> Iterator[None]:
    """Fail the test with the sentence of an error of ours, without our traceback."""
    try:
        yield
    except (MocksegError, TypeError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


class SegmentSource(Source):
    """A source of a test; see :class:`mockseg.client.source.Source` for its verbs.

    Verbs that wait do so for ini ``mockseg_wait`` seconds where the test names none.

    Attributes:
        options: of the run.
        scope: which calls it sees.
        transport: to its server.
        wiring: the SDK clients that send to it.
    """

    def __init__(self, origin: Source, options: Options, *, root: Path) -> None:
        self.transport = origin._transport  # noqa: SLF001  (this is a source, made of a source)
        self.scope = origin._scope  # noqa: SLF001  (likewise)
        self.scope.wait = options.wait
        super().__init__(
            self.scope,
            self.transport,
            url=origin.url,
            tls_url=origin.tls_url,
            ca_path=origin.ca_path,
        )
        self.options = options
        self.wiring = AnalyticsPython(write_key=origin.write_key, host=origin.url)
        self._root = root

    @functools.cached_property
    def aio(self) -> AsyncSegmentSource:
        return AsyncSegmentSource(self, self._scope)

    @property
    def analytics(self) -> Any:
        """A client of ``segment-analytics-python`` that sends here.

        It is flushed before every verb, and shut down with the source.
        """
        with as_failure():
            return self.wiring.client

    def patch_default_client(self) -> AbstractContextManager[Any]:
        """Let the SDK's module-level functions (``analytics.track``) send here.

        Undone at the end of the ``with`` block, or else of the test.
        """
        with as_failure():
            return self.wiring.patch_default_client()

    def assert_matches_golden(
        self,
        path: str | Path,
        *,
        ignore: Iterable[str] = (),
        update: bool | None = None,
        wait: float = WAIT,
    ) -> None:
        """Fail when the calls are not those of a golden file.

        Args:
            path: a name means ``goldens/<name>.json`` beside the test's file; what ends in
                ``.json`` is a path, relative to that folder's parent.
            ignore: more fields not to look at, dotted.
            update: write the file instead; by default with ``--mockseg-update-goldens``.
            wait: seconds in which the calls must come; ini ``mockseg_wait`` by default.
        """
        super().assert_matches_golden(
            self.golden(path),
            ignore=ignore,
            update=self.options.update_goldens if update is None else update,
            wait=self.scope.patience(wait),
        )

    def golden(self, path: str | Path) -> Path:
        """Return the golden file of a name, beside the test that runs now."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]
        folder = (self._root / test).parent if test else self._root
        if isinstance(path, Path) or path.endswith(".json"):
            return folder / path
        return folder / "goldens" / f"{path}.json"

    def _carry_out(self, called: str, steps: Steps[T], *, waits: bool) -> T:
        with as_failure():
            self.wiring.flush_unless_in_loop()
        return super()._carry_out(called, steps, waits=waits)


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
        self._origin = origin

    def assert_matches_golden(
        self,
        path: str | Path,
        *,
        ignore: Iterable[str] = (),
        update: bool | None = None,
        wait: float = WAIT,
    ) -> Coroutine[Any, Any, None]:
        """Fail when the calls are not those of a golden file; see :class:`SegmentSource`."""
        return super().assert_matches_golden(
            self._origin.golden(path),
            ignore=ignore,
            update=self._origin.options.update_goldens if update is None else update,
            wait=self._scope.patience(wait),
        )

    async def _carry_out(self, called: str, steps: Steps[T]) -> T:
        wiring = self._origin.wiring
        with as_failure():
            if wiring.pending:
                await asyncio.to_thread(wiring.flush)
        return await super()._carry_out(called, steps)


class SegmentClock:
    """The clock of one source: receivedAt, and the 24 hours in which a messageId is unique.

    Under an event loop with an attached server use ``segment.aio.advance_clock`` and its like.
    """

    def __init__(self, source: SegmentSource) -> None:
        self._source = source
        self._moved = False

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self._source.clock().now)

    def advance(self, seconds: float) -> datetime:
        """Move on, and return the time then."""
        return self._moved_to(self._source.advance_clock(seconds))

    def set(self, now: str | datetime, *, frozen: bool = False) -> datetime:
        """Set the time: ISO 8601, or an aware datetime."""
        return self._moved_to(self._source.set_clock(now, frozen=frozen))

    def freeze(self) -> datetime:
        """Stand still from now on, until advanced."""
        return self._moved_to(self._source.set_clock(self._source.clock().now, frozen=True))

    def undo(self) -> None:
        """Follow the server's time again, if it was moved."""
        if self._moved:
            self._moved = False
            self._source.set_clock(None)

    def _moved_to(self, view: ClockView) -> datetime:
        self._moved = True
        return datetime.fromisoformat(view.now)


@contextlib.contextmanager
def variables_for(source: Source, options: Options) -> Iterator[dict[str, str]]:
    """Set an app's environment variables for host and write key, for as long as a block takes."""
    variables = dict.fromkeys(options.env_host, source.url)
    variables |= dict.fromkeys(options.env_write_key, source.write_key)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables
