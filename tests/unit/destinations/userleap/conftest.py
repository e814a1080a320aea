"""A UserLeap to send calls and requests to."""

from __future__ import annotations

import base64
import random

import pytest

from mockseg import json_types
from mockseg.destinations.userleap.imitation import UserLeap
from mockseg.destinations.userleap.state import UserLeapSetup
from mockseg.destinations.vendor import VendorRequest

SECOND = 1_000_000_000


class Bench:
    """One destination, a clock that the test moves, and short ways to send."""

    def __init__(self, **setup):
        self.imitation = UserLeap(UserLeapSetup(**setup), key="key", random=random.Random(7))
        self.now_ns = 1_700_000_000 * SECOND

    def after(self, seconds):
        """Move the clock."""
        self.now_ns += round(seconds * SECOND)

    def send(self, message, *, key="key"):
        """Post a message to the Segment inlet."""
        token = base64.b64encode(f"{key}:".encode()).decode()
        return self.ask("POST", "/segment", message, authorization=f"Basic {token}")

    def ask(self, method, path, body=None, *, authorization="API-Key key", query=(), kind=None):
        """Send a request; a body that is not bytes is sent as JSON."""
        headers = () if authorization is None else (("authorization", authorization),)
        if kind is not None:
            headers = (*headers, ("Content-Type", kind))
        sent = body if isinstance(body, bytes) else b"" if body is None else json_types.encode(body)
        return self.imitation.answer(
            VendorRequest(
                method=method,
                path=path,
                received_ns=self.now_ns,
                headers=headers,
                query=tuple(query),
                body=sent,
            )
        )

    def act(self, action, **arguments):
        """Do what the dashboard or the SDK would."""
        return self.imitation.act(action, arguments, now_ns=self.now_ns)

    def identify(self, user_id="u1", traits=None, **more):
        """Send an identify call."""
        traits = {} if traits is None else traits
        return self.send({"type": "identify", "userId": user_id, "traits": traits, **more})

    def track(self, event, user_id="u1", **more):
        """Send a track call."""
        return self.send({"type": "track", "userId": user_id, "event": event, **more})

    def page(self, url=None, user_id="u1", **more):
        """Send a page call."""
        properties = {} if url is None else {"url": url}
        return self.send({"type": "page", "userId": user_id, "properties": properties, **more})

    @property
    def state(self):
        """The state."""
        return self.imitation.state()

    @property
    def users(self):
        """The users."""
        return self.state["users"]


@pytest.fixture
def make():
    """Make a destination with this setup."""
    return Bench


@pytest.fixture
def leap():
    """A destination as it is without any setup."""
    return Bench()
