from __future__ import annotations

import click

from mockseg.cli.flags import client_or_journal, json_flag
from mockseg.cli.lines import Times, key_word, time_flags
from mockseg.cli.output import Part, note, paint, say_json, say_table, shorten
from mockseg.cli.target import Target
from mockseg.matching.render import forgotten_words
from mockseg.operations.sources import ListSources, SourceCounts, SourceList, SourceView

_HEAD = ("write key", "name", "calls", "good", "bad", "refused", "plans", "opened")


@click.command(name="sources")
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=100,
    metavar="NUMBER",
    help="Only the sources used last, at most this many.  [100]",
)
@json_flag("One JSON object a line, as GET /sources has it.")
@time_flags
@client_or_journal()
def command(*, target: Target, last: int, as_json: bool, times: Times) -> None:
    """List sources, the one used last at the end.

    A source opens when its write key is first used; requests without one are filed under "".
    """
    listed = target.ask("list_sources", ListSources(counts=True), SourceList)
    shown = listed.sources[-last:]
    if as_json:
        for source in shown:
            say_json(source)
    elif shown:
        say_table(_HEAD, [_row(source, times) for source in shown])
    else:
        note("no source is open: a write key opens one when it is first used")
    for source in [] if as_json else shown:
        if source.forgotten is not None:
            note(forgotten_words(source.forgotten, subject=f"source {key_word(source.write_key)}"))
    if len(shown) < len(listed.sources):
        note(f"{len(listed.sources) - len(shown)} more sources, used earlier; --last shows them")
    if listed.forgotten:
        note(f"{listed.forgotten} sources were forgotten because there were too many")


def _row(source: SourceView, times: Times) -> tuple[Part, ...]:
    counts = source.counts or SourceCounts()
    return (
        key_word(source.write_key),
        shorten(source.name),
        str(counts.good + counts.bad),
        str(counts.good),
        paint(str(counts.bad), "red") if counts.bad else "0",
        paint(str(counts.refused), "red") if counts.refused else "0",
        shorten(", ".join(source.plans)),
        times.show(source.created_at),
    )
