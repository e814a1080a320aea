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
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import takewhile
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from mockseg.clock import Turn, breathe
from mockseg.domain.call import KeptCall, Remark, UnexplainedRemark
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalDamagedError, JournalError
from mockseg.journal.counts import MINUTE_BYTES
from mockseg.journal.file import LAST_NUMBER, JournalFile, Mark, Record, Sync
from mockseg.journal.memory import MemoryJournal, _Source
from mockseg.journal.rows import row_of
from mockseg.journal.segments import (
    SEGMENT_BYTES,
    SEGMENT_CALLS,
    Segment,
    Share,
    Summary,
    UnreadCalls,
    UnreadRequests,
    UnreadRows,
    seen_in,
    summarised,
)
from mockseg.journal.window import Seen, seen_of

log = logging.getLogger("mockseg")
# The kind of the records of when requests were recorded, where these may not become too old.
_MOMENT = "moment"

# Requests that may wait to be written before further ones wait for it, too.
_MOST_NEW = 1000


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
        seen: what the calls in the file leave in the windows of messageIds, oldest first, each with
            a write key.
        not_saved: called with a request and its calls that are no longer kept, because they could
            not be saved.

    Raises:
        JournalError: the file cannot be used; nothing is changed then.
    """

    __slots__ = (
        "_closed",
        "_closed_number",
        "_cuts",
        "_deletes",
        "_explained",
        "_file",
        "_gone",
        "_lost",
        "_marked",
        "_new",
        "_new_settings",
        "_open_bytes",
        "_open_calls",
        "_records",
        "_removed",
        "_saved_number",
        "_scheduled",
        "_segments",
        "_told_damage",
        "_unexplained",
        "_waits",
        "not_saved",
        "records",
        "run",
        "seen",
        "server",
        "settings",
    )

    def __init__(self, path: str, *, sync: Sync, **bounds: Any) -> None:
        super().__init__(**bounds)
        self._waits = sync != "off"
        self._new: list[tuple[KeptRequest, list[KeptCall]]] = []
        # Of the new calls: which are to be explained before they are written, and what came of it.
        self._unexplained: deque[KeptCall] = deque()
        self._explained: dict[int, Remark] = {}
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
        self._scheduled = self._closed = self._told_damage = False
        # Closed segments, oldest first, and the last request that is in one.
        self._segments: list[Segment] = []
        self._closed_number = 0
        # Of what came after them: calls and bytes, and the last request that is in the file.
        self._open_calls = self._open_bytes = self._saved_number = 0
        self.seen: list[tuple[str, Seen]] = []
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
        self._count_open(request, calls)
        self._unexplained.extend(
            [call for call in calls if isinstance(call.remark, UnexplainedRemark)]
        )
        super().append(request, calls)
        self._schedule()

    def remove(self, call: KeptCall) -> None:
        super().remove(call)
        self._removed.append(call)
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

    def close(self) -> None:
        self.commit()
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
        with contextlib.suppress(sqlite3.Error):
            # Without it, the next start reads more rows. One at a time: it takes milliseconds.
            if self._close_segment():
                self._schedule()
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
            rows=[row_of(*each, self._explained) for each in new],
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
        emptied = self._emptied(self._gone)
        self._gone, self._removed, self._explained = [], [], {}
        self._marked.clear()
        self._lost.clear()
        self._new_settings.clear()
        for record in records:
            del self._records[record]
        self._deletes = self._deletes or bool(self._cuts)
        self._cuts.clear()
        if self._deletes:
            self._delete_cut()
        for segment in emptied:
            # What is left of it does no harm.
            with contextlib.suppress(sqlite3.Error):
                self._file.drop_segment(segment.first, segment.last)

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
        waits = self._waits or len(self._new) > _MOST_NEW
        if waits and self.saving is None:
            try:
                self.saving = asyncio.get_running_loop().create_future()
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

    def _drop(self, source: _Source, requests: list[KeptRequest], calls: list[KeptCall]) -> None:
        super()._drop(source, requests, calls)
        self._gone.extend([request.number for request in requests])
        self._marked.update(request.source for request in requests[:1])
        self._marked.update(call.source for call in calls[:1])

    def _free(self, source: _Source) -> Iterator[None]:
        # What was never read goes without being read.
        source.calls.drop_unread()
        for block in source.requests.drop_unread():
            if isinstance(block, UnreadRequests):
                self._freed(block.numbers())
                yield
        yield from super()._free(source)

    def _evict(self) -> None:
        with self._telling_damage():
            super()._evict()

    def _evict_bytes(self, excess: Callable[[], int]) -> None:
        with self._telling_damage():
            super()._evict_bytes(excess)

    @contextlib.contextmanager
    def _telling_damage(self) -> Iterator[None]:
        """Go on without evicting what cannot be read: it takes no memory, and was recorded."""
        try:
            yield
        except JournalDamagedError as error:
            if not self._told_damage:
                log.error("%s", error)  # noqa: TRY400  (one sentence says it)
            self._told_damage = True

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

    def _load(self) -> None:
        """Take in what the file has; of what is in a closed segment, the summary."""
        file = self._file
        # What is read was not recorded now.
        age, self._age = self._age, None
        found = _Found({}, file.removed())
        for mark, settings in file.marks():
            found.marks[mark.key] = mark
            if settings is not None:
                self.settings[mark.key] = settings
        self.server = file.server
        empty = []
        for summary in file.segments():
            self._load_rows(found, self._closed_number + 1, summary.first - 1)
            if not self._load_segment(found, summary):
                empty.append(summary)
            self._closed_number = summary.last
        self._load_rows(found, self._closed_number + 1)
        for mark in found.marks.values():
            if mark.calls or mark.requests:
                self._restore(mark)
        self.cursor = max(self.cursor, file.cursor)
        self.number = self._saved_number = max(self.number, file.number)
        self.evicted_cursor = max((mark.cursor for mark in found.marks.values()), default=0)
        for kind, record, value in file.records():
            self.records.setdefault(kind, {})[record] = value or b""
        self._evict()
        self._meter.keep_bound()
        self.evicted_ever = 0
        self._age = age
        self._restore_moments()
        file.begin_writing()
        self._tidy_up(empty)

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
            while self._close_segment():
                pass
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

    def _load_rows(self, found: _Found, first: int, last: int = LAST_NUMBER) -> None:
        """Read the rows with these numbers into memory."""
        seen: dict[str, list[KeptCall]] = {}
        for request, calls in self._file.requests(first=first, last=last):
            mark = found.mark(request.source)
            if request.number <= mark.after:
                self._gone.append(request.number)
                continue
            self._restore(mark)
            alive = [
                call
                for call in calls
                if call.cursor > mark.cursor and call.cursor not in found.removed
            ]
            self._count_open(request, alive)
            super().append(request, alive)
            seen.setdefault(request.source, []).extend(alive)
        self.seen.extend((source, seen_of(calls)) for source, calls in seen.items())

    def _load_segment(self, found: _Found, summary: Summary) -> bool:
        """Take in what is known of a segment; return whether anything of it is kept."""
        kept = [(share, found.kept(share)) for share in summary.shares]
        if not any(part for _, part in kept):
            return False
        segment = Segment(summary)
        self._add_segment(segment)
        if "some" in {part for _, part in kept} or found.has_removed(summary):
            # What is left of it must be counted anew.
            self._load_rows(found, summary.first, summary.last)
            self._open_calls = self._open_bytes = 0
            return True
        rows = UnreadRows(
            segment,
            [share for share, part in kept if part],
            file=self._file,
            resized=self._resized,
        )
        for share, part in kept:
            if part:
                self._restore(found.mark(share.source))
                self._add_unread(rows, share)
                self.seen.append((share.source, seen_in(summary, share)))
            else:
                # Some may be left, and the segment is in the file until they all are gone.
                self._gone.extend(rows.numbers(share))
        self._all.requests.append_unread(UnreadRequests(rows, None))
        if any(share.calls for share in rows.shares.values()):
            self._all.calls.append_unread(UnreadCalls(rows, None))
        self.cursor = max(self.cursor, segment.last_cursor)
        self.number = summary.last
        return True

    def _add_unread(self, rows: UnreadRows, share: Share) -> None:
        source = self._sources[share.source]
        requests = UnreadRequests(rows, share.source)
        source.requests.append_unread(requests)
        if share.calls:
            source.calls.append_unread(UnreadCalls(rows, share.source))
        minutes = source.counts.minutes
        for counts in (source.counts, self._all.counts):
            counts.add_saved(share.counts)
        minutes = source.counts.minutes - minutes
        self._resized(share.source, share.size_bytes + minutes * MINUTE_BYTES)
        self._kept_calls += share.calls
        self._kept_requests += len(requests)

    def _resized(self, key: str, size_bytes: int) -> None:
        source = self._sources.get(key)
        if source is not None:
            source.size_bytes += size_bytes
            self._account.add(size_bytes)

    def _restore(self, mark: Mark) -> None:
        if mark.key in self._sources:
            return
        source = self._sources[mark.key] = _Source(mark.after)
        source.calls.evicted, source.calls.evicted_number = mark.calls, mark.cursor
        source.requests.evicted, source.requests.evicted_number = mark.requests, mark.number

    # --- closing segments

    def _count_open(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        self._open_calls += len(calls) or 1
        self._open_bytes += len(request.body)

    def _close_segment(self) -> bool:
        """Close a segment if enough calls are saved for one; return whether it was."""
        if self._open_calls < SEGMENT_CALLS and self._open_bytes < SEGMENT_BYTES:
            return False
        requests: list[KeptRequest] = []
        calls = size_bytes = 0
        for request in self._alive_requests(self._all.requests.after(self._closed_number)):
            if request.number > self._saved_number:
                break
            requests.append(request)
            calls += request.calls or 1
            size_bytes += len(request.body)
            if calls >= SEGMENT_CALLS or size_bytes >= SEGMENT_BYTES:
                break
        else:
            # Some were evicted or cleared meanwhile.
            self._open_calls, self._open_bytes = calls, size_bytes
            return False
        last = requests[-1].number
        cursor = min([request.first_cursor for request in requests if request.calls], default=0)
        theirs = self._alive_calls(self._all.calls.after(cursor - 1)) if cursor else iter(())
        summary = summarised(
            requests, [*takewhile(lambda call: call.request.number <= last, theirs)]
        )
        self._file.add_segment(summary)
        self._add_segment(Segment(summary))
        self._closed_number = last
        self._open_calls -= calls
        self._open_bytes -= size_bytes
        return True

    def _add_segment(self, segment: Segment) -> None:
        self._segments.append(segment)
        self._account.add(segment.size_bytes)

    def _emptied(self, gone: list[int]) -> list[Segment]:
        """Forget segments of which nothing is kept any more; return them.

        Args:
            gone: numbers of requests that are no longer kept.
        """
        emptied = []
        for number in gone if self._segments else ():
            at = bisect_right(self._segments, number, key=_first) - 1
            if at >= 0 and self._segments[at].forget(number):
                segment = self._segments.pop(at)
                self._account.add(-segment.size_bytes)
                emptied.append(segment)
        return emptied


class _Found(NamedTuple):
    """What a file says of its rows.

    Attributes:
        marks: by write key.
        removed: cursors of calls that were forgotten, each with its request's number.
    """

    marks: dict[str, Mark]
    removed: dict[int, int]

    def mark(self, source: str) -> Mark:
        return self.marks.get(source) or Mark(source)

    def kept(self, share: Share) -> Literal["all", "some", ""]:
        """Return how much of a share is kept."""
        mark = self.mark(share.source)
        first, last = share.first_number, share.last_number
        if mark.after >= last or (mark.number >= last and mark.cursor >= share.last_cursor):
            return ""
        evicted = share.calls and mark.cursor >= share.first_cursor
        return "some" if max(mark.after, mark.number) >= first or evicted else "all"

    def has_removed(self, summary: Summary) -> bool:
        return any(summary.first <= number <= summary.last for number in self.removed.values())


_first = attrgetter("first")
