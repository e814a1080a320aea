"""The driver: sends what is due when it is due, whatever the server does.

An open model: a slow server does not slow the schedule down. Requests wait for a free
connection, and their latency counts from the moment at which they were due. How many may
wait is bounded; what does not fit is counted as not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final

import aiohttp

from mockseg.clock import NANOSECONDS, SystemClock, breathe
from mockseg.traffic.packets import Group, Request
from mockseg.traffic.tally import Tally


async def paced(
    groups: Iterable[Group], *, start: float, stopped: asyncio.Event
) -> AsyncIterator[tuple[Group, float]]:
    """Return each group when it is due, or at once when that is past.

    Args:
        groups: in the order of their due times.
        start: the loop's time at which the schedule begins, in seconds.
        stopped: ends it when it is set.

    Yields:
        A group, and the loop's time at which it was due.
    """
    loop = asyncio.get_running_loop()
    for group in groups:
        due = start + group.due_ns / NANOSECONDS
        if due > loop.time():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await stopped.wait()
        else:
            await breathe()
        if stopped.is_set():
            return
        yield group, due


# Requests that wait for a connection; more are not sent.
_MOST_WAITING: Final = 2000
# How long after the end answers are waited for.
_GRACE_SECONDS: Final = 10.0
_LARGEST_ANSWER: Final = 65_536


@dataclass(slots=True)
class _Due:
    request: Request
    calls: int
    at: float


class Driver:
    """Sends groups of calls.

    Args:
        url: the target's address.
        make: what makes a request of a group at a moment.
        tally: what everything is counted in.
        connections: maximum number of concurrent connections.
        timeout_seconds: for an answer.
        tls: what to trust for https, None for what the system trusts.

    Attributes:
        waiting: number of requests that are due and not yet answered.
    """

    def __init__(
        self,
        url: str,
        make: Callable[[Group, int], Request],
        tally: Tally,
        *,
        connections: int = 64,
        timeout_seconds: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._make = make
        self._tally = tally
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._tls = tls
        # None ends a sender.
        self._queue: asyncio.Queue[_Due | None] = asyncio.Queue()
        self.waiting = 0
        self._stopped = asyncio.Event()
        self._senders: list[asyncio.Task[None]] = []

    def stop(self) -> None:
        """Stop the schedule and drop queued requests; a second call cancels open ones, too."""
        if self._stopped.is_set():
            for sender in self._senders:
                sender.cancel()
        self._tally.interrupted = True
        self._stopped.set()

    async def run(self, groups: Iterable[Group]) -> None:
        """Send everything; return when all is answered, or given up."""
        loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(
            limit=self._connections, ssl=self._tls if self._tls is not None else True
        )
        async with aiohttp.ClientSession(connector=connector, timeout=self._timeout) as session:
            self._senders = senders = [
                asyncio.create_task(self._send_all(session)) for _ in range(self._connections)
            ]
            start = loop.time()
            try:
                await self._keep_schedule(groups, start)
            finally:
                self._tally.seconds = loop.time() - start
                if self._stopped.is_set():
                    self._drop_waiting()
                for _ in senders:
                    self._queue.put_nowait(None)
                _, late = await asyncio.wait(senders, timeout=_GRACE_SECONDS)
                self._drop_waiting()
                for sender in late:
                    sender.cancel()
                await asyncio.gather(*senders, return_exceptions=True)

    async def _keep_schedule(self, groups: Iterable[Group], start: float) -> None:
        clock = SystemClock()
        async for group, due in paced(groups, start=start, stopped=self._stopped):
            self._tally.came_due(group.calls)
            if self._queue.qsize() >= _MOST_WAITING:
                self._tally.unsent += len(group.calls)
                continue
            request = self._make(group, clock.now_ns())
            self._queue.put_nowait(_Due(request, len(group.calls), due))
            self.waiting += 1

    async def _send_all(self, session: aiohttp.ClientSession) -> None:
        while (due := await self._queue.get()) is not None:
            try:
                await self._send(session, due)
            finally:
                self.waiting -= 1

    async def _send(self, session: aiohttp.ClientSession, due: _Due) -> None:
        loop, request, tally = asyncio.get_running_loop(), due.request, self._tally
        tally.lateness.add(round((loop.time() - due.at) * 1_000_000))
        try:
            async with session.request(
                request.method,
                f"{self._url}{request.path}",
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
            ) as answer:
                await answer.content.read(_LARGEST_ANSWER)
                status = answer.status
        except asyncio.CancelledError:
            tally.failed["no answer at the end"] += due.calls
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            tally.failed[_kind(error)] += due.calls
            return
        microseconds = round((loop.time() - due.at) * 1_000_000)
        tally.answer(status, due.calls, microseconds=microseconds)

    def _drop_waiting(self) -> None:
        while not self._queue.empty():
            due = self._queue.get_nowait()
            if due is not None:
                self._tally.unsent += due.calls
                self.waiting -= 1


def _kind(error: Exception) -> str:
    """Name a failure, so that equal ones count together."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or type(error.os_error).__name__
        return f"cannot connect: {reason}"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientOSError):
        return "connection lost"
    return type(error).__name__
