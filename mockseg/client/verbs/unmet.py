"""What is gathered, and raised, when an assertion fails."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NoReturn

import msgspec

from mockseg.client.operation_call import OperationCall, Steps
from mockseg.domain.lost import NOTHING_LOST, Lost
from mockseg.errors import UnmetExpectationError
from mockseg.matching.explanation import Explanation, LateCall
from mockseg.matching.render import lost_words
from mockseg.operations.base import OfSource
from mockseg.operations.calls import Count, Summary
from mockseg.operations.explanations import ExplainCalls, Explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.matching.evidence import Evidence, Expectation
    from mockseg.matching.matcher import Matcher


# How much longer a failed wait looks for the call, only to be able to say that it came.
_LATE_SECONDS = 0.2
# How many calls a client judges itself when its matcher says more than match keys can.
_CANDIDATES = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Unmet:
    """An expectation that was not met.

    Attributes:
        expected: how many calls were expected.
        waited: seconds.
        calls: those that were found in time.
        may_be_late: the time was up, and the call may still come.
    """

    expected: Expectation
    waited: float
    calls: Sequence[Call] = ()
    may_be_late: bool = True


def fail(scope: Scope, matcher: Matcher, unmet: Unmet) -> Steps[NoReturn]:
    """Ask why calls that a matcher means were not as expected, and raise it.

    Raises:
        UnmetExpectationError: always.
    """
    expected = unmet.expected
    explained: Explained = yield OperationCall(
        "explain_calls",
        ExplainCalls(
            match=msgspec.structs.replace(matcher.match, source=scope.write_key),
            count=Count(min=expected.minimum, max=expected.maximum),
            after=scope.after,
            after_request=scope.after_request,
            opened_at=scope.opened_at,
            waited=unmet.waited,
            late=_LATE_SECONDS if unmet.may_be_late else 0.0,
            candidates=_CANDIDATES if matcher.residual else 0,
        ),
    )
    # Only a failure pays for these.
    if not matcher.residual:
        raise_unmet(Explanation.from_json(msgspec.to_builtins(explained)))
    from mockseg.matching.explain import explain

    raise_unmet(explain(_judged(scope, matcher, unmet, explained)))


def _judged(scope: Scope, matcher: Matcher, unmet: Unmet, explained: Explained) -> Evidence:
    from mockseg.matching.evidence import evidence_of
    from mockseg.matching.render import before_window

    in_time = {call.cursor: call for call in unmet.calls}
    seen = {call.cursor: call for call in explained.candidates} | in_time
    late = list(explained.late)
    if unmet.may_be_late:
        # What came between the end of the wait and the question.
        for cursor in sorted(seen.keys() - in_time.keys(), reverse=True):
            if matcher.matches(seen[cursor]):
                late.insert(0, LateCall(seen.pop(cursor), 0.0))
    return evidence_of(
        matcher,
        [seen[cursor] for cursor in sorted(seen)],
        expected=unmet.expected,
        source=scope.write_key,
        waited=unmet.waited,
        recorded=explained.recorded,
        sampled=explained.recorded > len(seen),
        by_event=explained.by_event,
        late=tuple(each for each in late if matcher.matches(each.call)),
        elsewhere=tuple(each for each in explained.elsewhere if matcher.matches(each.call)),
        before_window=before_window(seen.values(), scope.opened_at),
        lost=explained.lost,
        refused=explained.refused_count,
        refusals=tuple(explained.refused),
    )


def raise_unmet(
    explanation: Explanation, *, scope: Scope | None = None, calls: Iterable[Call] = ()
) -> NoReturn:
    """Raise what was found out; the error carries it as ``explanation``, too.

    Args:
        explanation: what was found out.
        scope: of the verb; in a window, calls from before it are named.
        calls: that the explanation is about.

    Raises:
        UnmetExpectationError: always.
    """
    if scope is not None and scope.opened_at is not None:
        from mockseg.matching.render import before_window, before_window_note

        ids = before_window(calls, scope.opened_at)
        explanation = dataclasses.replace(
            explanation,
            notes=(*explanation.notes, *before_window_note(ids)),
            details={**explanation.details, "beforeWindow": list(ids[:20])},
        )
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
    counts: Summary = yield OperationCall("summary", OfSource(source=scope.write_key))
    raise_if_lost(
        counts.lost,
        claim,
        after=scope.after if after is None else after,
        after_request=scope.after_request if requests else None,
    )


def raise_if_lost(lost: Lost, claim: str, *, after: int, after_request: int | None = None) -> None:
    """Raise when a claim about all calls of a source can no longer be checked.

    Args:
        lost: what was evicted or forgotten of the source.
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
        from mockseg.matching.render import bounds_words

        advice = (
            f"Raise {bounds_words(lost)} ({bounds_words(lost, flags=True)}), or clear() earlier."
        )
    words = lost_words(lost, requests=after_request is not None, of="this source")
    raise UnmetExpectationError(f"cannot confirm {claim}: {words}.\n{advice}")


def lost_inside(scope: Scope) -> Steps[Lost]:
    """Return what was lost of the scope, nothing where all of it is kept."""
    counts: Summary = yield OperationCall("summary", OfSource(source=scope.write_key))
    return counts.lost if counts.lost.inside(after=scope.after) else NOTHING_LOST
