"""``mockseg plan import`` and ``export``: Segment's JSON, and its spreadsheet."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from mockseg.cli.ndjson import PIPE
from mockseg.cli.one_of import OneOf
from mockseg.cli.output import note, shorten, warn
from mockseg.cli.plan_output import put
from mockseg.cli.plan_source import STRICTNESS_HELP, is_csv, plan_in_file, plan_named
from mockseg.json_types import pretty
from mockseg.plans.csv_template import lost_in_csv, plan_to_csv
from mockseg.plans.model import STRICTNESSES, Plan, plan_to_json

if TYPE_CHECKING:
    from mockseg.plans.model import Strictness


_MOST_PLACES = 3


@click.command(name="import")
@click.argument("file", metavar="IN.csv|IN.json")
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="The plan; - is standard output.")
@click.option("--name", metavar="TEXT", help="Name of the plan; its own or the file's by default.")
def import_command(*, file: str, out: str, name: str | None) -> None:
    """Read a plan from Segment's CSV template or Public API JSON, and write it as JSON.

    The JSON may be the API's whole answer. What is written is what --plan reads.
    """
    plan = plan_in_file(file)
    if name is not None:
        plan = dataclasses.replace(plan, name=name, slug="")
    put(plan_json(plan), out)
    _say(plan, out)


@click.command(name="export")
@click.argument("name", metavar="PLAN")
@click.option(
    "--format",
    "kind",
    type=OneOf(("json", "csv")),
    help="[csv if OUT, or else PLAN, is called .csv; else json]",
)
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="The file; - is standard output.")
@click.option(
    "--strictness",
    type=OneOf(STRICTNESSES),
    default="strict",
    help=f"{STRICTNESS_HELP}  [strict]",
)
def export_command(*, name: str, kind: str | None, out: str, strictness: Strictness) -> None:
    """Write PLAN, a file or a name of the catalogue, as Segment's JSON or CSV.

    A spreadsheet holds no conditions and no formats; what it loses is told, on standard error.
    """
    plan = plan_named(name, strictness=strictness)
    if kind is None:
        kind = "csv" if is_csv(name if out == PIPE else out.removesuffix(".gz")) else "json"
    if kind == "json":
        put(plan_json(plan), out)
    else:
        put(plan_to_csv(plan), out)
        _tell_losses(plan)
    _say(plan, out)


def plan_json(plan: Plan) -> str:
    """Write a plan as a JSON document for people to read."""
    # Its name may be that of a file, which may be no Unicode.
    name = plan.name.encode("utf-8", "replace").decode()
    slug = plan.slug.encode("utf-8", "replace").decode()
    return f"{pretty(plan_to_json(dataclasses.replace(plan, name=name, slug=slug)))}\n"


def _say(plan: Plan, out: str) -> None:
    rules = "1 rule" if len(plan.rules) == 1 else f"{len(plan.rules)} rules"
    if out != PIPE:
        note(f"plan {shorten(plan.name)}, {rules}, written to {out}")


def _tell_losses(plan: Plan) -> None:
    """Say what a spreadsheet cannot hold, by kind, with the first places of each."""
    lost: dict[str, list[str]] = {}
    for change in lost_in_csv(plan):
        field = f", {change.field}" if change.field else ""
        kind = "title" if change.what == "rule" else change.what
        lost.setdefault(kind, []).append(f"{change.rule}{field}: {change.text}")
    if aliases := [
        f"{rule.label}: {', '.join(rule.aliases)}" for rule in plan.rules if rule.aliases
    ]:
        lost["other spellings of the name"] = aliases
    if plan.caseless:
        lost["caseless"] = ["the case of names counts again"]
    if not lost:
        return
    warn("a spreadsheet cannot hold everything; lost are:")
    for kind, places in lost.items():
        note(f"  {shorten(kind)}, {len(places)} times")
        for place in places[:_MOST_PLACES]:
            note(f"    {shorten(place)}")
        if len(places) > _MOST_PLACES:
            note(f"    ... and {len(places) - _MOST_PLACES} more")
