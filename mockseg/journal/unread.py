"""Blocks of requests and calls that stay in a file until one of them is asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol, Self

import msgspec

from mockseg.domain.call import KeptCall
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalDamagedError
from mockseg.journal.rows import ReadRow
from mockseg.journal.segments import Recorded, Segment, Share, size_of, unpacked

PART_CALLS: Final = 256
"""So many calls, or requests without any, are read at once; it takes a few milliseconds."""


class RowStore(Protocol):
    """The file that has the rows."""

    def requests(self, *, first: int, last: int) -> Iterable[Recorded]:
        """Yield the rows with these numbers."""

    def row(self, number: int, *, checked: bool = False) -> ReadRow | None:
        """Return one row, None without one.

        Args:
            number: of it.
            checked: whether its checksum was found right before.
        """

    def damaged(self, what: str) -> JournalDamagedError:
        """Return the error that says what is wrong."""


class _Portion(NamedTuple):
    """What a part of a segment has of one source, as in :class:`Share`.

    Attributes:
        numbers: of its requests, counted from the first of the segment.
        size_bytes: that it counts in memory until it is read.
    """

    first_number: int
    last_number: int
    numbers: Sequence[int]
    calls: int
    first_cursor: int
    last_cursor: int
    size_bytes: int

    @property
    def requests(self) -> int:
        return len(self.numbers)


class _Part:
    """Rows of a segment that are read together.

    Attributes:
        portions: by source, those of which something is kept.
        is_read: whether they were read.
        requests, calls: what was read, by source, or None for all; each is taken once.
        damage: why they cannot be read.
    """

    __slots__ = ("calls", "damage", "is_read", "portions", "requests")

    def __init__(self) -> None:
        self.portions: dict[str, _Portion] = {}
        self.is_read = False
        self.requests: dict[str | None, list[KeptRequest]] = {}
        self.calls: dict[str | None, list[KeptCall]] = {}
        self.damage: JournalDamagedError | None = None

    def of(self, source: str | None) -> list[_Portion]:
        """Return what it has of a source, or of all."""
        if source is None:
            return [*self.portions.values()]
        return [self.portions[source]] if source in self.portions else []


class UnreadRows:
    """The rows of a segment, in parts that are read when a row of theirs is asked for.

    Args:
        segment: of the rows.
        shares: of its sources, those of which something is kept; all that they say is kept.
        file: has them.
        resized: called with the write key of a source and the bytes that its rows take in memory
            above what its share says, when some were read.

    Attributes:
        shares: by write key.
        is_read: whether some rows were read.
    """

    __slots__ = (
        "_checked",
        "_file",
        "_latest",
        "_parts",
        "_resized",
        "_segment",
        "is_read",
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
        self._parts: list[_Part] | None = None
        self.is_read = False
        self._latest: ReadRow | None = None
        # Of each request: whether its row was read once, and its checksum was right.
        self._checked = bytearray()

    @property
    def parts(self) -> list[_Part]:
        if self._parts is None:
            self._parts = [*self._split()]
        return self._parts

    def _split(self) -> Iterator[_Part]:
        numbers_of = {source: unpacked(share.numbers) for source, share in self.shares.items()}
        starts = dict.fromkeys(numbers_of, 0)
        for last in self._lasts(sorted(set().union(*numbers_of.values()))):
            part = _Part()
            for source, numbers in numbers_of.items():
                start = starts[source]
                end = starts[source] = bisect_right(numbers, last, start)
                if start == end:
                    continue
                # Nearly: what it takes is known when it is read.
                size_bytes = self.shares[source].size_bytes
                counted = [size_bytes * place // len(numbers) for place in (start, end)]
                portion = self._portion(numbers[start:end], counted[1] - counted[0])
                part.portions[source] = portion
            yield part

    def _lasts(self, numbers: Sequence[int]) -> Iterator[int]:
        """Yield the number of the last request of each part."""
        calls = 0
        for number in numbers:
            calls += len(self._segment.places_of(number)) or 1
            if calls >= PART_CALLS or number == numbers[-1]:
                yield number
                calls = 0

    def _portion(self, numbers: Sequence[int], size_bytes: int) -> _Portion:
        segment = self._segment
        spans = [places for number in numbers if (places := segment.places_of(number))]
        return _Portion(
            segment.first + numbers[0],
            segment.first + numbers[-1],
            numbers,
            sum(map(len, spans)),
            segment.cursor(spans[0][0]) if spans else 0,
            segment.cursor(spans[-1][-1]) if spans else 0,
            size_bytes,
        )

    def drop(self, source: str | None, part: _Part | None) -> bool:
        """Let go of what is kept of a source and return true, unless the rows were read.

        Args:
            source: a write key; of all sources nothing is let go of.
            part: of its rows; None for all.
        """
        is_read = self.is_read if part is None else part.is_read
        if is_read or source is None:
            return False
        for each in (self._parts or ()) if part is None else (part,):
            each.portions.pop(source, None)
        if part is None:
            self.shares.pop(source, None)
        return True

    def numbers(self, share: Share | _Portion) -> list[int]:
        """Return the numbers of the requests of a share."""
        first, numbers = self._segment.first, share.numbers
        return [
            first + each for each in (unpacked(numbers) if isinstance(numbers, bytes) else numbers)
        ]

    def shares_of(self, source: str | None) -> list[Share]:
        """Return the share of a source, or all."""
        return [*self.shares.values()] if source is None else [self.shares[source]]

    def request(self, number: int) -> KeptRequest | None:
        found = self._row(number)
        return None if found is None else found.request

    def call(self, cursor: int) -> KeptCall | None:
        number = self._segment.number_of(cursor)
        found = self._row(number) if number is not None else None
        try:
            return None if found is None else found.call(cursor)
        except msgspec.MsgspecError as error:
            # It was right when it was checked.
            raise self._file.damaged(str(error)) from None

    def _row(self, number: int) -> ReadRow | None:
        if self._latest is None or self._latest.request.number != number:
            segment = self._segment
            self._checked = self._checked or bytearray(segment.last - segment.first + 1)
            place = number - segment.first
            found = self._file.row(number, checked=bool(self._checked[place]))
            self._checked[place] = found is not None
            kept = found is not None and found.request.source in self.shares
            self._latest = found if kept else None
        return self._latest

    def read(self, part: _Part) -> None:
        """Read a part, unless it was read.

        Raises:
            JournalDamagedError: it is damaged.
        """
        if part.is_read:
            return
        if part.damage is not None:
            raise part.damage
        try:
            self._read(part)
        except JournalDamagedError as error:
            part.damage = error
            raise

    def _read(self, part: _Part) -> None:
        sources = [None, *part.portions] if part.portions else []
        requests: dict[str | None, list[KeptRequest]] = {source: [] for source in sources}
        calls: dict[str | None, list[KeptCall]] = {source: [] for source in sources}
        portions = part.portions.values()
        first = min([portion.first_number for portion in portions], default=0)
        last = max([portion.last_number for portion in portions], default=0)
        for request, theirs in self._file.requests(first=first, last=last) if calls else ():
            if request.source in part.portions:
                for whose in (None, request.source):
                    requests[whose].append(request)
                    calls[whose].extend(theirs)
        for source, portion in part.portions.items():
            sizes = len(requests[source]), len(calls[source])
            if sizes != (portion.requests, portion.calls):
                segment = self._segment
                raise self._file.damaged(
                    f"some of the requests {segment.first} to {segment.last} are missing"
                )
            size_bytes = size_of(requests[source], calls[source])
            self._resized(source, size_bytes - portion.size_bytes)
        part.requests, part.calls, self._latest = requests, calls, None
        part.is_read = self.is_read = True


class _Unread:
    """What a segment, or a part of it, has of a source or of all; see :class:`UnreadBlock`.

    Args:
        rows: of the segment.
        source: a write key, or None for all.
        part: of the rows; None for all of them.
    """

    __slots__ = ("_count", "_part", "_rows", "_source", "first", "last")

    first: int
    last: int

    def __init__(self, rows: UnreadRows, source: str | None, part: _Part | None = None) -> None:
        self._rows, self._source, self._part = rows, source, part
        self._count = self._measure(rows.shares_of(source) if part is None else part.of(source))

    def _measure(self, shares: Sequence[Share | _Portion]) -> int:
        """Set the numbers of the first and the last one, and return how many they are."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self._count

    @property
    def is_mixed(self) -> bool:
        return self._part is None and self._rows.is_read

    def parts(self) -> list[Self]:
        if self._part is not None:
            return [self]
        made = [type(self)(self._rows, self._source, each) for each in self._rows.parts]
        return [part for part in made if len(part)]

    def drop(self) -> bool:
        return self._rows.drop(self._source, self._part)

    def _read_part(self) -> _Part:
        """Return its part, which is read."""
        assert self._part is not None  # noqa: S101  (only parts are read)
        self._rows.read(self._part)
        return self._part


class UnreadRequests(_Unread):
    __slots__ = ("_shares",)

    def _measure(self, shares: Sequence[Share | _Portion]) -> int:
        self._shares = shares
        self.first = min([share.first_number for share in shares], default=0)
        self.last = max([share.last_number for share in shares], default=0)
        return sum([share.requests for share in shares])

    def read(self) -> tuple[list[int], list[KeptRequest]]:
        requests = self._read_part().requests.pop(self._source, [])
        return [request.number for request in requests], requests

    def numbers(self) -> list[int]:
        return [number for share in self._shares for number in self._rows.numbers(share)]

    def get(self, number: int) -> KeptRequest | None:
        return self._rows.request(number)


class UnreadCalls(_Unread):
    __slots__ = ()

    def _measure(self, shares: Sequence[Share | _Portion]) -> int:
        with_calls = [share for share in shares if share.calls]
        self.first = min([share.first_cursor for share in with_calls], default=0)
        self.last = max([share.last_cursor for share in with_calls], default=0)
        return sum([share.calls for share in with_calls])

    def read(self) -> tuple[list[int], list[KeptCall]]:
        calls = self._read_part().calls.pop(self._source, [])
        return [call.cursor for call in calls], calls

    def get(self, number: int) -> KeptCall | None:
        return self._rows.call(number)
