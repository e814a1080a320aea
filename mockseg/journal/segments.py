"""Segments of a journal: some thousand calls that are all there, and what is known of them.

A segment is closed when it has enough calls: they are counted, and their keys are sorted, once and
for all. The file gets a summary, from which the next start takes counts and message ids without
reading a row; the rows are read when one is asked for. In memory stands an index, so
that a question for an event, a user or a messageId looks into few calls.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from mockseg.domain.call import CALL_BYTES, KeptCall, UnexplainedRemark, extra_bytes
from mockseg.domain.request import KeptRequest
from mockseg.errors import JournalDamagedError
from mockseg.journal.counts import Counts, SavedCounts
from mockseg.journal.window import Seen, is_discarded, seen_of

SEGMENT_CALLS: Final = 4096
"""A segment is closed when it has this many calls, or requests without any."""
SEGMENT_BYTES: Final = 8 * 1024 * 1024
"""Or when the bodies of its requests have this many bytes."""
INDEX_BYTES: Final = 44
"""What the index takes in memory for one call (three hashes with their places, two numbers)."""

# A Mersenne prime.
_PRIME = 2**61 - 1

# Hashes in their order, and the place of the call of each.
_Packed: TypeAlias = "tuple[bytes, bytes]"
Recorded: TypeAlias = "tuple[KeptRequest, list[KeptCall]]"


class Share(msgspec.Struct, frozen=True, array_like=True):
    """What a segment has of one source.

    Attributes:
        source: the write key.
        first_number, last_number: of its requests.
        numbers: of its requests, packed, counted from the first of the segment.
        calls: how many.
        first_cursor, last_cursor: of its calls; 0 when it has none.
        size_bytes: that they take in memory.
        counts: of its calls and requests.
        moments, attempts: as in :class:`~mockseg.journal.window.Seen`.
    """

    source: str
    first_number: int
    last_number: int
    numbers: bytes
    calls: int
    first_cursor: int
    last_cursor: int
    size_bytes: int
    counts: SavedCounts
    moments: list[tuple[int, int]]
    attempts: list[tuple[int, str, int]]


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """What a file says of a segment. Calls are in the order of their cursors.

    Attributes:
        first, last: numbers of the first and the last request.
        shares: of its sources.
        first_cursor: of the first call.
        cursors: of each call, packed, counted from the first.
        numbers: of each call's request, likewise.
        owners: place among the shares, of each call, packed.
        ids: messageId of each call.
        indexes: of its events, users and messageIds; see :class:`_KeyIndex`.
        altered: places of the calls whose message was altered by a plan, packed.
        unseen: places of the calls whose messageId is new all the same when it comes again, packed.
    """

    first: int
    last: int
    shares: list[Share]
    first_cursor: int
    cursors: bytes
    numbers: bytes
    owners: bytes
    ids: list[str]
    indexes: tuple[_Packed, _Packed, _Packed]
    altered: bytes
    unseen: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Summary).decode


def encoded(summary: Summary) -> tuple[int, int, bytes, int]:
    """Return first and last number, the summary as bytes and their checksum."""
    value = _encode(summary)
    return summary.first, summary.last, value, _checksum(summary.first, summary.last, value)


def decoded(first: int, last: int, value: bytes, crc: int) -> Summary:
    """Return a summary as it was written.

    Raises:
        ValueError: its checksum is wrong.
        TypeError, msgspec.MsgspecError: it cannot be read.
    """
    if _checksum(first, last, value) != crc:
        raise ValueError(f"the checksum of the summary of requests {first} to {last} is wrong")
    return _decode(value)


def _checksum(first: int, last: int, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(f"{first} {last}".encode()))


def summarised(requests: Sequence[KeptRequest], calls: Sequence[KeptCall]) -> Summary:
    """Return the summary of requests that stand one after the other, and of their calls."""
    first = requests[0].number
    first_cursor = calls[0].cursor if calls else 0
    by_source: dict[str, tuple[list[KeptRequest], list[KeptCall]]] = {}
    for request in requests:
        by_source.setdefault(request.source, ([], []))[0].append(request)
    owners = [0] * len(calls)
    if len(by_source) > 1:
        place_of = {source: place for place, source in enumerate(by_source)}
        owners = [place_of[call.request.source] for call in calls]
        for call in calls:
            by_source[call.request.source][1].append(call)
    else:
        by_source[requests[0].source] = list(requests), list(calls)
    sources, ids = [call.request.source for call in calls], [call.message_id for call in calls]
    remarked = [place for place, call in enumerate(calls) if call.remark is not None]
    return Summary(
        first,
        requests[-1].number,
        [_share(source, first, *theirs) for source, theirs in by_source.items()],
        first_cursor,
        packed([call.cursor - first_cursor for call in calls]),
        packed([call.request.number - first for call in calls]),
        packed(owners),
        ids,
        (
            _indexed(sources, [call.event for call in calls]),
            _indexed(sources, [call.user_id for call in calls]),
            _indexed(sources, ids),
        ),
        packed([place for place in remarked if _is_altered(calls[place])]),
        packed([place for place in remarked if is_discarded(calls[place].remark)]),
    )


def _share(
    source: str, first: int, requests: Sequence[KeptRequest], calls: Sequence[KeptCall]
) -> Share:
    counts = Counts()
    counts.add_arrivals(requests, calls)
    seen = seen_of(calls)
    return Share(
        source,
        requests[0].number,
        requests[-1].number,
        packed([request.number - first for request in requests]),
        len(calls),
        calls[0].cursor if calls else 0,
        calls[-1].cursor if calls else 0,
        size_of(requests, calls),
        counts.saved(),
        list(seen.moments),
        list(seen.attempts),
    )


def _is_altered(call: KeptCall) -> bool:
    remark = call.remark
    # One that is not explained yet most often is.
    return remark is not None and (
        remark.altered is not None or isinstance(remark, UnexplainedRemark)
    )


def _indexed(sources: Sequence[str], texts: Sequence[str | None]) -> _Packed:
    """Return the index of the calls by their texts."""
    known: dict[tuple[str, str | None], int] = {}
    hashes = []
    for key in zip(sources, texts, strict=True):
        found = known.get(key)
        if found is None:
            found = known[key] = _hash(*key)
        hashes.append(found)
    places = sorted(range(len(hashes)), key=hashes.__getitem__)
    return packed([hashes[place] for place in places], "Q"), packed(places)


def _hash(source: str, text: str | None) -> int:
    """Return a number of 61 bits, the same in every process and on every machine."""
    whole = f"{source}\0{'' if text is None else '=' + text}"
    return int.from_bytes(whole.encode("utf-8", "surrogatepass"), "little") % _PRIME


def packed(numbers: Iterable[int], size: Literal["I", "Q"] = "I") -> bytes:
    values = array(size, numbers)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def unpacked(value: bytes, size: Literal["I", "Q"] = "I") -> array[int]:
    values = array(size)
    values.frombytes(value)
    if sys.byteorder == "big":
        values.byteswap()
    return values


class Keys(NamedTuple):
    """What calls are looked for by; None for any.

    Attributes:
        event, user_id, message_id: of a call, equal.
        loosely: also calls that have none of these, or whose message was altered: a filter sees
            the message, not the keys.
    """

    event: str | None = None
    user_id: str | None = None
    message_id: str | None = None
    loosely: bool = False

    def __bool__(self) -> bool:
        return not self.event is self.user_id is self.message_id is None


class _KeyIndex:
    """Places of calls by a key, in the order of the hashes of source and text."""

    __slots__ = ("_hashes", "_places")

    def __init__(self, index: _Packed) -> None:
        hashes, places = index
        self._hashes, self._places = unpacked(hashes, "Q"), unpacked(places)

    def find(self, source: str, text: str | None) -> Sequence[int]:
        """Return the places of the calls of a source with a text, in order."""
        key = _hash(source, text)
        start = bisect_left(self._hashes, key)
        return self._places[start : bisect_right(self._hashes, key, start)]


class Segment:
    """A closed segment, as it stands in memory.

    Args:
        summary: of it.

    Attributes:
        first, last: numbers of its first and last request.
        first_cursor, last_cursor: of its calls; 0 when it has none.
        sources: of its calls and requests.
        cursors: of its calls, counted from the first.
        numbers: of the requests of its calls, likewise.
        size_bytes: that it takes.
    """

    __slots__ = (
        "_altered",
        "_events",
        "_ids",
        "_kept",
        "_left",
        "_users",
        "cursors",
        "first",
        "first_cursor",
        "last",
        "last_cursor",
        "numbers",
        "size_bytes",
        "sources",
    )

    def __init__(self, summary: Summary) -> None:
        self.first, self.last = summary.first, summary.last
        self.cursors = unpacked(summary.cursors)
        self.numbers = unpacked(summary.numbers)
        self.first_cursor = summary.first_cursor
        self.last_cursor = self.first_cursor + self.cursors[-1] if self.cursors else 0
        self.sources = tuple([share.source for share in summary.shares])
        self._kept = bytearray(self.last - self.first + 1)
        for share in summary.shares:
            for number in unpacked(share.numbers):
                self._kept[number] = 1
        self._left = sum(self._kept)
        self.size_bytes = len(self.cursors) * INDEX_BYTES
        self._events, self._users, self._ids = map(_KeyIndex, summary.indexes)
        self._altered = unpacked(summary.altered)

    def find(self, keys: Keys, source: str) -> Sequence[int]:
        """Return the places of the calls of a source that have these keys, in order.

        They are right but for texts with one hash, of which two meet once in some 10^13 questions.
        """
        found: Sequence[int] | None = None
        for index, text in (
            (self._ids, keys.message_id),
            (self._users, keys.user_id),
            (self._events, keys.event),
        ):
            if text is None:
                continue
            places = index.find(source, text)
            if keys.loosely:
                places = sorted({*places, *index.find(source, None), *self._altered})
            if found is not None:
                these = set(places)
                places = [place for place in found if place in these]
            found = places
        return found or ()

    def forget(self, number: int) -> bool:
        """Note that a request is gone; return whether that was the last one."""
        offset = number - self.first
        if offset >= len(self._kept) or not self._kept[offset]:
            return False
        self._kept[offset] = 0
        self._left -= 1
        return not self._left

    def cursor(self, place: int) -> int:
        return self.first_cursor + self.cursors[place]

    def number_of(self, cursor: int) -> int | None:
        """Return the number of the request that brought a call, None when it is not here."""
        offset = cursor - self.first_cursor
        place = bisect_left(self.cursors, offset)
        if place == len(self.cursors) or self.cursors[place] != offset:
            return None
        return self.first + self.numbers[place]


class RowStore(Protocol):
    """The file that has the rows."""

    def requests(self, *, first: int, last: int) -> Iterable[Recorded]:
        """Yield the rows with these numbers."""

    def request(self, number: int) -> Recorded | None:
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
        self._latest: Recorded | None = None
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
        return found and found[0]

    def call(self, cursor: int) -> KeptCall | None:
        number = self._segment.number_of(cursor)
        found = self._row(number) if number is not None else None
        if found is None:
            return None
        return next((call for call in found[1] if call.cursor == cursor), None)

    def _row(self, number: int) -> Recorded | None:
        if self._latest is None or self._latest[0].number != number:
            found = self._file.request(number)
            self._latest = found if found is not None and found[0].source in self.shares else None
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


def size_of(requests: Sequence[KeptRequest], calls: Sequence[KeptCall]) -> int:
    """Return what requests and calls take in memory."""
    size_bytes = sum([request.size_bytes for request in requests])
    return size_bytes + len(calls) * CALL_BYTES + extra_bytes(calls)


def seen_in(summary: Summary, share: Share) -> Seen:
    """Return what the calls of one source leave in its window."""
    ids: Sequence[str] = summary.ids
    first = summary.first_cursor
    cursors = [first + cursor for cursor in unpacked(summary.cursors)]
    unseen = set(unpacked(summary.unseen))
    if unseen or len(summary.shares) > 1:
        owner = summary.shares.index(share)
        places = [
            place
            for place, each in enumerate(unpacked(summary.owners))
            if each == owner and place not in unseen
        ]
        ids, cursors = [ids[place] for place in places], [cursors[place] for place in places]
    return Seen(share.moments, ids, cursors, share.attempts)
