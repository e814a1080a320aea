"""Asks to a hub that runs in an event loop of this process."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Protocol

from mockseg.client.operation_call import EdgeRequest, OperationCall
from mockseg.client.over_http import HttpTransport
from mockseg.errors import BlockingCallError, UnreachableError

if TYPE_CHECKING:
    import msgspec


class Performs(Protocol):
    async def perform(self, name: str, params: msgspec.Struct) -> msgspec.Struct: ...


class InProcess:
    """Carries operations to a hub in another thread's event loop, or in this one's.

    After :meth:`close` every operation, those under way too, ends in ``UnreachableError``:
    nothing hangs on a loop that no longer runs. So does one in a child of a fork, which
    has no copy of the server's thread.
    """

    remote = False

    def __init__(self, hub: Performs, loop: asyncio.AbstractEventLoop, *, url: str) -> None:
        self._hub = hub
        self._loop = loop
        self._url = url
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._closed = False
        self._under_way: set[Future[msgspec.Struct]] = set()

    def perform(self, asked: OperationCall | EdgeRequest) -> msgspec.Struct:
        """See :class:`~mockseg.client.operation_call.Transport`.

        Raises:
            BlockingCallError: called in the loop that would have to answer.
        """
        if isinstance(asked, EdgeRequest):
            self._refuse_where_gone()
            return HttpTransport(self._url).perform(asked)
        if _running_loop() is self._loop:
            raise BlockingCallError(
                f"{asked.operation} was asked in the server's own event loop, which would have to"
                " answer it; use the awaitable verbs (`.aio`)"
            )
        future = self._submit(asked)
        try:
            return future.result()
        except CancelledError:
            raise self._gone() from None
        except BaseException:
            # Ctrl-C while waiting: the server need not go on with it.
            future.cancel()
            raise

    def awaitable(self) -> AwaitableInProcess:
        return AwaitableInProcess(self)

    def close(self) -> None:
        """End every operation; the loop has stopped, or will."""
        with self._lock:
            self._closed = True
            under_way = list(self._under_way)
        for future in under_way:
            future.cancel()

    async def perform_in_loop(self, asked: OperationCall | EdgeRequest) -> msgspec.Struct:
        if isinstance(asked, EdgeRequest):
            from mockseg.client.over_aiohttp import AiohttpTransport

            self._refuse_where_gone()
            return await AiohttpTransport(self._url).perform(asked)
        if _running_loop() is self._loop:
            if self._closed:
                raise self._gone()
            return await self._hub.perform(asked.operation, asked.params)
        future = self._submit(asked)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and not (task is not None and task.cancelling()):
                raise self._gone() from None
            raise

    def _submit(self, asked: OperationCall) -> Future[msgspec.Struct]:
        with self._lock:
            if self._closed or self._process != os.getpid():
                raise self._gone()
            coroutine = self._hub.perform(asked.operation, asked.params)
            try:
                future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            except RuntimeError:
                coroutine.close()
                raise self._gone() from None
            self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def _refuse_where_gone(self) -> None:
        if self._closed:
            raise self._gone()

    def _gone(self) -> UnreachableError:
        if self._process != os.getpid():
            return UnreachableError(
                f"the mockseg at {self._url} runs in the process that started it, and this is a"
                f' child of it; use Client("{self._url}") here'
            )
        return UnreachableError(f"the mockseg at {self._url} has been stopped")


class AwaitableInProcess:
    def __init__(self, transport: InProcess) -> None:
        self._transport = transport

    async def perform(self, asked: OperationCall | EdgeRequest) -> msgspec.Struct:
        return await self._transport.perform_in_loop(asked)

    async def close(self) -> None:
        """Nothing is held here."""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
