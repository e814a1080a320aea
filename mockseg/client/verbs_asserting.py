"""Assertions about one kind of call: it was made, so often, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.client.scope import Deadline
from mockseg.client.verbs_reading import call_pages, scalars_of
from mockseg.client.verbs_unmet import Unmet, fail, refuse_if_evicted
from mockseg.client.verbs_waiting import check_count, gather
from mockseg.matching.evidence import Expectation
from mockseg.matching.notes import counted

if TYPE_CHECKING:
    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher

__all__ = ["WITHIN_SECONDS", "assert_called", "assert_called_times", "assert_not_called"]

# For how long a call may not come that must not come: SDKs send from other threads.
WITHIN_SECONDS = 0.3


def assert_called(scope: Scope, matcher: Matcher, *, wait: float) -> Steps[Call]:
    """Give the first call that matches; fail when none comes in time."""
    gathered = yield from gather(scope, matcher, count=1, deadline=Deadline(wait))
    if not gathered.calls:
        yield from fail(scope, matcher, gathered.unmet(Expectation(minimum=1), waited=wait))
    scope.asserted.add(gathered.calls[0].cursor)
    return gathered.calls[0]


def assert_called_times(
    scope: Scope, matcher: Matcher, times: int, *, wait: float, quiet: float
) -> Steps[list[Call]]:
    """Give the calls that match; fail when there are fewer in time, or more.

    Args:
        scope: which calls are looked at.
        matcher: which are meant.
        times: how many there must be.
        wait: seconds in which they must come.
        quiet: seconds for which no more may come after the last; 0 looks once.
    """
    check_count(times, name="times", least=0)
    expected = Expectation(exactly=times)
    if times == 0:
        yield from assert_not_called(scope, matcher, within=quiet or min(wait, WITHIN_SECONDS))
        return []
    gathered = yield from gather(scope, matcher, count=times, deadline=Deadline(wait))
    if len(gathered.calls) < times:
        yield from fail(scope, matcher, gathered.unmet(expected, waited=wait))
    if len(gathered.calls) == times:
        yield from gather(scope, matcher, count=1, deadline=Deadline(quiet), after=gathered.cursor)
    # What counts is what is recorded now: some may have been cleared since it came.
    listed = yield from call_pages(scope, scalars_of(matcher.match))
    found = [call for call in listed if matcher.matches(call)]
    if len(found) != times:
        yield from fail(scope, matcher, Unmet(expected, waited=quiet, may_be_late=False))
    yield from refuse_if_evicted(
        scope, f"that there was {matcher.describe()} exactly {counted(times, 'time')}"
    )
    scope.asserted.update(call.cursor for call in found)
    return found


def assert_not_called(scope: Scope, matcher: Matcher, *, within: float) -> Steps[None]:
    """Fail when a call matches, now or within so many seconds.

    What Segment would drop was not called, unless the matcher says otherwise; a journal
    that had to forget calls of the source cannot say, and fails too.
    """
    deadline = Deadline(within)
    after = scope.after
    while True:
        gathered = yield from gather(scope, matcher, count=1, deadline=deadline, after=after)
        if gathered.calls:
            yield from fail(
                scope,
                matcher,
                Unmet(Expectation(exactly=0), waited=within, may_be_late=False),
            )
        if gathered.hopeless is None:
            break
        after = gathered.hopeless.cursor
    yield from refuse_if_evicted(scope, f"that there was no {matcher.describe()}")
