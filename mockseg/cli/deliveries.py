"""``mockseg deliveries``: what became of calls at destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mockseg.cli.flags import client_settings
from mockseg.cli.output import note, say, say_json, shorten

if TYPE_CHECKING:
    from mockseg.cli.target import Target
    from mockseg.domain.delivery import Delivery, DeliveryState

__all__ = ["command"]

# Of a delivery that is tried again for hours the last answers say enough.
_MOST_ANSWERS = 3
_STATES = ("queued", "retrying", "delivered", "filtered", "failed")


@click.command(name="deliveries")
@click.option("--source", metavar="TEXT", help="Only of this write key.")
@click.option("--to", metavar="ID", help="Only to this destination.")
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@click.option("--json", "as_json", is_flag=True, help="Each as one line of JSON.")
@client_settings
def command(
    *,
    target: Target,
    source: str | None,
    to: str | None,
    state: DeliveryState | None,
    as_json: bool,
) -> None:
    """List what became of calls at destinations: filtered and why, or each attempt."""
    from mockseg.operations.deliveries import DeliveryPage, ListDeliveries

    cursor: int | None = 0
    while cursor is not None:
        asked = ListDeliveries(source=source, destination=to, state=state, after=cursor, limit=1000)
        page = target.ask("list_deliveries", asked, DeliveryPage)
        for delivery in page.deliveries:
            if as_json:
                say_json(delivery)
            else:
                say(_line(delivery))
        cursor = page.next
    if page.evicted and not as_json:
        note(f"{page.evicted} older deliveries had to make room")


def _line(delivery: Delivery) -> str:
    """Write a delivery in a line."""
    what = delivery.event or delivery.type
    statuses = ", ".join(
        str(attempt.status) if attempt.status else attempt.error or "no answer"
        for attempt in delivery.attempts[-_MOST_ANSWERS:]
    )
    if len(delivery.attempts) > _MOST_ANSWERS:
        statuses = f"{len(delivery.attempts)} times, at last {statuses}"
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
    parts += [f"next attempt at {delivery.next_attempt_at}"] if delivery.next_attempt_at else []
    return "  ".join(parts)
