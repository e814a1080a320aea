"""Operations on calls: list, wait, settle, count, clear, import."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mockseg.domain.call import Call
from mockseg.json_types import Json, JsonObject
from mockseg.matching.match import Match, ScalarMatch
from mockseg.operations.base import Cursor, Limit, Params, Result, Seconds, WriteKey


class ListCalls(ScalarMatch, frozen=True, kw_only=True, rename="camel"):
    """Which calls to list.

    Attributes:
        after: only later ones than this cursor.
        limit: how many at most.
    """

    after: Cursor = 0
    limit: Limit = 100


class CallPage(Result, frozen=True):
    """Calls, oldest first.

    Attributes:
        calls: at most ``limit``.
        total: how many kept calls match, whatever the cursor.
        next: the cursor to go on with, null when nothing follows.
    """

    calls: list[Call]
    total: int
    next: int | None


class Count(Params, frozen=True):
    """How many calls are waited for: at least, or exactly.

    Attributes:
        min: at least so many.
        exactly: so many and no more.
    """

    min: Annotated[int, Meta(ge=1)] | None = None
    exactly: Annotated[int, Meta(ge=0)] | None = None


class WaitCalls(Params, frozen=True):
    """What to wait for. Without a verdict in the match, accepted calls are meant.

    Attributes:
        match: which calls.
        count: how many; one or more by default.
        timeout: seconds until the wait fails.
        quiet: seconds of silence of matching calls that must follow.
        after: only calls later than this cursor count.
    """

    match: Match = Match()
    count: Count = Count(min=1)
    timeout: Seconds = 1.0
    quiet: Seconds = 0.0
    after: Cursor = 0


class WaitedCalls(Result, frozen=True):
    """The calls that satisfied a wait.

    Attributes:
        calls: oldest first, at most 1000.
        next: the cursor after the last of them.
    """

    calls: list[Call]
    next: int


class Settle(Params, frozen=True):
    """Until when to wait for silence.

    Attributes:
        source: of this source, or of the whole server.
        quiet: seconds in which nothing came.
        timeout: seconds until the wait fails.
    """

    source: WriteKey | None = None
    quiet: Seconds = 0.1
    timeout: Seconds = 5.0


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
        evicted: calls that had to make room and are no longer counted above.
        requests: kept, those without calls too.
        refused: requests answered 4xx.
        by_event: track calls by event name, others by type.
        cursor: of the last call recorded anywhere.
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
    by_event: dict[str, int]
    cursor: int


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
    """A call as ``GET /calls`` gave it; what else it has is not needed here.

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
    """

    imported: int
