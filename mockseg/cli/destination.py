from __future__ import annotations

from functools import partial

import click

from mockseg.cli.flags import checked_object, client_settings, json_flag, json_object, source_flag
from mockseg.cli.group import Group
from mockseg.cli.lines import Times, time_flags
from mockseg.cli.output import Part, note, say, say_each, say_json, say_view, shorten
from mockseg.cli.target import Target
from mockseg.cli.value_completion import Text
from mockseg.conversion import convert
from mockseg.destinations.kinds import KINDS
from mockseg.operations.destinations import (
    Act,
    Acted,
    AddDestination,
    DestinationList,
    DestinationView,
    GetDestination,
    ListDestinations,
    ListVendorRequests,
    PutVendorState,
    VendorRequestPage,
    VendorRequestView,
    VendorState,
)
from mockseg.operations.sources import Deleted


@click.group(name="destination", cls=Group)
def command() -> None:
    """Connect destinations to a source, look at the vendor's side, and act there."""


@command.command(name="add")
@click.argument("type_", metavar="TYPE", type=Text(lambda: KINDS))
@source_flag("The write key.", required=True)
@click.option("--to", "to", metavar="URL", multiple=True, help="Send to your own service instead.")
@click.option("--api-key", metavar="TEXT", help="Minted when not given.")
@click.option("--shared-secret", metavar="TEXT", help="Signs what a webhook is sent.")
@click.option("--rest", metavar="JSON", help="All else, as POST /destinations takes it.")
@json_flag("Print the destination as JSON.")
@client_settings
def add(
    *,
    target: Target,
    type_: str,
    source: str,
    to: tuple[str, ...],
    api_key: str | None,
    shared_secret: str | None,
    rest: str | None,
    as_json: bool,
) -> None:
    """Connect a destination: userengage, userleap, candu, userguiding, webhook, warehouse.

    mockseg destination add webhook --source KEY --to http://127.0.0.1:9000/hook

    The Actions edition of the webhook is webhook-actions.
    """
    asked = json_object(rest or "{}", place="--rest")
    settings = dict(checked_object(asked.get("settings", {}), place="--rest: settings"))
    if to:
        settings |= {"url": to[0]} if len(to) == 1 else {"urls": list(to)}
    settings |= {} if api_key is None else {"apiKey": api_key}
    settings |= {} if shared_secret is None else {"sharedSecret": shared_secret}
    wire = {**asked, "type": type_, "source": source, "settings": settings}
    params = convert(wire, AddDestination, where="the destination")
    view = target.ask("add_destination", params, DestinationView)
    say_view(view, partial(_show, url=target.url), as_json=as_json)


@command.command(name="list")
@source_flag("Those of this write key.")
@json_flag("As GET /destinations has it.")
@client_settings
def list_command(*, target: Target, source: str | None, as_json: bool) -> None:
    """List destinations."""
    listed = target.ask("list_destinations", ListDestinations(source=source), DestinationList)
    if as_json:
        say_json(listed, indented=True)
        return
    for view in listed.destinations:
        _show(view, url=target.url)
    if not listed.destinations:
        note("no destinations")


@command.command(name="state")
@click.argument("id_", metavar="ID")
@click.option("--set", "wanted", metavar="JSON", help="Let the vendor have this instead.")
@client_settings
def state(*, target: Target, id_: str, wanted: str | None) -> None:
    """Print what an imitated vendor has, as JSON."""
    if wanted is None:
        view = target.ask("get_destination_state", GetDestination(id=id_), VendorState)
    else:
        asked = PutVendorState(id=id_, state=json_object(wanted, place="--set"))
        view = target.ask("put_destination_state", asked, VendorState)
    say_json(view.state, indented=True)


@command.command(name="act")
@click.argument("id_", metavar="ID")
@click.argument("action")
@click.argument("arguments", metavar="[JSON]", default="{}")
@client_settings
def act(*, target: Target, id_: str, action: str, arguments: str) -> None:
    """Do what only the vendor's own page or SDK could; `list` names the actions.

    mockseg destination act userengage-1 fail '{"error": "rate_limited", "times": 2}'
    """
    asked = Act(id=id_, action=action, arguments=json_object(arguments, place="the arguments"))
    say_json(target.ask("act", asked, Acted).result, indented=True)


@command.command(name="requests")
@click.argument("id_", metavar="ID")
@json_flag("Each as one line of JSON.")
@time_flags
@client_settings
def requests(*, target: Target, id_: str, as_json: bool, times: Times) -> None:
    """List what reached an imitated vendor, forwarded by Segment or sent by a client.

    A vendor's name instead of an ID lists requests whose key belongs to no destination.
    """
    asked = ListVendorRequests(id=id_)
    shown = 0
    for page in target.pages("list_vendor_requests", asked, VendorRequestPage):
        line = partial(_request_line, times=times)
        shown += say_each(page.requests, line, as_json=as_json)
    if not shown:
        note("no request reached it")


@command.command(name="remove")
@click.argument("id_", metavar="ID")
@client_settings
def remove(*, target: Target, id_: str) -> None:
    """Take a destination away with all that it has."""
    say(f"removed {target.ask('delete_destination', GetDestination(id=id_), Deleted).deleted}")


def _show(view: DestinationView, *, url: str) -> None:
    settings = view.settings
    where = " ".join(view.urls) if view.path is None else url.rstrip("/") + view.path
    parts = [view.id, f"source {shorten(view.source)}", shorten(where)]
    parts += [f"{view.connection_mode} mode"]
    parts += [f"key {shorten(str(settings['apiKey']))}"] if "apiKey" in settings else []
    parts += [] if view.enabled else ["not enabled"]
    parts += [f"{view.pending} under way"] if view.pending else []
    say("  ".join(parts))
    if view.actions:
        say(f"    actions: {', '.join(view.actions)}")


def _request_line(request: VendorRequestView, *, times: Times) -> tuple[Part, ...]:
    when = times.show(request.received_at)
    notes = "; ".join(f"{note.code}: {note.description}" for note in request.notes)
    parts = [when, f"{request.sender:7}", str(request.answer.status), request.method]
    parts += [shorten(request.path), shorten(notes)]
    return ("  ".join(filter(None, parts)),)
