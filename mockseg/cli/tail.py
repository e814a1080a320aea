from __future__ import annotations

import dataclasses
import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import click
import msgspec

from mockseg.cli.flags import Seconds, client_settings, json_flag, search_keys
from mockseg.cli.lines import Times, call_line, is_refused, request_line, time_flags
from mockseg.cli.output import say, say_json, warn
from mockseg.cli.target import Target, pause
from mockseg.domain.call import Call
from mockseg.domain.lost import Lost
from mockseg.errors import OperationError, UnreachableError
from mockseg.matching.render import bounds_words
from mockseg.operations.calls import ListCalls
from mockseg.operations.requests import RequestView

# The server says something at least every 15 seconds.
_SILENCE_SECONDS = 60.0
_LONGEST_LINE = 64 * 1024 * 1024
_LONGEST_ERROR = 65_536
_read_call = msgspec.json.Decoder(Call).decode
_read_request = msgspec.json.Decoder(RequestView).decode


@click.command(name="tail")
@search_keys
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="CURSOR",
    help="Start after this call; 0 shows all that are kept.  [from now on]",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="NUMBER", help="End after this many calls."
)
@json_flag("One JSON object a line, as GET /calls has it.")
@click.option(
    "--patience",
    type=Seconds(min=0.5, max=86_400),
    default=30.0,
    metavar="SECONDS",
    help="How long to look for a server that went away.  [30]",
)
@click.option("--journal", hidden=True)
@time_flags
@client_settings
def command(
    *,
    target: Target,
    journal: str | None,
    match: dict[str, Any],
    after: int | None,
    limit: int | None,
    as_json: bool,
    patience: float,
    times: Times,
) -> None:
    """Show calls while they arrive, until Ctrl-C.

    QUERY is that of `mockseg calls`: is:bad event:"Order*".

    Requests that were refused before a call could be read are shown too, unless a query or match
    keys other than --source are given. After a broken connection tail goes on where it was.
    """
    if journal is not None:
        raise click.UsageError(
            "a file that no server uses gets no new calls: mockseg calls --journal FILE lists what"
            " it has, and tail without --journal follows a server"
        )
    query: dict[str, str] = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in msgspec.to_builtins(ListCalls(**match)).items()
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
    elif event.kind == "open":
        # Not among the calls, which may be read by the next program.
        warn(_notice(event))
    else:
        say(f"... {_notice(event)}")


def _notice(event: Event) -> str:
    if event.kind == "open":
        return event.data
    if event.kind == "lost":
        return f"{event.data}; reconnecting"
    reason = msgspec.json.decode(event.data).get("reason")
    if reason == "restarted":
        return "the server was restarted; what it had recorded before is gone"
    lost = Lost(bounds=tuple(msgspec.json.decode(event.data).get("bounds", ())))
    return (
        "calls were evicted before they could be shown; narrow the match or raise"
        f" {bounds_words(lost, flags=True)}"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        kind: ``call``, ``request``, ``gap``; or ``open``, when the server listens to the first
            connection, and ``lost``, when one broke.
        data: JSON; for ``open`` and ``lost`` a sentence.
    """

    kind: str
    data: str


def events(
    target: Target, query: Mapping[str, str], *, patience_seconds: float, pause_seconds: float = 0.5
) -> Iterator[Event]:
    """Yield events without end, resuming after the last one when the connection breaks.

    Args:
        target: the server.
        query: of the stream.
        patience_seconds: for how long a server that went away is looked for.
        pause_seconds: between two looks.

    Raises:
        OperationError: the query is refused.
        UnreachableError: no server answers, or it did not come back in time.
    """
    last_id: str | None = None
    told = False
    pauses = max(int(patience_seconds / pause_seconds), 1)
    left = 0
    while True:
        try:
            for kind, id_, data in _read(target, query, last_id):
                last_id, left = id_ or last_id, pauses
                if data:
                    yield Event(kind, data)
                elif kind == "open" and not told:
                    told = True
                    yield Event("open", f"listening at {target.url}; Ctrl-C ends it")
            problem = "the server ended the stream"
        except UnreachableError as error:
            problem = str(error)
            # A server that never answered is not waited for.
            if left == 0:
                raise
        if left == pauses:
            yield Event("lost", problem)
        left -= 1
        if left == 0:
            raise UnreachableError(
                f"{problem}; it did not come back in {patience_seconds:g} seconds"
            )
        pause(pause_seconds)


def _read(
    target: Target, query: Mapping[str, str], last_id: str | None
) -> Iterator[tuple[str, str, str]]:
    """Read one connection to its end: ``open``, then kind, id and data of each event."""
    headers = {"Accept": "text/event-stream"}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    path = "/stream" + (f"?{urlencode(query)}" if query else "")
    try:
        with target.get(path, timeout=_SILENCE_SECONDS, headers=headers) as answer:
            if answer.status != 200:
                raise _error_of(target, answer)
            yield "open", "", ""
            yield from _parse(answer)
    except TimeoutError:
        raise UnreachableError(f"the mockseg at {target.url} stopped answering") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreachableError(f"no mockseg answers at {target.url}: {reason}") from None
    except http.client.HTTPException as error:
        raise UnreachableError(
            f"the stream of {target.url} ended early ({type(error).__name__})"
        ) from None


def _parse(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str, str]]:
    event: dict[str, str] = {}
    while line := answer.readline(_LONGEST_LINE):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            field, _, event[field] = text.partition(": ")
        else:
            yield event.get("event", ""), event.get("id", ""), event.get("data", "")
            event = {}


def _error_of(
    target: Target, answer: http.client.HTTPResponse
) -> OperationError | UnreachableError:
    try:
        error = json.loads(answer.read(_LONGEST_ERROR))["error"]
        return OperationError(str(error["message"]), status=answer.status, code=str(error["code"]))
    except (ValueError, KeyError, TypeError):
        return UnreachableError(
            f"what answers at {target.url} is not a mockseg (status {answer.status})"
        )
