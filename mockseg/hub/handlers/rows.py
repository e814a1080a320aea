"""Operations on many calls at a glance: rows, counts, and calls as text for elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import get_args

from mockseg.conversion import invalid
from mockseg.domain.call import KeptCall, Verdict
from mockseg.hub.call_rows import COLUMNS, call_row, read_fields
from mockseg.hub.call_search import CallSearch, Span
from mockseg.hub.destinations import Destinations
from mockseg.hub.handlers.calls import existing_call
from mockseg.hub.handlers.requests import request_view
from mockseg.hub.paging import made_in_turns
from mockseg.hub.queries import Queries
from mockseg.hub.sources import Sources
from mockseg.journal.counts import MINUTE_SECONDS, Counts
from mockseg.journal.memory import MemoryJournal
from mockseg.json_types import Json
from mockseg.matching.copies import Copied, copied
from mockseg.operations.rows import (
    CALLS_WITH_FIELDS,
    MAX_COPIED,
    MAX_FACET_VALUES,
    MAX_HAPPENINGS,
    Bucket,
    CallCounts,
    CopiedText,
    CopyCall,
    CopyCalls,
    CountCalls,
    ExplainedCall,
    ExplainedQuery,
    ExplainedTerm,
    ExplainQuery,
    FacetKey,
    FacetValue,
    HappeningView,
    ListRows,
    RowPage,
    TermView,
)
from mockseg.query.as_fql import fql_of
from mockseg.query.terms import FIELD_ROOTS, key_text, term_text
from mockseg.suggestions import unknown_parameter

_FACETS: tuple[FacetKey, ...] = get_args(FacetKey)
# Different values of a facet that are counted; the rest is not.
_MOST_COUNTED = 10_000
# Deeper members of the message are not told apart.
_FIELD_LEVELS = 3


async def call_rows(
    asked: ListRows,
    *,
    journal: MemoryJournal,
    queries: Queries,
    destinations: Destinations,
    sources: Sources,
) -> RowPage:
    fields = read_fields(asked.fields)
    query = queries.compile(asked.q or "")
    search = CallSearch(journal, source=asked.source, query=query)
    span = Span(asked.limit, after=asked.after, before=asked.before)
    total, found = await search.page(span, total=asked.total)
    shown = found[: asked.limit]
    row = partial(call_row, ledger=destinations.ledger, fields=fields)
    return RowPage(
        columns=list(COLUMNS),
        rows=await made_in_turns(row, shown),
        next=shown[-1].cursor if len(found) > len(shown) else None,
        cursor=journal.cursor,
        terms=[
            TermView(
                text=term.text, key=term.key, negated=term.negated, start=term.start, end=term.end
            )
            for term in query.terms
        ],
        total=total,
        lost=sources.lost(asked.source),
    )


class _Tally:
    """Counts calls by verdict, minute and facet."""

    def __init__(self, asked: CountCalls, facets: list[FacetKey]) -> None:
        self._bucket_seconds = asked.bucket_seconds
        self._wants_buckets = asked.buckets > 0
        self.verdicts: Counter[Verdict] = Counter()
        self.good = self.violations = self.retried = self._counted = 0
        # By number of the bucket: good and bad calls.
        self.buckets: dict[int, list[int]] = {}
        self.facets: dict[FacetKey, Counter[str]] = {key: Counter() for key in facets}

    def add(self, call: KeptCall) -> None:
        good, remark = call.good, call.remark
        self.verdicts[call.verdict] += 1
        self.good += good
        if remark is not None:
            self.violations += call.violates
            self.retried += remark.attempt > 1
        if self._wants_buckets:
            place = call.request.received_ns // 10**9 // self._bucket_seconds
            self.buckets.setdefault(place, [0, 0])[not good] += 1
        self._counted += 1
        for key, counter in self.facets.items():
            if key == "field" and self._counted > CALLS_WITH_FIELDS:
                continue
            for value in _values(call, key):
                if value in counter or len(counter) < _MOST_COUNTED:
                    counter[value] += 1

    def take(self, counts: Counts) -> None:
        """Take what the journal has counted already: all calls, by the minute."""
        verdicts, self.good = counts.by_verdict()
        self.verdicts.update(verdicts)
        self.violations, self.retried = counts.violations, counts.retried
        if self._wants_buckets:
            self.buckets = counts.by_time(self._bucket_seconds // MINUTE_SECONDS)

    def bucket_list(self, most: int) -> list[Bucket]:
        if not self.buckets:
            return []
        last = max(self.buckets)
        return [
            Bucket(start_ms=place * self._bucket_seconds * 1000, good=numbers[0], bad=numbers[1])
            for place in range(last - most + 1, last + 1)
            for numbers in (self.buckets.get(place, (0, 0)),)
        ]


def _values(call: KeptCall, key: FacetKey) -> tuple[str, ...]:
    match key:
        case "type":
            return (call.type,)
        case "event":
            return () if call.event is None else (call.event,)
        case "user":
            return () if call.user_id is None else (call.user_id,)
        case "source":
            return (call.source,)
        case "verdict":
            return (call.verdict,)
        case "code":
            return tuple({each.code for each in call.findings})
        case "field":
            message = call.message()
            return tuple(name for root in FIELD_ROOTS for name in _fields(root, message.get(root)))


def _fields(name: str, value: Json, depth: int = 0) -> Iterator[str]:
    """Yield the dotted names of the values in an object."""
    if isinstance(value, dict) and depth < _FIELD_LEVELS:
        for key, member in value.items():
            if key and "." not in key:
                yield from _fields(f"{name}.{key}", member, depth + 1)
    elif depth:
        yield name


async def call_counts(
    asked: CountCalls, *, journal: MemoryJournal, queries: Queries, sources: Sources
) -> CallCounts:
    facets = _facet_keys(asked.facets)
    query = queries.compile(asked.q or "")
    tally = _Tally(asked, facets)
    if query.terms or facets or (asked.buckets and asked.bucket_seconds % MINUTE_SECONDS):
        search = CallSearch(journal, source=asked.source, query=query)
        async for portion in search.before():
            for call in portion:
                tally.add(call)
    else:
        tally.take(journal.counts(asked.source))
    total = sum(tally.verdicts.values())
    buckets = tally.bucket_list(asked.buckets)
    return CallCounts(
        total=total,
        good=tally.good,
        bad=total - tally.good,
        accepted=tally.verdicts["accepted"],
        dropped=tally.verdicts["dropped"],
        blocked=tally.verdicts["blocked"],
        rejected=tally.verdicts["rejected"],
        violations=tally.violations,
        retried=tally.retried,
        buckets=buckets,
        facets={
            key: [
                FacetValue(value=value, count=count, term=_facet_term(key, value))
                for value, count in counter.most_common(MAX_FACET_VALUES)
            ]
            for key, counter in tally.facets.items()
        },
        happenings=[
            HappeningView(kind=each.kind, at_ms=each.at_ms, source=each.source, text=each.text)
            for each in sources.history.of(asked.source)
            if buckets and each.at_ms >= buckets[0].start_ms
        ][-MAX_HAPPENINGS:],
    )


def _facet_keys(text: str) -> list[FacetKey]:
    """Return the facets that a list names.

    Raises:
        OperationError: 422, one of them is unknown.
    """
    keys: list[FacetKey] = []
    for name in filter(None, map(str.strip, text.split(","))):
        for key in _FACETS:
            if key == name:
                keys.append(key)
                break
        else:
            raise unknown_parameter("facets", "facet", name, _FACETS)
    return keys


def _facet_term(key: FacetKey, value: str) -> str:
    if key == "field":
        return f"{key_text(value)}:*"
    return term_text("is" if key == "verdict" else key, value)


async def explain_query(
    asked: ExplainQuery, *, journal: MemoryJournal, queries: Queries, destinations: Destinations
) -> ExplainedQuery:
    query = queries.compile(asked.q)
    texts = [term.text for term in query.terms]
    total = matched = 0
    holds, only = [0] * len(texts), [0] * len(texts)
    calls: list[ExplainedCall] = []
    async for portion in journal.scan_back(source=asked.source):
        for call in portion:
            fails = query.failing(call)
            total += 1
            matched += not fails
            for place in set(range(len(texts))).difference(fails):
                holds[place] += 1
            if len(fails) == 1:
                only[fails[0]] += 1
            if len(calls) < asked.limit:
                row = call_row(call, destinations.ledger)
                calls.append(ExplainedCall(row=row, fails=[texts[place] for place in fails]))
    return ExplainedQuery(
        total=total,
        matched=matched,
        terms=[
            ExplainedTerm(
                text=term.text,
                holds=holds[place],
                without=matched + only[place],
                fql=fql_of(term),
            )
            for place, term in enumerate(query.terms)
        ],
        calls=calls,
    )


async def copy_call(asked: CopyCall, *, journal: MemoryJournal) -> CopiedText:
    call = existing_call(asked.id, journal)
    return CopiedText(
        text=copied([_material(call, journal=journal)], asked.form, url=asked.url), calls=1
    )


async def copy_calls(asked: CopyCalls, *, journal: MemoryJournal, queries: Queries) -> CopiedText:
    if (asked.ids is None) == (asked.q is None):
        raise invalid("ids", "say which calls: one of ids and q", allowed=["ids", "q"])
    omitted = 0
    if asked.ids is not None:
        calls = [existing_call(id_, journal) for id_ in asked.ids]
    else:
        query = queries.compile(asked.q or "")
        search = CallSearch(journal, source=asked.source, query=query)
        total, found = await search.page(Span(MAX_COPIED), total=True)
        calls = found[MAX_COPIED - 1 :: -1]
        omitted = (total or 0) - len(calls)
    materials = await made_in_turns(partial(_material, journal=journal), calls)
    text = copied(materials, asked.form, url=asked.url)
    return CopiedText(text=text, calls=len(calls), omitted=omitted)


def _material(call: KeptCall, *, journal: MemoryJournal) -> Copied:
    request = request_view(call.request, journal.calls_of(call.request), body=False)
    return Copied(
        call=call.view(),
        raw=bytes(call.raw),
        request_line=f"{request.method} {request.path}",
        status=request.answer.status,
        answer=call.request.answer.body[:2000].decode("utf-8", "replace"),
    )
