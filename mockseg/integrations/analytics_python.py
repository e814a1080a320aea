"""Segment's Python SDK, pointed at a source: its clients and its module-level functions.

Both packages are known: ``segment.analytics`` (segment-analytics-python) and the older
``analytics`` (analytics-python). The fixtures of pytest use this; a test without pytest writes::

    with patch_default_client(source):
        sign_up("u1")  # the app calls analytics.track(...)
    source.assert_called(track("Signed Up"))
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.metadata
import inspect
import sys
import time
from typing import TYPE_CHECKING, Any

from mockseg.client.verb import in_event_loop
from mockseg.errors import MissingExtraError, UnreachableError
from mockseg.extras import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.client.source import Source

__all__ = ["AnalyticsPython", "patch_default_client"]

# How long the SDK collects calls before it sends them; its own 0.5 s is a long time to wait
# before every assertion.
_UPLOAD_SECONDS = 0.02
# An SDK that has not sent by then has lost its server.
_FLUSH_SECONDS = 10.0
# What the SDK's module-level functions make their client from.
_MODULE = ("default_client", "write_key", "host", "send", "sync_mode")
_NEW = "segment.analytics"
_OLD = "analytics"


@contextlib.contextmanager
def patch_default_client(source: Source) -> Iterator[Any]:
    """Let the SDK's module-level functions (``analytics.track``) send to a source, for a block.

    At its end what is pending is sent, and the app's own client and settings are back.

    Args:
        source: where the calls go.

    Yields:
        The SDK's client that is used meanwhile.

    Raises:
        MissingExtraError: neither package is installed.
        UnreachableError: the SDK could not send within 10 seconds.
    """
    clients = AnalyticsPython(write_key=source.write_key, host=source.url)
    try:
        with clients.patch_default_client() as client:
            yield client
            clients.flush()
    finally:
        clients.close()


class AnalyticsPython:
    """The SDK client of one source; it is made when it is asked for.

    Attributes:
        write_key: of the source.
        host: of the server.
    """

    def __init__(self, *, write_key: str, host: str) -> None:
        self.write_key = write_key
        self.host = host
        self._client: Any = None
        self._patches = contextlib.ExitStack()
        self._closed = False

    @property
    def client(self) -> Any:
        """The client, whose calls reach the source after a flush.

        Raises:
            MissingExtraError: the SDK is not installed.
            UnreachableError: it was closed, with its source.
        """
        if self._client is None:
            if self._closed:
                raise UnreachableError("segment.analytics: this source's test has ended")
            class_ = _sdk().Client
            interval = "upload_interval"
            if interval not in inspect.signature(class_).parameters:
                interval = "flush_interval"  # before 1.3
            self._client = class_(self.write_key, host=self.host, **{interval: _UPLOAD_SECONDS})
        return self._client

    @property
    def pending(self) -> bool:
        return self._client is not None and bool(self._client.queue.unfinished_tasks)

    def patch_default_client(self) -> contextlib.AbstractContextManager[Any]:
        """Put the client in the place of the SDK's module-level one, from now on.

        Returns:
            A block at whose end it is undone; without one :meth:`close` does so.
        """
        client = self.client
        undo = contextlib.ExitStack()
        for module in _modules():
            undo.enter_context(_patched(module, client))
        self._patches.callback(undo.close)
        return _Undo(client, undo)

    def flush_unless_in_loop(self) -> None:
        if self.pending and not in_event_loop():
            self.flush()

    def flush(self) -> None:
        """Send what is pending.

        Raises:
            UnreachableError: that takes more than 10 seconds.
        """
        if not self.pending:
            return
        deadline = time.monotonic() + _FLUSH_SECONDS
        queue = self._client.queue
        # `client.flush()` is `queue.join()`, for ever if need be.
        with queue.all_tasks_done:
            while queue.unfinished_tasks:
                left = deadline - time.monotonic()
                if left <= 0 or not queue.all_tasks_done.wait(left):
                    break
        if queue.unfinished_tasks:
            raise UnreachableError(
                f"the analytics SDK did not send {queue.unfinished_tasks} of its calls to"
                f" {self.host} within {_FLUSH_SECONDS:g} s; it retries what fails"
            )

    def close(self) -> None:
        """Put the SDK's own client back, send what is pending, and end the client's thread."""
        self._patches.close()
        self._closed = True
        client, self._client = self._client, None
        if client is None:
            return
        self._client = client
        try:
            self.flush()
        finally:
            self._client = None
            # The SDK would join its thread at exit, in the middle of a retry of minutes if need be.
            atexit.unregister(client.join)
            for consumer in client.consumers or ():
                consumer.pause()
                consumer.join(_UPLOAD_SECONDS * 50)


class _Undo(contextlib.AbstractContextManager[Any]):
    """The patch, to be undone; it is in force already."""

    def __init__(self, client: Any, undo: contextlib.ExitStack) -> None:
        self._client = client
        self._undo = undo

    def __enter__(self) -> Any:
        return self._client

    def __exit__(self, *error: object) -> None:
        self._undo.close()


@contextlib.contextmanager
def _patched(module: Any, client: Any) -> Iterator[Any]:
    before = {name: getattr(module, name) for name in _MODULE}
    wanted = {
        "default_client": client,
        "write_key": client.write_key,
        "host": client.host,
        "send": True,
        "sync_mode": False,
    }
    for name, value in wanted.items():
        setattr(module, name, value)
    try:
        yield client
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def _sdk() -> Any:
    """Import the SDK, the newer package where both are installed.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        require(_NEW, user="segment.analytics")
    except MissingExtraError:
        old = _old_module()
        if old is None:
            raise
        return old
    return importlib.import_module(_NEW)


def _modules() -> list[Any]:
    old = _old_module()
    return [module for module in dict.fromkeys((_sdk(), old)) if module is not None]


def _old_module() -> Any:
    """Return the older package, or None; others may be called ``analytics`` too."""
    module = sys.modules.get(_OLD)
    if module is None:
        try:
            importlib.metadata.distribution("analytics-python")
        except importlib.metadata.PackageNotFoundError:
            return None
        module = importlib.import_module(_OLD)
    return module if all(hasattr(module, name) for name in (*_MODULE, "Client", "track")) else None
