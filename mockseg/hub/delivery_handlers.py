"""What the operations on deliveries do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mockseg.domain.call import call_cursor
from mockseg.domain.timestamps import format_moment
from mockseg.errors import FqlError, OperationError
from mockseg.fql.query import parse
from mockseg.hub.destination_handlers import existing
from mockseg.hub.explanations import explain_deliveries
from mockseg.hub.filtering import bad_filter
from mockseg.hub.waits import Bell
from mockseg.matching.match import compile_match
from mockseg.operations.deliveries import DeliveryPage, Redelivered, WaitedDeliveries

if TYPE_CHECKING:
    from mockseg.delivery.records import KeptDelivery
    from mockseg.domain.call import KeptCall
    from mockseg.hub.hub import Hub
    from mockseg.operations.deliveries import ListDeliveries, Redeliver, WaitDeliveries


_PORTION = 1000


async def list_deliveries(hub: Hub, asked: ListDeliveries) -> DeliveryPage:
    """Give a page of the ledger."""
    ledger = hub.destinations.dispatcher.ledger
    if asked.call is not None:
        found = [
            kept
            for kept in ledger.of_call(call_cursor(asked.call) or 0)
            if asked.source in {None, kept.source}
            and asked.destination in {None, kept.destination}
            and asked.state in {None, kept.state}
            and kept.cursor > asked.after
        ][: asked.limit + 1]
    else:
        found = ledger.page(
            source=asked.source,
            destination=asked.destination,
            state=asked.state,
            after=asked.after,
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


class DeliveryWaiter:
    """One wait for deliveries: those that are as wanted now."""

    def __init__(self, hub: Hub, asked: WaitDeliveries) -> None:
        self._hub = hub
        self._asked = asked
        self._matches = compile_match(asked.match)
        self._bell = Bell()
        self._found: dict[int, tuple[KeptDelivery, KeptCall]] = {}

    def offer(self, kept: KeptDelivery) -> None:
        """Look at a delivery that was opened or changed."""
        asked = self._asked
        wanted = (
            kept.state == asked.state
            and asked.match.source in {None, kept.source}
            and asked.destination in {None, kept.destination}
            and asked.reason in {None, kept.reason}
        )
        call = self._hub.journal.call(kept.call) if wanted else None
        if call is None or not self._matches(call):
            # It may have been as wanted before, and be no longer: `queued` say.
            self._found.pop(kept.cursor, None)
            return
        self._found[kept.cursor] = (kept, call)
        if len(self._found) >= asked.count:
            self._bell.ring()

    def cleared(self, source: str, call: int | None) -> None:
        """Count what was cleared no longer: all deliveries of a source, or those of one call."""
        for cursor, (kept, _) in list(self._found.items()):
            if kept.source == source and call in {None, kept.call}:
                del self._found[cursor]

    async def satisfied(self) -> WaitedDeliveries:
        """Return once there are enough.

        Raises:
            OperationError: 406, the time is up.
        """
        asked = self._asked
        deadline = asyncio.get_running_loop().time() + asked.timeout
        while len(self._found) < asked.count:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await self._bell.wait(left):
                raise OperationError(
                    f"{len(self._found)} of {asked.count} deliveries of such calls were"
                    f" {asked.state} within {asked.timeout:g} s",
                    status=406,
                    code="timeout",
                    details={"seen": len(self._found)},
                )
        found = [self._found[cursor] for cursor in sorted(self._found)]
        return WaitedDeliveries(
            deliveries=[kept.view() for kept, _ in found],
            calls=[call.view() for _, call in found],
        )


async def wait_deliveries(hub: Hub, asked: WaitDeliveries) -> WaitedDeliveries:
    """Answer as soon as so many deliveries are as wanted."""
    if asked.destination is not None:
        existing(hub, asked.destination)
    try:
        waiter = DeliveryWaiter(hub, asked)
    except FqlError as error:
        raise bad_filter(error) from None
    with hub.sources.watching(asked.match.source):
        # Listening first: what changes while the ledger is read is offered twice, which is once.
        hub.delivery_waiters.add(waiter)
        try:
            after = 0
            while page := hub.destinations.dispatcher.ledger.page(
                source=asked.match.source, state=asked.state, after=after, limit=_PORTION
            ):
                for kept in page:
                    waiter.offer(kept)
                after = page[-1].cursor
            return await waiter.satisfied()
        except OperationError as refusal:
            if asked.explain:
                refusal.details["explanation"] = await explain_deliveries(hub, asked)
            raise
        finally:
            hub.delivery_waiters.discard(waiter)


async def redeliver(hub: Hub, asked: Redeliver) -> Redelivered:
    """Deliver recorded calls again, to the chosen destinations only."""
    chosen = [existing(hub, id_) for id_ in dict.fromkeys(asked.destinations)]
    try:
        query = None if asked.where is None else parse(asked.where)
    except FqlError as error:
        raise bad_filter(error) from None
    count = begun = 0
    async for portion in hub.scan(after=asked.after, source=asked.source):
        calls = [
            call
            for call in portion
            if call.verdict == "accepted" and (query is None or query.matches(call.message()))
        ]
        count += len(calls)
        for connected in chosen:
            hub.destinations.dispatcher.redeliver(connected.destination, calls)
            begun += len(calls)
    return Redelivered(calls=count, deliveries=begun)


def overdue(hub: Hub, source: str | None) -> list[str]:
    """Say what keeps deliveries from being settled, for a person; empty when nothing does."""
    pending = hub.destinations.pending(source)
    if not pending:
        return []
    said = f"{pending:,} deliveries under way"
    retrying = hub.destinations.dispatcher.ledger.page(source=source, state="retrying", limit=1)
    if not retrying:
        return [said]
    moment = format_moment(retrying[0].next_ns)
    return [f"{said}, the next retry at {moment} by the source's clock"]
