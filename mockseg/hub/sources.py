"""Sources: what write keys name. The unit of isolation."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from mockseg.clock import ShiftedClock
from mockseg.domain.limits import MAX_SOURCES
from mockseg.hub.planning import SourcePlans, chosen
from mockseg.journal.window import DedupWindow
from mockseg.operations.sources import DedupScope, ErrorBody, Profile

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from mockseg.hub.destinations import Connected
    from mockseg.operations.sources import SourceSettings

__all__ = ["Source", "SourceDefaults", "Sources"]

_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# Real write keys have 32 characters.
_KEY_LENGTH = 32


class SourceDefaults(msgspec.Struct, frozen=True):
    """How a source behaves that nobody has told otherwise.

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
        last_arrival: when its last request was recorded, in seconds of the monotonic clock;
            None when none was.
        destinations: that its calls are forwarded to.
    """

    __slots__ = (
        "asserted",
        "clock",
        "created_ns",
        "dedup",
        "destinations",
        "error_body",
        "key",
        "last_arrival",
        "name",
        "plans",
        "profile",
        "window",
    )

    def __init__(self, key: str, *, defaults: SourceDefaults, clock: ShiftedClock) -> None:
        self.key = key
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
        self.plans = chosen(settings, before=self.plans)
        if settings.name is not None:
            self.name = settings.name
        if settings.profile is not None:
            self.profile = settings.profile
        if settings.dedup is not None:
            self.dedup = settings.dedup
        if settings.error_body is not None:
            self.error_body = settings.error_body


class Sources:
    """All sources of a server, the longest idle first; the 10,001st makes that one go.

    Args:
        defaults: for sources opened by their first use.
        clock: the server's.
        random: mints write keys.
        forget: called with the key of a source that has to go.
    """

    def __init__(
        self,
        defaults: SourceDefaults,
        *,
        clock: ShiftedClock,
        random: random.Random,
        forget: Callable[[str], object],
    ) -> None:
        self._defaults = defaults
        self._clock = clock
        self._random = random
        self._forget = forget
        self._open: OrderedDict[str, Source] = OrderedDict()
        self.forgotten = 0

    def __iter__(self) -> Iterator[Source]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def get(self, key: str) -> Source | None:
        """Give an open source."""
        return self._open.get(key)

    def use(self, key: str) -> Source:
        """Give the source of this key, opened now if it is new."""
        source = self._open.get(key)
        if source is not None:
            self._open.move_to_end(key)
            return source
        while len(self._open) >= MAX_SOURCES:
            idle, _ = self._open.popitem(last=False)
            self.forgotten += 1
            self._forget(idle)
        source = self._open[key] = Source(key, defaults=self._defaults, clock=self._clock)
        return source

    def drop(self, key: str) -> bool:
        """Forget a source; tell whether there was one."""
        return self._open.pop(key, None) is not None

    def mint(self) -> str:
        """Make a write key that no source has."""
        while True:
            key = "".join(self._random.choices(_KEY_ALPHABET, k=_KEY_LENGTH))
            if key not in self._open:
                return key
