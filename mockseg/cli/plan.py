from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import asdict

import click

from mockseg.cli.data_files import PIPE, put
from mockseg.cli.flags import OneOf, client_settings, json_flag, source_flag
from mockseg.cli.group import Group
from mockseg.cli.message_lines import Sent, messages_of
from mockseg.cli.output import decided, note, say_json, say_text, shorten, warn
from mockseg.cli.plan_source import plan_in_file, plan_named
from mockseg.cli.progress import Progress
from mockseg.cli.target import Target
from mockseg.domain.message import normalise
from mockseg.domain.spec import check
from mockseg.errors import ConfigError
from mockseg.files import suffix_of
from mockseg.json_types import JsonObject, pretty
from mockseg.operations.calls import CallPage, ListCalls
from mockseg.plans.csv_template import lost_in_csv, plan_to_csv
from mockseg.plans.inference import infer
from mockseg.plans.model import STRICTNESSES, Plan, Strictness, plan_to_json
from mockseg.plans.plan_diff import diff, diff_text

_PAGE = 500


@click.group(name="plan", cls=Group)
def command() -> None:
    """Infer, compare and convert tracking plans.

    Plans are files in the JSON of Segment's Public API, Terraform or the Config API, HCL if
    named .tf, CSV if named .csv, or names of the catalogue. Files are read, never executed.
    """


_strictness_flag = click.option(
    "--strictness",
    type=OneOf(STRICTNESSES),
    default="strict",
    help="Of a plan of the catalogue: exactly its document, or what either allows.  [strict]",
)


@command.command(name="infer")
@click.argument("file", required=False)
@source_flag("Of a server's calls, those of this write key.")
@click.option("--name", metavar="TEXT", default="inferred", help="Name of the plan.  [inferred]")
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="The plan; - is standard output.")
@client_settings
def _infer_command(
    *, target: Target, file: str | None, source: str | None, name: str, out: str
) -> None:
    """Write the plan that the calls of FILE, or of a running server, satisfy.

    FILE holds what `mockseg validate` reads, or is a folder of such files; - is standard
    input. Without FILE the accepted calls of the server at --url are read. Calls that
    Segment's edge discards are left out. Look at the plan before you use it: it knows only
    what was seen.
    """
    if not name.strip() or not name.isprintable():
        raise click.UsageError(f"--name is {name[:100]!r}: it must be a text to be read by people")
    if file is not None and source is not None:
        raise click.UsageError(
            "--source is about a server's calls; leave it out, or leave FILE out"
        )
    traffic = _Traffic()
    messages = traffic.of_server(target, source) if file is None else traffic.of_file(file)
    plan = infer(messages, name=name)
    place = target.url if file is None else file
    if traffic.left_out:
        warn(f"left out, as Segment discards them: {traffic.left_out}")
    if not plan.rules:
        whose = "" if source is None else f", source {source}"
        raise ConfigError(f"{place}{whose}: it has no good call to infer a plan from")
    put(plan_json(plan), out)
    if out != PIPE:
        note(f"{len(plan.rules)} rules from {traffic.taken} calls written to {out}")


class _Traffic:
    """Messages from somewhere, one at a time.

    Attributes:
        taken: how many were given.
        left_out: how many Segment's edge would discard.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.left_out = 0

    def of_file(self, file: str) -> Iterator[JsonObject]:
        """Read a file.

        Raises:
            ConfigError: a line cannot be read; the message has its number.
        """
        with Progress("read", total=None) as progress:
            for _, sent in messages_of(file):
                progress.add(1)
                message = _good(sent)
                if message is None:
                    self.left_out += 1
                else:
                    self.taken += 1
                    yield message

    def of_server(self, target: Target, source: str | None) -> Iterator[JsonObject]:
        asked = ListCalls(source=source, verdict="accepted")
        with Progress("read", total=None) as progress:
            for page in target.pages("list_calls", asked, CallPage, size=_PAGE):
                progress.add(len(page.calls))
                self.taken += len(page.calls)
                yield from (call.message for call in page.calls)


def _good(sent: Sent) -> JsonObject | None:
    """Return the normalised message, or None if Segment's edge would discard it."""
    message = sent.message
    own = message.get("type") if isinstance(message, dict) else None
    type_ = own if isinstance(own, str) else ""
    if check(message, type_):
        return None
    return normalise(message, type_=type_, message_id="", received_ns=0, shared=sent.shared)


@command.command(name="diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_strictness_flag
@json_flag("The changes as one JSON object.")
def _diff_command(*, before: str, after: str, strictness: Strictness, as_json: bool) -> int:
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


_MOST_PLACES = 3


@command.command(name="import")
@click.argument("file", metavar="IN.csv|IN.json|IN.tf")
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="The plan; - is standard output.")
@click.option("--name", metavar="TEXT", help="Name of the plan; its own or the file's by default.")
def import_command(*, file: str, out: str, name: str | None) -> None:
    """Read a plan in any public form, and write it as JSON of the Public API.

    Known are Segment's CSV template; answers of the Public API, whole or by pages in a list;
    Git Sync's .tf files, Terraform's JSON and states; plans of the Config API, which old
    typewriter keeps as plan.json. --plan reads all of them but CSV, too.
    """
    plan = plan_in_file(file)
    if name is not None:
        plan = dataclasses.replace(plan, name=name, slug="")
    put(plan_json(plan), out)
    _say(plan, out)


@command.command(name="export")
@click.argument("name", metavar="PLAN")
@click.option(
    "--format",
    "kind",
    type=OneOf(("json", "csv")),
    help="[csv if OUT, or else PLAN, is called .csv; else json]",
)
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="The file; - is standard output.")
@_strictness_flag
def export_command(*, name: str, kind: str | None, out: str, strictness: Strictness) -> None:
    """Write PLAN, a file or a name of the catalogue, as Segment's JSON or CSV.

    A spreadsheet holds no conditions and no formats; what it loses is printed on standard error.
    """
    plan = plan_named(name, strictness=strictness)
    if kind is None:
        kind = "csv" if suffix_of(name if out == PIPE else out) == ".csv" else "json"
    if kind == "json":
        put(plan_json(plan), out)
    else:
        put(plan_to_csv(plan), out)
        _tell_losses(plan)
    _say(plan, out)


def plan_json(plan: Plan) -> str:
    # Its name may be that of a file, which may be no Unicode.
    name = plan.name.encode("utf-8", "replace").decode()
    slug = plan.slug.encode("utf-8", "replace").decode()
    return f"{pretty(plan_to_json(dataclasses.replace(plan, name=name, slug=slug)))}\n"


def _say(plan: Plan, out: str) -> None:
    rules = "1 rule" if len(plan.rules) == 1 else f"{len(plan.rules)} rules"
    if out != PIPE:
        note(f"plan {shorten(plan.name)}, {rules}, written to {out}")


def _tell_losses(plan: Plan) -> None:
    """Print what a spreadsheet cannot hold, by kind, with the first places of each."""
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
