"""What a journal's file must withstand, each with a naive journal that does not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import sqlite3
from typing import TYPE_CHECKING

import msgspec
import pytest
from filelock import FileLock
from journal_files import altered, arrival, copy_of_killed, found_in, hub_of, ids_in

from mockseg.errors import JournalError
from mockseg.journal import creation, rows
from mockseg.journal.ballast import Ballast
from mockseg.journal.durable import DurableJournal
from mockseg.journal.file import JournalFile

if TYPE_CHECKING:
    from pathlib import Path


async def _saved(hub):
    while hub.journal.saving is not None:
        await hub.journal.saving


def _answered_is_in_the_file(file):
    """When an answer may go out, a kill does not take away what it was for."""

    async def run():
        hub = hub_of(file)
        hub.accept(arrival("a"))
        if hub.journal.saving is not None:
            await hub.journal.saving
        copy = copy_of_killed(file, file.parent / "killed")
        hub.close()
        return copy

    assert found_in(asyncio.run(run())) == ["a"]


def _acknowledges_first(naive):
    naive.setattr(
        DurableJournal,
        "_schedule",
        lambda _: asyncio.get_running_loop().call_soon(lambda: None),
    )


def _a_wrong_byte_is_told(file):
    """SQLite does not see it in a body; who reads it is told, and not handed another text."""
    hub = hub_of(file)
    hub.accept(arrival("a", text="the very text"))
    hub.close()
    place = file.read_bytes().index(b"the very text")
    altered(file, lambda data: data.__setitem__(place, ord("T")))
    with contextlib.suppress(JournalError):
        hub = hub_of(file)
        (call,) = hub.journal.calls_after(0, limit=9)
        hub.close()
        assert call.message()["properties"]["t"] == "the very text"


def _checks_nothing(naive):
    naive.setattr(rows, "_checksum", lambda *_: 0)


class _FullDisk:
    """A connection to a file on a disk that another program fills, but for the ballast."""

    def __init__(self, connection, ballast):
        self._connection = connection
        self._ballast = ballast
        self._held = ballast.exists()

    def _write(self, statement):
        has_room = self._held and not self._ballast.exists()
        if statement.startswith("insert into requests") or not has_room:
            raise sqlite3.OperationalError("database or disk is full")

    def execute(self, statement, *args):
        if not statement.startswith(("pragma", "begin", "rollback", "commit", "select")):
            self._write(statement)
        return self._connection.execute(statement, *args)

    def executemany(self, statement, rows):
        rows = list(rows)
        if rows:
            self._write(statement)
        return self._connection.executemany(statement, rows)

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    def close(self):
        self._connection.close()


def _a_full_disk_can_be_cleared(file):
    """Nothing fits any more, and what is cleared is cleared in the file, too."""

    async def run():
        hub = hub_of(file)
        hub.accept(arrival("a"))
        await _saved(hub)
        opened = hub.journal._file._opened
        hub.journal._file._opened = _FullDisk(opened, file.with_name(f"{file.name}.ballast"))
        hub.accept(arrival("b"))
        with pytest.raises(JournalError):
            await hub.journal.saving
        hub.clear("k")
        with contextlib.suppress(JournalError):
            await _saved(hub)
        copy = copy_of_killed(file, file.parent / "killed")
        hub.journal._file._opened = opened
        hub.close()
        return copy

    assert found_in(asyncio.run(run())) == []


def _has_no_ballast(naive):
    naive.setattr(Ballast, "make", lambda _: None)


def _a_second_server_is_refused(file):
    """Two that write into one file would use each other's cursors."""
    hub = hub_of(file)
    hub.accept(arrival("a"))
    try:
        refused = False
        try:
            hub_of(file).close()
        except JournalError:
            refused = True
        assert refused
    finally:
        hub.close()


def _locks_nothing(naive):
    naive.setattr(FileLock, "acquire", lambda *_, **__: None)


def _what_was_evicted_stays_so(file):
    """A part of a batch that was evicted does not come back with the batch."""
    hub = hub_of(file, max_calls=2)
    hub.accept(arrival("a", "b", "c", "d"))
    kept = ids_in(hub)
    hub.close()
    assert 0 < len(kept) < 4
    assert found_in(file) == kept


def _writes_no_watermark(naive):
    mark = DurableJournal._mark
    naive.setattr(
        DurableJournal,
        "_mark",
        lambda journal, key: msgspec.structs.replace(mark(journal, key), calls=0, cursor=0),
    )


def _calls_come_in_the_order_of_their_arrival(file):
    """Also where the requests of several sources alternate."""
    hub = hub_of(file)
    expected = [f"m{number}" for number in range(40)]
    for number, id_ in enumerate(expected):
        hub.accept(arrival(id_, source=f"k{number % 3}"))
    hub.close()
    hub = hub_of(file)
    found, cursors = ids_in(hub), [call.cursor for call in hub.journal.calls_after(0, limit=99)]
    hub.close()
    assert found == expected
    assert cursors == list(range(1, 41))


def _reads_in_another_order(naive):
    """As a join over the table of sources would have them."""
    requests = JournalFile.requests
    naive.setattr(
        JournalFile,
        "requests",
        lambda file, **which: iter(
            sorted(requests(file, **which), key=lambda recorded: recorded[0].source)
        ),
    )


class _FailsOnce:
    """A connection that fails when it has written the first requests."""

    def __init__(self, connection):
        self._connection = connection
        self.execute = connection.execute
        self.close = connection.close
        self._fails = True

    def executemany(self, statement, rows):
        done = self._connection.executemany(statement, rows)
        if self._fails and statement.startswith("insert into requests"):
            self._fails = False
            raise sqlite3.OperationalError("disk I/O error")
        return done

    @property
    def in_transaction(self):
        return self._connection.in_transaction


def _what_was_refused_is_not_there(file):
    """A write that fails on its way leaves nothing of it."""

    async def run():
        hub = hub_of(file)
        hub.journal._file._opened = _FailsOnce(hub.journal._file._opened)
        hub.accept(arrival("a", "b"))
        with pytest.raises(JournalError):
            await hub.journal.saving
        copy = copy_of_killed(file, file.parent / "killed")
        with contextlib.suppress(JournalError, sqlite3.Error):
            hub.close()
        return copy

    assert found_in(asyncio.run(run())) == []


def _has_no_transaction(naive):
    @contextlib.contextmanager
    def statements(file):
        yield file._connection.execute

    naive.setattr(JournalFile, "_transaction", statements)


def _a_removed_file_takes_nothing(file):
    """What no restart would find is not answered."""

    async def run():
        hub = hub_of(file)
        file.unlink()
        hub.accept(arrival("a"))
        try:
            await hub.journal.saving
        except JournalError:
            return []
        finally:
            hub.close()
        return ["a"]

    answered = asyncio.run(run())
    assert answered == (found_in(file) if file.exists() else [])


def _looks_for_no_file(naive):
    naive.setattr(JournalFile, "_refuse_another", lambda _: None)


def _a_disk_that_is_full_at_the_start_is_no_end(file):
    """What could not be made is not there, and is made when there is room."""
    with pytest.MonkeyPatch.context() as full:

        def fails(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(creation, "_synchronise", fails)
        with pytest.raises(JournalError):
            hub_of(file)
    try:
        hub_of(file).close()
    except JournalError as error:
        raise AssertionError from error


def _makes_it_in_place(naive):
    def create(path: Path):
        path.write_bytes(b"SQLite format 3\0")
        creation._synchronise(path)

    naive.setattr("mockseg.journal.file.create", create)


_VARIANTS = [
    (_answered_is_in_the_file, _acknowledges_first),
    (_a_wrong_byte_is_told, _checks_nothing),
    (_a_full_disk_can_be_cleared, _has_no_ballast),
    (_a_second_server_is_refused, _locks_nothing),
    (_what_was_evicted_stays_so, _writes_no_watermark),
    (_calls_come_in_the_order_of_their_arrival, _reads_in_another_order),
    (_what_was_refused_is_not_there, _has_no_transaction),
    (_a_removed_file_takes_nothing, _looks_for_no_file),
    (_a_disk_that_is_full_at_the_start_is_no_end, _makes_it_in_place),
]


@pytest.mark.parametrize(
    ("holds", "naive"), _VARIANTS, ids=[naive.__name__[1:] for _, naive in _VARIANTS]
)
def test_a_naive_journal_is_found_out(tmp_path, monkeypatch, holds, naive):
    """The journal withstands it; a naive one does not, so the check is one."""
    for name in ("right", "naive"):
        (tmp_path / name).mkdir()
    holds(tmp_path / "right" / "journal.db")
    with monkeypatch.context() as patched:
        naive(patched)
        with pytest.raises(AssertionError):
            holds(tmp_path / "naive" / "journal.db")
