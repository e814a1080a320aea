"""Why calls did not arrive where they should, or something else did not reach a vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.matching.explanation import Explanation, Section, listed
from mockseg.matching.render import call_line, counted
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mockseg.domain.call import Call
    from mockseg.domain.delivery import Delivery, DeliveryState


_MAX_LISTED = 10


def explain_delivery(
    described: str,
    *,
    calls: Sequence[Call],
    deliveries: Sequence[Delivery],
    destinations: Sequence[str],
    to: str | None,
    state: DeliveryState,
    reason: str | None,
    times: int | None,
) -> Explanation:
    """Explain what became of calls that should have been delivered, or filtered.

    Args:
        described: which calls were meant, in words.
        calls: that are meant.
        deliveries: of those calls, to any destination.
        destinations: ids of those that the source has.
        to: the id of the one that was meant; any when None.
        state: in which the deliveries should be.
        reason: why they should be filtered; any when None.
        times: how many there should be; one or more when None.
    """
    goal = state + (f" for {reason}" if reason else "") + (f" at {to}" if to else "")
    often = "" if times is None else f" {counted(times, 'time')}"
    there = [each for each in deliveries if to is None or each.destination == to]
    as_meant = sum(
        each.state == state and (reason is None or each.reason == reason) for each in there
    )
    lines = {call.id: call_line(call) for call in calls}
    outcomes = listed(
        deliveries,
        lambda each: _delivery_line(each, lines[each.call]),
        limit=_MAX_LISTED,
        noun="deliveries",
    )
    return Explanation(
        kind="delivery",
        headline=f"expected {described} to be {goal}{often}; that holds for {as_meant} of"
        f" {counted(len(calls), 'such call')}.",
        sections=(Section("What became of them:", outcomes),),
        notes=tuple(_notes(there, deliveries, destinations, to)),
        details={
            "found": as_meant,
            "calls": list(lines),
            "deliveries": [
                {
                    "call": each.call,
                    "destination": each.destination,
                    "state": each.state,
                    "reason": each.reason,
                    "statuses": [attempt.status for attempt in each.attempts],
                }
                for each in deliveries[:50]
            ],
        },
    )


def explain_received(
    id_: str,
    described: str,
    *,
    seen: Sequence[str],
    found: int,
    times: int | None,
) -> Explanation:
    """Explain what reached a vendor instead of what was expected.

    Args:
        id_: of the destination.
        described: which requests were meant, in words.
        seen: a line for each request that reached it, oldest first.
        found: how many of them are meant.
        times: how many there should be; one or more when None.
    """
    wanted = "1 or more requests" if times is None else counted(times, "request")
    return Explanation(
        kind="received",
        headline=f"expected {wanted} at {id_}: {described}; found {found}.",
        sections=(
            Section(
                f"What reached it, {counted(len(seen), 'request')}:",
                tuple(seen[-_MAX_LISTED:]),
            ),
        ),
        notes=()
        if seen
        else ("Nothing reached it at all: source.deliveries() says what became of each call.",),
        details={"found": found, "received": len(seen)},
    )


def _delivery_line(delivery: Delivery, call: str) -> str:
    statuses = ", ".join(
        str(attempt.status) if attempt.status else attempt.error or "no answer"
        for attempt in delivery.attempts[-5:]
    )
    words = [f"{call} → {delivery.destination}: {delivery.state}"]
    words += [f"for {delivery.reason}"] if delivery.reason else []
    words += [f"(answered {statuses})"] if statuses else []
    words += [f"next attempt at {delivery.next_attempt_at}"] if delivery.next_attempt_at else []
    line = " ".join(words)
    return f"{line}: {delivery.description}" if delivery.description else line


def _notes(
    there: Sequence[Delivery],
    deliveries: Sequence[Delivery],
    destinations: Sequence[str],
    to: str | None,
) -> Iterator[str]:
    if not destinations:
        yield "The source has no destination; connect one with source.destination(type)."
    elif to is not None and to not in destinations:
        yield f"to: {unknown('destination', to, destinations, label='Known')}"
    elif not deliveries:
        yield "Calls are delivered to the destinations that the source had when they came."
    if any(each.state == "retrying" for each in there):
        yield "Retries wait on the source's clock: source.advance_clock(60) lets them happen now."
