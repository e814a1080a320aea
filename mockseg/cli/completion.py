from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class

from mockseg.cli.output import note, say_text

_VARIABLE: Final = "_MOCKSEG_COMPLETE"
# Shell -> where it looks for completions of a user, below the folder that a variable names; and
# what remains to be done.
_PLACES: Final = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/mockseg", ""),
    "zsh": (
        "ZDOTDIR",
        ".",
        ".zfunc/_mockseg",
        "fpath+=({folder}); autoload -Uz compinit && compinit",
    ),
    "fish": ("XDG_CONFIG_HOME", ".config", "fish/completions/mockseg.fish", ""),
}


@click.command(name="completion")
@click.argument("shell", type=click.Choice(list(_PLACES)))
@click.option("--install", is_flag=True, help="Write the script where the shell looks for it.")
def command(*, shell: str, install: bool) -> None:
    """Print the script that completes commands and flags in SHELL, or install it.

    A shell that is open already must be started again.
    """
    script = _script(shell)
    if not install:
        say_text(script)
        return
    variable, default, name, rest = _PLACES[shell]
    file = Path(os.environ.get(variable) or Path.home() / default) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(script, encoding="utf-8")
    note(f"wrote {file}")
    if rest:
        note(f"add to ~/.zshrc, if it is not there: {rest.format(folder=file.parent)}")


def _script(shell: str) -> str:
    """Return click's script for a shell."""
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101  (the choice has only shells that click knows)
    complete = made(click.Command("mockseg"), {}, "mockseg", _VARIABLE)
    # Not `source()`: it starts bash to ask for its version.
    return complete.source_template % complete.source_vars()
