"""A journal that outlives its server: the one in memory, and a file that says the same.

Both journals answer alike, because it is the one in memory that answers: what was recorded before
the start stands there as blocks that are read from the file when one is asked for. What a
turn of the event loop records, clears and evicts is committed at its end, by the loop itself: while
it is busy, a thread would get the interpreter only every 5 ms, and SQLite gives it away at each
row.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from mockseg.clock import Turn, breathe
from mockseg.domain.call import KeptCall, Remark, UnexplainedRemark
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalError
from mockseg.journal.file import JournalFile
from mockseg.journal.layout import Mark, Record, Sync
from mockseg.journal.rows import row_of
from mockseg.journal.segmented import BOUNDS_OF, SegmentedJournal
from mockseg.journal.segments import Summary
from mockseg.journal.source_records import SourceRecords

log = logging.getLogger("mockseg")
# The kind of the records of when requests were recorded, where these may not become too old.
_MOMENT = "moment"

# Requests that may wait to be written before further ones wait for it, too.
_MOST_NEW = 1000


class _Saving(asyncio.Future[None]):
    """Ends with a commit, for all that wait for it: one of them that is cancelled ends later.

    To shield each of them would cost a call more than its row does.
    """

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002
        return False


class DurableJournal(SegmentedJournal):
    """Requests and calls, in this process and in a file.

    Args:
        path: of the file; made when it does not exist.
        sync: ``off`` waits for no commit.
        bounds: as in :class:`MemoryJournal`.

    Attributes:
        not_saved: called with a request and its calls that are no longer kept, because they could
            not be saved.

    Raises:
        JournalError: the file cannot be used; nothing is changed then.
    """

    __slots__ = (
        "_bounds",
        "_closed",
        "_cuts",
        "_deletes",
        "_explained",
        "_lost",
        "_marked",
        "_new",
        "_new_settings",
        "_records",
        "_removed",
        "_scheduled",
        "_unexplained",
        "_waits",
        "not_saved",
    )

    def __init__(self, path: str, *, sync: Sync, **bounds: Any) -> None:
        super().__init__(JournalFile(path, sync=sync), **bounds)
        self._waits = sync != "off"
        self._new: list[tuple[KeptRequest, list[KeptCall]]] = []
        # Of the new calls: which are to be explained before they are written, and what came of it.
        self._unexplained: deque[KeptCall] = deque()
        self._explained: dict[int, Remark] = {}
        self._removed: list[KeptCall] = []
        self._marked: set[str] = set()
        # Of sources that were forgotten as a whole: what was lost with them.
        self._lost: dict[str, Lost] = {}
        # Over which settings sources were evicted; None where that does not matter any more.
        self._bounds: dict[str, bytes | None] = {}
        self._new_settings: dict[str | None, bytes | None] = {}
        # Records that changed: bytes, what makes them when they are written, or None to delete.
        self._records: dict[tuple[str, int], Callable[[], bytes] | None] = {}
        self._cuts: dict[str, int] = {}
        # Whether records that were cut off are still to be deleted.
        self._deletes = True
        self._scheduled = self._closed = False
        self.not_saved: Callable[[KeptRequest, list[KeptCall]], object] = lambda *_: None
        try:
            empty = self._load()
            self._restore_moments()
            self._file.begin_writing()
        except BaseException:
            self._file.close()
            raise
        self._tidy_up(empty)
        self._file.ballast.make()

    # --- writing

    def append(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        self._new.append((request, calls))
        self._count_open(request, calls)
        self._unexplained.extend(
            [call for call in calls if isinstance(call.remark, UnexplainedRemark)]
        )
        super().append(request, calls)
        self._schedule()

    def remove(self, call: KeptCall) -> None:
        super().remove(call)
        self._removed.append(call)
        self._removed_ever.add(call.cursor)
        self._schedule()

    def evict_expired(self) -> bool:
        evicted = False
        with self._telling_damage():
            evicted = super().evict_expired()
        if evicted:
            self._schedule()
        return evicted

    def clear(self, source: str) -> int:
        if source not in self._sources:
            return 0
        self._marked.add(source)
        if self._sources[source].bounds:
            self._bounds[source] = None
        cleared = super().clear(source)
        self._schedule()
        return cleared

    def forget(self, source: str) -> Lost:
        found = self._of(source)
        lost = found.lost + found.kept
        if lost != NOTHING_LOST:
            self._lost[source] = lost
        return super().forget(source)

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
        await self._closing.end()

    def close(self) -> None:
        self.commit()
        self._closing.close_all()
        self._closed = True
        self._file.close()

    # --- committing

    def _end_of_turn(self) -> None:
        """Explain what is to be written, for one turn of the event loop, and commit it then."""
        turn, waiting = Turn(), self._unexplained
        while waiting:
            call = waiting.popleft()
            remark = call.explained()
            if remark is not None:
                self._explained[call.cursor] = remark
            if turn.is_over and waiting:
                asyncio.get_running_loop().call_soon(self._end_of_turn)
                return
        self.commit()

    def commit(self) -> None:
        """Save what was not saved yet; what cannot be is taken back."""
        self._scheduled = False
        if self._closed:
            return
        saving, self.saving = self.saving, None
        new, self._new = self._new, []
        self._unexplained.clear()
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
        self._saved_number = self.number
        if grows and self._file.full:
            self._file.full = False
            self._file.ballast.make()
            log.info("the journal takes requests again")
        if saving is not None:
            saving.set_result(None)
        self._closing.saved()

    def _write(self, new: list[tuple[KeptRequest, list[KeptCall]]]) -> None:
        has_room = not self._file.full or self._file.has_room()
        records = {each: make for each, make in self._records.items() if has_room or make is None}
        self._file.write(
            rows=[row_of(*each, self._explained) for each in new],
            gone=self._gone,
            marks=[self._mark(source) for source in self._marked],
            removed=self._removed,
            settings=self._new_settings.items(),
            records=[
                Record(*record, None if make is None else make())
                for record, make in records.items()
            ]
            + [Record(f"{BOUNDS_OF}{key}", 0, value) for key, value in self._bounds.items()],
            cuts=self._cuts.items(),
            cursor=self.cursor,
            number=self.number,
        )
        gone = self._gone
        self._gone, self._removed, self._explained = [], [], {}
        self._marked.clear()
        self._lost.clear()
        self._bounds.clear()
        self._new_settings.clear()
        for record in records:
            del self._records[record]
        self._deletes = self._deletes or bool(self._cuts)
        self._cuts.clear()
        if self._deletes:
            self._delete_cut()
        self._drop_emptied(gone)

    def _delete_cut(self) -> None:
        """Delete some of what was cut off, and the rest at the next turns."""
        # Nothing reads it any more, so a failure does no harm.
        with contextlib.suppress(sqlite3.Error):
            self._deletes = self._file.delete_cut()
        if self._deletes and not self._file.full:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self._end_of_turn)

    def _take_back(
        self, new: list[tuple[KeptRequest, list[KeptCall]]], error: sqlite3.Error
    ) -> JournalError:
        failure = self._file.unwritable(error)
        if not self._file.full:
            log.error("%s", failure)
        self._file.full = True
        # What is cleared and evicted from now on has room to be written.
        self._file.ballast.drop()
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
        waits = (self._waits or len(self._new) > _MOST_NEW) and not self._closed
        if waits and self.saving is None:
            try:
                self.saving = _Saving(loop=asyncio.get_running_loop())
            except RuntimeError:
                # Without a loop nothing can wait.
                self.commit()
                return
        if not self._scheduled:
            try:
                asyncio.get_running_loop().call_soon(self._end_of_turn)
            except RuntimeError:
                self.commit()
                return
            self._scheduled = True

    # --- what the journal in memory does by itself

    def _drop(
        self, source: SourceRecords, requests: list[KeptRequest], calls: list[KeptCall]
    ) -> None:
        super()._drop(source, requests, calls)
        self._gone.extend([request.number for request in requests])
        self._marked.update(request.source for request in requests[:1])
        self._marked.update(call.source for call in calls[:1])

    def _note_bound(self, source: SourceRecords, key: str, bound: str) -> None:
        super()._note_bound(source, key, bound)
        # Written with the marks, also on a full disk.
        self._bounds[key] = " ".join(source.bounds).encode()

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

    def _tidy_up(self, empty: list[Summary]) -> None:
        """Write what follows from what was read.

        Args:
            empty: the segments of which nothing is kept.
        """
        file = self._file
        try:
            file.bring_up_to_date()
            self._write([])
            for summary in empty:
                file.drop_segment(summary.first, summary.last)
            file.forget_marks({source for each in self._segments for source in each.sources})
            # Nobody waits yet.
            self._closing.close_all()
        except sqlite3.Error:
            # The disk may be full: it can be read all the same.
            log.warning("the journal %s cannot be written", file.path)

    def _restore_moments(self) -> None:
        """Restore when requests were recorded, and save that from now on."""
        moments = sorted(self.records.pop(_MOMENT, {}).items())
        age = self._age
        if age is None:
            # They say nothing of what is recorded without a limit.
            if moments:
                self._cuts[_MOMENT] = self.number
            return
        age.on_begun = lambda number, at_ns: self.put(_MOMENT, number, lambda: b"%d" % at_ns)
        age.on_ended = partial(self.cut, _MOMENT)
        age.restore((number, int(value)) for number, value in moments)
