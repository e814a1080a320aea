"""What is gathered, and raised, when an assertion fails."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, NoReturn

import msgspec

from mockseg.client.ask import Ask
from mockseg.client.verbs_reading import PAGE, call_pages, scalars_of, summary
from mockseg.errors import OperationError, UnmetExpectationError
from mockseg.matching.evidence import Evidence, Late
from mockseg.matching.notes import lost_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import ListCalls, WaitCalls

if TYPE_CHECKING:
    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.domain.lost import Lost
    from mockseg.matching.evidence import Expectation
    from mockseg.matching.explanation import Explanation
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.calls import CallPage, Summary, WaitedCalls

__all__ = [
    "Unmet",
    "evicted_inside",
    "fail",
    "raise_if_lost",
    "raise_unmet",
    "refuse_if_evicted",
]

# How much longer a failed wait looks for the call, only to be able to say that it came.
_LATE_SECONDS = 0.2
# How many cursors back from the last call something similar is looked for: in the source
# when it has more calls than that, and in all others.
_MOST_SEEN = 2000


@dataclasses.dataclass(frozen=True, slots=True)
class Unmet:
    """An expectation that was not met.

    Attributes:
        expected: how many calls were expected.
        waited: seconds.
        may_be_late: the time was up, and the call may still come.
    """

    expected: Expectation
    waited: float
    may_be_late: bool = True


def fail(scope: Scope, matcher: Matcher, unmet: Unmet) -> Steps[NoReturn]:
    """Find out why calls that a matcher means were not as expected, and raise it.

    Raises:
        UnmetExpectationError: always.
    """
    counts: Summary = yield from summary(scope)
    start = scope.after
    if counts.total > _MOST_SEEN:
        start = max(start, counts.cursor - _MOST_SEEN)
    seen = yield from call_pages(scope, {}, after=start)
    seen = [call for call in seen if call.cursor <= counts.cursor]
    late: list[Late] = []
    if unmet.may_be_late:
        late = yield from _late(scope, matcher, after=counts.cursor)
        # What came between the end of the wait and the count is late too.
        while unmet.expected.met_by(sum(map(matcher.matches, seen))):
            last = max(index for index, call in enumerate(seen) if matcher.matches(call))
            late.insert(0, Late(seen.pop(last), 0.0))
    elsewhere = yield from _elsewhere(scope, matcher, cursor=counts.cursor)
    evidence = Evidence(
        matcher=matcher,
        seen=tuple(seen),
        expected=unmet.expected,
        source=scope.write_key,
        total=counts.total,
        by_event=counts.by_event,
        elsewhere=tuple(elsewhere),
        late=tuple(late),
        evicted=counts.evicted,
        refused=counts.refused,
        refusals=tuple(refusals.text for refusals in counts.refusals),
        waited=unmet.waited,
    )
    # Only a failure pays for these.
    from mockseg.matching.explain import explain_called, explain_not_called

    unwanted = unmet.expected.exactly == 0
    raise_unmet((explain_not_called if unwanted else explain_called)(evidence))


def raise_unmet(explanation: Explanation) -> NoReturn:
    """Raise what was found out; the error carries it as ``explanation``, too.

    Raises:
        UnmetExpectationError: always.
    """
    error = UnmetExpectationError(explanation.text())
    error.explanation = explanation
    raise error


def refuse_if_evicted(
    scope: Scope, claim: str, *, after: int | None = None, requests: bool = False
) -> Steps[None]:
    """Fail when calls were evicted, or the source forgotten: a claim can no longer be checked.

    Args:
        scope: which calls the claim is about.
        claim: the end of a sentence that begins with "cannot confirm".
        after: the cursor after which the claim begins; that of the scope by default.
        requests: whether the claim is about requests, too.

    Raises:
        UnmetExpectationError: something of the scope was lost.
    """
    counts: Summary = yield Ask("summary", OfSource(source=scope.write_key))
    raise_if_lost(
        counts.lost,
        claim,
        after=scope.after if after is None else after,
        after_request=scope.after_request if requests else None,
    )


def raise_if_lost(lost: Lost, claim: str, *, after: int, after_request: int | None = None) -> None:
    """Raise when a claim about all calls of a source can no longer be checked.

    Args:
        lost: what is no longer kept of the source.
        claim: the end of a sentence that begins with "cannot confirm".
        after: the cursor after which the claim begins.
        after_request: the number of the request after which it begins; None for a claim that
            is not about requests.

    Raises:
        UnmetExpectationError: with what was lost, and what to do.
    """
    if not lost.inside(after=after, after_request=after_request):
        return
    if lost.forgotten is not None:
        again = " and ".join(f"its {name}" for name in lost.forgotten.settings)
        advice = (
            "Use fewer write keys, or delete sources that are no longer needed. To go on here,"
            f" clear() the source{f', and set up {again} again' if again else ''}."
        )
    else:
        advice = (
            "Raise max_calls, max_requests and max_bytes (--max-calls, --max-requests,"
            " --max-bytes), or clear() earlier."
        )
    words = lost_words(lost, requests=after_request is not None, of="this source")
    raise UnmetExpectationError(f"cannot confirm {claim}: {words}.\n{advice}")


def evicted_inside(scope: Scope) -> Steps[int]:
    """Return how many calls of the scope may have been evicted."""
    counts: Summary = yield Ask("summary", OfSource(source=scope.write_key))
    return counts.evicted if counts.lost.cursor > scope.after else 0


def _late(scope: Scope, matcher: Matcher, *, after: int) -> Steps[list[Late]]:
    """Wait a moment longer for the call that did not come in time."""
    started = time.monotonic()
    match = msgspec.structs.replace(matcher.match, source=scope.write_key)
    try:
        waited: WaitedCalls = yield Ask(
            "wait_calls", WaitCalls(match=match, timeout=_LATE_SECONDS, after=after)
        )
    except OperationError:
        return []
    after_seconds = time.monotonic() - started
    return [Late(call, after_seconds) for call in waited.calls if matcher.matches(call)]


def _elsewhere(scope: Scope, matcher: Matcher, *, cursor: int) -> Steps[list[Call]]:
    """Look for the call in other sources, newest first: a wrong key is a frequent mistake."""
    found: list[Call] = []
    after: int | None = max(0, cursor - _MOST_SEEN)
    while after is not None:
        page: CallPage = yield Ask(
            "list_calls", ListCalls(after=after, limit=PAGE, **scalars_of(matcher.match))
        )
        found += page.calls
        after = page.next
    return [
        call for call in reversed(found) if call.source != scope.write_key and matcher.matches(call)
    ]
