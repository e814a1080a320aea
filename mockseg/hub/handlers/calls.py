"""Operations on calls: list, show, wait, settle, count, clear, import."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import Any

from msgspec import UNSET, UnsetType

from mockseg.clock import Turn
from mockseg.domain.call import KeptCall, call_cursor, call_id
from mockseg.domain.findings import Finding, Violation
from mockseg.domain.request import Arrival, Route, internal_arrival
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.errors import OperationError
from mockseg.hub.call_search import CallSearch, Span
from mockseg.hub.destinations import Destinations
from mockseg.hub.fault_registry import FaultRegistry
from mockseg.hub.handlers.deliveries import overdue
from mockseg.hub.handlers.explanations import explain_wait
from mockseg.hub.handlers.faults import attempts_of
from mockseg.hub.handlers.requests import request_view
from mockseg.hub.in_flight import InFlight, Reading
from mockseg.hub.paging import fitting, made_in_turns
from mockseg.hub.queries import Queries
from mockseg.hub.source_plans import SourcePlans
from mockseg.hub.sources import Sources
from mockseg.hub.waiters import Waiters
from mockseg.hub.waits import Bell, CallWaiter, check_count, compiled, wait_for_calls
from mockseg.journal.background import BackgroundWork
from mockseg.journal.memory import MemoryJournal
from mockseg.json_types import Json, JsonObject
from mockseg.matching.match import ScalarMatch
from mockseg.matching.render import counted
from mockseg.operations.base import OfSource
from mockseg.operations.calls import (
    CallBrief,
    CallDetails,
    CallPage,
    ClearCalls,
    Cleared,
    FindingDetails,
    GetCall,
    ImportCalls,
    Imported,
    ImportedCall,
    ListCalls,
    RuleExcerpt,
    Settle,
    Settled,
    Summary,
    WaitCalls,
    WaitedCalls,
)
from mockseg.operations.explanations import ExplainCalls
from mockseg.operations.requests import MOST_KINDS, Refusals
from mockseg.plans.rule_words import broken_keyword
from mockseg.schemas.tree import NO_PLACE, lookup, pointer_path

# What was exported was delivered then; `redeliver` delivers it again.
_IMPORT_ROUTE = Route(
    path="/_mockseg/v1/calls/import", carries="batch", delivered=False, internal=True
)
_NEIGHBOURS = 10
# How many calls before a call, and after it, are looked at for those of one anonymousId.
_NEAR = 1000
_ANNOTATIONS = ("title", "description")


async def list_calls(asked: ListCalls, *, journal: MemoryJournal, queries: Queries) -> CallPage:
    query = None if asked.q is None else queries.compile(asked.q)
    search = CallSearch(journal, source=asked.source, match=asked, query=query)
    span = Span(asked.limit, after=asked.after, before=asked.before, order=asked.order)
    total, found = await search.page(span, total=asked.total)
    shown = fitting(found, limit=asked.limit, size=lambda call: len(call.raw))
    return CallPage(
        calls=await made_in_turns(KeptCall.view, shown),
        total=total if asked.total else None,
        next=shown[-1].cursor if len(found) > len(shown) else None,
        verdict=asked.verdict or "any",
    )


async def get_call(
    asked: GetCall, *, journal: MemoryJournal, sources: Sources, destinations: Destinations
) -> CallDetails:
    call = existing_call(asked.id, journal)
    view = call.view()
    plans = sources.plans_of(call.source)
    before, after = await _neighbours(call, journal)
    return CallDetails(
        call=view,
        findings=[
            FindingDetails(
                finding=finding,
                sent=_sent(finding, view.message, view.raw),
                rule=_rule(plans, call, finding, view.message),
            )
            for finding in view.findings
        ],
        request=request_view(call.request, journal.calls_of(call.request)),
        attempts=await attempts_of(call.message_id, source=call.source, journal=journal),
        deliveries=[kept.view() for kept in destinations.ledger.of_call(call.cursor)],
        before=before,
        after=after,
    )


async def clear_call(
    asked: GetCall,
    *,
    journal: MemoryJournal,
    sources: Sources,
    destinations: Destinations,
    cleared: Callable[[str, int], None],
) -> Cleared:
    """Forget one call: its deliveries are cancelled, and its messageId is new again."""
    call = existing_call(asked.id, journal)
    journal.remove(call)
    source = sources.get(call.source)
    if source is not None:
        sources.window_of(source).forget(call.message_id, call.cursor)
    destinations.dispatcher.drop_call(call.cursor)
    sources.history.cleared(call.source, 1)
    cleared(call.source, call.cursor)
    return Cleared(cleared=1)


def existing_call(id_: str, journal: MemoryJournal) -> KeptCall:
    """Return the call with this id.

    Raises:
        OperationError: 404 it was never recorded, 410 it was evicted or cleared.
    """
    cursor = call_cursor(id_)
    if not cursor or cursor > journal.cursor:
        newest = (
            f"the newest is {call_id(journal.cursor)}"
            if journal.cursor
            else "none was recorded yet"
        )
        looks = "" if cursor else "; an id looks like call-17"
        raise OperationError(
            f'no call "{id_[:100]}" was recorded: {newest}{looks}', status=404, code="unknown_call"
        )
    call = journal.call(cursor)
    if call is None:
        oldest = journal.calls_after(0, limit=1)
        first = call_id(oldest[0].cursor) if oldest else None
        kept = f"the oldest kept call is {first}" if first else "no call is kept"
        raise OperationError(
            f"{call_id(cursor)} was evicted or cleared: {kept}",
            status=410,
            code="evicted_call",
            details={"oldest": first, "kept": journal.count()[0]},
        )
    return call


async def wait_calls(
    asked: WaitCalls, *, journal: MemoryJournal, sources: Sources, waiters: Waiters[CallWaiter]
) -> WaitedCalls:
    check_count(asked.count)
    try:
        return await wait_for_calls(asked, journal=journal, sources=sources, waiters=waiters)
    except OperationError as refusal:
        if refusal.status == 406 and asked.explain:
            unmet = ExplainCalls(
                match=asked.match,
                count=asked.count,
                after=asked.after,
                after_request=asked.after_request,
                opened_at=asked.opened_at,
                waited=asked.timeout if refusal.code == "timeout" else 0.0,
            )
            quiet = asked.quiet if refusal.code == "not_quiet" else 0.0
            refusal.details["explanation"] = await explain_wait(
                unmet, quiet=quiet, journal=journal, sources=sources, waiters=waiters
            )
        raise


async def clear_calls(
    asked: ClearCalls,
    *,
    sources: Sources,
    destinations: Destinations,
    clear: Callable[[str], int],
) -> Cleared:
    if (asked.source is None) == (not asked.all):
        raise OperationError(
            "say what to clear: one of source=<write key> and all=true",
            status=422,
            code="invalid_parameter",
            details={"allowed": ["source", "all"]},
        )
    if asked.source is not None:
        return Cleared(cleared=clear(asked.source))
    destinations.forget_strangers()
    cleared = sum(clear(source.key) for source in sources)
    sources.clear_all()
    return Cleared(cleared=cleared)


async def settle(
    asked: Settle,
    *,
    journal: MemoryJournal,
    sources: Sources,
    in_flight: InFlight,
    faults: FaultRegistry,
    destinations: Destinations,
    bell: Bell,
    forwarding: BackgroundWork,
) -> Settled:
    started = time.monotonic()
    with sources.watching(asked.source):
        while True:
            now = time.monotonic()
            last = sources.last_arrival_of(asked.source)
            quiet_for = now - (started if last is None else max(started, last))
            reading = in_flight.of(asked.source)
            delayed = faults.delays.count(asked.source)
            pending = destinations.ledger.pending(asked.source) if asked.deliveries else 0
            under_way = reading.known + delayed + pending + len(forwarding) > 0
            if not reading and not under_way and quiet_for >= asked.quiet:
                return Settled(cursor=journal.cursor)
            left = asked.timeout - (now - started)
            if left <= 0:
                raise _unsettled(asked, reading, delayed, destinations, last)
            # What is in flight rings when it is recorded, or ends without that.
            if not under_way:
                left = min(left, reading.unknown_seconds or asked.quiet - quiet_for)
            await bell.wait(left)


def _unsettled(
    asked: Settle,
    reading: Reading,
    delayed: int,
    destinations: Destinations,
    last: float | None,
) -> OperationError:
    reasons = [
        *_reading_words(reading, asked.source),
        *([f"{counted(delayed, 'answer')} held back by faults"] if delayed else []),
        *(overdue(asked.source, destinations.ledger) if asked.deliveries else []),
        "nothing has come yet"
        if last is None
        else f"the last request came {time.monotonic() - last:.2f} s ago",
    ]
    return OperationError(
        f"not settled within {asked.timeout:g} s: {', '.join(reasons)};"
        f" {asked.quiet:g} s of quiet were asked for",
        status=406,
        code="not_quiet",
        details={
            "inFlight": reading.known + reading.unknown,
            "delayed": delayed,
            "pending": destinations.ledger.pending(asked.source),
        },
    )


def _reading_words(reading: Reading, source: str | None) -> Iterator[str]:
    if reading.known:
        whose = "" if source is None else " of this source"
        yield f"{counted(reading.known, 'request')}{whose} in flight"
    if reading.unknown:
        yield f"{counted(reading.unknown, 'request')} in flight with no write key yet"


async def summary(
    asked: OfSource, *, journal: MemoryJournal, sources: Sources, destinations: Destinations
) -> Summary:
    calls, requests = journal.count(asked.source)
    counts = journal.counts(asked.source)
    verdicts, good = counts.by_verdict()
    lost = sources.lost(asked.source)
    return Summary(
        total=calls,
        good=good,
        bad=calls - good,
        evicted=lost.calls,
        lost=lost,
        requests=requests,
        refused=sum(counts.refusals.values()),
        refusals=[Refusals(*kind, n) for kind, n in islice(counts.refusals.items(), MOST_KINDS)],
        by_event=counts.by_name(),
        cursor=journal.cursor,
        queue_full=destinations.ledger.refused(asked.source),
        **verdicts,
    )


async def import_calls(
    asked: ImportCalls, *, journal: MemoryJournal, accept: Callable[[Arrival], object]
) -> Imported:
    duplicates, turn = 0, Turn()
    for call in asked.calls:
        arrival = _arrival_of(call, asked.source)
        cursor = journal.cursor
        accept(arrival)
        recorded = journal.calls_after(cursor, limit=1, source=arrival.key)
        duplicates += any(each.is_duplicate for each in recorded)
        # Calls of others may come between; each call is recorded whole.
        await turn.over()
    return Imported(imported=len(asked.calls), duplicates=duplicates)


def _arrival_of(call: ImportedCall, source: str | None) -> Arrival:
    """Make a request out of an exported call, with which it gets the same normalised form."""
    message: Any = call.message or call.raw
    if isinstance(message, dict):
        # Which source it goes to is said beside it.
        message = {key: value for key, value in message.items() if key != "writeKey"}
        message.pop("receivedAt", None)
        original = message.pop("originalTimestamp", None)
        message.pop("timestamp", None)
        if original is not None:
            message["timestamp"] = original
    return internal_arrival(
        _IMPORT_ROUTE,
        message,
        received_ns=parse_moment(call.received_at) or 0,
        key=source if source is not None else call.source,
    )


# --- details of one call


def _sent(finding: Finding, message: JsonObject, raw: Json) -> Json | UnsetType:
    """Return the value at the place of a finding, UNSET where nothing was sent there.

    A violation is one of the normalised message, any other finding of the message as sent. What the
    settings of Protocols took away is still in the message as sent.
    """
    if not isinstance(finding, Violation):
        value = lookup(raw, finding.field.split(".")) if finding.field else NO_PLACE
    else:
        value = lookup(message, pointer_path(message, finding.instance_path))
        if value is NO_PLACE:
            value = lookup(raw, pointer_path(raw, finding.instance_path))
    return UNSET if value is NO_PLACE else value


def _rule(
    plans: SourcePlans, call: KeptCall, finding: Finding, message: JsonObject
) -> RuleExcerpt | None:
    if not isinstance(finding, Violation) or not finding.schema_path:
        return None
    judging = plans.set.judging(message, type=call.type, event=call.event)
    for broken, rule in (
        (broken_keyword(rule, finding.schema_path), rule)
        for name, rule in judging
        if name == finding.plan
    ):
        if broken is None:
            continue
        notes = {name: broken.around[name] for name in _ANNOTATIONS if name in broken.around}
        return RuleExcerpt(
            plan=finding.plan,
            rule=rule.label,
            schema_path=finding.schema_path,
            excerpt={**notes, broken.name: broken.value},
        )
    return None


async def _neighbours(
    call: KeptCall, journal: MemoryJournal
) -> tuple[list[CallBrief], list[CallBrief]]:
    """Return the nearest calls of the same user, those before they had a userId included."""
    anonymous = call.message().get("anonymousId")
    before: dict[int, KeptCall] = {}
    after: dict[int, KeptCall] = {}
    if call.user_id is not None:
        search = CallSearch(journal, source=call.source, match=ScalarMatch(user_id=call.user_id))
        earlier = search.before(call.cursor, most=_NEIGHBOURS)
        later = search.after(call.cursor, most=_NEIGHBOURS)
        before |= {each.cursor: each for each in await _first(earlier, None, most=None)}
        after |= {each.cursor: each for each in await _first(later, None, most=None)}
    if isinstance(anonymous, str):
        # No index knows them by anonymousId, so only the nearest calls are looked at.
        search = CallSearch(journal, source=call.source)
        same = _same_anonymous(anonymous, call.user_id)
        near = await _first(search.before(call.cursor), same, most=_NEAR)
        before |= {each.cursor: each for each in near}
        near = await _first(search.after(call.cursor), same, most=_NEAR)
        after |= {each.cursor: each for each in near}
    return (
        [_brief(before[cursor]) for cursor in sorted(before)[-_NEIGHBOURS:]],
        [_brief(after[cursor]) for cursor in sorted(after)[:_NEIGHBOURS]],
    )


async def _first(
    portions: AsyncIterator[list[KeptCall]],
    matches: Callable[[KeptCall], bool] | None,
    *,
    most: int | None,
) -> list[KeptCall]:
    """Return the first neighbours among the calls, of which at most `most` are looked at."""
    found: list[KeptCall] = []
    looked_at = 0
    async for portion in portions:
        found += portion if matches is None else filter(matches, portion)
        looked_at += len(portion)
        if len(found) >= _NEIGHBOURS or (most is not None and looked_at >= most):
            break
    return found[:_NEIGHBOURS]


def _same_anonymous(anonymous_id: str, user_id: str | None) -> Callable[[KeptCall], bool]:
    """Return what tells calls of one visitor, with a userId too unless it is another one."""
    matches = compiled(ScalarMatch(anonymous_id=anonymous_id))
    # To look for the text is far cheaper than to decode; escapes could spell it otherwise.
    text = anonymous_id.encode("utf-8", "surrogatepass")

    def same(call: KeptCall) -> bool:
        raw = bytes(call.raw)
        is_other = None not in {user_id, call.user_id} and user_id != call.user_id
        return not is_other and (text in raw or b"\\" in raw) and matches(call)

    return same


def _brief(call: KeptCall) -> CallBrief:
    return CallBrief(
        id=call_id(call.cursor),
        cursor=call.cursor,
        type=call.type,
        event=call.event,
        message_id=call.message_id,
        verdict=call.verdict,
        good=call.good,
        received_at=format_moment(call.request.received_ns),
        user_id=call.user_id,
    )
