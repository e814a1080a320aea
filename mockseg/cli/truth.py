from __future__ import annotations

import click

from mockseg.cli.empty_list import why_no_call
from mockseg.cli.flags import client_settings, json_flag, source_flag
from mockseg.cli.output import decided, note, say, say_json, shorten
from mockseg.cli.target import Target
from mockseg.operations.faults import AskTruth, AttemptView, Truth


@click.command(name="truth")
@source_flag("The write key.", required=True)
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(0, 100_000),
    default=1000,
    help="Maximum number of messages to name.  [1000]",
)
@json_flag("As GET /truth has it.")
@click.option(
    "--check", is_flag=True, help="Exit 1 unless there are messages, and all were delivered once."
)
@client_settings
def command(*, target: Target, source: str, limit: int, as_json: bool, check: bool) -> int:
    """Report the fate of each message: every attempt with its answer.

    Messages that were delivered at once are counted and not named. With --check, exit 1 also
    when no message came.
    """
    truth = target.ask("truth", AskTruth(source=source, limit=limit), Truth)
    once = truth.fates["delivered once"] == truth.total > 0 and not truth.nameless
    status = decided(1 if check and not once else 0)
    if as_json:
        say_json(truth, indented=True)
    else:
        say(truth.summary)
        for message in truth.messages:
            if message.fate == "delivered once" and len(message.attempts) == 1:
                continue
            story = ", ".join(map(_attempt, message.attempts))
            say(f"{message.fate:15}  {shorten(message.message_id)}  {shorten(story)}")
        if truth.left_out:
            say(f"… and {truth.left_out} more; --limit has them")
    if not truth.total and not truth.nameless:
        note(why_no_call(target, {"source": source}))
    return status


def _attempt(attempt: AttemptView) -> str:
    """Return how long after the one before, the answer, and the fate of one attempt."""
    gap = "" if attempt.gap is None else f"+{attempt.gap:.3f} s "
    status = attempt.status or "no answer"
    what = "" if attempt.end == "unstored" else f" {attempt.end}"
    return f"{gap}{status}{what}"
