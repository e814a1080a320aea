"""Operations on deliveries: list, wait, deliver again."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mockseg.domain.call import Call
from mockseg.domain.delivery import Delivery, DeliveryState
from mockseg.matching.match import Match
from mockseg.operations.base import Cursor, Limit, Order, Params, Result, Seconds, WriteKey


class ListDeliveries(Params, frozen=True):
    """Which deliveries to list.

    Attributes:
        source: a write key; all without.
        destination: the id of a destination.
        state: queued, retrying, delivered, filtered or failed.
        call: the id of a call.
        reason: why it was filtered or failed.
        status: of the answer to the last attempt; 0 for no answer.
        after: only later ones than this cursor.
        before: only earlier ones than this cursor.
        order: which come first, the oldest or the newest.
        limit: maximum number of deliveries.
    """

    source: WriteKey | None = None
    destination: str | None = None
    state: DeliveryState | None = None
    call: str | None = None
    reason: str | None = None
    status: Annotated[int, Meta(ge=0, le=999)] | None = None
    after: Cursor = 0
    before: Cursor | None = None
    order: Order = "oldest"
    limit: Limit = 100


class DeliveryPage(Result, frozen=True):
    """Deliveries, in the order that was asked for, which is that in which they began.

    Attributes:
        deliveries: at most ``limit``.
        next: the cursor of the next page, ``after`` it where the oldest come first and
            ``before`` it where the newest do; null when nothing follows.
        evicted: number of deliveries of the source, or of all, that were evicted.
        evicted_call: cursor of the latest call that one of them was of; the deliveries of later
            calls are all kept. 0 where none was evicted.
    """

    deliveries: list[Delivery]
    next: int | None
    evicted: int
    evicted_call: int = 0


class WaitDeliveries(Params, frozen=True):
    """Which deliveries to wait for.

    Attributes:
        match: of which calls.
        destination: the id of a destination; any without.
        state: the state that is waited for; delivered by default.
        reason: only those filtered or failed for this reason.
        count: how many; one or more by default.
        timeout: seconds until the wait fails; of the machine, not of the source's clock.
        explain: whether the 406 of a failed wait says what happened to the calls instead.
    """

    match: Match = Match()
    destination: str | None = None
    state: DeliveryState = "delivered"
    reason: str | None = None
    count: Annotated[int, Meta(ge=1, le=100_000)] = 1
    timeout: Seconds = 1.0
    explain: bool = True


class WaitedDeliveries(Result, frozen=True):
    """The deliveries that satisfied a wait.

    Attributes:
        deliveries: in the order in which they began.
        calls: the call of each.
    """

    deliveries: list[Delivery]
    calls: list[Call]


class Redeliver(Params, frozen=True):
    """Recorded calls to deliver again, as Segment's replay does.

    Attributes:
        source: whose calls.
        destinations: ids of the destinations that are to have them; the others are left out.
        where: only calls that match this filter in FQL.
        after: only later calls than this cursor.
        call: the id of the one call to deliver; all if omitted.
    """

    source: WriteKey
    destinations: Annotated[list[str], Meta(min_length=1)]
    where: str | None = None
    call: str | None = None
    after: Cursor = 0


class Redelivered(Result, frozen=True):
    """What is delivered again.

    Attributes:
        calls: how many calls matched.
        deliveries: how many deliveries began.
    """

    calls: int
    deliveries: int
