from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from mockseg import json_types
from mockseg.cli.flags import checked_object, client_settings, json_flag, json_object, source_flag
from mockseg.cli.group import Group
from mockseg.cli.output import note, say, say_json, say_view, shorten
from mockseg.cli.target import Target
from mockseg.conversion import camel, convert
from mockseg.matching.render import counted
from mockseg.operations.base import OfSource
from mockseg.operations.faults import (
    AddFault,
    ClearFaults,
    FaultList,
    FaultPreview,
    FaultsCleared,
    FaultView,
    Released,
    ReleaseHeld,
)


def _times(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) < 10 else text


def _until(text: str) -> float | str:
    return float(text) if text.replace(".", "", 1).isdecimal() else text


# Flag, its kind, what it means. Of the effect, then of the match, then of the rest.
_EFFECT: tuple[tuple[str, Any, str], ...] = (
    ("status", int, "Answer with this status, 200 to 599."),
    ("body", str, "Kind of body: json, text, html, empty, garbage or truncated."),
    ("retry_after", int, "Send Retry-After, in seconds."),
    ("delay", float, "Seconds before the answer."),
    ("dribble", float, "Seconds before each byte of the body."),
    ("reset", str, "Reset the connection `before` the calls are stored, or `after`."),
    ("close", str, "Close the connection in the middle of the `head`, or of the `body`."),
    ("bad_gzip", str, "Send gzip that is `corrupt` or `truncated`."),
)
_MATCH: tuple[tuple[str, Any, str], ...] = (
    ("route", str, "Only this path, or settings, script, token."),
    ("type", str, "Only requests with a message of this type."),
    ("event", str, "... with a track call of this name."),
    ("user_id", str, "... of this user."),
    ("message_id", str, "... with this messageId."),
    ("where", str, "... that this filter in FQL selects."),
    ("attempt", int, "Only the n-th request that carries the same messageIds."),
    ("every", int, "Only each k-th request that matches."),
)
_REST: tuple[tuple[str, Any, str], ...] = (
    ("source", str, "Only of this write key; of all by default."),
    ("times", _times, "How many requests of each source, or `unlimited`; once by default."),
    ("until", _until, "Seconds from now, or a moment in ISO 8601."),
    ("probability", float, "Of each request that matches, over 0 to 1."),
    ("seed", int, "Of what is left to chance; the server's own by default."),
)


def _flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add all these flags to a command; it gets ``asked``, the body of ``POST /faults``."""

    @functools.wraps(function)
    def command(*, rule: str | None, hang: bool, **values: Any) -> Any:
        asked = {} if rule is None else json_object(rule, place="--rule")
        for place, table in (("effect", _EFFECT), ("match", _MATCH), ("", _REST)):
            part = asked.setdefault(place, {}) if place else asked
            for name, _, _ in table:
                value = values.pop(name)
                if value is not None:
                    checked_object(part, place=f"--rule: {place}")[camel(name)] = value
        if hang:
            checked_object(asked["effect"], place="--rule: effect")["hang"] = True
        return function(asked={k: v for k, v in asked.items() if v != {}}, **values)

    for name, kind, meaning in reversed((*_EFFECT, *_MATCH, *_REST)):
        metavar = "NUMBER" if kind in {int, float} else "TEXT"
        flag = click.option(f"--{name.replace('_', '-')}", type=kind, metavar=metavar, help=meaning)
        command = flag(command)
    command = click.option("--hang", is_flag=True, help="Never answer.")(command)
    return click.option(
        "--rule", metavar="JSON", help="All else, as POST /faults takes it; flags go before it."
    )(command)


@click.group(name="fault", cls=Group)
def command() -> None:
    """Break requests on purpose: add, list and clear faults of a running server."""


@command.command(name="add")
@click.argument("scenario", required=False)
@json_flag("Print the fault as JSON.")
@click.option("--dry-run", is_flag=True, help="Say what it would hit, and add nothing.")
@_flags
@client_settings
def add(
    *, target: Target, scenario: str | None, asked: dict[str, Any], dry_run: bool, as_json: bool
) -> None:
    """Add a fault: a ready-made SCENARIO such as lost-ack, or an effect.

    mockseg fault add --status 503 --times 2 --source KEY
    """
    if scenario is not None:
        asked["scenario"] = scenario
    params = convert(asked, AddFault, where="the fault")
    if dry_run:
        preview = target.ask("preview_fault", params, FaultPreview)
        say_view(preview, _show_preview, as_json=as_json)
        return
    view = target.ask("add_fault", params, FaultView)
    say_view(view, _show, as_json=as_json)


@command.command(name="list")
@source_flag("Those that hit this write key.")
@click.option("--scenarios", is_flag=True, help="The ready-made ones instead.")
@json_flag("As GET /faults has it.")
@client_settings
def list_command(*, target: Target, source: str | None, scenarios: bool, as_json: bool) -> None:
    """List the faults in force, in the order in which they are looked at."""
    listed = target.ask("list_faults", OfSource(source=source), FaultList)
    if as_json:
        say_json(listed, indented=True)
    elif scenarios:
        for name, says in listed.scenarios.items():
            say(f"{name:22} {says}")
    else:
        for view in listed.faults:
            _show(view)
        if not listed.faults:
            note("no faults")


@command.command(name="clear")
@click.argument("id_", metavar="[ID]", required=False)
@source_flag("Those of this write key.")
@click.option("--all", "everything", is_flag=True, help="Every one.")
@client_settings
def clear(*, target: Target, id_: str | None, source: str | None, everything: bool) -> None:
    """Take faults away; what they hold back is let go."""
    if [id_ is not None, source is not None, everything].count(True) != 1:
        raise click.UsageError("say which: an ID, --source WRITE_KEY, or --all")
    asked = ClearFaults(id=id_, source=source, all=everything)
    gone = target.ask("clear_faults", asked, FaultsCleared).faults
    for view in gone:
        _show(view)
    if not gone:
        note("no faults")


@command.command(name="release")
@source_flag("Only requests of this write key; of all by default.")
@client_settings
def release(*, target: Target, source: str | None) -> None:
    """Answer at once the requests that faults hold back; the faults stay."""
    released = target.ask("release_held", ReleaseHeld(source=source), Released).released
    say(f"released {counted(released, 'request')}")


def _show_preview(preview: FaultPreview) -> None:
    say(preview.sentence)
    looked_at = counted(preview.looked_at, "recorded request")
    ids = f": {', '.join(preview.requests)}" if preview.requests else ""
    more = ", …" if preview.fired > len(preview.requests) else ""
    say(f"It would have hit {preview.fired} of the newest {looked_at}{ids}{more}")


def _show(view: FaultView) -> None:
    whose = "all sources" if view.source is None else f"source {shorten(view.source)}"
    name = f" ({view.scenario})" if view.scenario else ""
    for rule in view.rules:
        match = json_types.encode(rule.match).decode()
        parts = [f"{view.id}{name}", whose, rule.words]
        parts += [shorten(match)] if match != "{}" else []
        parts += [f"probability {rule.probability:g}"] if rule.probability < 1 else []
        parts += [f"seed {view.seed}"]
        # The number is each source's own.
        limit = f", {rule.times} in each source" if view.source is None else f" of {rule.times}"
        of = limit if rule.times is not None else ""
        parts += [f"until {rule.until}"] if rule.until is not None else []
        say("  ".join([*parts, f"hit {rule.fired}{of}"]))
