"""Searches for calls: each looks where an index says that some may be, and nowhere else.

Lists, rows, counts, copies, explanations and coverage all ask here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from mockseg.domain.call import KeptCall
from mockseg.hub.queries import search_keys
from mockseg.hub.waits import compiled
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.narrowed import Narrowed
from mockseg.matching.match import ScalarMatch, narrows
from mockseg.operations.base import Order
from mockseg.query.predicate import CallQuery


class Span(NamedTuple):
    """Which page of the calls that match.

    Attributes:
        limit: maximum number of calls; one more is looked for, to know whether there are more.
        after: only later calls than this cursor.
        before: only earlier calls than this cursor.
        order: which come first.
    """

    limit: int
    after: int = 0
    before: int | None = None
    order: Order = "newest"

    @property
    def most(self) -> int:
        return self.limit + 1


class CallSearch:
    """The kept calls that match; made for one question.

    Args:
        journal: has them.
        source: a write key; all sources if omitted.
        match: match keys that hold for them.
        query: a query that holds for them.

    Raises:
        OperationError: 422, the filter of the match cannot be read.
    """

    def __init__(
        self,
        journal: MemoryJournal,
        *,
        source: str | None = None,
        match: ScalarMatch | None = None,
        query: CallQuery | None = None,
    ) -> None:
        self._journal = journal
        tests: list[Callable[[KeptCall], bool]] = []
        if match is not None and narrows(match):
            tests.append(compiled(match))
        if query is not None and query.terms:
            tests.append(query.matches)
        self._matches = _all_of(tests)
        sought = search_keys(match, query)
        self._keys, self._said = sought.keys, sought.said
        self._source = sought.source if source is None else source
        self._narrowed: Narrowed | None = None
        self._asked = False

    async def is_narrow(self) -> bool:
        """Return whether an index says where the calls may be."""
        return await self._narrow() is not None

    async def total(self) -> int:
        """Return how many calls match."""
        matches = self._matches
        if matches is None:
            return self._journal.count(self._source)[0]
        narrowed = await self._narrow()
        if narrowed is not None:
            return await narrowed.total(matches, said=self._said)
        total = 0
        async for portion in self._journal.scan(source=self._source):
            total += sum(map(matches, portion))
        return total

    async def after(
        self, cursor: int = 0, *, until: int | None = None, most: int = 0
    ) -> AsyncIterator[list[KeptCall]]:
        """Yield the calls that match after a cursor, oldest first, in portions.

        Args:
            cursor: they come after it.
            until: they come before this one.
            most: how many are most likely needed, 0 for all.
        """
        narrowed = await self._narrow()
        portions = (
            self._journal.scan(after=cursor, source=self._source)
            if narrowed is None
            else narrowed.after(cursor, most=most)
        )
        async for portion in portions:
            if until is not None and portion[-1].cursor >= until:
                yield self._matching([call for call in portion if call.cursor < until])
                return
            yield self._matching(portion)

    async def before(
        self, cursor: int | None = None, *, until: int = 0, most: int = 0
    ) -> AsyncIterator[list[KeptCall]]:
        """Yield the calls that match before a cursor, or all, newest first.

        Args:
            cursor: they come before it.
            until: they come after this one.
            most: how many are most likely needed, 0 for all.
        """
        narrowed = await self._narrow()
        portions = (
            self._journal.scan_back(before=cursor, source=self._source)
            if narrowed is None
            else narrowed.before(cursor, most=most)
        )
        async for portion in portions:
            if portion[-1].cursor <= until:
                yield self._matching([call for call in portion if call.cursor > until])
                return
            yield self._matching(portion)

    async def page(self, span: Span, *, total: bool) -> tuple[int | None, list[KeptCall]]:
        """Return how many calls match, where that is asked, and those of a page and one more."""
        if self._matches is None:
            return await self.total() if total else None, self._plain_page(span)
        narrowed = await self._narrow()
        if total and narrowed is None:
            return await self._counted_page(span)
        return await self.total() if total else None, await self._first_found(span)

    def _plain_page(self, span: Span) -> list[KeptCall]:
        journal, source = self._journal, self._source
        if span.order == "newest":
            calls = journal.calls_before(span.before, limit=span.most, source=source)
            return [call for call in calls if call.cursor > span.after]
        calls = journal.calls_after(span.after, limit=span.most, source=source)
        return [call for call in calls if span.before is None or call.cursor < span.before]

    async def _counted_page(self, span: Span) -> tuple[int, list[KeptCall]]:
        """Look at all calls once, to count them and to find those of the page."""
        newest = span.order == "newest"
        total = 0
        # A full deque drops its oldest.
        found: deque[KeptCall] = deque(maxlen=span.most if newest else None)
        async for portion in self.after():
            total += len(portion)
            for call in portion:
                if call.cursor <= span.after:
                    continue
                if span.before is not None and call.cursor >= span.before:
                    continue
                if newest or len(found) < span.most:
                    found.append(call)
        if newest:
            found.reverse()
        return total, list(found)

    async def _first_found(self, span: Span) -> list[KeptCall]:
        """Return the calls of the page, and look at no others."""
        found: list[KeptCall] = []
        portions = (
            self.before(span.before, until=span.after, most=span.most)
            if span.order == "newest"
            else self.after(span.after, until=span.before, most=span.most)
        )
        async for portion in portions:
            found += portion
            if len(found) >= span.most:
                break
        return found[: span.most]

    async def _narrow(self) -> Narrowed | None:
        if not self._asked:
            self._asked = True
            if self._matches is not None:
                self._narrowed = await self._journal.narrow(self._keys, source=self._source)
        return self._narrowed

    def _matching(self, portion: list[KeptCall]) -> list[KeptCall]:
        return portion if self._matches is None else [*filter(self._matches, portion)]


def _all_of(tests: list[Callable[[KeptCall], bool]]) -> Callable[[KeptCall], bool] | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    first, second = tests[0], _all_of(tests[1:])
    assert second is not None  # noqa: S101  (there is one)
    return lambda call: first(call) and second(call)
