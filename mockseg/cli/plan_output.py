"""Where a document that a command makes goes: a file, or standard output."""

from __future__ import annotations

from mockseg.cli.ndjson import PIPE, written
from mockseg.cli.output import say_text


def put(text: str, out: str) -> None:
    """Write a whole document; a file appears when it is whole, zipped if it is called so.

    Args:
        text: with its last line ended.
        out: a file, or ``-`` for standard output.

    Raises:
        ConfigError: it cannot be written there.
    """
    if out == PIPE:
        say_text(text)
        return
    with written(out) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
