"""Operations on sources, on their plans and on clocks; and the health of the server."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from mockseg import json_types
from mockseg.clock import ShiftedClock, Turn
from mockseg.domain.call import KeptCall
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.errors import OperationError
from mockseg.hub.destinations import Destinations
from mockseg.hub.fault_registry import FaultRegistry
from mockseg.hub.judge import DryRun
from mockseg.hub.source_plans import NO_PLANS, chosen, compiled
from mockseg.hub.sources import Source, Sources
from mockseg.hub.waiters import Waiters
from mockseg.hub.waits import Bell, CallWaiter, DeliveryWaiter
from mockseg.journal.memory import MemoryJournal
from mockseg.matching.render import forgotten_words
from mockseg.operations.base import Nothing, OfSource
from mockseg.operations.plans import (
    CoverageView,
    EventSeen,
    MarkAsserted,
    Marked,
    PlanView,
    PutPlan,
    SourcePlans,
    Validated,
    ValidatedMessages,
    ValidateMessages,
)
from mockseg.operations.sources import (
    AdvanceClock,
    ClockView,
    CreateSource,
    Deleted,
    GetSource,
    Health,
    ListSources,
    PatchSource,
    SetClock,
    SourceCounts,
    SourceList,
    SourceSort,
    SourceView,
    Window,
)
from mockseg.plans.coverage import Coverage
from mockseg.plans.model import plan_to_json
from mockseg.plans.protocols import settings_to_json
from mockseg.suggestions import did_you_mean, quoted
from mockseg.version import version

# An imitation is asked in no time; a service of the user's own may take longer than anyone
# wants to wait for a clock.
_PATIENCE_SECONDS = 1.0
# Of which coverage tells when they came.
_MOST_EVENTS = 10_000
# How many cursors of asserted calls that are no longer kept are not worth a walk.
_SPARE_CURSORS = 1000
# Read once: it is a file, and the loop must not wait for files.
_VERSION = version()


# --- sources


async def list_sources(
    asked: ListSources,
    *,
    sources: Sources,
    journal: MemoryJournal,
    destinations: Destinations,
    faults: FaultRegistry,
    waiters: Waiters[CallWaiter],
    delivery_waiters: Waiters[DeliveryWaiter],
) -> SourceList:
    end = len(sources) if asked.limit is None else asked.skip + asked.limit
    if asked.sort == "recent" and not asked.search:
        found, total = sources.newest(end), len(sources)
    else:
        found = _searched(asked.search, sources)
        total = len(found)
    page = _first_of(found, asked.sort, journal, most=end)[asked.skip :]
    views = [_view(source, sources, journal) for source in page]
    if asked.counts:
        count = partial(
            _counts,
            journal=journal,
            destinations=destinations,
            faults=Counter(fault.source for fault in faults),
            waits=(waiters, delivery_waiters),
        )
        views = [
            replace(view, counts=count(source)) for view, source in zip(views, page, strict=True)
        ]
    return SourceList(
        sources=views,
        forgotten=sources.forgotten,
        forgotten_with_plan=sources.forgotten_with_plan,
        total=total,
    )


def _searched(search: str, sources: Sources) -> list[Source]:
    wanted = search.casefold()
    return [
        source
        for source in sources
        if not wanted
        or wanted in source.key.casefold()
        or wanted in source.behaviour.name.casefold()
    ]


def _first_of(
    found: list[Source], sort: SourceSort, journal: MemoryJournal, *, most: int
) -> list[Source]:
    """Return the first sources in an order."""

    def used(source: Source) -> float:
        return source.last_arrival or source.opened

    def bad(source: Source) -> int:
        return journal.count(source.key)[0] - journal.counts(source.key).by_verdict()[1]

    def name(source: Source) -> tuple[bool, str, str]:
        name = source.behaviour.name
        return not name, name.casefold(), source.key

    match sort:
        case "name":
            return heapq.nsmallest(most, found, key=name)
        case "calls":
            return heapq.nsmallest(
                most, found, key=lambda source: (-journal.count(source.key)[0], -used(source))
            )
        case "bad":
            return heapq.nsmallest(most, found, key=lambda source: (-bad(source), -used(source)))
        case "recent":
            return heapq.nlargest(most, found, key=used)
        case _:
            return heapq.nsmallest(most, found, key=used)


def _counts(
    source: Source,
    *,
    journal: MemoryJournal,
    destinations: Destinations,
    faults: Counter[str | None],
    waits: tuple[Waiters[CallWaiter], Waiters[DeliveryWaiter]],
) -> SourceCounts:
    counts, good = journal.counts(source.key), journal.counts(source.key).by_verdict()[1]
    calls, requests = journal.count(source.key)
    newest = journal.calls_before(None, limit=1, source=source.key)
    return SourceCounts(
        good=good,
        bad=calls - good,
        refused=sum(counts.refusals.values()),
        requests=requests,
        waits=sum(each.count(source.key) for each in waits),
        last_call_at=format_moment(newest[0].request.received_ns) if newest else None,
        destinations=len(destinations.of(source.key)),
        faults=faults[source.key],
        clock_offset_seconds=source.clock.offset_seconds,
    )


async def create_source(
    asked: CreateSource, *, sources: Sources, journal: MemoryJournal
) -> SourceView:
    key = asked.write_key
    plans = await compiled(chosen(asked, before=sources.defaults.plans))
    if key is not None and sources.get(key) is not None:
        raise OperationError(
            f'the source "{key[:100]}" is open already', status=409, code="source_exists"
        )
    # What cannot be used is refused before anything is opened.
    sources.check_plans(plans, key)
    source = sources.open_minted() if key is None else sources.claim(key)
    source.opened_cursor = journal.cursor
    sources.change(source, asked)
    return _view(source, sources, journal)


async def get_source(
    asked: GetSource,
    *,
    sources: Sources,
    journal: MemoryJournal,
    destinations: Destinations,
    faults: FaultRegistry,
    waiters: Waiters[CallWaiter],
    delivery_waiters: Waiters[DeliveryWaiter],
) -> SourceView:
    source = _existing(asked.write_key, sources)
    counts = _counts(
        source,
        journal=journal,
        destinations=destinations,
        faults=Counter(fault.source for fault in faults),
        waits=(waiters, delivery_waiters),
    )
    return replace(_view(source, sources, journal), counts=counts)


async def patch_source(
    asked: PatchSource, *, sources: Sources, journal: MemoryJournal
) -> SourceView:
    await compiled(chosen(asked, before=_existing(asked.write_key, sources).behaviour.plans))
    # It may have gone meanwhile.
    source = _existing(asked.write_key, sources)
    before = source.behaviour.plans
    sources.change(source, asked)
    sources.history.settings["sources"] += 1
    sources.history.settings["plans"] += source.behaviour.plans is not before
    return _view(source, sources, journal)


async def delete_source(
    asked: GetSource, *, sources: Sources, drop: Callable[[Source], object]
) -> Deleted:
    drop(_existing(asked.write_key, sources))
    return Deleted(deleted=asked.write_key)


async def open_window(asked: GetSource, *, sources: Sources, journal: MemoryJournal) -> Window:
    source = sources.claim(asked.write_key)
    source.open_window(journal.cursor)
    return Window(
        cursor=journal.cursor,
        request=journal.number,
        opened_at=format_moment(source.time_ns()),
    )


def _view(source: Source, sources: Sources, journal: MemoryJournal) -> SourceView:
    behaviour, lost = source.behaviour, sources.lost(source.key)
    return SourceView(
        write_key=source.key,
        name=behaviour.name,
        edge=behaviour.edge,
        dedup=behaviour.dedup,
        error_body=behaviour.error_body,
        enabled=behaviour.enabled,
        region=behaviour.region,
        cdn_settings=behaviour.cdn_settings,
        plans=[plan.slug for plan in behaviour.plans.set.plans],
        catalogue=list(behaviour.plans.catalogue),
        strictness=behaviour.plans.strictness,
        calls=journal.count(source.key)[0],
        evicted=lost.calls,
        forgotten=lost.forgotten,
        created_at=format_moment(source.created_ns),
    )


def _existing(key: str, sources: Sources) -> Source:
    source = sources.get(key)
    if source is None:
        forgotten = sources.lost(key).forgotten
        if forgotten is None:
            hint = did_you_mean(key, (each.key for each in sources)) or "."
        else:
            hint = f": {forgotten_words(forgotten, subject='it')}."
        raise OperationError(
            f"unknown source {quoted(key)}{hint} A source opens on first use, or with"
            " POST /sources.",
            status=404,
            code="unknown_source",
        )
    return source


# --- plans


async def put_plan(asked: PutPlan, *, sources: Sources) -> SourcePlans:
    """Set the plans of a source, which opens now if it is new."""
    plans = await compiled(chosen(asked, before=sources.plans_of(asked.write_key)))
    sources.check_plans(plans, asked.write_key)
    sources.take_plans(sources.claim(asked.write_key), plans)
    sources.history.settings["plans"] += 1
    return SourcePlans(
        plans=[
            PlanView(
                name=plan.name,
                slug=plan.slug,
                rules=len(plan.rules),
                events=[rule.key for rule in plan.rules if rule.type == "TRACK" and rule.key],
            )
            for plan in plans.set.plans
        ],
        strictness=plans.strictness,
        protocols=settings_to_json(plans.set.settings),
    )


async def get_coverage(
    asked: GetSource, *, sources: Sources, journal: MemoryJournal
) -> CoverageView:
    plans = sources.plans_of(asked.write_key).set.plans
    source = sources.get(asked.write_key)
    asserted = source.asserted if source is not None else frozenset[int]()
    coverage, events = Coverage(plans), _Events()
    async for portion in journal.scan(source=asked.write_key):
        for call in portion:
            message = call.message()
            coverage.saw(message)
            events.saw(call)
            if call.cursor in asserted:
                coverage.asserted(message)
    report = coverage.report()
    lost = sources.lost(asked.write_key)
    return CoverageView(
        percent=report.percent,
        coverage=coverage.as_json(),
        events=events.views(),
        never_seen=[each.rule.label for each in report.never_seen],
        never_asserted=[each.rule.label for each in report.never_asserted],
        evicted=lost.calls,
        lost=lost,
        plans=[plan_to_json(plan) for plan in plans],
    )


class _Events:
    """What came of each track event: bad calls, and when the first and the last came."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, int]] = {}

    def saw(self, call: KeptCall) -> None:
        if call.event is None:
            return
        came_ns = call.request.received_ns
        found = self._seen.get(call.event)
        if found is not None:
            bad, first_ns, _ = found
            self._seen[call.event] = (bad + (not call.good), first_ns, came_ns)
        elif len(self._seen) < _MOST_EVENTS:
            self._seen[call.event] = (int(not call.good), came_ns, came_ns)

    def views(self) -> dict[str, EventSeen]:
        return {
            event: EventSeen(
                bad=bad, first_at=format_moment(first_ns), last_at=format_moment(last_ns)
            )
            for event, (bad, first_ns, last_ns) in self._seen.items()
        }


async def mark_asserted(asked: MarkAsserted, *, sources: Sources, journal: MemoryJournal) -> Marked:
    source = sources.claim(asked.write_key)
    kept = {
        call.cursor
        for cursor in asked.cursors
        for call in journal.calls_after(cursor - 1, limit=1, source=asked.write_key)
    }
    marked = kept & set(asked.cursors)
    source.asserted |= marked
    if len(source.asserted) > 2 * journal.count(asked.write_key)[0] + _SPARE_CURSORS:
        # Most of them are of calls that were evicted or cleared.
        oldest = journal.calls_after(0, limit=1, source=asked.write_key)
        first = oldest[0].cursor if oldest else journal.cursor + 1
        source.asserted = {cursor for cursor in source.asserted if cursor >= first}
    return Marked(marked=len(marked))


async def validate_messages(
    asked: ValidateMessages, *, sources: Sources, clock: ShiftedClock
) -> ValidatedMessages:
    """Judge messages as a fresh source with these plans would, and record nothing."""
    before = NO_PLANS
    if asked.source is not None and asked.catalogue is UNSET and asked.plan is UNSET:
        _refuse_forgotten_plan(asked.source, sources)
        before = sources.plans_of(asked.source)
    plans = await compiled(chosen(asked, before=before))
    run = DryRun(plans.used, received_ns=clock.now_ns(), remembered=len(asked.messages) + 1)
    results, turn = [], Turn()
    for place, message in enumerate(asked.messages):
        call = run.judge(msgspec.Raw(json_types.encode(message)), message, place=place + 1)
        results.append(
            Validated(
                index=place,
                verdict=call.verdict,
                good=call.good,
                findings=call.findings,
            )
        )
        await turn.over()
    good = sum(result.good for result in results)
    return ValidatedMessages(good=good, bad=len(results) - good, results=results)


def _refuse_forgotten_plan(key: str, sources: Sources) -> None:
    """Refuse to judge by the plans of a source that has lost them.

    Raises:
        OperationError: 409, with when and why.
    """
    forgotten = sources.lost(key).forgotten
    if forgotten is not None and "plan" in forgotten.settings:
        raise OperationError(
            f"source {quoted(key)} no longer has its plan:"
            f" {forgotten_words(forgotten, subject='it')}. Set its plan again, or name plans in"
            " the request.",
            status=409,
            code="forgotten_source",
        )


# --- clocks and health


async def health(asked: Nothing, *, seed: int) -> Health:  # noqa: ARG001  (as all handlers)
    return Health(status="ok", version=_VERSION, seed=seed)


async def get_clock(asked: OfSource, *, sources: Sources) -> ClockView:
    return _clock_view(sources.clock_of(asked.source))


async def set_clock(asked: SetClock, *, sources: Sources) -> ClockView:
    clock = _clock(asked.source, sources)
    if asked.now is None:
        clock.follow()
        return _clock_view(clock)
    moment = parse_moment(asked.now)
    if moment is None:
        raise OperationError(
            f'now is "{asked.now[:60]}"; allowed is ISO 8601 such as 2026-01-31T12:00:00Z, or null',
            status=422,
            code="invalid_parameter",
            details={"parameter": "now"},
        )
    clock.set(moment, frozen=asked.frozen)
    return _clock_view(clock)


async def advance_clock(
    asked: AdvanceClock, *, sources: Sources, destinations: Destinations, bell: Bell
) -> ClockView:
    """Move time on; retries that are due by then have been made when this answers."""
    clock = _clock(asked.source, sources)
    clock.advance(asked.seconds)
    await bell.wait_for(lambda: not destinations.due(asked.source), seconds=_PATIENCE_SECONDS)
    return _clock_view(clock)


def _clock(key: str | None, sources: Sources) -> ShiftedClock:
    """Return the clock that is to change; a new source is opened for that."""
    if key is not None:
        sources.claim(key).restored("clock")
    sources.history.settings["clock"] += 1
    return sources.clock_of(key)


def _clock_view(clock: ShiftedClock) -> ClockView:
    return ClockView(
        now=format_moment(clock.now_ns()), frozen=clock.frozen, offset_seconds=clock.offset_seconds
    )
