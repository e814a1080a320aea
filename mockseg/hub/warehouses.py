"""The warehouses of a server: made of the journal at the first query, and kept up to date."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from mockseg.clock import ShiftedClock
from mockseg.domain.call import KeptCall, call_id
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.domain.timestamps import format_moment
from mockseg.errors import OperationError
from mockseg.journal.memory import MemoryJournal
from mockseg.json_types import JsonObject
from mockseg.matching.render import bounds_words
from mockseg.warehouse.sqlite import Limits, SqliteWarehouse, WarehouseFullError
from mockseg.warehouse.tables import Options

MOST_WAREHOUSES: Final = 16
MOST_BYTES: Final = 256 * 1024 * 1024
"""Of all warehouses; over it the least recently used are dropped, and made anew when asked."""
# How many calls are loaded in one transaction; also how often it is looked what was evicted.
_PORTION: Final = 256

_Result = TypeVar("_Result")


class Place(NamedTuple):
    """Which warehouse.

    Attributes:
        source: its write key.
        after: only calls later than this cursor.
        options: choices for what Segment does not document.
    """

    source: str
    after: int
    options: Options


class _Loaded:
    """A warehouse, and how far it has read.

    Attributes:
        store: has the tables; None until the first question, which makes it in a thread.
        cursor: of the last call that was read.
        lost: what was evicted before it was read.
        lock: one thing at a time is done with the store.
        stale: its calls were cleared, or it broke: nothing more may be asked of it.
    """

    __slots__ = ("cursor", "lock", "lost", "stale", "store")

    def __init__(self, place: Place) -> None:
        self.store: SqliteWarehouse | None = None
        self.cursor = place.after
        self.lost = NOTHING_LOST
        self.lock = asyncio.Lock()
        self.stale = False

    @property
    def size_bytes(self) -> int:
        return 0 if self.store is None else self.store.size_bytes


class Warehouses:
    """The warehouses that were asked for lately.

    Nothing is done until the first query. Then the calls that came since are loaded, in a thread:
    a call that was answered before the question is in the result.

    Args:
        journal: has the calls.
        lost: tells what was evicted of a source.
        clock_of: gives the clock of a source.
        limits: of each.
    """

    def __init__(
        self,
        journal: MemoryJournal,
        *,
        lost: Callable[[str], Lost],
        clock_of: Callable[[str], ShiftedClock],
        limits: Limits | None = None,
    ) -> None:
        self._journal = journal
        self._lost = lost
        self._clock_of = clock_of
        self._limits = limits or Limits()
        self._all: OrderedDict[Place, _Loaded] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def drop(self, source: str) -> None:
        """Drop the warehouses of a source that was cleared; the next question makes them anew."""
        for place in [place for place in self._all if place.source == source]:
            self._all.pop(place).stale = True

    async def read(
        self,
        place: Place,
        ask: Callable[[SqliteWarehouse, Lost], _Result],
        *,
        incomplete: bool = False,
    ) -> _Result:
        """Ask a warehouse that has all calls up to now.

        Args:
            place: which.
            ask: asks it, in a thread; it is handed what was evicted before it could be loaded.
            incomplete: whether it may be asked although calls were.

        Raises:
            OperationError: 410, calls were evicted before they were loaded; 413, they take more
                than a warehouse may have.
        """
        while True:
            loaded = self._at(place)
            async with loaded.lock:
                store = await self._load(place, loaded)
                if loaded.stale:
                    continue
                lost = loaded.lost
                if lost.cursor and not incomplete:
                    raise _evicted(lost)
                return await self._in_thread(place, loaded, partial(ask, store, lost))

    def _at(self, place: Place) -> _Loaded:
        loaded = self._all.get(place)
        if loaded is None:
            loaded = self._all[place] = _Loaded(place)
        self._all.move_to_end(place)
        size_bytes = sum(each.size_bytes for each in self._all.values())
        while len(self._all) > 1 and (len(self._all) > MOST_WAREHOUSES or size_bytes > MOST_BYTES):
            _, dropped = self._all.popitem(last=False)
            size_bytes -= dropped.size_bytes
        return loaded

    async def _load(self, place: Place, loaded: _Loaded) -> SqliteWarehouse:
        store = loaded.store
        if store is None:
            store = await asyncio.to_thread(SqliteWarehouse, place.options, limits=self._limits)
            loaded.store = store
        end = self._journal.cursor
        while loaded.cursor < end and not loaded.stale:
            lost = self._lost(place.source)
            if lost.cursor > loaded.cursor:
                loaded.lost = lost
            calls = self._journal.calls_after(loaded.cursor, limit=_PORTION, source=place.source)
            cursor = calls[-1].cursor if len(calls) == _PORTION else self._journal.cursor
            if calls:
                await self._load_portion(place, loaded, store, calls)
            loaded.cursor = cursor
        return store

    async def _load_portion(
        self, place: Place, loaded: _Loaded, store: SqliteWarehouse, calls: list[KeptCall]
    ) -> None:
        written = format_moment(self._clock_of(place.source).now_ns())

        messages = map(_message, calls)
        try:
            await self._in_thread(place, loaded, partial(store.load, messages, written=written))
        except Exception as error:
            # Which calls were read cannot be known any more.
            self._discard(place, loaded)
            if isinstance(error, WarehouseFullError):
                raise _full(store) from None
            raise

    async def _in_thread(
        self, place: Place, loaded: _Loaded, work: Callable[[], _Result]
    ) -> _Result:
        """Do work with a warehouse in a thread; it is not used again if it cannot be awaited."""
        task = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._discard(place, loaded)
            if loaded.store is not None:
                loaded.store.stop()
            task.add_done_callback(_retrieve)
            raise

    def _discard(self, place: Place, loaded: _Loaded) -> None:
        loaded.stale = True
        if self._all.get(place) is loaded:
            del self._all[place]


def _message(call: KeptCall) -> JsonObject | str:
    return call.message() if call.verdict == "accepted" else call.verdict


def _retrieve(task: asyncio.Future[Any]) -> None:
    """Look at how a task ended, so that asyncio does not report an error that is not awaited."""
    if not task.cancelled():
        task.exception()


def _evicted(lost: Lost) -> OperationError:
    return OperationError(
        f"{lost.calls:,} calls up to {call_id(lost.cursor)} were evicted before the warehouse could"
        f" load them, so its rows are not all: raise {bounds_words(lost, flags=True)}, ask"
        " earlier, or pass incomplete=true to ask it as it is",
        status=410,
        code="evicted_calls",
        details={"evicted": lost.calls, "cursor": lost.cursor},
    )


def _full(store: SqliteWarehouse) -> OperationError:
    return OperationError(
        f"the calls of this source take more than {store.limits.size_bytes:,} bytes in a warehouse,"
        f" the maximum in memory ({store.loader.loaded:,} calls fit): write them to a file with"
        " mockseg warehouse --to FILE.sqlite",
        status=413,
        code="warehouse_full",
        details={"maxBytes": store.limits.size_bytes},
    )
