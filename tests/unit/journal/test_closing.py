"""When segments of a journal's file are closed: not while requests come, unless many are due."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from journal_files import arrival, copy_of_killed, found_in, hub_of, ids_in

from mockseg.journal.background import BackgroundWork
from mockseg.journal.closing import Closing
from mockseg.journal.rows import RowReader
from mockseg.operations.calls import ListCalls


class _Segments:
    """Segments that are due, each closed in two steps."""

    def __init__(self, due):
        self.due = due
        self.closed = 0
        self.on_closed = lambda: None
        self.background = BackgroundWork()
        self.closing = Closing(lambda: self.due, close=self._close, background=self.background)

    def _close(self):
        if not self.due:
            return False
        yield
        self.due -= 1
        self.closed += 1
        self.on_closed()
        yield
        return True


async def _timers():
    """Return when timers without a delay have run."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0, passed.set)
    await passed.wait()


@pytest.fixture(name="file")
def _file(tmp_path, monkeypatch):
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 8)
    return tmp_path / "journal.db"


@pytest.fixture(name="busy")
def _busy(monkeypatch):
    """Let no loop seem idle."""
    monkeypatch.setattr("mockseg.journal.closing.IDLE_SECONDS", 3600)


@pytest.fixture(name="idle")
def _idle(monkeypatch):
    """Let a loop seem idle at once."""
    monkeypatch.setattr("mockseg.journal.closing.IDLE_SECONDS", 0)


@pytest.mark.usefixtures("idle")
async def test_what_is_due_is_closed_when_nothing_is_saved_for_a_while():
    """What is idle does what was put off."""
    segments = _Segments(3)
    segments.closing.saved()
    assert segments.closed == 0
    await _timers()
    await segments.background.done()
    assert segments.closed == 3


@pytest.mark.usefixtures("busy")
async def test_nothing_is_closed_between_requests():
    """Requests do not wait for what can be done later."""
    segments = _Segments(31)
    for _ in range(5):
        segments.closing.saved()
        await _timers()
    assert (segments.closed, len(segments.background)) == (0, 0)


@pytest.mark.usefixtures("busy")
async def test_when_too_many_are_due_the_oldest_are_closed_all_the_same():
    """However long requests come, a start has few rows to read."""
    segments = _Segments(34)
    segments.closing.saved()
    await segments.background.done()
    assert (segments.closed, segments.due) == (3, 31)


@pytest.mark.usefixtures("idle")
async def test_closing_stops_behind_a_segment_when_something_is_saved(monkeypatch):
    """A burst that begins meanwhile does not wait for all of it."""
    segments = _Segments(3)

    def saves():
        monkeypatch.setattr("mockseg.journal.closing.IDLE_SECONDS", 3600)
        segments.closing.saved()

    segments.on_closed = saves
    segments.closing.saved()
    await _timers()
    await segments.background.done()
    assert segments.closed == 1


@pytest.mark.usefixtures("busy")
async def test_a_question_has_them_closed_at_once():
    """It does not wait for that, but the next one finds an index."""
    segments = _Segments(3)
    segments.closing.asked()
    await segments.background.done()
    assert segments.closed == 3


@pytest.mark.usefixtures("idle")
async def test_after_the_end_nothing_is_begun():
    """So another thread may close the file."""
    segments = _Segments(3)
    segments.closing.asked()
    assert segments.closed < 3
    await segments.closing.end()
    assert segments.closed == 3
    segments.due = 3
    segments.closing.saved()
    segments.closing.asked()
    await _timers()
    assert (segments.due, len(segments.background)) == (3, 0)
    segments.closing.close_all()
    assert segments.due == 0


@pytest.mark.usefixtures("busy")
async def test_a_segment_that_cannot_be_written_stays_due():
    """It is no reason to refuse what comes."""
    segments = _Segments(3)

    def fails():
        yield
        raise sqlite3.OperationalError("disk I/O error")

    tried = Closing(lambda: segments.due, close=fails, background=segments.background)
    tried.asked()
    await segments.background.done()
    assert segments.due == 3
    # It is tried again.
    tried.asked()
    assert segments.background.added == 2


def test_without_a_loop_it_is_closed_at_once():
    """Nobody waits, and nobody would come back to it."""
    segments = _Segments(3)
    segments.closing.saved()
    assert segments.due == 0


@pytest.mark.usefixtures("busy")
async def test_what_is_evicted_before_its_segment_is_due_is_never_summed_up(file, monkeypatch):
    """A server that keeps fewer calls than may be due sums up nothing while requests come."""
    monkeypatch.setattr("mockseg.journal.closing.MOST_DUE", 3)
    hub = hub_of(file, max_calls=16)
    for number in range(200):
        hub.accept(arrival(f"m{number}"))
        await hub.journal.saving
    assert (hub.journal._background.added, hub.journal._due()) == (0, 2)
    kept = ids_in(hub)
    await hub.finish()
    hub.close()
    assert found_in(file, max_calls=16) == kept


@pytest.mark.usefixtures("busy")
async def test_a_search_by_keys_begins_to_close_what_is_due(file, monkeypatch):
    """The second search finds it in indexes."""
    monkeypatch.setattr("mockseg.journal.segmented._FEW_CALLS", 0)
    monkeypatch.setattr("mockseg.journal.segmented._FEW_A_SHARE", 0)
    hub = hub_of(file)
    for number in range(24):
        hub.accept(arrival(f"m{number}"))
    await hub.journal.saving
    assert hub.journal._segments == []
    for _ in range(2):
        found = await hub.perform("list_calls", ListCalls(source="k", message_id="m3"))
        assert found.total == 1
        await hub.journal._background.done()
        assert len(hub.journal._segments) == 3
    hub.close()


@pytest.mark.usefixtures("busy")
async def test_a_server_that_stops_closes_what_is_due(file, monkeypatch):
    """The next start reads few rows."""
    hub = hub_of(file)
    for number in range(28):
        hub.accept(arrival(f"m{number}"))
    await hub.journal.saving
    await hub.finish()
    hub.close()
    read = []
    reader = RowReader.read

    def counted(*row, **how):
        read.append(row[1])
        return reader(*row, **how)

    monkeypatch.setattr(RowReader, "read", counted)
    hub = hub_of(file)
    assert read == [25, 26, 27, 28]
    hub.close()


@pytest.mark.usefixtures("busy")
async def test_what_was_not_closed_is_read_by_the_next_start(file, tmp_path):
    """A kill before anything is closed loses nothing."""
    hub = hub_of(file)
    for number in range(28):
        hub.accept(arrival(f"m{number}"))
    await hub.journal.saving
    killed = copy_of_killed(file, tmp_path / "killed")
    with closing(sqlite3.connect(killed)) as beside:
        rows = beside.execute("select count(*), (select count(*) from segments) from requests")
        assert rows.fetchone() == (28, 0)
    assert found_in(killed) == ids_in(hub) == [f"m{number}" for number in range(28)]
    hub.close()
