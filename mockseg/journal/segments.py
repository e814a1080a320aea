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
from collections.abc import Generator, Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from mockseg.domain.call import CALL_BYTES, KeptCall, UnexplainedRemark, extra_bytes
from mockseg.domain.request import KeptRequest
from mockseg.journal.counts import Counts, SavedCounts
from mockseg.journal.window import Seen, is_discarded, seen_of

SEGMENT_CALLS: Final = 4096
"""A segment is closed when it has this many calls, or requests without any."""
SEGMENT_BYTES: Final = 8 * 1024 * 1024
"""Or when the bodies of its requests have this many bytes."""
INDEX_BYTES: Final = 44
"""What the index takes in memory for one call (three hashes with their places, two numbers)."""

# Calls of a segment that have one key: most often not more.
_FEW = 8
# Of one number, packed.
_NUMBER_BYTES = 4
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

    @property
    def requests(self) -> int:
        """Return how many requests it has."""
        return len(self.numbers) // _NUMBER_BYTES


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


def summarised(
    requests: Sequence[KeptRequest], calls: Sequence[KeptCall]
) -> Generator[None, None, Summary]:
    """Return the summary of requests that stand one after the other, and of their calls.

    Each step takes about a millisecond.
    """
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
    yield
    shares = []
    for source, theirs in by_source.items():
        shares.append(_share(source, first, *theirs))
        yield
    sources, ids = [call.request.source for call in calls], [call.message_id for call in calls]
    remarked = [place for place, call in enumerate(calls) if call.remark is not None]
    yield
    events = yield from _indexed(sources, [call.event for call in calls])
    users = yield from _indexed(sources, [call.user_id for call in calls])
    by_id = yield from _indexed(sources, ids)
    return Summary(
        first,
        requests[-1].number,
        shares,
        first_cursor,
        packed([call.cursor - first_cursor for call in calls]),
        packed([call.request.number - first for call in calls]),
        packed(owners),
        ids,
        (events, users, by_id),
        packed([place for place in remarked if is_altered(calls[place])]),
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


def is_altered(call: KeptCall) -> bool:
    """Return whether the message of a call may be another than the one that was sent."""
    remark = call.remark
    # One that is not explained yet most often is.
    return remark is not None and (
        remark.altered is not None or isinstance(remark, UnexplainedRemark)
    )


def _indexed(sources: Sequence[str], texts: Sequence[str | None]) -> Generator[None, None, _Packed]:
    """Return the index of the calls by their texts; each step takes about a millisecond."""
    texts_of: dict[str, set[str | None]] = {}
    if len(set(sources)) == 1:
        texts_of[sources[0]] = set(texts)
    else:
        for source, text in zip(sources, texts, strict=True):
            texts_of.setdefault(source, set()).add(text)
    hash_of = {source: _hashes(source, theirs) for source, theirs in texts_of.items()}
    yield
    hashes = [hash_of[source][text] for source, text in zip(sources, texts, strict=True)]
    places = sorted(range(len(hashes)), key=hashes.__getitem__)
    index = packed([hashes[place] for place in places], "Q"), packed(places)
    yield
    return index


def _hashes(source: str, texts: Iterable[str | None]) -> dict[str | None, int]:
    """Return for each text a number of 61 bits, the same in every process on every machine."""
    start = source.encode("utf-8", "surrogatepass") + b"\0"
    return {
        text: int.from_bytes(
            start if text is None else start + b"=" + text.encode("utf-8", "surrogatepass"),
            "little",
        )
        % _PRIME
        for text in texts
    }


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
        loosely: also calls whose message was altered, or may have an event that is not kept with
            the call: a filter sees the message, not the keys.
        type: of a call, equal. A file has no index of it.
        remarked: only calls that something is remarked of, as of every bad one. Likewise.
    """

    event: str | None = None
    user_id: str | None = None
    message_id: str | None = None
    loosely: bool = False
    type: str | None = None
    remarked: bool = False


class Probe(NamedTuple):
    """One key of a source, as an index knows it.

    Attributes:
        kind: place of the index: 0 of events, 1 of users, 2 of messageIds.
        key: what is looked for.
        none: the same of calls that have no such text; None where these cannot be meant.
        loosely: as in :class:`Keys`.
    """

    kind: int
    key: int
    none: int | None
    loosely: bool


def probes(keys: Keys, source: str) -> list[Probe]:
    """Return what to look for in the indexes, the narrowest first."""
    texts = ((2, keys.message_id), (1, keys.user_id), (0, keys.event))
    hash_of = _hashes(source, {None, *(text for _, text in texts)})
    # Only the event is not kept of calls whose message may have one: those that do not track.
    none = hash_of[None] if keys.loosely else None
    return [
        Probe(kind, hash_of[text], none if kind == 0 else None, keys.loosely)
        for kind, text in texts
        if text is not None
    ]


_NO_PLACES = array("I")


class _KeyIndex:
    """Places of calls by a key, in the order of the hashes of source and text."""

    __slots__ = ("_hashes", "_places")

    def __init__(self, index: _Packed) -> None:
        hashes, places = index
        self._hashes, self._places = unpacked(hashes, "Q"), unpacked(places)

    def count(self, key: int) -> int:
        hashes = self._hashes
        start = bisect_left(hashes, key)
        if start == len(hashes) or hashes[start] != key:
            # Most segments do not have a messageId.
            return 0
        end = start + _FEW
        # Most often they are few, and so few are looked through sooner than all that follow.
        if end < len(hashes) and hashes[end] == key:
            return bisect_right(hashes, key, end) - start
        return bisect_right(hashes, key, start, min(end, len(hashes))) - start

    def find(self, key: int | None) -> array[int]:
        """Return the places of the calls with a key, in order; none for no key."""
        if key is None:
            return _NO_PLACES
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
        "_indexes",
        "_kept",
        "_left",
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
        self._indexes = tuple([_KeyIndex(index) for index in summary.indexes])
        self._altered = unpacked(summary.altered)

    def count(self, asked: Sequence[Probe]) -> int:
        """Return how many calls have these keys, as in `find`."""
        if len(asked) == 1 and not asked[0].loosely:
            return self._indexes[asked[0].kind].count(asked[0].key)
        return len(self.find(asked))

    def find_surely(self, asked: Sequence[Probe]) -> tuple[Sequence[int], Sequence[int]]:
        """Return the places of the calls that have these keys, and whose message may have them."""
        found = self.find(asked)
        nones = [self._indexes[probe.kind].count(probe.none) for probe in asked if probe.none]
        if not self._altered and not any(nones):
            return found, ()
        exactly = self.find([probe._replace(none=None, loosely=False) for probe in asked])
        surely = {place for place in exactly if not _has(self._altered, place)}
        return sorted(surely), [place for place in found if place not in surely]

    def find(self, asked: Sequence[Probe]) -> Sequence[int]:
        """Return the places of the calls that have these keys, in order.

        They are right but for texts with one hash, of which two meet once in some 10^12 questions.
        """
        found: Sequence[int] | None = None
        for probe in asked:
            index = self._indexes[probe.kind]
            groups = [index.find(probe.key), index.find(probe.none)]
            if probe.loosely:
                groups.append(self._altered)
            groups = [group for group in groups if group]
            if found is not None:
                # Those of the narrowest key are few.
                found = [place for group in groups for place in found if _has(group, place)]
                if len(groups) > 1:
                    found = sorted(set(found))
            else:
                found = groups[0] if len(groups) == 1 else sorted(set().union(*groups))
            if not found:
                break
        return found or ()

    def forget(self, number: int) -> bool:
        """Note that a request is gone; return whether that was the last one."""
        offset = number - self.first
        if offset >= len(self._kept) or not self._kept[offset]:
            return False
        self._kept[offset] = 0
        self._left -= 1
        return not self._left

    def those_of(self, cursors: Iterable[int]) -> set[int]:
        """Return which of these cursors are of this segment."""
        return {cursor for cursor in cursors if self.first_cursor <= cursor <= self.last_cursor}

    def cursor(self, place: int) -> int:
        return self.first_cursor + self.cursors[place]

    def places_of(self, number: int) -> range:
        """Return the places of the calls of a request, counted from the first request."""
        start = bisect_left(self.numbers, number)
        return range(start, bisect_right(self.numbers, number, start))

    def without_calls(self) -> list[int]:
        """Return the numbers of the kept requests that brought no call, in order."""
        numbers = {*self.numbers}
        return [
            self.first + offset
            for offset, kept in enumerate(self._kept)
            if kept and offset not in numbers
        ]

    def number_of(self, cursor: int) -> int | None:
        """Return the number of the request that brought a call, None when it is not here."""
        offset = cursor - self.first_cursor
        place = bisect_left(self.cursors, offset)
        if place == len(self.cursors) or self.cursors[place] != offset:
            return None
        return self.first + self.numbers[place]


def _has(places: Sequence[int], place: int) -> bool:
    at = bisect_left(places, place)
    return at < len(places) and places[at] == place


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
