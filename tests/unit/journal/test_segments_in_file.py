"""Segments of a journal's file: a start reads their summaries, and rows when they are asked for."""

from __future__ import annotations

import sqlite3

import pytest
from journal_files import altered, arrival, edited, found_in, hub_of, ids_in, perform

from mockseg.errors import JournalError, OperationError
from mockseg.journal.durable import DurableJournal
from mockseg.journal.rows import RowReader


@pytest.fixture(name="file")
def _file(tmp_path):
    return tmp_path / "journal.db"


def _segmented(file, monkeypatch, *, calls=40):
    """Record calls one by one, and close segments of eight."""
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 8)
    hub = hub_of(file)
    for number in range(calls):
        hub.accept(arrival(f"m{number}", text=f"text {number} "))
    hub.close()


def test_a_start_reads_the_rows_after_the_last_segment_only(file, monkeypatch):
    """What is in closed segments is known by their summaries, and read when it is asked for."""
    _segmented(file, monkeypatch)
    read = []
    reader = RowReader.read

    def counted(*row, **how):
        read.append(row[1])
        return reader(*row, **how)

    monkeypatch.setattr(RowReader, "read", counted)
    hub = hub_of(file)
    assert (hub.journal.count("k"), hub.journal.counts("k").by_name()) == ((40, 40), {"E": 40})
    assert len(read) < 8
    # The messageIds are known all the same.
    hub.accept(arrival("m3"))
    assert hub.journal.calls_before(None, limit=1)[0].is_duplicate
    read.clear()
    assert hub.journal.call(12).message_id == "m11"
    assert read == [12]
    assert ids_in(hub)[:40] == [f"m{number}" for number in range(40)]
    hub.close()


async def test_damage_in_a_segment_is_told_when_it_is_read_and_nothing_else_is_lost(
    file, monkeypatch, caplog
):
    """Who asks for what is damaged gets one sentence; other calls are served and recorded."""
    _segmented(file, monkeypatch)
    place = file.read_bytes().index(b"text 3 ")
    altered(file, lambda data: data.__setitem__(place, ord("T")))
    hub = hub_of(file, max_calls=40)
    with pytest.raises(OperationError, match="the checksum of request 4 is wrong") as refusal:
        await perform(hub, "list_calls", source="k")
    assert (refusal.value.status, refusal.value.code) == (503, "journal_damaged")
    assert (await perform(hub, "list_calls", source="k", after=8)).calls[0].message_id == "m8"
    # What cannot be read cannot be evicted, and is told once.
    for number in range(3):
        hub.accept(arrival(f"new {number}"))
        await hub.journal.saving
    assert hub.journal.count("k")[0] == 43
    assert caplog.text.count("the checksum of request 4 is wrong") == 1
    hub.close()
    assert b"Text 3 " in file.read_bytes()


def test_a_file_of_the_first_version_is_read_and_brought_up_to_date(file, monkeypatch):
    """It has no segments yet; what it has is the same, and the next start reads segments."""
    _segmented(file, monkeypatch)
    edited(file, "drop table segments")
    edited(file, "pragma user_version = 1")
    assert found_in(file) == [f"m{number}" for number in range(40)]
    connection = sqlite3.connect(file)
    assert connection.execute("pragma user_version").fetchone() == (2,)
    assert connection.execute("select count(*) from segments").fetchone() == (5,)
    connection.close()
    assert found_in(file) == [f"m{number}" for number in range(40)]


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("update segments set summary = ?", b"\xc1"),
        ("update segments set summary = ?", None),
        ("update segments set last = ?", 7),
        ("update segments set crc = ?", 1),
    ],
)
def test_a_summary_that_cannot_be_read_is_one_sentence(file, monkeypatch, statement, value):
    """A damaged summary refuses the start, and the file stays as it is."""
    _segmented(file, monkeypatch)
    edited(file, statement, value)
    before = file.read_bytes()
    with pytest.raises(JournalError, match="is damaged") as refusal:
        hub_of(file)
    assert "\n" not in str(refusal.value)
    assert file.read_bytes() == before


def test_rows_that_are_missing_in_a_segment_are_damage(file, monkeypatch):
    """A summary says how many calls there are; fewer are not passed off as all."""
    _segmented(file, monkeypatch)
    edited(file, "delete from requests where number = ?", 5)
    hub = hub_of(file)
    with pytest.raises(JournalError, match="some of the requests 1 to 8 are missing"):
        ids_in(hub)
    hub.close()


def test_a_segment_without_kept_calls_leaves_file_and_memory(file, monkeypatch):
    """Clearing and evicting end segments, too, whether their rows were read or not."""
    _segmented(file, monkeypatch)
    hub = hub_of(file)
    hub.clear("k")
    hub.close()
    assert found_in(file) == []
    connection = sqlite3.connect(file)
    assert connection.execute("select count(*) from segments").fetchone() == (0,)
    assert connection.execute("select count(*) from requests").fetchone() == (0,)
    connection.close()
    hub = hub_of(file, max_calls=10)
    for number in range(100):
        hub.accept(arrival(f"m{number}"))
    assert len(hub.journal._segments) <= 3
    hub.close()


@pytest.mark.parametrize("source", [None, "k"])
@pytest.mark.parametrize(
    ("look", "rows"),
    [
        (lambda journal, source: journal.calls_after(0, limit=1, source=source), range(1, 9)),
        (lambda journal, source: journal.calls_after(17, limit=1, source=source), range(17, 25)),
        (lambda journal, source: journal.calls_before(41, limit=1, source=source), range(33, 41)),
        (lambda journal, source: journal.requests_after(9, limit=9, source=source), range(9, 25)),
        (lambda journal, source: journal.requests_before(10, limit=9, source=source), range(1, 17)),
    ],
)
def test_a_look_into_a_segment_reads_a_part_of_it(file, monkeypatch, source, look, rows):
    """How long a question holds the event loop does not depend on how large a segment is."""
    monkeypatch.setattr("mockseg.journal.unread.PART_CALLS", 8)
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 40)
    hub = hub_of(file)
    for number in range(40):
        hub.accept(arrival(f"m{number}"))
    hub.close()
    read = []
    reader = RowReader.read

    def counted(*row, **how):
        read.append(row[1])
        return reader(*row, **how)

    monkeypatch.setattr(RowReader, "read", counted)
    hub = hub_of(file)
    assert read == []
    assert look(hub.journal, source)
    assert sorted(read) == [*rows]
    assert ids_in(hub) == ids_in(hub, "k") == [f"m{number}" for number in range(40)]
    assert len(read) == 40
    hub.close()


async def test_what_is_evicted_while_a_segment_is_closed_is_not_in_it(file, monkeypatch):
    """A segment is closed in steps; a segment that is empty at the end is not kept."""
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 8)
    monkeypatch.setattr("mockseg.journal.closing.MOST_DUE", 1)
    hub = hub_of(file, max_calls=8)
    journal = hub.journal
    for number in range(8):
        hub.accept(arrival(f"m{number}"))
    await journal.saving
    assert journal._closing._work is not None
    assert journal._segments == []
    for number in range(8, 15):
        hub.accept(arrival(f"m{number}"))
    await journal.saving
    hub.accept(arrival("m15"))
    await journal.saving
    await journal._background.done()
    assert all(segment.first > 8 for segment in journal._segments)
    kept = ids_in(hub)
    assert kept[-1] == "m15"
    hub.close()
    assert found_in(file, max_calls=8) == kept


async def test_closing_a_segment_takes_many_steps(file, monkeypatch):
    """No turn of the event loop does all of it, so no answer waits for all of it."""
    monkeypatch.setattr("mockseg.journal.segmented.SEGMENT_CALLS", 8)
    monkeypatch.setattr("mockseg.journal.closing.MOST_DUE", 1)
    steps = []
    closing = DurableJournal._close_segment

    def counted(journal):
        steps_of_one = closing(journal)
        while next(steps_of_one, "end") != "end":
            steps.append(len(journal._segments))
            yield
        return True

    monkeypatch.setattr(DurableJournal, "_close_segment", counted)
    hub = hub_of(file)
    for number in range(8):
        hub.accept(arrival(f"m{number}", source=f"k{number % 2}"))
    await hub.journal.saving
    await hub.journal._background.done()
    # Of both sources, and of three indexes.
    assert steps.count(0) >= 8
    assert steps[-1] == 1
    hub.close()
