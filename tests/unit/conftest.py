"""Time that jumps instead of passing."""

from __future__ import annotations

import asyncio
import selectors
import time

import pytest


class _Jumping(selectors.DefaultSelector):
    """Where a loop would wait, its time jumps."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        if not events:
            self.now += max(timeout, 0)
        return events


class _JumpingLoop(asyncio.SelectorEventLoop):
    """A loop without a real clock: whole seconds pass in no time."""

    def __init__(self):
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now

    def run_in_executor(self, _, function, *args):
        """Run it at once: a thread takes real time."""
        done = self.create_future()
        try:
            done.set_result(function(*args))
        except Exception as error:  # noqa: BLE001  (who awaits it gets it)
            done.set_exception(error)
        return done


@pytest.fixture
def run(monkeypatch):
    """Give a function that runs a coroutine in time that jumps instead of passing."""
    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        monkeypatch.setattr(time, "monotonic", runner.get_loop().time)
        yield runner.run
        monkeypatch.undo()


@pytest.fixture(autouse=True)
def _small_ballast(monkeypatch):
    """Let a journal reserve little room: writing 8 MB for each is most of what such tests take."""
    monkeypatch.setattr("mockseg.journal.ballast.BALLAST_BYTES", 64 * 1024)
