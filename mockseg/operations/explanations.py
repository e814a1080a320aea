"""The operation that explains why calls were not there, and what its answer is made of."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mockseg.domain.call import Call
from mockseg.domain.lost import Lost
from mockseg.json_types import Json
from mockseg.matching.explanation import CallElsewhere, ExplanationKind, LateCall
from mockseg.matching.match import Match, VerdictKey
from mockseg.operations.base import Cursor, Params, Result, Seconds
from mockseg.operations.calls import Count
from mockseg.operations.requests import Refusals


class ExplainCalls(Params, frozen=True):
    """What was expected. Without a verdict in the match, accepted calls are meant.

    Attributes:
        match: which calls.
        count: how many; one or more by default.
        after: only calls later than this cursor were looked at.
        after_request: only requests with a higher number were looked at.
        opened_at: when the window that begins there was opened, ISO 8601; calls with an
            earlier timestamp are named.
        waited: seconds that were waited for them; only told.
        late: seconds in which a call that still comes is named as late.
        candidates: maximum number of calls to return for a client that judges more of them
            than the match says.
    """

    match: Match = Match()
    count: Count = Count(min=1)
    after: Cursor = 0
    after_request: Cursor = 0
    opened_at: str | None = None
    waited: Seconds = 0.0
    late: Annotated[float, Meta(ge=0, le=60, description="seconds")] = 0.0
    candidates: Annotated[int, Meta(ge=0, le=1000)] = 0


class DifferenceView(Result, frozen=True):
    """One place where a call is not what was expected.

    Attributes:
        path: where, such as ``properties.total``; ``type``, ``verdict``, ``good`` and ``where``
            are of the call as a whole.
        kind: value, type, format, missing, unexpected, extra, predicate, verdict, good or where.
        expected: what was expected there; a text where it is longer than 2 KB or is not JSON.
        expected_type: its JSON type; empty where it is not JSON.
        actual: what is there; null where nothing is.
        actual_type: its JSON type; empty where nothing is there.
        note: what else is known, in a few words.
    """

    path: str
    kind: str
    expected: Json
    expected_type: str
    actual: Json
    actual_type: str
    note: str = ""


class NearCall(Result, frozen=True):
    """A call that is nearly what was expected.

    Attributes:
        call: it.
        differences: everything that is not as expected, at most 50.
        score: 1 for a call that is as expected, towards 0 the more it differs.
        alike: how many more calls differ in just the same way.
    """

    call: Call
    differences: list[DifferenceView]
    score: float
    alike: int


class ExpectedCalls(Result, frozen=True):
    """What was expected, in words.

    Attributes:
        matcher: which calls.
        count: how many.
    """

    matcher: str
    count: str


class SectionView(Result, frozen=True):
    """A part of the text.

    Attributes:
        title: one line.
        lines: below it, without indent.
    """

    title: str
    lines: list[str]


class Explained(Result, frozen=True):
    """Why calls were not there as often as expected.

    Attributes:
        text: everything that is known, to be read, in under 40 lines.
        kind: what fits best: missing, nearest, dropped calls (``not_accepted``), and others.
        headline, sections, notes: what the text is made of.
        expected: what was expected, in words.
        source: the write key that was looked at; empty for all sources.
        waited: seconds that were waited.
        found: how many calls are as expected.
        calls: the first of these, at most 20.
        nearest: the calls that come nearest to it, the nearest first, at most 3.
        dropped: calls that are as expected but for their verdict, at most 40.
        refused: requests that were refused, by how and why; the first 10 different ones.
        refused_count: how many requests were refused.
        elsewhere: calls of other sources that would have been right, at most 20.
        late: calls that came after the wait had ended.
        before_window: ids of calls with a timestamp from before the window was opened.
        recorded: how many calls were looked at.
        evicted: how many older calls could not be looked at.
        lost: the same in detail.
        by_event: track calls by event name, others by type.
        candidates: the calls that come nearest, those that match included; as many as asked for.
    """

    text: str
    kind: ExplanationKind
    headline: str
    sections: list[SectionView]
    notes: list[str]
    expected: ExpectedCalls
    source: str
    waited: float
    found: int
    calls: list[Call]
    nearest: list[NearCall]
    dropped: list[Call]
    refused: list[Refusals]
    refused_count: int
    elsewhere: list[CallElsewhere]
    late: list[LateCall]
    before_window: list[str]
    recorded: int
    evicted: int
    lost: Lost
    by_event: dict[str, int]
    candidates: list[Call] = msgspec.field(default_factory=list)


class UnmetWait(Result, frozen=True):
    """What a wait for calls says when it fails.

    Attributes:
        seen: how many calls matched.
        verdict: calls of which verdict were waited for: accepted, unless the match says
            otherwise.
        call: the call that ended the wait: dropped, or one too many.
        lost: what was evicted, so that calls cannot be counted exactly.
        explanation: what was found instead; left out with ``explain: false``.
    """

    seen: int
    verdict: VerdictKey
    call: Call | UnsetType = UNSET
    lost: Lost | UnsetType = UNSET
    explanation: Explained | UnsetType = UNSET
