"""A server with a journal's file, restarted at any moment, answers as one that never stops."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from arrivals import batch_arrival
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from journal_files import copy_of_killed

from mockseg import json_types
from mockseg.clock import ShiftedClock, SystemClock
from mockseg.config import Settings
from mockseg.errors import OperationError
from mockseg.hub import hub as hubs
from mockseg.hub import saved_destinations
from mockseg.hub.hub import Hub
from mockseg.journal import segmented
from mockseg.journal.ballast import Ballast
from mockseg.journal.durable import DurableJournal
from mockseg.operations.table import OPERATIONS, by_name

# A busy machine is no finding: each step waits for a disk.
pytestmark = pytest.mark.timeout(600)

_NOON_NS = 1_767_268_800_000_000_000
_LONG_SECONDS = 60.0
_KEYS = ("a", "b")
# What is done at each vendor that mockseg imitates.
_ACTIONS = {
    "userengage": ("trust_domain", {"domain": "shop.test"}),
    "userleap": ("define_event", {"name": "Defined"}),
    "candu": ("set_content", {"content": {"c1": {"name": "Tour"}}}),
    "userguiding": ("delete_user", {"user": "u1"}),
}

# What changes only things of one run of a server.
_OF_A_RUN = {
    "add_fault",
    "change_audience",
    "clear_faults",
    "mark_asserted",
    "release_held",
    "wait_vendor_requests",
}
# What the machine performs.
_PERFORMED = {
    "act",
    "add_destination",
    "advance_clock",
    "clear_call",
    "clear_calls",
    "create_source",
    "delete_destination",
    "delete_source",
    "import_calls",
    "open_window",
    "patch_destination",
    "patch_source",
    "put_destination_state",
    "put_plan",
    "redeliver",
    "request_deletion",
    "set_clock",
}
_ALL_MATCH = {"count": {"min": 1}, "timeout": 0}


def _questions(hub):
    """Yield all that is asked of both after a restart, by what the one that never stops has."""
    yield "health", {}
    for more in ({}, {"source": "a"}, {"good": False}, {"where": 'event = "E2"'}, {"q": "E1"}):
        yield "list_calls", {"limit": 1000} | more
    yield "list_calls", {"event": "E1", "userId": "u1", "limit": 2, "order": "newest"}
    yield "call_rows", {"total": True}
    yield "call_counts", {"facets": "event"}
    yield "list_requests", {"limit": 1000}
    yield "list_requests", {"source": "b", "after": 3}
    yield "list_sources", {"counts": True, "sort": "name"}
    yield "list_deliveries", {"limit": 1000}
    yield "list_destinations", {}
    yield "get_clock", {}
    yield "summary", {}
    yield "validate_messages", {"messages": [_call(1), {"type": "track"}], "source": "a"}
    for key in _KEYS:
        for name in ("get_source", "get_coverage"):
            yield name, {"writeKey": key}
        if not hub.journal.lost(key).calls:
            # A warehouse that is read before an eviction has what was evicted; a restart has not.
            yield "show_warehouse", {"writeKey": key}
            yield "query_warehouse", {"writeKey": key, "sql": "select count(*) from tracks"}
        for name in ("summary", "get_clock"):
            yield name, {"source": key}
        yield "wait_calls", {"match": {"source": key}} | _ALL_MATCH
        yield "wait_deliveries", {"match": {"source": key}, "count": 1, "timeout": 0}
        yield "explain_calls", {"match": {"source": key, "event": "E9"}}
        yield "settle", {"source": key, "quiet": 0, "timeout": 0}
    for call in hub.journal.calls_before(None, limit=1):
        named = {"id": f"call-{call.cursor}"}
        yield "get_call", named
        yield "copy_call", named | {"form": "curl"}
        yield "copy_calls", {"form": "curl", "ids": [named["id"]]}
    for request in hub.journal.requests_before(None, limit=1):
        yield "get_request", {"id": f"req-{request.number}"}
    for connected in hub.destinations.of(None):
        yield "get_destination", {"id": connected.id}
        yield "get_destination_state", {"id": connected.id}


class Life:
    """One of the two servers."""

    def __init__(self, runner, file, **bounds):
        self._runner = runner
        self._file = file
        self._bounds = bounds
        self.begin()

    def begin(self):
        """Start it; with a file it has what it had before."""
        clock = ShiftedClock(SystemClock())
        clock.set(_NOON_NS, frozen=True)
        journal = None if self._file is None else str(self._file)
        # What a full disk needs is not needed here, and a segment shall close now and then.
        with (
            mock.patch.object(Ballast, "make"),
            mock.patch.object(segmented, "SEGMENT_CALLS", 8),
        ):
            self.hub = Hub(Settings(seed=1, journal=journal, **self._bounds), clock=clock)

    def end(self):
        """Stop it as a server is stopped."""
        self._run(self.hub.destinations.dispatcher.close())
        self._run(self.hub.finish())
        self.hub.close()

    def restart(self, *, killed):
        """Start another over the file as it is when a server ends, or as a kill leaves it."""
        if killed:
            self._run(self._saved())
            folder = self._file.parent / f"{self._file.parent.name}k"
            killed_file = copy_of_killed(self._file, folder)
            self.end()
            self._file = killed_file
        else:
            self.end()
        self.begin()

    async def _saved(self):
        while self.hub.journal.saving is not None:
            await self.hub.journal.saving

    async def _settled(self):
        ledger = self.hub.destinations.ledger
        assert await self.hub.bell.wait_for(lambda: not ledger.pending(), seconds=_LONG_SECONDS)
        await self._saved()

    def send(self, key, messages):
        """Record a batch, and let what it brings to destinations be delivered."""
        arrival = batch_arrival(*messages, source=key, headers=(("Host", "h"),))
        return self._run(self._accepted(arrival))

    async def _accepted(self, arrival):
        answer = self.hub.accept(arrival).answer
        await self._settled()
        return answer

    def ask(self, name, /, **asked):
        """Perform an operation; return its result as JSON, or how it was refused."""
        params = msgspec.convert(asked, by_name(name).params)
        return self._run(self._performed(name, params))

    async def _performed(self, name, params):
        try:
            result = await self.hub.perform(name, params)
        except OperationError as error:
            return error.status, error.code, str(error)
        await self._settled()
        return _comparable(json_types.decode(json_types.encode(result)))

    def _run(self, work):
        return self._runner.run(work)


def _comparable(value):
    """Leave out durations, how far the machine's clock went on, and the ids that mockseg mints."""
    if isinstance(value, dict):
        left_out = {"spentMilliseconds", "milliseconds", "offsetSeconds", "clockOffsetSeconds"}
        return {name: _comparable(each) for name, each in value.items() if name not in left_out}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    return "api-" if isinstance(value, str) and value.startswith("api-") else value


class Twins:
    """Both, which do the same and are compared after each restart."""

    def __init__(self, **bounds):
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        file = Path(self._folder.name) / "journal.db"
        self.durable = Life(self._runner, file, **bounds)
        self.memory = Life(self._runner, None, **bounds)
        self._ids = itertools.count(1)
        # Cursors of the calls that were sent with a messageId.
        self._sent = {}

    def end(self):
        """Stop both."""
        for life in (self.durable, self.memory):
            life.end()
        self._runner.close()
        self._folder.cleanup()

    def send(self, key, messages):
        """Send both a batch."""
        cursor = self.memory.hub.journal.cursor
        messages = [self._known(message) for message in messages]
        assert self.durable.send(key, messages) == self.memory.send(key, messages)
        for number, message in enumerate(messages, cursor + 1):
            if isinstance(message, dict):
                self._sent.setdefault(message["messageId"], []).append(number)

    def _known(self, message):
        """Take another messageId where a call that had it is no longer kept.

        A server knows it still; one that was restarted knows those of kept calls.
        """
        if not isinstance(message, dict):
            return message
        kept = self.memory.hub.journal.call
        if all(map(kept, self._sent.get(message["messageId"], ()))):
            return message
        return message | {"messageId": f"n{next(self._ids)}"}

    def perform(self, name, /, **asked):
        """Have both perform an operation; return its result."""
        result = self.memory.ask(name, **asked)
        assert self.durable.ask(name, **asked) == result, name
        return result

    def connect(self, key, kind):
        """Connect a destination, with a key of its own."""
        key_at_vendor = f"key{next(self._ids)}"
        asked = {"type": kind, "source": key, "settings": {"apiKey": key_at_vendor}}
        self.perform("add_destination", **asked)

    def restart(self, *, killed=False):
        """Restart the one that can be, and ask both everything."""
        self.durable.restart(killed=killed)
        for name, asked in _questions(self.memory.hub):
            self.perform(name, **asked)


def _call(event=1, user=1, id_=1, **more):
    """Make a track call; a number may be a duplicate's."""
    return {
        "type": "track",
        "event": f"E{event}",
        "userId": f"u{user}",
        "messageId": f"m{id_}",
    } | more


_SMALL = st.integers(1, 4)
_MESSAGES = st.lists(
    st.one_of(
        st.builds(_call, _SMALL, _SMALL, st.integers(1, 12)),
        st.builds(_call, _SMALL, _SMALL, st.integers(1, 12), properties=st.just({"n": 1e300})),
        st.sampled_from(
            [
                {"type": "track", "messageId": "m0"},
                {"type": "identify", "userId": "u1", "traits": {"a": 1}, "messageId": "m13"},
                7,
            ]
        ),
    ),
    max_size=5,
)
_KEY = st.sampled_from(_KEYS)


class TwinMachine(RuleBasedStateMachine):
    """Everything that changes a server, in any order, with restarts and kills between."""

    def __init__(self):
        super().__init__()
        self.twins = None

    @initialize(calls=st.integers(3, 30), requests=st.integers(3, 30))
    def begin(self, calls, requests):
        """Make both with these bounds."""
        self.twins = Twins(max_calls=calls, max_requests=requests)

    @rule(key=_KEY, messages=_MESSAGES)
    def send(self, key, messages):
        """Record calls: good, bad, duplicates; the oldest are evicted."""
        self.twins.send(key, messages)

    @rule(key=_KEY, number=_SMALL)
    def import_calls(self, key, number):
        """Record a call that another server had."""
        message = _call(number, id_=f"i{next(self.twins._ids)}")
        calls = [{"source": key, "message": message, "receivedAt": "2025-12-31T00:00:00Z"}]
        self.twins.perform("import_calls", calls=calls)

    @rule(killed=st.booleans())
    def restart(self, killed):
        """Stop or kill one, and start it again."""
        self.twins.restart(killed=killed)

    @rule(key=st.sampled_from([None, *_KEYS]))
    def clear(self, key):
        """Clear a source, or all."""
        self.twins.perform("clear_calls", **({"all": True} if key is None else {"source": key}))

    @rule(number=st.integers(1, 20))
    def clear_one(self, number):
        """Forget one call, if there is one with this id."""
        self.twins.perform("clear_call", id=f"call-{number}")

    @rule(key=_KEY, name=st.sampled_from(["", "shop"]), dedup=st.sampled_from(["source", "server"]))
    def set_source(self, key, name, dedup):
        """Open a source, or change it."""
        self.twins.perform("create_source", writeKey=key, name=name)
        self.twins.perform("patch_source", writeKey=key, dedup=dedup)

    @rule(key=_KEY)
    def open_window(self, key):
        """Let all messageIds of a source be new."""
        self.twins.perform("open_window", writeKey=key)

    @rule(key=_KEY, events=st.sets(_SMALL, max_size=2))
    def plan(self, key, events):
        """Set a source's plan."""
        rules = [
            {"type": "TRACK", "key": f"E{number}", "version": 1, "jsonSchema": {}}
            for number in sorted(events)
        ]
        self.twins.perform("put_plan", writeKey=key, plan={"rules": rules})

    @rule(key=_KEY)
    def delete(self, key):
        """Delete a source with all that belongs to it."""
        self.twins.perform("delete_source", writeKey=key)

    @rule(key=st.sampled_from([None, *_KEYS]), seconds=st.integers(0, 90_000))
    def advance(self, key, seconds):
        """Move a clock; after a day a messageId is no duplicate any more."""
        which = {} if key is None else {"source": key}
        self.twins.perform("advance_clock", seconds=seconds, **which)

    @rule(key=st.sampled_from([None, *_KEYS]), day=st.integers(1, 28))
    def set_clock(self, key, day):
        """Stop a clock at a moment."""
        which = {} if key is None else {"source": key}
        self.twins.perform("set_clock", now=f"2026-02-{day:02}T00:00:00Z", frozen=True, **which)

    @rule(key=_KEY, kind=st.sampled_from(sorted(_ACTIONS)))
    def connect(self, key, kind):
        """Connect a vendor that mockseg imitates."""
        self.twins.connect(key, kind)

    @rule(data=st.data(), enabled=st.booleans(), disconnects=st.booleans())
    def change_destination(self, data, enabled, disconnects):
        """Change a destination or take it away, if there is one."""
        ids = [each.id for each in self.twins.memory.hub.destinations.of(None)]
        if not ids:
            return
        id_ = data.draw(st.sampled_from(ids))
        if disconnects:
            self.twins.perform("delete_destination", id=id_)
        else:
            self.twins.perform("patch_destination", id=id_, enabled=enabled)

    @rule(data=st.data(), user=_SMALL)
    def change_vendor(self, data, user):
        """Set a vendor's state to what another has, act there, and deliver to it again."""
        connected = self.twins.memory.hub.destinations.of(None)
        if not connected:
            return
        chosen = data.draw(st.sampled_from(connected))
        action, arguments = _ACTIONS[chosen.kind.type]
        state = self.twins.perform("get_destination_state", id=chosen.id)["state"]
        self.twins.perform("put_destination_state", id=chosen.id, state=state)
        self.twins.perform("act", id=chosen.id, action=action, arguments=arguments)
        self.twins.perform("redeliver", source=chosen.source.key, destinations=[chosen.id])
        self.twins.perform("request_deletion", writeKey=chosen.source.key, userId=f"u{user}")

    def teardown(self):
        """Restart once more, compare all, and stop both."""
        if self.twins is not None:
            try:
                self.twins.restart(killed=True)
            finally:
                self.twins.end()


TwinMachine.TestCase.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
TestTwin = TwinMachine.TestCase


def test_the_machine_knows_every_operation_that_changes_something():
    """Such an operation is performed, or asked after each restart, or belongs to a run."""
    twins = Twins()
    try:
        twins.send("a", [_call()])
        twins.connect("a", "candu")
        asked = {name for name, _ in _questions(twins.memory.hub)}
    finally:
        twins.end()
    changing = {operation.name for operation in OPERATIONS if operation.changes}
    assert changing <= asked | _PERFORMED | _OF_A_RUN


def _play():
    """Play one life through with everything that a naive journal would lose."""
    twins = Twins(max_calls=6, max_requests=6)
    try:
        twins.perform("create_source", writeKey="a", name="shop")
        twins.connect("a", "candu")
        twins.send("a", [_call(1, 1, 1), _call(2, 2, 2), 7])
        twins.send("b", [_call(1, 1, 3)])
        twins.restart(killed=True)
        # A duplicate of what came before the restart.
        twins.send("a", [_call(1, 1, 1)])
        for number in range(10, 18):
            twins.send("b", [_call(1, 1, number)])
        twins.perform("clear_calls", source="b")
        twins.perform("clear_call", id="call-2")
        twins.perform("advance_clock", seconds=60)
        twins.restart()
        twins.send("a", [_call(3, 3, 30)])
        twins.send("b", [_call(3, 3, 31)])
        # What was cleared is new.
        twins.send("b", [_call(1, 1, 17)])
        twins.restart(killed=True)
    finally:
        twins.end()


def test_a_life_with_restarts_is_the_same():
    """Evictions, clears, duplicates, clocks and vendors: no restart changes an answer."""
    _play()


def _nothing(*_, **__):
    return None


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (DurableJournal, "_mark"),
        (DurableJournal, "remove"),
        (hubs, "save_settings"),
        (saved_destinations.DestinationSaver, "save_delivery"),
        (saved_destinations.DestinationSaver, "_save_destination"),
        (saved_destinations.DestinationSaver, "_save_change"),
    ],
    ids=["marks", "single calls", "settings", "deliveries", "destinations", "vendors' changes"],
)
def test_a_naive_journal_is_found_out(monkeypatch, owner, name):
    """One that does not save what was cleared, set, delivered or changed answers differently."""
    if name == "_mark":
        naive = DurableJournal._mark
        empty = lambda journal, key: msgspec.structs.replace(  # noqa: E731
            naive(journal, key), after=0, calls=0, cursor=0, requests=0, number=0
        )
        monkeypatch.setattr(owner, name, empty)
    elif name == "remove":
        in_memory = DurableJournal.__mro__[1].remove
        monkeypatch.setattr(owner, name, in_memory)
    else:
        monkeypatch.setattr(owner, name, _nothing)
    with pytest.raises(AssertionError):
        _play()
