"""Requests that may stay open for long: waits, streams and searches.

They end when the server stops: a single open stream would otherwise hold it for twice its
``shutdown_timeout``. They end when their client goes away, too: at once where they only read, else
when they are looked at next. aiohttp could cancel a handler by itself then, but only every handler
of a server or none, and one of the data plane must not be: what a client sent before it hung up was
sent, and is recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from aiohttp import web

from mockseg.errors import OperationError

# How often it is looked after the clients of what is held.
LOOK_SECONDS = 1.0
_READING = frozenset(("GET", "HEAD"))


class OpenRequests:
    __slots__ = ("_gone", "_look", "_reading", "_requests", "stopping")

    def __init__(self) -> None:
        self._requests: dict[asyncio.Task[object], web.Request] = {}
        # By connection; it answers one request after the other.
        self._reading: dict[web.RequestHandler, asyncio.Task[object]] = {}
        self._gone: set[asyncio.Task[object]] = set()
        self._look: asyncio.TimerHandle | None = None
        self.stopping = False

    def __len__(self) -> int:
        return len(self._requests)

    @contextlib.contextmanager
    def hold(self, request: web.Request) -> Iterator[None]:
        """Let the running task be ended when the server stops or its client goes away.

        Raises:
            OperationError: 503, the server stops.
            ConnectionResetError: the client went away.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (handlers run in tasks)
        if self.stopping:
            raise _stopping()
        self._requests[task] = request
        if request.method in _READING:
            self._reading[request.protocol] = task
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look_after)
        try:
            yield
        except asyncio.CancelledError:
            if not self._ended(task):
                raise
            if task in self._gone:
                raise ConnectionResetError("the client went away") from None
            raise _stopping() from None
        finally:
            del self._requests[task]
            self._reading.pop(request.protocol, None)
            self._gone.discard(task)

    def disconnected(self, connection: web.RequestHandler) -> None:
        """End the request of a connection that its client closed, if it only reads."""
        task = self._reading.pop(connection, None)
        if task is not None and task not in self._gone:
            self._gone.add(task)
            task.cancel()

    async def release(self, _app: web.Application) -> None:
        """End all requests; for ``on_shutdown``."""
        self.stopping = True
        if self._look is not None:
            self._look.cancel()
        for task in self._requests.keys() - self._gone:
            task.cancel()

    def _look_after(self) -> None:
        """End requests whose client is gone; repeat while any is open."""
        for task, request in self._requests.items():
            if (request.transport is None or request.transport.is_closing()) and (
                task not in self._gone
            ):
                self._gone.add(task)
                task.cancel()
        self._look = None
        if self._requests:
            self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look_after)

    def _ended(self, task: asyncio.Task[object]) -> bool:
        """Take our cancellation back; return False if it was not ours alone."""
        return (self.stopping or task in self._gone) and task.uncancel() == 0


def _stopping() -> OperationError:
    return OperationError("the server is stopping", status=503, code="stopping")
