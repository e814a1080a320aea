"""``mockseg plan diff``: what changed between two plans."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mockseg.cli.one_of import OneOf
from mockseg.cli.output import decided, say_json, say_text
from mockseg.cli.plan_source import STRICTNESS_HELP, plan_named
from mockseg.plans.model import STRICTNESSES
from mockseg.plans.plan_diff import diff, diff_text

if TYPE_CHECKING:
    from mockseg.plans.model import Strictness


@click.command(name="diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--strictness",
    type=OneOf(STRICTNESSES),
    default="strict",
    help=f"{STRICTNESS_HELP}  [strict]",
)
@click.option("--json", "as_json", is_flag=True, help="The changes as one JSON object.")
def diff_command(*, before: str, after: str, strictness: Strictness, as_json: bool) -> int:
    """Show what changed from plan A to plan B, for a reviewer.

    A and B are files, or names of the catalogue. An exclamation mark tells a change that
    may make calls bad that were good. Exit 0 when nothing changed, 1 when something did.
    """
    changes = diff(
        plan_named(before, strictness=strictness), plan_named(after, strictness=strictness)
    )
    status = decided(1 if changes else 0)
    if as_json:
        listed = [asdict(change) for change in changes]
        tightening = sum(change.tightens for change in changes)
        say_json({"changes": listed, "tightening": tightening}, indented=True)
    else:
        say_text(diff_text(changes))
    return status
