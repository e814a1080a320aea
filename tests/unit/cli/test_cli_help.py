"""Help is whole: no sentence of it is cut off, however narrow the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from mockseg.cli.main import mockseg

if TYPE_CHECKING:
    from collections.abc import Iterator


def tree(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Find every command and every group."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from tree(below, (*path, name))


def help_of(path: tuple[str, ...], columns: int) -> str:
    """Ask for the help of a command on a terminal of this width."""
    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(mockseg, [*path, "--help"])
    assert result.exit_code == 0
    return result.output


def found(path: tuple[str, ...]) -> click.Command:
    """Find a command by its path."""
    command: click.Command = mockseg
    for name in path:
        assert isinstance(command, click.Group)
        below = command.get_command(click.Context(command), name)
        assert below is not None
        command = below
    return command


@pytest.mark.parametrize("path", list(tree(mockseg)), ids=" ".join)
@pytest.mark.parametrize("columns", [40, 80])
def test_no_help_is_cut_off(path: tuple[str, ...], columns: int) -> None:
    """Every text of a command, its flags and the commands below it is there to its last word."""
    command, context = found(path), click.Context(found(path))
    shown = re.sub(r"\s+", " ", help_of(path, columns))
    texts = [command.help or ""]
    texts += [each.help or "" for each in command.params if isinstance(each, click.Option)]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            if path:
                texts.append(below.get_short_help_str(limit=10_000))
    for text in texts:
        for paragraph in text.split("\n\n"):
            whole = re.sub(r"\s+", " ", paragraph.replace("\b", "")).strip()
            assert whole.replace("- ", "-") in shown.replace("- ", "-")
