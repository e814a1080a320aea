"""``mockseg traffic``: synthetic users who do what is documented, the same for the same seed."""

from __future__ import annotations

import hashlib
import signal
from typing import TYPE_CHECKING, Any, Final

import click

from mockseg.cli.flags import client_settings, json_flag
from mockseg.cli.output import decided
from mockseg.errors import ConfigError
from mockseg.printable import printable_utf8
from mockseg.traffic.profiles import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.cli.target import Target
    from mockseg.cli.traffic.receiver import Checked, Destined
    from mockseg.traffic.generator import Traffic
    from mockseg.traffic.tally import Tally

CONNECTIONS = "Maximum number of concurrent connections.  [64]"
HISTOGRAM = "Add the table of latencies by percentile to the report."


def recipe_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each row of the table to a command; one that is not given is None."""
    for name, metavar, default, text in reversed(ROWS):
        shown = f"{text}  [{default}]" if default is not None else text
        function = click.option(f"--{name}", name, metavar=metavar, help=shown)(function)
    return function


_OTHERS: Final = ("to", "write_key", "transport", "gzip", "connections")
_PORTION: Final = 500


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
    from mockseg.cli.traffic.receiver import destined
    from mockseg.cli.traffic.report import show, status
    from mockseg.traffic.profiles import with_profile

    values = with_profile(flags, file=profile, others=_OTHERS)
    from mockseg.traffic.tally import Tally

    tally = Tally()
    if out is not None or dry_run:
        _without_target(values, as_, key)
        if out is not None and dry_run:
            raise ConfigError("--out and --dry-run exclude each other")
        traffic, facts = _made(values, as_=None, now=False)
        digest = _write(traffic, tally, out=out)
        facts |= {"sha256": digest}
        result = decided(status(tally, None))
        show(tally, facts, None, as_json=as_json, err=out == "-", histogram=False)
        return result
    if as_ is not None and values["to"] is None:
        raise ConfigError("no target: with --as, pass --to URL, the address of the destination")
    goal = destined(target, values["to"])
    traffic, facts = _made(values, as_=as_, now=True)
    checked = _send(traffic, tally, values, goal, as_=as_, key=key)
    result = decided(status(tally, checked))
    show(tally, facts, checked, as_json=as_json, err=False, histogram=histogram)
    return result


def _without_target(values: dict[str, Any], as_: str | None, key: str | None) -> None:
    for flag, value in (("--to", values["to"]), ("--as", as_), ("--key", key)):
        if value is not None:
            raise ConfigError(f"{flag} is for sending; --out and --dry-run send nothing")


def _made(
    values: dict[str, Any], *, as_: str | None, now: bool
) -> tuple[Traffic, dict[str, object]]:
    """Prepare the traffic, and what the report says of it."""
    from mockseg.cli.data_files import lines_of
    from mockseg.cli.plan_source import plan_in_file
    from mockseg.clock import SystemClock
    from mockseg.domain.timestamps import format_moment
    from mockseg.suggestions import unknown
    from mockseg.traffic.as_segment import DESTINATIONS
    from mockseg.traffic.generator import Traffic
    from mockseg.traffic.people import faker_release
    from mockseg.traffic.profiles import recipe_of

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
    return Traffic(recipe), facts


def _write(traffic: Traffic, tally: Tally, *, out: str | None) -> str:
    """Write the calls, or only make them; return the SHA-256 of the lines."""
    from mockseg.traffic.file_sink import opened

    digest = hashlib.sha256()

    def write_all(write: Callable[[bytes], object]) -> None:
        interrupted: list[int] = []
        before = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
        try:
            portion = []
            for made in traffic:
                portion.append(made)
                if len(portion) == _PORTION:
                    _put(portion, tally, digest, write)
                    portion = []
                    if interrupted:
                        tally.interrupted = True
                        break
            _put(portion, tally, digest, write)
        finally:
            signal.signal(signal.SIGINT, before)

    if out is None:
        write_all(lambda _: None)
    else:
        with opened(out) as write:
            write_all(write)
    return digest.hexdigest()


def _put(portion: Any, tally: Tally, digest: Any, write: Callable[[bytes], object]) -> None:
    if portion:
        # What is written may be shown: JSON escapes for what a terminal would obey.
        lines = printable_utf8(b"\n".join([made.line for made in portion]) + b"\n")
        digest.update(lines)
        write(lines)
        tally.came_due(portion)


def _send(
    traffic: Traffic,
    tally: Tally,
    values: dict[str, Any],
    goal: Destined,
    *,
    as_: str | None,
    key: str | None,
) -> Checked | None:
    from mockseg.cli.traffic.receiver import Receiver
    from mockseg.cli.traffic.sending import send, sender_for, transport_of
    from mockseg.traffic.packets import grouped

    if as_ is not None:
        _send_as(as_, traffic, tally, values, goal, key=key)
        return None
    if key is not None:
        raise ConfigError("--key goes with --as; a source is named with --write-key")
    transport = transport_of(values["transport"])
    ready = sender_for(
        goal.url,
        transport,
        tally,
        zipped=bool(values["gzip"]),
        connections=values["connections"],
        ca=goal.target.ca,
        findings=traffic.findings,
    )
    receiver = Receiver(goal, write_key=values["write_key"], recipe=traffic.recipe)
    try:
        groups = grouped(traffic, transport)
        total = traffic.recipe.schedule.calls
        send(ready(receiver.write_key), groups, tally, total=total)
        return receiver.check(tally) if receiver.is_mockseg else None
    finally:
        receiver.close()


def _send_as(
    as_: str,
    traffic: Traffic,
    tally: Tally,
    values: dict[str, Any],
    goal: Destined,
    *,
    key: str | None,
) -> None:
    """Send as Segment sends to a destination."""
    from mockseg.cli.traffic.sending import connections_of, send, tls_of
    from mockseg.traffic.as_segment import WEBHOOK, to_destination
    from mockseg.traffic.driver import Driver
    from mockseg.traffic.packets import grouped

    if values["write_key"] or values["gzip"] or values["transport"]:
        raise ConfigError(
            "--write-key, --gzip and --transport are for a source; with --as there is --key,"
            " and Segment sends one call a POST"
        )
    if key is None and as_ != WEBHOOK:
        raise ConfigError(f"{as_} knows its callers by a key: name it with --key")
    connections = connections_of(values["connections"])
    tls = tls_of(goal.url, goal.target.ca)
    goal.reach()
    make = to_destination(as_, key or "")
    driver = Driver(goal.url, make, tally, connections=connections, tls=tls)
    send(driver, grouped(traffic, "single"), tally, total=traffic.recipe.schedule.calls)
