from __future__ import annotations

from functools import partial
from typing import Any

import click

from mockseg.cli.empty_list import why_no_call
from mockseg.cli.flags import client_or_journal, json_flag, search_keys
from mockseg.cli.lines import Times, call_line, time_flags
from mockseg.cli.output import note, say, say_each, say_table, say_view, shorten, warn
from mockseg.cli.target import Target
from mockseg.matching.render import counted
from mockseg.operations.calls import CallPage, ListCalls
from mockseg.operations.rows import ExplainedQuery, ExplainQuery

_LIMIT = 100
_EXPLAINED = 20
_MOST_EXPLAINED = 1000


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
@click.option(
    "--explain",
    is_flag=True,
    help="Say which terms of QUERY hold, for all calls and for each of the newest; and its FQL.",
)
@json_flag("One JSON object a line, as GET /calls has it.")
@time_flags
@client_or_journal()
def command(
    *,
    target: Target,
    match: dict[str, Any],
    limit: int | None,
    last: int | None,
    after: int,
    explain: bool,
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
    if explain:
        _explain(target, match, limit=last or limit or _EXPLAINED, as_json=as_json)
        return
    line = partial(call_line, times=times)
    if last is not None:
        asked = ListCalls(**match, after=after, order="newest", total=False)
        pages = list(target.pages("list_calls", asked, CallPage, most=last))
        found = [call for page in pages for call in page.calls][::-1]
        shown, more = say_each(found, line, as_json=as_json), None
    else:
        shown, more = 0, None
        asked = ListCalls(**match, after=after, total=False)
        for page in target.pages("list_calls", asked, CallPage, most=limit or _LIMIT):
            shown += say_each(page.calls, line, as_json=as_json)
            more = page.next
    if more is not None:
        warn(f"there are more calls: --after {more} goes on, --last {shown} lists the newest")
    if not shown:
        note(why_no_call(target, match))


def _explain(target: Target, match: dict[str, Any], *, limit: int, as_json: bool) -> None:
    if not match.get("q") or set(match) - {"q", "source"}:
        raise click.UsageError("--explain needs a QUERY, and no other keys than --source")
    asked = ExplainQuery(
        q=match["q"], source=match.get("source"), limit=min(limit, _MOST_EXPLAINED)
    )
    explained = target.ask("explain_query", asked, ExplainedQuery)
    say_view(explained, _show_explained, as_json=as_json)


def _show_explained(explained: ExplainedQuery) -> None:
    say(f"{explained.matched} of {counted(explained.total, 'call')} match")
    say()
    terms = [
        (term.text, str(term.holds), str(term.without), term.fql or "-") for term in explained.terms
    ]
    say_table(("term", "holds for", "without it", "in FQL"), terms)
    if explained.calls:
        say()
    for call in explained.calls:
        row = call.row
        name = f"call-{row.cursor} {row.type} {row.label}".rstrip()
        fails = ", ".join(call.fails)
        say(f"{shorten(name)}: {f'does not match {fails}' if fails else 'matches'}")
