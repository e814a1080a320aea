"""How far a run is, once a second."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

import click

from mockseg.clock import SystemClock
from mockseg.json_types import encode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mockseg.cli.traffic_run import Sender
    from mockseg.traffic.tally import Tally

__all__ = ["show_progress"]

_PERIOD_SECONDS: Final = 1.0


async def show_progress(driver: Sender, tally: Tally, *, total: int) -> None:
    """Tell once a second how far it is, on stderr, until cancelled."""
    clock = SystemClock()
    loop = asyncio.get_running_loop()
    start = told = loop.time()
    before = 0
    bar: AbstractContextManager[object] | None = None
    if sys.stderr.isatty():
        bar = click.progressbar(
            length=total,
            label="sending",
            file=sys.stderr,
            show_pos=True,
            item_show_func=lambda text: text,
        )
    with bar or _nothing() as shown:
        while True:
            await clock.sleep(_PERIOD_SECONDS)
            now = loop.time()
            rate = (tally.made - before) / (now - told)
            if bar is not None:
                text = (
                    f"{rate:.0f}/s  good {tally.answered}  bad {tally.lost}"
                    f"  p99 {tally.latency.percentile(0.99) / 1000:.1f} ms"
                    f"  waiting {driver.waiting}"
                )
                shown.update(tally.made - before, text)  # type: ignore[attr-defined]  # click's bar
            else:
                line = {
                    "seconds": round(now - start, 1),
                    "made": tally.made,
                    "rate": round(rate, 1),
                    "good": tally.answered,
                    "bad": tally.lost,
                    "waiting": driver.waiting,
                    "p50Ms": tally.latency.percentile(0.5) / 1000,
                    "p99Ms": tally.latency.percentile(0.99) / 1000,
                }
                click.echo(encode(line), err=True)
            before, told = tally.made, now


def _nothing() -> AbstractContextManager[object]:
    import contextlib

    return contextlib.nullcontext()
