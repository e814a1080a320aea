from __future__ import annotations

import click

from mockseg.cli.flags import client_or_journal, json_flag, source_flag
from mockseg.cli.output import note, say, say_json, shorten
from mockseg.cli.target import Target
from mockseg.matching.render import bounds_words, forgotten_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Summary


@click.command(name="summary")
@source_flag("Only calls of this write key.")
@json_flag("As GET /summary has it.")
@client_or_journal()
def command(*, target: Target, source: str | None, as_json: bool) -> None:
    """Count what was recorded, and by event."""
    summary = target.ask("summary", OfSource(source=source), Summary)
    if as_json:
        say_json(summary, indented=True)
        return
    over = f" ({bounds_words(summary.lost, flags=True)})" if summary.evicted else ""
    say(
        f"{summary.total} calls: {summary.good} good, {summary.bad} bad"
        f" ({summary.dropped} dropped, {summary.blocked} blocked, {summary.rejected} rejected);"
        f" {summary.evicted} evicted{over}"
    )
    say(f"{summary.requests} requests, {summary.refused} refused")
    if summary.queue_full:
        say(f"{summary.queue_full} deliveries failed, because a queue was full (queue_full)")
    for refusals in summary.refusals:
        say(f"{refusals.count:8}  {refusals.text}")
    if summary.lost.forgotten is not None:
        note(forgotten_words(summary.lost.forgotten, subject="the source"))
    for name, count in sorted(summary.by_event.items(), key=lambda item: (-item[1], item[0])):
        say(f"{count:8}  {shorten(name)}")
