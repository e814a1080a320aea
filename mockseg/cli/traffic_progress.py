"""How far a run is, once a second and at its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mockseg.cli.output import on_terminal, say_json
from mockseg.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from mockseg.cli.traffic_run import Sender
    from mockseg.json_types import JsonObject
    from mockseg.traffic.tally import Tally


_PERIOD_SECONDS: Final = 1.0


async def show_progress(driver: Sender, tally: Tally, *, total: int) -> None:
    """Show once a second how far it is, on standard error, until cancelled.

    A bar on a terminal, which shows the end too, else one JSON object a line.
    """
    clock, loop = SystemClock(), asyncio.get_running_loop()
    begun = loop.time()

    async def tell(show: Callable[[JsonObject], None]) -> None:
        told, before = begun, 0
        while True:
            await clock.sleep(_PERIOD_SECONDS)
            now = loop.time()
            show(_facts(driver, tally, now - begun, rate=(tally.made - before) / (now - told)))
            told, before = now, tally.made

    bar = _bar(total) if on_terminal(err=True) else None
    if bar is None:
        await tell(_tell_line)
        return

    def update(facts: JsonObject) -> None:
        told = (
            f"{facts['rate']:.0f}/s  good {facts['good']}  bad {facts['bad']}"
            f"  p99 {facts['p99Ms']:.0f} ms  waiting {facts['waiting']}"
        )
        bar.update(bar.task_ids[0], completed=facts["made"], told=told, refresh=True)

    with bar:
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


def _tell_line(facts: JsonObject) -> None:
    say_json(facts, err=True)


def _bar(total: int) -> Progress | None:
    """Return a bar that fits into the terminal; None where the terminal cannot draw one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        return None
    text = TextColumn("{task.fields[told]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    bar = Progress(
        BarColumn(bar_width=12), MofNCompleteColumn(), text, console=console, auto_refresh=False
    )
    bar.add_task("sending", total=total, told="")
    return bar
