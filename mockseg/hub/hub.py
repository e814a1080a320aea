"""The hub: the whole machine without HTTP.

Everything here runs on one event loop's thread. `accept` is one synchronous step from a
request to its answer with its calls recorded in between, which is why a call can be read
the moment its answer arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import time
import uuid
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.clock import ShiftedClock, SystemClock, Turn
from mockseg.domain.findings import Violation, discard
from mockseg.domain.limits import MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.request import Arrival, KeptRequest, Route
from mockseg.domain.timestamps import format_moment
from mockseg.hub import ingest
from mockseg.hub.destinations import Destinations
from mockseg.hub.fault_registry import FaultRegistry
from mockseg.hub.forgotten import Forgotten
from mockseg.hub.handlers import HANDLERS
from mockseg.hub.in_flight import InFlight
from mockseg.hub.judge import Judge, StringInterner
from mockseg.hub.source_plans import from_settings
from mockseg.hub.sources import SourceDefaults, Sources
from mockseg.hub.startup_files import from_file
from mockseg.hub.waits import Bell, Waiters
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.window import DedupWindow
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.table import OPERATIONS
from mockseg.plans.protocols import Origin, forwarded_blocked, violation_generated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    import msgspec

    from mockseg.config import Settings
    from mockseg.delivery.records import KeptDelivery
    from mockseg.domain.call import KeptCall
    from mockseg.domain.findings import Discard
    from mockseg.domain.lost import Lost
    from mockseg.domain.request import Answer, FaultMark
    from mockseg.hub.delivery_handlers import DeliveryWaiter
    from mockseg.hub.fault_registry import FaultedRequest
    from mockseg.hub.source_plans import SourcePlans
    from mockseg.hub.sources import Source
    from mockseg.json_types import JsonObject
    from mockseg.plans.protocols import ProtocolsSettings

# What comes by this route was forwarded, and is never forwarded again.
_FORWARDED = Route(path="/_mockseg/forwarded", carries="batch")


def forwarded(source: Source, calls: list[KeptCall]) -> Iterator[Arrival]:
    """Give the requests that a source's settings send to other sources because of these calls."""
    plans = source.plans.used
    if plans is None:
        return
    settings = plans.settings
    if not settings.forwarding_violations_to and not settings.forwarding_blocked_events_to:
        return
    names = {plan.slug: plan.name for plan in plans.plans}
    ids = {plan.slug: plan.id for plan in plans.plans}
    for call in calls:
        if call.remark is None or not call.remark.findings:
            continue
        for key, message in _messages(source, call, settings, names=names, ids=ids):
            body = json_types.encode({"batch": [message]})
            yield Arrival(
                route=_FORWARDED,
                method="POST",
                path=_FORWARDED.path,
                query="",
                headers=(),
                body=body,
                sent_bytes=len(body),
                key=key,
            )


def _messages(
    source: Source,
    call: KeptCall,
    settings: ProtocolsSettings,
    *,
    names: dict[str, str],
    ids: dict[str, str],
) -> Iterator[tuple[str, JsonObject]]:
    """Give each message with the write key that it goes to."""
    assert call.remark is not None  # noqa: S101  (the caller has looked)
    message = call.message()
    now = format_moment(call.request.received_ns)
    for finding in call.remark.findings:
        if isinstance(finding, Violation) and settings.forwarding_violations_to:
            origin = Origin(
                source_id=source.key,
                source_name=source.name,
                source_slug=source.name.lower().replace(" ", "_"),
                plan_id=ids.get(finding.plan, ""),
                plan_name=names.get(finding.plan, ""),
            )
            generated = violation_generated(message, finding, origin=origin, now=now)
            yield settings.forwarding_violations_to, generated
    if call.verdict == "blocked" and settings.forwarding_blocked_events_to:
        origin = Origin(source_id=source.key, source_name=source.name)
        yield settings.forwarding_blocked_events_to, forwarded_blocked(message, origin=origin)


# How many calls or requests a long scan looks at before it looks at the clock.
_SCAN_STEP = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Tally:
    """What a server has seen since it started.

    Attributes:
        accepted: calls.
        bad: calls, dropped ones among them.
        dropped: calls that Segment would have dropped after a 200.
        rejected: calls that were answered 4xx.
        evicted: calls that were evicted, those of forgotten sources among them.
        forgotten: sources that were forgotten.
        requests: all.
        refused: requests answered 4xx.
        parser_refused: what was no HTTP and never became a request.
    """

    accepted: int = 0
    bad: int = 0
    dropped: int = 0
    rejected: int = 0
    evicted: int = 0
    forgotten: int = 0
    requests: int = 0
    refused: int = 0
    parser_refused: int = 0


class Hub:
    """Sources, journal, clocks and waits of one server.

    Args:
        settings: of the server.
        clock: by default one that follows the machine's.
    """

    def __init__(self, settings: Settings, *, clock: ShiftedClock | None = None) -> None:
        self.settings = settings
        self.clock = clock or ShiftedClock(SystemClock())
        self.seed = (
            settings.seed if settings.seed is not None else random.SystemRandom().randrange(2**32)
        )
        self._random = random.Random(self.seed)  # noqa: S311  (ids, not secrets)
        self.journal = MemoryJournal(
            max_calls=settings.max_calls,
            max_requests=settings.max_requests,
            max_bytes=settings.max_bytes,
        )
        generation = max(settings.max_calls, 1000)
        defaults = SourceDefaults(
            profile=settings.profile,
            dedup=settings.dedup,
            error_body=settings.error_body,
            plans=from_settings(settings),
            generation=generation,
        )
        self.sources = Sources(
            defaults,
            clock=self.clock,
            random=self._random,
            forget=self._forget,
        )
        # Tells this run of the server from others; chance, not the seed.
        self.run = random.SystemRandom().randrange(1, 2**32)
        self.waiters = Waiters()
        self.bell = Bell()
        self.cursor = 0
        self.in_flight = InFlight(self.bell.ring)
        self._last_arrival: float | None = None
        self.server_window = DedupWindow(generation=generation)
        self._judge = Judge(mint=self._mint_message_id, shared_text=StringInterner())
        self._known = frozenset(settings.known_write_keys)
        self._requests = 0
        self._bad = self._dropped = self._rejected = self._accepted = 0
        self._refused = self._parser_refused = 0
        self.delivery_waiters: set[DeliveryWaiter] = set()
        self.destinations = Destinations(self)
        self.faults = FaultRegistry(self)
        if settings.faults is not None:
            for fault in from_file(settings.faults, "faults", AddFault):
                self.faults.add(fault, place=settings.faults)
        if settings.destinations is not None:
            for destination in from_file(settings.destinations, "destinations", AddDestination):
                self.destinations.add(destination, place=settings.destinations)
        self._handlers = _bind(self)

    # --- the data plane

    def accept(self, arrival: Arrival, fault: FaultedRequest | None = None) -> Answer:
        """Judge and record a request; give its usual answer, whatever fault hit it."""
        started = time.perf_counter_ns()
        read = ingest.read(arrival)
        key = ingest.key_of(arrival, read)
        source = self.sources.use(ingest.filed_under(arrival, key))
        ruling = ingest.rule(arrival, read, source, key=key, known=self.write_key_known(key))
        request = self._kept(arrival, source, ruling.answer)
        request.shared = read.shared
        if fault is not None:
            request.fault, request.answer = fault.mark, fault.kept(ruling.answer)
        calls: list[KeptCall] = []
        remarked: list[KeptCall] = []
        plans = source.plans.used
        if read.items:
            request.first_cursor = self.cursor + 1
            calls, remarked = self._judge.calls(
                read,
                request=request,
                route_type=arrival.route.type,
                first_cursor=self.cursor + 1,
                ruling=ruling,
                window=self.window_of(source),
                plans=plans,
            )
            self.cursor += len(calls)
            request.calls = len(calls)
        else:
            request.reason = ruling.finding or arrival.problem or _empty(arrival)
        if ruling.answer.status >= 400:
            request.reason = ruling.finding
        request.spent_ns = time.perf_counter_ns() - started
        self._record(source, request, calls, remarked)
        if source.destinations and arrival.route.delivered:
            self.destinations.offer(source, calls)
        if plans is not None and arrival.route is not _FORWARDED:
            for more in forwarded(source, calls):
                self.accept(more)
        return ruling.answer

    def record(self, arrival: Arrival, answer: Answer, fault: FaultMark | None = None) -> None:
        """Record a request that brings no call, with the answer that it got."""
        key = arrival.key[:MAX_WRITE_KEY_CHARACTERS]
        source = self.sources.use(key)
        request = self._kept(arrival, source, answer)
        request.reason = arrival.problem
        request.fault = fault
        self._record(source, request, [], [])

    def write_key_known(self, key: str) -> bool:
        """Tell whether this key is served: any is, unless known ones are configured."""
        return not self._known or key in self._known

    def last_arrival_of(self, key: str | None) -> float | None:
        """Return when a source, or for None any, recorded its last request.

        In seconds of the monotonic clock; None when none has come.
        """
        if key is None:
            return self._last_arrival
        source = self.sources.get(key)
        return None if source is None else source.last_arrival

    def plans_of(self, key: str) -> SourcePlans:
        """Give what judges a source's calls, whether it is open yet or not."""
        source = self.sources.get(key)
        return self.sources.defaults.plans if source is None else source.plans

    def window_of(self, source: Source) -> DedupWindow:
        """Give the messageIds among which a source's must be new."""
        return self.server_window if source.dedup == "server" else source.window

    def delivery_changed(self, delivery: KeptDelivery) -> None:
        """Show a delivery that was opened or changed to all who wait for some."""
        for waiter in self.delivery_waiters:
            waiter.offer(delivery)
        self.bell.ring()

    def clear(self, key: str) -> int:
        """Clear a source: its calls, requests and deliveries, and what it counted.

        Returns:
            How many calls those were.
        """
        self.sources.clear(key, cursor=self.cursor)
        self.faults.begin_anew(key)
        self.destinations.begin_anew(key)
        cleared = self.journal.clear(key)
        self._free_cleared()
        self.cleared(key)
        return cleared

    def _free_cleared(self) -> None:
        """Free what was cleared, a little at each turn of the event loop, if one runs."""
        if self.journal.free_cleared():
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self._free_cleared)

    def cleared(self, key: str, call: int | None = None) -> None:
        """Let no wait count what was cleared.

        Args:
            key: of the source.
            call: the cursor of the one call that was cleared; all of them if omitted.
        """
        self.waiters.cleared(key, call)
        for waiter in self.delivery_waiters:
            waiter.cleared(key, call)
        # A settle may have waited for nothing but these.
        self.bell.ring()

    def count_parser_refusal(self) -> None:
        """Note that something came which was no HTTP."""
        self._parser_refused += 1

    # --- reading

    @property
    def tally(self) -> Tally:
        """Count what this server has seen since it started."""
        return Tally(
            accepted=self._accepted,
            bad=self._bad,
            dropped=self._dropped,
            rejected=self._rejected,
            evicted=self.journal.evicted_ever,
            forgotten=self.sources.forgotten,
            requests=self._requests,
            refused=self._refused,
            parser_refused=self._parser_refused,
        )

    def calls_after(self, cursor: int, *, limit: int, source: str | None = None) -> list[KeptCall]:
        """Give at most `limit` calls after a cursor, oldest first."""
        return self.journal.calls_after(cursor, limit=limit, source=source)

    def requests_after(
        self, number: int, *, limit: int, source: str | None = None
    ) -> list[KeptRequest]:
        """Give at most `limit` requests after a number, oldest first."""
        return self.journal.requests_after(number, limit=limit, source=source)

    def calls_of(self, request: KeptRequest) -> list[KeptCall]:
        """Return the calls of a request that are still kept, oldest first."""
        if not request.calls:
            return []
        first, end = request.first_cursor, request.first_cursor + request.calls
        calls = self.journal.calls_after(first - 1, limit=request.calls, source=request.source)
        return [call for call in calls if call.cursor < end]

    def calls_before(
        self, cursor: int | None, *, limit: int, source: str | None = None
    ) -> list[KeptCall]:
        """Return at most `limit` calls before a cursor, or the newest, newest first."""
        return self.journal.calls_before(cursor, limit=limit, source=source)

    def lost(self, source: str | None) -> Lost:
        """Return what is no longer kept of a source, or of all, although it was not cleared."""
        kept = self.journal.lost(source)
        if source is None:
            return kept + self.sources.forgotten_sources.total
        forgotten = self.sources.forgotten_as(source)
        return kept if forgotten is None else kept + forgotten.view()

    async def scan(self, *, after: int, source: str | None) -> AsyncIterator[list[KeptCall]]:
        """Yield all calls after a cursor in portions; others have their turn every 2 ms."""
        turn = Turn()
        while portion := self.journal.calls_after(after, limit=_SCAN_STEP, source=source):
            yield portion
            after = portion[-1].cursor
            if len(portion) < _SCAN_STEP:
                return
            await turn.over()

    async def scan_requests(
        self, *, after: int = 0, source: str | None
    ) -> AsyncIterator[list[KeptRequest]]:
        """Yield all requests after a number in portions; others have their turn every 2 ms."""
        turn = Turn()
        while portion := self.journal.requests_after(after, limit=_SCAN_STEP, source=source):
            yield portion
            after = portion[-1].number
            if len(portion) < _SCAN_STEP:
                return
            await turn.over()

    async def wait(self, within_seconds: float | None = None) -> bool:
        """Return True when something is recorded, False when so many seconds passed first."""
        return await self.bell.wait(within_seconds)

    # --- the control plane

    async def perform(self, name: str, params: msgspec.Struct) -> msgspec.Struct:
        """Perform one operation of the table.

        Args:
            name: of the operation.
            params: as the operation's row has it.

        Raises:
            OperationError: it is refused; nothing is half done.
        """
        self.sources.claim_open(_named(params))
        return await self._handlers[name](params)

    def _kept(self, arrival: Arrival, source: Source, answer: Answer) -> KeptRequest:
        """Make what is kept of a request, and count it."""
        self._requests += 1
        self._refused += answer.status >= 400
        return KeptRequest(
            number=self._requests,
            source=source.key,
            method=arrival.method,
            path=arrival.path,
            query=arrival.query,
            headers=arrival.headers,
            body=arrival.body,
            sent_bytes=arrival.sent_bytes,
            received_ns=arrival.received_ns or source.time_ns(),
            answer=answer,
        )

    def _record(
        self,
        source: Source,
        request: KeptRequest,
        calls: list[KeptCall],
        remarked: list[KeptCall],
    ) -> None:
        """Keep a request with its calls; of some of them something had to be said."""
        self.journal.append(request, calls)
        self._last_arrival = source.last_arrival = time.monotonic()
        self._accepted += len(calls)
        for call in remarked:
            if not call.good:
                self._accepted -= 1
                self._bad += 1
                self._dropped += call.verdict == "dropped"
                self._rejected += call.verdict == "rejected"
        self.waiters.offer(request.source, calls)
        self.bell.ring()

    def _forget(self, source: Source) -> Forgotten:
        """Drop what belongs to a source that is forgotten, and return what that was."""
        key, defaults = source.key, self.sources.defaults
        had = {
            "plan": not source.plans.judges_as(defaults.plans),
            "settings": (source.profile, source.dedup, source.error_body)
            != (defaults.profile, defaults.dedup, defaults.error_body),
            "clock": source.clock.frozen or source.clock.offset_seconds != 0,
            "audiences": key in self.destinations.audiences,
            "destinations": bool(source.destinations),
            "faults": self.faults.has(key),
        }
        self.faults.drop_source(key)
        self.destinations.drop_source(source)
        return Forgotten(
            lost=self.journal.forget(key),
            settings=tuple(name for name, was in had.items() if was),
            at_ns=self.clock.now_ns(),
        )

    def _mint_message_id(self) -> str:
        return f"api-{uuid.UUID(int=self._random.getrandbits(128), version=4)}"


def _empty(arrival: Arrival) -> Discard | None:
    return discard("empty_batch", "batch") if arrival.route.carries == "batch" else None


def _named(params: msgspec.Struct) -> str | None:
    """Return the write key that an operation is asked about, or None."""
    match = getattr(params, "match", None)
    return (
        getattr(params, "source", None)
        or getattr(params, "write_key", None)
        or getattr(match, "source", None)
    )


def _bind(hub: Hub) -> dict[str, Callable[[Any], Coroutine[Any, Any, msgspec.Struct]]]:
    """Give each row of the table its handler; a row without one stops the start."""

    def bound(name: str) -> Callable[[Any], Coroutine[Any, Any, msgspec.Struct]]:
        handler = HANDLERS[name]
        return lambda params: handler(hub, params)

    return {operation.name: bound(operation.name) for operation in OPERATIONS}
