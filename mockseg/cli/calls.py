"""``mockseg calls``: list recorded calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mockseg.cli.flags import client_settings, json_flag, match_keys
from mockseg.cli.lines import call_line, time_flags
from mockseg.cli.nothing_there import why_no_call
from mockseg.cli.output import note, say, say_json, warn
from mockseg.operations.calls import CallPage, ListCalls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.cli.lines import Times
    from mockseg.cli.target import Target
    from mockseg.domain.call import Call


_LIMIT = 100


@click.command(name="calls")
@match_keys
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help=f"Maximum number of calls, from the oldest on.  [{_LIMIT}]",
)
@click.option(
    "--last",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Only the newest calls, at most this many.",
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    metavar="CURSOR",
    help="Only calls after this one.",
)
@json_flag("One JSON object a line, as GET /calls has it.")
@time_flags
@client_settings
def command(
    *,
    target: Target,
    match: dict[str, Any],
    limit: int | None,
    last: int | None,
    after: int,
    as_json: bool,
    times: Times,
) -> None:
    """List recorded calls, oldest first, with the field that is wrong in a bad one.

    Without --verdict, --good or --bad calls of every verdict are listed. `mockseg show CALL`
    shows one of them whole.
    """
    if limit is not None and last is not None:
        raise click.UsageError("--limit and --last exclude each other")
    if last is not None:
        asked = ListCalls(**match, after=after, order="newest")
        pages = list(target.pages("list_calls", asked, CallPage, most=last))
        found = [call for page in pages for call in page.calls][::-1]
        show_calls(found, as_json=as_json, times=times)
        shown, more = len(found), None
    else:
        shown, more = 0, None
        asked = ListCalls(**match, after=after)
        for page in target.pages("list_calls", asked, CallPage, most=limit or _LIMIT):
            show_calls(page.calls, as_json=as_json, times=times)
            shown, more = shown + len(page.calls), page.next
    if more is not None:
        warn(f"there are more calls: --after {more} goes on, --last {shown} lists the newest")
    if not shown:
        note(why_no_call(target, match))


def show_calls(calls: Iterable[Call], *, as_json: bool, times: Times) -> None:
    for call in calls:
        if as_json:
            say_json(call)
        else:
            say(*call_line(call, times=times))
