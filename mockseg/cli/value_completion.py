"""What a shell completes after a flag, or as an argument: files, and words that are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

import click
from click.shell_completion import CompletionItem

# A place for a value that names a file, as help writes it.
_FILE: Final = re.compile(r"FILE|OUT|IN\.")
# A place for one of some words: `off|normal|full`.
_WORDS: Final = re.compile(r"[a-z0-9_-]+(?:\|[a-z0-9_-]+)+")


class Text(click.types.StringParamType):
    """Text of which a shell completes files, or words; any other text is taken as well.

    Args:
        words: returns the words, asked for only when a shell asks; None completes files.
    """

    def __init__(self, words: Callable[[], Iterable[str]] | None = None) -> None:
        self._words = words

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        if self._words is None:
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(word) for word in self._words() if word.startswith(incomplete)]


def with_completed_values(command: click.Command) -> click.Command:
    """Return a command in which a shell completes what help says about values."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = _type_of(parameter)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_completed_values(below)
    return command


def _type_of(parameter: click.Parameter) -> click.ParamType[str]:
    shown = parameter.metavar or ""
    if _WORDS.fullmatch(shown):
        return Text(lambda: shown.split("|"))
    names_file = isinstance(parameter, click.Argument) and parameter.name == "file"
    return Text() if names_file or _FILE.search(shown) else parameter.type
