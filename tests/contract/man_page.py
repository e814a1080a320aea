"""The page that ``man mockseg`` shows, made from the texts of the help.

The output of ``python tests/contract/man_page.py`` is kept as ``man/mockseg.1``. The wheel
installs it where ``man`` looks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mockseg.cli.examples import EXAMPLES
from mockseg.cli.main import SECTIONS, mockseg
from mockseg.config import SERVER_SETTINGS
from mockseg.version import version

if TYPE_CHECKING:
    from collections.abc import Iterator


def man_page() -> str:
    """Return the page in roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH MOCKSEG 1 "" "mockseg {version()}" "User Commands"'
    yield ".SH NAME"
    yield f"mockseg \\- {_text(str(mockseg.help).splitlines()[0].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield ".B mockseg"
    yield "COMMAND [OPTIONS] [ARGUMENTS]"
    yield ".SH COMMANDS"
    yield "Each command has"
    yield ".BR \\-\\-help ."
    for title, section in SECTIONS.items():
        yield f".SS {title}"
        for name in section:
            command = mockseg.get_command(click.Context(mockseg), name)
            assert command is not None
            yield from _command(command, name)
    yield ".SH SETTINGS"
    yield "Settings of"
    yield '.BR "mockseg serve" ,'
    yield "as flags, variables, and keys of mockseg.toml. A flag wins over a variable,"
    yield "and a variable over the file."
    for setting in SERVER_SETTINGS:
        yield ".TP"
        yield f'.BR {_text(setting.flag)} ", " {_text(setting.variable)}'
        yield _text(setting.help)
    yield ".SH EXIT STATUS"
    yield "0 fine, 1 a check failed, 2 usage or environment."
    yield ".SH SEE ALSO"
    yield "The manual:"
    yield ".B mockseg manual"


def _command(command: click.Command, name: str) -> Iterator[str]:
    below = command.commands if isinstance(command, click.Group) else {}
    if below:
        for one, each in below.items():
            yield from _command(each, f"{name} {one}")
        return
    context = click.Context(command, info_name=f"mockseg {name}")
    yield ".TP"
    yield f".B {_text(' '.join(['mockseg', name, *command.collect_usage_pieces(context)]))}"
    yield _text(str(command.help).split("\n\n", 1)[0].replace("\n", " "))
    yield ".br"
    yield f"Example: {_text(EXAMPLES[name])}"


def _text(text: str) -> str:
    """Return a text in which nothing is a request of roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.stdout.write(man_page())
