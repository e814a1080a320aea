"""A journal in a file: what outlives a restart, a full disk, damage and other programs."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from journal_files import (
    altered,
    arrival,
    copy_of_killed,
    edited,
    found_in,
    hub_of,
    ids_in,
    perform,
)

from mockseg.clock import breathe
from mockseg.errors import JournalError
from mockseg.journal.upkeep import journal_info


@pytest.fixture(name="file")
def _file(tmp_path):
    return tmp_path / "journal.db"


def test_a_restart_keeps_calls_with_everything_that_is_said_of_them(file):
    """Calls, requests, verdicts and cursors are the same after a restart; none is used again."""
    hub = hub_of(file)
    hub.accept(arrival("a", "b", "a"))
    hub.accept(arrival(source="empty"))
    hub.accept(arrival("cleared", source="other"))
    hub.clear("other")
    before = [call.view() for call in hub.journal.calls_after(0, limit=9)]
    requests = hub.journal.requests_after(0, limit=9)
    minutes = hub.journal.counts().by_time(1)
    hub.close()
    again = hub_of(file)
    assert again.journal.counts().by_time(1) == minutes
    assert [call.view() for call in again.journal.calls_after(0, limit=9)] == before
    assert again.journal.requests_after(0, limit=9) == requests
    assert [source.key for source in again.sources] == ["k", "empty", "other"]
    again.accept(arrival("b", "c"))
    new = again.journal.calls_after(before[-1].cursor, limit=9)
    # The cleared call had the cursor 4.
    assert [(call.cursor, call.verdict) for call in new] == [(5, "dropped"), (6, "accepted")]
    assert again.run == hub.run
    again.close()


def test_what_was_evicted_is_known_after_a_restart(file):
    """Bounds hold over a restart, and nobody takes what was evicted for what never came."""
    hub = hub_of(file, max_calls=10)
    for number in range(30):
        hub.accept(arrival(f"m{number}"))
    lost = hub.sources.lost("k")
    kept = ids_in(hub)
    hub.close()
    again = hub_of(file, max_calls=10)
    assert ids_in(again) == kept
    assert again.sources.lost("k") == lost
    assert lost.calls == 30 - len(kept)
    again.close()


def test_the_ids_of_evicted_calls_are_new_after_a_restart(file):
    """Those of kept calls are not; while the server runs, it knows both."""
    hub = hub_of(file, max_calls=3)
    for id_ in "abcde":
        hub.accept(arrival(id_))
    hub.accept(arrival("a"))
    assert hub.journal.calls_before(None, limit=1)[0].is_duplicate
    kept = [call.message_id for call in hub.journal.calls_before(None, limit=9) if call.good]
    hub.close()
    again = hub_of(file)
    again.accept(arrival("b", kept[0]))
    repeated, evicted = again.journal.calls_before(None, limit=2)
    assert (evicted.message_id, evicted.verdict) == ("b", "accepted")
    assert repeated.is_duplicate
    again.close()


def test_a_part_of_a_batch_stays_a_part(file):
    """A call that was forgotten, or evicted out of its batch, does not come back."""
    hub = hub_of(file, max_calls=4)
    hub.accept(arrival("a", "b", "c", "d"))
    hub.accept(arrival("e"))
    hub.journal.remove(hub.journal.calls_after(0, limit=9)[-2])
    kept = ids_in(hub)
    assert kept[-1] == "e"
    assert "d" not in kept
    hub.close()
    assert found_in(file, max_calls=4) == kept


async def test_an_answer_waits_for_its_commit(file, tmp_path):
    """What was answered is in the file as a kill leaves it; with `off` an answer does not wait."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    assert found_in(copy_of_killed(file, tmp_path / "early")) == []
    await hub.journal.saving
    assert hub.journal.saving is None
    assert found_in(copy_of_killed(file, tmp_path / "answered")) == ["a"]
    hub.close()
    hasty = hub_of(tmp_path / "hasty.db", journal_sync="off")
    hasty.accept(arrival("a"))
    assert hasty.journal.saving is None
    assert found_in(copy_of_killed(tmp_path / "hasty.db", tmp_path / "lost")) == []
    hasty.close()


async def test_one_commit_is_for_all_that_one_turn_recorded(file):
    """Requests of one turn of the event loop wait for the same commit."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    first = hub.journal.saving
    hub.accept(arrival("b"))
    assert hub.journal.saving is first
    await first
    hub.close()
    assert found_in(file) == ["a", "b"]


async def test_a_request_that_is_cancelled_leaves_the_commit_to_the_others(file):
    """All requests of a turn wait for one commit, and each ends with it."""
    hub = hub_of(file)

    async def recorded(message_id):
        hub.accept(arrival(message_id))
        await hub.journal.saving

    cancelled, other = (asyncio.create_task(recorded(each)) for each in "ab")
    await breathe()
    cancelled.cancel()
    await other
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    hub.close()
    assert found_in(file) == ["a", "b"]


@pytest.mark.parametrize("clear", [False, True])
async def test_no_cursor_is_given_out_twice(file, tmp_path, clear):
    """After a kill, too, whether the rows are still there or not."""
    hub = hub_of(file)
    hub.accept(arrival("a", "b"))
    await hub.journal.saving
    if clear:
        hub.clear("k")
        await hub.journal.saving
    copy = copy_of_killed(file, tmp_path / "killed")
    info = await asyncio.to_thread(journal_info, str(copy))
    assert (info.cursor, info.number) == (2, 1)
    hub.close()
    hub = hub_of(copy)
    hub.accept(arrival("c"))
    (call,) = hub.journal.calls_after(2, limit=9)
    assert (call.cursor, call.request.number) == (3, 2)
    hub.close()


class _Failing:
    """A connection that fails at one statement, as a disk or a lack of memory makes it."""

    def __init__(self, connection, *, at):
        self._connection = connection
        self._left = at
        self.failed = False

    def _step(self, name, *args):
        self._left -= 1
        if self._left == 0:
            self.failed = True
            raise sqlite3.OperationalError("disk I/O error")
        return getattr(self._connection, name)(*args)

    def execute(self, *args):
        return self._step("execute", *args)

    def executemany(self, *args):
        return self._step("executemany", *args)

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    def close(self):
        self._connection.close()


async def test_whichever_statement_fails_what_was_answered_is_there_and_the_rest_whole(tmp_path):
    """Statement 1, 2, 3 ... fails: each request is stored whole and answered, or neither."""
    failed = True
    step = 0
    while failed:
        step += 1
        file = tmp_path / f"{step}.db"
        hub = hub_of(file)
        failing = _Failing(hub.journal._file._opened, at=step)
        hub.journal._file._opened = failing
        answered = []
        for batch in (("a", "b"), ("c", "d", "e"), ("f",)):
            hub.accept(arrival(*batch))
            try:
                await hub.journal.saving
            except JournalError:
                continue
            answered += batch
        assert ids_in(hub) == answered
        hub.close()
        assert found_in(file) == answered
        failed = failing.failed
        # What was refused was not lost: it can be sent again, and is new.
        assert answered[-1] == "f" or failed
    assert step > 10


async def test_a_full_disk_refuses_and_recovers_without_a_restart(file):
    """A request that does not fit is refused whole; clearing works, and then requests fit again."""
    hub = hub_of(file)
    connection = hub.journal._file._connection
    (pages,) = connection.execute("pragma page_count").fetchone()
    connection.execute(f"pragma max_page_count = {pages + 20}")
    stored = []
    for number in range(100):
        hub.accept(arrival(f"m{number}", text="x" * 30_000))
        try:
            await hub.journal.saving
        except JournalError as error:
            said = str(error)
            break
        stored.append(f"m{number}")
    assert 0 < len(stored) < 100
    assert said.endswith("clear sources, or free disk space")
    assert ids_in(hub) == stored
    assert hub.journal.count("k") == (len(stored), len(stored))
    hub.clear("k")
    await hub.journal.saving
    # The same messageId again: it was not kept, so it is no duplicate.
    hub.accept(arrival(f"m{len(stored)}", text="x" * 30_000))
    await hub.journal.saving
    (call,) = hub.journal.calls_after(0, limit=9)
    assert call.good
    hub.close()
    assert found_in(file) == [call.message_id]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.__setitem__(slice(68, 72), b"else"), "of another program"),
        (lambda data: data.__setitem__(slice(60, 64), b"\0\0\0\3"), "newer mockseg"),
        (lambda data: data.__setitem__(slice(0, 6), b"abcdef"), "is not an SQLite database"),
        (lambda data: data.__setitem__(slice(20, None), b""), "is not an SQLite database"),
    ],
)
def test_a_file_that_is_not_ours_or_newer_is_refused_and_left_alone(file, change, said):
    """One sentence says what it is, and no byte of it changes."""
    hub_of(file).close()
    before = altered(file, change)
    with pytest.raises(JournalError, match=said) as refusal:
        hub_of(file)
    assert str(refusal.value).startswith(f"journal {file} ")
    assert "\n" not in str(refusal.value)
    assert file.read_bytes() == before


def test_damage_anywhere_is_reported_or_does_no_harm_and_is_never_overwritten(file):
    """Each page and many bodies with a wrong byte: one sentence, or the same calls as before."""
    hub = hub_of(file)
    texts = [f"text {number} " * 30 for number in range(60)]
    for number, text in enumerate(texts):
        hub.accept(arrival(f"m{number}", text=text))
    hub.close()
    whole, ids = file.read_bytes(), [f"m{number}" for number in range(60)]
    said, changed = [], 0
    for place in range(120, len(whole), 997):
        before = altered(file, lambda data, place=place: data.__setitem__(place, data[place] ^ 1))
        try:
            assert found_in(file) == ids
            # It was opened, so it may be written: to no harm.
        except JournalError as error:
            said.append(str(error))
            changed += file.read_bytes() != before
        file.write_bytes(whole)
    assert len(said) > 10
    assert not any("\n" in each for each in said)
    assert not changed
    # What SQLite itself does not see: a byte of a body.
    place = whole.index(b"text 7 ")
    altered(file, lambda data: data.__setitem__(place, ord("T")))
    with pytest.raises(JournalError, match="the checksum of request 8 is wrong"):
        hub_of(file)


def test_two_servers_never_use_one_file(file):
    """The second is refused in one sentence; after the first has ended it is served."""
    hub = hub_of(file)
    with pytest.raises(JournalError, match="is in use by another mockseg"):
        hub_of(file)
    hub.close()
    hub_of(file).close()


def test_only_its_owner_can_read_the_file(file):
    """What users sent is nobody else's."""
    hub_of(file).close()
    assert file.stat().st_mode & 0o077 == 0


async def test_sources_are_set_after_a_restart_as_they_were(file):
    """Plan, settings, name and clocks of a source outlive it, and so does the server's clock."""
    hub = hub_of(file)
    plan = {"rules": [{"type": "TRACK", "key": "Planned", "version": 1, "jsonSchema": {}}]}
    await perform(hub, "create_source", writeKey="k", name="Shop", edge="2018", plan=plan)
    await perform(hub, "create_source", writeKey="gone")
    await perform(hub, "delete_source", writeKey="gone")
    await perform(hub, "set_clock", now="2020-01-01T00:00:00Z", frozen=True)
    await perform(hub, "advance_clock", seconds=60, source="k")
    behaviour, now_ns = hub.sources.get("k").behaviour, hub.sources.get("k").clock.now_ns()
    hub.close()
    again = hub_of(file)
    source = again.sources.get("k")
    assert again.clock.frozen
    assert source.clock.now_ns() == now_ns
    assert (source.behaviour.name, source.behaviour.edge) == ("Shop", "2018")
    assert source.behaviour.plans.judges_as(behaviour.plans)
    assert again.sources.get("gone") is None
    again.accept(arrival("a"))
    (call,) = again.journal.calls_after(0, limit=9)
    assert [finding.code for finding in call.view().findings] == ["unplanned_event"]
    again.close()


async def test_a_source_that_was_only_used_and_then_cleared_is_known_after_a_restart(file):
    """It is open, was made when it was made, and cleared where it was cleared."""
    hub = hub_of(file)
    hub.accept(arrival("a", "b"))
    hub.accept(arrival("c", source="later"))
    hub.clear("k")
    before = await perform(hub, "list_sources", sort="name")
    hub.close()
    again = hub_of(file)
    assert await perform(again, "list_sources", sort="name") == before
    assert [source.write_key for source in before.sources] == ["k", "later"]
    assert again.sources.get("k").cleared == 3
    again.close()


async def test_a_window_stays_open_over_a_restart(file):
    """A messageId from before the window is new in it, after a restart too."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    await perform(hub, "open_window", writeKey="k")
    hub.accept(arrival("b"))
    hub.close()
    again = hub_of(file)
    again.accept(arrival("a", "b"))
    verdicts = [call.verdict for call in again.journal.calls_after(0, limit=9)]
    assert verdicts == ["accepted", "accepted", "accepted", "dropped"]
    again.close()


async def test_an_operation_waits_for_the_file_and_says_when_it_is_full(file):
    """What was cleared stays cleared once it was answered; a full file refuses with 503."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    await perform(hub, "create_source", writeKey="new")
    assert hub.journal.saving is None
    hub.journal._file._opened.execute("pragma query_only = on")
    with pytest.raises(Exception, match="cannot be written") as refusal:
        await perform(hub, "create_source", writeKey="more")
    assert (refusal.value.status, refusal.value.code) == (503, "journal_full")
    hub.close()


async def test_what_is_cleared_leaves_the_file_bit_by_bit(file):
    """A crash while a cleared source is freed brings none of its calls back."""
    hub = hub_of(file)
    for number in range(3000):
        hub.accept(arrival(f"m{number}"))
    await hub.journal.saving
    hub.clear("k")
    await hub.journal.saving
    copy = copy_of_killed(file, file.parent / "crashed")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("select count(*) from requests").fetchone()[0] > 0
    connection.close()
    assert found_in(copy) == []
    with sqlite3.connect(copy) as connection:
        assert connection.execute("select count(*) from requests").fetchone()[0] == 0
    connection.close()
    hub.close()
    assert found_in(file) == []


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("update requests set entry = ?", b"\xc1"),
        ("update requests set entry = ?", None),
        ("update requests set body = ?", "text"),
        ("update requests set crc = ?", None),
        ("update requests set number = ?", 77),
        ("update sources set after = ?", "far"),
        ("update sources set settings = ?", "{}"),
        ("update sources set settings = ?", b"{"),
        ("update sources set settings = ?", b'{"clock": {"offset_ns": "x"}}'),
        ("update meta set value = ? where key = 'cursor'", "x"),
        ("delete from meta where ? is not null", 1),
        ("update meta set value = ? where key = 'number'", 1.5),
    ],
)
async def test_values_that_cannot_be_read_are_one_sentence(file, statement, value):
    """What SQLite takes and mockseg cannot decode is refused; the file is not changed."""
    hub = hub_of(file)
    await perform(hub, "create_source", writeKey="k")
    hub.accept(arrival("a"))
    hub.close()
    edited(file, statement, value)
    before = file.read_bytes()
    with pytest.raises(JournalError, match=r"^journal .*(is damaged|cannot be used)") as refusal:
        hub_of(file)
    assert "\n" not in str(refusal.value)
    if "is damaged" in str(refusal.value):
        assert file.read_bytes() == before


def test_damage_beside_a_log_changes_neither(file, tmp_path):
    """After a kill the file has a log: where the file is damaged, both stay as they are."""
    hub_of(file).close()
    hub = hub_of(file)
    hub.accept(arrival("a"))
    copy = copy_of_killed(file, tmp_path / "killed")
    hub.close()
    log = copy.with_name(copy.name + "-wal")
    assert log.stat().st_size
    before = altered(copy, lambda data: data.__setitem__(slice(100, 4000), b"\xff" * 3900))
    logged = log.read_bytes()
    # The log has newer pages of what it wrote; of the rest, the file's count.
    altered(log, lambda data: data.__setitem__(slice(0, 32), bytes(32)))
    logged = log.read_bytes()
    with pytest.raises(JournalError, match="is damaged"):
        hub_of(copy)
    assert (copy.read_bytes(), log.read_bytes()) == (before, logged)


async def test_a_forgotten_source_is_not_restored(file):
    """What the server forgot to open another source does not come back with its settings."""
    hub = hub_of(file)
    await perform(hub, "create_source", writeKey="k", name="Shop")
    source = hub.sources.get("k")
    hub._forget(source)
    hub.close()
    again = hub_of(file)
    assert again.sources.get("k") is None
    again.close()


async def test_what_a_forgotten_source_had_is_evicted_after_a_restart(file):
    """An assertion on it cannot take it for one that never had a call."""
    hub = hub_of(file)
    hub.accept(arrival("a", "b"))
    source = hub.sources.get("k")
    hub._forget(source)
    hub.close()
    again = hub_of(file)
    lost = (await perform(again, "summary", source="k")).lost
    assert (lost.calls, lost.cursor, lost.inside(after=0)) == (2, 2, True)
    again.close()
