"""A flag that takes one of a few words."""

from __future__ import annotations

from typing import Any

import click

from mockseg.suggestions import unknown


class OneOf(click.Choice[str]):
    """A choice that names the nearest word when it is given another."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        """Say what is wrong with a word."""
        return unknown("value", value, map(str, self.choices))
