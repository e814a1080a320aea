"""``mockseg run -- CMD``: a program against a server of its own, and what it sent, judged."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import re
from pathlib import Path
from typing import Any, Final

import click

from mockseg.cli.flags import Seconds, server_settings, settings_file
from mockseg.cli.output import log_lines, note, warn
from mockseg.cli.run.judgement import Judgement, judge
from mockseg.cli.run.program import run_program
from mockseg.cli.target import Target
from mockseg.client.allowance import Allowance, allowed_words
from mockseg.config import Settings
from mockseg.errors import ConfigError, OperationError
from mockseg.json_types import pretty
from mockseg.listening import without_proxy
from mockseg.operations.calls import Settle, Settled
from mockseg.operations.sources import CreateSource
from mockseg.server import RunningServer, event_loop_runner
from mockseg.suggestions import unknown

# A server of its own: on this machine alone, on a free port, without TLS.
_FIXED: Final = {"host": "127.0.0.1", "port": "0", "tls": "false", "tls_port": "0"}
_WITHOUT: Final = ("allow_host", "control_token", "state_dir", "tls_cert", "tls_key")
_HOSTS: Final = ("SEGMENT_HOST",)
_WRITE_KEYS: Final = ("SEGMENT_WRITE_KEY",)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


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
def command(
    *,
    settings: Settings,
    program: tuple[str, ...],
    env_host: tuple[str, ...],
    env_write_key: tuple[str, ...],
    report: str | None,
    **how: Any,
) -> int:
    """Run CMD against a server of its own, then judge what it sent.

    The server's address and a fresh write key are in CMD's environment. CMD has this terminal
    to itself; signals are forwarded to it. The judgement goes to standard error.

    Exit status: that of CMD if it is not 0; else 1 when a call was bad, a request was refused,
    or nothing was recorded; 2 when CMD cannot be run.
    """
    hosts = _names(env_host, "--env-host") or _HOSTS
    write_keys = _names(env_write_key, "--env-write-key") or _WRITE_KEYS
    how["allow"] = _allowance(how["allow"])
    if report is not None:
        # Not after the run, whose judgement would be lost.
        _write(report, "")
    if (file := settings_file()) is not None:
        warn(f"settings are read from {file}")
    # Made before the loop runs, because it reads files.
    running = RunningServer(settings)
    with log_lines(), event_loop_runner(settings) as runner:
        status, judgement = runner.run(_run(running, program, hosts, write_keys, how))
    for line in judgement.lines():
        note(*line)
    if report is not None:
        _write(report, pretty({"status": status, **judgement.as_json()}) + "\n")
    return status or (0 if judgement.fine else 1)


async def _run(
    running: RunningServer,
    program: tuple[str, ...],
    hosts: tuple[str, ...],
    write_keys: tuple[str, ...],
    how: dict[str, Any],
) -> tuple[int, Judgement]:
    """Serve, run the program, and return its status and the judgement.

    Args:
        running: the server, not yet started.
        program: and its arguments.
        hosts: variables for the server's address.
        write_keys: variables for the write key.
        how: the other flags.
    """
    await running.start()
    try:
        source: Any = await running.hub.perform("create_source", CreateSource(name="run"))
        given = dict.fromkeys(hosts, running.url) | dict.fromkeys(write_keys, source.write_key)
        env = {**os.environ, **given, "MOCKSEG_URL": running.url, **without_proxy()}
        status = await run_program(program, env=env, grace_seconds=how["grace"])
        if status:
            warn(f"{program[0]} ended with status {status}")
        shown = " and ".join(f"{name}={value}" for name, value in given.items())
        nothing = (
            f"nothing was recorded; {program[0]} had {shown}: does it read them (see --env-host"
            " and --env-write-key), and does its SDK flush? --allow-empty allows this"
        )
        return status, await asyncio.to_thread(_judgement, running.url, nothing, how)
    finally:
        await running.stop()


def _judgement(url: str, nothing: str, how: dict[str, Any]) -> Judgement:
    unsettled: tuple[str, ...] = ()
    with contextlib.closing(Target(url)) as target:
        try:
            target.ask("settle", Settle(quiet=how["quiet_for"], timeout=how["settle"]), Settled)
        except OperationError as error:
            unsettled = (error.message,)
        judgement = judge(
            target,
            allow=how["allow"],
            expected=how["expect_calls"],
            may_be_empty=how["allow_empty"],
            nothing=nothing,
        )
    return dataclasses.replace(judgement, problems=(*judgement.problems, *unsettled))


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
