from __future__ import annotations

from functools import partial
from typing import Any

import click

from mockseg.cli.empty_list import why_no_call
from mockseg.cli.flags import client_settings, json_flag, search_keys
from mockseg.cli.lines import Times, call_line, time_flags
from mockseg.cli.output import note, say_each, warn
from mockseg.cli.target import Target
from mockseg.operations.calls import CallPage, ListCalls

_LIMIT = 100


@click.command(name="calls")
@search_keys
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

    QUERY is made of terms such as is:bad, type:track,page, event:"Order*", user:u1 or
    properties.total:>40; all must hold, and ! before a term negates it. A word alone is looked for
    in the text of the message.

    Without --verdict, --good or --bad calls of every verdict are listed. `mockseg show CALL`
    shows one of them whole.
    """
    if limit is not None and last is not None:
        raise click.UsageError("--limit and --last exclude each other")
    line = partial(call_line, times=times)
    if last is not None:
        asked = ListCalls(**match, after=after, order="newest")
        pages = list(target.pages("list_calls", asked, CallPage, most=last))
        found = [call for page in pages for call in page.calls][::-1]
        shown, more = say_each(found, line, as_json=as_json), None
    else:
        shown, more = 0, None
        asked = ListCalls(**match, after=after)
        for page in target.pages("list_calls", asked, CallPage, most=limit or _LIMIT):
            shown += say_each(page.calls, line, as_json=as_json)
            more = page.next
    if more is not None:
        warn(f"there are more calls: --after {more} goes on, --last {shown} lists the newest")
    if not shown:
        note(why_no_call(target, match))
