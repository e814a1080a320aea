"""Operations on deliveries: list, wait, deliver again."""

from __future__ import annotations

from functools import partial

from mockseg.delivery.ledger import Ledger
from mockseg.delivery.records import KeptDelivery
from mockseg.domain.call import call_cursor
from mockseg.domain.timestamps import format_moment
from mockseg.errors import OperationError
from mockseg.hub.call_search import CallSearch
from mockseg.hub.destinations import Destinations
from mockseg.hub.handlers.destinations import existing
from mockseg.hub.handlers.explanations import explain_deliveries
from mockseg.hub.sources import Sources
from mockseg.hub.waiters import Waiters
from mockseg.hub.waits import CallWaiter, DeliveryWaiter, waiting
from mockseg.journal.memory import MemoryJournal
from mockseg.matching.match import ScalarMatch
from mockseg.operations.deliveries import (
    DeliveryPage,
    ListDeliveries,
    Redeliver,
    Redelivered,
    WaitDeliveries,
    WaitedDeliveries,
)

_PORTION = 1000


async def list_deliveries(asked: ListDeliveries, *, destinations: Destinations) -> DeliveryPage:
    ledger, newest = destinations.ledger, asked.order == "newest"
    wanted = partial(_is_wanted, asked)
    if asked.call is not None:
        found = [
            kept
            for kept in ledger.of_call(call_cursor(asked.call) or 0)
            if asked.source in {None, kept.source}
            and kept.cursor > asked.after
            and (asked.before is None or kept.cursor < asked.before)
            and wanted(kept)
        ][:: -1 if newest else 1][: asked.limit + 1]
    else:
        found = ledger.page(
            source=asked.source,
            wanted=wanted,
            after=asked.after,
            before=asked.before,
            newest=newest,
            limit=asked.limit + 1,
        )
    shown = found[: asked.limit]
    evicted, latest = ledger.evicted_of(asked.source)
    return DeliveryPage(
        deliveries=[kept.view() for kept in shown],
        next=shown[-1].cursor if len(found) > asked.limit else None,
        evicted=evicted,
        evicted_call=latest,
    )


def _is_wanted(asked: ListDeliveries, kept: KeptDelivery) -> bool:
    return (
        asked.destination in {None, kept.destination}
        and asked.state in {None, kept.state}
        and asked.reason in {None, kept.reason}
        and (
            asked.status is None
            or (len(kept.attempts) > 0 and kept.attempts[-1].status == asked.status)
        )
    )


async def wait_deliveries(
    asked: WaitDeliveries,
    *,
    destinations: Destinations,
    journal: MemoryJournal,
    sources: Sources,
    waiters: Waiters[CallWaiter],
    delivery_waiters: Waiters[DeliveryWaiter],
) -> WaitedDeliveries:
    if asked.destination is not None:
        existing(asked.destination, destinations)
    waiter = DeliveryWaiter(asked, journal)
    # Listening first: what changes while the ledger is read is offered twice, which is once.
    with waiting(waiter, delivery_waiters, sources):
        try:
            after = 0
            while page := destinations.ledger.page(
                source=waiter.source,
                wanted=lambda kept: kept.state == asked.state,
                after=after,
                limit=_PORTION,
            ):
                for kept in page:
                    waiter.look_at(kept)
                after = page[-1].cursor
            return await waiter.satisfied()
        except OperationError as refusal:
            if asked.explain:
                refusal.details["explanation"] = await explain_deliveries(
                    asked,
                    destinations=destinations,
                    journal=journal,
                    sources=sources,
                    waiters=waiters,
                )
            raise


async def redeliver(
    asked: Redeliver, *, destinations: Destinations, journal: MemoryJournal
) -> Redelivered:
    chosen = [existing(id_, destinations) for id_ in dict.fromkeys(asked.destinations)]
    match = ScalarMatch(verdict="accepted", where=asked.where)
    search = CallSearch(journal, source=asked.source, match=match)
    only = None if asked.call is None else call_cursor(asked.call) or 0
    count = 0
    async for found in search.after(max(asked.after, (only or 1) - 1)):
        calls = found if only is None else [call for call in found if call.cursor == only]
        count += len(calls)
        for connected in chosen:
            destinations.dispatcher.offer(connected.destination, calls, again=True)
    return Redelivered(calls=count, deliveries=count * len(chosen))


def overdue(source: str | None, ledger: Ledger) -> list[str]:
    """Return what keeps deliveries from being settled, for a person; empty when nothing does."""
    pending = ledger.pending(source)
    if not pending:
        return []
    under_way = f"{pending:,} {'delivery' if pending == 1 else 'deliveries'} under way"
    next_ns = min((moment for _, moment in ledger.next_retries(source)), default=None)
    if next_ns is None:
        return [under_way]
    moment = format_moment(next_ns)
    return [f"{under_way}, the next retry at {moment} by the source's clock"]
