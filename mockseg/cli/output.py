"""The one door to standard output and standard error.

Every command prints through these functions, and through nothing else (ruff refuses
``click.echo`` and ``print`` elsewhere). What is printed was sent by any client, so the door
escapes all characters that a terminal would obey; colours are parts of their own, drawn only on
a terminal and never where ``NO_COLOR`` is set.

Results go to standard output, everything said about them (warnings, "no call matches",
progress) to standard error, so that a pipe carries results alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TextIO, TypeAlias, TypeVar

import click

from mockseg.json_types import encode_printable, pretty
from mockseg.printable import printable, printable_lines

T = TypeVar("T")
Colour: TypeAlias = Literal["green", "red", "yellow", "bright_black"]

# Where a command keeps the exit status that it has decided on.
DECIDED = "mockseg.cli.output.decided"

# A name beyond this length tells a reader nothing more.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Painted:
    """A part of a line with a colour of its own, see :func:`paint`."""

    text: str
    colour: Colour


Part: TypeAlias = "str | Painted"


def paint(text: str, colour: Colour) -> Painted:
    return Painted(text, colour)


def render(parts: Iterable[Part], *, colour: bool) -> str:
    """Return one line of printable text from its parts, without a line feed."""
    return "".join(
        click.style(_text(part), fg=part.colour)
        if colour and isinstance(part, Painted)
        else _text(part)
        for part in parts
    )


def say(*parts: Part) -> None:
    """Print one line of the result; a line feed inside is escaped."""
    _put(render(parts, colour=_coloured(sys.stdout)), sys.stdout)


def say_text(text: str, *, err: bool = False) -> None:
    """Print lines of the result. Escape texts of a client in it first, they may hold line feeds.

    Args:
        text: with or without its last line feed.
        err: print on standard error instead, where standard output carries data.
    """
    if text:
        _put(printable_lines(text).removesuffix("\n"), sys.stderr if err else sys.stdout)


def say_markdown(text: str) -> None:
    """Print a page of our own: drawn on a terminal, else as the Markdown that it is."""
    if not on_terminal():
        say_text(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text, code_theme="ansi_dark", hyperlinks=False))


def say_json(value: object, *, indented: bool = False, err: bool = False) -> None:
    """Print a JSON document: on one line, or indented for a reader.

    Args:
        value: JSON, a record of ours, or a ``msgspec.Raw``.
        indented: two spaces, many lines.
        err: print on standard error instead, where standard output carries data.
    """
    text = pretty(value) if indented else encode_printable(value).decode()
    _put(text, sys.stderr if err else sys.stdout)


def say_each(items: Iterable[T], line: Callable[[T], Iterable[Part]], *, as_json: bool) -> int:
    """Print items, each as a JSON object or as a line for a person; return their number."""
    number = 0
    for number, item in enumerate(items, 1):  # noqa: B007 - the last number is the result
        if as_json:
            say_json(item)
        else:
            say(*line(item))
    return number


def say_view(view: T, show: Callable[[T], object], *, as_json: bool) -> None:
    """Print an answer of the server: as indented JSON, or as ``show`` prints it for a person."""
    if as_json:
        say_json(view, indented=True)
    else:
        show(view)


def say_table(head: Sequence[str], rows: Sequence[Sequence[Part]]) -> None:
    """Print a table: folded to the width of a terminal, else one line a row."""
    if on_terminal():
        _draw_table(head, rows)
        return
    texts = [[_text(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        say("  ".join(cells).rstrip())


def note(*parts: Part) -> None:
    """Print one line about the result on standard error."""
    _put(render(parts, colour=_coloured(sys.stderr)), sys.stderr)


def warn(sentence: str) -> None:
    """Print a warning or an error on standard error, with the name of the program."""
    _put(printable_lines(f"mockseg: {sentence}"), sys.stderr)


@contextlib.contextmanager
def warning_lines() -> Iterator[None]:
    """Print each warning of mockseg's own once on standard error, until the block ends."""
    seen: set[str] = set()

    def show(message: Warning | str, *_: object, **_more: object) -> None:
        if str(message) not in seen:
            seen.add(str(message))
            warn(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def log_lines() -> Iterator[None]:
    """Print what is logged as a warning or worse on standard error, until the block ends."""
    handler = _LogLines(logging.WARNING)
    handler.setFormatter(logging.Formatter("mockseg: %(levelname)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


class _LogLines(logging.Handler):
    """Takes log records through the door; a traceback may quote a client too."""

    def emit(self, record: logging.LogRecord) -> None:
        # A terminal that is gone must not end a request.
        with contextlib.suppress(OSError, ValueError):
            say_text(self.format(record), err=True)


def decided(status: int) -> int:
    """Return an exit status that holds from now on, even if the reader of the result goes away."""
    click.get_current_context().meta[DECIDED] = status
    return status


def on_terminal(*, err: bool = False) -> bool:
    return (sys.stderr if err else sys.stdout).isatty()


def shorten(text: str, *, longest: int = _LONGEST) -> str:
    """Return a client's text as one printable line of limited length."""
    return printable(text, longest=longest)


def _draw_table(head: Sequence[str], rows: Sequence[Sequence[Part]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: nothing that was sent is markup.
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(Text(_text(name)), overflow="fold")
    for row in rows:
        table.add_row(
            *(
                Text(_text(cell), style=cell.colour if isinstance(cell, Painted) else "")
                for cell in row
            )
        )
    Console().print(table)


def _text(part: Part) -> str:
    return printable(part if isinstance(part, str) else part.text)


def _put(text: str, stream: TextIO) -> None:
    # click knows the consoles of Windows; the text has no colours but ours.
    try:
        click.echo(text, file=stream, color=True)
    except BrokenPipeError:
        # Without a reader of its remarks a command still does its work.
        if stream is not sys.stderr:
            raise


def _coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")
