"""Sources: what write keys name. The unit of isolation."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Final

import msgspec
from msgspec.structs import replace

from mockseg.clock import ShiftedClock
from mockseg.conversion import invalid
from mockseg.domain.limits import MAX_SOURCES, MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.lost import Lost
from mockseg.hub.edges import EDGES, EdgeRules
from mockseg.hub.forgotten import Forgotten, ForgottenSources
from mockseg.hub.history import History
from mockseg.hub.plan_memory import PlanMemory
from mockseg.hub.source_plans import SourcePlans, chosen
from mockseg.journal.background import BackgroundWork
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.meter import Meter
from mockseg.journal.records import evict_largest
from mockseg.journal.window import DedupWindow
from mockseg.json_types import JsonObject, encode
from mockseg.operations.sources import DedupScope, Edge, ErrorBody, Region, SourceSettings

_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# Real write keys have 32 characters.
_KEY_LENGTH = 32
# One in this many places is never taken by sources that are claimed.
_UNCLAIMED_PART = 100
# Of a source, besides its name and its plans.
SETTINGS: Final = ("edge", "dedup", "error_body", "enabled", "region", "cdn_settings")
# A patch of the settings for SDKs; those of many sources are held at once.
_MOST_PATCH_BYTES: Final = 16 * 1024


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How a source behaves: what its settings say, and the server's where they say nothing.

    Attributes:
        name: for people.
        edge, dedup, error_body, enabled, region, cdn_settings: as in
            :class:`~mockseg.operations.sources.SourceSettings`.
        plans: what judges its calls.
    """

    name: str = ""
    edge: Edge
    dedup: DedupScope
    error_body: ErrorBody
    enabled: bool = True
    region: Region = "any"
    cdn_settings: JsonObject = {}
    plans: SourcePlans

    @property
    def edge_rules(self) -> EdgeRules:
        return EDGES[self.edge]

    @property
    def plain_errors(self) -> bool:
        if self.error_body == "edge":
            return self.edge_rules.plain_text
        return self.error_body == "text"

    def changed(self, settings: SourceSettings) -> Behaviour:
        """Return it with what the settings say; what they leave out stays.

        Raises:
            OperationError: 422, the plans cannot be used, or not in the region, or the patch of the
                CDN's settings is too large.
        """
        patch_bytes = len(encode(settings.cdn_settings or {}))
        if patch_bytes > _MOST_PATCH_BYTES:
            sentence = f"cdnSettings has {patch_bytes:,} bytes; allowed are {_MOST_PATCH_BYTES:,}"
            raise invalid("cdnSettings", sentence)
        given = {name: getattr(settings, name) for name in ("name", *SETTINGS)}
        changes = {name: value for name, value in given.items() if value is not None}
        new: Behaviour = replace(self, plans=chosen(settings, before=self.plans), **changes)
        only = new.plans.set.only_region
        if only and new.region not in {"any", only}:
            names = " and ".join(plan.slug for plan in new.plans.set.plans)
            sentence = f"{names} can send to the region {only} only, not to {new.region}"
            raise invalid("region", f"region: {sentence}; allowed: {only}, any")
        return new

    @property
    def home_region(self) -> str:
        """The region that it belongs to, its plans' where its settings leave it open; or empty."""
        return self.plans.set.only_region if self.region == "any" else self.region

    def differs_in(self, other: Behaviour) -> dict[str, bool]:
        return {
            "plan": not self.plans.judges_as(other.plans),
            "settings": any(getattr(self, name) != getattr(other, name) for name in SETTINGS),
        }


class Source:
    """One source's settings and what it remembers besides the journal.

    Attributes:
        key: the write key; empty for requests that had none.
        behaviour: what its settings say.
        asserted: cursors of the calls that a client's assertions matched.
        clock: follows the server's.
        window: its messageIds.
        created_ns: a moment.
        order: the sources of its kind, in the order in which they are forgotten; see
            :class:`Sources`.
        forgotten: that it was forgotten before it opened again, or None.
        opened: when, in seconds of the monotonic clock.
        cleared: the cursor up to which its calls were cleared, 0 for none.
        last_clear: the number of its last clear in the history, 0 for none.
        window_opened: the cursor up to which its messageIds do not count any more, 0 for none.
        opened_cursor: of the last call of any source when a client opened it; 0 where calls
            opened it.
        last_arrival: when its last request was recorded, in seconds of the monotonic clock;
            None when none was.
    """

    __slots__ = (
        "asserted",
        "behaviour",
        "cleared",
        "clock",
        "created_ns",
        "forgotten",
        "key",
        "last_arrival",
        "last_clear",
        "opened",
        "opened_cursor",
        "order",
        "window",
        "window_opened",
    )

    def __init__(
        self,
        key: str,
        *,
        behaviour: Behaviour,
        window: DedupWindow,
        clock: ShiftedClock,
        order: OrderedDict[str, Source],
    ) -> None:
        self.key = key
        self.order = order
        self.forgotten: Forgotten | None = None
        self.cleared = self.last_clear = self.opened_cursor = self.window_opened = 0
        self.opened = time.monotonic()
        self.behaviour = behaviour
        self.asserted: set[int] = set()
        self.clock = ShiftedClock(clock)
        self.window = window
        self.created_ns = clock.now_ns()
        self.last_arrival: float | None = None

    def open_window(self, cursor: int) -> None:
        """Let every messageId up to this cursor be new again."""
        self.window.clear()
        self.window_opened = cursor

    def time_ns(self) -> int:
        """Return the time as Segment stamps it: a moment, to the millisecond."""
        now_ns = self.clock.now_ns()
        return now_ns - now_ns % 1_000_000

    def restored(self, setting: str) -> None:
        """Note that it has again what was forgotten with it."""
        if self.forgotten is not None:
            self.forgotten = self.forgotten.without(setting)


class Sources:
    """The open sources of a server, at most 10,000: opening one more forgets another.

    Sources that only arrivals opened are forgotten first, then those that a client named: minted
    or asked about. Those that have something to lose besides calls are forgotten last: a plan,
    settings, a destination, a fault, an audience, a clock of their own, or a wait. Within each kind
    the least recently used is the first. Claimed sources, those that a client named, never take the
    last hundredth of the places, so that a server full of old tests still serves other write keys.

    Args:
        defaults: for sources opened by their first use.
        generation: how many messageIds a dedup window remembers at least.
        journal: has what was evicted of them.
        meter: bounds what their dedup windows take, with what others keep.
        background: frees what the windows drop.
        clock: the server's.
        random: mints write keys.
        forget: called with a source that is forgotten; returns what is lost with it.
        is_set_up: tells whether a source has something besides calls.

    Attributes:
        defaults: for sources opened by their first use.
        history: what happened to them besides requests.
        forgotten_sources: what is known of those that were forgotten.
        plan_memory: what their plans take.
        last_arrival: when the last request of any was recorded, in seconds of the monotonic
            clock; None when none was.
        on_changed: called with each source that was opened, claimed or cleared.
    """

    def __init__(
        self,
        defaults: Behaviour,
        *,
        generation: int,
        journal: MemoryJournal,
        meter: Meter,
        background: BackgroundWork,
        clock: ShiftedClock,
        random: random.Random,
        forget: Callable[[Source], Forgotten],
        is_set_up: Callable[[Source], bool],
    ) -> None:
        self.defaults = defaults
        self._new_window = partial(
            DedupWindow,
            generation=generation,
            account=meter.accounts["message_ids"],
            background=background,
        )
        self._server_window = self._new_window()
        meter.accounts["message_ids"].evict = self._evict_windows
        self._journal = journal
        self.last_arrival: float | None = None
        self._clock = clock
        self._random = random
        self._forget = forget
        self._is_set_up = is_set_up
        self._open: dict[str, Source] = {}
        self._stray: OrderedDict[str, Source] = OrderedDict()
        self._claimed: OrderedDict[str, Source] = OrderedDict()
        # Those of the claimed ones that were set up when one of them had to be forgotten.
        self._set_up: OrderedDict[str, Source] = OrderedDict()
        self._watched: Counter[str] = Counter()
        self.plan_memory = PlanMemory(meter, self._plans_in_force)
        self.history = History(clock_of=self.clock_of, find=self.get)
        self.on_changed: Callable[[Source], object] = lambda _: None
        self.forgotten_sources = ForgottenSources()

    def __iter__(self) -> Iterator[Source]:
        """Yield the open sources, in the order in which they would be forgotten."""
        return iter([*self._stray.values(), *self._claimed.values(), *self._set_up.values()])

    def newest(self, most: int) -> list[Source]:
        """Return the sources that were last used or named, up to `most` of each kind."""
        orders = (self._stray, self._claimed, self._set_up)
        return [each for order in orders for each in islice(reversed(order.values()), most)]

    def __len__(self) -> int:
        return len(self._open)

    @property
    def forgotten(self) -> int:
        return self.forgotten_sources.count

    def get(self, key: str) -> Source | None:
        return self._open.get(key)

    def use(self, key: str) -> Source:
        """Return the source of a key that something arrives for; opened now if it is new."""
        source = self._open.get(key)
        if source is not None:
            source.order.move_to_end(key)
            return source
        return self._opened(key, self._claimed if key in self._watched else self._stray)

    def claim(self, key: str) -> Source:
        """Return the source of a key that a client names; opened now if it is new."""
        source = self._open.get(key)
        if source is None:
            return self._opened(key, self._claimed)
        was_claimed = self.is_claimed(source)
        del source.order[key]
        source.order = self._claimed
        self._claimed[key] = source
        if not was_claimed:
            self.on_changed(source)
        return source

    def is_claimed(self, source: Source) -> bool:
        """Return whether a client has named it: opened it, set it up, asked about its calls."""
        return source.order is not self._stray

    def claim_open(self, key: str | None) -> None:
        if key is not None and key in self._open:
            self.claim(key)

    def watch(self, key: str | None) -> None:
        """Claim a source now and whenever it opens, until `unwatch` is called as often."""
        if key is not None:
            self._watched[key] += 1
            self.claim_open(key)

    def unwatch(self, key: str | None) -> None:
        if key is not None:
            self._watched[key] -= 1
            if self._watched[key] <= 0:
                del self._watched[key]

    @contextlib.contextmanager
    def watching(self, key: str | None) -> Iterator[None]:
        self.watch(key)
        try:
            yield
        finally:
            self.unwatch(key)

    def clock_of(self, key: str | None) -> ShiftedClock:
        """Return the clock of an open source, else the server's."""
        source = None if key is None else self._open.get(key)
        return self._clock if source is None else source.clock

    def behaviour_of(self, key: str) -> Behaviour:
        """Return how a source behaves, whether it is open yet or not."""
        source = self._open.get(key)
        return self.defaults if source is None else source.behaviour

    def plans_of(self, key: str) -> SourcePlans:
        return self.behaviour_of(key).plans

    def window_of(self, source: Source) -> DedupWindow:
        """Return the messageIds among which a source's must be new."""
        return self._server_window if source.behaviour.dedup == "server" else source.window

    def last_arrival_of(self, key: str | None) -> float | None:
        """Return when a source, or for None any, recorded its last request.

        In seconds of the monotonic clock; None when none has come.
        """
        if key is None:
            return self.last_arrival
        source = self._open.get(key)
        return None if source is None else source.last_arrival

    def change(self, source: Source, settings: SourceSettings) -> None:
        """Take over what settings of a source say, and leave the rest.

        Raises:
            OperationError: 422, the plans cannot be used; 413, they are too large. Then
                nothing is changed.
        """
        new = source.behaviour.changed(settings)
        if new.plans is not source.behaviour.plans:
            self.take_plans(source, new.plans)
        source.behaviour = new
        if any(getattr(settings, name) is not None for name in SETTINGS):
            source.restored("settings")

    def take_plans(self, source: Source, plans: SourcePlans) -> None:
        """Let a source have these plans.

        Raises:
            OperationError: 413, they are too large. Then nothing is changed.
        """
        self.check_plans(plans, source.key)
        source.behaviour = replace(source.behaviour, plans=plans)
        source.restored("plan")
        self.plan_memory.count(plans)

    def check_plans(self, plans: SourcePlans, key: str | None) -> None:
        """Refuse plans for a source that do not fit beside those of the others.

        Raises:
            OperationError: 413.
        """
        others = (each.behaviour.plans for each in self._open.values() if each.key != key)
        self.plan_memory.check(plans, others)

    def _plans_in_force(self) -> Iterator[SourcePlans]:
        yield self.defaults.plans
        yield from (source.behaviour.plans for source in self._open.values())

    def lost(self, key: str | None) -> Lost:
        kept = self._journal.lost(key)
        if key is None:
            return kept + self.forgotten_sources.total
        forgotten = self.forgotten_as(key)
        return kept if forgotten is None else kept + forgotten.view()

    def forgotten_as(self, key: str) -> Forgotten | None:
        """Return what is known of a source that was forgotten, open again or not."""
        source = self._open.get(key)
        return self.forgotten_sources.find(key) if source is None else source.forgotten

    @property
    def forgotten_with_plan(self) -> int:
        """Return how many were forgotten with their plan, and have none again."""
        of_open = [source.forgotten for source in self._open.values() if source.forgotten]
        opened = sum("plan" in record.settings for record in of_open if record.known)
        return opened + self.forgotten_sources.with_plan

    def clear(self, key: str, *, cursor: int) -> None:
        """Note that a source was cleared: no call is lost, and every messageId is new.

        Args:
            key: its write key.
            cursor: of the last call that was cleared, or a later one.
        """
        source = self._open.get(key)
        if source is None:
            if self.forgotten_sources.find(key) is None:
                return
            # From now on it is known what it lost: nothing.
            source = self.claim(key)
        if source.forgotten is not None:
            self.forgotten_sources.uncount(source.forgotten)
            source.forgotten = source.forgotten.without_calls()
        source.cleared = cursor
        source.open_window(cursor)
        self.on_changed(source)

    def clear_all(self) -> None:
        """Note that every source was cleared, those that are no longer open, too."""
        self._server_window.clear()
        self.forgotten_sources.clear_all()

    def drop(self, source: Source) -> None:
        del self._open[source.key], source.order[source.key]
        source.window.clear()
        if source.forgotten is not None:
            self.forgotten_sources.uncount(source.forgotten)

    def open_minted(self) -> Source:
        """Open a source with a write key that no source has, or had."""
        key = ""
        while not key or key in self._open or key in self.forgotten_sources:
            key = "".join(self._random.choices(_KEY_ALPHABET, k=_KEY_LENGTH))
        source = self._opened(key, self._claimed)
        source.forgotten = None
        return source

    def _opened(self, key: str, order: OrderedDict[str, Source]) -> Source:
        while len(self._open) >= MAX_SOURCES:
            self._forget_one()
        source = Source(
            key,
            behaviour=self.defaults,
            window=self._new_window(),
            clock=self._clock,
            order=order,
        )
        source.forgotten = self.forgotten_sources.take(key)
        self._open[key] = order[key] = source
        self.on_changed(source)
        return source

    def _forget_one(self) -> None:
        claimed = len(self._claimed) + len(self._set_up)
        unclaimed = len(self._stray) > MAX_SOURCES // _UNCLAIMED_PART or not claimed
        key, source = (self._stray if unclaimed else self._least_claimed()).popitem(last=False)
        del self._open[key]
        source.window.clear()
        self.forgotten_sources.add(key, self._forget(source), earlier=source.forgotten)

    def _least_claimed(self) -> OrderedDict[str, Source]:
        """Return the claimed sources of which the first is to be forgotten."""
        while self._claimed:
            key, source = next(iter(self._claimed.items()))
            if key not in self._watched and not self._is_set_up(source):
                return self._claimed
            # It is not looked at again until a client names it.
            source.order = self._set_up
            self._set_up[key] = self._claimed.pop(key)
        return self._set_up

    def _evict_windows(self, excess: Callable[[], int]) -> None:
        """Let the largest windows forget their older ids."""
        windows = {key: source.window for key, source in self._open.items()}
        # No write key is as long.
        windows["\n" * (MAX_WRITE_KEY_CHARACTERS + 1)] = self._server_window
        evict_largest(
            windows,
            size=lambda window: window.size_bytes,
            evict=lambda window, _: window.evict(),
            excess=excess,
            slack=0,
        )
