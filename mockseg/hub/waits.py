"""Waits for calls and deliveries: woken by what is recorded, never polling."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from mockseg.clock import Turn
from mockseg.delivery.records import KeptDelivery
from mockseg.domain.call import KeptCall
from mockseg.domain.lost import NOTHING_LOST
from mockseg.errors import FqlError, OperationError
from mockseg.hub.paging import made_in_turns
from mockseg.hub.sources import Sources
from mockseg.hub.waiters import OfferedCall, OfferedDelivery, Waiter, Waiters
from mockseg.journal.memory import MemoryJournal
from mockseg.matching.match import (
    Predicate,
    ScalarMatch,
    accepted_by_default,
    compile_match,
    required,
)
from mockseg.matching.render import counted, lost_words
from mockseg.operations.calls import Count, WaitCalls, WaitedCalls
from mockseg.operations.deliveries import WaitDeliveries, WaitedDeliveries

# A wait answers with at most this many calls; it counts on.
_MOST = 1000
# How many calls a wait reads from the journal before it looks at the clock.
_PORTION = 32

_Found = TypeVar("_Found")
_Waiter = TypeVar("_Waiter", bound=Waiter)


class Bell:
    """Wakes whoever waits for anything new. Used from the event loop's thread only."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
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

    async def wait_for(self, find: Callable[[], _Found], *, seconds: float) -> _Found:
        """Return what `find` returns as soon as it is true, or at the latest after this time.

        It is called now, and whenever the bell rings.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + seconds
        while not (found := find()):
            left = deadline - now()
            if left <= 0 or not await self.wait(left):
                return find()
        return found


@contextlib.contextmanager
def waiting(waiter: _Waiter, waiters: Waiters[_Waiter], sources: Sources) -> Iterator[None]:
    """Offer the waiter what comes during the block, and keep its source open meanwhile."""
    with sources.watching(waiter.source):
        waiters.add(waiter)
        try:
            yield
        finally:
            waiters.remove(waiter)


def compiled(match: ScalarMatch) -> Predicate:
    """Compile match keys.

    Raises:
        OperationError: 422, the filter cannot be read.
    """
    try:
        return compile_match(match)
    except FqlError as error:
        raise error.refusal() from None


class CallWaiter:
    """A wait for calls: what it has seen so far that still counts, and whether that is enough.

    Attributes:
        source: the write key of the source it waits for; None for any.
        required: values that every call has which it waits for.

    Raises:
        OperationError: 422, the filter cannot be read.
    """

    def __init__(
        self, asked: WaitCalls, *, journal: MemoryJournal, sources: Sources, turns: asyncio.Lock
    ) -> None:
        match = asked.match
        # A wait without a verdict means accepted calls; one that was dropped ends it early.
        self._verdict = accepted_by_default(match)
        self._only_accepted = match.verdict is None and match.good is None
        self._matches = compiled(match)
        self._asked = asked
        self._journal = journal
        self._sources = sources
        self._turns = turns
        self._loop = asyncio.get_running_loop()
        self._bell = Bell()
        self._started = self._loop.time()
        # Whether calls have to be read from the journal, after which, and when those came.
        self._behind = True
        self._read, self._behind_since = asked.after, self._started
        self._lost = NOTHING_LOST
        # Of each call by its cursor: the source, and when it came.
        self._seen: dict[int, tuple[str, float]] = {}
        # The first of these, as many as an answer has.
        self._calls: dict[int, KeptCall] = {}
        self._hopeless: KeptCall | None = None
        self.source = match.source
        self.required = required(match)

    def offer(self, offered: OfferedCall) -> None:
        # Until it has caught up with the journal, it will come to this one there.
        if not self._behind and self._matches(offered.call, offered.message):
            self._take(offered.call, self._loop.time())

    def fall_behind(self, offered: OfferedCall) -> None:
        """Read this call and those after it from the journal, outside of the current request."""
        if not self._behind:
            self._behind = True
            self._read, self._behind_since = offered.call.cursor - 1, self._loop.time()
            self._bell.ring()

    async def _catch_up(self) -> None:
        after, turn = max(self._read, self._asked.after), Turn()
        while True:
            async with self._turns:
                portion = self._journal.calls_after(after, limit=_PORTION, source=self.source)
                for call in portion:
                    if self._matches(call):
                        self._take(call, self._behind_since)
            if len(portion) < _PORTION:
                break
            after = portion[-1].cursor
            await turn.over()
        # No await lies between the last look and this: no call falls in between.
        self._behind = False
        self._lost = self._sources.lost(self.source)

    def _take(self, call: KeptCall, at: float) -> None:
        if call.cursor <= self._asked.after:
            return
        if self._only_accepted and call.verdict != "accepted":
            if self._hopeless is None and not call.is_duplicate:
                self._hopeless = call
                self._bell.ring()
            return
        if len(self._calls) == len(self._seen) < _MOST:
            self._calls[call.cursor] = call
        self._seen[call.cursor] = (call.source, at)
        self._bell.ring()

    def cleared(self, source: str, call: int | None) -> None:
        def gone(at: int, of: str) -> bool:
            return of == source and call in {None, at}

        for at in [at for at, (of, _) in self._seen.items() if gone(at, of)]:
            del self._seen[at]
            self._calls.pop(at, None)
        if self._hopeless is not None and gone(self._hopeless.cursor, self._hopeless.source):
            self._hopeless = None
        self._bell.ring()

    def _page(self) -> list[KeptCall]:
        """Return the first calls that it has seen, as many as an answer has."""
        if len(self._calls) < min(len(self._seen), _MOST):
            # Others were cleared when these were full already: what followed moves up.
            found = (self._calls.get(at) or self._journal.call(at) for at in self._seen)
            kept = islice((call for call in found if call is not None), _MOST)
            self._calls = {call.cursor: call for call in kept}
        return list(self._calls.values())

    async def satisfied(self) -> WaitedCalls:
        """Return once the calls are there.

        Raises:
            OperationError: 406 ``timeout``, ``dropped``, ``too_many``, ``not_quiet`` or, where
                calls were evicted and cannot be counted, ``evicted``.
        """
        deadline = self._started + max(self._asked.timeout, self._asked.quiet)
        minimum, maximum = self._asked.count.bounds
        while True:
            if self._behind:
                await self._catch_up()
            now = self._loop.time()
            enough = len(self._seen) >= minimum
            last = next(reversed(self._seen.values()))[1] if self._seen else self._started
            quiet_at = last + self._asked.quiet
            if maximum is not None and len(self._seen) > maximum:
                raise self._unmet("too_many", self._page()[-1:])
            if enough and maximum is not None and self._lost.inside(after=self._asked.after):
                raise self._unmet("evicted")
            if enough and (self._asked.quiet == 0 or now >= quiet_at):
                calls = self._page()
                after = calls[-1].cursor if calls else self._asked.after
                shown = await made_in_turns(KeptCall.view, calls)
                return WaitedCalls(calls=shown, next=after, verdict=self._verdict)
            if not enough and self._hopeless is not None and maximum is None:
                raise self._unmet("dropped", [self._hopeless])
            if now >= deadline:
                raise self._unmet("not_quiet" if enough else "timeout")
            until = min(deadline, quiet_at) if enough else deadline
            await self._bell.wait(until - now)

    def _unmet(self, code: str, calls: Iterable[KeptCall] = ()) -> OperationError:
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
        for call in calls:
            details["call"] = msgspec.to_builtins(call.view())
        return OperationError(sentences[code], status=406, code=code, details=details)


class DeliveryWaiter:
    """A wait for deliveries: those that are as wanted now.

    Attributes:
        source: the write key of the source it waits for; None for any.
        required: values that every delivery has which it waits for.

    Raises:
        OperationError: 422, the filter cannot be read.
    """

    def __init__(self, asked: WaitDeliveries, journal: MemoryJournal) -> None:
        self._journal = journal
        self._asked = asked
        self._matches = compiled(asked.match)
        self._bell = Bell()
        self._found: dict[int, tuple[KeptDelivery, KeptCall]] = {}
        self.source = asked.match.source
        self.required = [each for each in required(asked.match) if isinstance(each.key, str)]

    def offer(self, offered: OfferedDelivery) -> None:
        self.look_at(offered.kept)

    def fall_behind(self, offered: OfferedDelivery) -> None:
        """Look at it all the same: deliveries are offered one by one."""
        self.look_at(offered.kept)

    def look_at(self, kept: KeptDelivery) -> None:
        """Count a delivery that is as wanted now, and no other."""
        asked = self._asked
        wanted = (
            kept.state == asked.state
            and asked.match.source in {None, kept.source}
            and asked.destination in {None, kept.destination}
            and asked.reason in {None, kept.reason}
        )
        call = self._journal.call(kept.call) if wanted else None
        if call is None or not self._matches(call):
            # It may have been as wanted before, and be no longer: `queued` say.
            self._found.pop(kept.cursor, None)
            return
        self._found[kept.cursor] = (kept, call)
        self._bell.ring()

    def cleared(self, source: str, call: int | None) -> None:
        for cursor, (kept, _) in list(self._found.items()):
            if kept.source == source and call in {None, kept.call}:
                del self._found[cursor]

    async def satisfied(self) -> WaitedDeliveries:
        """Return once there are enough.

        Raises:
            OperationError: 406, the time is up.
        """
        asked = self._asked
        if not await self._bell.wait_for(
            lambda: len(self._found) >= asked.count, seconds=asked.timeout
        ):
            raise OperationError(
                f"{len(self._found)} of {asked.count} deliveries of such calls were"
                f" {asked.state} within {asked.timeout:g} s",
                status=406,
                code="timeout",
                details={"seen": len(self._found)},
            )
        found = [self._found[cursor] for cursor in sorted(self._found)]
        deliveries = [kept.view() for kept, _ in found]
        calls = await made_in_turns(KeptCall.view, [call for _, call in found])
        return WaitedDeliveries(deliveries=deliveries, calls=calls)


def _wanted(count: Count) -> str:
    minimum, maximum = count.bounds
    if maximum is None:
        return f"{minimum}"
    if minimum == maximum:
        return f"exactly {minimum}"
    return f"{minimum} to {maximum}" if minimum else f"at most {maximum}"


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


async def wait_for_calls(
    asked: WaitCalls,
    *,
    journal: MemoryJournal,
    sources: Sources,
    waiters: Waiters[CallWaiter],
) -> WaitedCalls:
    """Return when the calls are there.

    Raises:
        OperationError: 406 as :meth:`CallWaiter.satisfied` says; 422 the filter cannot be read.
    """
    waiter = CallWaiter(asked, journal=journal, sources=sources, turns=waiters.turns)
    # Listening first: what is cleared while it reads the journal is not to be counted.
    with waiting(waiter, waiters, sources):
        waited = await waiter.satisfied()
    source = None if waiter.source is None else sources.get(waiter.source)
    return waited if source is None else replace(waited, cleared=source.cleared)
