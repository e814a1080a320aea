"""Waiting for calls: woken by their arrival, never polling."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from mockseg.errors import OperationError
from mockseg.matching.match import compile_match
from mockseg.operations.calls import WaitedCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.domain.call import KeptCall
    from mockseg.matching.match import Matchable
    from mockseg.operations.calls import WaitCalls

__all__ = ["Bell", "Waiter", "Waiters"]

# A wait answers with at most so many calls; it counts on.
_MOST = 1000


class Bell:
    """Wakes whoever waits for anything new. Used from the event loop's thread only."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake all who listen now."""
        if self._listeners:
            for listener in self._listeners:
                if not listener.done():
                    listener.set_result(None)
            self._listeners.clear()

    async def rung(self, within_seconds: float | None = None) -> bool:
        """Return True at the next ring, False when so many seconds have passed without one."""
        listener: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.add(listener)
        try:
            done, _ = await asyncio.wait({listener}, timeout=within_seconds)
        finally:
            self._listeners.discard(listener)
        return bool(done)


class Waiter:
    """One wait: what it has seen so far, and whether that is enough.

    Args:
        asked: what is waited for.
    """

    def __init__(self, asked: WaitCalls) -> None:
        match = asked.match
        # A wait without a verdict means accepted calls; one that was dropped ends it early.
        self._any_verdict = match.verdict is not None or match.good is not None
        self._matches: Callable[[Matchable], bool] = compile_match(match)
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._bell = Bell()
        self._started = self._last = self._loop.time()
        self.source = match.source
        self.seen = 0
        self.calls: list[KeptCall] = []
        self.hopeless: KeptCall | None = None

    def offer(self, call: KeptCall, *, now: bool = True) -> None:
        """Look at one call, recorded this moment or, for `now=False`, before the wait began."""
        if call.cursor <= self._asked.after or not self._matches(call):
            return
        if not self._any_verdict and call.verdict != "accepted":
            if self.hopeless is None and not _is_duplicate(call):
                self.hopeless = call
                self._bell.ring()
            return
        self.seen += 1
        if len(self.calls) < _MOST:
            self.calls.append(call)
        if now:
            self._last = self._loop.time()
        self._bell.ring()

    async def satisfied(self) -> WaitedCalls:
        """Return once the calls are there.

        Raises:
            OperationError: 406 ``timeout``, ``dropped``, ``too_many`` or ``not_quiet``.
        """
        deadline = self._started + max(self._asked.timeout, self._asked.quiet)
        while True:
            now = self._loop.time()
            enough, too_many = self._judge()
            quiet_at = max(self._started, self._last) + self._asked.quiet
            if too_many:
                raise self._unmet("too_many", self.calls[-1])
            if enough and (self._asked.quiet == 0 or now >= quiet_at):
                after = self.calls[-1].cursor if self.calls else self._asked.after
                return WaitedCalls(calls=[call.view() for call in self.calls], next=after)
            if not enough and self.hopeless is not None and self._asked.count.exactly is None:
                raise self._unmet("dropped", self.hopeless)
            if now >= deadline:
                raise self._unmet("not_quiet" if enough else "timeout", None)
            until = min(deadline, quiet_at) if enough else deadline
            await self._bell.rung(until - now)

    def _judge(self) -> tuple[bool, bool]:
        exactly = self._asked.count.exactly
        if exactly is None:
            return self.seen >= (self._asked.count.min or 1), False
        return self.seen == exactly, self.seen > exactly

    def _unmet(self, code: str, call: KeptCall | None) -> OperationError:
        count = self._asked.count
        wanted = f"exactly {count.exactly}" if count.exactly is not None else f"{count.min or 1}"
        sentences = {
            "timeout": f"{self.seen} of {wanted} matching calls came within"
            f" {self._asked.timeout:g} s",
            "dropped": "a matching call came, but Segment would not have let it through",
            "too_many": f"{self.seen} matching calls came, {wanted} expected",
            "not_quiet": f"matching calls kept coming; no {self._asked.quiet:g} s of silence",
        }
        details: dict[str, object] = {"seen": self.seen}
        if call is not None:
            details["call"] = msgspec.to_builtins(call.view())
        return OperationError(sentences[code], status=406, code=code, details=details)


class Waiters:
    """All waits of a server, by the source they wait for."""

    __slots__ = ("_by_source",)

    def __init__(self) -> None:
        self._by_source: dict[str | None, set[Waiter]] = {}

    def add(self, waiter: Waiter) -> None:
        """Offer the waiter every call of its source from now on."""
        self._by_source.setdefault(waiter.source, set()).add(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Offer the waiter nothing more."""
        waiters = self._by_source.get(waiter.source)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._by_source[waiter.source]

    def offer(self, source: str, calls: list[KeptCall]) -> None:
        """Show new calls of a source to all who wait for them."""
        if not self._by_source:
            return
        for waiter in (*self._by_source.get(source, ()), *self._by_source.get(None, ())):
            for call in calls:
                waiter.offer(call)


def _is_duplicate(call: KeptCall) -> bool:
    remark = call.remark
    return remark is not None and any(
        finding.code == "duplicate_message_id" for finding in remark.findings
    )


def needs_one(asked: WaitCalls) -> None:
    """Refuse a count that says both or nothing.

    Raises:
        OperationError: 422, with what is allowed.
    """
    count = asked.count
    if (count.min is None) == (count.exactly is None):
        raise OperationError(
            "count takes one of min and exactly",
            status=422,
            code="invalid_parameter",
            details={"parameter": "count", "allowed": ['{"min": 1}', '{"exactly": 1}']},
        )
