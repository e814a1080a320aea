"""An imitation answers over HTTP what it answers in memory, and has the same state after it."""

from __future__ import annotations

import asyncio
import base64
import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg import json_types
from mockseg.config import Settings
from mockseg.destinations.vendor import VendorRequest
from mockseg.hub.hub import Hub
from mockseg.operations.destinations import AddDestination
from mockseg.web.app import Runner, make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.hub.destinations import Connected

NOW_NS = 1_767_225_600_000_000_000
BASIC = "Basic " + base64.b64encode(b"key:").decode()
TYPES = st.sampled_from(["identify", "track", "page", "group", "alias", "screen", "x"])
IDS = st.sampled_from(["u1", "u2", "", "ü /?"])
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["12", "a@b.c", "x"])
OBJECTS = st.dictionaries(st.sampled_from(["email", "plan", "n", "url"]), VALUES, max_size=3)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "userId": IDS,
        "anonymousId": IDS,
        "groupId": IDS,
        "event": st.sampled_from(["E", "F"]),
        "traits": OBJECTS,
        "properties": OBJECTS,
        "attributes": OBJECTS,
        "custom_id": IDS,
        "timestamp": st.sampled_from(["2025-12-31T00:00:00Z", "never"]),
    },
)
PATHS = {
    "userengage": ["/segment", "/api/public/users/", "/api/public/users-by-id/u1/", "/x"],
    "userleap": ["/segment", "/v2/users", "/v2/users/u1", "/v1/users", "/v1/users/u1/events"],
    "userguiding": ["/segment", "/users", "/users/u1", "/sdk/identify", "/sdk/event"],
    "candu": ["/segment", "/api/eventWebhook", "/api/contentMetadata"],
    "webhook": ["/", "/segment", "/a b/ü"],
}
HEADERS = [
    {"Authorization": BASIC},
    {"Authorization": "Token key", "Accept": "*/*; version=2"},
    {"Authorization": "API-Key key"},
    {"UG-API-KEY": "key"},
    {},
]


class Twins:
    """A server with a destination of each kind, whose imitations can be copied."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.hub = Hub(Settings(seed=1))
        self._app = Runner(make_app(self.hub))
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Start the server."""
        await self._app.setup()
        await web.TCPSite(self._app, "127.0.0.1", 0).start()
        host, port = self._app.addresses[0][:2]
        self._session = aiohttp.ClientSession(f"http://{host}:{port}")
        self.base = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop it."""
        assert self._session is not None
        await self._session.close()
        await self._app.cleanup()

    def connect(self, kind: str) -> Connected:
        """Connect a fresh destination, whose time stands still."""
        for old in self.hub.destinations.of("k"):
            self.hub.destinations.remove(old)
        connected = self.hub.destinations.add(
            AddDestination(type=kind, source="k", settings=_settings(kind))
        )
        connected.source.clock.set(NOW_NS, frozen=True)
        return connected

    async def send(self, path: str, request: VendorRequest) -> tuple[int, bytes]:
        """Send a request as a client would."""
        assert self._session is not None
        async with self._session.request(
            request.method,
            path + quote(request.path) + ("?" + urlencode(request.query) if request.query else ""),
            data=request.body,
            headers=dict(request.headers),
        ) as answer:
            return answer.status, await answer.read()


def _settings(kind: str) -> dict[str, Any]:
    return {} if kind == "webhook" else {"apiKey": "key"}


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    """Give a server that all examples of this module are thrown at."""
    with asyncio.Runner() as runner:
        made = Twins(runner)
        runner.run(made.open())
        yield made
        runner.run(made.close())


@pytest.mark.parametrize("kind", PATHS)
@settings(max_examples=25)
@given(data=st.data())
def test_over_http_and_in_memory_are_one(twins: Twins, kind: str, data: st.DataObject) -> None:
    """The same requests bring the same answers, byte for byte, and end in the same state."""
    connected = twins.connect(kind)
    assert connected.vendor is not None
    imitation = connected.vendor.imitation
    twin = copy.deepcopy(imitation)
    for _ in range(data.draw(st.integers(1, 4))):
        request = VendorRequest(
            method=data.draw(st.sampled_from(["POST", "GET", "PUT", "DELETE"])),
            path=data.draw(st.sampled_from(PATHS[kind])),
            query=data.draw(st.sampled_from([(), (("cursor", "x"),), (("email", "a@b.c"),)])),
            headers=tuple(data.draw(st.sampled_from(HEADERS)).items()),
            body=json_types.encode(data.draw(MESSAGES)),
            received_ns=NOW_NS,
            base_url=twins.base + connected.path,
        )
        answered = twins.runner.run(twins.send(connected.path, request))
        expected = twin.answer(request)
        assert answered == (expected.status, expected.body)
    assert imitation.state() == twin.state()
