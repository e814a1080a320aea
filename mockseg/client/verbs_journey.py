"""Assertions about a person's way through an app: one identity, and silence after opting out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.client.scope import Deadline
from mockseg.client.verbs_reading import call_pages, matchers_of
from mockseg.client.verbs_unmet import lost_inside, raise_unmet, refuse_if_evicted
from mockseg.client.verbs_waiting import gather, wait_for
from mockseg.domain.call import Call
from mockseg.matching.matchers import any_call
from mockseg.matching.values import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.matching.matcher import Matcher


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


def assert_identity_continuity(
    scope: Scope, *, anonymous_id: str | None, user_id: str | None, wait: float
) -> Steps[None]:
    """Fail when an anonymous visitor and the user whom they became are not linked."""
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
    scope: Scope, last: Matcher | Call, *, within: float, wait: float, allow: Iterable[Matcher]
) -> Steps[Call]:
    """Return the call that had to be the last; fail when another one follows it."""
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
            seen = yield from call_pages(scope, {}, after=last.cursor)
            late = [call for call in seen if not any(matcher.means(call) for matcher in allowed)]
    from mockseg.matching.explain_source import explain_calls_after

    raise_unmet(explain_calls_after(last, late), scope=scope, calls=late)
