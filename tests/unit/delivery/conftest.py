"""Calls, destinations and a dispatcher whose clock stands still."""

from __future__ import annotations

import asyncio
import itertools
import json

import msgspec
import pytest
from msgspec import Raw

from mockseg.clock import ShiftedClock, SystemClock
from mockseg.delivery.destination import DestinationSpec, make_destination
from mockseg.delivery.dispatcher import Dispatcher
from mockseg.delivery.filters import FilterSpec
from mockseg.delivery.ledger import Ledger
from mockseg.delivery.outgoing import Unanswered
from mockseg.delivery.retrying import RetryPolicy
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.call import KeptCall
from mockseg.domain.request import Answer, KeptRequest
from mockseg.journal.meter import Meter

NOON_NS = 1_767_268_800_000_000_000
"""2026-01-01T12:00:00Z."""

_CURSORS = itertools.count(1)


def make_call(type_="track", *, remark=None, source="key", **fields):
    """Make a call as the journal keeps it."""
    cursor = next(_CURSORS)
    message = {"type": type_, "userId": "u1"} | fields
    if type_ == "track":
        message.setdefault("event", "Order Completed")
    raw = json.dumps(message).encode()
    request = KeptRequest(
        cursor, source, "POST", "/v1/batch", "", (), raw, len(raw), NOON_NS, Answer(200, b"{}")
    )
    user_id = message["userId"] if isinstance(message["userId"], str) else None
    message_id = message.get("messageId", f"m{cursor}")
    event = message.get("event")
    return KeptCall(cursor, request, 0, Raw(raw), type_, event, user_id, message_id, remark)


def make(kind="userengage", *, receive=None, url=None, source="key", id="d1", **spec):  # noqa: A002
    """Make a destination: an imitation that takes everything, or one at a URL."""
    settings = spec.pop("settings", {})
    spec["filters"] = msgspec.convert(spec.get("filters", []), list[FilterSpec])
    spec["retry"] = RetryPolicy(**spec.get("retry", {}))
    if url is not None:
        settings = {"url": url, **settings}
    return make_destination(
        DestinationSpec(type=kind, settings=settings, **spec),
        id=id,
        source=source,
        receive=receive or Receiver(),
        inlet=f"http://mockseg.test/vendors/{kind}/{id}/segment",
    )


class Receiver:
    """An imitation that keeps what it was asked, and answers one after the other of a list."""

    def __init__(self, *answers):
        self.requests = []
        self.answers = list(answers)

    def __call__(self, request):
        """Answer a request; 200 when nothing else is left."""
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return VendorResponse(answer, b"{}") if isinstance(answer, int) else answer

    @property
    def messages(self):
        """Give the messages that came, oldest first."""
        return [json.loads(request.body) for request in self.requests]


class Wire:
    """A sender that answers as it is told; a test sees what is on the wire and lets it go."""

    def __init__(self):
        self.sent = []
        self.answers = {}
        self.closed = False
        self._held = {}
        self._changed = asyncio.Event()

    def hold(self, *user_ids):
        """Answer nothing to calls of these users until `release`."""
        self._held |= {user_id: asyncio.Event() for user_id in user_ids}

    def release(self, user_id):
        """Let a user's calls be answered."""
        self._held.pop(user_id).set()

    async def until_sent(self, count):
        """Return once so many requests were sent."""
        while len(self.sent) < count:
            self._changed.clear()
            await self._changed.wait()

    async def send(self, request):
        """Answer the next of what was told for this URL; 200 when nothing else is left."""
        self.sent.append(request)
        self._changed.set()
        message = json.loads(request.body)
        held = None if isinstance(message, list) else self._held.get(message.get("userId"))
        if held is not None:
            await held.wait()
        answers = self.answers.get(request.url)
        answer = answers.pop(0) if answers else 200
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            return Unanswered(answer)
        return VendorResponse(answer, b"{}") if isinstance(answer, int) else answer

    async def close(self):
        """Note that it was closed."""
        self.closed = True

    @property
    def events(self):
        """Give the events that were sent, oldest first."""
        return [json.loads(request.body)["event"] for request in self.sent]


class World:
    """A dispatcher with its ledger, on a clock that stands at noon."""

    def __init__(self, **options):
        self.clock = ShiftedClock(SystemClock())
        self.clock.set(NOON_NS, frozen=True)
        self.wire = Wire()
        bounds = {key: options.pop(key) for key in ("max_deliveries",) if key in options}
        self.meter = Meter(options.pop("max_bytes", 10**9))
        self.ledger = Ledger(on_change=self._changed, meter=self.meter, **bounds)
        self._listeners = []
        self.dispatcher = Dispatcher(
            ledger=self.ledger,
            sender=self.wire,
            clock_of=lambda _: self.clock,
            meter=self.meter,
            **options,
        )

    def _changed(self, _):
        for listener in self._listeners:
            listener.set()

    async def until(self, *states):
        """Return once the deliveries are in these states, oldest first."""
        await self._until(lambda: self.states == list(states))

    async def until_attempted(self, count):
        """Return once the oldest delivery has so many attempts."""
        await self._until(lambda: len(self.ledger.page()[0].attempts) >= count)

    async def settled(self, source=None):
        """Return once nothing of a source, or of any, is pending."""
        await self._until(lambda: not self.dispatcher.ledger.pending(source))

    async def _until(self, reached):
        changed = asyncio.Event()
        self._listeners.append(changed)
        while not reached():
            changed.clear()
            await changed.wait()
        self._listeners.remove(changed)

    def advance_to_retry(self):
        """Move the clock to the moment at which the next retry is due."""
        due_ns = min(
            kept.next_ns for kept in self.ledger.page(wanted=lambda kept: kept.state == "retrying")
        )
        self.clock.set(due_ns, frozen=True)

    @property
    def deliveries(self):
        """Give all deliveries as readers see them."""
        return [kept.view() for kept in self.ledger.page(limit=10**6)]

    @property
    def states(self):
        """Give the states of all deliveries, oldest first."""
        return [kept.state for kept in self.ledger.page(limit=10**6)]


@pytest.fixture(name="call")
def _call():
    """Give a function that makes a call as the journal keeps it."""
    return make_call


@pytest.fixture(name="destination")
def _destination():
    """Give a function that makes a destination."""
    return make


@pytest.fixture
def receiver():
    """Give what makes an imitation that answers one after the other of a list."""
    return Receiver


@pytest.fixture
async def world():
    """Give a dispatcher on a clock that stands still; no task of it may be left."""
    made = []

    def another(**options):
        made.append(World(**options))
        return made[-1]

    before = asyncio.all_tasks()
    first = another()
    first.another = another
    yield first
    for each in made:
        await each.dispatcher.close()
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}
