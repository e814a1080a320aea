"""What is known when an expectation was not met."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher

__all__ = ["Evidence", "Expectation", "Late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How many calls were expected.

    Attributes:
        minimum: at least so many; not looked at where ``exactly`` is given.
        exactly: so many and no more, or None.
    """

    minimum: int = 1
    exactly: int | None = None

    @property
    def text(self) -> str:
        """Give the count in words: ``1 or more``, ``exactly 2``, ``no``."""
        if self.exactly is None:
            return f"{self.minimum} or more"
        return f"exactly {self.exactly}" if self.exactly else "no"

    def exceeded_by(self, count: int) -> bool:
        """Tell whether so many are too many."""
        return self.exactly is not None and count > self.exactly

    def met_by(self, count: int) -> bool:
        """Tell whether so many are right."""
        return count == self.exactly if self.exactly is not None else count >= self.minimum


@dataclass(frozen=True, slots=True)
class Late:
    """A matching call that came when nobody waited for it any more.

    Attributes:
        call: it.
        after_seconds: how long after the wait had ended.
    """

    call: Call
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a client knows when an expectation was not met; only the matcher is needed.

    Attributes:
        matcher: what was expected.
        seen: the calls of the source that were looked at, matching or not, oldest first.
        expected: how many were expected.
        source: the write key that was looked at; empty where it does not matter.
        total: how many calls the source keeps, where ``seen`` is only a part of them.
        by_event: how many calls there are of each name, as ``summary`` counts them;
            counted from ``seen`` where it is empty.
        elsewhere: calls of other sources that the matcher means.
        late: matching calls that came after the wait.
        evicted: how many older calls had to make room, and could not be looked at.
        refused: how many requests of the source were answered 4xx or 5xx.
        refusals: how and why, as ``Refusals.text`` has it; the first few different ones.
        waited: seconds.
    """

    matcher: Matcher
    seen: tuple[Call, ...] = ()
    expected: Expectation = field(default_factory=Expectation)
    source: str = ""
    total: int | None = None
    by_event: Mapping[str, int] = field(default_factory=dict)
    elsewhere: tuple[Call, ...] = ()
    late: tuple[Late, ...] = ()
    evicted: int = 0
    refused: int = 0
    refusals: tuple[str, ...] = ()
    waited: float = 0.0

    @property
    def matching(self) -> tuple[Call, ...]:
        """Give the calls that are what was expected."""
        return tuple(call for call in self.seen if self.matcher.matches(call))

    @property
    def unaccepted(self) -> tuple[Call, ...]:
        """Give the calls that would be what was expected, were it not for their verdict."""
        return tuple(
            call
            for call in self.seen
            if self.matcher.means(call) and not self.matcher.matches(call)
        )
