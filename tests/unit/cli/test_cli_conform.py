"""``mockseg conform matrix``: columns and their names."""

from __future__ import annotations

import pytest

from mockseg.cli.conform import columns
from mockseg.conformance.contract import E2eConfig


@pytest.mark.parametrize(
    ("cli", "name", "command"),
    [
        ("python@2.4.0=python cli.py", "python@2.4.0", ["python", "cli.py"]),
        ("node cli.js", "mine", ["node", "cli.js"]),
        ("java -Dlevel=off -jar cli.jar", "mine", ["java", "-Dlevel=off", "-jar", "cli.jar"]),
        ("a='my cli' --seed=1", "a", ["my cli", "--seed=1"]),
    ],
)
def test_a_column_has_the_name_that_is_given_or_the_configurations(
    cli: str, name: str, command: list[str]
) -> None:
    """NAME=COMMAND; an equals sign inside of a command is no name."""
    found = columns([cli], E2eConfig(sdk="mine"), timeout_seconds=1)
    assert {name: sdk.command for name, sdk in found.items()} == {name: command}
