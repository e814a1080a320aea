"""What is known when an expectation was not met."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from mockseg.domain.call import Call
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.matching.explanation import CallElsewhere, LateCall
from mockseg.matching.matcher import Matcher
from mockseg.matching.nearest import Near, nearest

# Maximum number of calls of one kind that evidence carries whole; the others are counted.
MAX_SHOWN = 20
# Maximum number of near calls.
MAX_NEAR = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How many calls were expected.

    Attributes:
        minimum: at least this many.
        maximum: at most this many, or None.
    """

    minimum: int = 1
    maximum: int | None = None

    @classmethod
    def exactly(cls, count: int) -> Expectation:
        return cls(minimum=count, maximum=count)

    @property
    def text(self) -> str:
        """The count in words: ``1 or more``, ``exactly 2``, ``2 to 4``, ``at most 3``, ``no``."""
        if self.maximum is None:
            return f"{self.minimum} or more"
        if self.maximum == 0:
            return "no"
        if self.minimum == self.maximum:
            return f"exactly {self.minimum}"
        return f"{self.minimum} to {self.maximum}" if self.minimum else f"at most {self.maximum}"

    def exceeded_by(self, count: int) -> bool:
        return self.maximum is not None and count > self.maximum

    def met_by(self, count: int) -> bool:
        return count >= self.minimum and not self.exceeded_by(count)


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Some calls of one kind, and how many there are.

    Attributes:
        calls: the first, oldest first.
        total: how many there are, those not among ``calls`` included.
    """

    calls: tuple[Call, ...]
    total: int

    @classmethod
    def of(cls, calls: Iterable[Call]) -> Selection:
        every = tuple(calls)
        return cls(every[:MAX_SHOWN], len(every))

    def __bool__(self) -> bool:
        return self.total > 0


NOTHING_SELECTED = Selection((), 0)


class Refusals(Protocol):
    """Requests that were refused in the same way; JSON when it is encoded."""

    @property
    def text(self) -> str:
        """How and why, in a line."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known when an expectation was not met; only the matcher is needed.

    Attributes:
        matcher: what was expected.
        expected: how many were expected.
        found: the calls that are what was expected.
        dropped: calls that would be, were it not for their verdict; duplicates apart.
        duplicates: those that would be, and repeat the messageId of an earlier call.
        originals: the calls that they repeat, by id, as far as they are kept.
        near: the nearest of the other calls, the nearest first.
        sampled: only some of the calls were compared for that.
        recorded: how many calls were looked at.
        by_event: how many of them there are of each name, as ``summary`` counts them.
        source: the write key that was looked at; empty where it does not matter.
        everywhere: all sources were looked at, not one.
        elsewhere: calls of other sources, the newest first.
        late: matching calls that came after the wait.
        before_window: ids of calls with a timestamp from before the window was opened.
        lost: calls that are no longer kept and could not be looked at.
        refused: how many requests of the source were answered 4xx or 5xx.
        refusals: how and why; the first few different ones.
        waited: seconds.
    """

    matcher: Matcher
    expected: Expectation = dataclasses.field(default_factory=Expectation)
    found: Selection = NOTHING_SELECTED
    dropped: Selection = NOTHING_SELECTED
    duplicates: Selection = NOTHING_SELECTED
    originals: Mapping[str, Call] = dataclasses.field(default_factory=dict)
    near: tuple[Near, ...] = ()
    sampled: bool = False
    recorded: int = 0
    by_event: Mapping[str, int] = dataclasses.field(default_factory=dict)
    source: str = ""
    everywhere: bool = False
    elsewhere: tuple[CallElsewhere, ...] = ()
    late: tuple[LateCall, ...] = ()
    before_window: tuple[str, ...] = ()
    lost: Lost = NOTHING_LOST
    refused: int = 0
    refusals: tuple[Refusals, ...] = ()
    waited: float = 0.0


def evidence_of(matcher: Matcher, seen: Iterable[Call], **known: Any) -> Evidence:
    """Sort calls that were looked at into evidence.

    Args:
        matcher: what was expected.
        seen: the calls, oldest first.
        known: fields of the evidence that are known better than from these calls.
    """
    found: list[Call] = []
    unaccepted: list[Call] = []
    rest: list[Call] = []
    by_event: dict[str, int] = {}
    everything = list(seen)
    for call in everything:
        name = call.event or call.type
        by_event[name] = by_event.get(name, 0) + 1
        if not matcher.means(call):
            rest.append(call)
        else:
            (found if matcher.matches(call) else unaccepted).append(call)
    evidence = Evidence(
        matcher=matcher,
        found=Selection.of(found),
        dropped=Selection.of(call for call in unaccepted if call.duplicate_of is None),
        duplicates=Selection.of(call for call in unaccepted if call.duplicate_of is not None),
        originals={call.id: call for call in everything},
        near=tuple(nearest(matcher, rest, limit=MAX_NEAR)),
        recorded=len(everything),
        by_event=by_event,
    )
    return dataclasses.replace(evidence, **known)
