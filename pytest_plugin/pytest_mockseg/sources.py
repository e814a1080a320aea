"""What the fixtures give: a source that knows the run's options and wires the SDK."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mockseg.client.source import Source
from mockseg.errors import MocksegError
from pytest_mockseg.analytics import Wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from pytest_mockseg.awaitable import AsyncSegmentSource
    from pytest_mockseg.options import Options


T = TypeVar("T")

# Verb -> its argument that says how long it waits.
_PATIENT = {
    "assert_called": "wait",
    "assert_delivered": "wait",
    "assert_filtered": "wait",
    "assert_identity_continuity": "wait",
    "assert_in_order": "wait",
    "assert_matches_golden": "wait",
    "assert_no_calls_after": "wait",
    "wait_for": "timeout",
    "wait_for_all": "timeout",
    "wait_for_delivery": "timeout",
    "waiting_for": "timeout",
}


def patient_verbs(kind: type[T]) -> type[T]:
    """Let the verbs of a class wait as long as ``mockseg_wait`` says, where nothing is said."""

    def patient(verb: Callable[..., Any], argument: str) -> Callable[..., Any]:
        @functools.wraps(verb)
        def carried_out(source: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            kwargs.setdefault(argument, source.options.wait)
            return verb(source, *args, **kwargs)

        return carried_out

    for name, argument in _PATIENT.items():
        setattr(kind, name, patient(getattr(kind, name), argument))
    return kind


@patient_verbs
class SegmentSource(Source):
    """A source of a test; see :class:`mockseg.client.source.Source` for its verbs.

    Verbs that wait do so for ini ``mockseg_wait`` seconds where nothing is said.

    Attributes:
        options: of the run.
        wiring: the SDK clients that send to it.
    """

    def __init__(self, origin: Source, options: Options, *, root: Path) -> None:
        self.transport = origin._transport  # noqa: SLF001  (this is a source, made of a source)
        super().__init__(
            origin._scope,  # noqa: SLF001  (likewise)
            self.transport,
            url=origin.url,
            tls_url=origin.tls_url,
            ca_path=origin.ca_path,
        )
        self.options = options
        self.wiring = Wiring(write_key=origin.write_key, host=origin.url)
        self._root = root
        self._awaitable: AsyncSegmentSource | None = None

    @property
    def scope(self) -> Scope:
        """Tell which calls it sees."""
        return self._scope

    @property
    def aio(self) -> AsyncSegmentSource:
        """Give the same source with awaitable verbs."""
        if self._awaitable is None:
            from pytest_mockseg.awaitable import AsyncSegmentSource

            self._awaitable = AsyncSegmentSource(self, self._scope)
        return self._awaitable

    @property
    def analytics(self) -> Any:
        """Give a client of ``segment-analytics-python`` that sends here.

        It is flushed before every verb, and shut down with the source.
        """
        return self.wiring.client

    def patch_default_client(self) -> AbstractContextManager[Any]:
        """Let the SDK's module-level functions (``analytics.track``) send here.

        Undone at the end of the ``with`` block, or of the test where there is none.
        """
        return self.wiring.patch_default_client()

    def assert_matches_golden(
        self,
        path: str | Path,
        *,
        ignore: Iterable[str] = (),
        update: bool | None = None,
        wait: float = 1.0,
    ) -> None:
        """Fail when the calls are not those of a golden file.

        Args:
            path: a name means ``goldens/<name>.json`` beside the test's file; what ends in
                ``.json`` is a path, relative to that folder's parent.
            ignore: more fields not to look at, dotted.
            update: write the file instead; by default with ``--mockseg-update-goldens``.
            wait: seconds in which the calls must come; ini ``mockseg_wait`` by default.
        """
        __tracebackhide__ = True
        super().assert_matches_golden(
            self.golden(path),
            ignore=ignore,
            update=self.options.update_goldens if update is None else update,
            wait=wait,
        )

    def golden(self, path: str | Path) -> Path:
        """Find the golden file of a name, beside the test that runs now."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]
        folder = (self._root / test).parent if test else self._root
        if isinstance(path, Path) or path.endswith(".json"):
            return folder / path
        return folder / "goldens" / f"{path}.json"

    def _read(self, verb: str, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        self.wiring.flush_unless_in_loop()
        try:
            return super()._read(verb, steps)
        except MocksegError as failure:
            raise failure.with_traceback(None)  # noqa: B904  (the same error, not another)

    def _wait(self, verb: str, steps: Steps[T]) -> T:
        __tracebackhide__ = True
        self.wiring.flush_unless_in_loop()
        try:
            return super()._wait(verb, steps)
        except MocksegError as failure:
            # What went on inside helps nobody who reads why her test failed.
            raise failure.with_traceback(None)  # noqa: B904  (the same error, not another)
