"""Sources: what write keys name. The unit of isolation."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

import msgspec

from mockseg.clock import ShiftedClock
from mockseg.domain.limits import MAX_SOURCES
from mockseg.hub.forgotten import ForgottenSources
from mockseg.hub.source_plans import SourcePlans, chosen
from mockseg.journal.window import DedupWindow
from mockseg.operations.sources import DedupScope, ErrorBody, Profile

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from mockseg.hub.destinations import Connected
    from mockseg.hub.forgotten import Forgotten
    from mockseg.operations.sources import SourceSettings


_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# Real write keys have 32 characters.
_KEY_LENGTH = 32
# One in this many places is never taken by sources that are claimed.
_UNCLAIMED_PART = 100


class SourceDefaults(msgspec.Struct, frozen=True):
    """How a source behaves unless its settings say otherwise.

    Attributes:
        profile, dedup, error_body: as in the settings of a source.
        plans: what judges its calls.
        generation: how many messageIds a dedup window remembers at least.
    """

    profile: Profile
    dedup: DedupScope
    error_body: ErrorBody
    plans: SourcePlans
    generation: int


class Source:
    """One source's settings and what it remembers besides the journal.

    Attributes:
        key: the write key; empty for requests that had none.
        name: for people.
        profile, dedup, error_body: how it behaves.
        plans: what judges its calls.
        asserted: cursors of the calls that a client's assertions matched.
        clock: follows the server's.
        window: its messageIds.
        created_ns: a moment.
        order: the sources of its kind, in the order in which they are forgotten; see
            :class:`Sources`.
        forgotten: that it was forgotten before it opened again, or None.
        opened: when, in seconds of the monotonic clock.
        cleared: the cursor up to which its calls were cleared, 0 for none.
        opened_cursor: of the last call of any source when a client opened it; 0 where calls
            opened it.
        last_arrival: when its last request was recorded, in seconds of the monotonic clock;
            None when none was.
        destinations: that its calls are forwarded to.
    """

    __slots__ = (
        "asserted",
        "cleared",
        "clock",
        "created_ns",
        "dedup",
        "destinations",
        "error_body",
        "forgotten",
        "key",
        "last_arrival",
        "name",
        "opened",
        "opened_cursor",
        "order",
        "plans",
        "profile",
        "window",
    )

    def __init__(
        self,
        key: str,
        *,
        defaults: SourceDefaults,
        clock: ShiftedClock,
        order: OrderedDict[str, Source],
    ) -> None:
        self.key = key
        self.order = order
        self.forgotten: Forgotten | None = None
        self.cleared = 0
        self.opened = time.monotonic()
        self.opened_cursor = 0
        self.name = ""
        self.profile: Profile = defaults.profile
        self.dedup: DedupScope = defaults.dedup
        self.error_body: ErrorBody = defaults.error_body
        self.plans = defaults.plans
        self.asserted: set[int] = set()
        self.clock = ShiftedClock(clock)
        self.window = DedupWindow(generation=defaults.generation)
        self.created_ns = clock.now_ns()
        self.last_arrival: float | None = None
        self.destinations: tuple[Connected, ...] = ()

    def time_ns(self) -> int:
        """Tell the time as Segment stamps it: a moment, to the millisecond."""
        now_ns = self.clock.now_ns()
        return now_ns - now_ns % 1_000_000

    def change(self, settings: SourceSettings) -> None:
        """Take over what the settings say, and leave the rest.

        Raises:
            OperationError: 422, the plans cannot be used; then nothing is changed.
        """
        plans = chosen(settings, before=self.plans)
        if plans is not self.plans:
            self.take_plans(plans)
        if settings.name is not None:
            self.name = settings.name
        if settings.profile is not None:
            self.profile = settings.profile
        if settings.dedup is not None:
            self.dedup = settings.dedup
        if settings.error_body is not None:
            self.error_body = settings.error_body
        if {settings.profile, settings.dedup, settings.error_body} != {None}:
            self.restored("settings")

    def take_plans(self, plans: SourcePlans) -> None:
        """Let these plans judge its calls from now on."""
        self.plans = plans
        self.restored("plan")

    def restored(self, setting: str) -> None:
        """Note that it has again what was forgotten with it."""
        if self.forgotten is not None:
            self.forgotten = self.forgotten.without(setting)


class Sources:
    """The open sources of a server, at most 10,000: opening one more forgets another.

    Sources that only arrivals opened are forgotten first. Claimed sources, which a client
    minted, set up, asked about or waited for, are forgotten last. Within each kind the least
    recently used is the first. Claimed sources never take the last hundredth of the places, so
    that a server full of old tests still serves other write keys.

    Args:
        defaults: for sources opened by their first use.
        clock: the server's.
        random: mints write keys.
        forget: called with a source that is forgotten; returns what is lost with it.

    Attributes:
        defaults: for sources opened by their first use.
        forgotten_sources: what is known of those that were forgotten.
    """

    def __init__(
        self,
        defaults: SourceDefaults,
        *,
        clock: ShiftedClock,
        random: random.Random,
        forget: Callable[[Source], Forgotten],
    ) -> None:
        self.defaults = defaults
        self._clock = clock
        self._random = random
        self._forget = forget
        self._open: dict[str, Source] = {}
        self._stray: OrderedDict[str, Source] = OrderedDict()
        self._claimed: OrderedDict[str, Source] = OrderedDict()
        self._watched: Counter[str] = Counter()
        self.forgotten_sources = ForgottenSources()

    def __iter__(self) -> Iterator[Source]:
        """Yield the open sources, in the order in which they would be forgotten."""
        return iter([*self._stray.values(), *self._claimed.values()])

    def __len__(self) -> int:
        return len(self._open)

    @property
    def forgotten(self) -> int:
        """Return how many sources were forgotten since the server started."""
        return self.forgotten_sources.count

    def get(self, key: str) -> Source | None:
        """Return an open source."""
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
        del source.order[key]
        source.order = self._claimed
        self._claimed[key] = source
        return source

    def is_claimed(self, source: Source) -> bool:
        """Return whether a client has named it: opened it, set it up, asked about its calls."""
        return source.order is self._claimed

    def claim_open(self, key: str | None) -> None:
        """Claim a source that a client asks about, if it is open."""
        if key is not None and key in self._open:
            self.claim(key)

    def watch(self, key: str | None) -> None:
        """Claim a source now and whenever it opens, until `unwatch` is called as often."""
        if key is not None:
            self._watched[key] += 1
            self.claim_open(key)

    def unwatch(self, key: str | None) -> None:
        """Take back one `watch`."""
        if key is not None:
            self._watched[key] -= 1
            if self._watched[key] <= 0:
                del self._watched[key]

    @contextlib.contextmanager
    def watching(self, key: str | None) -> Iterator[None]:
        """Watch a source for as long as a block takes."""
        self.watch(key)
        try:
            yield
        finally:
            self.unwatch(key)

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
        source.window.clear()

    def drop(self, key: str) -> bool:
        """Delete a source; return whether there was one."""
        source = self._open.pop(key, None)
        if source is None:
            return False
        del source.order[key]
        if source.forgotten is not None:
            self.forgotten_sources.uncount(source.forgotten)
        return True

    def mint(self) -> str:
        """Return a write key that no source has, or had."""
        while True:
            key = "".join(self._random.choices(_KEY_ALPHABET, k=_KEY_LENGTH))
            if key not in self._open and key not in self.forgotten_sources:
                return key

    def open_minted(self) -> Source:
        """Open a source with a fresh write key."""
        source = self._opened(self.mint(), self._claimed)
        source.forgotten = None
        return source

    def _opened(self, key: str, order: OrderedDict[str, Source]) -> Source:
        while len(self._open) >= MAX_SOURCES:
            self._forget_one()
        source = Source(key, defaults=self.defaults, clock=self._clock, order=order)
        source.forgotten = self.forgotten_sources.take(key)
        self._open[key] = order[key] = source
        return source

    def _forget_one(self) -> None:
        unclaimed = len(self._stray) > MAX_SOURCES // _UNCLAIMED_PART or not self._claimed
        key, source = (self._stray if unclaimed else self._claimed).popitem(last=False)
        del self._open[key]
        self.forgotten_sources.add(key, self._forget(source), earlier=source.forgotten)
