"""Verbs about deliveries: the fate of calls at the destinations of their source."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec

from mockseg.client.operation_call import OperationCall, Steps
from mockseg.client.scope import WAIT, Deadline, Scope
from mockseg.client.verbs.reading import PAGE, call_pages, check_matcher, pages
from mockseg.client.verbs.unmet import Unmet, fail, raise_unmet, refuse_if_evicted
from mockseg.client.verbs.vendor import connected
from mockseg.client.verbs.waiting import check_count, let_settle
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.evidence import Expectation
from mockseg.matching.render import counted
from mockseg.operations.deliveries import (
    DeliveryPage,
    ListDeliveries,
    Redeliver,
    Redelivered,
    WaitDeliveries,
    WaitedDeliveries,
)

if TYPE_CHECKING:
    from typing import NoReturn, TypeAlias

    from mockseg.client.parts import AsyncDestination, Destination
    from mockseg.domain.delivery import Delivery, DeliveryState
    from mockseg.matching.matcher import Matcher

    To: TypeAlias = Destination | AsyncDestination | str | None

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is expected of deliveries.

    Attributes:
        to: the id of a destination; any if None.
        state: in which they have to be.
        reason: why they have to have been filtered, or have failed; any if None.
        times: how many there must be; one or more if None.
    """

    to: str | None
    state: DeliveryState
    reason: str | None = None
    times: int | None = None


def deliveries(
    scope: Scope,
    matcher: Matcher | None = None,
    *,
    to: To = None,
    state: DeliveryState | None = None,
) -> Steps[list[Delivery]]:
    """Return the fate of the source's calls at its destinations, in order of their begin.

    Args:
        matcher: only of the calls that it means, whatever their verdict.
        to: only to this destination.
        state: only those that are queued, retrying, delivered, filtered or failed.
    """
    first = ListDeliveries(source=scope.write_key, destination=_id(to), state=state, limit=PAGE)
    found: list[Delivery] = yield from pages("list_deliveries", first, "deliveries")
    if matcher is None and not scope.window:
        return found
    if matcher is not None:
        check_matcher(matcher)
    calls = yield from call_pages(scope)
    meant = {call.id for call in calls if matcher is None or matcher.means(call)}
    return [delivery for delivery in found if delivery.call in meant]


def wait_for_delivery(
    scope: Scope,
    matcher: Matcher,
    *,
    to: To = None,
    state: DeliveryState = "delivered",
    timeout: float = WAIT,
) -> Steps[Delivery]:
    """Return the first delivery of a call that matches, as soon as it is in this state.

    Raises:
        UnmetExpectationError: none came within `timeout` seconds; has the fate of
            the calls instead.
    """
    wanted = _Wanted(to=_id(to), state=state)
    return (yield from _assert_deliveries(scope, matcher, wanted, wait=timeout))[0]


def assert_delivered(
    scope: Scope, matcher: Matcher, *, to: To = None, times: int | None = None, wait: float = WAIT
) -> Steps[list[Delivery]]:
    """Return the deliveries of the calls that match; fail when they did not arrive.

    Args:
        matcher: of which calls.
        to: at this destination; at any if omitted.
        times: exactly this many; one or more if omitted.
        wait: seconds in which it must be; 0 is now.

    Raises:
        UnmetExpectationError: with the fate of the calls instead.
    """
    wanted = _Wanted(to=_id(to), state="delivered", times=times)
    return (yield from _assert_deliveries(scope, matcher, wanted, wait=wait))


def assert_filtered(
    scope: Scope,
    matcher: Matcher,
    *,
    reason: str | None = None,
    to: To = None,
    times: int | None = None,
    wait: float = WAIT,
) -> Steps[list[Delivery]]:
    """Return the deliveries of the calls that match; fail when they were not filtered.

    Args:
        matcher: of which calls.
        reason: Segment's code, such as ``FILTERED_BY_RULES``; any if omitted.
        to: at this destination; at any if omitted.
        times: exactly this many; one or more if omitted.
        wait: seconds in which it must be; 0 is now.

    Raises:
        UnmetExpectationError: with the fate of the calls instead.
    """
    wanted = _Wanted(to=_id(to), state="filtered", reason=reason, times=times)
    return (yield from _assert_deliveries(scope, matcher, wanted, wait=wait))


def redeliver(
    scope: Scope, *to: Destination | AsyncDestination | str, where: str | None = None
) -> Steps[Redelivered]:
    """Deliver recorded calls again to these destinations only, as Segment's replay does.

    Args:
        to: which destinations; all of the source's if omitted.
        where: only calls that match this filter in FQL.
    """
    ids = [each if isinstance(each, str) else each.id for each in to]
    if not ids:
        ids = [view.id for view in (yield from connected(scope))]
    begun: Redelivered = yield OperationCall(
        "redeliver",
        Redeliver(source=scope.write_key, destinations=ids, where=where, after=scope.after),
    )
    return begun


def _id(to: To) -> str | None:
    return to if to is None or isinstance(to, str) else to.id


def _assert_deliveries(
    scope: Scope, matcher: Matcher, wanted: _Wanted, *, wait: float
) -> Steps[list[Delivery]]:
    check_matcher(matcher)
    times = wanted.times
    if times is not None:
        check_count(times, name="times", least=0)
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
        yield from _refuse_if_evicted(scope, matcher, state=wanted.state, times=times)
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
            waited: WaitedDeliveries = yield OperationCall("wait_deliveries", asked)
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
    claim = f"that {matcher.describe()} was {state} exactly {counted(times, 'time')}"
    yield from refuse_if_evicted(scope, claim)
    page: DeliveryPage = yield OperationCall(
        "list_deliveries", ListDeliveries(source=scope.write_key, limit=1)
    )
    if page.evicted and page.evicted_call > scope.after:
        raise UnmetExpectationError(
            f"cannot confirm {claim}: {page.evicted:,} deliveries of this source were evicted"
            " and cannot be checked.\nclear() earlier, or use more sources."
        )


def _fail(scope: Scope, matcher: Matcher, wanted: _Wanted, *, wait: float) -> Steps[NoReturn]:
    calls = yield from call_pages(scope)
    meant = [call for call in calls if matcher.matches(call)]
    if not meant and wanted.times != 0:
        # The call itself is what is missing.
        yield from fail(scope, matcher, Unmet(Expectation(minimum=1), waited=wait))
    ids = {call.id for call in meant}
    every = yield from deliveries(scope)
    destinations = yield from connected(scope)
    from mockseg.matching.explain import explain_delivery

    raise_unmet(
        explain_delivery(
            matcher.describe(),
            calls=meant,
            deliveries=[delivery for delivery in every if delivery.call in ids],
            destinations=[view.id for view in destinations],
            **dataclasses.asdict(wanted),
        ),
        scope=scope,
        calls=meant,
    )
