"""``mockseg run -- CMD``: a program against a server of its own, and what it sent, judged."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mockseg.cli.flags import Seconds, server_settings, settings_file
from mockseg.cli.output import log_lines, note, warn
from mockseg.errors import ConfigError, OperationError
from mockseg.json_types import pretty

if TYPE_CHECKING:
    from mockseg.cli.run.judgement import Judgement
    from mockseg.client.allowance import Allowance
    from mockseg.config import Settings
    from mockseg.server import RunningServer


# A server of its own: on this machine alone, on a free port, without TLS.
_FIXED: Final = {"host": "127.0.0.1", "port": "0", "tls": "false", "tls_port": "0"}
_WITHOUT: Final = ("allow_host", "control_token", "state_dir", "tls_cert", "tls_key")
_HOSTS: Final = ("SEGMENT_HOST",)
_WRITE_KEYS: Final = ("SEGMENT_WRITE_KEY",)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    """What the flags say.

    Attributes:
        program: and its arguments.
        hosts, write_keys: names of environment variables.
        allow: what is excused.
        expected: minimum number of calls, or None.
        may_be_empty: whether a run without a call can be good.
        report: file for the judgement as JSON, or None.
        quiet_seconds: for which nothing may come at the end.
        settle_seconds: maximum time until then.
        grace_seconds: for the program to end after a signal.
    """

    program: tuple[str, ...]
    hosts: tuple[str, ...]
    write_keys: tuple[str, ...]
    allow: Allowance
    expected: int | None
    may_be_empty: bool
    report: str | None
    quiet_seconds: float
    settle_seconds: float
    grace_seconds: float


@click.command(name="run", context_settings={"allow_interspersed_args": False})
@click.argument("program", metavar="-- CMD [ARGUMENTS]", nargs=-1, required=True)
@click.option(
    "--env-host",
    metavar="NAME",
    multiple=True,
    help=f"Environment variable for the server's address; may be repeated.  [{_HOSTS[0]}]",
)
@click.option(
    "--env-write-key",
    metavar="NAME",
    multiple=True,
    help=f"Environment variable for the write key; may be repeated.  [{_WRITE_KEYS[0]}]",
)
@click.option(
    "--allow",
    metavar="CODE",
    multiple=True,
    help="Do not fail for this code of a finding, verdict, or `refused`; may be repeated.",
)
@click.option(
    "--expect-calls",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Fail when fewer calls were recorded.",
)
@click.option("--allow-empty", is_flag=True, help="Do not fail when nothing was recorded.")
@click.option("--report", metavar="FILE", help="Write the judgement to FILE as JSON.")
@click.option(
    "--quiet-for",
    type=Seconds(min=0, max=3600),
    default=0.1,
    metavar="SECONDS",
    help="After CMD, wait until nothing comes for this long.  [0.1s]",
)
@click.option(
    "--settle",
    type=Seconds(min=0, max=3600),
    default=5.0,
    metavar="SECONDS",
    help="Maximum time for that, and for deliveries that are under way.  [5s]",
)
@click.option(
    "--grace",
    type=Seconds(min=0, max=86_400),
    default=10.0,
    metavar="SECONDS",
    help="Time for CMD to end after a signal, before it is killed.  [10s]",
)
@server_settings(_FIXED, without=_WITHOUT)
def command(*, settings: Settings, program: tuple[str, ...], **flags: Any) -> int:
    """Run CMD against a server of its own, then judge what it sent.

    The server's address and a fresh write key are in CMD's environment. CMD has this terminal
    to itself; signals are forwarded to it. The judgement goes to standard error.

    Exit status: that of CMD if it is not 0; else 1 when a call was bad, a request was refused,
    or nothing was recorded; 2 when CMD cannot be run.
    """
    from mockseg.server import RunningServer

    asked = _Asked(
        program=program,
        hosts=_names(flags["env_host"], "--env-host") or _HOSTS,
        write_keys=_names(flags["env_write_key"], "--env-write-key") or _WRITE_KEYS,
        allow=_allowance(flags["allow"]),
        expected=flags["expect_calls"],
        may_be_empty=flags["allow_empty"],
        report=flags["report"],
        quiet_seconds=flags["quiet_for"],
        settle_seconds=flags["settle"],
        grace_seconds=flags["grace"],
    )
    if asked.report is not None:
        # Not after the run, whose judgement would be lost.
        _write(asked.report, "")
    if (file := settings_file()) is not None:
        warn(f"settings are read from {file}")
    # Made before the loop runs, because it reads files.
    with log_lines():
        status, judgement = asyncio.run(_run(RunningServer(settings), asked))
    for line in judgement.lines():
        note(*line)
    if asked.report is not None:
        _write(asked.report, pretty({"status": status, **judgement.as_json()}) + "\n")
    return status or (0 if judgement.fine else 1)


async def _run(running: RunningServer, asked: _Asked) -> tuple[int, Judgement]:
    from mockseg.cli.run.program import run_program
    from mockseg.operations.sources import CreateSource

    await running.start()
    try:
        source: Any = await running.hub.perform("create_source", CreateSource(name="run"))
        given = dict.fromkeys(asked.hosts, running.url)
        given |= dict.fromkeys(asked.write_keys, source.write_key)
        env = {**os.environ, **given, "MOCKSEG_URL": running.url, **_without_proxy()}
        status = await run_program(asked.program, env=env, grace_seconds=asked.grace_seconds)
        if status:
            warn(f"{asked.program[0]} ended with status {status}")
        return status, await _judgement(running, asked, given)
    finally:
        await running.stop()


async def _judgement(running: RunningServer, asked: _Asked, given: dict[str, str]) -> Judgement:
    """Wait until all that the program sent is recorded, and judge it."""
    from mockseg.cli.run.judgement import judge
    from mockseg.operations.calls import Settle

    unsettled = None
    try:
        settle = Settle(quiet=asked.quiet_seconds, timeout=asked.settle_seconds)
        await running.hub.perform("settle", settle)
    except OperationError as refusal:
        unsettled = refusal.message
    shown = " and ".join(f"{name}={value}" for name, value in given.items())
    judgement = await judge(
        running.hub,
        allow=asked.allow,
        expected=asked.expected,
        may_be_empty=asked.may_be_empty,
        nothing=f"nothing was recorded; {asked.program[0]} had {shown}: does it read them (see"
        " --env-host and --env-write-key), and does its SDK flush? --allow-empty allows this",
    )
    if unsettled is not None:
        return dataclasses.replace(judgement, problems=(*judgement.problems, unsettled))
    return judgement


def _without_proxy() -> dict[str, str]:
    """Return variables that keep a proxy of the environment away from this machine's address."""
    local = "127.0.0.1,localhost"
    return {
        name: ",".join(filter(None, (os.environ.get(name), local)))
        for name in ("NO_PROXY", "no_proxy")
    }


def _names(given: tuple[str, ...], flag: str) -> tuple[str, ...]:
    """Check names of environment variables.

    Raises:
        ConfigError: one is invalid.
    """
    for name in given:
        if not _VARIABLE.fullmatch(name):
            raise ConfigError(
                f'invalid {flag} "{name[:100]}": expected the name of an environment variable,'
                " such as SEGMENT_HOST"
            )
    return given


def _allowance(words: tuple[str, ...]) -> Allowance:
    """Read ``--allow``.

    Raises:
        ConfigError: a word is unknown.
    """
    from mockseg.client.allowance import Allowance, allowed_words
    from mockseg.suggestions import unknown

    known = allowed_words()
    for word in words:
        if word not in known:
            raise ConfigError(f"--allow: {unknown('code', word, sorted(known))}")
    return Allowance(frozenset(words))


def _write(file: str, text: str) -> None:
    """Write a report.

    Raises:
        ConfigError: it cannot be written there.
    """
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror or error}") from None
