from __future__ import annotations

import click

from mockseg.cli.flags import client_settings, source_flag
from mockseg.cli.output import note, say
from mockseg.cli.target import Target
from mockseg.operations.deliveries import Redeliver, Redelivered


@click.command(name="redeliver")
@source_flag("Whose calls.", required=True)
@click.option("--to", metavar="ID", multiple=True, required=True, help="A destination; repeat it.")
@click.option("--where", metavar="FQL", help="Only calls that match this filter.")
@client_settings
def command(*, target: Target, source: str, to: tuple[str, ...], where: str | None) -> None:
    """Deliver recorded calls again to the destinations named, and to no other.

    As Segment's replay does it: the integrations object of each call is rewritten to name
    only the one that it is for. Filters and consent still apply.
    """
    asked = Redeliver(source=source, destinations=list(to), where=where)
    begun = target.ask("redeliver", asked, Redelivered)
    if not begun.calls:
        note("no accepted call matches, so nothing is delivered again")
        return
    say(
        f"{begun.calls} calls, {begun.deliveries} deliveries started;"
        f" mockseg deliveries --source {source} shows them"
    )
