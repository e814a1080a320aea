"""Each row of the table of operations names the command and the verb that ask it."""

from __future__ import annotations

import click
import pytest

import mockseg
from mockseg.cli.main import mockseg as root
from mockseg.operations.table import OPERATIONS, Operation
from mockseg.web.openapi import document

ROWS = pytest.mark.parametrize("row", OPERATIONS, ids=[row.name for row in OPERATIONS])


def command(words: str) -> click.Command | None:
    """Return the command of these words."""
    found: click.Command | None = root
    for word in words.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    return found


@ROWS
def test_the_command_of_a_row_is_there(row: Operation) -> None:
    """Groups are no commands: what is named can be called."""
    if row.command is not None:
        assert command(row.command) is not None
        assert not isinstance(command(row.command), click.Group)


@ROWS
def test_the_verb_of_a_row_is_there(row: Operation) -> None:
    """In the blocking class and in the awaitable one."""
    if row.verb is not None:
        owner, name = row.verb.split(".")
        for prefix in ("", "Async"):
            assert callable(getattr(getattr(mockseg, prefix + owner), name))


@ROWS
def test_the_document_names_both(row: Operation) -> None:
    """A reader of the OpenAPI document finds the shorter ways."""
    methods = document()["paths"][f"/_mockseg/v1{row.path}"]
    said = methods[row.method.lower()]["description"]
    assert row.command is None or f"`mockseg {row.command}`" in said
    assert row.verb is None or f"`{row.verb}`" in said
