"""How far a long command is: a bar on a terminal, else a line a second; always on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

import click

from mockseg.cli.output import note, on_terminal

if TYPE_CHECKING:
    from types import TracebackType


_PERIOD_SECONDS = 1.0


class Progress:
    """Counts towards a number that may be unknown, for as long as the block takes.

    Attributes:
        done: how much so far.
    """

    def __init__(self, verb: str, *, total: int | None, noun: str = "calls") -> None:
        """Begin at nothing.

        Args:
            verb: past tense, such as ``exported``.
            total: how many there are, None when it is not known.
            noun: what is counted, in the plural.
        """
        self.done = 0
        self._verb = verb
        self._noun = noun
        self._total = total
        self._told = time.monotonic()
        self._bar = (
            click.progressbar(length=total, label=verb, file=sys.stderr, show_pos=True)
            if total and on_terminal(err=True)
            else None
        )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, traceback)

    def add(self, more: int) -> None:
        """Count more."""
        self.done += more
        if self._bar is not None:
            self._bar.update(more)
        elif time.monotonic() - self._told >= _PERIOD_SECONDS:
            self._told = time.monotonic()
            of = f" of {self._total}" if self._total is not None else ""
            note(f"{self._verb} {self.done}{of} {self._noun}")
