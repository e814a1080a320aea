"""Blocks of requests and calls that stay in a file until one of them is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mockseg.domain.call import KeptCall
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalDamagedError
from mockseg.journal.rows import ReadRow
from mockseg.journal.segments import Recorded, Segment, Share, size_of, unpacked


class RowStore(Protocol):
    """The file that has the rows."""

    def requests(self, *, first: int, last: int) -> Iterable[Recorded]:
        """Yield the rows with these numbers."""

    def row(self, number: int) -> ReadRow | None:
        """Return one row, None without one."""

    def damaged(self, what: str) -> JournalDamagedError:
        """Return the error that says what is wrong."""


class UnreadRows:
    """The rows of a segment that are read when one is asked for.

    Args:
        segment: of the rows.
        shares: of its sources, those of which something is kept; all that they say is kept.
        file: has them.
        resized: called with the write key of a source and the bytes that its rows take in memory
            above what its share says, when they were read.

    Attributes:
        shares: by write key.
    """

    __slots__ = (
        "_calls",
        "_damage",
        "_file",
        "_latest",
        "_requests",
        "_resized",
        "_segment",
        "shares",
    )

    def __init__(
        self,
        segment: Segment,
        shares: Sequence[Share],
        *,
        file: RowStore,
        resized: Callable[[str, int], object],
    ) -> None:
        self._segment = segment
        self.shares = {share.source: share for share in shares}
        self._file, self._resized = file, resized
        # By source; None for all.
        self._requests: dict[str | None, list[KeptRequest]] | None = None
        self._calls: dict[str | None, list[KeptCall]] = {}
        self._latest: ReadRow | None = None
        self._damage: JournalDamagedError | None = None

    @property
    def is_read(self) -> bool:
        return self._requests is not None

    def drop(self, source: str | None) -> bool:
        """Let go of what is kept of a source and return true, unless the rows were read."""
        if self.is_read or source is None:
            return False
        self.shares.pop(source, None)
        return True

    def numbers(self, share: Share) -> list[int]:
        """Return the numbers of the requests of a share."""
        first = self._segment.first
        return [first + number for number in unpacked(share.numbers)]

    def shares_of(self, source: str | None) -> list[Share]:
        """Return the share of a source, or all."""
        return [*self.shares.values()] if source is None else [self.shares[source]]

    def take_requests(self, source: str | None) -> list[KeptRequest]:
        """Return the requests of a source, or of all, once."""
        return self._rows().pop(source, [])

    def take_calls(self, source: str | None) -> list[KeptCall]:
        """Return the calls of a source, or of all, once."""
        self._rows()
        return self._calls.pop(source, [])

    def request(self, number: int) -> KeptRequest | None:
        found = self._row(number)
        return None if found is None else found.request

    def call(self, cursor: int) -> KeptCall | None:
        number = self._segment.number_of(cursor)
        found = self._row(number) if number is not None else None
        return None if found is None else found.call(cursor)

    def _row(self, number: int) -> ReadRow | None:
        if self._latest is None or self._latest.request.number != number:
            found = self._file.row(number)
            kept = found is not None and found.request.source in self.shares
            self._latest = found if kept else None
        return self._latest

    def _rows(self) -> dict[str | None, list[KeptRequest]]:
        if self._requests is not None:
            return self._requests
        if self._damage is not None:
            raise self._damage
        try:
            return self._read()
        except JournalDamagedError as error:
            self._damage = error
            raise

    def _read(self) -> dict[str | None, list[KeptRequest]]:
        sources = [None, *self.shares] if self.shares else []
        requests: dict[str | None, list[KeptRequest]] = {source: [] for source in sources}
        calls: dict[str | None, list[KeptCall]] = {source: [] for source in sources}
        first, last = self._segment.first, self._segment.last
        for request, theirs in self._file.requests(first=first, last=last) if calls else ():
            if request.source in self.shares:
                for whose in (None, request.source):
                    requests[whose].append(request)
                    calls[whose].extend(theirs)
        for source, share in self.shares.items():
            sizes = len(requests[source]), len(calls[source])
            if sizes != (len(share.numbers) // 4, share.calls):
                raise self._file.damaged(f"some of the requests {first} to {last} are missing")
            self._resized(source, size_of(requests[source], calls[source]) - share.size_bytes)
        self._requests, self._calls, self._latest = requests, calls, None
        return requests


class UnreadRequests:
    """The requests of a source, or of all, that are not read yet; see :class:`UnreadBlock`.

    Args:
        rows: of their segment.
        source: a write key, or None for all.
    """

    __slots__ = ("_rows", "_shares", "_source", "first", "last")

    def __init__(self, rows: UnreadRows, source: str | None) -> None:
        self._rows, self._source = rows, source
        self._shares = rows.shares_of(source)
        self.first = min([share.first_number for share in self._shares])
        self.last = max([share.last_number for share in self._shares])

    def __len__(self) -> int:
        return sum([len(share.numbers) // 4 for share in self._shares])

    def read(self) -> tuple[list[int], list[KeptRequest]]:
        requests = self._rows.take_requests(self._source)
        return [request.number for request in requests], requests

    def drop(self) -> bool:
        return self._rows.drop(self._source)

    def numbers(self) -> list[int]:
        return [number for share in self._shares for number in self._rows.numbers(share)]

    def get(self, number: int) -> KeptRequest | None:
        return self._rows.request(number)


class UnreadCalls:
    """The calls of a source, or of all, that are not read yet; see :class:`UnreadBlock`.

    Args:
        rows: of their segment.
        source: a write key, or None for all.
    """

    __slots__ = ("_count", "_rows", "_source", "first", "last")

    def __init__(self, rows: UnreadRows, source: str | None) -> None:
        self._rows, self._source = rows, source
        shares = [share for share in rows.shares_of(source) if share.calls]
        self.first = min([share.first_cursor for share in shares])
        self.last = max([share.last_cursor for share in shares])
        self._count = sum([share.calls for share in shares])

    def __len__(self) -> int:
        return self._count

    def read(self) -> tuple[list[int], list[KeptCall]]:
        calls = self._rows.take_calls(self._source)
        return [call.cursor for call in calls], calls

    def drop(self) -> bool:
        return self._rows.drop(self._source)

    def get(self, number: int) -> KeptCall | None:
        return self._rows.call(number)
