from __future__ import annotations

import click

from mockseg.cli.flags import json_flag
from mockseg.cli.group import Group
from mockseg.cli.output import decided, say, say_json, say_table, shorten
from mockseg.errors import JournalDamagedError
from mockseg.journal.upkeep import check_journal, compact_journal, journal_info


@click.group(name="journal", cls=Group)
def command() -> None:
    """Look at the file of a server's journal, check it, or compact it.

    FILE is what `mockseg serve --journal FILE` names; no server may use it meanwhile.
    """


@command.command(name="info")
@click.argument("file")
@json_flag("One JSON object.")
def _info(*, file: str, as_json: bool) -> None:
    """Show what FILE has: requests, sources, destinations, deliveries, bytes."""
    info = journal_info(file)
    if as_json:
        say_json(info)
        return
    say_table(
        ("file", shorten(info.file)),
        [
            ("size", f"{info.size_bytes:,} bytes"),
            ("format", str(info.format)),
            ("requests", f"{info.requests:,}"),
            ("sources", f"{info.sources:,}"),
            ("destinations", f"{info.destinations:,}"),
            ("deliveries", f"{info.deliveries:,}"),
            ("last call", f"{info.cursor:,}"),
            ("last request", f"{info.number:,}"),
        ],
    )


@command.command(name="check")
@click.argument("file")
@json_flag("One JSON object: `whole`, and what was read or `problem`.")
def _check(*, file: str, as_json: bool) -> int:
    """Read FILE whole and compare every checksum; nothing is changed.

    Exit 1 when it is damaged.
    """
    try:
        checked = check_journal(file)
    except JournalDamagedError as error:
        if as_json:
            say_json({"whole": False, "problem": str(error)})
        else:
            say(str(error))
        return decided(1)
    if as_json:
        say_json(
            {
                "whole": True,
                "requests": checked.requests,
                "calls": checked.calls,
                "records": checked.records,
            }
        )
    else:
        say(
            f"whole: {checked.requests:,} requests with {checked.calls:,} calls, and"
            f" {checked.records:,} other records"
        )
    return decided(0)


@command.command(name="compact")
@click.argument("file")
@json_flag("One JSON object.")
def _compact(*, file: str, as_json: bool) -> None:
    """Write FILE anew, without the room that evicted and cleared requests left.

    It is checked before, and needs as much room on the disk as it takes.
    """
    compacted = compact_journal(file)
    if as_json:
        say_json(compacted)
    else:
        say(f"{compacted.before_bytes:,} bytes before, {compacted.after_bytes:,} after")
