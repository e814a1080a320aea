"""How far a long command is, on standard error: a bar on a terminal, else a line a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from mockseg.cli.output import note, on_terminal

if TYPE_CHECKING:
    from rich import progress as rich_progress


_PERIOD_SECONDS = 1.0


def bar(label: str, *, total: int | None) -> rich_progress.Progress | None:
    """Return a bar with one task, which shows its field ``text``; None without a terminal."""
    if not total or not on_terminal(err=True):
        return None
    from rich import progress
    from rich.console import Console
    from rich.table import Column

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        return None
    shown = progress.Progress(
        # Without a label it takes no column of a narrow terminal.
        *([progress.TextColumn("{task.description}")] if label else []),
        progress.BarColumn(bar_width=12),
        progress.MofNCompleteColumn(),
        progress.TextColumn(
            "{task.fields[text]}", table_column=Column(no_wrap=True, overflow="ellipsis")
        ),
        console=console,
        auto_refresh=False,
    )
    shown.add_task(label, total=total, text="")
    return shown


class Progress:
    """Counts towards a number that may be unknown, for as long as the block takes.

    Args:
        verb: past tense, such as ``exported``.
        total: None if it is unknown.
        noun: what is counted, in the plural.

    Attributes:
        done: the number so far.
    """

    def __init__(self, verb: str, *, total: int | None, noun: str = "calls") -> None:
        self.done = 0
        of = f" of {total}" if total is not None else ""
        self._line = f"{verb} {{}}{of} {noun}"
        self._shown = time.monotonic()
        self._bar = bar(verb, total=total)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def add(self, more: int) -> None:
        self.done += more
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self.done, refresh=True)
        elif time.monotonic() - self._shown >= _PERIOD_SECONDS:
            self._shown = time.monotonic()
            note(self._line.format(self.done))
