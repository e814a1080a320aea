"""Verbs about deliveries: what became of calls at the destinations of their source."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec

from mockseg.client.ask import Ask
from mockseg.client.scope import Deadline
from mockseg.client.verbs_reading import PAGE, call_pages, check_matcher
from mockseg.client.verbs_unmet import Unmet, fail, raise_unmet, refuse_if_evicted
from mockseg.client.verbs_waiting import check_count, let_settle
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.evidence import Expectation
from mockseg.matching.render import counted
from mockseg.operations.deliveries import ListDeliveries, Redeliver, WaitDeliveries
from mockseg.operations.destinations import ListDestinations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.delivery import Delivery, DeliveryState
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.deliveries import DeliveryPage, Redelivered, WaitedDeliveries
    from mockseg.operations.destinations import DestinationList


def deliveries(
    scope: Scope,
    matcher: Matcher | None,
    *,
    to: str | None,
    state: DeliveryState | None,
) -> Steps[list[Delivery]]:
    """Give what became of the source's calls, in the order in which deliveries began.

    Args:
        scope: of the source.
        matcher: only of the calls that it means, whatever their verdict.
        to: only to the destination with this id.
        state: only those in this state.
    """
    seen: list[Delivery] = []
    cursor: int | None = 0
    while cursor is not None:
        page: DeliveryPage = yield Ask(
            "list_deliveries",
            ListDeliveries(
                source=scope.write_key, destination=to, state=state, after=cursor, limit=PAGE
            ),
        )
        seen += page.deliveries
        cursor = page.next
    if matcher is None and not scope.window:
        return seen
    if matcher is not None:
        check_matcher(matcher)
    calls = yield from call_pages(scope, {})
    meant = {call.id for call in calls if matcher is None or matcher.means(call)}
    return [delivery for delivery in seen if delivery.call in meant]


def wait_for_delivery(
    scope: Scope, matcher: Matcher, *, to: str | None, state: DeliveryState, timeout: float
) -> Steps[Delivery]:
    """Give the first delivery of a call that matches, as soon as it is in this state."""
    found = yield from assert_delivery(
        scope, matcher, to=to, state=state, reason=None, times=None, wait=timeout
    )
    return found[0]


def assert_delivery(
    scope: Scope,
    matcher: Matcher,
    *,
    to: str | None,
    state: DeliveryState,
    reason: str | None,
    times: int | None,
    wait: float,
) -> Steps[list[Delivery]]:
    """Give the deliveries of the calls that are meant; fail when there are too few, or too many.

    Args:
        scope: of the source.
        matcher: of which calls.
        to: the id of a destination; any without.
        state: in which they have to be.
        reason: why they have to have been filtered, or have failed; any without.
        times: so many and no more; one or more without.
        wait: seconds in which it must be.

    Raises:
        UnmetExpectationError: with what became of the calls instead.
    """
    check_matcher(matcher)
    if times is not None:
        check_count(times, name="times", least=0)
    wanted = _Wanted(to=to, state=state, reason=reason, times=times)
    deadline = Deadline(wait)
    least = 1 if times is None else times
    meant: list[Delivery] = []
    if least:
        meant = yield from _gather(scope, matcher, wanted, least=least, deadline=deadline)
    if times is not None and len(meant) == least:
        # More may be under way.
        yield from let_settle(scope.write_key, deadline)
        meant = yield from _gather(scope, matcher, wanted, least=0, deadline=Deadline(0))
    if not meant if times is None else len(meant) != times:
        yield from _fail(scope, matcher, wanted, wait=wait)
    if times is not None:
        yield from _refuse_if_evicted(scope, matcher, state=state, times=times)
    scope.asserted.update(int(delivery.call.removeprefix("call-")) for delivery in meant)
    return meant


def _gather(
    scope: Scope, matcher: Matcher, wanted: _Wanted, *, least: int, deadline: Deadline
) -> Steps[list[Delivery]]:
    """Return the matching deliveries as soon as there are enough, or when the time is up."""
    match = msgspec.structs.replace(matcher.match, source=scope.write_key)
    meant: list[Delivery] = []
    count = max(1, least)
    while True:
        asked = WaitDeliveries(
            match=match,
            destination=wanted.to,
            state=wanted.state,
            reason=wanted.reason,
            count=count,
            timeout=deadline.left(),
            explain=False,
        )
        try:
            waited: WaitedDeliveries = yield Ask("wait_deliveries", asked)
        except OperationError as refusal:
            if refusal.status != 406:
                raise
            return meant
        meant = [
            delivery
            for delivery, call in zip(waited.deliveries, waited.calls, strict=True)
            if call.cursor > scope.after and matcher.means(call)
        ]
        if len(meant) >= least:
            return meant
        # Some were not meant after all: wait for one more than there are.
        count = len(waited.deliveries) + 1


def _refuse_if_evicted(
    scope: Scope, matcher: Matcher, *, state: DeliveryState, times: int
) -> Steps[None]:
    """Fail when calls or deliveries were evicted, so that there may have been more."""
    claim = f"that {matcher.describe()} was {state} exactly {counted(times, 'time')}"
    yield from refuse_if_evicted(scope, claim)
    page: DeliveryPage = yield Ask(
        "list_deliveries", ListDeliveries(source=scope.write_key, limit=1)
    )
    if page.evicted and page.evicted_call > scope.after:
        raise UnmetExpectationError(
            f"cannot confirm {claim}: {page.evicted:,} deliveries of this source were evicted"
            " and cannot be checked.\nclear() earlier, or use more sources."
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What was expected of deliveries."""

    to: str | None
    state: DeliveryState
    reason: str | None
    times: int | None


def _fail(scope: Scope, matcher: Matcher, wanted: _Wanted, *, wait: float) -> Steps[NoReturn]:
    """Find out what became of the calls instead, and raise it."""
    calls = yield from call_pages(scope, {})
    meant = [call for call in calls if matcher.matches(call)]
    if not meant and wanted.times != 0:
        # The call itself is what is missing.
        yield from fail(scope, matcher, Unmet(Expectation(minimum=1), waited=wait))
    ids = {call.id for call in meant}
    every = yield from deliveries(scope, None, to=None, state=None)
    connected: DestinationList = yield Ask(
        "list_destinations", ListDestinations(source=scope.write_key)
    )
    from mockseg.matching.explain_delivery import explain_delivery

    raise_unmet(
        explain_delivery(
            matcher.describe(),
            calls=meant,
            deliveries=[delivery for delivery in every if delivery.call in ids],
            destinations=[view.id for view in connected.destinations],
            to=wanted.to,
            state=wanted.state,
            reason=wanted.reason,
            times=wanted.times,
        ),
        scope=scope,
        calls=meant,
    )


def redeliver(
    scope: Scope, destinations: Iterable[str], *, where: str | None
) -> Steps[Redelivered]:
    """Deliver recorded calls again to these destinations only, as Segment's replay does."""
    begun: Redelivered = yield Ask(
        "redeliver",
        Redeliver(
            source=scope.write_key,
            destinations=list(destinations),
            where=where,
            after=scope.after,
        ),
    )
    return begun
