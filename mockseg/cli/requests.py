from __future__ import annotations

from functools import partial

import click

from mockseg.cli.flags import client_or_journal, json_flag, source_flag
from mockseg.cli.lines import Times, request_line, time_flags
from mockseg.cli.output import note, say_each
from mockseg.cli.target import Target
from mockseg.operations.requests import ListRequests, RequestPage

_PAGE = 1000
# With their bodies: one may have half a megabyte.
_PAGE_WITH_BODIES = 50


@click.command(name="requests")
@source_flag('Only requests of this write key; "" for none.')
@click.option(
    "--refused", is_flag=True, help="Only requests answered with an error, or not at all."
)
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=100,
    metavar="NUMBER",
    help="Only the newest requests, at most this many.  [100]",
)
@json_flag("One JSON object a line, as GET /requests has it, with bodies.")
@time_flags
@client_or_journal()
def command(
    *, target: Target, source: str | None, refused: bool, last: int, as_json: bool, times: Times
) -> None:
    """List the newest requests, oldest first: status, route, calls, and why one was refused.

    `mockseg show REQUEST` shows one of them whole.
    """
    asked = ListRequests(
        source=source, refused=True if refused else None, order="newest", body=as_json
    )
    size = _PAGE_WITH_BODIES if as_json else _PAGE
    pages = list(target.pages("list_requests", asked, RequestPage, most=last, size=size))
    found = [request for page in pages for request in page.requests]
    say_each(reversed(found), partial(request_line, times=times), as_json=as_json)
    if pages[-1].next is not None:
        note(f"there are older requests: --last {last * 10} shows more")
    if not found:
        what = "no request was refused" if refused else "no request came"
        note(what + (" in this source" if source is not None else ""))
