"""``mockseg conform``: the public conformance suite for Segment SDKs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mockseg.cli.flags import Seconds
from mockseg.cli.ndjson import PIPE
from mockseg.cli.noun import Noun
from mockseg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


# A trial mostly waits for the SDK's backoff; starting its CLI takes a core for a moment.
_JOBS_PER_CORE = 4
_MOST_JOBS = 16


def _default_jobs() -> int:
    return min(_MOST_JOBS, _JOBS_PER_CORE * (os.cpu_count() or 1))


def _driving(function: Callable[..., object]) -> Callable[..., object]:
    """Give a command the flags that say how CLIs are run."""
    for option in (
        click.option(
            "--timeout",
            "timeout_seconds",
            type=Seconds(min=1, max=3600),
            default=45.0,
            metavar="SECONDS",
            help="For one run of the CLI, which is killed after it.  [45]",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(1, 64),
            metavar="NUMBER",
            help="Run so many at a time.  [4 a core, 16 at most]",
        ),
    ):
        function = option(function)
    return function


@click.group(name="conform", cls=Noun, invoke_without_command=True)
@click.option("--cli", metavar="COMMAND", help="Runs the SDK: the e2e-cli contract.")
@click.option(
    "--suites",
    metavar="NAMES",
    help="basic, retry, settings, retry-settings.  [the config's, or basic,retry]",
)
@click.option("--config", metavar="FILE", help="The SDK's e2e-config.json.")
@click.option("--only", metavar="ID", multiple=True, help="Only these checks; * stands for any.")
@click.option("--junit", metavar="OUT", help="Write JUnit XML too.")
@click.option("--json", "json_out", metavar="OUT", help="Write JSON too; - writes nothing else.")
@click.option("--list", "listing", is_flag=True, help="List the checks and run nothing.")
@_driving
@click.pass_context
def command(
    context: click.Context,
    *,
    cli: str | None,
    suites: str | None,
    config: str | None,
    only: tuple[str, ...],
    junit: str | None,
    json_out: str | None,
    listing: bool,
    timeout_seconds: float,
    jobs: int | None,
) -> int | None:
    """Judge an SDK by the public suite: what it sends, retries, drops and waits for.

    COMMAND is run for each trial with --input and a JSON document, and prints a JSON
    object last: {"success": true, "sentBatches": 1}. Exit 1 when a check failed.
    """
    if context.invoked_subcommand is not None:
        if cli is not None:
            raise click.UsageError(f"--cli goes after {context.invoked_subcommand}")
        return None
    from mockseg.cli import conform_run
    from mockseg.conformance.contract import suites_of
    from mockseg.conformance.verdicts import chosen

    said = conform_run.read_config(config)
    named = suites_of(suites, place="--suites") if suites is not None else said.suites
    if not named:
        raise ConfigError("--suites names none")
    checks = chosen(named, only=only)
    if listing:
        conform_run.show_list(checks)
        return 0
    if junit == PIPE:
        raise click.UsageError("--junit needs a file: standard output has the report")
    if cli is None:
        raise click.UsageError('which SDK? Name its CLI with --cli "COMMAND"')
    sdk = conform_run.sdk_of(cli, said, timeout_seconds=timeout_seconds)
    return conform_run.judge(
        checks,
        sdk,
        name=said.sdk or cli,
        command=cli,
        jobs=jobs or _default_jobs(),
        junit=junit,
        json_out=json_out,
    )


@command.command(name="matrix")
@click.option(
    "--cli",
    "clis",
    metavar="[NAME=]COMMAND",
    multiple=True,
    required=True,
    help="Runs an SDK; again for more columns.",
)
@click.option("--config", metavar="FILE", help="The e2e-config.json of all of them.")
@click.option("--json", "as_json", is_flag=True, help="The table as one JSON object.")
@_driving
def matrix(
    *,
    clis: tuple[str, ...],
    config: str | None,
    as_json: bool,
    timeout_seconds: float,
    jobs: int | None,
) -> int:
    """Show how often each SDK tries what it is answered: SDK x status.

    Exit 1 when a CLI could not be run.
    """
    from mockseg.cli import conform_run

    said = conform_run.read_config(config)
    sdks = conform_run.columns(clis, said, timeout_seconds=timeout_seconds)
    return conform_run.tabulate(sdks, jobs=jobs or _default_jobs(), as_json=as_json)
