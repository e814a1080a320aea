"""Assertions about all that a source recorded: good, without duplicates, in order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mockseg.client.allowance import is_resend, was_refused
from mockseg.client.scope import WAIT, WITHIN_SECONDS, Deadline
from mockseg.client.verbs.reading import call_pages, check_matcher, matchers_of, requests
from mockseg.client.verbs.unmet import lost_inside, raise_unmet, refuse_if_evicted
from mockseg.client.verbs.waiting import gather, settle
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.matcher import Matcher
from mockseg.matching.matchers import any_call
from mockseg.matching.values import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.domain.lost import Lost
    from mockseg.matching.explanation import Explanation
    from mockseg.operations.requests import RequestView


def assert_in_order(
    scope: Scope, matchers: Iterable[Matcher], *, wait: float = WAIT
) -> Steps[list[Call]]:
    """Return one call for each matcher, each recorded after the one before.

    Other calls may lie in between.

    Raises:
        UnmetExpectationError: the calls did not come in this order within `wait` seconds.
    """
    wanted = [] if isinstance(matchers, Matcher | str) else list(matchers)
    if not wanted:
        raise TypeError(
            f"assert_in_order takes the matchers in order, such as [page(), track()]:"
            f" got {matchers!r}"
        )
    for matcher in wanted:
        check_matcher(matcher)
    deadline = Deadline(wait)
    chosen: list[Call] = []
    after = scope.after
    for matcher in wanted:
        gathered = yield from gather(scope, matcher, count=1, deadline=deadline, after=after)
        if not gathered.calls:
            yield from _fail_order(scope, wanted)
            # The last ones came just now: too late by less than the question took.
            return (yield from assert_in_order(scope, wanted, wait=0.0))
        if chosen and chosen[0].cursor <= gathered.cleared:
            # The source was cleared meanwhile: only what came since counts.
            return (yield from assert_in_order(scope, wanted, wait=deadline.left()))
        chosen.append(gathered.calls[0])
        after = chosen[-1].cursor
    scope.asserted.update(call.cursor for call in chosen)
    return chosen


def assert_all_good(scope: Scope, *, quiet: float = 0.0, timeout: float = 5.0) -> Steps[None]:
    """Fail when a call is not good or a request was refused.

    Requests in flight are waited for.

    Args:
        quiet: look only when nothing came for this many seconds.
        timeout: seconds in which that must be.

    Raises:
        UnmetExpectationError: with each of them and why; or calls were evicted.
    """
    yield from settled(scope, quiet=quiet, timeout=timeout)
    bad = yield from call_pages(scope, {"good": False})
    sent = yield from requests(scope)
    refused = [request for request in sent if was_refused(request)]
    if bad or refused:
        seen = yield from call_pages(scope)
        lost = yield from lost_inside(scope)
        raise_unmet(_explain_bad(seen, refused, lost=lost), scope=scope, calls=bad)
    yield from refuse_if_evicted(scope, "that all calls are good", requests=True)


def assert_no_duplicates(scope: Scope, *, quiet: float = 0.0, timeout: float = 5.0) -> Steps[None]:
    """Fail when a messageId was recorded twice.

    Requests in flight are waited for.

    Args:
        quiet: look only when nothing came for this many seconds.
        timeout: seconds in which that must be.

    Raises:
        UnmetExpectationError: with each of them; or calls were evicted.
    """
    yield from settled(scope, quiet=quiet, timeout=timeout)
    dropped = yield from call_pages(scope, {"verdict": "dropped"})
    if any(call.duplicate_of is not None for call in dropped):
        from mockseg.matching import explain_source

        # With the calls that they repeat.
        seen = yield from call_pages(scope)
        lost = yield from lost_inside(scope)
        if (explanation := explain_source.explain_duplicates(seen, lost=lost)) is not None:
            raise_unmet(explanation, scope=scope, calls=dropped)
    yield from refuse_if_evicted(scope, "that there are no duplicates")


def assert_no_other_calls(
    scope: Scope, *, within: float = WITHIN_SECONDS, allow: Iterable[Matcher] = ()
) -> Steps[None]:
    """Fail when a call was recorded that no assertion through this object has matched.

    ``assert_called``, ``wait_for`` and their relatives match all such calls that are
    recorded when they return; with ``times`` or ``at_most`` those that they count. Calls
    of every verdict matter; a client's resend of a call is the same call.

    Args:
        within: seconds for which none may come; 0 is now.
        allow: calls that may be there as well.

    Raises:
        UnmetExpectationError: with each of them; or calls were evicted.
    """
    allowed = matchers_of(allow, argument="allow")
    deadline = Deadline(within)
    after = scope.after
    seen: dict[str, Call] = {}
    while True:
        new = yield from call_pages(scope, after=after)
        seen |= {call.id: call for call in new}
        others = [call for call in new if _is_other(call, scope, allowed, seen)]
        if others:
            from mockseg.matching.explain_source import explain_others

            explanation = explain_others(others, asserted=len(scope.asserted & _cursors(seen)))
            raise_unmet(explanation, scope=scope, calls=others)
        after = new[-1].cursor if new else after
        gathered = yield from gather(
            scope, any_call(verdict=ANY), count=1, deadline=deadline, after=after
        )
        if not gathered.calls:
            break
    yield from refuse_if_evicted(scope, "that there were no other calls")


def _is_other(call: Call, scope: Scope, allowed: list[Matcher], seen: Mapping[str, Call]) -> bool:
    """Return whether nothing accounts for a call: no assertion, no permission, no first sending."""
    if call.cursor in scope.asserted or any(matcher.means(call) for matcher in allowed):
        return False
    first = seen.get(call.duplicate_of or "")
    # What a client sent again is the call that it was at first, which is judged itself.
    return first is None or not is_resend(first, call)


def _cursors(seen: Mapping[str, Call]) -> set[int]:
    return {call.cursor for call in seen.values()}


def _fail_order(scope: Scope, wanted: list[Matcher]) -> Steps[None]:
    from mockseg.matching import explain_source

    seen = yield from call_pages(scope)
    lost = yield from lost_inside(scope)
    if (explanation := explain_source.explain_order(wanted, seen, lost=lost)) is not None:
        raise_unmet(explanation, scope=scope, calls=seen)


def _explain_bad(seen: list[Call], refused: list[RequestView], *, lost: Lost) -> Explanation:
    """Explain bad calls, and requests that were refused before a call could be read."""
    from mockseg.matching.explain_source import explain_not_good
    from mockseg.matching.explanation import Explanation, Section, listed

    of_calls = explain_not_good(seen, lost=lost)
    if of_calls is not None and not refused:
        return of_calls
    lines = [_refused_line(request) for request in refused]
    section = Section("Refused without a call:", listed(lines, limit=8, noun="requests"))
    details = {"refused": [request.id for request in refused[:20]]}
    if of_calls is not None:
        return dataclasses.replace(
            of_calls,
            sections=(*of_calls.sections, section),
            details={**of_calls.details, **details},
        )
    requests_were = "1 request was" if len(refused) == 1 else f"{len(refused):,} requests were"
    return Explanation(
        kind="not_good",
        headline=f"expected all calls to be good; {requests_were} refused.",
        sections=(section,),
        notes=("source.requests() has them with headers and bodies.",),
        details=details,
    )


def _refused_line(request: RequestView) -> str:
    return f"{request.id}: {request.refusal_text}"


def settled(scope: Scope, *, quiet: float, timeout: float) -> Steps[None]:
    """Wait until nothing is in flight, and fail as an assertion does when that takes too long."""
    try:
        yield from settle(scope, quiet=quiet, timeout=timeout)
    except OperationError as refusal:
        if refusal.status != 406:
            raise
        raise UnmetExpectationError(refusal.message) from None
