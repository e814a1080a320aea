"""From the flags that say how calls travel to what sends them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, Protocol

from mockseg.cli.output import say_json
from mockseg.cli.progress import bar
from mockseg.clock import SystemClock
from mockseg.errors import ConfigError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    from mockseg.json_types import JsonObject
    from mockseg.traffic.packets import Group, Transport
    from mockseg.traffic.tally import Tally

_PERIOD_SECONDS: Final = 1.0


async def show_progress(driver: Sender, tally: Tally, *, total: int) -> None:
    """Show once a second how far it is, on standard error, until cancelled.

    A bar on a terminal, which shows the end too, else one JSON object a line.
    """
    clock, loop = SystemClock(), asyncio.get_running_loop()
    begun = loop.time()
    shown = bar("", total=total)

    async def tell(show: Callable[[JsonObject], None]) -> None:
        last, made = begun, 0
        while True:
            await clock.sleep(_PERIOD_SECONDS)
            now = loop.time()
            show(_facts(driver, tally, now - begun, rate=(tally.made - made) / (now - last)))
            last, made = now, tally.made

    if shown is None:
        await tell(partial(say_json, err=True))
        return

    def update(facts: JsonObject) -> None:
        text = (
            f"{facts['rate']:.0f}/s  good {facts['good']}  bad {facts['bad']}"
            f"  p99 {facts['p99Ms']:.0f} ms  waiting {facts['waiting']}"
        )
        shown.update(shown.task_ids[0], completed=facts["made"], text=text, refresh=True)

    with shown:
        try:
            await tell(update)
        finally:
            seconds = loop.time() - begun
            update(_facts(driver, tally, seconds, rate=tally.made / max(seconds, 0.001)))


def _facts(driver: Sender, tally: Tally, seconds: float, *, rate: float) -> JsonObject:
    return {
        "seconds": round(seconds, 1),
        "made": tally.made,
        "rate": round(rate, 1),
        "good": tally.answered,
        "bad": tally.lost,
        "waiting": driver.waiting,
        "p50Ms": tally.latency.percentile(0.5) / 1000,
        "p99Ms": tally.latency.percentile(0.99) / 1000,
    }


class Sender(Protocol):
    """What sends groups of calls on a schedule and counts what becomes of them."""

    @property
    def waiting(self) -> int:
        """Number of groups that are due and not yet answered."""
        ...

    def stop(self) -> None:
        """End it before its time; called again, without waiting for anything."""
        ...

    async def run(self, groups: Iterable[Group]) -> None:
        """Send everything."""
        ...


def send(sender: Sender, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
    """Send everything; Ctrl-C and SIGTERM end it, with all that was sent counted."""
    asyncio.run(_run(sender, groups, tally, total=total))


async def _run(driver: Sender, groups: Iterable[Group], tally: Tally, *, total: int) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Where the system has no such handlers, Ctrl-C ends the command without a report.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, driver.stop)
    progress = asyncio.create_task(show_progress(driver, tally, total=total))
    try:
        await driver.run(groups)
    finally:
        progress.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await progress


_CONNECTIONS: Final = 64
_MOST_CONNECTIONS: Final = 1000


def transport_of(text: str | None) -> Transport | Literal["sdk"]:
    """Read ``--transport``.

    Raises:
        ConfigError: it is unknown.
    """
    from mockseg.traffic.packets import TRANSPORTS

    if text is None:
        return "batch"
    if text == "sdk":
        return "sdk"
    if text not in TRANSPORTS:
        raise ConfigError(f"--transport: {unknown('transport', text, (*TRANSPORTS, 'sdk'))}")
    return text


def tls_of(url: str, ca: str | None) -> ssl.SSLContext | None:
    """Return what to trust at an address, None where it is not https.

    Raises:
        ConfigError: ``--ca`` is not a CA file.
    """
    from mockseg.client.over_http import trust

    return trust(ca) if url.lower().startswith("https:") else None


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


def sender_for(
    url: str,
    transport: Transport | Literal["sdk"],
    tally: Tally,
    *,
    zipped: bool,
    connections: str | None,
    ca: str | None,
    findings: Callable[[JsonObject], set[str]] | None = None,
) -> Callable[[str], Sender]:
    """Check how calls are to travel, before anybody is asked anything.

    Args:
        url: the target's address.
        transport: as ``--transport`` says.
        tally: what everything is counted in.
        zipped: whether bodies are gzipped.
        connections: as ``--connections`` says.
        ca: a PEM file, or None.
        findings: gives what is wrong with a message, None when no call has a label.

    Returns:
        A function that makes the sender to a source of its write key.

    Raises:
        ConfigError: these do not go together.
        MissingExtraError: the SDK is not installed.
    """
    if transport == "sdk":
        from mockseg.traffic.sdk_driver import SdkDriver, require_sdk

        if connections is not None:
            raise ConfigError("--connections has no say with --transport sdk: the SDK has one")
        # Asked here, so that nothing is opened for a run that cannot be.
        require_sdk()
        tls_of(url, ca)

        def through_sdk(write_key: str) -> Sender:
            return SdkDriver(url, write_key, tally, findings=findings, zipped=zipped, ca=ca)

        return through_sdk
    from mockseg.traffic.driver import Driver
    from mockseg.traffic.packets import to_segment

    number, tls = connections_of(connections), tls_of(url, ca)
    # Refuses what does not go together, before there is a write key.
    to_segment("", transport, zipped=zipped)

    def over_http(write_key: str) -> Sender:
        make = to_segment(write_key, transport, zipped=zipped)
        return Driver(url, make, tally, connections=number, tls=tls)

    return over_http
