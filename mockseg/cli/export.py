from __future__ import annotations

import itertools
from typing import IO, Any

import click

from mockseg.cli.data_files import written
from mockseg.cli.empty_list import why_no_call
from mockseg.cli.flags import client_or_journal, search_keys
from mockseg.cli.output import note, warn
from mockseg.cli.progress import Progress
from mockseg.cli.target import Target
from mockseg.json_types import encode_printable
from mockseg.matching.render import bounds_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import CallPage, ListCalls, Summary

_PAGE = 500


@click.command(name="export")
@click.argument("file")
@search_keys
@client_or_journal()
def command(*, target: Target, file: str, match: dict[str, Any]) -> int:
    """Write recorded calls to FILE, one JSON object a line, oldest first.

    QUERY is that of `mockseg calls`: is:bad event:"Order*".

    FILE is gzipped when its name ends in .gz; - is standard output. It appears when it is
    complete. Calls that arrive meanwhile are left out. Exit 1 when calls were evicted before
    they could be written.
    """
    before = target.ask("summary", OfSource(source=match.get("source")), Summary)
    with written(file) as out:
        exported = _write_all(target, out, match, last=before.cursor)
    after = target.ask("summary", OfSource(source=match.get("source")), Summary)
    note(f"{exported} calls exported to {file}")
    if not exported:
        note(why_no_call(target, match))
    if after.evicted > before.evicted:
        warn(
            f"{after.evicted - before.evicted} calls were evicted meanwhile and may be"
            f" missing; start the server with a higher {bounds_words(after.lost, flags=True)}"
        )
        return 1
    return 0


def _write_all(target: Target, out: IO[bytes], match: dict[str, Any], *, last: int) -> int:
    pages = target.pages("list_calls", ListCalls(**match), CallPage, size=_PAGE)
    first = next(pages)
    with Progress("exported", total=first.total) as progress:
        for page in itertools.chain((first,), pages):
            calls = [call for call in page.calls if call.cursor <= last]
            out.write(b"".join(encode_printable(call) + b"\n" for call in calls))
            progress.add(len(calls))
            if len(calls) < len(page.calls):
                break
        return progress.done
