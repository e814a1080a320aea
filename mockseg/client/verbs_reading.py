"""Verbs that read what is there now: calls, requests, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from mockseg.client.ask import Ask
from mockseg.matching.admission import admit
from mockseg.matching.differences import compare
from mockseg.matching.match import ScalarMatch
from mockseg.matching.matcher import Matcher
from mockseg.matching.values import ABSENT
from mockseg.operations.base import OfSource
from mockseg.operations.calls import ListCalls, Summary
from mockseg.operations.refusals import RefusalCounter
from mockseg.operations.requests import ListRequests
from mockseg.suggestions import meant_code, unknown_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call, Verdict
    from mockseg.json_types import JsonObject
    from mockseg.matching.values import Expected
    from mockseg.operations.calls import CallPage
    from mockseg.operations.requests import RequestPage, RequestView


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

# The most that the control plane gives at once.
PAGE = 1000
_SCALARS = tuple(name for name in ScalarMatch.__struct_fields__ if name != "source")
_OBJECTS = ("properties", "traits", "context", "integrations")


class MatchKeys(TypedDict, total=False):
    """The match keys, as arguments. Every one that is given must hold.

    Attributes:
        type: identify, track, page, screen, group or alias.
        event: the name of a track call.
        user_id, anonymous_id, message_id, group_id: exact.
        verdict: accepted, dropped, blocked or rejected.
        good: accepted without findings, or not.
        where: a filter in FQL.
        properties, traits, context, integrations: objects that the call's must contain.
    """

    type: str
    event: str
    user_id: str
    anonymous_id: str
    message_id: str
    group_id: str
    verdict: Verdict
    good: bool
    where: str
    properties: JsonObject
    traits: JsonObject
    context: JsonObject
    integrations: JsonObject


def calls(
    scope: Scope, matcher: Matcher | None = None, keys: MatchKeys | None = None
) -> Steps[list[Call]]:
    """Return the calls that match, oldest first; all of the source without either.

    A matcher means accepted calls unless it, or a key beside it, names a verdict; keys
    alone mean calls of any verdict.

    Raises:
        TypeError: the key is unknown.
        OperationError: 422, the value of a key or a filter is invalid.
    """
    if matcher is not None:
        check_matcher(matcher)
    given: Mapping[str, Any] = keys or {}
    check_keys(given, verb="calls")
    overrules = "verdict" in given or "good" in given
    scalars = {} if matcher is None else scalars_of(matcher.match)
    if overrules:
        scalars.pop("verdict", None)
        scalars.pop("good", None)
    own = {name: value for name, value in given.items() if name in _SCALARS}
    if any(scalars.get(name, value) != value for name, value in own.items()):
        # Matcher and keys contradict each other: nothing is both.
        return []
    scalars |= own
    found = yield from call_pages(scope, scalars)
    wanted = {name: admit(given[name], name) for name in _OBJECTS if name in given}
    return [
        call
        for call in found
        if _contains(call, wanted)
        and (matcher is None or (matcher.means(call) if overrules else matcher.matches(call)))
    ]


def call_pages(
    scope: Scope, scalars: Mapping[str, Any], *, after: int | None = None
) -> Steps[list[Call]]:
    """Return the calls of the source that match, page after page until none follows."""
    found: list[Call] = []
    cursor: int | None = scope.after if after is None else after
    while cursor is not None:
        page: CallPage = yield Ask(
            "list_calls",
            ListCalls(source=scope.write_key, after=cursor, limit=PAGE, **scalars),
        )
        found += page.calls
        cursor = page.next
    return found


def scalars_of(match: ScalarMatch) -> dict[str, Any]:
    """Return the keys of a match, its source apart, that a list can be asked with."""
    return {name: value for name in _SCALARS if (value := getattr(match, name)) is not None}


def requests(scope: Scope, *, after: int | None = None) -> Steps[list[RequestView]]:
    """Return the requests after a number, oldest first; those that were refused too."""
    found: list[RequestView] = []
    number: int | None = scope.after_request if after is None else after
    while number is not None:
        page: RequestPage = yield Ask(
            "list_requests",
            ListRequests(source=scope.write_key, after=number, limit=PAGE),
        )
        found += page.requests
        number = page.next
    return found


def summary(scope: Scope) -> Steps[Summary]:
    """Count what the source has; a window counts only what came since it was opened."""
    whole: Summary = yield Ask("summary", OfSource(source=scope.write_key))
    if not scope.window:
        return whole
    seen = yield from calls(scope)
    sent = yield from requests(scope)
    by_event: dict[str, int] = {}
    for call in seen:
        name = call.event or call.type
        by_event[name] = by_event.get(name, 0) + 1
    good = sum(call.good for call in seen)
    refused = RefusalCounter()
    for request in sent:
        refused.add(request)
    return Summary(
        total=len(seen),
        good=good,
        bad=len(seen) - good,
        accepted=_count(seen, "accepted"),
        dropped=_count(seen, "dropped"),
        blocked=_count(seen, "blocked"),
        rejected=_count(seen, "rejected"),
        evicted=whole.evicted if whole.lost.cursor > scope.after else 0,
        lost=whole.lost,
        requests=len(sent),
        refused=refused.total,
        refusals=refused.kinds,
        by_event=by_event,
        cursor=whole.cursor,
    )


def check_keys(given: Mapping[str, Any], *, verb: str) -> None:
    """Refuse a name that is not a match key.

    Raises:
        TypeError: with the nearest name and those that are allowed.
    """
    allowed = (*_SCALARS, *_OBJECTS)
    for name in given:
        if name not in allowed:
            raise unknown_option(verb, name, allowed)


def check_matcher(matcher: object) -> None:
    """Refuse what is not a matcher; the bare name of an event is the usual mistake.

    Raises:
        TypeError: with what to write instead.
    """
    if not isinstance(matcher, Matcher):
        hint = (
            meant_code(f"track({matcher!r})")
            if isinstance(matcher, str)
            else 'such as track("Signed Up")'
        )
        raise TypeError(f"expected a matcher, got {matcher!r}; {hint}")


def matchers_of(given: Iterable[Matcher], *, argument: str) -> list[Matcher]:
    """Return the matchers of a list.

    Args:
        given: what was given.
        argument: its name, for errors.

    Raises:
        TypeError: it is a single matcher or a text, or one of its items is not a matcher.
    """
    if isinstance(given, Matcher | str):
        raise TypeError(
            f"{argument} takes a list of matchers, such as [page(), track()]; got {given!r}"
        )
    found = list(given)
    for matcher in found:
        check_matcher(matcher)
    return found


def _contains(call: Call, wanted: Mapping[str, Expected]) -> bool:
    return not any(
        next(compare(expected, call.message.get(name, ABSENT), name), None)
        for name, expected in wanted.items()
    )


def _count(seen: list[Call], verdict: Verdict) -> int:
    return sum(call.verdict == verdict for call in seen)
