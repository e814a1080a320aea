"""Destinations, deliveries and vendors' state outlive a restart in a journal's file."""

from __future__ import annotations

import json
import sqlite3

import pytest
from journal_files import copy_of_killed

from mockseg.delivery.outgoing import Unanswered
from mockseg.destinations.vendor import VendorRequest, VendorResponse
from mockseg.errors import JournalError

_URL = "https://service.test/hook"
_LONG_SECONDS = 60.0


class Service:
    """A sender to services of the user's own that answers as it is told."""

    def __init__(self, *answers):
        self.sent = []
        self.answers = list(answers)

    async def send(self, request):
        """Answer the next; 200 when nothing else is left."""
        self.sent.append(json.loads(request.body))
        answer = self.answers.pop(0) if self.answers else 200
        return Unanswered(answer) if isinstance(answer, str) else VendorResponse(answer, b"{}")

    async def close(self):
        """Nothing is open."""


class Life:
    """Servers over one file, one after the other."""

    def __init__(self, make, file):
        self._make = make
        self._file = file
        self.machine = None

    def begin(self, *answers, **settings):
        """Start a server."""
        self.machine = self._make(journal=str(self._file), **settings)
        self.hub = self.machine.hub
        self.service = self.hub.destinations.dispatcher.sender = Service(*answers)
        self.ledger = self.hub.destinations.ledger
        self.hub.destinations.dispatcher.start()
        return self

    async def end(self):
        """Stop it as a server is stopped."""
        await self.hub.destinations.dispatcher.close()
        await self.hub.finish()
        self.hub.close()

    async def crash(self, folder):
        """Let go of it; return a life over the file as a kill would have left it."""
        await self.saved()
        file = copy_of_killed(self._file, folder)
        await self.end()
        return Life(self._make, file)

    async def saved(self):
        """Return once all is saved."""
        while self.hub.journal.saving is not None:
            await self.hub.journal.saving

    async def until(self, *states):
        """Return once the deliveries are in these states, oldest first."""
        found = await self.hub.bell.wait_for(
            lambda: [kept.state for kept in self.ledger.page()] == list(states),
            seconds=_LONG_SECONDS,
        )
        assert found, [kept.state for kept in self.ledger.page()]

    async def add(self, type_="webhook", **asked):
        """Connect a destination to the source k."""
        asked = {"type": type_, "source": "k"} | asked
        return await self.machine.perform("add_destination", **asked)


@pytest.fixture(name="life")
def _life(make_machine, tmp_path):
    return Life(make_machine, tmp_path / "journal.db")


def _seen(ledger):
    return [kept.view() for kept in ledger.page(limit=1000)]


async def test_destinations_are_connected_after_a_restart_as_they_were(life):
    """Ids, minted keys, changed settings and order stay; removed ones do not come back."""
    life.begin()
    first = await life.add("userengage", name="CRM")
    await life.add(settings={"url": _URL})
    gone = await life.add("userleap")
    await life.machine.perform("delete_destination", id=gone.id)
    await life.machine.perform("patch_destination", id="webhook-2", enabled=False)
    before = (await life.machine.perform("list_destinations")).destinations
    await life.end()
    life.begin()
    assert (await life.machine.perform("list_destinations")).destinations == before
    more = await life.add("userengage")
    # The third was taken away, and its number is never used again.
    assert more.id == "userengage-4"
    assert more.settings["apiKey"] not in {first.settings["apiKey"], gone.settings["apiKey"]}
    await life.end()


def test_a_startup_file_adds_no_destination_twice(life, tmp_path):
    """What it has is there already after a restart; what is new in it is added."""
    startup = tmp_path / "destinations.json"
    one = {"type": "userengage", "source": "k", "name": "one"}
    startup.write_text(json.dumps({"destinations": [one, one]}))
    life.begin(destinations=str(startup))
    life.hub.close()
    startup.write_text(json.dumps({"destinations": [one, one, one | {"name": "two"}]}))
    life.begin(destinations=str(startup))
    names = [each.asked.name for each in life.hub.destinations.of("k")]
    assert names == ["one", "one", "two"]
    life.hub.close()


async def _use(life, *, users):
    for number in users:
        life.machine.track(userId=f"u{number}", type="identify")
        life.machine.send(
            "/v1/identify",
            {"userId": f"u{number}", "traits": {"email": f"{number}@x.test"}},
            key="k",
        )
    await life.hub.bell.wait_for(lambda: not life.ledger.pending(), seconds=_LONG_SECONDS)


@pytest.mark.parametrize("kind", ["userengage", "userleap", "candu", "userguiding"])
@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_vendor_has_the_state_of_a_server_that_never_stopped(
    life, make_machine, tmp_path, kind, how
):
    """Users, minted ids and the next ids to be minted: as without the restart."""
    steady = Life(make_machine, tmp_path / "steady.db").begin(seed=7)
    life.begin(seed=7)
    for each in (steady, life):
        await each.add(kind)
        await _use(each, users=range(5))
        await each.saved()
    if how == "stopped":
        await life.end()
    else:
        life = await life.crash(tmp_path / "killed")
    life.begin(seed=7)
    states = []
    for each in (steady, life):
        await _use(each, users=range(3, 8))
        view = await each.machine.perform("get_destination_state", id=f"{kind}-1")
        states.append(view.state)
        await each.end()
    assert json.dumps(states[0], sort_keys=True) == json.dumps(states[1], sort_keys=True)
    assert "u7" in json.dumps(states[0])


async def test_actions_and_a_state_that_was_set_are_applied_again(life, tmp_path):
    """What was done at the vendor's page after its state was saved outlives a kill, too."""
    life.begin()
    await life.add("userengage", events={"Known": {}})
    state = (await life.machine.perform("get_destination_state", id="userengage-1")).state
    await life.machine.perform("put_destination_state", id="userengage-1", state=state)
    await life.saved()
    await life.machine.perform("act", id="userengage-1", action="generate_key", arguments={})
    before = (await life.machine.perform("get_destination_state", id="userengage-1")).state
    assert before != state
    life = await life.crash(tmp_path / "killed")
    life.begin()
    after = (await life.machine.perform("get_destination_state", id="userengage-1")).state
    assert after == before
    await life.end()


async def test_what_a_rate_limit_let_through_is_applied_again(life, tmp_path):
    """A limit counts from the restart: none of the requests before it is refused when replayed."""
    life.begin()
    await life.add("userleap", setup={"rateLimit": 3})
    for number in range(5):
        life.machine.send("/v1/identify", {"userId": f"u{number}"}, key="k")
    await life.hub.bell.wait_for(lambda: not life.ledger.pending(), seconds=_LONG_SECONDS)
    before = (await life.machine.perform("get_destination_state", id="userleap-1")).state
    life = await life.crash(tmp_path / "killed")
    life.begin()
    after = (await life.machine.perform("get_destination_state", id="userleap-1")).state
    assert after == before
    await life.end()


async def test_what_waited_to_be_delivered_is_delivered_after_a_restart(life):
    """A retry keeps its moment and its attempts; what was queued is sent; what ended stays."""
    life.begin(503, 400)
    life.hub.clock.advance(0)
    await life.add(settings={"url": _URL}, concurrency=1)
    life.machine.track(userId="u1", event="Tried")
    await life.until("retrying")
    life.machine.track(userId="u2", event="Refused")
    await life.until("retrying", "failed")
    before, places = _seen(life.ledger), (life.ledger.cursor, life.ledger.finished)
    await life.end()
    life.begin()
    assert _seen(life.ledger) == before
    assert (life.ledger.cursor, life.ledger.finished) == places
    (tried,) = life.ledger.page(wanted=lambda kept: kept.state == "retrying")
    await life.machine.perform("advance_clock", seconds=3600)
    await life.until("delivered", "failed")
    assert [message["event"] for message in life.service.sent] == ["Tried"]
    assert [each.status for each in tried.view().attempts] == [503, 200]
    assert tried.finished == 2
    await life.end()


async def test_a_retry_asks_only_the_urls_that_may_be_asked_again(life):
    """Of two URLs one refused for good: after a restart the other is asked, with its backoff."""
    life.begin(400, 503)
    await life.add(settings={"urls": [_URL, f"{_URL}/2"]})
    life.machine.track()
    await life.until("retrying")
    await life.end()
    life.begin("ECONNRESET")
    await life.machine.perform("advance_clock", seconds=3600)
    found = await life.hub.bell.wait_for(
        lambda: len(life.ledger.page()[0].attempts) == 3, seconds=_LONG_SECONDS
    )
    assert found
    attempts = life.ledger.page()[0].view().attempts
    assert [each.url for each in attempts] == [_URL, f"{_URL}/2", f"{_URL}/2"]
    await life.end()


async def test_what_was_queued_and_never_tried_is_routed_and_sent(life):
    """A call, its replay and a deletion that were queued at the kill go out at the next start."""
    life.begin()
    await life.add(settings={"url": _URL})
    # It is stopped before anything is sent.
    life.hub.destinations.dispatcher._closed = True
    life.machine.track(event="E", integrations={"All": False})
    await life.machine.perform("request_deletion", writeKey="k", userId="u9")
    await life.machine.perform("redeliver", source="k", destinations=["webhook-1"])
    await life.end()
    life.begin()
    await life.until("filtered", "delivered", "delivered")
    assert [message["type"] for message in life.service.sent] == ["delete", "track"]
    assert life.service.sent[0]["userId"] == "u9"
    await life.end()


async def test_a_queued_call_that_is_no_longer_kept_fails_with_its_reason(life):
    """It was evicted, so after a restart nobody knows what it was; the ledger says so."""
    life.begin()
    await life.add(settings={"url": _URL})
    life.hub.destinations.dispatcher._closed = True
    life.machine.track()
    life.hub.journal.remove(life.hub.journal.call(1))
    await life.end()
    life.begin()
    await life.until("failed")
    (failed,) = life.ledger.page()
    assert failed.reason == "call_evicted"
    await life.end()


async def test_deliveries_that_were_cleared_or_evicted_do_not_come_back(life):
    """Nor are they forgotten as evidence: what was evicted is known after a restart."""
    life.begin()
    life.ledger._max_deliveries = 5
    await life.add("userengage")
    await life.add("userengage", source="other")
    for number in range(9):
        life.machine.track(userId=f"u{number}")
    await life.hub.bell.wait_for(lambda: not life.ledger.pending(), seconds=_LONG_SECONDS)
    life.machine.track(source="other")
    await life.hub.bell.wait_for(lambda: not life.ledger.pending(), seconds=_LONG_SECONDS)
    evicted, kept = life.ledger.evicted_of("k"), _seen(life.ledger)
    assert evicted[0] > 0
    assert {each.source for each in kept} == {"k", "other"}
    await life.end()
    life.begin()
    assert life.ledger.evicted_of("k") == evicted
    assert _seen(life.ledger) == kept
    life.hub.clear("k")
    cursor = life.ledger.cursor
    await life.end()
    life.begin()
    assert {each.source for each in _seen(life.ledger)} == {"other"}
    assert (life.ledger.evicted_of("k"), life.ledger.cursor) == ((0, 0), cursor)
    life.machine.track()
    await life.hub.bell.wait_for(lambda: not life.ledger.pending(), seconds=_LONG_SECONDS)
    assert life.ledger.page(source="k")[0].cursor == cursor + 1
    await life.end()


async def test_many_cleared_deliveries_are_deleted_bit_by_bit(life, tmp_path):
    """A kill meanwhile brings none of them back."""
    life.begin()
    await life.add("candu")
    for number in range(2500):
        life.machine.send("/v1/track", {"userId": f"u{number}", "event": "E"}, key="k")
    await life.hub.bell.wait_for(lambda: not life.ledger.pending(), seconds=_LONG_SECONDS)
    await life.saved()
    life.hub.clear("k")
    killed = await life.crash(tmp_path / "killed")
    with sqlite3.connect(killed._file) as connection:
        count = "select count(*) from records where kind = 'delivery k'"
        (left,) = connection.execute(count).fetchone()
    connection.close()
    assert left > 0
    killed.begin()
    assert _seen(killed.ledger) == []
    await killed.end()


async def test_a_request_of_a_client_to_a_vendor_is_saved_before_it_is_answered(life, tmp_path):
    """What a REST client did at the vendor outlives a kill, and a disk that was full meanwhile."""
    life.begin()
    connected = await life.add("candu")
    key = connected.settings["apiKey"]

    def identify(user):
        import base64

        credentials = base64.b64encode(f"{key}:".encode()).decode()
        response = life.hub.destinations.receive(
            "candu",
            None,
            VendorRequest(
                method="POST",
                path="/segment",
                received_ns=0,
                headers=(("Authorization", f"Basic {credentials}"),),
                body=json.dumps({"type": "identify", "userId": user}).encode(),
            ),
        )
        assert response.status == 200

    identify("u1")
    await life.saved()
    life.hub.journal._file._opened.execute("pragma query_only = on")
    identify("u2")
    with pytest.raises(JournalError, match="cannot be written"):
        await life.saved()
    life.hub.journal._file._opened.execute("pragma query_only = off")
    identify("u3")
    life = await life.crash(tmp_path / "killed")
    life.begin()
    state = (await life.machine.perform("get_destination_state", id="candu-1")).state
    assert set(state["users"]) == {"u1", "u2", "u3"}
    await life.end()


@pytest.mark.parametrize(
    "change",
    [
        "update records set value = x'00'",
        "update records set number = 7 where kind = 'destination'",
        "update records set value = 'text'",
        "update records set crc = null",
    ],
)
async def test_a_damaged_record_is_one_sentence(life, change):
    """The file is refused, and not changed."""
    life.begin()
    await life.add("userengage")
    await life.end()
    with sqlite3.connect(life._file) as connection:
        connection.execute(change)
    connection.close()
    before = life._file.read_bytes()
    with pytest.raises(JournalError, match="is damaged"):
        life.begin()
    assert life._file.read_bytes() == before
