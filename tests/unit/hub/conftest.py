"""A hub without HTTP, its clock standing still."""

from __future__ import annotations

import msgspec
import pytest
from arrivals import arrival_at

from mockseg.clock import ShiftedClock, SystemClock
from mockseg.config import Settings
from mockseg.domain.timestamps import parse_moment
from mockseg.hub.hub import Hub
from mockseg.operations.table import by_name

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
        return self.outcome(path, body, key=key, **more).answer

    def outcome(self, path, body, *, key="", **more):
        """Send JSON or bytes to a route; give what happens to it."""
        return self.hub.accept(arrival_at(path, body, key=key, **more))

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
        return [call.view() for call in self.hub.journal.calls_after(0, limit=10**6, source=source)]

    def requests(self, source=None):
        """Give all requests, oldest first."""
        return self.hub.journal.requests_after(0, limit=10**6, source=source)

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
