"""Operations on calls: list, show, wait, settle, count, clear, import."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mockseg.domain.call import Call, Verdict
from mockseg.domain.delivery import Delivery
from mockseg.domain.findings import Finding
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.json_types import Json, JsonObject
from mockseg.matching.match import Match, ScalarMatch, VerdictKey
from mockseg.operations.base import Cursor, Limit, Order, Params, Result, Seconds, WriteKey
from mockseg.operations.faults import AttemptView
from mockseg.operations.requests import Refusals, RequestView


class ListCalls(ScalarMatch, frozen=True, kw_only=True, rename="camel"):
    """Which calls to list.

    Attributes:
        q: a query, such as ``is:bad type:track``; it holds beside the match keys.
        after: only later calls than this cursor.
        before: only earlier calls than this cursor.
        order: which come first, the oldest or the newest.
        limit: maximum number of calls; a page whose messages exceed 4 MB has fewer.
        total: whether the number of all calls that match is counted; to look no further than the
            page is faster.
    """

    q: str | None = None
    after: Cursor = 0
    before: Cursor | None = None
    order: Order = "oldest"
    limit: Limit = 100
    total: bool = True


class CallPage(Result, frozen=True):
    """Calls, in the order that was asked for.

    Attributes:
        calls: at most ``limit``, and fewer when they exceed 4 MB.
        total: number of kept calls that match, whatever the cursor; null unless asked for.
        verdict: calls of which verdict these are: that of the query, or any.
        next: the cursor of the next page, ``after`` it where the oldest come first and
            ``before`` it where the newest do; null when nothing follows.
    """

    calls: list[Call]
    total: int | None
    next: int | None
    verdict: VerdictKey = "any"


class GetCall(Params, frozen=True):
    """Which call.

    Attributes:
        id: of the call, such as ``call-17``.
    """

    id: str


class RuleExcerpt(Result, frozen=True):
    """What a violation breaks, read from the plans that the source has now.

    Attributes:
        plan: the plan.
        rule: the rule of the plan, such as ``TRACK "Order Completed"``.
        schema_path: JSON pointer into the rule's schema.
        excerpt: the keyword that failed, with title and description of the schema around it.
    """

    plan: str
    rule: str
    schema_path: str
    excerpt: JsonObject


class FindingDetails(Result, frozen=True):
    """A finding with what was sent at its place.

    Attributes:
        finding: as the call has it.
        sent: the value at its place; left out where nothing was sent there.
        rule: what it breaks; null for a discard, and where the plan no longer has the rule.
    """

    finding: Finding
    sent: Json | UnsetType = UNSET
    rule: RuleExcerpt | None = None


class CallBrief(Result, frozen=True):
    """A call in the few words of a list.

    Attributes:
        id: of the call.
        cursor: its place in the journal.
        type: identify, track, page, screen, group or alias.
        event: the name of a track call.
        message_id: its own, or the one that was minted.
        verdict: accepted, dropped, blocked or rejected.
        good: accepted without findings.
        received_at: ISO 8601.
        user_id: the userId; null of a visitor who is not identified.
    """

    id: str
    cursor: int
    type: str
    event: str | None
    message_id: str
    verdict: Verdict
    good: bool
    received_at: str
    user_id: str | None = None


class CallDetails(Result, frozen=True):
    """One call with all that is known of it.

    Attributes:
        call: the call.
        findings: why it is not good, each with what was sent and the rule it breaks.
        request: the request that brought it, with its answer.
        attempts: each request that carried its messageId, oldest first.
        deliveries: its deliveries to destinations.
        before: the nearest earlier calls of the same user (userId or anonymousId) in its
            source, oldest first, at most 10. Those of an anonymousId are looked for among the
            nearest 1,000 calls, and have no other userId.
        after: the nearest later ones, oldest first, at most 10.
    """

    call: Call
    findings: list[FindingDetails]
    request: RequestView
    attempts: list[AttemptView]
    deliveries: list[Delivery]
    before: list[CallBrief]
    after: list[CallBrief]


class Count(Params, frozen=True):
    """How many calls are waited for: at least, at most, both, or exactly.

    Attributes:
        min: at least this many; by default 1, or 0 when only ``max`` is given.
        max: at most this many.
        exactly: this many, no fewer and no more; without min and max.
    """

    min: Annotated[int, Meta(ge=0)] | None = None
    max: Annotated[int, Meta(ge=0)] | None = None
    exactly: Annotated[int, Meta(ge=0)] | None = None

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The smallest number that is right, and the largest or None."""
        if self.exactly is not None:
            return self.exactly, self.exactly
        return self.min if self.min is not None else int(self.max is None), self.max


class WaitCalls(Params, frozen=True):
    """What to wait for. Without a verdict in the match, accepted calls are meant.

    Calls that are cleared while the wait goes on no longer count.

    Attributes:
        match: which calls.
        count: how many; one or more by default.
        timeout: seconds until the wait fails.
        quiet: seconds of silence of matching calls that must follow.
        after: only calls later than this cursor count.
        after_request: only requests with a higher number are named when the wait fails.
        opened_at: when the window that begins at ``after`` was opened, ISO 8601; when the wait
            fails, calls with an earlier timestamp are named.
        explain: whether the 406 of a wait that fails says what was found instead.
    """

    match: Match = Match()
    count: Count = Count(min=1)
    timeout: Seconds = 1.0
    quiet: Seconds = 0.0
    after: Cursor = 0
    after_request: Cursor = 0
    opened_at: str | None = None
    explain: bool = True


class WaitedCalls(Result, frozen=True):
    """The calls that satisfied a wait.

    Attributes:
        calls: oldest first, at most 1000.
        next: the cursor after the last of them.
        cleared: of a wait for one source, the cursor up to which its calls were cleared; 0
            otherwise. Calls that an earlier wait returned, up to that cursor, no longer count.
        verdict: calls of which verdict were waited for: accepted, unless the match says
            otherwise.
    """

    calls: list[Call]
    next: int
    cleared: int = 0
    verdict: VerdictKey = "accepted"


class Settle(Params, frozen=True):
    """Until when to wait for silence.

    A request in flight with its write key only in the body may be for any source: each source
    waits for it, for at most 1 s.

    Attributes:
        source: of this source, or of the whole server.
        quiet: seconds in which nothing came.
        timeout: seconds until the wait fails.
        deliveries: whether those to destinations have to end, too, retries included.
    """

    source: WriteKey | None = None
    quiet: Seconds = 0.1
    timeout: Seconds = 5.0
    deliveries: bool = True


class Settled(Result, frozen=True):
    """Nothing is in flight.

    Attributes:
        cursor: of the last call recorded.
    """

    cursor: int


class Summary(Result, frozen=True):
    """What the journal keeps, counted.

    Attributes:
        total: calls kept; good + bad.
        good, bad, accepted, dropped, blocked, rejected: of these.
        evicted: calls that are not counted above, because they are no longer kept although they
            were not cleared: the numbers of calls and of sources are limited.
        lost: the same in detail: up to where, and whether the source was forgotten as a whole.
        requests: kept, those without calls too.
        refused: requests answered 4xx or 5xx.
        refusals: how and why they were refused, the first 10 different ones.
        by_event: track calls by event name, others by type.
        cursor: of the last call recorded anywhere.
        queue_full: deliveries that failed because the queue of their destination was full.
    """

    total: int
    good: int
    bad: int
    accepted: int
    dropped: int
    blocked: int
    rejected: int
    evicted: int
    requests: int
    refused: int
    refusals: list[Refusals]
    by_event: dict[str, int]
    cursor: int
    lost: Lost = NOTHING_LOST
    queue_full: int = 0


class ClearCalls(Params, frozen=True):
    """What to forget: one source's calls and requests, or all.

    Attributes:
        source: a write key.
        all: every source's.
    """

    source: WriteKey | None = None
    all: bool = False


class Cleared(Result, frozen=True):
    """How many calls were forgotten.

    Attributes:
        cleared: calls.
    """

    cleared: int


class ImportedCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A call as ``GET /calls`` returned it; what else it has is not needed here.

    Attributes:
        source: the write key it goes to.
        message: normalised.
        raw: as sent; used where the message is empty.
        received_at: ISO 8601.
    """

    source: WriteKey
    message: JsonObject = {}
    raw: Json = None
    received_at: str | None = None


class ImportCalls(Params, frozen=True):
    """Calls to record again, judged anew.

    Attributes:
        calls: as exported.
        source: record them all there instead.
    """

    calls: Annotated[list[ImportedCall], Meta(max_length=1000)]
    source: WriteKey | None = None


class Imported(Result, frozen=True):
    """How many calls were recorded.

    Attributes:
        imported: calls.
        duplicates: those of them that were dropped, because their source has a call with their
            messageId.
    """

    imported: int
    duplicates: int
