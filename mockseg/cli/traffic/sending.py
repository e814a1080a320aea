"""Sending calls on a schedule: the flags that say how, progress, Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, cast

from mockseg.cli.output import say_json
from mockseg.cli.progress import bar
from mockseg.cli.traffic.receiver import Checked, Endpoint, Receiver
from mockseg.client.trust import trust
from mockseg.clock import SystemClock
from mockseg.errors import ConfigError
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown
from mockseg.traffic.packets import TRANSPORTS, GeneratedCall, Group, Transport, grouped, to_segment
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.tally import Tally

_PERIOD_SECONDS: Final = 1.0
_CONNECTIONS: Final = 64
_MOST_CONNECTIONS: Final = 1000


class Sender(Protocol):
    @property
    def waiting(self) -> int:
        """Number of groups that are due and not yet answered."""
        ...

    def stop(self) -> None:
        """End before the time; when called again, without waiting for any answer."""
        ...

    async def run(self, groups: Iterable[Group]) -> None: ...


@dataclass(frozen=True, slots=True)
class How:
    """The flags that say how calls travel, None where not given.

    Attributes:
        write_key: of the source.
        transport: ``--transport``.
        gzip: whether bodies are gzipped.
        connections: ``--connections``.
    """

    write_key: str | None
    transport: str | None
    gzip: bool | None
    connections: str | None


def send_to_source(
    endpoint: Endpoint,
    calls: Iterable[GeneratedCall],
    tally: Tally,
    *,
    how: How,
    total: int,
    recipe: Recipe | None = None,
    findings: Callable[[JsonObject], set[str]] | None = None,
) -> Checked | None:
    """Send calls to a source, and return what a mockseg found; None for any other server.

    Args:
        endpoint: that takes the calls.
        calls: in the order of their times.
        tally: counts everything.
        how: they travel.
        total: their number.
        recipe: of the traffic; None for a replay.
        findings: returns what is wrong with a message; None if no call has a label.

    Raises:
        ConfigError: the flags exclude each other, or no source is named and none can be opened.
        MissingExtraError: the SDK is not installed.
        UnreachableError: nothing answers there.
    """
    transport = how.transport or "batch"
    if transport not in (*TRANSPORTS, "sdk"):
        raise ConfigError(f"--transport: {unknown('transport', transport, (*TRANSPORTS, 'sdk'))}")
    make = _sender_for(endpoint, transport, tally, how=how, findings=findings)
    # All flags are checked by now: nothing is opened for a run that cannot be.
    receiver = Receiver(endpoint, write_key=how.write_key, recipe=recipe)
    with contextlib.closing(receiver):
        send(make(receiver.write_key), grouped(calls, transport), tally, total=total)
        return receiver.check(tally) if receiver.is_mockseg else None


def _sender_for(
    endpoint: Endpoint,
    transport: str,
    tally: Tally,
    *,
    how: How,
    findings: Callable[[JsonObject], set[str]] | None,
) -> Callable[[str], Sender]:
    url, ca, zipped = endpoint.url, endpoint.target.ca, bool(how.gzip)
    tls = tls_of(endpoint)
    if transport == "sdk":
        from mockseg.traffic.sdk_driver import SdkDriver, require_sdk

        if how.connections is not None:
            raise ConfigError("--connections is not for --transport sdk: the SDK uses one")
        require_sdk()
        return lambda key: SdkDriver(url, key, tally, findings=findings, zipped=zipped, ca=ca)
    from mockseg.traffic.driver import Driver

    connections = connections_of(how.connections)
    requests = partial(to_segment, transport=cast("Transport", transport), zipped=zipped)
    # Raises if the two exclude each other.
    requests("")
    return lambda key: Driver(url, requests(key), tally, connections=connections, tls=tls)


def tls_of(endpoint: Endpoint) -> ssl.SSLContext | None:
    """Return what to trust, None for an address that is not https.

    Raises:
        ConfigError: ``--ca`` is not a CA file.
    """
    return trust(endpoint.target.ca) if endpoint.url.lower().startswith("https:") else None


def connections_of(text: str | None) -> int:
    """Read ``--connections``.

    Raises:
        ConfigError: it is not such a number.
    """
    if text is None:
        return _CONNECTIONS
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if not 1 <= number <= _MOST_CONNECTIONS:
        raise ConfigError(
            f'--connections is "{text[:80]}": it must be a number from 1 to {_MOST_CONNECTIONS}'
        )
    return number


def send(sender: Sender, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
    """Send everything; Ctrl-C and SIGTERM end it, with all that was sent counted."""
    asyncio.run(_send(sender, groups, tally, total=total))


async def _send(sender: Sender, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Where the system has no such handlers, Ctrl-C ends the command without a report.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, sender.stop)
    progress = asyncio.create_task(_show_progress(sender, tally, total=total))
    try:
        await sender.run(groups)
    finally:
        progress.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await progress


async def _show_progress(sender: Sender, tally: Tally, *, total: int) -> None:
    """Show once a second how far it is, on standard error, until cancelled.

    A bar on a terminal, which shows the end too, else one JSON object a line.
    """
    clock, loop = SystemClock(), asyncio.get_running_loop()
    begun = last = loop.time()
    made = 0
    shown = bar("", total=total)

    def facts(rate: float) -> JsonObject:
        return {
            "seconds": round(loop.time() - begun, 1),
            "made": tally.made,
            "rate": round(rate, 1),
            "good": tally.answered,
            "bad": tally.lost,
            "waiting": sender.waiting,
            "p50Ms": tally.latency.percentile(0.5) / 1000,
            "p99Ms": tally.latency.percentile(0.99) / 1000,
        }

    def update(facts: JsonObject) -> None:
        if shown is None:
            say_json(facts, err=True)
            return
        text = (
            f"{facts['rate']:.0f}/s  good {facts['good']}  bad {facts['bad']}"
            f"  p99 {facts['p99Ms']:.0f} ms  waiting {facts['waiting']}"
        )
        shown.update(shown.task_ids[0], completed=facts["made"], text=text, refresh=True)

    with shown or contextlib.nullcontext():
        try:
            while True:
                await clock.sleep(_PERIOD_SECONDS)
                now = loop.time()
                update(facts((tally.made - made) / (now - last)))
                last, made = now, tally.made
        finally:
            if shown is not None:
                update(facts(tally.made / max(loop.time() - begun, 0.001)))
