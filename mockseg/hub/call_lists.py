"""Lists of calls: a page of those that match, and how many these are."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable

from mockseg.domain.call import KeptCall
from mockseg.hub.queries import is_said_by_keys, keys_of
from mockseg.hub.waits import compiled
from mockseg.journal.memory import MemoryJournal
from mockseg.journal.narrowed import Narrowed
from mockseg.matching.match import Predicate, narrows
from mockseg.operations.calls import ListCalls
from mockseg.query.predicate import CallQuery


async def found_calls(
    asked: ListCalls, query: CallQuery | None, journal: MemoryJournal
) -> tuple[int | None, list[KeptCall]]:
    """Return how many calls match, where that is asked, and those of the page and one more.

    Args:
        asked: which calls.
        query: holds beside it, or None.
        journal: has them.

    Raises:
        OperationError: 422, the filter cannot be read.
    """
    most = asked.limit + 1
    total: int | None = None
    if query is None and not narrows(asked):
        total, found = journal.count(asked.source)[0], _page(asked, most, journal)
    else:
        matches = _both(compiled(asked), query)
        keys = keys_of(asked)
        narrowed = journal.narrow(keys, source=asked.source)
        if narrowed is not None and asked.total and query is None and is_said_by_keys(asked):
            total = await narrowed.total(matches)
        if asked.total and total is None:
            total, found = await _filtered(asked, most, matches, journal, narrowed)
        else:
            found = await _first_found(asked, most, matches, journal, narrowed)
    return total, found


def _page(asked: ListCalls, most: int, journal: MemoryJournal) -> list[KeptCall]:
    if asked.order == "newest":
        calls = journal.calls_before(asked.before, limit=most, source=asked.source)
        return [call for call in calls if call.cursor > asked.after]
    calls = journal.calls_after(asked.after, limit=most, source=asked.source)
    return [call for call in calls if asked.before is None or call.cursor < asked.before]


def _both(matches: Predicate, query: CallQuery | None) -> Callable[[KeptCall], bool]:
    if query is None:
        return matches
    found_by_query = query.matches
    return lambda call: matches(call) and found_by_query(call)


async def _filtered(
    asked: ListCalls,
    most: int,
    matches: Callable[[KeptCall], bool],
    journal: MemoryJournal,
    narrowed: Narrowed | None,
) -> tuple[int, list[KeptCall]]:
    """Return how many calls match at all, and those of the page."""
    newest = asked.order == "newest"
    total = 0
    # A full deque drops its oldest.
    found: deque[KeptCall] = deque(maxlen=most if newest else None)
    async for portion in (
        journal.scan(source=asked.source) if narrowed is None else narrowed.after(0)
    ):
        for call in portion:
            if not matches(call):
                continue
            total += 1
            if call.cursor <= asked.after:
                continue
            if asked.before is not None and call.cursor >= asked.before:
                continue
            if newest or len(found) < most:
                found.append(call)
    if newest:
        found.reverse()
    return total, list(found)


async def _first_found(
    asked: ListCalls,
    most: int,
    matches: Callable[[KeptCall], bool],
    journal: MemoryJournal,
    narrowed: Narrowed | None,
) -> list[KeptCall]:
    """Return the calls of the page, and look at no others."""
    newest = asked.order == "newest"
    found: list[KeptCall] = []
    async for portion in _portions(asked, journal, narrowed, most=most):
        for call in portion:
            is_past = (
                call.cursor <= asked.after
                if newest
                else asked.before is not None and call.cursor >= asked.before
            )
            if is_past:
                return found
            if matches(call):
                found.append(call)
                if len(found) == most:
                    return found
    return found


def _portions(
    asked: ListCalls, journal: MemoryJournal, narrowed: Narrowed | None, *, most: int
) -> AsyncIterator[list[KeptCall]]:
    if asked.order == "newest":
        if narrowed is not None:
            return narrowed.before(asked.before, most=most)
        return journal.scan_back(before=asked.before, source=asked.source)
    if narrowed is not None:
        return narrowed.after(asked.after, most=most)
    return journal.scan(after=asked.after, source=asked.source)
