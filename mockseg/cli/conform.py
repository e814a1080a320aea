from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import click

from mockseg.cli.data_files import PIPE, put
from mockseg.cli.flags import Seconds, json_flag
from mockseg.cli.group import Group
from mockseg.cli.output import decided, say, say_json, say_text, shorten, warn
from mockseg.cli.progress import Progress
from mockseg.conformance.answers import ANSWERS
from mockseg.conformance.check import Check
from mockseg.conformance.contract import E2eConfig, suites_of
from mockseg.conformance.matrix import Cell, Matrix, measure
from mockseg.conformance.runner import Sdk
from mockseg.conformance.verdicts import Report, check_patterns, chosen, run_checks
from mockseg.errors import ConfigError, UnreadableFileError
from mockseg.files import read_bytes
from mockseg.json_types import pretty

T = TypeVar("T")
_LONGEST_LINE = 600
_NAMED = re.compile(r"([A-Za-z][\w.@/+-]{0,60})=(.+)", re.DOTALL)
# A trial mostly waits for the SDK's backoff; starting its CLI takes a core for a moment.
_JOBS_PER_CORE = 4
_MOST_JOBS = 16


def _default_jobs() -> int:
    return min(_MOST_JOBS, _JOBS_PER_CORE * (os.cpu_count() or 1))


def _driving(function: Callable[..., object]) -> Callable[..., object]:
    for option in (
        click.option(
            "--timeout",
            "timeout_seconds",
            type=Seconds(min=1, max=3600),
            metavar="SECONDS",
            help="For one run of the CLI, which is killed after it.  [45, or what its SDK needs]",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(1, 64),
            metavar="NUMBER",
            help="Maximum number of concurrent runs.  [4 a core, 16 at most]",
        ),
    ):
        function = option(function)
    return function


@click.group(name="conform", cls=Group, invoke_without_command=True)
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
    timeout_seconds: float | None,
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
    sdk_config = _read_config(config)
    named = suites_of(suites, place="--suites") if suites is not None else sdk_config.suites
    if not named:
        raise ConfigError("--suites is empty: expected names such as basic,retry")
    checks = chosen(named, only=only)
    if listing:
        _show_list(checks)
        return 0
    if junit == PIPE:
        raise click.UsageError("--junit needs a file: standard output has the report")
    if cli is None:
        raise click.UsageError('no SDK: name its CLI with --cli "COMMAND"')
    sdk = _sdk_of(cli, sdk_config, timeout_seconds=timeout_seconds)
    return judge(
        checks,
        sdk,
        name=sdk_config.sdk or cli,
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
@json_flag("The table as one JSON object.")
@_driving
def matrix(
    *,
    clis: tuple[str, ...],
    config: str | None,
    as_json: bool,
    timeout_seconds: float | None,
    jobs: int | None,
) -> int:
    """Show how often each SDK tries what it is answered: SDK x status.

    Exit 1 when a CLI could not be run.
    """
    sdk_config = _read_config(config)
    sdks = columns(clis, sdk_config, timeout_seconds=timeout_seconds)
    for sdk in sdks.values():
        sdk.check()
    jobs = jobs or _default_jobs()
    found: dict[str, list[Cell]] = {}
    with Progress("measured", total=len(sdks) * len(ANSWERS), noun="answers") as progress:
        for name, sdk in sdks.items():
            found[name] = _run(measure(sdk, jobs=jobs, on_cell=lambda: progress.add(1)))
    table = Matrix(found)
    status = decided(1 if table.problems else 0)
    if as_json:
        say_json(table.as_json(), indented=True)
    else:
        say_text(table.as_text())
    for problem in table.problems:
        warn(_printable(problem))
    return status


def _read_config(file: str | None) -> E2eConfig:
    """Read an ``e2e-config.json``; without one, what holds then.

    Raises:
        ConfigError: it cannot be read, or says what is not allowed.
    """
    if file is None:
        return E2eConfig()
    try:
        content = read_bytes(file)
    except UnreadableFileError as error:
        raise ConfigError(f"--config: {error}") from None
    config = E2eConfig.read(content, place=file)
    check_patterns(config, place=file)
    return config


def _sdk_of(cli: str, config: E2eConfig, *, timeout_seconds: float | None) -> Sdk:
    """Take a command apart.

    Raises:
        ConfigError: it is not a command.
    """
    try:
        parts = shlex.split(cli)
    except ValueError as error:
        raise ConfigError(f"--cli: invalid command {cli[:200]!r}: {error}") from None
    if not parts:
        raise ConfigError("--cli is empty: expected a program and its arguments")
    patience = config.dialect.patience_seconds if timeout_seconds is None else timeout_seconds
    return Sdk(parts, config, patience)


def columns(
    clis: Sequence[str], config: E2eConfig, *, timeout_seconds: float | None
) -> dict[str, Sdk]:
    """Name the columns of a matrix.

    Raises:
        ConfigError: a command is invalid, or two columns have one name.
    """
    found: dict[str, Sdk] = {}
    for cli in clis:
        named = _NAMED.fullmatch(cli)
        name, command = named.groups() if named else (config.sdk or cli, cli)
        if name in found:
            raise ConfigError(f'--cli: two are called "{name[:80]}"; write NAME=COMMAND')
        found[name] = _sdk_of(command, config, timeout_seconds=timeout_seconds)
    return found


def _show_list(checks: Sequence[Check]) -> None:
    suite = ""
    for check in checks:
        if check.suite != suite:
            suite = check.suite
            say(suite)
        say(f"  {check.id:30}  {check.expected}")
        say(f"  {'':30}  {check.source}")


def judge(
    checks: Sequence[Check],
    sdk: Sdk,
    *,
    name: str,
    command: str,
    jobs: int,
    junit: str | None,
    json_out: str | None,
) -> int:
    """Run checks and report; return the exit status.

    Raises:
        ConfigError: the CLI cannot be started.
    """
    sdk.check()
    began, strays = time.monotonic(), list[str]()
    with Progress("checked", total=len(checks), noun="checks") as progress:
        work = run_checks(
            checks,
            sdk,
            jobs=jobs,
            on_verdict=lambda _: progress.add(1),
            on_stray=strays.append,
        )
        verdicts = _run(work)
    report = Report(
        sdk=name,
        command=command,
        verdicts=verdicts,
        spent=time.monotonic() - began,
        strays=strays,
        printable=_printable,
    )
    judged = any(verdict.status != "not applicable" for verdict in verdicts)
    status = decided(1 if report.failed or not judged else 0)
    if junit is not None:
        put(report.as_junit(), junit)
    if json_out is not None:
        put(pretty(report.as_json()) + "\n", json_out)
    if json_out != PIPE:
        say_text(report.as_text())
    if not judged:
        warn("no check is applicable to this SDK, so nothing was judged; see --config")
    return status


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; a signal that stops it also ends the CLIs."""

    async def until_stopped() -> T:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (it runs)
        # Ctrl-C is asyncio's own to turn into a cancellation. Windows knows no handlers.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(until_stopped())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _printable(text: str) -> str:
    return shorten(text, longest=_LONGEST_LINE)
