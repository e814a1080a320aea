"""Operations on many calls at a glance: rows, counts, and calls as text for elsewhere."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from mockseg.domain.call import Verdict
from mockseg.domain.delivery import DeliveryState
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.operations.base import Cursor, Params, Result, WriteKey

MAX_ROWS: Final = 5000
MAX_BUCKETS: Final = 240
MAX_HAPPENINGS: Final = 100
# Maximum number of different values that a facet lists.
MAX_FACET_VALUES: Final = 20
MAX_COPIED: Final = 1000

# Maximum number of fields of the message that a row has.
MAX_FIELDS: Final = 8
# The names of fields are counted in this many of the newest calls.
CALLS_WITH_FIELDS: Final = 2000

FacetKey = Literal["type", "event", "user", "source", "code", "verdict", "field"]
HappeningKind = Literal["cleared", "fault_added", "fault_removed"]
CopyForm = Literal["curl", "pytest", "matcher", "ndjson", "message", "raw", "markdown"]


class CallRow(msgspec.Struct, frozen=True, array_like=True):
    """A call in one line; a JSON array in this order.

    Attributes:
        cursor: its place in the journal; its id is ``call-`` and this.
        received_ms: when it came, milliseconds since 1970.
        source: the write key.
        type: of the call.
        label: event or name, or empty.
        peek: its first properties or traits in at most 120 characters.
        user: userId, else ``anon`` and the anonymousId, or empty.
        verdict: accepted, dropped, blocked or rejected.
        good: accepted without findings.
        code: of its first finding, as Segment names it, or empty.
        field: of its first finding, or empty.
        more: number of further findings.
        attempt: 1 + earlier requests that carried this messageId.
        duplicate_of: the cursor of the call that had this messageId before, or 0.
        to: its deliveries, each a destination and a state.
        values: of the fields that were asked for, each as short text; empty where it is missing.
    """

    cursor: int
    received_ms: int
    source: str
    type: str
    label: str
    peek: str
    user: str
    verdict: Verdict
    good: bool
    code: str
    field: str
    more: int
    attempt: int
    duplicate_of: int
    to: list[tuple[str, DeliveryState]]
    values: list[str]


class TermView(Result, frozen=True):
    """One term of a query.

    Attributes:
        text: as it was written.
        key: before the colon; empty for a word of the text.
        negated: whether it was negated.
        start, end: where it is written, in characters from 0.
    """

    text: str
    key: str
    negated: bool
    start: int
    end: int


class ListRows(Params, frozen=True):
    """Which calls to list as rows, the newest first.

    Attributes:
        q: a query, such as ``is:bad type:track``.
        source: a write key; all sources if omitted.
        before: only earlier calls than this cursor.
        after: only later calls than this cursor.
        limit: maximum number of rows.
        total: whether the number of all calls that match is counted too.
        fields: fields of the message whose values a row has, separated by commas, such as
            ``properties.total,context.locale``; at most 8.
    """

    q: str | None = None
    source: WriteKey | None = None
    before: Cursor | None = None
    after: Cursor = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_ROWS)] = 200
    total: bool = False
    fields: str = ""


class RowPage(Result, frozen=True):
    """Rows, the newest first.

    Attributes:
        columns: the names of the members of a row.
        rows: at most ``limit``.
        next: the cursor for ``before`` of the next page; null when nothing follows.
        cursor: of the last call recorded anywhere.
        terms: of the query.
        total: number of kept calls that match, whatever the cursors; null unless asked for.
        lost: what was evicted of the source, or of all.
    """

    columns: list[str]
    rows: list[CallRow]
    next: int | None
    cursor: int
    terms: list[TermView]
    total: int | None = None
    lost: Lost = NOTHING_LOST


class CountCalls(Params, frozen=True):
    """What to count.

    Attributes:
        q: a query, such as ``is:bad type:track``.
        source: a write key; all sources if omitted.
        bucket_seconds: length of a bucket of time.
        buckets: number of buckets, of which the last one ends with the newest call that matches.
        facets: keys whose most frequent values are counted, separated by commas: type, event, user,
            source, code, verdict, field. Of fields, such as ``properties.total``, the names are
            counted, in the newest 2,000 calls that match.
    """

    q: str | None = None
    source: WriteKey | None = None
    bucket_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 60
    buckets: Annotated[int, Meta(ge=0, le=MAX_BUCKETS)] = 0
    facets: str = ""


class Bucket(Result, frozen=True):
    """A span of time.

    Attributes:
        start_ms: when it begins, milliseconds since 1970.
        good, bad: calls that came in it.
    """

    start_ms: int
    good: int
    bad: int


class FacetValue(Result, frozen=True):
    """How many calls have a value.

    Attributes:
        value: of the facet.
        count: calls.
        term: of the query language, which finds them.
    """

    value: str
    count: int
    term: str


class HappeningView(Result, frozen=True):
    """What happened to a source, or to all, besides requests.

    Attributes:
        kind: ``cleared``, ``fault_added`` or ``fault_removed``.
        at_ms: when, milliseconds since 1970 by the clock of the source.
        source: the write key; null for all sources.
        text: how many calls were cleared, or the fault and what it does.
    """

    kind: HappeningKind
    at_ms: int
    source: str | None
    text: str


class CallCounts(Result, frozen=True):
    """Calls, counted.

    Attributes:
        total: calls that match; good + bad.
        good, bad, accepted, dropped, blocked, rejected: of these.
        violations: those with a violation of a plan.
        retried: those that came in a second attempt or a later one.
        buckets: by time, the oldest first, those without calls too.
        facets: by key, the most frequent values first, at most 20.
        happenings: what else happened since the first bucket, the oldest first, at most 100; of the
            newest 1,000 that the server keeps.
    """

    total: int
    good: int
    bad: int
    accepted: int
    dropped: int
    blocked: int
    rejected: int
    violations: int
    retried: int
    buckets: list[Bucket]
    facets: dict[str, list[FacetValue]]
    happenings: list[HappeningView] = []


class ExplainQuery(Params, frozen=True):
    """Which query to explain.

    Attributes:
        q: a query, such as ``is:bad type:track``.
        source: a write key; all sources if omitted.
        limit: maximum number of calls to explain, the newest first.
    """

    q: str
    source: WriteKey | None = None
    limit: Annotated[int, Meta(ge=0, le=1000)] = 20


class ExplainedTerm(Result, frozen=True):
    """What one term of a query finds.

    Attributes:
        text: as it was written.
        holds: number of calls for which it holds.
        without: number of calls that match without it.
        fql: the same in Segment's FQL, or null where FQL cannot say it.
    """

    text: str
    holds: int
    without: int
    fql: str | None


class ExplainedCall(Result, frozen=True):
    """Why a call matches a query or does not.

    Attributes:
        row: the call.
        fails: the terms that do not hold for it; empty for a call that matches.
    """

    row: CallRow
    fails: list[str]


class ExplainedQuery(Result, frozen=True):
    """What a query finds, term by term.

    Attributes:
        total: number of kept calls of the source, or of all.
        matched: number of those that match.
        terms: in the order of the query.
        calls: at most ``limit``, the newest first.
    """

    total: int
    matched: int
    terms: list[ExplainedTerm]
    calls: list[ExplainedCall]


class CopyCall(Params, frozen=True):
    """Which call, and as what.

    Attributes:
        id: of the call, such as ``call-17``.
        form: a curl command, an assertion for pytest, the body of ``POST /calls/wait``, a line of
            an export, the message, the message as sent, or Markdown for a report.
        url: address in a curl command; the variable MOCKSEG_URL if omitted.
    """

    id: str
    form: CopyForm
    url: Annotated[str, Meta(max_length=300)] | None = None


class CopyCalls(Params, frozen=True):
    """Which calls, and as what.

    Attributes:
        form: as for a single call.
        ids: of calls.
        q: a query; or both a query and a source, instead of ids.
        source: a write key; all sources if omitted.
        url: address in a curl command; the variable MOCKSEG_URL if omitted.
    """

    form: CopyForm
    ids: Annotated[list[str], Meta(max_length=MAX_COPIED)] | None = None
    q: str | None = None
    source: WriteKey | None = None
    url: Annotated[str, Meta(max_length=300)] | None = None


class CopiedText(Result, frozen=True):
    """Calls as text.

    Attributes:
        text: to paste.
        calls: how many calls it has.
        omitted: number of calls that match and are not in it: at most 1,000 are.
    """

    text: str
    calls: int
    omitted: int = 0
