"""The one door to standard output and standard error.

Every command prints through these functions, and through nothing else (ruff refuses
``click.echo`` and ``print`` elsewhere). What is printed was sent by any client, so the door
escapes all characters that a terminal would obey; colours are parts of their own, drawn only on
a terminal and never where ``NO_COLOR`` is set.

Results go to standard output, everything said about them (warnings, "no call matches",
progress) to standard error, so that a pipe carries results alone.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

import click

from mockseg.json_types import encode_printable, pretty
from mockseg.printable import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Colour",
    "Painted",
    "Part",
    "note",
    "paint",
    "render",
    "say",
    "say_json",
    "say_text",
    "shorten",
    "warn",
]

Colour: TypeAlias = Literal["green", "red", "yellow", "bright_black"]

# A name beyond this length tells a reader nothing more.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Painted:
    """A part of a line with a colour of its own, see :func:`paint`."""

    text: str
    colour: Colour


Part: TypeAlias = "str | Painted"


def paint(text: str, colour: Colour) -> Painted:
    """Return a part of a line that is coloured on a terminal."""
    return Painted(text, colour)


def render(parts: Iterable[Part], *, colour: bool) -> str:
    """Return one line of printable text from its parts, without a line feed."""
    return "".join(
        printable(part)
        if isinstance(part, str)
        else (click.style(printable(part.text), fg=part.colour) if colour else printable(part.text))
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
    _put(printable_lines(text).removesuffix("\n"), sys.stderr if err else sys.stdout)


def say_json(value: object, *, indented: bool = False) -> None:
    """Print a JSON document: on one line, or indented for a reader."""
    _put(pretty(value) if indented else encode_printable(value).decode(), sys.stdout)


def note(*parts: Part) -> None:
    """Print one line about the result on standard error."""
    _put(render(parts, colour=_coloured(sys.stderr)), sys.stderr)


def warn(sentence: str) -> None:
    """Print a warning or an error on standard error, with the name of the program."""
    _put(printable_lines(f"mockseg: {sentence}"), sys.stderr)


def shorten(text: str, *, longest: int = _LONGEST) -> str:
    """Return a client's text as one printable line of limited length."""
    return printable(text, longest=longest)


def _put(text: str, stream: TextIO) -> None:
    # click knows the consoles of Windows; the text has no colours but ours.
    click.echo(text, file=stream, color=True)


def _coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")
