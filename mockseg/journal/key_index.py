"""Indexes of what stands in memory, by one key: made when they are first asked for.

To keep an index costs every call, and most servers are never asked. So it grows with the questions:
each takes in what came since the one before, so that every record is looked at once for a key,
however often that is asked for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mockseg.journal.meter import Account
from mockseg.journal.records import NumberedRecords
from mockseg.journal.segments import Keys, is_altered

Kind: TypeAlias = Literal["message_id", "user_id", "event", "remarked", "type", "no_calls"]

RUN_RECORDS: Final = 1024
"""So many records have one run of an index; fewer, the newest, are looked at one by one."""

# What one record takes: a hash with a place, and a number.
_RECORD_BYTES: Final = 16
_PLACE_BITS: Final = 10
_HASH_MASK: Final = 2 ** (64 - _PLACE_BITS) - 1
_PLACE_MASK: Final = 2**_PLACE_BITS - 1


class _Key(NamedTuple):
    """How a record is known.

    Attributes:
        read: returns its key; None where it has none, and is not found by it.
        number: returns its number.
        also_none: whether it is found without a key, too.
        is_altered: whether it may have another key than the one that is kept.
    """

    read: Callable[[Any], Hashable]
    number: Callable[[Any], int] = attrgetter("cursor")
    also_none: bool = False
    is_altered: Callable[[Any], bool] = is_altered


_KEYS: Final[dict[Kind, _Key]] = {
    "message_id": _Key(attrgetter("message_id")),
    "user_id": _Key(attrgetter("user_id")),
    # A filter may mean the event of a call that is not a track call.
    "event": _Key(attrgetter("event"), also_none=True),
    "remarked": _Key(lambda call: call.remark is not None or None),
    "type": _Key(attrgetter("type")),
    # Of requests.
    "no_calls": _Key(
        lambda request: not request.calls or None, attrgetter("number"), is_altered=lambda _: False
    ),
}
# Of calls, the narrowest first.
_CALL_KINDS: Final = ("message_id", "user_id", "event", "remarked", "type")


def kind_of(keys: Keys) -> Kind | None:
    """Return the narrowest key that is asked for, or None."""
    for kind in _CALL_KINDS:
        if getattr(keys, kind):
            return kind
    return None


class KeyIndexes:
    """All indexes of a journal.

    Args:
        account: counts what they take.
    """

    __slots__ = ("_account", "_indexes")

    def __init__(self, account: Account) -> None:
        self._account = account
        self._indexes: dict[tuple[str | None, Kind], KeyIndex] = {}

    def of(self, source: str | None, kind: Kind) -> KeyIndex:
        """Return the index of what a source has, or all have, by a key."""
        index = self._indexes.get((source, kind))
        if index is None:
            index = self._indexes[source, kind] = KeyIndex(kind, self._account)
        return index

    def clear(self, source: str | None) -> None:
        """Let go of the indexes of a source, or of those of all."""
        for kind in _KEYS if self._indexes else ():
            if (index := self._indexes.pop((source, kind), None)) is not None:
                index.close()


class KeyIndex:
    """The records of one source, or of all, by one key.

    Args:
        kind: the key.
        account: counts what it takes.
    """

    __slots__ = ("_account", "_is_closed", "_kind", "_runs")

    def __init__(self, kind: Kind, account: Account) -> None:
        self._kind, self._account = kind, account
        self._is_closed = False
        self._runs: list[_Run] = []

    @property
    def last(self) -> int:
        """Number of the last record that it knows, or 0."""
        return self._runs[-1].last if self._runs else 0

    def grow(self, records: NumberedRecords[Any]) -> Iterator[None]:
        """Take in the records that came since the last time, and let go of what was evicted.

        Each step takes less than a millisecond.
        """
        runs, key = self._runs, _KEYS[self._kind]
        evicted = bisect_left(runs, records.oldest_number, key=attrgetter("last"))
        if (len(runs) - evicted) * RUN_RECORDS > 2 * len(records) + RUN_RECORDS:
            # Most of them were evicted from between the others: it is made anew.
            evicted = len(runs)
        self._drop(evicted)
        # It may be closed while others have their turn.
        while not self._is_closed:
            some = [*islice(records.after(self.last), RUN_RECORDS)]
            if len(some) < RUN_RECORDS:
                return
            runs.append(_Run(some, key))
            self._account.add(RUN_RECORDS * _RECORD_BYTES)
            yield

    def close(self) -> None:
        """Let go of all, for good."""
        self._is_closed = True
        self._drop(len(self._runs))

    def _drop(self, runs: int) -> None:
        del self._runs[:runs]
        self._account.add(-runs * RUN_RECORDS * _RECORD_BYTES)

    def finders(self, keys: Keys) -> list[RunFinder]:
        """Return what finds the calls that may have its key, oldest first."""
        key = getattr(keys, self._kind)
        return [RunFinder(run, key, loosely=keys.loosely) for run in self._runs]

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of the records that have its only key, oldest first."""
        for run in self._runs:
            yield from run.find(True, loosely=False)


class _Run:
    """Records that stand one after the other, sorted by the hashes of a key."""

    __slots__ = ("_altered", "_numbers", "_sorted")

    def __init__(self, records: Sequence[Any], key: _Key) -> None:
        self._numbers = array("Q", map(key.number, records))
        entries = [
            (hash(value) & _HASH_MASK) << _PLACE_BITS | place
            for place, value in enumerate(map(key.read, records))
            if value is not None or key.also_none
        ]
        entries.sort()
        self._sorted = array("Q", entries)
        altered = [place for place, record in enumerate(records) if key.is_altered(record)]
        self._altered = array("H", altered)

    @property
    def first(self) -> int:
        return self._numbers[0]

    @property
    def last(self) -> int:
        return self._numbers[-1]

    def find(self, key: Hashable, *, loosely: bool) -> list[int]:
        """Return the numbers of the records whose key may be this one, in order."""
        places = self._places(key)
        if loosely:
            places = sorted({*places, *self._places(None), *self._altered})
        return [self._numbers[place] for place in places]

    def _places(self, key: Hashable) -> list[int]:
        first = (hash(key) & _HASH_MASK) << _PLACE_BITS
        start = bisect_left(self._sorted, first)
        end = bisect_right(self._sorted, first | _PLACE_MASK, start)
        return [entry & _PLACE_MASK for entry in self._sorted[start:end]]


class RunFinder:
    """A :class:`mockseg.journal.narrowed.Finder` of the calls of a run that may have a key."""

    __slots__ = ("_key", "_loosely", "_run")

    def __init__(self, run: _Run, key: Hashable, *, loosely: bool) -> None:
        self._run, self._key, self._loosely = run, key, loosely

    @property
    def first_cursor(self) -> int:
        return self._run.first

    @property
    def last_cursor(self) -> int:
        return self._run.last

    def cursors(self) -> Sequence[int]:
        return self._run.find(self._key, loosely=self._loosely)

    def surely(self) -> tuple[int, Sequence[int]]:
        # Some may be evicted, and all can be looked at without being read.
        return 0, self.cursors()
