"""Runs pytest in forks of a process that has loaded the libraries, which take most of its start.

Each line that is read is a time limit in seconds; for each the exit status of the tests is
written, -1 where they took longer. Nothing of mockseg is loaded before the fork.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import NoReturn

LIBRARIES = (
    *("aiohttp.web", "blockbuster", "hypothesis.strategies", "jsonschema", "jsonschema_rs"),
    *("msgspec", "pytest", "_pytest.pytester", "pytest_aiohttp.plugin", "pytest_asyncio.plugin"),
)
STATUS = os.dup(1)


def _over(number: int, frame: object) -> NoReturn:
    raise TimeoutError


def run(arguments: list[str], *, seconds: float) -> int:
    """Return the exit status of pytest with these arguments; -1 over the time limit."""
    child = os.fork()
    if child == 0:
        os.setsid()
        sys.argv = ["pytest", *arguments]
        status = 3
        try:
            status = int(importlib.import_module("pytest").main(arguments))
            sys.stdout.flush()
        finally:
            # Without what an interpreter does at its end.
            os._exit(status)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except TimeoutError:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return -1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Load the libraries, and run the tests once for each line."""
    os.dup2(2, 1)
    signal.signal(signal.SIGALRM, _over)
    for name in LIBRARIES:
        importlib.import_module(name)
    if any(name.partition(".")[0] == "mockseg" for name in sys.modules):
        sys.exit("mockseg is loaded before the fork: its mutants would not be")
    for line in sys.stdin:
        os.write(STATUS, b"%d\n" % run(sys.argv[1:], seconds=float(line)))


if __name__ == "__main__":
    main()
