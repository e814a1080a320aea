from __future__ import annotations

from functools import partial

import click

from mockseg.cli.flags import OneOf, client_or_journal, json_flag, source_flag
from mockseg.cli.lines import Times, time_flags
from mockseg.cli.output import Part, note, say_each, shorten
from mockseg.cli.target import Target
from mockseg.domain.delivery import Delivery, DeliveryState
from mockseg.operations.deliveries import DeliveryPage, ListDeliveries
from mockseg.operations.destinations import DestinationList, ListDestinations

# Of a delivery that is tried again for hours the last answers say enough.
_MOST_ANSWERS = 3
_STATES = ("queued", "retrying", "delivered", "filtered", "failed")


@click.command(name="deliveries")
@source_flag("Only deliveries of this write key.")
@click.option("--to", metavar="ID", help="Only deliveries to this destination.")
@click.option("--state", type=OneOf(_STATES), help="Only deliveries in this state.")
@json_flag("One JSON object a line, as GET /deliveries has it.")
@time_flags
@client_or_journal()
def command(
    *,
    target: Target,
    source: str | None,
    to: str | None,
    state: DeliveryState | None,
    as_json: bool,
    times: Times,
) -> None:
    """List what happened to calls at destinations: filtered and why, or each attempt."""
    asked = ListDeliveries(source=source, destination=to, state=state)
    shown = 0
    for page in target.pages("list_deliveries", asked, DeliveryPage):
        line = partial(delivery_line, times=times)
        shown += say_each(page.deliveries, line, as_json=as_json)
    if not shown:
        note(_nothing(target, source))
    if page.evicted:
        note(f"{page.evicted} older deliveries were evicted")


def _nothing(target: Target, source: str | None) -> str:
    """Return why the list is empty; without a destination nothing is delivered."""
    listed = target.ask("list_destinations", ListDestinations(source=source), DestinationList)
    if listed.destinations:
        return "no delivery matches"
    of = "this source has" if source is not None else "there is"
    return f"no delivery matches: {of} no destination (mockseg destination add connects one)"


def delivery_line(delivery: Delivery, *, times: Times) -> tuple[Part, ...]:
    """Return the parts of a line: state, destination, call, event, user, answers, reason."""
    what = delivery.event or delivery.type
    statuses = ", ".join(
        str(attempt.status) if attempt.status else attempt.error or "no answer"
        for attempt in delivery.attempts[-_MOST_ANSWERS:]
    )
    if len(delivery.attempts) > _MOST_ANSWERS:
        statuses = f"{len(delivery.attempts)} times, last {statuses}"
    why = ": ".join(part for part in (delivery.reason, delivery.description) if part)
    notes = "; ".join(
        f"{note.code}: {note.description}"
        for attempt in delivery.attempts[-1:]
        for note in attempt.notes
    )
    parts = [f"{delivery.state:9}", delivery.destination, delivery.call, shorten(what)]
    parts += [f"user {shorten(delivery.user_id)}"] if delivery.user_id else []
    parts += [f"answered {statuses}"] if statuses else []
    parts += [shorten(text) for text in (why, notes) if text]
    if delivery.next_attempt_at:
        parts.append(f"next attempt at {times.show(delivery.next_attempt_at)}")
    return ("  ".join(parts),)
