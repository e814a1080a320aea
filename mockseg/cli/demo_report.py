"""What became of the demo's calls, as a table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mockseg.cli.lines import is_refused, printable, why

if TYPE_CHECKING:
    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.machine import Hub

__all__ = ["report"]

_MOST = 1000
_HEAD = ("call", "what", "fate", "why")


def report(hub: Hub, *, source: str) -> None:
    """Print every call of a source, and every request that was refused without one."""
    calls = hub.calls_after(0, limit=_MOST, source=source)
    refused = [
        request
        for request in hub.requests_after(0, limit=_MOST, source=source)
        if is_refused(request)
    ]
    rows = [_call_row(call) for call in calls] + [_request_row(request) for request in refused]
    if sys.stdout.isatty():
        _print_rich(rows)
    else:
        _print_plain(rows)
    good = sum(call.good for call in calls)
    click.echo(f"\n{good} good, {len(rows) - good} bad")


def _call_row(call: KeptCall) -> tuple[str, str, str, str]:
    findings = call.remark.findings if call.remark is not None else ()
    name = call.event or call.message().get("name") or ""
    fate = "good" if call.good else call.verdict
    return (printable(call.type), printable(str(name)), fate, why(findings))


def _request_row(request: KeptRequest) -> tuple[str, str, str, str]:
    reason = why((request.reason,)) if request.reason is not None else ""
    what = f"{request.method} {request.path}, {request.sent_bytes} bytes"
    return ("request", printable(what), f"answered {request.answer.status}", reason)


def _print_plain(rows: list[tuple[str, str, str, str]]) -> None:
    widths = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(3)]
    for row in (_HEAD, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[3]]).rstrip())


def _print_rich(rows: list[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*_HEAD, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        # Text, not str: nothing that was sent is markup.
        paint = "green" if row[2] == "good" else "red"
        cells = [Text(cell) for cell in row]
        cells[2].stylize(paint)
        table.add_row(*cells)
    Console().print(table)
