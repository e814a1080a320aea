"""``mockseg plan``: infer, compare and convert tracking plans."""

from __future__ import annotations

import click

from mockseg.cli.noun import Noun
from mockseg.cli.plan_convert import export_command, import_command
from mockseg.cli.plan_diff import diff_command
from mockseg.cli.plan_infer import infer_command


@click.group(name="plan", cls=Noun)
def command() -> None:
    """Infer, compare and convert tracking plans.

    Plans are files in the JSON of Segment's Public API, or CSV when they are called so, or
    names of the catalogue. Files are read, never executed.
    """


for _command in (infer_command, diff_command, import_command, export_command):
    command.add_command(_command)
