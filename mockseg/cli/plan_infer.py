"""``mockseg plan infer``: from traffic to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mockseg.cli.flags import client_settings
from mockseg.cli.ndjson import PIPE, lines_of
from mockseg.cli.output import note, warn
from mockseg.cli.plan_convert import plan_json
from mockseg.cli.plan_output import put
from mockseg.cli.progress import Progress
from mockseg.cli.validate_lines import read_line
from mockseg.domain.message import normalise
from mockseg.domain.spec import check
from mockseg.errors import ConfigError
from mockseg.operations.calls import CallPage, ListCalls
from mockseg.plans.inference import infer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.cli.target import Target
    from mockseg.cli.validate_lines import Sent
    from mockseg.json_types import JsonObject


_PAGE = 500


@click.command(name="infer")
@click.argument("file", required=False)
@click.option("--source", metavar="TEXT", help="Of a server's calls, those of this write key.")
@click.option("--name", metavar="TEXT", default="inferred", help="Name of the plan.  [inferred]")
@click.option("-o", "--out", metavar="OUT", default=PIPE, help="The plan; - is standard output.")
@client_settings
def infer_command(
    *, target: Target, file: str | None, source: str | None, name: str, out: str
) -> None:
    """Write the plan that the calls of FILE, or of a running server, satisfy.

    A line of FILE is a message, an exported call, or a batch; - is standard input. Without
    FILE the accepted calls of the server at --url are read. Calls that Segment's edge
    discards are left out. Look at the plan before you use it: it knows only what was seen.
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
        raise ConfigError(f"{place}{whose}: no good call in it, so there is nothing to infer")
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
            for number, text in lines_of(file):
                line = read_line(number, text)
                if line.problem is not None:
                    raise ConfigError(f"{file}, line {number}: {line.problem.description}")
                for sent in line.sent:
                    progress.add(1)
                    message = _good(sent)
                    if message is None:
                        self.left_out += 1
                    else:
                        self.taken += 1
                        yield message

    def of_server(self, target: Target, source: str | None) -> Iterator[JsonObject]:
        """Read the accepted calls of a server."""
        after: int | None = 0
        with Progress("read", total=None) as progress:
            while after is not None:
                asked = ListCalls(source=source, verdict="accepted", after=after, limit=_PAGE)
                page = target.ask("list_calls", asked, CallPage)
                progress.add(len(page.calls))
                self.taken += len(page.calls)
                yield from (call.message for call in page.calls)
                after = page.next


def _good(sent: Sent) -> JsonObject | None:
    """Give the normalised message, or None where Segment's edge would discard it."""
    message = sent.message
    own = message.get("type") if isinstance(message, dict) else None
    type_ = own if isinstance(own, str) else ""
    if check(message, type_):
        return None
    return normalise(message, type_=type_, message_id="", received_ns=0, shared=sent.shared)
