"""What happened to sources besides requests: clears and faults, for a timeline and for live pages.

The newest 1,000 are kept. Of changed settings only their number is known. Each clear has a number:
who knows the number of the last one that they saw learns whether calls were cleared since, also
when the clear itself is no longer kept.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

from mockseg.clock import Clock
from mockseg.operations.rows import HappeningKind

MOST_KEPT: Final = 1000
_MOST_CHARACTERS: Final = 200

# What of a source, or of the server, may be set.
SettingKind = Literal["clock", "plans", "sources"]


@dataclasses.dataclass(frozen=True, slots=True)
class Happening:
    """One of them.

    Attributes:
        kind: of what happened.
        at_ms: when, milliseconds since 1970 by the clock of its source.
        source: its write key; None for all sources.
        text: the id of the fault and what it does, or how many calls were cleared.
        clears: the number of the last clear then; its own number for a clear.
    """

    kind: HappeningKind
    at_ms: int
    source: str | None
    text: str
    clears: int


class Clearable(Protocol):
    """An open source."""

    last_clear: int


class History:
    """The newest of what happened to the sources of a server.

    Args:
        clock_of: returns the clock of a source, for None the server's.
        find: returns an open source by its write key.

    Attributes:
        clears: number of the last clear. It begins with the time, so that the numbers of an
            earlier run of the server are lower.
        settings: how often clocks, plans and other settings of sources were changed.
    """

    def __init__(
        self, *, clock_of: Callable[[str | None], Clock], find: Callable[[str], Clearable | None]
    ) -> None:
        self._clock_of = clock_of
        self._find = find
        self._kept: deque[Happening] = deque(maxlen=MOST_KEPT)
        self.settings: Counter[SettingKind] = Counter()
        self.clears = self._first = self._now_ms(None)

    def cleared(self, source: str, calls: int) -> None:
        """Note that calls of a source were cleared, if there were any."""
        if not calls:
            return
        self.clears += 1
        opened = self._find(source)
        if opened is not None:
            opened.last_clear = self.clears
        self._add("cleared", source, f"{calls} call{'' if calls == 1 else 's'}")

    def fault_added(self, source: str | None, text: str) -> None:
        self._add("fault_added", source, text)

    def fault_removed(self, source: str | None, text: str) -> None:
        self._add("fault_removed", source, text)

    def of(self, source: str | None) -> Iterator[Happening]:
        """Yield what happened to a source or to all, or for None to any; the oldest first."""
        for each in self._kept:
            if source is None or each.source in {None, source}:
                yield each

    def last_clear(self, source: str | None) -> Happening | None:
        """Return the last clear of a source, or of any, if it is still kept."""
        return next((each for each in reversed([*self.of(source)]) if each.kind == "cleared"), None)

    def cleared_after(self, number: int, source: str | None) -> bool:
        """Return whether calls were cleared after a clear.

        Args:
            number: of the clear.
            source: whose calls; None for any.
        """
        if self.clears <= number:
            return False
        if source is None:
            # What an earlier run cleared after it is not known here.
            return self.clears > max(number, self._first)
        last = self.last_clear(source)
        if last is not None:
            return last.clears > number
        opened = self._find(source)
        # Of a source that was removed nothing else is known.
        return opened.last_clear > number if opened is not None else not self._reaches(number)

    def _reaches(self, number: int) -> bool:
        """Return whether every clear after this one is kept."""
        return number >= self._first and (
            len(self._kept) < MOST_KEPT or self._kept[0].clears <= number
        )

    def _add(self, kind: HappeningKind, source: str | None, text: str) -> None:
        short = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
        self._kept.append(Happening(kind, self._now_ms(source), source, short, self.clears))

    def _now_ms(self, source: str | None) -> int:
        return self._clock_of(source).now_ns() // 1_000_000
