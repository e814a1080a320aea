"""``mockseg demo``: a server, real traffic, and what became of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from mockseg.cli.demo_report import report
from mockseg.cli.demo_traffic import send_through_http, send_through_sdk
from mockseg.cli.output import log_lines, say, say_text
from mockseg.cli.serve import until_stopped
from mockseg.cli.start_text import control_url, end_text, page_url
from mockseg.config import Settings
from mockseg.server import serve
from mockseg.version import version

if TYPE_CHECKING:
    from mockseg.server import RunningServer


WRITE_KEY = "demo"


@click.command(name="demo")
@click.option("--keep", is_flag=True, help="Leave the server running, until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="NUMBER",
    help="Port of the server; 0 takes any free one.  [0]",
)
def command(*, keep: bool, port: int) -> None:
    """Start a server, send it the events of real products, show what it makes of them."""
    with log_lines():
        asyncio.run(_demo(keep=keep, port=port))


async def _demo(*, keep: bool, port: int) -> None:
    with until_stopped() as stopped:
        async with serve(Settings(port=port)) as running:
            say(f"mockseg {version()}, the local Segment, at {running.url}")
            say()
            through = await asyncio.to_thread(send_through_sdk, running.url, WRITE_KEY)
            await asyncio.to_thread(
                send_through_http, running.url, WRITE_KEY, everything=not through
            )
            say_text(_sender(through))
            report(running.hub, source=WRITE_KEY)
            say_text(_where(running, keep=keep))
            if keep:
                await stopped.wait()
                say(end_text(running.hub.tally))


def _sender(sdk: str | None) -> str:
    if sdk is not None:
        return (
            f"Sent through {sdk}, the real SDK; what it would not send itself, over plain HTTP:\n"
        )
    return (
        "Sent over plain HTTP: segment-analytics-python is not installed"
        ' (pip install "mockseg[demo]").\n'
    )


def _where(running: RunningServer, *, keep: bool) -> str:
    lines = [
        "",
        f"page         {page_url(running.url)}",
        f"control api  {control_url(running.url)}/calls?source={WRITE_KEY}&good=false",
        "",
        "Good calls here do not prove that the real Segment accepted anything.",
        "It is still running; Ctrl-C ends it."
        if keep
        else "The server ends now: see it with --keep, or run your own with mockseg serve.",
    ]
    return "\n".join(lines)
