from __future__ import annotations

import click

from mockseg.cli.flags import client_settings, source_flag
from mockseg.cli.output import say
from mockseg.cli.target import Target
from mockseg.operations.calls import ClearCalls, Cleared


@click.command(name="clear")
@source_flag("Calls of this write key.")
@click.option("--all", "everything", is_flag=True, help="Calls of all sources.")
@client_settings
def command(*, target: Target, source: str | None, everything: bool) -> None:
    """Forget calls and requests: of one source, or of all."""
    if (source is None) != everything:
        raise click.UsageError("say which: --source WRITE_KEY, or --all")
    asked = ClearCalls(source=source, all=everything)
    cleared = target.ask("clear_calls", asked, Cleared).cleared
    say(f"{cleared} calls forgotten")
