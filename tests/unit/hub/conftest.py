"""A hub without HTTP, its clock standing still."""

from __future__ import annotations

import asyncio
import selectors
import time

import msgspec
import pytest

from mockseg import json_types
from mockseg.clock import ShiftedClock, SystemClock
from mockseg.config import Settings
from mockseg.domain.request import Arrival
from mockseg.domain.timestamps import parse_moment
from mockseg.hub.machine import Hub
from mockseg.operations.table import by_name
from mockseg.web.routes import TRACKING

NOON = "2026-01-31T12:00:00.000Z"


class Machine:
    """A hub, and what makes its use short."""

    def __init__(self, **settings):
        clock = ShiftedClock(SystemClock())
        clock.set(parse_moment(NOON) or 0, frozen=True)
        self.clock = clock
        self.hub = Hub(Settings(**({"seed": 1} | settings)), clock=clock)

    def send(self, path, body, *, key="", **more):
        """Send JSON or bytes to a route; give the answer."""
        content = body if isinstance(body, bytes) else json_types.encode(body)
        arrival = Arrival(
            route=TRACKING[path],
            method="POST",
            path=path,
            query="",
            headers=(),
            body=content,
            sent_bytes=len(content),
            key=key,
            **more,
        )
        return self.hub.accept(arrival)

    def track(self, source="k", **fields):
        """Send one good track call, changed by these fields; give it as it is recorded."""
        message = {"userId": "u1", "event": "E"} | fields
        self.send("/v1/track", {k: v for k, v in message.items() if v != ...}, key=source)
        return self.calls(source)[-1]

    def batch(self, *messages, key="k", path="/v1/batch", **shared):
        """Send a batch; give its answer."""
        return self.send(path, {"batch": list(messages), **shared}, key=key)

    def calls(self, source=None):
        """Give all calls as readers see them, oldest first."""
        return [call.view() for call in self.hub.calls_after(0, limit=10**6, source=source)]

    def requests(self, source=None):
        """Give all requests, oldest first."""
        return self.hub.requests_after(0, limit=10**6, source=source)

    async def perform(self, operation, /, **params):
        """Perform an operation of the table with these parameters."""
        asked = msgspec.convert(params, by_name(operation).params)
        return await self.hub.perform(operation, asked)


@pytest.fixture
def machine():
    """Give a machine with default settings."""
    return Machine()


@pytest.fixture
def make_machine():
    """Give a function that makes a machine with these settings."""
    return Machine


@pytest.fixture
def codes():
    """Give a function that tells the codes of a call's findings."""
    return lambda call: [finding.code for finding in call.findings]


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


@pytest.fixture
def run(monkeypatch):
    """Give a function that runs a coroutine in time that jumps instead of passing."""
    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        monkeypatch.setattr(time, "monotonic", runner.get_loop().time)
        yield runner.run
        monkeypatch.undo()
