"""Clients of ``segment-analytics-python`` that send to a source."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.client.event_loop import in_event_loop
from mockseg.errors import MissingExtraError
from mockseg.extras import require

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Wiring"]

# The SDK collects calls for so long before it sends them; its own 0.5 s is a long time to wait
# before every assertion.
_UPLOAD_SECONDS = 0.02
# An SDK that has not sent after so long talks to nobody any more.
_FLUSH_SECONDS = 10.0
# What the SDK's module-level functions make their client from.
_MODULE = ("default_client", "write_key", "host", "send", "sync_mode")


class Wiring:
    """The SDK clients of one source; they are made when they are asked for.

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
        """Give the client, whose calls reach the source after a flush."""
        if self._client is None:
            if self._closed:
                pytest.fail("segment.analytics: this source's test has ended", pytrace=False)
            self._client = _sdk().Client(
                self.write_key, host=self.host, upload_interval=_UPLOAD_SECONDS
            )
        return self._client

    @property
    def pending(self) -> bool:
        """Tell whether a client has calls that it has not sent yet."""
        return self._client is not None and bool(self._client.queue.unfinished_tasks)

    def patch_default_client(self) -> contextlib.AbstractContextManager[Any]:
        """Put the client in the place of the SDK's module-level one, from now on."""
        block = _patched(_sdk(), self.client)
        client = block.__enter__()
        undo = contextlib.ExitStack()
        undo.push(block)
        self._patches.callback(undo.close)
        return _Undo(client, undo)

    def flush_unless_in_loop(self) -> None:
        """Send what is pending, except where that would stop an event loop."""
        if self.pending and not in_event_loop():
            self.flush()

    def flush(self) -> None:
        """Send what is pending; a failed test says when that takes too long."""
        __tracebackhide__ = True
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
            pytest.fail(
                f"the analytics SDK did not send {queue.unfinished_tasks} of its calls to"
                f" {self.host} within {_FLUSH_SECONDS:g} s; it retries what fails",
                pytrace=False,
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
    """Import the SDK.

    Raises:
        pytest.fail.Exception: it is not installed.
    """
    try:
        require("segment.analytics", user="segment.analytics")
    except MissingExtraError as error:
        pytest.fail(str(error), pytrace=False)
    return importlib.import_module("segment.analytics")
