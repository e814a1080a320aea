"""A command with commands below it, such as ``mockseg plan diff``."""

from __future__ import annotations

import click

from mockseg.suggestions import unknown

_UNCUT = 1000


class Noun(click.Group):
    """A group that names the nearest of its commands when it is asked for none of them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the table of commands with whole sentences; click would cut them off."""
        rows = [
            (name, command.get_short_help_str(limit=_UNCUT))
            for name, command in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            ctx.fail(unknown("command", name, self.commands))
        return super().resolve_command(ctx, args)
