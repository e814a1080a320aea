"""Verbs that read what is there now: calls, requests, counts."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from mockseg.client.operation_call import OperationCall, Steps
from mockseg.matching.differences import compare
from mockseg.matching.match import ScalarMatch
from mockseg.matching.matcher import Matcher
from mockseg.matching.render import count_names
from mockseg.matching.values import ABSENT, Expected, admit
from mockseg.operations.base import OfSource
from mockseg.operations.calls import ListCalls, Summary
from mockseg.operations.plans import CoverageView, MarkAsserted
from mockseg.operations.requests import ListRequests, RefusalCounter, RequestView
from mockseg.operations.sources import GetSource
from mockseg.suggestions import check_options, meant_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Unpack

    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call, Verdict
    from mockseg.json_types import JsonObject


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True

# The most that the control plane returns at once.
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
    scope: Scope, /, matcher: Matcher | str | None = None, **keys: Unpack[MatchKeys]
) -> Steps[list[Call]]:
    """Return the calls that match now, oldest first; all without an argument.

    Args:
        matcher: means accepted calls, unless it or a key names a verdict. A text is a query, such
            as ``is:bad type:track``, and means calls of any verdict.
        keys: match keys such as ``event=``, ``verdict=``, ``good=``, ``where=``,
            ``properties=``; alone they mean calls of any verdict.

    Raises:
        TypeError: the key is unknown.
        OperationError: 422, the value of a key or a filter is invalid.
    """
    query = matcher if isinstance(matcher, str) else None
    if isinstance(matcher, str):
        matcher = None
    elif matcher is not None:
        check_matcher(matcher)
    given: Mapping[str, Any] = keys
    check_options("calls", given, (*_SCALARS, *_OBJECTS))
    overrules = "verdict" in given or "good" in given
    scalars = {} if matcher is None else scalars_of(matcher.match)
    if overrules:
        scalars.pop("verdict", None)
        scalars.pop("good", None)
    own = {name: value for name, value in given.items() if name in _SCALARS}
    if any(scalars.get(name, value) != value for name, value in own.items()):
        # Matcher and keys contradict each other: nothing is both.
        return []
    scalars |= own if query is None else {**own, "q": query}
    found = yield from call_pages(scope, scalars)
    wanted = {name: admit(given[name], name) for name in _OBJECTS if name in given}
    return [
        call
        for call in found
        if _contains(call, wanted)
        and (matcher is None or (matcher.means(call) if overrules else matcher.matches(call)))
    ]


def requests(scope: Scope) -> Steps[list[RequestView]]:
    """Return the requests with their answers, oldest first; refused ones too."""
    return request_pages(scope, after=scope.after_request)


def summary(scope: Scope) -> Steps[Summary]:
    """Count calls and requests."""
    whole: Summary = yield OperationCall("summary", OfSource(source=scope.write_key))
    if not scope.window:
        return whole
    # A window counts only what came since it was opened.
    seen = yield from call_pages(scope)
    sent = yield from requests(scope)
    verdicts = Counter(call.verdict for call in seen)
    good = sum(call.good for call in seen)
    refused = RefusalCounter()
    for request in sent:
        refused.add(request)
    return Summary(
        total=len(seen),
        good=good,
        bad=len(seen) - good,
        accepted=verdicts["accepted"],
        dropped=verdicts["dropped"],
        blocked=verdicts["blocked"],
        rejected=verdicts["rejected"],
        evicted=whole.evicted if whole.lost.cursor > scope.after else 0,
        lost=whole.lost,
        requests=len(sent),
        refused=refused.total,
        refusals=refused.kinds,
        by_event=count_names(seen),
        cursor=whole.cursor,
        queue_full=whole.queue_full,
    )


def coverage(scope: Scope) -> Steps[CoverageView]:
    """Return what was seen of the source's plans, and asserted on through this object."""
    new = scope.asserted - scope.marked
    if new:
        yield OperationCall(
            "mark_asserted", MarkAsserted(write_key=scope.write_key, cursors=sorted(new))
        )
        scope.marked |= new
    view: CoverageView = yield OperationCall("get_coverage", GetSource(write_key=scope.write_key))
    return view


def pages(operation: str, first: msgspec.Struct, items: str) -> Steps[list[Any]]:
    """Return what an operation lists, page after page until none follows.

    Args:
        operation: its parameters have ``after``, its result ``next``.
        first: the parameters of the first page.
        items: the field of the result that has what is listed.
    """
    found: list[Any] = []
    params: msgspec.Struct = first
    while True:
        page: Any = yield OperationCall(operation, params)
        found += getattr(page, items)
        if page.next is None:
            return found
        params = msgspec.structs.replace(first, after=page.next)


def call_pages(
    scope: Scope, scalars: Mapping[str, Any] = MappingProxyType({}), *, after: int | None = None
) -> Steps[list[Call]]:
    """Return the calls of the source that match, after a cursor or that of the scope."""
    after = scope.after if after is None else after
    first = ListCalls(source=scope.write_key, after=after, limit=PAGE, total=False, **scalars)
    return pages("list_calls", first, "calls")


def request_pages(scope: Scope, *, after: int) -> Steps[list[RequestView]]:
    """Return the requests of the source after a number; refused ones too."""
    first = ListRequests(source=scope.write_key, after=after, limit=PAGE)
    return pages("list_requests", first, "requests")


def scalars_of(match: ScalarMatch) -> dict[str, Any]:
    """Return the keys of a match, its source apart, that a list can be asked with."""
    return {name: value for name in _SCALARS if (value := getattr(match, name)) is not None}


def check_matcher(matcher: object) -> None:
    """Refuse what is not a matcher, such as the bare name of an event.

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
