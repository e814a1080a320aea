"""The waits of a server, grouped so that a call is offered only to those that may be for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from mockseg.delivery.records import KeptDelivery
from mockseg.domain.call import KeptCall
from mockseg.json_types import JsonObject
from mockseg.matching.match import Key, Required, value_at


class Offered(Protocol):
    """What is offered to waits."""

    def value(self, key: Key) -> object:
        """Return the value of a key that a match may require."""
        ...


class OfferedCall:
    """A call that was just recorded; its message is decoded once for all waits."""

    __slots__ = ("_message", "call")

    def __init__(self, call: KeptCall) -> None:
        self.call = call
        self._message: JsonObject | None = None

    def message(self) -> JsonObject:
        if self._message is None:
            self._message = self.call.message()
        return self._message

    def value(self, key: Key) -> object:
        return getattr(self.call, key) if isinstance(key, str) else value_at(self.message(), key)


class OfferedDelivery:
    """A delivery that was opened or changed."""

    __slots__ = ("kept",)

    def __init__(self, kept: KeptDelivery) -> None:
        self.kept = kept

    def value(self, key: Key) -> object:
        return getattr(self.kept, key) if isinstance(key, str) else None


class Waiter(Protocol):
    """A wait for calls, or for deliveries."""

    @property
    def source(self) -> str | None:
        """Return the write key of the source it waits for; None for any."""
        ...

    @property
    def required(self) -> Sequence[Required]:
        """Return texts that everything has which it waits for."""
        ...

    def offer(self, offered: Any) -> None:
        """Look at something now."""
        ...

    def fall_behind(self, offered: Any) -> None:
        """Look at something, and all that follows, outside of the current request."""
        ...

    def cleared(self, source: str, call: int | None) -> None:
        """Count no longer what was cleared, as in :meth:`Waiters.cleared`."""
        ...


_Waiter = TypeVar("_Waiter", bound=Waiter)


class _Groups(Generic[_Waiter]):
    """The waits for one source, or for any, grouped by a value that a call must have."""

    __slots__ = ("_any", "_by_value", "_places")

    def __init__(self) -> None:
        # Those that no single value tells from others.
        self._any: set[_Waiter] = set()
        self._by_value: dict[Key, dict[str, set[_Waiter]]] = {}
        self._places: dict[_Waiter, Required | None] = {}

    def __bool__(self) -> bool:
        return bool(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[_Waiter]:
        return iter(tuple(self._places))

    def add(self, waiter: _Waiter) -> None:
        # The smallest group: 800 waits for one event and 800 values are grouped by the value.
        place = min(waiter.required, key=self._size, default=None)
        self._places[waiter] = place
        if place is None:
            self._any.add(waiter)
        else:
            self._by_value.setdefault(place.key, {}).setdefault(place.text, set()).add(waiter)

    def remove(self, waiter: _Waiter) -> None:
        place = self._places.pop(waiter)
        if place is None:
            self._any.remove(waiter)
            return
        values = self._by_value[place.key]
        values[place.text].remove(waiter)
        if not values[place.text]:
            del values[place.text]
        if not values:
            del self._by_value[place.key]

    def for_item(self, offered: Offered) -> Iterator[_Waiter]:
        """Yield the waits that may be for something, and not many others."""
        yield from self._any
        for key, values in self._by_value.items():
            value = offered.value(key)
            if isinstance(value, str):
                yield from values.get(value, ())

    def _size(self, place: Required) -> int:
        return len(self._by_value.get(place.key, {}).get(place.text, ()))


class Waiters(Generic[_Waiter]):
    """All waits of a server for calls, or for deliveries, by the source they wait for.

    Args:
        hold_seconds: how long one request may hold the event loop while its calls are offered.

    Attributes:
        turns: held by the one wait that reads the journal: hundreds would have the loop
            one after the other without a pause.
    """

    def __init__(self, *, hold_seconds: float = 0.02) -> None:
        self._hold_seconds = hold_seconds
        self.turns = asyncio.Lock()
        self._by_source: dict[str | None, _Groups[_Waiter]] = {}

    def add(self, waiter: _Waiter) -> None:
        groups = self._by_source.get(waiter.source)
        if groups is None:
            groups = self._by_source[waiter.source] = _Groups()
        groups.add(waiter)

    def remove(self, waiter: _Waiter) -> None:
        groups = self._by_source[waiter.source]
        groups.remove(waiter)
        if not groups:
            del self._by_source[waiter.source]

    def count(self, source: str) -> int:
        """Return the number of waits for one source alone."""
        groups = self._by_source.get(source)
        return 0 if groups is None else len(groups)

    def offer(self, source: str, items: Iterable[Any]) -> None:
        """Offer what was recorded to the waits that may be for it.

        Where that takes too long, the others read it from the journal, outside of this request.
        """
        if not self._by_source:
            return
        groups = self._of(source)
        if not groups:
            return
        until = time.perf_counter() + self._hold_seconds
        for place, item in enumerate(items):
            if place and time.perf_counter() > until:
                for each in groups:
                    for waiter in each:
                        waiter.fall_behind(item)
                return
            for each in groups:
                for waiter in each.for_item(item):
                    waiter.offer(item)

    def cleared(self, source: str, call: int | None) -> None:
        """Let no wait count what was cleared: all of a source, or what is of one call.

        Args:
            source: its write key.
            call: the cursor of the call; None for all of them.
        """
        for groups in self._of(source):
            for waiter in groups:
                waiter.cleared(source, call)

    def _of(self, source: str) -> list[_Groups[_Waiter]]:
        found = (self._by_source.get(source), self._by_source.get(None))
        return [groups for groups in found if groups is not None]
