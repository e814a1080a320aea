"""Moving a journal's log into its file: in a thread, never so that a log is lost or without end."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from journal_files import arrival, copy_of_killed, found_in, hub_of, ids_in

from mockseg.errors import JournalError
from mockseg.journal import checkpoints
from mockseg.journal.checkpoints import Checkpoints
from mockseg.journal.layout import PAGE_BYTES

_PAGE = 10 * PAGE_BYTES


class _Row:
    """What a statement gives."""

    def __init__(self, values):
        self.fetchone = lambda: values


class _Connection:
    """A connection whose checkpoints end when they are let go, with an outcome or an error."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.happened = []
        self.begun, self.released = threading.Event(), threading.Event()

    def execute(self, statement):
        self.begun.set()
        self.released.wait()
        self.happened.append(statement)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return _Row(outcome)

    def close(self):
        self.happened.append("closed")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Let logs of a few hundred kilobytes be long."""
    monkeypatch.setattr(checkpoints, "_AROUND_BYTES", 0)
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", 2 * _PAGE)
    monkeypatch.setattr(checkpoints, "LITTLE_BYTES", _PAGE)
    monkeypatch.setattr(checkpoints, "LONG_BYTES", 6 * _PAGE)
    monkeypatch.setattr(checkpoints, "MOST_BYTES", 9 * _PAGE)


def _threads():
    return [each for each in threading.enumerate() if each.name == "mockseg-checkpoint"]


def test_the_log_is_moved_in_a_thread_when_there_is_enough_in_it():
    """Commits go on meanwhile."""
    beside, writing = _Connection((0, 30, 30)), _Connection()
    moving = Checkpoints(beside)
    moving.committed(2 * _PAGE)
    assert _threads() == []
    moving.committed(_PAGE)
    assert len(_threads()) == 1
    for _ in range(3):
        moving.shorten(writing, must=True)
        moving.committed(_PAGE)
    beside.released.set()
    moving.close()
    assert beside.happened == ["pragma wal_checkpoint(passive)", "closed"]
    assert (_threads(), writing.happened) == ([], [])


def test_none_begins_before_a_commit_that_no_other_may_have_moved():
    """Else the log may be in the file as a whole, and a commit may begin it anew meanwhile."""
    beside, writing = _Connection((0, 30, 30), (0, 60, 60)), _Connection()
    moving = Checkpoints(beside)
    moving.committed(3 * _PAGE)
    moving.shorten(writing, must=True)
    # A transaction begins here, and commits after the checkpoint has ended.
    (thread,) = _threads()
    beside.released.set()
    thread.join()
    moving.committed(3 * _PAGE)
    assert len(beside.happened) == 1
    assert _threads() == []
    moving.shorten(writing, must=True)
    moving.committed(1)
    moving.close()
    assert len(beside.happened) == 3


def test_closing_waits_for_the_thread():
    """A connection is never closed while a thread uses it."""
    beside = _Connection((0, 30, 30))
    moving = Checkpoints(beside)
    moving.committed(3 * _PAGE)
    beside.begun.wait()
    closer = threading.Thread(target=moving.close)
    closer.start()
    assert beside.happened == []
    beside.released.set()
    closer.join()
    assert beside.happened == ["pragma wal_checkpoint(passive)", "closed"]


def test_a_long_log_is_moved_by_who_commits_when_little_is_left():
    """So it begins anew, and no commit waits for much of it."""
    beside, writing = _Connection((0, 60, 60)), _Connection((0, 61, 61))
    beside.released.set()
    writing.released.set()
    moving = Checkpoints(beside)
    moving.committed(6 * _PAGE)
    for thread in _threads():
        thread.join()
    moving.committed(_PAGE // 2)
    moving.shorten(writing, must=True)
    assert len(writing.happened) == 1
    # It is short again.
    moving.committed(_PAGE)
    moving.shorten(writing, must=True)
    assert len(writing.happened) == 1
    moving.close()


def test_the_longest_log_waits_for_the_thread():
    """However slow the disk is, the log has an end."""
    beside, writing = _Connection((0, 30, 30)), _Connection((0, 90, 90))
    writing.released.set()
    moving = Checkpoints(beside)
    moving.committed(3 * _PAGE)
    moving.committed(6 * _PAGE)
    writer = threading.Thread(target=moving.shorten, args=(writing,), kwargs={"must": True})
    writer.start()
    assert writing.happened == []
    beside.released.set()
    writer.join()
    assert len(beside.happened) == len(writing.happened) == 1
    moving.close()


def test_a_checkpoint_that_fails_is_told_when_the_log_may_not_grow():
    """Until then every commit is in the log, where a start finds it; clearing is never refused."""
    full = sqlite3.OperationalError("database or disk is full")
    beside, writing = _Connection(full), _Connection(full, full, (0, 90, 90))
    beside.released.set()
    writing.released.set()
    moving = Checkpoints(beside)
    moving.committed(3 * _PAGE)
    moving.wait()
    moving._log_bytes = 9 * _PAGE
    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        moving.shorten(writing, must=True)
    moving.shorten(writing, must=False)
    # There is room again.
    moving.shorten(writing, must=True)
    assert (moving._log_bytes, moving._behind_bytes) == (0, 0)
    moving.close()


def test_where_no_thread_can_begin_the_log_is_moved_without_one(monkeypatch):
    """A process may have as many threads as it is allowed."""

    def refuses(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuses)
    beside, writing = _Connection(), _Connection((0, 90, 90))
    writing.released.set()
    moving = Checkpoints(beside)
    moving.committed(8 * _PAGE)
    moving.shorten(writing, must=True)
    assert writing.happened == []
    moving.committed(_PAGE)
    moving.shorten(writing, must=True)
    assert len(writing.happened) == 1
    moving.close()


async def test_whatever_is_killed_between_checkpoints_has_what_was_answered(tmp_path, monkeypatch):
    """Checkpoints in the thread, logs that begin anew: nothing is lost, and the log has an end."""
    monkeypatch.setattr(checkpoints, "_AROUND_BYTES", 3 * PAGE_BYTES)
    file = tmp_path / "journal.db"
    hub = hub_of(file, max_calls=50)
    log, text, largest = file.with_name("journal.db-wal"), "x" * 40_000, 0
    for number in range(200):
        hub.accept(arrival(f"m{number}", text=text))
        await hub.journal.saving
        largest = max(largest, log.stat().st_size)
        if number % 20 == 7:
            hub.journal._file._checkpoints.wait()
            killed = copy_of_killed(file, tmp_path / f"killed{number}")
            assert found_in(killed, max_calls=50) == ids_in(hub)
    # All that was written is 60 of these.
    assert 3 * _PAGE < largest < 20 * _PAGE
    kept = ids_in(hub)
    await hub.finish()
    hub.close()
    assert not log.exists()
    assert found_in(file, max_calls=50) == kept


async def test_a_file_that_a_power_cut_left_in_the_middle_of_a_checkpoint_is_whole(
    tmp_path, monkeypatch
):
    """Whichever pages of the file reached the disk, the log has all of them."""
    monkeypatch.setattr(checkpoints, "LONG_BYTES", 10**9)
    monkeypatch.setattr(checkpoints, "MOST_BYTES", 10**9)
    file = tmp_path / "journal.db"
    hub = hub_of(file)
    before = file.read_bytes()
    for number in range(60):
        hub.accept(arrival(f"m{number}", text="x" * 40_000))
        await hub.journal.saving
    hub.journal._file._checkpoints.wait()
    after = file.read_bytes()
    # Something was moved, and all of it is in the log still.
    assert len(after) > 2 * len(before)
    for kept in (0, 1, 2, 5, len(after) // PAGE_BYTES):
        torn = copy_of_killed(file, tmp_path / f"torn{kept}")
        pages = [
            after[at : at + PAGE_BYTES] if at // PAGE_BYTES % 7 < kept else before[at:][:PAGE_BYTES]
            for at in range(0, len(after), PAGE_BYTES)
        ]
        torn.write_bytes(b"".join(page.ljust(PAGE_BYTES, b"\0") for page in pages))
        assert found_in(torn) == ids_in(hub)
    hub.close()


class _Busy:
    """A connection that cannot begin a transaction so often."""

    def __init__(self, connection, times):
        self._connection, self._times = connection, times

    def execute(self, statement, *args):
        if statement.startswith("begin") and self._times:
            self._times -= 1
            raise sqlite3.OperationalError("database is locked")
        return self._connection.execute(statement, *args)

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.mark.parametrize("moves", [True, False])
async def test_a_commit_that_a_checkpoint_locks_out_begins_again(tmp_path, moves):
    """A checkpoint may lock others out when it begins; another program is told."""
    hub = hub_of(tmp_path / "journal.db")
    file = hub.journal._file
    connection = file._opened
    if moves:
        hub.accept(arrival("a", text="x" * 3 * _PAGE))
        await hub.journal.saving
    file._opened = _Busy(connection, 1)
    hub.accept(arrival("b"))
    if moves:
        await hub.journal.saving
        assert ids_in(hub) == ["a", "b"]
    else:
        with pytest.raises(JournalError, match="database is locked"):
            await hub.journal.saving
        assert ids_in(hub) == []
    file._opened = connection
    hub.close()
