"""``mockseg replay``: captured or exported calls, sent again with their timing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import click

from mockseg.cli.flags import client_settings
from mockseg.cli.traffic_flags import CONNECTIONS
from mockseg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.cli.target import Target
    from mockseg.json_types import JsonObject

__all__ = ["command"]

_LONGEST_SHOWN: Final = 200


@click.command(name="replay")
@click.argument("file")
@click.option("--to", metavar="URL", help="Target of any kind.  [the server that --url names]")
@click.option("--write-key", metavar="KEY", help="Of the source; a mockseg opens a fresh one.")
@click.option("--speed", metavar="10x", default="1x", help="How many times faster.  [1x]")
@click.option("--shift-to", metavar="now|TIME", help="Move the first call there, and all after it.")
@click.option("--new-ids", is_flag=True, help="New messageIds, so that none is a duplicate.")
@click.option("--transport", metavar="batch|single|pixel|sdk", help="How calls travel.  [batch]")
@click.option("--gzip/--no-gzip", default=False, help="Compress the bodies.  [no]")
@click.option("--connections", metavar="NUMBER", help=CONNECTIONS)
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
@client_settings
def command(
    *,
    target: Target,
    file: str,
    to: str | None,
    speed: str,
    shift_to: str | None,
    new_ids: bool,
    as_json: bool,
    **how: Any,
) -> int:
    """Send the calls of FILE again, in their order and with the pauses that they had.

    A line is a message, an exported call or a batch; FILE is unzipped when its name ends
    in .gz. It is read to its end first: when a line is invalid, nothing is sent. Exit 1
    when calls were refused or lost, or when a mockseg found bad ones, such as duplicates.
    """
    from mockseg.cli.ndjson import PIPE
    from mockseg.cli.traffic_report import show
    from mockseg.cli.traffic_run import send
    from mockseg.cli.traffic_sender import sender_for
    from mockseg.cli.traffic_target import Receiver, destined
    from mockseg.cli.traffic_values import transport_of
    from mockseg.clock import SystemClock
    from mockseg.traffic import quantities
    from mockseg.traffic.packets import grouped
    from mockseg.traffic.replay import replayed
    from mockseg.traffic.tally import Tally

    if file == PIPE:
        raise ConfigError("a replay reads its file twice, so it cannot come through a pipe")
    times = quantities.parse_speed(speed, place="--speed")
    if shift_to in {None, "now"}:
        now_ns = SystemClock().now_ns()
        shift_ns = now_ns if shift_to else None
    else:
        shift_ns = quantities.parse_moment_named(str(shift_to), place="--shift-to")
    transport = transport_of(how["transport"])
    tally = Tally()
    goal = destined(target, to)
    ready = sender_for(
        goal.url,
        transport,
        tally,
        zipped=how["gzip"],
        connections=how["connections"],
        ca=target.ca,
    )
    total = sum(1 for _ in _messages(file))
    if not total:
        raise ConfigError(f"{file} has no calls")
    receiver = Receiver(goal, write_key=how["write_key"], recipe=None)
    try:
        ids = f"replay-{secrets.token_hex(6)}" if new_ids else None
        calls = replayed(_messages(file), speed=times, shift_to_ns=shift_ns, ids=ids)
        send(ready(receiver.write_key), grouped(calls, transport), tally, total=total)
        checked = receiver.check(tally) if receiver.is_mockseg else None
    finally:
        receiver.close()
    show(tally, {"replayed": file, "speed": speed}, checked, as_json=as_json, err=False)
    return 1 if tally.lost or (checked is not None and not checked.fine) else 0


def _messages(file: str) -> Iterator[JsonObject]:
    """Read the messages of a file.

    Raises:
        ConfigError: a line is none; the sentence has its number.
    """
    from mockseg.cli.ndjson import lines_of
    from mockseg.cli.validate_lines import read_line

    for number, text in lines_of(file):
        line = read_line(number, text)
        if line.problem is not None:
            told = line.problem.description[:_LONGEST_SHOWN]
            raise ConfigError(f"{file}, line {number}: {told}; nothing was sent")
        for sent in line.sent:
            if not isinstance(sent.message, dict):
                raise ConfigError(
                    f"{file}, line {number}: a call is a JSON object; nothing was sent"
                )
            yield sent.message
