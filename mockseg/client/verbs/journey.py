"""Assertions about a person's way through an app: one identity, and silence after opting out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.client.scope import WAIT, WITHIN_SECONDS, Deadline
from mockseg.client.verbs.reading import call_pages, matchers_of
from mockseg.client.verbs.unmet import lost_inside, raise_unmet, refuse_if_evicted
from mockseg.client.verbs.waiting import gather, wait_for
from mockseg.domain.call import Call
from mockseg.matching.matchers import any_call
from mockseg.matching.values import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.matching.matcher import Matcher


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


def assert_identity_continuity(
    scope: Scope,
    *,
    anonymous_id: str | None = None,
    user_id: str | None = None,
    wait: float = WAIT,
) -> Steps[None]:
    """Fail when a user was an anonymous visitor before, and nothing links the two.

    A link is an identify call with both ids, or an alias call from one to the other.
    Every user who appears after anonymous calls must have one to one of their
    anonymousIds, and no anonymousId may be linked to two users. A source without any
    user fails, too.

    Args:
        anonymous_id: this visitor must have been linked ...
        user_id: ... to this user; to any, or from any, when only one is given.
        wait: seconds in which the link must come.

    Raises:
        UnmetExpectationError: with each place where it broke.
    """
    from mockseg.matching.explain_source import explain_identity

    deadline = Deadline(wait)
    while True:
        seen = yield from call_pages(scope, {"verdict": "accepted"})
        lost = yield from lost_inside(scope)
        explanation = explain_identity(seen, anonymous_id=anonymous_id, user_id=user_id, lost=lost)
        if explanation is None:
            yield from refuse_if_evicted(scope, "that the identity continues")
            return
        # The link is mostly the last call of a sign-up, and may still be under way.
        after = seen[-1].cursor if seen else scope.after
        gathered = yield from gather(scope, any_call(), count=1, deadline=deadline, after=after)
        if not gathered.calls and (gathered.hopeless is None or not deadline.left()):
            raise_unmet(explanation, scope=scope, calls=seen)


def assert_no_calls_after(
    scope: Scope,
    last: Matcher | Call,
    *,
    within: float = WITHIN_SECONDS,
    wait: float = WAIT,
    allow: Iterable[Matcher] = (),
) -> Steps[Call]:
    """Fail when a call of any verdict follows the one that means the end, such as an opt-out.

    Args:
        last: the call, or which it is; then the first that matches is meant.
        within: seconds for which nothing may follow; 0 is now.
        wait: seconds in which `last` must come.
        allow: calls that may follow.

    Raises:
        UnmetExpectationError: with what followed; or `last` itself did not come.
    """
    allowed = matchers_of(allow, argument="allow")
    if not isinstance(last, Call):
        last = yield from wait_for(scope, last, timeout=wait)
    deadline = Deadline(within)
    after = last.cursor
    late: list[Call] = []
    while not late:
        gathered = yield from gather(
            scope, any_call(verdict=ANY), count=1, deadline=deadline, after=after
        )
        if not gathered.calls:
            yield from refuse_if_evicted(scope, "that nothing followed", after=last.cursor)
            return last
        after = gathered.cursor
        if any(not any(matcher.means(call) for matcher in allowed) for call in gathered.calls):
            # With all that is there by now; what was cleared meanwhile is not.
            seen = yield from call_pages(scope, after=last.cursor)
            late = [call for call in seen if not any(matcher.means(call) for matcher in allowed)]
    from mockseg.matching.explain_source import explain_calls_after

    raise_unmet(explain_calls_after(last, late), scope=scope, calls=late)
