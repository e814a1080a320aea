"""``mockseg serve``: run the server until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from typing import TYPE_CHECKING

import click

from mockseg.cli.flags import server_settings, settings_file
from mockseg.cli.live_lines import LiveLines
from mockseg.cli.output import log_lines, note, on_terminal, say, say_json, say_text, warn
from mockseg.cli.start_text import end_text, exposed_warning, start_json, start_text
from mockseg.cli.times import time_flags
from mockseg.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.cli.times import Times
    from mockseg.config import Settings


@click.command(name="serve")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object on one line, and nothing else.",
)
@time_flags
@server_settings
def command(*, settings: Settings, as_json: bool, times: Times) -> None:
    """Run the local Segment until Ctrl-C or SIGTERM.

    Each setting is also a variable and a key of mockseg.toml, as it stands in brackets:
    MOCKSEG_PORT is `port`. A flag goes before a variable, a variable before the file.
    """
    with log_lines():
        asyncio.run(_run(settings, as_json=as_json, times=times, file=settings_file()))


async def _run(settings: Settings, *, as_json: bool, times: Times, file: str | None) -> None:
    with until_stopped() as stopped:
        async with serve(settings) as running:
            # What stands by now stays: the collector need not walk it while clients wait.
            gc.freeze()
            if running.exposed:
                warn(exposed_warning(settings))
            if as_json:
                say_json(start_json(running, file=file))
            else:
                say_text(start_text(running, file=file))
            async with contextlib.AsyncExitStack() as stack:
                if not as_json and on_terminal():
                    await stack.enter_async_context(LiveLines(running.hub, times=times))
                await stopped.wait()
        tally = running.hub.tally
    # A script reads one line; the counts are for whoever watches it.
    (note if as_json else say)(end_text(tally))


@contextlib.contextmanager
def until_stopped() -> Iterator[asyncio.Event]:
    """Yield an event that Ctrl-C and SIGTERM set; the second of them ends the process at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, object] = {}

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stopped.set)

    # Handlers of the signal module, not of the loop: those do not exist on Windows.
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from there
