"""A program that runs in our place: our terminal, our signals, its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import Final

from mockseg.cli.output import warn
from mockseg.cli.signals import handling
from mockseg.errors import ConfigError

# As shells report a program that a signal ended.
_BY_SIGNAL: Final = 128
_ENDING: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_FORWARDED: Final = (*_ENDING, "SIGUSR1", "SIGUSR2")
# A terminal sends these to every program in its foreground, so the child has them already.
_OF_TERMINAL: Final = ("SIGINT", "SIGQUIT")


async def run_program(
    command: Sequence[str], *, env: Mapping[str, str], grace_seconds: float
) -> int:
    """Run a program with our input and output untouched, and return its status as a shell does.

    Signals that we get are forwarded to it. One that asks it to end is a request: when it has not
    ended after the grace time, or when a second one comes, it is killed.

    Args:
        command: the program and its arguments.
        env: its whole environment.
        grace_seconds: for the program to end by itself after a signal.

    Raises:
        ConfigError: it cannot be started.
    """
    forward = _Forwarder(name=command[0], grace_seconds=grace_seconds)
    # Before it starts: it may be asked to end as soon as it runs.
    with handling(_FORWARDED, forward.receive):
        try:
            process = await asyncio.create_subprocess_exec(*command, env=dict(env))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(f'cannot run "{command[0][:200]}": {reason}') from None
        try:
            forward.begin(process)
            status = await process.wait()
        finally:
            forward.close()
            if process.returncode is None:
                process.kill()
    return status if status >= 0 else _BY_SIGNAL - status


class _Forwarder:
    def __init__(self, *, name: str, grace_seconds: float) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._early: list[signal.Signals] = []
        self._name = os.path.basename(name) or name  # noqa: PTH119 - a name for people
        self._grace_seconds = grace_seconds
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, process: asyncio.subprocess.Process) -> None:
        """Forward to this program from now on, first what came while it was started."""
        self._process = process
        for number in self._early:
            self._forward(process, number)

    def receive(self, number: signal.Signals) -> None:
        self._loop.call_soon_threadsafe(self._take, number)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _take(self, number: signal.Signals) -> None:
        if self._process is None:
            self._early.append(number)
        else:
            self._forward(self._process, number)

    def _forward(self, process: asyncio.subprocess.Process, number: signal.Signals) -> None:
        if number.name in _OF_TERMINAL and _in_foreground():
            return
        if number.name in _ENDING:
            if self._timer is not None:
                _kill(process)
                return
            self._timer = self._loop.call_later(self._grace_seconds, _kill, process)
            warn(
                f"{number.name} forwarded to {self._name}; it is killed when a second signal comes"
                f" or after {self._grace_seconds:g} s"
            )
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _in_foreground() -> bool:
    """Return whether we are in the foreground of a terminal, and with us the program."""
    if not hasattr(os, "tcgetpgrp"):
        # Windows sends Ctrl-C to all programs of a console.
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
