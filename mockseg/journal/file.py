"""The file of a journal: SQLite, one connection, one transaction for what one tick brought.

A row is a request with its calls; calls are slices of its body and never written twice. Rows are
found by the number of their request alone, so no index has to be kept up, and a row is as cheap as
appending to a file. When some thousand calls are together, the file gets a summary of them
(:mod:`mockseg.journal.segments`): who opens the file reads the summaries, and only the rows that
came after the last one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock

from mockseg.domain.call import KeptCall
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalDamagedError, JournalError
from mockseg.journal.ballast import Ballast
from mockseg.journal.checkpoints import Checkpoints
from mockseg.journal.creation import connected, create, is_new, why_no_place, why_not_ours
from mockseg.journal.file_records import checksum, delete_cut, write_records
from mockseg.journal.layout import (
    LAST_NUMBER,
    SEGMENTS,
    VERSION,
    Mark,
    Meta,
    Record,
    Sync,
)
from mockseg.journal.refusals import NO_ROOM, replaced, why_not_locked, why_unopened, why_unwritten
from mockseg.journal.rows import ReadRow, Row, RowReader
from mockseg.journal.segments import Summary, decoded, encoded


class JournalFile:
    """An open journal file, which no other server can open meanwhile.

    Args:
        path: of the file; made when it does not exist.
        sync: when a commit is on disk; see the README.

    Attributes:
        path: of the file.
        run: names this journal to the readers of its streams; the same after a restart.
        cursor, number: the last that were given out, ever, where no row is left that says it.
        server: what was saved of the server, or None.
        full: whether the last write failed.
        ballast: what is let go of then.

    Raises:
        JournalError: it is in use, no journal, of a newer mockseg, damaged or cannot be made.
            Nothing is changed then.
    """

    def __init__(self, path: str, *, sync: Sync) -> None:
        self.path = path
        # Whoever uses another link to the same file must find the same lock.
        self._place = Path(os.path.realpath(path))
        self.ballast = Ballast(self._place)
        self._lock = FileLock(f"{self._place}.lock", mode=0o600, thread_local=False)
        self.full = False
        self._sync = sync
        self._opened: sqlite3.Connection | None = None
        # Once it is written to.
        self._checkpoints: Checkpoints | None = None
        # What tells the file from another one that is put in its place.
        self._identity = (0, 0)
        self._refuse(why_no_place)
        locked_before = Path(self._lock.lock_file).exists()
        reason = why_not_locked(self._lock)
        if reason is not None:
            raise self._error(reason)
        try:
            try:
                self._refuse(why_not_ours)
            except JournalError:
                if not locked_before:
                    # Nothing of ours stays beside a file of another program.
                    Path(self._lock.lock_file).unlink(missing_ok=True)
                raise
            with self._refusing(opening=True):
                self._open()
        except BaseException:
            self._disconnect()
            self._lock.release()
            raise

    def _refuse(self, why: Callable[[Path], str | None]) -> None:
        """Raise the error that says why the file cannot be used, if it cannot."""
        try:
            reason = why(self._place)
        except OSError as error:
            raise self._error(f"cannot be opened: {error.strerror}") from None
        if reason is not None:
            raise self._error(reason)

    def _open(self) -> None:
        if is_new(self._place):
            try:
                create(self._place)
            except sqlite3.Error as error:
                raise self._error(f"cannot be created: {error}; {NO_ROOM}") from None
            except OSError as error:
                raise self._error(f"cannot be created: {error.strerror}") from None
        self._identity = self._found_identity()
        # What is damaged is not changed, so it is first only read: to close a connection that may
        # write would move SQLite's log into the file.
        self._opened = connected(self._place, "ro")
        execute = self._connection.execute
        (self._version,) = execute("pragma user_version").fetchone()
        rows = dict(execute("select key, value from meta").fetchall())
        meta = msgspec.convert(rows, Meta)
        self.run, self.cursor, self.number = meta.run, meta.cursor, meta.number
        self.server = meta.server

    def _found_identity(self) -> tuple[int, int]:
        found = self._place.stat()
        return found.st_dev, found.st_ino

    def begin_writing(self) -> None:
        """Open the file for writing; everything in it has been read and is whole.

        Raises:
            JournalError: the file cannot be opened.
        """
        with self._refusing(opening=True):
            self._disconnect()
            # SQLite opens what it may not write to as if it were only to be read.
            self._place.open("r+b").close()
            self._opened = connected(self._place, "rw")
            synchronous = "full" if self._sync == "full" else "normal"
            self._connection.execute(f"pragma synchronous = {synchronous}")
            # From now on a loop would wait.
            self._connection.execute("pragma busy_timeout = 0")
            self._connection.execute("pragma wal_autocheckpoint = 0")
            beside = connected(self._place, "rw")
            beside.execute(f"pragma synchronous = {synchronous}")
            self._checkpoints = Checkpoints(beside)

    def bring_up_to_date(self) -> None:
        """Make the tables of this version in a file of an older one.

        Raises:
            sqlite3.Error: nothing was changed.
        """
        if self._version < VERSION:
            with self._transaction() as execute:
                execute(SEGMENTS)
                execute(f"pragma user_version = {VERSION}")
            self._version = VERSION

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None  # noqa: S101  (it is opened when it is made)
        return self._opened

    # --- reading

    def marks(self) -> Iterator[tuple[Mark, bytes | None]]:
        """Yield each source's mark, and its settings as they were saved."""
        with self._refusing():
            rows = self._connection.execute("select * from sources").fetchall()
            marks = [
                (msgspec.convert(mark, Mark), msgspec.convert(settings, bytes | None))
                for *mark, settings in rows
            ]
        yield from marks

    def removed(self) -> dict[int, int]:
        """Return the cursors of calls that were forgotten, each with its request's number."""
        with self._refusing():
            rows = self._connection.execute("select cursor, request from removed")
            return dict(rows.fetchall())

    def segments(self) -> Iterator[Summary]:
        """Yield what is known of closed segments, oldest first; what is between is not in any.

        Raises:
            JournalError: one is damaged.
        """
        if self._version < 2:
            return
        for row in self._each("select * from segments order by first"):
            with self._refusing():
                summary = decoded(*row)
            yield summary

    def requests(
        self, *, first: int = 0, last: int = LAST_NUMBER
    ) -> Iterator[tuple[KeptRequest, list[KeptCall]]]:
        """Yield the requests with these numbers, all by default, with their calls, oldest first.

        Raises:
            JournalError: one is damaged.
        """
        reader = RowReader()
        query = "select * from requests where number between ? and ? order by number"
        for row in self._each(query, first, last):
            with self._refusing():
                found = reader.read(*row)
                recorded = found.request, found.calls()
            yield recorded

    def row(self, number: int, *, checked: bool = False) -> ReadRow | None:
        """Return one request, None without one; its checksum is as in `RowReader.read`.

        Raises:
            JournalError: it is damaged.
        """
        query = "select * from requests where number = ?"
        with self._refusing():
            row = self._connection.execute(query, (number,)).fetchone()
            return None if row is None else RowReader().read(*row, few=True, checked=checked)

    def records(self) -> Iterator[Record]:
        """Yield what other parts keep here, by kind and in the order of its numbers.

        Raises:
            JournalError: one is damaged.
        """
        with self._refusing():
            cuts = dict(self._connection.execute("select kind, number from cuts").fetchall())
        for row in self._each("select * from records order by kind, number"):
            with self._refusing():
                kind, number, value, crc = row
                if checksum(kind, number, value) != crc:
                    raise ValueError(f"the checksum of {kind} {number} is wrong")
                cut = number <= cuts.get(kind, -1)
            if not cut:
                yield Record(kind, number, value)

    def _each(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        with self._refusing():
            rows = self._connection.execute(query, values)
        while True:
            with self._refusing():
                row = rows.fetchone()
            if row is None:
                return
            yield row

    def count(self, query: str) -> int:
        """Return the one number that a query asks for.

        Raises:
            JournalError: it cannot be read.
        """
        with self._refusing():
            (number,) = self._connection.execute(query).fetchone()
            return int(number)

    def check_pages(self) -> None:
        """Check the structure of the database.

        Raises:
            JournalError: it is damaged; says where.
        """
        with self._refusing():
            (found,) = self._connection.execute("pragma integrity_check(1)").fetchone()
        if found != "ok":
            raise self.damaged(" ".join(str(found).split()))

    # --- writing

    def compact(self) -> None:
        """Write the file anew without what was deleted; everything in it has been read.

        Raises:
            JournalError: it cannot be written; nothing is lost.
        """
        self.begin_writing()
        try:
            self._connection.execute("vacuum")
            self._connection.execute("pragma wal_checkpoint(truncate)")
        except sqlite3.Error as error:
            raise self._error(f"cannot be compacted: {error}; it is as it was") from None

    def write(
        self,
        *,
        rows: Collection[Row] = (),
        gone: Collection[int] = (),
        marks: Collection[Mark] = (),
        removed: Collection[KeptCall] = (),
        settings: Iterable[tuple[str | None, bytes | None]] = (),
        records: Collection[Record] = (),
        cuts: Collection[tuple[str, int]] = (),
        cursor: int,
        number: int,
    ) -> None:
        """Write all of it or nothing; new rows take the pages of those that are deleted.

        Args:
            rows: of new requests.
            gone: numbers of requests that are no longer kept.
            marks: of sources that were cleared or evicted.
            removed: calls that were forgotten while their requests stay.
            settings: of sources, by write key; of the server by None.
            records: of other parts, new ones and changed ones.
            cuts: kinds of records, and up to which number they are deleted, bit by bit.
            cursor: the last that was given out.
            number: likewise.

        Raises:
            sqlite3.Error: nothing was written.
        """
        self._refuse_another()
        checkpoints = self._checkpoints
        assert checkpoints is not None  # noqa: S101  (it has begun writing)
        checkpoints.shorten(self._connection, must=bool(rows))
        many = self._connection.executemany
        with self._transaction():
            self._delete([(each,) for each in gone])
            if rows:
                many("insert into requests values (?, ?, ?, ?)", rows)
            if marks:
                many(
                    "insert into sources values (?, ?, ?, ?, ?, ?, null) on conflict do update set"
                    " after = excluded.after, calls = excluded.calls, cursor = excluded.cursor,"
                    " requests = excluded.requests, number = excluded.number",
                    map(msgspec.structs.astuple, marks),
                )
            for key, text in settings:
                self._write_settings(key, text)
            if records or cuts:
                write_records(self._connection, records, cuts)
            if removed:
                many(
                    "insert or ignore into removed values (?, ?)",
                    [(call.cursor, call.request.number) for call in removed],
                )
            if not rows or gone or marks or removed:
                # Else the last row says it, and a page less is written.
                last = ((cursor, "cursor"), (number, "number"))
                many("update meta set value = ? where key = ?", last)
        if rows:
            checkpoints.committed(sum([len(entry) + len(body) for _, entry, body, _ in rows]))

    def _refuse_another(self) -> None:
        """Write nothing where no restart would find it."""
        try:
            found = self._found_identity()
        except OSError:
            found = None
        if found != self._identity:
            raise replaced()

    def add_segment(self, summary: Summary) -> None:
        """Write what is known of a segment; its rows are there already.

        Raises:
            sqlite3.Error: nothing was written.
        """
        self._connection.execute(
            "insert or replace into segments values (?, ?, ?, ?)", encoded(summary)
        )

    def drop_segment(self, first: int, last: int) -> None:
        """Delete a segment of which nothing is kept, with all of its rows.

        Raises:
            sqlite3.Error: nothing was deleted.
        """
        with self._transaction() as execute:
            execute("delete from segments where first = ?", (first,))
            execute("delete from requests where number between ? and ?", (first, last))
            execute("delete from removed where request between ? and ?", (first, last))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        connection = self._connection
        try:
            connection.execute("begin immediate")
        except sqlite3.Error:
            # A checkpoint that begins at the moment of a commit locks others out for an instant.
            if self._checkpoints is None or not self._checkpoints.wait():
                raise
            connection.execute("begin immediate")
        try:
            yield connection.execute
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("rollback")
            raise

    def _delete(self, numbers: Sequence[tuple[int]]) -> None:
        if numbers:
            many = self._connection.executemany
            many("delete from requests where number = ?", numbers)
            many("delete from removed where request = ?", numbers)

    def delete_cut(self) -> bool:
        """Delete some of the records that were cut off; return whether there may be more.

        Raises:
            sqlite3.Error: nothing was deleted.
        """
        return delete_cut(self._connection)

    def forget_marks(self, named: Collection[str]) -> None:
        """Drop the marks of sources of which nothing is left, when what they had is gone.

        Args:
            named: the sources that a summary of a segment still has.
        """
        with self._transaction() as execute:
            empty = execute(
                "select key from sources where settings is null and calls = 0 and requests = 0"
            ).fetchall()
            self._connection.executemany(
                "delete from sources where key = ?",
                [each for each in empty if each[0] not in named],
            )

    def _write_settings(self, key: str | None, text: bytes | None) -> None:
        if key is None:
            self._connection.execute("insert or replace into meta values ('server', ?)", (text,))
            return
        self._connection.execute(
            "insert into sources values (?, 0, 0, 0, 0, 0, ?) on conflict do update set"
            " settings = excluded.settings",
            (key, text),
        )

    def has_room(self) -> bool:
        """Return whether a disk that was full has room again."""
        try:
            (pages,) = self._connection.execute("pragma freelist_count").fetchone()
            (page_bytes,) = self._connection.execute("pragma page_size").fetchone()
            return self.ballast.fits(unused_bytes=pages * page_bytes)
        except (OSError, sqlite3.Error):
            return False

    # --- ending

    def close(self) -> None:
        self._disconnect()
        self.ballast.drop()
        self._lock.release()

    def _disconnect(self) -> None:
        if self._checkpoints is not None:
            # Before the other one, which moves the rest of the log when it is the last.
            self._checkpoints.close()
            self._checkpoints = None
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self._opened.close()

    @contextlib.contextmanager
    def _refusing(self, *, opening: bool = False) -> Iterator[None]:
        """Turn what SQLite says of a file into one sentence.

        Args:
            opening: whether the reason may be another one than damage.
        """
        try:
            yield
        except (
            sqlite3.Error,
            msgspec.MsgspecError,
            ArithmeticError,
            TypeError,
            ValueError,
        ) as error:
            reason = why_unopened(error) if opening else None
            if reason is not None:
                raise self._error(reason) from None
            raise self.damaged(str(error)) from None
        except OSError as error:
            raise self._error(f"cannot be opened: {error.strerror}") from None

    def unwritable(self, error: sqlite3.Error) -> JournalError:
        """Return the error that says that something cannot be written, and what to do."""
        return self._error(why_unwritten(error))

    def damaged(self, what: str) -> JournalDamagedError:
        """Return the error that says so.

        Args:
            what: is wrong.
        """
        reason = f"is damaged: {what}; nothing was changed; pass another file"
        return JournalDamagedError(reason, path=self.path)

    def _error(self, reason: str) -> JournalError:
        return JournalError(reason, path=self.path)
