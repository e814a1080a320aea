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
from collections.abc import AsyncIterator, Sequence
from typing import IO

from mockseg.client.client import AsyncServer
from mockseg.conformance.check import Trial
from mockseg.conformance.contract import CliResult, E2eConfig, input_document, read_result
from mockseg.conformance.evidence import Evidence, Outcome, evidence_of
from mockseg.errors import ConfigError, OperationError
from mockseg.listening import without_proxy
from mockseg.printable import printable

_LONGEST_STDOUT = 1_000_000
_LONGEST_STDERR = 2_000
# Why a program cannot be started now, but perhaps in another run: too many processes, too
# little memory, an input that is too long. All other reasons are the same in every run.
_PASSING = frozenset({errno.E2BIG, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
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
        return {**os.environ, **without_proxy(), **self.config.env}

    def check(self) -> None:
        """Look for the program, on the PATH of its environment, before anything is run.

        Raises:
            ConfigError: the program is missing, or not executable.
        """
        program = self.command[0]
        if shutil.which(program, path=self.environment.get("PATH", os.defpath)) is None:
            where = "" if os.path.dirname(program) else " on PATH"  # noqa: PTH120  (as written)
            raise self._unusable(f"no executable file of that name{where}")

    async def run(self, document: str) -> Outcome:
        """Run the CLI; nothing that it started is left when this returns or is cancelled.

        Its output goes to files and not through pipes: whoever inherited a pipe could hold it
        open for ever. It is the first of a process group of its own, and the group is killed.

        Args:
            document: for ``--input``.

        Raises:
            ConfigError: it can never be started, by the system's own reason.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with _two_files() as (out, err):
            try:
                process = await asyncio.create_subprocess_exec(
                    *self.command,
                    "--input",
                    document,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=self.environment,
                    start_new_session=True,
                )
            except ValueError as error:
                raise self._unusable(str(error)) from None
            except OSError as error:
                if error.errno not in _PASSING:
                    raise self._unusable(error.strerror or str(error)) from None
                problem = f"cannot start {self.command[0]}: {error.strerror}"
                return Outcome(None, problem, "", None, 0.0)
            status, problem = await self._wait_for(process)
            stdout = await asyncio.to_thread(_end_of, out, _LONGEST_STDOUT)
            stderr = await asyncio.to_thread(_end_of, err, _LONGEST_STDERR)
        result = read_result(stdout)
        problem = problem or _problem_of(status, stdout, result)
        return Outcome(result, problem, stderr, status, loop.time() - began)

    async def _wait_for(self, process: asyncio.subprocess.Process) -> tuple[int | None, str]:
        """Return its exit status, None and the problem if it did not end in time."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await process.wait(), ""
        except TimeoutError:
            return None, f"it did not end within {self.timeout_seconds:g} s and was killed"
        finally:
            _kill_group(process)
            await asyncio.shield(process.wait())

    def _unusable(self, reason: str) -> ConfigError:
        program = printable(self.command[0], longest=200)
        return ConfigError(f'--cli: cannot start "{program}": {reason}')


@contextlib.asynccontextmanager
async def _two_files() -> AsyncIterator[tuple[IO[bytes], IO[bytes]]]:
    """Two files without a name; they are gone when they are closed."""

    def opened() -> tuple[IO[bytes], IO[bytes]]:
        return tempfile.TemporaryFile(), tempfile.TemporaryFile()

    opening = asyncio.ensure_future(asyncio.to_thread(opened))
    try:
        yield await asyncio.shield(opening)
    finally:
        # Also after a cancellation: the thread opens the files all the same.
        for file in await opening:
            file.close()


def _end_of(file: IO[bytes], longest: int) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - longest))
    return file.read().decode("utf-8", "replace")


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """End what the program started and left, or all of it."""
    if hasattr(os, "killpg"):
        # Its group has the number of its first process as long as it has a process.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def _problem_of(status: int | None, stdout: str, result: CliResult | None) -> str:
    """Say why a run cannot be judged, or return an empty text."""
    end = f"it ended with status {status}"
    if status is not None and status < 0:
        end = f"it was ended by signal {-status}"
    elif result is not None:
        # Some CLIs end with 0 whatever happened: what was printed counts.
        return ""
    last = stdout.rstrip().rpartition("\n")[2][:200]
    said = f'its last line is "{last}"' if last else "it printed nothing"
    return end if result is not None else f"{end}, and printed no result: {said}"


async def try_out(trial: Trial, sdk: Sdk, server: AsyncServer) -> Evidence:
    """Run a trial to its end and return what it left.

    Raises:
        ConfigError: the CLI can never be started.
    """
    source = await server.source(name=trial.name)
    document = input_document(
        write_key=source.write_key,
        api_host=server.url,
        cdn_host=None if sdk.config.auto_settings is False else server.url,
        sequences=trial.sequences,
        config=trial.config,
        dialect=sdk.config.dialect,
    )
    async with contextlib.AsyncExitStack() as faults:
        for fault in trial.faults:
            await faults.enter_async_context(source.faults(**fault))
        outcome = await sdk.run(document)
        # What is still under way after that is judged as it is.
        with contextlib.suppress(OperationError):
            await source.settle(quiet=_QUIET_SECONDS)
    return evidence_of(
        await source.requests(),
        calls=await source.calls(),
        truth=await source.truth(limit=_MOST_MESSAGES),
        outcome=outcome,
        write_key=source.write_key,
        sent=sdk.config.dialect.sequences(trial.sequences),
        hint=sdk.config.dialect.silent,
    )
