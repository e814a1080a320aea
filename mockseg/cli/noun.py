"""A command with commands below it, such as ``mockseg plan diff``."""

from __future__ import annotations

import click

from mockseg.suggestions import unknown

__all__ = ["Noun"]


class Noun(click.Group):
    """A group that names the nearest of its commands when it is asked for none of them."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            ctx.fail(unknown("command", name, self.commands))
        return super().resolve_command(ctx, args)
