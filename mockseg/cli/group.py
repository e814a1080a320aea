"""A group of commands, such as ``mockseg plan``, that suggests the nearest for an unknown name."""

from __future__ import annotations

import click

from mockseg.suggestions import unknown

_UNCUT = 1000


class Group(click.Group):
    """A group whose help shows whole sentences, and whose errors suggest the nearest command."""

    # Where all commands are listed, if an error does not list them.
    see = ""

    def short_helps(self) -> dict[str, str]:
        return {
            name: command.get_short_help_str(limit=_UNCUT)
            for name, command in self.commands.items()
        }

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(self.short_helps().items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        known = self.short_helps()
        # A shell that asks for completions is told nothing about words that are still being typed.
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(unknown("command", name, known, see=self.see))
        return super().resolve_command(ctx, args)
