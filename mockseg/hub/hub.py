"""The hub: the whole machine without HTTP.

Everything here runs on one event loop's thread. `accept` is one synchronous step from a
request to its answer with its calls recorded in between, which is why a call can be read
the moment its answer arrives.
"""

from __future__ import annotations

import dataclasses
import inspect
import random
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from mockseg.clock import ShiftedClock, SystemClock, Turn
from mockseg.config import Settings
from mockseg.delivery.records import KeptDelivery
from mockseg.domain.call import KeptCall
from mockseg.domain.findings import discard
from mockseg.domain.limits import MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.reading import write_key
from mockseg.domain.request import Answer, Arrival, KeptRequest
from mockseg.errors import JournalDamagedError, JournalError, MocksegError, OperationError
from mockseg.hub import ingest
from mockseg.hub.answers import SUCCESS
from mockseg.hub.destinations import Destinations
from mockseg.hub.fault_registry import FaultedRequest, FaultRegistry
from mockseg.hub.forgotten import Forgotten
from mockseg.hub.forwarding import FORWARDED, forwarded
from mockseg.hub.handlers import (
    calls,
    deliveries,
    destinations,
    explanations,
    faults,
    plans,
    requests,
    rows,
    sources,
    warehouse,
)
from mockseg.hub.in_flight import InFlight
from mockseg.hub.judge import Judge, StringInterner
from mockseg.hub.queries import Queries
from mockseg.hub.restoring import (
    SETTING_OPERATIONS,
    open_journal,
    restore,
    save_settings,
    save_source,
)
from mockseg.hub.saved_destinations import DestinationSaver
from mockseg.hub.source_plans import from_settings, with_plans_read
from mockseg.hub.sources import Behaviour, Source, Sources
from mockseg.hub.startup_files import add_from_file
from mockseg.hub.waiters import OfferedCall, OfferedDelivery, Waiters
from mockseg.hub.waits import Bell, CallWaiter, DeliveryWaiter
from mockseg.hub.warehouses import Warehouses
from mockseg.journal.background import BackgroundWork
from mockseg.journal.durable import DurableJournal
from mockseg.journal.meter import Meter
from mockseg.operations.destinations import AddDestination
from mockseg.operations.faults import AddFault
from mockseg.operations.plans import PlanChoice
from mockseg.operations.table import OPERATIONS, by_name

_HANDLERS = (
    calls,
    deliveries,
    destinations,
    explanations,
    faults,
    plans,
    requests,
    rows,
    sources,
    warehouse,
)


class Outcome(NamedTuple):
    """What happens to a request.

    Attributes:
        answer: the usual one, whatever fault hit it.
        fault: what a fault does to it, or None.
    """

    answer: Answer
    fault: FaultedRequest | None = None


_SUCCEEDED = Outcome(SUCCESS)


@dataclasses.dataclass(slots=True)
class Tally:
    """What a server has seen since it started.

    Attributes:
        accepted: calls.
        bad: calls, dropped ones among them.
        dropped: calls that Segment would have dropped after a 200.
        rejected: calls that were answered 4xx.
        evicted, bounds: calls that were, those of forgotten sources too; over which settings.
        forgotten: sources that were forgotten.
        requests, refused: all, and those answered 4xx.
        parser_refused: what was not HTTP and never became a request.
    """

    accepted: int = 0
    bad: int = 0
    dropped: int = 0
    rejected: int = 0
    evicted: int = 0
    bounds: tuple[str, ...] = ()
    forgotten: int = 0
    requests: int = 0
    refused: int = 0
    parser_refused: int = 0


class Hub:
    """Sources, journal, clocks and waits of one server.

    Its public attributes and methods are the parts that handlers take by their names.

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
        self._random = random.Random(self.seed)  # noqa: S311  (ids and a test's keys, not secrets)
        self.meter = Meter(settings.max_bytes)
        background = BackgroundWork()
        self.journal = open_journal(
            settings, meter=self.meter, background=background, clock=self.clock
        )
        try:
            self._assemble(settings, background)
        except BaseException:
            self.journal.close()
            raise

    def _assemble(self, settings: Settings, background: BackgroundWork) -> None:
        """Make the parts over the journal, and restore what its file has of them."""
        self.sources = Sources(
            Behaviour(
                edge=settings.edge,
                dedup=settings.dedup,
                error_body=settings.error_body,
                plans=from_settings(settings),
            ),
            generation=max(settings.max_calls, 1000),
            journal=self.journal,
            meter=self.meter,
            background=background,
            clock=self.clock,
            random=self._random,
            forget=self._forget,
            is_set_up=lambda source: any(self._set_up(source).values()),
        )
        # Tells this run of the server from others; chance, not the seed.
        self.run = random.SystemRandom().randrange(1, 2**32)
        # With a file of the journal.
        self._saver: DestinationSaver | None = None
        self.bell = Bell()
        self.waiters: Waiters[CallWaiter] = Waiters()
        self.delivery_waiters: Waiters[DeliveryWaiter] = Waiters()
        self.in_flight = InFlight(self.bell.ring)
        self._judge = Judge(
            mint=self._mint_message_id,
            intern=StringInterner(),
            max_findings=settings.max_findings,
        )
        self.sources.plan_memory.evict_by(self._judge.explanations.release)
        self._known_keys = frozenset(settings.known_write_keys)
        self._tally = Tally()
        # What Protocols sends to other sources: a batch may bring thousands of such calls.
        self.forwarding = BackgroundWork()
        self.destinations = Destinations(
            self.sources,
            seed=self.seed,
            on_change=self._delivery_changed,
            meter=self.meter,
            background=background,
        )
        self.queries = Queries(self.destinations, self.clock)
        self.warehouses = Warehouses(
            self.journal, lost=self.sources.lost, clock_of=self.sources.clock_of
        )
        self.faults = FaultRegistry(self.sources, seed=self.seed, changed=self.bell.ring)
        add_from_file(settings.faults, "faults", AddFault, self.faults.add)
        self._handlers = {operation.name: _handler(operation.name) for operation in OPERATIONS}
        if isinstance(self.journal, DurableJournal):
            self._restore(self.journal)
        add_from_file(
            settings.destinations, "destinations", AddDestination, self.destinations.add_missing
        )

    def _restore(self, journal: DurableJournal) -> None:
        """Restore what a file has, and save further changes."""
        # So that a stream goes on where it was, and what is minted is new after a restart, too.
        self.run = journal.run
        if journal.number:
            self._random.seed(f"{self.seed} {journal.number}")
        self._saver = DestinationSaver(journal, self.destinations)
        try:
            restore(journal, self.sources, self.clock)
            self._saver.begin()
        except (MocksegError, msgspec.MsgspecError) as error:
            reason = f"cannot be used: its settings are invalid: {error}"
            raise JournalError(reason, path=str(self.settings.journal)) from None
        journal.not_saved = self._not_saved
        self.sources.on_changed = partial(save_source, journal, self.sources)

    async def finish(self) -> None:
        """Return when a journal's file has what it is to have; nothing arrives any more."""
        if self._saver is not None and isinstance(self.journal, DurableJournal):
            self._saver.close()
            await self.journal.finish()

    def close(self) -> None:
        """Let go of a journal's file."""
        self.journal.close()

    # --- the data plane

    def accept(self, arrival: Arrival) -> Outcome:
        """Judge and record a request."""
        started = time.perf_counter_ns()
        read = ingest.read(arrival)
        key = write_key(read, header_key=arrival.key)
        source = self.sources.use(key or ingest.stray_key_of(arrival))
        breaks = self.faults.armed and not arrival.route.internal
        fault = self.faults.hit(arrival, read, source) if breaks else None
        ruling = ingest.rule(
            arrival,
            read,
            source,
            key=key,
            known=self.write_key_known(key),
            wrong_region=self.settings.wrong_region,
        )
        if fault is not None and not fault.effect.stores:
            unstored = self._new_request(arrival, source, SUCCESS, fault)
            unstored.fault = fault.mark(ruling.answer)
            self._record(source, unstored, [], [])
            return Outcome(SUCCESS, fault)
        request = self._new_request(arrival, source, ruling.answer, fault)
        request.shared = read.shared
        recorded: list[KeptCall] = []
        remarked: list[KeptCall] = []
        if read.items:
            request.first_cursor = self.journal.cursor + 1
            recorded, remarked = self._judge.calls(
                read,
                request=request,
                route_type=arrival.route.type,
                ruling=ruling,
                window=self.sources.window_of(source),
                plans=source.behaviour.plans.used,
            )
            request.calls = len(recorded)
            if ruling.answer.status >= 400:
                request.reason = ruling.finding
        else:
            empty = discard("empty_batch", "batch") if arrival.route.carries == "batch" else None
            request.reason = ruling.finding or arrival.problem or empty
        request.spent_ns = time.perf_counter_ns() - started
        self._record(source, request, recorded, remarked)
        if source.key in self.destinations.by_source and arrival.route.delivered:
            self.destinations.offer(source.key, recorded)
        if remarked and arrival.route is not FORWARDED and (more := forwarded(source, remarked)):
            self.forwarding.add(map(self.accept, more))
        return (
            _SUCCEEDED
            if fault is None and ruling.answer is SUCCESS
            else Outcome(ruling.answer, fault)
        )

    def record(self, arrival: Arrival, answer: Answer, fault: FaultedRequest | None = None) -> None:
        """Record a request that brings no call.

        Args:
            arrival: the request.
            answer: the usual one, as it may be kept.
            fault: what a fault does to it, or None.
        """
        source = self.sources.use(arrival.key[:MAX_WRITE_KEY_CHARACTERS])
        self._record(source, self._new_request(arrival, source, answer, fault), [], [])

    def write_key_known(self, key: str) -> bool:
        """Return whether this key is served: any is, unless known ones are configured."""
        return not self._known_keys or key in self._known_keys

    def count_parser_refusal(self) -> None:
        self._tally.parser_refused += 1

    @property
    def tally(self) -> Tally:
        return dataclasses.replace(
            self._tally,
            evicted=self.journal.evicted_ever,
            bounds=self.journal.bounds(),
            forgotten=self.sources.forgotten,
            requests=self.journal.number,
        )

    # --- the control plane

    async def perform(self, name: str, params: msgspec.Struct) -> msgspec.Struct:
        """Perform one operation of the table.

        Args:
            name: of the operation.
            params: as the operation's row has it.

        Raises:
            OperationError: it is refused; nothing is half done.
        """
        if isinstance(params, PlanChoice):
            params = await with_plans_read(params, self.meter)
        self.sources.claim_open(_named(params))
        turn = Turn()
        while self.journal.evict_expired():
            await turn.over()
        handler, parts = self._handlers[name]
        try:
            result = await handler(params, **{part: getattr(self, part) for part in parts})
        except JournalDamagedError as error:
            raise OperationError(str(error), status=503, code="journal_damaged") from None
        if by_name(name).changes:
            self.bell.ring()
        if self.forwarding:
            await self.forwarding.done()
        journal = self.journal
        if name in SETTING_OPERATIONS and isinstance(journal, DurableJournal):
            key = _named(params) or getattr(result, "write_key", None)
            save_settings(journal, self.sources, self.clock, key=key)
        if journal.saving is not None:
            try:
                await journal.saving
            except JournalError as error:
                if not by_name(name).changes:
                    # A question does not report what others could not save.
                    return result
                raise OperationError(str(error), status=503, code="journal_full") from None
        return result

    def clear(self, key: str) -> int:
        """Clear a source: its calls, requests and deliveries, and what it counted.

        Returns:
            How many calls those were.
        """
        self.sources.clear(key, cursor=self.journal.cursor)
        self.faults.reset_source(key)
        self.destinations.reset_source(key)
        cleared = self.journal.clear(key)
        self.sources.history.cleared(key, cleared)
        self.cleared(key)
        return cleared

    def cleared(self, key: str, call: int | None = None) -> None:
        """Let no wait count what was cleared, and no warehouse have it.

        Args:
            key: of the source.
            call: the cursor of the one call that was cleared; all of them if omitted.
        """
        self.waiters.cleared(key, call)
        self.delivery_waiters.cleared(key, call)
        self.warehouses.drop(key)
        # A settle may have waited for nothing but these.
        self.bell.ring()

    def drop(self, source: Source) -> None:
        self.clear(source.key)
        self.sources.drop(source)
        self.faults.drop_source(source.key)
        self.destinations.drop_source(source.key)

    # --- inside

    def _new_request(
        self, arrival: Arrival, source: Source, answer: Answer, fault: FaultedRequest | None
    ) -> KeptRequest:
        kept = KeptRequest(
            number=self.journal.number + 1,
            source=source.key,
            method=arrival.method,
            path=arrival.path,
            query=arrival.query,
            headers=arrival.headers,
            body=arrival.body,
            sent_bytes=arrival.sent_bytes,
            received_ns=arrival.received_ns or source.time_ns(),
            answer=answer,
            reason=arrival.problem,
        )
        if fault is not None:
            kept.answer, kept.fault = fault.kept(answer), fault.mark(answer)
        return kept

    def _record(
        self,
        source: Source,
        request: KeptRequest,
        calls: list[KeptCall],
        remarked: list[KeptCall],
    ) -> None:
        """Keep a request with its calls, of which some have a remark."""
        self.journal.append(request, calls)
        self.sources.last_arrival = source.last_arrival = time.monotonic()
        tally = self._tally
        tally.refused += request.answer.status >= 400
        tally.accepted += len(calls)
        for call in remarked:
            if not call.good:
                tally.accepted -= 1
                tally.bad += 1
                tally.dropped += call.verdict == "dropped"
                tally.rejected += call.verdict == "rejected"
        self.waiters.offer(request.source, map(OfferedCall, calls))
        self.bell.ring()

    def _delivery_changed(self, delivery: KeptDelivery) -> None:
        if self._saver is not None:
            self._saver.save_delivery(delivery)
        self.delivery_waiters.offer(delivery.source, map(OfferedDelivery, (delivery,)))
        self.bell.ring()

    def _set_up(self, source: Source) -> dict[str, bool]:
        """Return what a source may have besides calls and faults, and whether it has it.

        Faults watch their source.
        """
        key = source.key
        return {
            **source.behaviour.differs_in(self.sources.defaults),
            "clock": source.clock.frozen or source.clock.offset_seconds != 0,
            "audiences": key in self.destinations.audiences,
            "destinations": bool(self.destinations.of(key)),
        }

    def _forget(self, source: Source) -> Forgotten:
        """Drop what belongs to a source that is forgotten, and return what that was."""
        key = source.key
        had = {**self._set_up(source), "faults": self.faults.has(key)}
        self.faults.drop_source(key)
        self.destinations.drop_source(key)
        self.warehouses.drop(key)
        lost = self.journal.forget(key)
        if isinstance(self.journal, DurableJournal):
            self.journal.save(key, None)
        return Forgotten(
            lost=lost,
            settings=tuple(name for name, was in had.items() if was),
            at_ns=self.clock.now_ns(),
        )

    def _not_saved(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        """Forget what the journal's file did not take; its request is refused."""
        source = self.sources.get(request.source)
        for call in calls:
            if source is not None:
                self.sources.window_of(source).forget(call.message_id, call.cursor)
            self.destinations.dispatcher.drop_call(call.cursor)

    def _mint_message_id(self) -> str:
        return f"api-{uuid.UUID(int=self._random.getrandbits(128), version=4)}"


def _handler(
    name: str,
) -> tuple[Callable[..., Coroutine[Any, Any, msgspec.Struct]], Sequence[str]]:
    """Return the handler of an operation, which has its name, and the parts that it takes.

    A row without a handler, or with two, stops the start.
    """
    (handler,) = {vars(module)[name] for module in _HANDLERS if name in vars(module)}
    return handler, tuple(inspect.signature(handler).parameters)[1:]


def _named(params: msgspec.Struct) -> str | None:
    places = ((params, "source"), (params, "write_key"), (getattr(params, "match", None), "source"))
    return next((key for place, name in places if (key := getattr(place, name, None))), None)
