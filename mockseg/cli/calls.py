"""``mockseg calls``: list recorded calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mockseg.cli.flags import client_settings, match_keys
from mockseg.cli.lines import call_line
from mockseg.cli.output import note, say, say_json, warn
from mockseg.operations.calls import CallPage, ListCalls

if TYPE_CHECKING:
    from mockseg.cli.target import Target

__all__ = ["command"]

_PAGE = 1000


@click.command(name="calls")
@match_keys
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    metavar="NUMBER",
    help="How many at most.  [100]",
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    metavar="CURSOR",
    help="Only calls after this one.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, as GET /calls has it."
)
@client_settings
def command(
    *, target: Target, match: dict[str, Any], limit: int, after: int, as_json: bool
) -> None:
    """List recorded calls, oldest first.

    Without --verdict, --good or --bad calls of every fate are listed.
    """
    left = limit
    while True:
        asked = ListCalls(**match, after=after, limit=min(left, _PAGE))
        page = target.ask("list_calls", asked, CallPage)
        for call in page.calls:
            if as_json:
                say_json(call)
            else:
                say(*call_line(call))
        left -= len(page.calls)
        if page.next is None:
            break
        after = page.next
        if left == 0:
            warn(f"there are more: go on with --after {after}")
            return
    if left == limit and not as_json:
        note("no call matches")
