"""Driving an SDK: each trial runs the CLI once, on a source of its own, and is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import os
import shutil
import signal
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from mockseg.conformance.contract import input_document, read_result
from mockseg.conformance.evidence import Outcome, evidence_of
from mockseg.errors import ConfigError, OperationError
from mockseg.printable import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mockseg.client.client import AsyncServer
    from mockseg.conformance.check import Trial
    from mockseg.conformance.contract import E2eConfig
    from mockseg.conformance.evidence import Evidence

_LONGEST_STDOUT = 1_000_000
_LONGEST_STDERR = 2_000
# Why a program cannot be started now, but perhaps in another run: too many processes, too
# little memory, an input that is too long. All other reasons are the same in every run.
_PASSING = frozenset({errno.E2BIG, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """A program that is over.

    Attributes:
        status: its exit status; negative for a signal, None where it did not start, or did
            not end in time.
        problem: why it did not start in this run or end by itself, or empty.
        stdout, stderr: their ends.
        spent: seconds.
    """

    status: int | None
    problem: str
    stdout: str
    stderr: str
    spent: float


def _check_program(command: Sequence[str], *, env: Mapping[str, str]) -> None:
    """Look for a program before anything is run.

    Args:
        command: the program and its arguments.
        env: its whole environment; the program is looked for on its PATH.

    Raises:
        ConfigError: the program is missing, or not executable.
    """
    program = command[0]
    if shutil.which(program, path=env.get("PATH", os.defpath)) is None:
        where = "" if os.path.dirname(program) else " on PATH"  # noqa: PTH120  (as it was written)
        raise _unusable(program, f"no executable file of that name{where}")


def _unusable(program: str, reason: str) -> ConfigError:
    return ConfigError(f'--cli: cannot start "{printable(program, longest=200)}": {reason}')


async def run_program(
    command: Sequence[str], *, env: Mapping[str, str], timeout_seconds: float
) -> Ended:
    """Run a program; nothing that it started is left when this returns or is cancelled.

    Its output goes to files and not through pipes: whoever inherited a pipe could hold it
    open for ever. It is the first of a process group of its own, and the group is killed.

    Args:
        command: the program and its arguments, no shell.
        env: its whole environment.
        timeout_seconds: after which it is killed.

    Raises:
        ConfigError: it can never be started, by the system's own reason.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with _output() as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output.stdout,
                stderr=output.stderr,
                env=dict(env),
                start_new_session=True,
            )
        except ValueError as error:
            raise _unusable(command[0], str(error)) from None
        except OSError as error:
            if error.errno not in _PASSING:
                raise _unusable(command[0], error.strerror or str(error)) from None
            return Ended(None, f"cannot start {command[0]}: {error.strerror}", "", "", 0.0)
        status: int | None = None
        problem = ""
        try:
            async with asyncio.timeout(timeout_seconds):
                status = await process.wait()
        except TimeoutError:
            problem = f"it did not end within {timeout_seconds:g} s and was killed"
        finally:
            _kill_group(process)
            await asyncio.shield(process.wait())
        stdout, stderr = await asyncio.to_thread(output.ends)
    return Ended(status, problem, stdout, stderr, loop.time() - began)


class _Output:
    """Two files without a name; they are gone when they are closed."""

    def __init__(self) -> None:
        self.stdout: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed at the exit)
        self.stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115

    def close(self) -> None:
        self.stdout.close()
        self.stderr.close()

    def ends(self) -> tuple[str, str]:
        return _end(self.stdout, _LONGEST_STDOUT), _end(self.stderr, _LONGEST_STDERR)


@contextlib.asynccontextmanager
async def _output() -> AsyncIterator[_Output]:
    opening = asyncio.ensure_future(asyncio.to_thread(_Output))
    try:
        yield await asyncio.shield(opening)
    finally:
        # Also after a cancellation: the thread opens the files all the same.
        (await opening).close()


def _end(file: IO[bytes], longest: int) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - longest))
    return file.read().decode("utf-8", "replace")


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """End what the program started and left, or all of it."""
    if hasattr(os, "killpg"):
        # Its group has the number of its first process as long as anybody is in it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


# What the CLI sent before it ended is read at once; this is for a busy machine.
_QUIET_SECONDS = 0.05
_MOST_MESSAGES = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK under test.

    Attributes:
        command: its CLI, program and arguments; ``--input`` and the document are added.
        config: what its ``e2e-config.json`` says.
        timeout_seconds: for one run of the CLI.
    """

    command: Sequence[str]
    config: E2eConfig
    timeout_seconds: float

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the CLI; a proxy of the machine's must not get in between."""
        local = {}
        for name in ("NO_PROXY", "no_proxy"):
            others = os.environ.get(name, "")
            local[name] = f"127.0.0.1,localhost,{others}" if others else "127.0.0.1,localhost"
        return {**os.environ, **local, **self.config.env}

    def check(self) -> None:
        """Look for the program before anything is run.

        Raises:
            ConfigError: the program is missing, or not executable.
        """
        _check_program(self.command, env=self.environment)


async def try_out(trial: Trial, sdk: Sdk, server: AsyncServer) -> Evidence:
    """Run a trial to its end and return what it left.

    Raises:
        ConfigError: the CLI can never be started.
    """
    source = await server.source(name=trial.name)
    given = input_document(
        write_key=source.write_key,
        api_host=server.url,
        cdn_host=None if sdk.config.auto_settings is False else server.url,
        sequences=trial.sequences,
        config=trial.config,
    )
    async with contextlib.AsyncExitStack() as faults:
        for fault in trial.faults:
            await faults.enter_async_context(source.faults(**fault))
        ended = await run_program(
            [*sdk.command, "--input", given],
            env=sdk.environment,
            timeout_seconds=sdk.timeout_seconds,
        )
        # What is still under way after that is judged as it is.
        with contextlib.suppress(OperationError):
            await source.settle(quiet=_QUIET_SECONDS)
    return evidence_of(
        await source.requests(),
        calls=await source.calls(),
        truth=await source.truth(limit=_MOST_MESSAGES),
        outcome=_outcome(ended),
        write_key=source.write_key,
    )


def _outcome(ended: Ended) -> Outcome:
    result = read_result(ended.stdout)
    problem = ended.problem
    if not problem and result is None:
        last = ended.stdout.rstrip().rpartition("\n")[2][:200]
        said = f'its last line is "{last}"' if last else "it printed nothing"
        problem = f"{_end_words(ended.status)}, and printed no result: {said}"
    elif not problem and ended.status not in {0, 1}:
        problem = f"{_end_words(ended.status)}; the contract knows 0 and 1"
    return Outcome(result, problem, ended.stderr, ended.status, ended.spent)


def _end_words(status: int | None) -> str:
    if status is not None and status < 0:
        return f"it was ended by signal {-status}"
    return f"it ended with status {status}"
