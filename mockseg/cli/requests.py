"""``mockseg requests``: list requests, refused ones with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from mockseg.cli.flags import client_settings
from mockseg.cli.lines import request_line
from mockseg.cli.output import note, say, say_json
from mockseg.cli.times import time_flags
from mockseg.operations.requests import ListRequests, RequestPage

if TYPE_CHECKING:
    from mockseg.cli.target import Target
    from mockseg.cli.times import Times
    from mockseg.operations.requests import RequestView


_PAGE = 1000
# With their bodies: one may have half a megabyte.
_PAGE_WITH_BODIES = 50


@click.command(name="requests")
@click.option("--source", metavar="TEXT", help='Only requests of this write key; "" for none.')
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
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object a line, as GET /requests has it, with bodies.",
)
@time_flags
@client_settings
def command(
    *, target: Target, source: str | None, refused: bool, last: int, as_json: bool, times: Times
) -> None:
    """List the newest requests, oldest first: status, route, calls, and why one was refused.

    `mockseg show REQUEST` shows one of them whole.
    """
    asked = ListRequests(
        source=source, refused=True if refused else None, order="newest", body=as_json
    )
    found, older = _newest(target, asked, most=last)
    for request in reversed(found):
        if as_json:
            say_json(request)
        else:
            say(*request_line(request, times=times))
    if older:
        note(f"there are older requests: --last {last * 10} shows more")
    if not found:
        what = "no request was refused" if refused else "no request came"
        note(what + (" in this source" if source is not None else ""))


def _newest(target: Target, asked: ListRequests, *, most: int) -> tuple[list[RequestView], bool]:
    """Return the newest requests, newest first, and whether there are older ones."""
    found: list[RequestView] = []
    before: int | None = None
    size = _PAGE_WITH_BODIES if asked.body else _PAGE
    while len(found) < most:
        limit = min(size, most - len(found))
        following = msgspec.structs.replace(asked, before=before, limit=limit)
        page = target.ask("list_requests", following, RequestPage)
        found += page.requests
        before = page.next
        if before is None:
            break
    return found, before is not None
