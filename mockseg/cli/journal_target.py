"""The file of a journal, asked as a server is that was started with it."""

from __future__ import annotations

import asyncio
import sys
from typing import TypeVar

import msgspec

from mockseg.cli.target import Target
from mockseg.config import Settings
from mockseg.journal.creation import refuse_unwritten

_R = TypeVar("_R", bound=msgspec.Struct)


class JournalTarget(Target):
    """A journal's file that no server uses. Nothing of it is evicted, and nothing is delivered.

    Args:
        file: its path.
        create: whether it is created if missing.

    Raises:
        JournalError: it is missing, cannot be used, or a server uses it.
    """

    def __init__(self, file: str, *, create: bool = False) -> None:
        # A hub is a server's: a command that asks one over HTTP starts without it.
        from mockseg.hub.hub import Hub

        if not create:
            refuse_unwritten(file)
        self.url = file
        self.served_at = None
        self.ca = None
        self._hub = Hub(
            Settings(
                journal=file,
                max_calls=sys.maxsize,
                max_requests=sys.maxsize,
                max_bytes=sys.maxsize,
                max_age="3660d",
            )
        )
        self._runner = asyncio.Runner()

    def ask(self, operation: str, params: msgspec.Struct, result: type[_R]) -> _R:
        """Perform one operation of the table; ``result`` is the type of its answer.

        Raises:
            OperationError: it is refused.
        """
        answer = self._runner.run(self._hub.perform(operation, params))
        assert isinstance(answer, result)  # noqa: S101 - the table says so
        return answer

    def close(self) -> None:
        """Let a server use the file again."""
        self._runner.run(self._hub.finish())
        self._hub.close()
        self._runner.close()
