"""``mockseg tail``: calls while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from mockseg.cli.events import Event, events
from mockseg.cli.flags import Seconds, client_settings, match_keys
from mockseg.cli.lines import call_line, is_refused, request_line
from mockseg.cli.output import say, say_json, warn
from mockseg.domain.call import Call
from mockseg.matching.match import ScalarMatch
from mockseg.operations.requests import RequestView

if TYPE_CHECKING:
    from mockseg.cli.target import Target

__all__ = ["command"]

_read_call = msgspec.json.Decoder(Call).decode
_read_request = msgspec.json.Decoder(RequestView).decode


@click.command(name="tail")
@match_keys
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="CURSOR",
    help="Begin after this call; 0 shows all that are kept.  [from now on]",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="NUMBER", help="End after so many calls."
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, as GET /calls has it."
)
@click.option(
    "--patience",
    type=Seconds(min=0.5, max=86_400),
    default=30.0,
    metavar="SECONDS",
    help="How long a server that went away is looked for.  [30]",
)
@client_settings
def command(
    *,
    target: Target,
    match: dict[str, Any],
    after: int | None,
    limit: int | None,
    as_json: bool,
    patience: float,
) -> None:
    """Show calls while they arrive, until Ctrl-C.

    Requests that were refused before a call could be read are shown too, unless match keys
    other than --source are given. After a broken connection it goes on where it was.
    """
    query: dict[str, str] = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in msgspec.to_builtins(ScalarMatch(**match)).items()
    }
    if after is not None:
        query["after"] = str(after)
    try:
        _follow(target, query, limit=limit, as_json=as_json, patience=patience)
    except KeyboardInterrupt:
        # The way to end it.
        return


def _follow(
    target: Target, query: dict[str, str], *, limit: int | None, as_json: bool, patience: float
) -> None:
    shown = 0
    for event in events(target, query, patience_seconds=patience):
        if as_json:
            _show_json(event)
        else:
            _show(event)
        shown += event.kind == "call"
        if shown == limit:
            return


def _show_json(event: Event) -> None:
    if event.kind == "call":
        say_json(msgspec.Raw(event.data.encode()))
    elif event.kind != "request":
        warn(_notice(event))


def _show(event: Event) -> None:
    if event.kind == "call":
        say(*call_line(_read_call(event.data)))
    elif event.kind == "request":
        request = _read_request(event.data)
        # The calls of the others are shown themselves.
        if is_refused(request):
            say(*request_line(request))
    else:
        say(f"... {_notice(event)}")


def _notice(event: Event) -> str:
    if event.kind == "lost":
        return f"{event.data}; looking for it"
    reason = msgspec.json.decode(event.data).get("reason")
    if reason == "restarted":
        return "the server was started anew; what it had recorded before is gone"
    return "calls were evicted before they could be shown; narrow the match or raise --max-calls"
