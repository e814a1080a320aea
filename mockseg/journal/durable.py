"""A journal that outlives its server: the one in memory, and a file that says the same.

Everything is read from memory, so that both journals answer alike. What a turn of the event loop
records, clears and evicts is committed at its end, by the loop itself: while it is busy, a thread
would get the interpreter only every 5 ms, and SQLite gives it away at each row.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

from mockseg.clock import breathe
from mockseg.domain.call import KeptCall
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalError
from mockseg.journal.file import JournalFile, Mark, Record, Sync
from mockseg.journal.memory import MemoryJournal, _Source

log = logging.getLogger("mockseg")


class DurableJournal(MemoryJournal):
    """Requests and calls, in this process and in a file.

    Args:
        path: of the file; made when it does not exist.
        sync: ``off`` waits for no commit.
        bounds: as in :class:`MemoryJournal`.

    Attributes:
        run: the same after a restart.
        server: what was saved of the server, as it was found in the file, or None.
        settings: the same of sources, by write key.
        records: what other parts of the server had put into the file, by kind and number.
        not_saved: called with a request and its calls that are no longer kept, because they could
            not be saved.

    Raises:
        JournalError: the file cannot be used; nothing is changed then.
    """

    __slots__ = (
        "_closed",
        "_cuts",
        "_deletes",
        "_file",
        "_gone",
        "_lost",
        "_marked",
        "_new",
        "_new_settings",
        "_records",
        "_removed",
        "_scheduled",
        "_waits",
        "not_saved",
        "records",
        "run",
        "server",
        "settings",
    )

    def __init__(self, path: str, *, sync: Sync, **bounds: Any) -> None:
        super().__init__(**bounds)
        self._waits = sync != "off"
        self._new: list[tuple[KeptRequest, list[KeptCall]]] = []
        self._gone: list[int] = []
        self._removed: list[KeptCall] = []
        self._marked: set[str] = set()
        # Of sources that were forgotten as a whole: what was lost with them.
        self._lost: dict[str, Lost] = {}
        self._new_settings: dict[str | None, bytes | None] = {}
        # Records that changed: bytes, what makes them when they are written, or None to delete.
        self._records: dict[tuple[str, int], Callable[[], bytes] | None] = {}
        self._cuts: dict[str, int] = {}
        # Whether records that were cut off are still to be deleted.
        self._deletes = True
        self._scheduled = self._closed = False
        self.records: dict[str, dict[int, bytes]] = {}
        self.server: bytes | None = None
        self.settings: dict[str, bytes] = {}
        self.not_saved: Callable[[KeptRequest, list[KeptCall]], object] = lambda *_: None
        self._file = JournalFile(path, sync=sync)
        self.run = self._file.run
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise
        self._file.make_ballast()

    # --- writing

    def append(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        self._new.append((request, calls))
        super().append(request, calls)
        self._schedule()

    def remove(self, call: KeptCall) -> None:
        super().remove(call)
        self._removed.append(call)
        self._schedule()

    def clear(self, source: str) -> int:
        if source in self._sources:
            self._marked.add(source)
            self._schedule()
        return super().clear(source)

    def forget(self, source: str) -> Lost:
        lost = super().forget(source)
        if lost != NOTHING_LOST:
            self._lost[source] = lost
        return lost

    def save(self, source: str | None, settings: bytes | None) -> None:
        """Save what a source, or for None the server, was set to; None forgets it."""
        self._new_settings[source] = settings
        self._schedule()

    def put(self, kind: str, number: int, value: Callable[[], bytes] | None) -> None:
        """Save a record of another part of the server.

        Args:
            kind: what it is, and whose.
            number: its place among those of its kind, from 0; it replaces one that has the same.
            value: makes it when it is written, once for all changes until then; None deletes it.
        """
        self._records[kind, number] = value
        self._schedule()

    def cut(self, kind: str, number: int) -> None:
        """Delete the records of a kind up to a number; later ones have higher numbers."""
        for record in [each for each in self._records if each[0] == kind and each[1] <= number]:
            del self._records[record]
        self._cuts[kind] = number
        self._schedule()

    @property
    def full(self) -> bool:
        """Whether the last commit failed."""
        return self._file.full

    async def finish(self) -> None:
        """Return when nothing waits to be saved, so that another thread may close it."""
        while self._scheduled:
            await breathe()

    def close(self) -> None:
        self.commit()
        self._closed = True
        self._file.close()

    # --- committing

    def commit(self) -> None:
        """Save what was not saved yet; what cannot be is taken back."""
        self._scheduled = False
        if self._closed:
            return
        saving, self.saving = self.saving, None
        new, self._new = self._new, []
        try:
            grows = new or any(make is not None for make in self._records.values())
            if grows and self._file.full and not self._file.has_room():
                raise sqlite3.OperationalError("database or disk is full")
            self._write(new)
        except sqlite3.Error as error:
            failure = self._take_back(new, error)
            if saving is not None:
                saving.set_exception(failure)
                # Nobody need have waited for it.
                saving.exception()
            return
        if grows and self._file.full:
            self._file.full = False
            self._file.make_ballast()
            log.info("the journal takes requests again")
        if saving is not None:
            saving.set_result(None)

    def _write(self, new: list[tuple[KeptRequest, list[KeptCall]]]) -> None:
        has_room = not self._file.full or self._file.has_room()
        records = {each: make for each, make in self._records.items() if has_room or make is None}
        self._file.write(
            requests=new,
            gone=self._gone,
            marks=map(self._mark, self._marked),
            removed=self._removed,
            settings=self._new_settings.items(),
            records=[
                Record(*record, None if make is None else make())
                for record, make in records.items()
            ],
            cuts=self._cuts.items(),
            cursor=self.cursor,
            number=self.number,
        )
        self._gone, self._removed = [], []
        self._marked.clear()
        self._lost.clear()
        self._new_settings.clear()
        for record in records:
            del self._records[record]
        self._deletes = self._deletes or bool(self._cuts)
        self._cuts.clear()
        if self._deletes:
            self._delete_cut()

    def _delete_cut(self) -> None:
        """Delete some of what was cut off, and the rest at the next turns."""
        # It is no longer read, so a failure does no harm.
        with contextlib.suppress(sqlite3.Error):
            self._deletes = self._file.delete_cut()
        if self._deletes and not self._file.full:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self.commit)

    def _take_back(
        self, new: list[tuple[KeptRequest, list[KeptCall]]], error: sqlite3.Error
    ) -> JournalError:
        failure = JournalError(
            f"cannot be written: {error}; clear sources, or free disk space", path=self._file.path
        )
        if not self._file.full:
            log.error("%s", failure)
        self._file.full = True
        # What is cleared and evicted from now on has room to be written.
        self._file.drop_ballast()
        for request, calls in new:
            self._undo(request, calls)
            self.not_saved(request, calls)
        try:
            self._write([])
        except sqlite3.Error:
            # It is tried again with the next.
            log.debug("what was cleared cannot be saved yet", exc_info=True)
        return failure

    def _undo(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        source = self._sources.get(request.source)
        if source is None or source.requests.get(request.number) is not request:
            return
        kept = [call for call in calls if source.calls.get(call.cursor) is call]
        source.requests.remove(request.number)
        for call in kept:
            source.calls.remove(call.cursor)
        super()._drop(source, [request], kept)

    def _schedule(self) -> None:
        if self._waits and self.saving is None:
            try:
                self.saving = asyncio.get_running_loop().create_future()
            except RuntimeError:
                # Without a loop nobody can wait.
                self.commit()
                return
        if not self._scheduled:
            try:
                asyncio.get_running_loop().call_soon(self.commit)
            except RuntimeError:
                self.commit()
                return
            self._scheduled = True

    # --- what the journal in memory does by itself

    def _drop(self, source: _Source, requests: list[KeptRequest], calls: list[KeptCall]) -> None:
        super()._drop(source, requests, calls)
        self._gone.extend([request.number for request in requests])
        self._marked.update(request.source for request in requests[:1])
        self._marked.update(call.source for call in calls[:1])

    def _freed(self, numbers: list[int]) -> None:
        self._gone.extend(numbers)
        self._schedule()

    def _mark(self, key: str) -> Mark:
        source = self._sources.get(key)
        if source is None:
            lost = self._lost.get(key, NOTHING_LOST)
            after = self.number
        else:
            lost, after = source.lost, source.after
        return Mark(key, after, lost.calls, lost.cursor, lost.requests, lost.number)

    # --- starting

    def known_sources(self) -> list[str]:
        """Return the write keys of the sources that something is known of.

        They are in the order in which they were last used.
        """
        return sorted(self._sources, key=self.last_request)

    def last_request(self, source: str) -> int:
        """Return the number of a source's last request, 0 when it has none."""
        requests = self._of(source).requests
        return max(requests.newest_number, requests.evicted_number)

    def _load(self) -> None:
        """Read the file into memory."""
        file = self._file
        marks: dict[str, Mark] = {}
        for mark, settings in file.marks():
            marks[mark.key] = mark
            if settings is not None:
                self.settings[mark.key] = settings
        self.server = file.server
        removed = file.removed()
        for request, calls in file.requests():
            mark = marks.get(request.source) or Mark(request.source)
            if request.number <= mark.after:
                self._gone.append(request.number)
                continue
            if request.source not in self._sources:
                self._restore(mark)
            alive = [
                call for call in calls if call.cursor > mark.cursor and call.cursor not in removed
            ]
            super().append(request, alive)
        for mark in marks.values():
            if mark.calls or mark.requests:
                self._restore(mark)
        self.cursor = max(self.cursor, file.cursor)
        self.number = max(self.number, file.number)
        self.evicted_cursor = max((mark.cursor for mark in marks.values()), default=0)
        self.evicted_ever = 0
        for kind, record, value in file.records():
            self.records.setdefault(kind, {})[record] = value or b""
        file.begin_writing()
        try:
            self._write([])
            file.forget_marks()
        except sqlite3.Error:
            # The disk may be full: it can be read all the same.
            log.warning("the journal %s cannot be written", file.path)

    def _restore(self, mark: Mark) -> None:
        if mark.key in self._sources:
            return
        source = self._sources[mark.key] = _Source(mark.after)
        source.calls.evicted, source.calls.evicted_number = mark.calls, mark.cursor
        source.requests.evicted, source.requests.evicted_number = mark.requests, mark.number
