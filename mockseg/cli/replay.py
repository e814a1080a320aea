from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Final

import click

from mockseg.cli.data_files import is_stream
from mockseg.cli.flags import client_settings, json_flag
from mockseg.cli.message_lines import messages_of
from mockseg.cli.target import Target
from mockseg.cli.traffic import CONNECTIONS, HISTOGRAM
from mockseg.cli.traffic.receiver import endpoint_of
from mockseg.cli.traffic.report import report
from mockseg.cli.traffic.sending import How, send_to_source
from mockseg.clock import SystemClock
from mockseg.errors import ConfigError
from mockseg.json_types import JsonObject
from mockseg.traffic import profiles
from mockseg.traffic.packets import GeneratedCall, replayed
from mockseg.traffic.tally import Tally

_NOTHING_SENT: Final = "; nothing was sent"


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
@click.option("--histogram", is_flag=True, help=HISTOGRAM)
@json_flag("The report as one JSON object.")
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
    histogram: bool,
    **how: Any,
) -> int:
    """Send the calls of FILE again, in their order and with the pauses that they had.

    FILE holds what `mockseg validate` reads, or is a folder of such files, which are read in the
    order of their names. A call that is older than the one before it is sent at once. All is
    read to its end first: when a value is invalid, nothing is sent. Exit 1 when calls were
    refused or lost, or when a mockseg found bad ones, such as duplicates.
    """
    if is_stream(file):
        raise ConfigError("a replay reads its file twice, so it cannot come through a pipe")
    calls = _replayed(file, speed=speed, shift_to=shift_to, new_ids=new_ids)
    tally = Tally()
    endpoint = endpoint_of(target, to)
    total = sum(1 for _ in _messages(file))
    if not total:
        raise ConfigError(f"{file} has no calls")
    checked = send_to_source(endpoint, calls, tally, how=How(**how), total=total)
    facts = {"replayed": file, "speed": speed}
    return report(tally, facts, checked, as_json=as_json, histogram=histogram)


def _replayed(
    file: str, *, speed: str, shift_to: str | None, new_ids: bool
) -> Iterator[GeneratedCall]:
    """Read the flags that say when, and with which ids, and return the calls of a file.

    Raises:
        ConfigError: a flag is invalid.
    """
    times = profiles.parse_speed(speed, place="--speed")
    shift_ns = None
    if shift_to == "now":
        shift_ns = SystemClock().now_ns()
    elif shift_to is not None:
        shift_ns = profiles.parse_moment_named(shift_to, place="--shift-to")
    ids = f"replay-{secrets.token_hex(6)}" if new_ids else None
    return replayed(_messages(file), speed=times, shift_to_ns=shift_ns, ids=ids)


def _messages(file: str) -> Iterator[JsonObject]:
    """Read the messages of a file.

    Raises:
        ConfigError: a line is invalid; the sentence has its number.
    """
    for place, sent in messages_of(file, outcome=_NOTHING_SENT):
        if not isinstance(sent.message, dict):
            raise ConfigError(f"{place}: a call is a JSON object{_NOTHING_SENT}")
        # A call without a time of its own happened when it was received.
        received = {} if sent.received_at is None else {"receivedAt": sent.received_at}
        yield {**sent.message, **received}
