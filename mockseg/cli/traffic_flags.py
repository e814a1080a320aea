"""The flags of ``mockseg traffic`` that say what is made; a profile has the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mockseg.traffic.profiles import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable


CONNECTIONS = "Maximum number of concurrent connections.  [64]"
HISTOGRAM = "Add the table of latencies by percentile to the report."


def recipe_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each row of the table to a command; one that is not given is None."""
    for name, metavar, default, text in reversed(ROWS):
        shown = f"{text}  [{default}]" if default is not None else text
        function = click.option(f"--{name}", name, metavar=metavar, help=shown)(function)
    return function
