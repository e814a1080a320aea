from __future__ import annotations

from functools import partial
from typing import Any

import click
import msgspec

from mockseg.cli.empty_list import why_no_call
from mockseg.cli.flags import Seconds, client_settings, json_flag, match_keys
from mockseg.cli.lines import Times, call_line, time_flags
from mockseg.cli.output import decided, note, say_each, say_json, say_text, warn
from mockseg.cli.target import Target
from mockseg.domain.call import Call
from mockseg.errors import OperationError
from mockseg.matching.match import Match
from mockseg.operations.calls import Count, WaitCalls, WaitedCalls

_TIMEOUT_SECONDS = 5.0
_LONGEST_SECONDS = 3600
# After the last of the calls that are wanted, and no more.
_QUIET_SECONDS = 0.1


@click.command(name="wait")
@match_keys
@click.option(
    "--count", type=click.IntRange(min=1), metavar="NUMBER", help="Minimum number of calls.  [1]"
)
@click.option(
    "--exactly",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="This many calls and no more; 0: none until the time is up.",
)
@click.option(
    "--timeout",
    type=Seconds(min=0, max=_LONGEST_SECONDS),
    default=_TIMEOUT_SECONDS,
    metavar="SECONDS",
    help=f"Maximum time to wait, such as 5s or 500ms.  [{_TIMEOUT_SECONDS:g}s]",
)
@click.option(
    "--quiet-for",
    type=Seconds(min=0, max=_LONGEST_SECONDS),
    metavar="SECONDS",
    help="Wait until no more matching calls come for this long."
    f"  [0s; with --exactly {_QUIET_SECONDS:g}s; with --exactly 0 the timeout]",
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    metavar="CURSOR",
    help="Only calls after this one.",
)
@click.option("--quiet", is_flag=True, help="Print nothing; the exit status says it.")
@json_flag("One JSON object, as POST /calls/wait answers.")
@time_flags
@client_settings
def command(
    *,
    target: Target,
    match: dict[str, Any],
    count: int | None,
    exactly: int | None,
    timeout: float,
    quiet_for: float | None,
    after: int,
    quiet: bool,
    as_json: bool,
    times: Times,
) -> int:
    """Wait until matching calls are recorded, then print them.

    Without --verdict, --good or --bad accepted calls are meant; a matching call that Segment
    would drop ends the wait at once. Exit 0 when the calls are there, 1 with an explanation on
    standard error when they are not, 2 when no server answers.
    """
    if count is not None and exactly is not None:
        raise click.UsageError("--count and --exactly exclude each other")
    if quiet and as_json:
        raise click.UsageError("--quiet and --json exclude each other")
    if quiet_for is None:
        quiet_for = {None: 0.0, 0: timeout}.get(exactly, _QUIET_SECONDS)
    asked = WaitCalls(
        match=Match(**match),
        count=Count(min=count or 1) if exactly is None else Count(exactly=exactly),
        timeout=max(timeout, quiet_for),
        quiet=quiet_for,
        after=after,
    )
    try:
        waited = target.ask("wait_calls", asked, WaitedCalls)
    except OperationError as error:
        if error.status != 406:
            raise
        decided(1)
        if not quiet:
            _explain(target, match, error, as_json=as_json, times=times)
        return 1
    if as_json:
        say_json(waited)
    elif not quiet:
        say_each(waited.calls, partial(call_line, times=times), as_json=False)
    return 0


def _explain(
    target: Target,
    match: dict[str, Any],
    error: OperationError,
    *,
    as_json: bool,
    times: Times,
) -> None:
    if as_json:
        say_json(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "details": error.details,
                }
            }
        )
    explanation = error.details.get("explanation")
    text = explanation.get("text") if isinstance(explanation, dict) else None
    if isinstance(text, str):
        say_text(text, err=True)
        return
    warn(error.message)
    if "call" in error.details:
        note(*call_line(msgspec.convert(error.details["call"], Call), times=times))
    elif error.code == "timeout" and error.details.get("seen") == 0:
        note(why_no_call(target, match))
