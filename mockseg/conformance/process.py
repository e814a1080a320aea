"""Running a program to its end, or ending it with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Ended", "run_program"]

_LONGEST_STDOUT = 1_000_000
_LONGEST_STDERR = 2_000


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """A program that is over.

    Attributes:
        status: its exit status; negative for a signal, None where it did not start, or did
            not end in time.
        problem: why it did not start or end by itself, or empty.
        stdout, stderr: their ends.
        spent: seconds.
    """

    status: int | None
    problem: str
    stdout: str
    stderr: str
    spent: float


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
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    with await asyncio.to_thread(_Output) as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output.stdout,
                stderr=output.stderr,
                env=dict(env),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            return Ended(None, f"{command[0]} cannot be started: {said}", "", "", 0.0)
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

    def __enter__(self) -> _Output:  # noqa: PYI034  (private and final)
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.stderr.close()

    def ends(self) -> tuple[str, str]:
        return _end(self.stdout, _LONGEST_STDOUT), _end(self.stderr, _LONGEST_STDERR)


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
