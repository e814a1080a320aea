"""``mockseg tail``: calls while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from mockseg.cli.events import Event, events
from mockseg.cli.flags import Seconds, client_settings, match_keys
from mockseg.cli.lines import call_line, is_refused, request_line
from mockseg.cli.output import say, say_json, warn
from mockseg.cli.times import time_flags
from mockseg.domain.call import Call
from mockseg.matching.match import ScalarMatch
from mockseg.operations.requests import RequestView

if TYPE_CHECKING:
    from mockseg.cli.target import Target
    from mockseg.cli.times import Times


_read_call = msgspec.json.Decoder(Call).decode
_read_request = msgspec.json.Decoder(RequestView).decode


@click.command(name="tail")
@match_keys
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="CURSOR",
    help="Start after this call; 0 shows all that are kept.  [from now on]",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="NUMBER", help="End after this many calls."
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, as GET /calls has it."
)
@click.option(
    "--patience",
    type=Seconds(min=0.5, max=86_400),
    default=30.0,
    metavar="SECONDS",
    help="How long to look for a server that went away.  [30]",
)
@time_flags
@client_settings
def command(
    *,
    target: Target,
    match: dict[str, Any],
    after: int | None,
    limit: int | None,
    as_json: bool,
    patience: float,
    times: Times,
) -> None:
    """Show calls while they arrive, until Ctrl-C.

    Requests that were refused before a call could be read are shown too, unless match keys
    other than --source are given. After a broken connection tail goes on where it was.
    """
    query: dict[str, str] = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in msgspec.to_builtins(ScalarMatch(**match)).items()
    }
    if after is not None:
        query["after"] = str(after)
    try:
        shown = 0
        for event in events(target, query, patience_seconds=patience):
            if as_json:
                _show_json(event)
            else:
                _show(event, times)
            shown += event.kind == "call"
            if shown == limit:
                return
    except KeyboardInterrupt:
        # The way to end it.
        return


def _show_json(event: Event) -> None:
    if event.kind == "call":
        say_json(msgspec.Raw(event.data.encode()))
    elif event.kind != "request":
        warn(_notice(event))


def _show(event: Event, times: Times) -> None:
    if event.kind == "call":
        say(*call_line(_read_call(event.data), times=times))
    elif event.kind == "request":
        request = _read_request(event.data)
        # The calls of the others are shown themselves.
        if is_refused(request):
            say(*request_line(request, times=times))
    else:
        say(f"... {_notice(event)}")


def _notice(event: Event) -> str:
    if event.kind == "lost":
        return f"{event.data}; reconnecting"
    reason = msgspec.json.decode(event.data).get("reason")
    if reason == "restarted":
        return "the server was restarted; what it had recorded before is gone"
    return "calls were evicted before they could be shown; narrow the match or raise --max-calls"
