"""What the operations on calls do."""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from mockseg.domain.call import call_cursor, call_id
from mockseg.errors import FqlError, OperationError
from mockseg.hub.call_details import call_details
from mockseg.hub.delivery_handlers import overdue
from mockseg.hub.explanations import explain_wait
from mockseg.hub.filtering import bad_filter
from mockseg.hub.waits import check_count, wait_for_calls
from mockseg.matching.match import compile_match, narrows
from mockseg.matching.render import counted
from mockseg.operations.calls import CallPage, Cleared, Settled, Summary
from mockseg.operations.explanations import ExplainCalls
from mockseg.operations.refusals import MOST_KINDS, Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.domain.call import KeptCall
    from mockseg.hub.hub import Hub
    from mockseg.hub.in_flight import Reading
    from mockseg.matching.match import Matchable, ScalarMatch
    from mockseg.operations.base import OfSource
from mockseg.operations.calls import (
    CallDetails,
    ClearCalls,
    GetCall,
    ListCalls,
    Settle,
    WaitCalls,
    WaitedCalls,
)


async def list_calls(hub: Hub, asked: ListCalls) -> CallPage:
    """Return a page of matching calls, and how many match at all."""
    most = asked.limit + 1
    if narrows(asked):
        total, found = await _filtered(hub, asked, most)
    else:
        total, found = hub.journal.count(asked.source)[0], _page(hub, asked, most)
    shown = found[: asked.limit]
    return CallPage(
        calls=[call.view() for call in shown],
        total=total,
        next=shown[-1].cursor if len(found) == most else None,
        verdict=asked.verdict or "any",
    )


def _page(hub: Hub, asked: ListCalls, most: int) -> list[KeptCall]:
    """Return the calls between two cursors, from the end that is asked for."""
    if asked.order == "newest":
        calls = hub.calls_before(asked.before, limit=most, source=asked.source)
        return [call for call in calls if call.cursor > asked.after]
    calls = hub.calls_after(asked.after, limit=most, source=asked.source)
    return [call for call in calls if asked.before is None or call.cursor < asked.before]


async def _filtered(hub: Hub, asked: ListCalls, most: int) -> tuple[int, list[KeptCall]]:
    """Return how many calls match at all, and those of the page."""
    matches = _predicate(asked)
    newest = asked.order == "newest"
    total = 0
    # A full deque drops its oldest.
    found: deque[KeptCall] = deque(maxlen=most if newest else None)
    async for portion in hub.scan(after=0, source=asked.source):
        for call in portion:
            if not matches(call):
                continue
            total += 1
            if call.cursor <= asked.after:
                continue
            if asked.before is not None and call.cursor >= asked.before:
                continue
            if newest or len(found) < most:
                found.append(call)
    if newest:
        found.reverse()
    return total, list(found)


async def get_call(hub: Hub, asked: GetCall) -> CallDetails:
    """Return one call with all that is known of it."""
    return await call_details(hub, _kept(hub, asked.id))


async def clear_call(hub: Hub, asked: GetCall) -> Cleared:
    """Forget one call: its deliveries are cancelled, and its messageId is new again."""
    call = _kept(hub, asked.id)
    hub.journal.remove(call)
    source = hub.sources.get(call.source)
    if source is not None:
        hub.window_of(source).forget(call.message_id, call.cursor)
    hub.destinations.dispatcher.drop_call(call.cursor)
    hub.cleared(call.source, call.cursor)
    return Cleared(cleared=1)


def _kept(hub: Hub, id_: str) -> KeptCall:
    """Return the call with this id.

    Raises:
        OperationError: 404 it was never recorded, 410 it is no longer kept.
    """
    cursor = call_cursor(id_)
    if not cursor or cursor > hub.cursor:
        newest = f"the newest is {call_id(hub.cursor)}" if hub.cursor else "none was recorded yet"
        looks = "" if cursor else "; an id looks like call-17"
        raise OperationError(
            f'no call "{id_[:100]}" was recorded: {newest}{looks}', status=404, code="unknown_call"
        )
    call = hub.journal.call(cursor)
    if call is None:
        oldest = hub.calls_after(0, limit=1)
        first = call_id(oldest[0].cursor) if oldest else None
        kept = f"the oldest kept call is {first}" if first else "no call is kept"
        raise OperationError(
            f"{call_id(cursor)} is no longer kept, because it was evicted or cleared: {kept}",
            status=410,
            code="evicted_call",
            details={"oldest": first, "kept": hub.journal.count()[0]},
        )
    return call


async def wait_calls(hub: Hub, asked: WaitCalls) -> WaitedCalls:
    """Answer when the calls are there; a 406 says what was found instead."""
    check_count(asked.count)
    try:
        return await wait_for_calls(hub, asked)
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
            refusal.details["explanation"] = await explain_wait(hub, unmet, quiet=quiet)
        raise


async def clear_calls(hub: Hub, asked: ClearCalls) -> Cleared:
    """Forget one source's calls and requests, or all."""
    if (asked.source is None) == (not asked.all):
        raise OperationError(
            "say what to clear: one of source=<write key> and all=true",
            status=422,
            code="invalid_parameter",
            details={"allowed": ["source", "all"]},
        )
    if asked.source is not None:
        return Cleared(cleared=hub.clear(asked.source))
    hub.server_window.clear()
    hub.destinations.forget_strangers()
    cleared = sum(hub.clear(source.key) for source in hub.sources)
    hub.sources.forgotten_sources.clear_all()
    return Cleared(cleared=cleared)


async def settle(hub: Hub, asked: Settle) -> Settled:
    """Answer when nothing is in flight and nothing came for a while."""
    with hub.sources.watching(asked.source):
        return await _settled(hub, asked)


async def _settled(hub: Hub, asked: Settle) -> Settled:
    started = time.monotonic()
    while True:
        now = time.monotonic()
        last = hub.last_arrival_of(asked.source)
        quiet_for = now - (started if last is None else max(started, last))
        reading = hub.in_flight.of(asked.source)
        delayed = hub.faults.delays.count(asked.source)
        pending = hub.destinations.pending(asked.source)
        under_way = reading.known + delayed + pending > 0
        if not reading and not under_way and quiet_for >= asked.quiet:
            return Settled(cursor=hub.cursor)
        left = asked.timeout - (now - started)
        if left <= 0:
            reasons = [*_reading_words(reading, asked.source)]
            reasons += [f"{counted(delayed, 'answer')} held back by faults"] if delayed else []
            reasons += overdue(hub, asked.source)
            reasons += [
                "nothing has come yet"
                if last is None
                else f"the last request came {now - last:.2f} s ago"
            ]
            raise OperationError(
                f"not settled within {asked.timeout:g} s: {', '.join(reasons)};"
                f" {asked.quiet:g} s of quiet were asked for",
                status=406,
                code="not_quiet",
                details={
                    "inFlight": reading.known + reading.unknown,
                    "delayed": delayed,
                    "pending": pending,
                },
            )
        # What is in flight rings when it is recorded, or ends without that.
        if under_way:
            await hub.wait(left)
        else:
            await hub.wait(min(left, reading.unknown_seconds or asked.quiet - quiet_for))


def _reading_words(reading: Reading, source: str | None) -> Iterator[str]:
    """Say which requests are still being read."""
    if reading.known:
        whose = "" if source is None else " of this source"
        yield f"{counted(reading.known, 'request')}{whose} in flight"
    if reading.unknown:
        yield f"{counted(reading.unknown, 'request')} in flight with no write key yet"


async def summary(hub: Hub, asked: OfSource) -> Summary:
    """Count what is kept."""
    calls, requests = hub.journal.count(asked.source)
    counts = hub.journal.counts(asked.source)
    verdicts, good = counts.by_verdict()
    lost = hub.lost(asked.source)
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
        cursor=hub.cursor,
        **verdicts,
    )


def _predicate(match: ScalarMatch) -> Callable[[Matchable], bool]:
    try:
        return compile_match(match)
    except FqlError as error:
        raise bad_filter(error) from None
