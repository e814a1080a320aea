"""Forgotten sources: what a server still knows of them, so that none passes for empty."""

from __future__ import annotations

import sys
from collections import OrderedDict

import msgspec

from mockseg.domain.lost import NOTHING_LOST, ForgottenSource, Lost
from mockseg.domain.timestamps import format_moment

MAX_FORGOTTEN = 100_000
MAX_FORGOTTEN_BYTES = 16 * 1024 * 1024
# About what a record takes besides its key.
_RECORD_BYTES = 300


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a source that was forgotten.

    Attributes:
        lost: its calls and requests.
        settings: what it had: the words of :class:`~mockseg.domain.lost.ForgottenSource`.
        at_ns: when, by the server's clock.
        times: how often.
        known: false for the record of all sources whose keys are no longer known.
    """

    lost: Lost = NOTHING_LOST
    settings: tuple[str, ...] = ()
    at_ns: int = 0
    times: int = 1
    known: bool = True

    def __bool__(self) -> bool:
        return bool(self.lost.requests or self.lost.calls or self.settings or not self.known)

    def __add__(self, earlier: Forgotten) -> Forgotten:
        """Return what is known of a source that was forgotten again."""
        return Forgotten(
            lost=self.lost + earlier.lost,
            settings=tuple(dict.fromkeys((*earlier.settings, *self.settings))),
            at_ns=max(self.at_ns, earlier.at_ns),
            times=self.times + earlier.times,
            known=self.known or earlier.known,
        )

    def without_calls(self) -> Forgotten | None:
        """Return what is still missing after the source was cleared, None for nothing."""
        kept = msgspec.structs.replace(self, lost=NOTHING_LOST)
        return kept if self.settings else None

    def without(self, setting: str) -> Forgotten | None:
        """Return what is still missing after something was set up again, None for nothing."""
        settings = tuple(each for each in self.settings if each != setting)
        kept = msgspec.structs.replace(self, settings=settings)
        return kept or None

    def view(self) -> Lost:
        """Return what was lost, with the fact that it was the whole source."""
        lost = self.lost
        told = ForgottenSource(
            known=self.known,
            at=format_moment(self.at_ns) if self.known else None,
            times=self.times if self.known else 0,
            calls=lost.calls,
            requests=lost.requests,
            settings=self.settings,
        )
        return msgspec.structs.replace(lost, forgotten=told)


class ForgottenSources:
    """The write keys of sources that were forgotten and are not open, bounded.

    Over the bound the oldest records are dropped, those of sources without settings first. From
    then on it is not known of any other key whether it was forgotten: :meth:`find` returns a
    record that says so.

    Attributes:
        count: number of sources forgotten since the server started.
        total: the calls and requests of all that were not cleared since.
    """

    def __init__(self) -> None:
        self._plain: OrderedDict[str, Forgotten] = OrderedDict()
        self._set_up: OrderedDict[str, Forgotten] = OrderedDict()
        self._bytes = 0
        self._unknown: Forgotten | None = None
        self.count = 0
        self.total = NOTHING_LOST

    def __len__(self) -> int:
        return len(self._plain) + len(self._set_up)

    @property
    def with_plan(self) -> int:
        """Return how many of these had a plan, as far as is known."""
        unknown = self._unknown
        known = sum("plan" in record.settings for record in self._set_up.values())
        return known + (unknown is not None and "plan" in unknown.settings)

    def __contains__(self, key: object) -> bool:
        return key in self._plain or key in self._set_up

    def add(self, key: str, record: Forgotten, *, earlier: Forgotten | None) -> None:
        """Remember a source that was forgotten.

        Args:
            key: its write key.
            record: what it had.
            earlier: what is known of it from the times before, or None.
        """
        self.count += 1
        self.total += record.lost
        if earlier is not None:
            record += earlier
        if not record:
            return
        (self._set_up if record.settings else self._plain)[key] = record
        self._bytes += _size_bytes(key)
        while len(self) > MAX_FORGOTTEN or self._bytes > MAX_FORGOTTEN_BYTES:
            self._drop_oldest()

    def find(self, key: str) -> Forgotten | None:
        """Return what is known of a key that is not open; None when it was not forgotten."""
        return self._plain.get(key) or self._set_up.get(key) or self._unknown

    def take(self, key: str) -> Forgotten | None:
        """Return the same, and leave it to the source that opens now."""
        found = self._plain.pop(key, None) or self._set_up.pop(key, None)
        if found is None:
            return self._unknown
        self._bytes -= _size_bytes(key)
        return found

    def uncount(self, record: Forgotten) -> None:
        """Count the calls and requests of a source no longer as lost, because it was cleared."""
        if record.known:
            lost, total = record.lost, self.total
            self.total = msgspec.structs.replace(
                total, calls=total.calls - lost.calls, requests=total.requests - lost.requests
            )

    def clear_all(self) -> None:
        """Count nothing as lost any more but settings: every source was cleared."""
        records = [(key, record.without_calls()) for key, record in self._set_up.items()]
        self._plain.clear()
        self._set_up.clear()
        self._set_up.update((key, record) for key, record in records if record is not None)
        self._bytes = sum(map(_size_bytes, self._set_up))
        self._unknown = None if self._unknown is None else self._unknown.without_calls()
        self.total = NOTHING_LOST

    def _drop_oldest(self) -> None:
        key, record = (self._plain or self._set_up).popitem(last=False)
        self._bytes -= _size_bytes(key)
        unknown = Forgotten(
            # Which calls they had is not known any more; only that none came later.
            lost=Lost(cursor=record.lost.cursor, number=record.lost.number),
            settings=record.settings,
            known=False,
        )
        self._unknown = unknown if self._unknown is None else unknown + self._unknown


def _size_bytes(key: str) -> int:
    return sys.getsizeof(key) + _RECORD_BYTES
