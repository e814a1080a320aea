"""Running a program to its end, or ending it with all that it started."""

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

from mockseg.errors import ConfigError
from mockseg.printable import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence


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


def check_program(command: Sequence[str], *, env: Mapping[str, str]) -> None:
    """Look for a program before anything is run.

    Args:
        command: the program and its arguments.
        env: its whole environment; the program is looked for on its PATH.

    Raises:
        ConfigError: there is no such program, or it is not executable.
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
