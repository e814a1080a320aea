"""``mockseg traffic``: synthetic users who do what is documented, the same for the same seed."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import signal
from collections.abc import Callable
from typing import Any, Final

import click

from mockseg.cli.data_files import PIPE, lines_of
from mockseg.cli.flags import client_settings, json_flag
from mockseg.cli.output import warning_lines
from mockseg.cli.plan_source import plan_in_file
from mockseg.cli.signals import handling
from mockseg.cli.target import Target
from mockseg.cli.traffic.receiver import Endpoint, endpoint_of
from mockseg.cli.traffic.report import report
from mockseg.cli.traffic.sending import How, connections_of, send, send_to_source, tls_of
from mockseg.clock import SystemClock
from mockseg.domain.timestamps import format_moment
from mockseg.errors import ConfigError
from mockseg.printable import printable_utf8
from mockseg.suggestions import unknown
from mockseg.traffic.as_segment import DESTINATIONS, WEBHOOK, to_destination
from mockseg.traffic.file_sink import opened
from mockseg.traffic.generator import Traffic
from mockseg.traffic.packets import grouped
from mockseg.traffic.people import faker_release
from mockseg.traffic.profiles import ROWS, recipe_of, with_profile
from mockseg.traffic.tally import Tally

CONNECTIONS = "Maximum number of concurrent connections.  [64]"
HISTOGRAM = "Add the table of latencies by percentile to the report."


_HOW: Final = ("write_key", "transport", "gzip", "connections")
_OTHERS: Final = ("to", *_HOW)
_PORTION: Final = 500


def recipe_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each row of the table to a command; one that is not given is None."""
    for name, metavar, default, text in reversed(ROWS):
        shown = f"{text}  [{default}]" if default is not None else text
        function = click.option(f"--{name}", name, metavar=metavar, help=shown)(function)
    return function


@click.command(name="traffic")
@recipe_flags
@click.option("--profile", metavar="FILE", help="All of this from TOML; flags win.")
@click.option("--to", metavar="URL", help="Target of any kind.  [the server that --url names]")
@click.option("--write-key", metavar="KEY", help="Of the source; a mockseg opens a fresh one.")
@click.option("--transport", metavar="batch|single|pixel|sdk", help="How calls travel.  [batch]")
@click.option("--gzip/--no-gzip", default=None, help="Compress the bodies.  [no]")
@click.option("--connections", metavar="NUMBER", help=CONNECTIONS)
@click.option(
    "--as",
    "as_",
    metavar="KIND",
    help="As Segment to: webhook, userengage, userleap, userguiding, candu.",
)
@click.option("--key", metavar="KEY", help="With --as: shared secret, or API key.")
@click.option("--out", metavar="FILE", help="Write instead of sending; .gz zips, - streams.")
@click.option("--dry-run", is_flag=True, help="Make everything, send and write nothing.")
@click.option("--histogram", is_flag=True, help=HISTOGRAM)
@json_flag("The report as one JSON object.")
@client_settings
def command(
    *,
    target: Target,
    profile: str | None,
    out: str | None,
    dry_run: bool,
    as_: str | None,
    key: str | None,
    as_json: bool,
    histogram: bool,
    **flags: Any,
) -> int:
    """Send synthetic traffic, the same for the same seed.

    The schedule is kept whatever the server does; latency counts from the time at which
    a call was due. Exit 1 when calls were refused or lost, on Ctrl-C, or when a mockseg found
    something else than what the labels of the broken calls say.
    """
    values = with_profile(flags, file=profile, others=_OTHERS)
    tally = Tally()
    if out is not None or dry_run:
        _without_target(values, as_, key)
        if out is not None and dry_run:
            raise ConfigError("--out and --dry-run exclude each other")
        traffic, facts = _generated(values, as_=None, now=False)
        facts |= {"sha256": _write(traffic, tally, out=out)}
        return report(tally, facts, as_json=as_json, err=out == PIPE)
    if as_ is not None and values["to"] is None:
        raise ConfigError("no target: with --as, pass --to URL, the address of the destination")
    endpoint = endpoint_of(target, values["to"])
    traffic, facts = _generated(values, as_=as_, now=True)
    checked = None
    if as_ is not None:
        _send_as(as_, traffic, tally, values, endpoint, key=key)
    elif key is not None:
        raise ConfigError("--key goes with --as; a source is named with --write-key")
    else:
        checked = send_to_source(
            endpoint,
            traffic,
            tally,
            how=How(**{name: values[name] for name in _HOW}),
            total=traffic.recipe.schedule.calls,
            recipe=traffic.recipe,
            findings=traffic.findings,
        )
    return report(tally, facts, checked, as_json=as_json, histogram=histogram)


def _without_target(values: dict[str, Any], as_: str | None, key: str | None) -> None:
    for flag, value in (("--to", values["to"]), ("--as", as_), ("--key", key)):
        if value is not None:
            raise ConfigError(f"{flag} is for sending; --out and --dry-run send nothing")


def _generated(
    values: dict[str, Any], *, as_: str | None, now: bool
) -> tuple[Traffic, dict[str, object]]:
    if as_ is not None and as_ not in DESTINATIONS:
        raise ConfigError(f"--as: {unknown('destination', as_, DESTINATIONS)}")
    recipe = recipe_of(
        values,
        read_plan=plan_in_file,
        read_lines=lines_of,
        now_ns=SystemClock().now_ns() if now else None,
        types=DESTINATIONS[as_] if as_ is not None else frozenset(),
    )
    if as_ is not None and (recipe.invalid or recipe.duplicates):
        raise ConfigError(
            "--invalid and --duplicates are for a source: with --as they must be 0%, as Segment"
            " does not forward what it drops"
        )
    facts: dict[str, object] = {
        "seed": recipe.seed,
        "start": format_moment(recipe.start_ns),
        "faker": faker_release(),
    }
    with warning_lines():
        return Traffic(recipe), facts


def _write(traffic: Traffic, tally: Tally, *, out: str | None) -> str:
    """Write the calls, or only generate them; return the SHA-256 of the lines."""
    digest = hashlib.sha256()
    interrupted: list[signal.Signals] = []
    file = opened(out) if out is not None else contextlib.nullcontext(lambda _: None)
    with handling(("SIGINT",), interrupted.append), file as write:
        calls = iter(traffic)
        while portion := list(itertools.islice(calls, _PORTION)):
            # The lines may be shown: JSON escapes for what a terminal would obey.
            lines = printable_utf8(b"\n".join([call.line for call in portion]) + b"\n")
            digest.update(lines)
            write(lines)
            tally.came_due(portion)
            if interrupted and len(portion) == _PORTION:
                tally.interrupted = True
                break
    return digest.hexdigest()


def _send_as(
    as_: str,
    traffic: Traffic,
    tally: Tally,
    values: dict[str, Any],
    endpoint: Endpoint,
    *,
    key: str | None,
) -> None:
    from mockseg.traffic.driver import Driver

    if values["write_key"] or values["gzip"] or values["transport"]:
        raise ConfigError(
            "--write-key, --gzip and --transport are for a source; with --as there is --key,"
            " and Segment sends one call a POST"
        )
    if key is None and as_ != WEBHOOK:
        raise ConfigError(f"{as_} knows its callers by a key: name it with --key")
    connections = connections_of(values["connections"])
    tls = tls_of(endpoint)
    endpoint.reach()
    make = to_destination(as_, key or "")
    driver = Driver(endpoint.url, make, tally, connections=connections, tls=tls)
    send(driver, grouped(traffic, "single"), tally, total=traffic.recipe.schedule.calls)
