"""A UserGuiding to send calls and requests to."""

from __future__ import annotations

import base64
import random

import pytest

from mockseg import json_types
from mockseg.destinations.userguiding import UserGuiding, UserGuidingSetup
from mockseg.destinations.vendor import VendorRequest

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND
BASIC = "Basic " + base64.b64encode(b"key:").decode()


class Bench:
    """One destination, and short ways to send."""

    def __init__(self, **setup):
        self.imitation = UserGuiding(UserGuidingSetup(**setup), key="key", random=random.Random(1))

    def ask(self, method, path, body=b"", *, headers=None, query=(), at=0.0):
        """Send a request, so many seconds after noon."""
        if headers is None:
            at_inlet = path == "/segment"
            headers = {"Authorization": BASIC} if at_inlet else {"ug-api-key": "key"}
        return self.imitation.answer(
            VendorRequest(
                method=method,
                path=path,
                received_ns=NOON + round(at * SECOND),
                headers=tuple(headers.items()),
                query=tuple(query),
                body=body if isinstance(body, bytes) else json_types.encode(body),
            )
        )

    def identify(self, user_id="u1", *, settings=None, **traits):
        """Post an identify call."""
        headers = {"Authorization": BASIC}
        if settings is not None:
            headers["X-Segment-Settings"] = settings
        message = {"type": "identify", "userId": user_id, "traits": traits}
        return self.ask("POST", "/segment", message, headers=headers)

    def track(self, event="Visited Products Page", **more):
        """Post a track call."""
        message = {"type": "track", "userId": "u1", "event": event, **more}
        return self.ask("POST", "/segment", message)

    @property
    def state(self):
        """The state."""
        return self.imitation.state()


@pytest.fixture
def make():
    """Make a destination with this setup."""
    return Bench


@pytest.fixture
def guiding():
    """A destination as it is without any setup."""
    return Bench()
