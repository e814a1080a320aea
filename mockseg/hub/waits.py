"""Waiting for calls: woken by their arrival, never polling."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from mockseg.domain.lost import NOTHING_LOST
from mockseg.errors import FqlError, OperationError
from mockseg.hub.filtering import bad_filter
from mockseg.matching.match import accepted_by_default, compile_match
from mockseg.matching.render import counted, lost_words
from mockseg.operations.calls import WaitedCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.domain.call import KeptCall
    from mockseg.domain.lost import Lost
    from mockseg.hub.hub import Hub
    from mockseg.matching.match import Matchable
    from mockseg.operations.calls import Count, WaitCalls


# A wait answers with at most this many calls; it counts on.
_MOST = 1000


class Bell:
    """Wakes whoever waits for anything new. Used from the event loop's thread only."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake all current listeners."""
        if self._listeners:
            for listener in self._listeners:
                if not listener.done():
                    listener.set_result(None)
            self._listeners.clear()

    async def wait(self, within_seconds: float | None = None) -> bool:
        """Return True at the next ring, False when this many seconds have passed without one."""
        listener: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.add(listener)
        try:
            done, _ = await asyncio.wait({listener}, timeout=within_seconds)
        finally:
            self._listeners.discard(listener)
        return bool(done)


class Waiter:
    """One wait: what it has seen so far that still counts, and whether that is enough.

    Args:
        asked: what is waited for.
    """

    def __init__(self, asked: WaitCalls) -> None:
        match = asked.match
        # A wait without a verdict means accepted calls; one that was dropped ends it early.
        self._verdict = accepted_by_default(match)
        self._only_accepted = match.verdict is None and match.good is None
        self._matches: Callable[[Matchable], bool] = compile_match(match)
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._bell = Bell()
        self._started = self._loop.time()
        self._begun = False
        self._lost = NOTHING_LOST
        # Of each call by its cursor: the source, and when it came.
        self._seen: dict[int, tuple[str, float]] = {}
        self._calls: dict[int, KeptCall] = {}
        self._hopeless: KeptCall | None = None
        self.source = match.source

    def offer(self, call: KeptCall, *, now: bool = True) -> None:
        """Look at one call, recorded this moment or, for `now=False`, before the wait began."""
        if now and not self._begun:
            # The scan that goes on will come to it.
            return
        if call.cursor <= self._asked.after or not self._matches(call):
            return
        if self._only_accepted and call.verdict != "accepted":
            if self._hopeless is None and not _is_duplicate(call):
                self._hopeless = call
                self._bell.ring()
            return
        self._seen[call.cursor] = (call.source, self._loop.time() if now else self._started)
        if len(self._calls) < _MOST:
            self._calls[call.cursor] = call
        self._bell.ring()

    def begin(self, *, lost: Lost) -> None:
        """Look at each call that is recorded from now on; all earlier ones were offered.

        Args:
            lost: what could not be offered, because it was evicted before.
        """
        self._begun = True
        self._lost = lost

    def cleared(self, source: str, cursor: int | None) -> None:
        """Count what was cleared no longer: all calls of a source, or one.

        Args:
            source: whose.
            cursor: of the call; None for all of them.
        """

        def gone(at: int, of: str) -> bool:
            return of == source and cursor in {None, at}

        for at in [at for at, (of, _) in self._seen.items() if gone(at, of)]:
            del self._seen[at]
            self._calls.pop(at, None)
        if self._hopeless is not None and gone(self._hopeless.cursor, self._hopeless.source):
            self._hopeless = None
        self._bell.ring()

    async def satisfied(self) -> WaitedCalls:
        """Return once the calls are there.

        Raises:
            OperationError: 406 ``timeout``, ``dropped``, ``too_many``, ``not_quiet`` or, where
                calls were evicted and cannot be counted, ``evicted``.
        """
        deadline = self._started + max(self._asked.timeout, self._asked.quiet)
        bounded = self._asked.count.bounds[1] is not None
        while True:
            now = self._loop.time()
            enough, too_many = self._judge()
            last = next(reversed(self._seen.values()))[1] if self._seen else self._started
            quiet_at = last + self._asked.quiet
            calls = list(self._calls.values())
            if too_many:
                raise self._unmet("too_many", calls[-1])
            if enough and bounded and self._lost.inside(after=self._asked.after):
                raise self._unmet("evicted", None)
            if enough and (self._asked.quiet == 0 or now >= quiet_at):
                after = calls[-1].cursor if calls else self._asked.after
                shown = [call.view() for call in calls]
                return WaitedCalls(calls=shown, next=after, verdict=self._verdict)
            if not enough and self._hopeless is not None and not bounded:
                raise self._unmet("dropped", self._hopeless)
            if now >= deadline:
                raise self._unmet("not_quiet" if enough else "timeout", None)
            until = min(deadline, quiet_at) if enough else deadline
            await self._bell.wait(until - now)

    def _judge(self) -> tuple[bool, bool]:
        minimum, maximum = self._asked.count.bounds
        too_many = maximum is not None and len(self._seen) > maximum
        return len(self._seen) >= minimum and not too_many, too_many

    def _unmet(self, code: str, call: KeptCall | None) -> OperationError:
        seen = len(self._seen)
        wanted = _wanted(self._asked.count)
        kind = "matching" if self._verdict == "any" else f"matching {self._verdict}"
        sentences = {
            "timeout": f"{seen} of {wanted} {kind} calls came within {self._asked.timeout:g} s",
            "dropped": "a matching call came, but Segment would not have let it through",
            "too_many": f"{seen} {kind} calls came, {wanted} expected",
            "not_quiet": f"{kind} calls kept coming; no {self._asked.quiet:g} s of silence",
            "evicted": f"{counted(seen, f'{kind} call')} found, but {lost_words(self._lost)}",
        }
        details: dict[str, object] = {"seen": seen, "verdict": self._verdict}
        if code == "evicted":
            details["lost"] = msgspec.to_builtins(self._lost)
        if call is not None:
            details["call"] = msgspec.to_builtins(call.view())
        return OperationError(sentences[code], status=406, code=code, details=details)


def _wanted(count: Count) -> str:
    minimum, maximum = count.bounds
    if maximum is None:
        return f"{minimum}"
    if minimum == maximum:
        return f"exactly {minimum}"
    return f"{minimum} to {maximum}" if minimum else f"at most {maximum}"


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
        """Show new calls of a source to all waits for them."""
        if not self._by_source:
            return
        for waiter in self._of(source):
            for call in calls:
                waiter.offer(call)

    def cleared(self, source: str, cursor: int | None) -> None:
        """Let no wait count what was cleared: all calls of a source, or the one at a cursor."""
        for waiter in self._of(source):
            waiter.cleared(source, cursor)

    def _of(self, source: str) -> tuple[Waiter, ...]:
        return (*self._by_source.get(source, ()), *self._by_source.get(None, ()))


def _is_duplicate(call: KeptCall) -> bool:
    remark = call.remark
    return remark is not None and any(
        finding.code == "duplicate_message_id" for finding in remark.findings
    )


def check_count(count: Count) -> None:
    """Refuse a count that contradicts itself.

    Raises:
        OperationError: 422, with what is allowed.
    """
    given = {name: getattr(count, name) for name in ("min", "max", "exactly")}
    named = [name for name, value in given.items() if value is not None]
    minimum, maximum = count.bounds
    if not named or ("exactly" in named and len(named) > 1):
        problem = f"count takes min, max or both, or exactly: got {', '.join(named) or 'nothing'}"
    elif maximum is not None and minimum > maximum:
        problem = f"count: min is {minimum} and max is {maximum}; min must not be above max"
    elif (minimum, maximum) == (0, None):
        problem = "count: min is 0, which every wait satisfies; 1 or more is allowed without max"
    else:
        return
    raise OperationError(
        problem,
        status=422,
        code="invalid_parameter",
        details={
            "parameter": "count",
            "allowed": ['{"min": 1}', '{"exactly": 1}', '{"min": 1, "max": 3}'],
        },
    )


async def wait_for_calls(hub: Hub, asked: WaitCalls) -> WaitedCalls:
    """Return when the calls are there.

    Raises:
        OperationError: 406 as :meth:`Waiter.satisfied` says; 422 the filter cannot be read.
    """
    key = asked.match.source
    try:
        waiter = Waiter(asked)
    except FqlError as error:
        raise bad_filter(error) from None
    with hub.sources.watching(key):
        # First of all: what is cleared during the scan is not to be counted.
        hub.waiters.add(waiter)
        try:
            async for portion in hub.scan(after=asked.after, source=key):
                for call in portion:
                    waiter.offer(call, now=False)
            # No await lies between the end of the scan and this: no call falls in between.
            waiter.begin(lost=hub.lost(key))
            waited = await waiter.satisfied()
        finally:
            hub.waiters.remove(waiter)
    source = None if key is None else hub.sources.get(key)
    return waited if source is None else replace(waited, cleared=source.cleared)
