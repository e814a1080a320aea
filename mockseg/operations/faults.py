"""Operations on faults: add, list, clear; and the fate of each message."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.faults.effect import Effect
from mockseg.faults.rule import FaultMatch
from mockseg.faults.truth import AttemptEnd, Fate
from mockseg.operations.base import Cursor, Params, Result, WriteKey

Times = Annotated[int, Meta(ge=1, le=1_000_000)]


class AddFault(Params, frozen=True, kw_only=True):
    """A fault to add: which requests, how often, and what happens to them.

    Attributes:
        source: of which source; of every one without.
        match: which of its requests.
        effect: what happens to them.
        times: how many requests of each source, exactly, or ``unlimited``; without it once,
            and up to 1000 where probability, every or attempt choose among requests.
        until: seconds from now, or a moment in ISO 8601, by the clock of the source.
        probability: of each request that matches; over 0.
        seed: of what is left to chance; the server's own by default.
        scenario: the name of a ready-made list of rules, instead of an effect.
    """

    source: WriteKey | None = None
    match: FaultMatch = FaultMatch()
    effect: Effect | None = None
    times: Times | Literal["unlimited"] | UnsetType = UNSET
    until: Annotated[float, Meta(gt=0, le=31_622_400)] | str | None = None
    probability: Annotated[float, Meta(gt=0, le=1)] | UnsetType = UNSET
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    scenario: str | None = None


class RuleView(Result, frozen=True):
    """One rule of a fault.

    Attributes:
        match: which requests.
        effect: what happens to them.
        words: the effect in a line.
        times: how many requests of each source at most; null without a bound.
        until: ISO 8601, or null.
        probability: of each request that matches.
        matched: requests that it was about.
        fired: requests that it hit.
    """

    match: FaultMatch
    effect: Effect
    words: str
    times: int | None
    until: str | None
    probability: float
    matched: int
    fired: int


class FaultView(Result, frozen=True):
    """A fault.

    Attributes:
        id: names it.
        source: of which source; null for every one.
        scenario: whose rules these are, or null.
        seed: give the same again and the same requests are hit.
        rules: the first that hits a request is the one that is carried out.
        fired: requests that any of them hit.
    """

    id: str
    source: str | None
    scenario: str | None
    seed: int
    rules: list[RuleView]
    fired: int


class FaultPreview(Result, frozen=True):
    """What a fault would do, and what it would have done; it is not in force.

    Attributes:
        sentence: which requests it would hit from now on, and what they would be answered.
        rules: of the fault; their counts are those of the recorded requests.
        looked_at: number of recorded requests that were looked at: the newest, at most 1,000.
        fired: number of those that it would have hit, had it been in force.
        requests: the ids of the newest of them, at most 20.
    """

    sentence: str
    rules: list[RuleView]
    looked_at: int
    fired: int
    requests: list[str]


class FaultList(Result, frozen=True):
    """Faults, in the order in which they are looked at.

    Attributes:
        faults: a source's own come before those of every source.
        scenarios: the names of the ready-made ones, and what they are like.
        held: number of requests that faults hold back now.
    """

    faults: list[FaultView]
    scenarios: dict[str, str]
    held: int = 0


class ClearFaults(Params, frozen=True):
    """Which faults to take away: one of the three.

    Attributes:
        id: this one.
        source: those of this source.
        all: every one.
    """

    id: str | None = None
    source: WriteKey | None = None
    all: bool = False


class ReleaseHeld(Params, frozen=True):
    """Which requests to release that faults hold back.

    Attributes:
        source: those of this source; all if omitted.
    """

    source: WriteKey | None = None


class Released(Result, frozen=True):
    """The requests that were released: each is answered at once, as its fault has it.

    Attributes:
        released: number of requests.
    """

    released: int


class FaultsCleared(Result, frozen=True):
    """The faults that were taken away; what they held back is let go.

    Attributes:
        faults: as they were at the end.
    """

    faults: list[FaultView]


class AskTruth(Params, frozen=True):
    """Whose messages to report.

    Attributes:
        source: a write key.
        after: only requests with a higher number.
        limit: how many messages to name at most; all are counted.
        fate: name only messages with this fate.
    """

    source: WriteKey
    after: Cursor = 0
    fate: Fate | None = None
    limit: Annotated[int, Meta(ge=0, le=100_000)] = 1000


class AttemptView(msgspec.Struct, frozen=True, rename="camel"):
    """One request that carried the message.

    Attributes:
        request: its id.
        status: that it was answered; 0 for no answer.
        gap: seconds since the attempt before, null for the first.
        end: what it did for the message; ``unstored`` is nothing.
    """

    request: str
    status: int
    gap: float | None
    end: AttemptEnd


class MessageTruth(msgspec.Struct, frozen=True, rename="camel"):
    """The fate of one message.

    Attributes:
        message_id: its own, or the one that was minted.
        fate: as far as is known by now.
        attempts: oldest first.
        call: the id of its first call; null where no call of it is kept.
    """

    message_id: str
    fate: Fate
    attempts: list[AttemptView]
    call: str | None = None

    @property
    def statuses(self) -> list[int]:
        """Status that each attempt was answered; 0 for no answer."""
        return [attempt.status for attempt in self.attempts]


class Truth(Result, frozen=True):
    """The fate of every message of a source, as the wire has it.

    Attributes:
        summary: a sentence for people.
        total: messages, each counted once.
        fates: how many had which fate.
        messages: those with a story first, in the order in which they came.
        left_out: how many more there are, of the fate that is asked for.
        nameless: messages without a messageId in requests that were not stored.
        evicted: calls that are not counted, because they are no longer kept.
        lost: the same in detail, requests without calls among them.
    """

    summary: str
    total: int
    fates: dict[str, int]
    messages: list[MessageTruth]
    left_out: int
    nameless: int
    evicted: int
    lost: Lost = NOTHING_LOST
