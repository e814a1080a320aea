"""A journal whose older calls stand in a file, in closed segments: how they are taken in and found.

What was recorded before the start stands in memory as blocks that are read when one is asked for;
what is recorded since then is there, and closed segments are made of it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

from mockseg.domain.call import KeptCall
from mockseg.domain.lost import with_bounds
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalDamagedError
from mockseg.journal.closing import Closing
from mockseg.journal.counts import MINUTE_BYTES
from mockseg.journal.file import JournalFile
from mockseg.journal.layout import LAST_NUMBER, Mark
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.narrowed import Look, Narrowed, SegmentFinder
from mockseg.journal.segments import (
    SEGMENT_BYTES,
    SEGMENT_CALLS,
    Keys,
    Probe,
    Segment,
    Share,
    Summary,
    probes,
    seen_in,
    summarised,
)
from mockseg.journal.source_records import SourceRecords
from mockseg.journal.unread import UnreadCalls, UnreadRequests, UnreadRows
from mockseg.journal.window import Seen, seen_of

# To look at so few calls, or so few for each source in a segment, is as good as an index.
_FEW_CALLS = 2048
_FEW_A_SHARE = 32
# Begins the kind of a record: over which settings a source was evicted.
BOUNDS_OF: Final = "bounds "

log = logging.getLogger("mockseg")


class SegmentedJournal(MemoryJournal):
    """A journal that begins with what a file has.

    Args:
        file: open for reading.
        bounds: as in :class:`MemoryJournal`.

    Attributes:
        run: names the journal to readers of streams; the same after a restart.
        server: what was saved of the server, as it was found in the file, or None.
        settings: the same of sources, by write key.
        records: what other parts of the server had put into the file, by kind and number.
        seen: what the calls in the file leave in the windows of messageIds, oldest first, each with
            a write key.
    """

    __slots__ = (
        "_closed_cursor",
        "_closed_number",
        "_closing",
        "_counted_number",
        "_file",
        "_gone",
        "_gone_meanwhile",
        "_open_bytes",
        "_open_calls",
        "_removed_ever",
        "_saved_number",
        "_segments",
        "_told_damage",
        "records",
        "run",
        "seen",
        "server",
        "settings",
    )

    def __init__(self, file: JournalFile, **bounds: Any) -> None:
        super().__init__(**bounds)
        self._file = file
        # Numbers of requests that are no longer kept and still in the file.
        self._gone: list[int] = []
        # Closed segments, oldest first, and the last request and call that are in one.
        self._segments: list[Segment] = []
        self._closed_number = self._closed_cursor = 0
        # Of what came after them: calls and bytes; the last request that is in the file, and the
        # last that is in a segment which is closed or being closed.
        self._open_calls = self._open_bytes = self._saved_number = self._counted_number = 0
        self._closing = Closing(self._due, close=self._close_segment, background=self._background)
        # While a segment is being closed: requests that went meanwhile.
        self._gone_meanwhile: list[int] | None = None
        # Cursors of calls that were forgotten while their request stayed.
        self._removed_ever: set[int] = set()
        self._told_damage = False
        self.run = file.run
        self.seen: list[tuple[str, Seen]] = []
        self.records: dict[str, dict[int, bytes]] = {}
        self.server: bytes | None = None
        self.settings: dict[str, bytes] = {}

    # --- starting

    def known_sources(self) -> list[str]:
        """Return the write keys of the sources that something is known of.

        They are in the order in which they were last used.
        """
        return sorted(self._sources, key=self.last_request)

    def _load(self) -> list[Summary]:
        """Take in what the file has; of what is in a closed segment, the summary.

        Returns:
            The segments of which nothing is kept.
        """
        file = self._file
        # What is read was not recorded now.
        age, self._age = self._age, None
        found = _Found({}, file.removed())
        self._removed_ever.update(found.removed)
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
            self._closed_number = self._counted_number = summary.last
        self._load_rows(found, self._closed_number + 1)
        for mark in found.marks.values():
            if mark.calls or mark.requests:
                self._restore(mark)
        self.cursor = max(self.cursor, file.cursor)
        self.number = self._saved_number = max(self.number, file.number)
        self.evicted_cursor = max((mark.cursor for mark in found.marks.values()), default=0)
        for kind, record, value in file.records():
            self.records.setdefault(kind, {})[record] = value or b""
        self._restore_bounds()
        self._evict()
        self._meter.keep_bound()
        self.evicted_ever = 0
        self._age = age
        return empty

    def _restore_bounds(self) -> None:
        """Restore over which settings sources were evicted."""
        for kind in [each for each in self.records if each.startswith(BOUNDS_OF)]:
            saved = self.records.pop(kind)
            source = self._sources.get(kind.removeprefix(BOUNDS_OF))
            if source is not None:
                names = tuple(saved.get(0, b"").decode("utf-8", "replace").split())
                source.bounds = with_bounds(names, ())
                self._all_lost = None
                self._all.bounds = with_bounds(names, self._all.bounds)

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
        source = self._sources[mark.key] = SourceRecords(mark.after)
        source.calls.evicted, source.calls.evicted_number = mark.calls, mark.cursor
        source.requests.evicted, source.requests.evicted_number = mark.requests, mark.number
        self._all_lost = None

    # --- segments

    async def narrow(self, keys: Keys, *, source: str | None) -> Narrowed | None:
        shares = sum([len(each.sources) for each in self._segments]) if source is None else 0
        kept = self.count(source)[0]
        if keys[:3] == (None, None, None) or kept < max(_FEW_CALLS, shares * _FEW_A_SHARE):
            return None
        self._closing.asked()
        asked: dict[str, list[Probe]] = {}

        def asked_of(each: str) -> list[Probe]:
            if each not in asked:
                asked[each] = probes(keys, each)
            return asked[each]

        finders = []
        for segment in self._segments:
            meant = segment.sources if source is None else {source}.intersection(segment.sources)
            looks = [
                Look(asked_of(each), calls.oldest_number)
                for each in meant
                if (calls := self._of(each).calls) and calls.oldest_number <= segment.last_cursor
            ]
            finders.append(SegmentFinder(segment, looks, self._removed_ever))
        return self._narrowed(keys, finders, self._closed_cursor, source)

    async def scan_without_calls(
        self, *, source: str | None = None
    ) -> AsyncIterator[list[KeptRequest]]:
        numbers = (number for segment in self._segments for number in segment.without_calls())
        async for portion in self._requests_at(numbers):
            yield [request for request in portion if source in {None, request.source}]
        async for portion in self.scan_requests(after=self._closed_number, source=source):
            yield [request for request in portion if not request.calls]

    def _count_open(self, request: KeptRequest, calls: list[KeptCall]) -> None:
        self._open_calls += len(calls) or 1
        self._open_bytes += len(request.body)

    def _count_gone(self, request: KeptRequest) -> None:
        if request.number > self._counted_number:
            self._open_calls -= request.calls or 1
            self._open_bytes -= len(request.body)

    def _due(self) -> int:
        """Return how many segments can be closed, or nearly."""
        return max(self._open_calls // SEGMENT_CALLS, self._open_bytes // SEGMENT_BYTES)

    def _close_segment(self) -> Generator[None, None, bool]:
        """Close a segment; return whether enough calls for one were saved.

        Each step takes about a millisecond. What is cleared or evicted between the steps is taken
        out of the segment at the end.

        Raises:
            sqlite3.Error: the file does not take a summary.
        """
        found = self._next_segment()
        if found is None:
            return False
        requests, calls = found
        for request in requests:
            self._count_gone(request)
        self._counted_number = requests[-1].number
        self._gone_meanwhile = []
        try:
            summary = yield from summarised(requests, calls)
            self._file.add_segment(summary)
            self._add_segment(Segment(summary))
            self._closed_number = summary.last
            gone = self._gone_meanwhile
        finally:
            self._gone_meanwhile = None
        self._drop_emptied(gone)
        yield
        return True

    def _next_segment(self) -> tuple[list[KeptRequest], list[KeptCall]] | None:
        """Return what the next segment has, None when too few calls for it are saved."""
        requests: list[KeptRequest] = []
        calls = size_bytes = 0
        for request in self._alive_requests(self._all.requests.after(self._closed_number)):
            if request.number > self._saved_number:
                return None
            requests.append(request)
            calls += request.calls or 1
            size_bytes += len(request.body)
            if calls >= SEGMENT_CALLS or size_bytes >= SEGMENT_BYTES:
                break
        else:
            # Some were cleared meanwhile.
            self._open_calls, self._open_bytes = calls, size_bytes
            return None
        last = requests[-1].number
        cursor = min([request.first_cursor for request in requests if request.calls], default=0)
        most = sum([request.calls for request in requests])
        theirs = [*islice(self._alive_calls(self._all.calls.after(cursor - 1)), most)]
        # Some of their calls may be forgotten.
        while theirs and theirs[-1].request.number > last:
            theirs.pop()
        return requests, theirs

    def _add_segment(self, segment: Segment) -> None:
        self._segments.append(segment)
        self._closed_cursor = max(self._closed_cursor, segment.last_cursor)
        self._account.add(segment.size_bytes)

    def _emptied(self, gone: list[int]) -> list[Segment]:
        """Forget segments of which nothing is kept any more; return them.

        Args:
            gone: numbers of requests that are no longer kept.
        """
        emptied = []
        if self._gone_meanwhile is not None:
            self._gone_meanwhile += gone
        for number in gone if self._segments else ():
            at = bisect_right(self._segments, number, key=_first) - 1
            if at >= 0 and self._segments[at].forget(number):
                segment = self._segments.pop(at)
                self._account.add(-segment.size_bytes)
                emptied.append(segment)
                self._removed_ever -= segment.those_of(self._removed_ever)
        return emptied

    def _drop_emptied(self, gone: list[int]) -> None:
        """Delete the segments of which nothing is kept any more from the file."""
        for segment in self._emptied(gone):
            # What is left of it does no harm.
            with contextlib.suppress(sqlite3.Error):
                self._file.drop_segment(segment.first, segment.last)

    # --- what the journal in memory does by itself

    def _drop(
        self, source: SourceRecords, requests: list[KeptRequest], calls: list[KeptCall]
    ) -> None:
        super()._drop(source, requests, calls)
        for request in requests:
            self._count_gone(request)

    def _free(self, source: SourceRecords) -> Iterator[None]:
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
