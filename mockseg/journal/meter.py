"""One meter for everything that a server keeps: `max_bytes` bounds the sum.

Each kind of store has an account and counts the bytes there that it takes: when it takes them,
and when it lets them go. Over the limit the stores evict, one kind after the other. Each kind is
spared a sixteenth of the limit first: otherwise a full journal would leave no room for the
delivery that a test is about to assert. Queues, vendors' states, audiences and plans in force
cannot be evicted: they refuse what would take them over their share.

What a record takes is a constant of its kind, measured in CPython 3.11 by `tracemalloc` over
thousands of them, and the length of its texts (`tests/bench/bench_bounds.py` measures the sum).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "deliveries",
    "vendor_logs",
    "message_ids",
    "plans",
    "journal",
    "queues",
    "vendor_states",
    "audiences",
]
# In the order in which they evict. A delivery that is not final is in a queue.
_KINDS: Final[tuple[Kind, ...]] = (
    "deliveries",
    "vendor_logs",
    "message_ids",
    "plans",
    "journal",
    "queues",
    "vendor_states",
    "audiences",
)
_SPARED: Final = 16
_SHARES: Final = {"half": 2, "a quarter": 4, "an eighth": 8}

TEXT_BYTES: Final = 57
"""A text or a byte string without its characters."""
PAIR_BYTES: Final = 154
"""A tuple of two texts, without their characters."""


def text_bytes(texts: Iterable[str | None]) -> int:
    """Return what texts take; one that is not ASCII takes up to four bytes a character."""
    return sum([TEXT_BYTES + len(text) * (1 if text.isascii() else 4) for text in texts if text])


class Account:
    """What all stores of one kind take.

    Attributes:
        size_bytes: that they take now.
        evict: evicts as long as the function that it is given returns more than 0, or until
            nothing is left to evict; None for stores that refuse instead.
    """

    __slots__ = ("_meter", "evict", "size_bytes")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.size_bytes = 0
        self.evict: Callable[[Callable[[], int]], None] | None = None

    def add(self, size_bytes: int) -> None:
        """Count bytes that are kept, or with a minus let go."""
        self.size_bytes += size_bytes
        self._meter.size_bytes += size_bytes


class Meter:
    """Counts the bytes of all stores of a server.

    Args:
        max_bytes: that they may take together.

    Attributes:
        accounts: by kind, in the order in which they evict.
        size_bytes: of all accounts.
    """

    __slots__ = ("accounts", "max_bytes", "size_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self.accounts = {kind: Account(self) for kind in _KINDS}

    @property
    def plan_limit(self) -> int:
        """How many bytes the plans in force may take."""
        return self.max_bytes // _SHARES["half"]

    def queue_limit(self, queue_bytes: int) -> str | None:
        """Return the limit that a queue of this size would be over, beside all others, or None."""
        return self._limit(queue_bytes, "queues", one="a quarter", all_="half")

    def state_limit(self, state_bytes: int) -> str | None:
        """Return the limit that a vendor's state of this size would be over, or None."""
        return self._limit(state_bytes, "vendor_states", one="an eighth", all_="a quarter")

    def audience_limit(self, more_bytes: int) -> str | None:
        """Return the limit that audiences would be over with these bytes more, or None."""
        most = self.max_bytes // _SHARES["an eighth"]
        if self.accounts["audiences"].size_bytes + more_bytes <= most:
            return None
        return f"{most:,} bytes, an eighth of --max-bytes, all together"

    def _limit(self, size_bytes: int, kind: Kind, *, one: str, all_: str) -> str | None:
        limits = (
            (size_bytes, "each", one),
            (self.accounts[kind].size_bytes, "all together", all_),
        )
        for taken, whose, share in limits:
            most = self.max_bytes // _SHARES[share]
            if taken > most:
                return f"{most:,} bytes, {share} of --max-bytes, {whose}"
        return None

    def keep_bound(self) -> None:
        """Evict what is over the limit; stores call it after they have counted something new."""
        if self.size_bytes <= self.max_bytes:
            return
        for spared in (self.max_bytes // _SPARED, 0):
            for account in self.accounts.values():
                if account.evict is not None and account.size_bytes > spared:
                    account.evict(self._excess(account, spared))
                    if self.size_bytes <= self.max_bytes:
                        return

    def _excess(self, account: Account, spared: int) -> Callable[[], int]:
        return lambda: min(self.size_bytes - self.max_bytes, account.size_bytes - spared)
