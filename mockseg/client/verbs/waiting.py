"""Verbs that wait for calls, or for silence, and that assert how many calls there are.

The server waits on the part of a matcher that JSON can say; what it finds the client
judges whole, and goes on from there until the time is up.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec

from mockseg.client.operation_call import OperationCall, Steps, ask
from mockseg.client.scope import WAIT, WITHIN_SECONDS, Deadline, Scope
from mockseg.client.verbs.reading import call_pages, check_matcher, scalars_of
from mockseg.client.verbs.unmet import Unmet, fail, refuse_if_evicted
from mockseg.domain.call import Call
from mockseg.errors import OperationError
from mockseg.matching.evidence import Expectation
from mockseg.operations.calls import Count, Settle, WaitCalls, WaitedCalls

if TYPE_CHECKING:
    from mockseg.matching.matcher import Matcher


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


def assert_called(
    scope: Scope,
    matcher: Matcher,
    *,
    times: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    wait: float = WAIT,
    quiet: float = 0.0,
) -> Steps[Call | list[Call]]:
    """Return the first call that matches; with a count, all that do.

    Args:
        matcher: which calls are meant.
        times: exactly this many.
        at_least: this many or more (default 1); 0 allows none, up to `at_most`.
        at_most: this many or fewer; with `at_least` it makes a range.
        wait: seconds in which they must come; 0 is now.
        quiet: seconds for which no more may come after the last, with `times` or
            `at_most`; 0 looks once.

    Raises:
        UnmetExpectationError: too few, or too many; says what was found instead.
    """
    if times is not None or at_least is not None or at_most is not None:
        expected = expectation(times=times, at_least=at_least, at_most=at_most)
        return (yield from assert_called_times(scope, matcher, expected, wait=wait, quiet=quiet))
    gathered = yield from gather(scope, matcher, count=1, deadline=Deadline(wait))
    if not gathered.calls:
        yield from fail(scope, matcher, gathered.unmet(Expectation(), waited=wait))
    scope.asserted.update(call.cursor for call in gathered.calls)
    return gathered.calls[0]


def assert_called_times(
    scope: Scope, matcher: Matcher, expected: Expectation, *, wait: float, quiet: float
) -> Steps[list[Call]]:
    """Return the calls that match; fail when there are fewer in time, or more.

    Args:
        scope: which calls are looked at.
        matcher: which are meant.
        expected: how many there must be.
        wait: seconds in which they must come.
        quiet: seconds for which no more may come after the last; 0 looks once.
    """
    minimum, maximum = expected.minimum, expected.maximum
    if maximum == 0:
        yield from assert_not_called(scope, matcher, within=quiet or min(wait, WITHIN_SECONDS))
        return []
    gathered = Gathered([], scope.after)
    if minimum:
        gathered = yield from gather(scope, matcher, count=minimum, deadline=Deadline(wait))
        if len(gathered.calls) < minimum:
            yield from fail(scope, matcher, gathered.unmet(expected, waited=wait))
    if maximum is None:
        scope.asserted.update(call.cursor for call in gathered.calls)
        return gathered.calls
    if len(gathered.calls) <= maximum:
        # Where none has to come there is nothing else that tells when to look.
        patience = Deadline(quiet if minimum else quiet or min(wait, WITHIN_SECONDS))
        more = maximum + 1 - len(gathered.calls)
        yield from gather(scope, matcher, count=more, deadline=patience, after=gathered.cursor)
    # What counts is what is recorded now: some may have been cleared since it came.
    listed = yield from call_pages(scope, scalars_of(matcher.match))
    found = [call for call in listed if matcher.matches(call)]
    if not expected.met_by(len(found)):
        unmet = Unmet(expected, waited=quiet, calls=found, may_be_late=False)
        yield from fail(scope, matcher, unmet)
    yield from refuse_if_evicted(
        scope, f"that there was {matcher.describe()} {expected.text} {_times(maximum)}"
    )
    scope.asserted.update(call.cursor for call in found)
    return found


def expectation(*, times: int | None, at_least: int | None, at_most: int | None) -> Expectation:
    """Return how many calls the arguments of ``assert_called`` expect.

    Raises:
        TypeError: `times` is given with one of the others.
        ValueError: a value is not a count, or `at_least` is above `at_most`.
    """
    if times is not None:
        if at_least is not None or at_most is not None:
            raise TypeError(
                "assert_called() takes times, or at_least and at_most: times is given with"
                f" {'at_least' if at_least is not None else 'at_most'}"
            )
        check_count(times, name="times", least=0)
        return Expectation.exactly(times)
    minimum = 1 if at_least is None else at_least
    check_count(minimum, name="at_least", least=0)
    if at_most is not None:
        check_count(at_most, name="at_most", least=0)
        if minimum > at_most:
            hint = "" if at_least is not None else "; with at_least=0 none is allowed, too"
            raise ValueError(
                f"at_least is {minimum} and at_most is {at_most}: at_least must not be above"
                f" at_most{hint}"
            )
    elif minimum == 0:
        raise ValueError("at_least is 0, which is always true: give at_most, too, or 1 or more")
    return Expectation(minimum=minimum, maximum=at_most)


def _times(count: int) -> str:
    return "time" if count == 1 else "times"


def assert_not_called(
    scope: Scope, matcher: Matcher, *, within: float = WITHIN_SECONDS
) -> Steps[None]:
    """Fail when a call matches, now or within this many seconds; 0 is now.

    Raises:
        UnmetExpectationError: one does, or it cannot be known because calls were evicted.
    """
    deadline = Deadline(within)
    after = scope.after
    while True:
        gathered = yield from gather(scope, matcher, count=1, deadline=deadline, after=after)
        if gathered.calls:
            yield from fail(
                scope,
                matcher,
                Unmet(
                    Expectation.exactly(0),
                    waited=within,
                    calls=gathered.calls,
                    may_be_late=False,
                ),
            )
        if gathered.hopeless is None:
            break
        after = gathered.hopeless.cursor
    yield from refuse_if_evicted(scope, f"that there was no {matcher.describe()}")


@dataclasses.dataclass(frozen=True, slots=True)
class Gathered:
    """The result of a wait.

    Attributes:
        calls: that match, oldest first; perhaps more than were asked for.
        cursor: go on from here to see later ones.
        hopeless: the call that would have matched had Segment let it through, or None; it
            ended the wait early.
        cleared: the cursor up to which the source was cleared by then, 0 for none.
    """

    calls: list[Call]
    cursor: int
    hopeless: Call | None = None
    cleared: int = 0

    def unmet(self, expected: Expectation, *, waited: float) -> Unmet:
        if self.hopeless is not None:
            return Unmet(expected, waited=0.0, calls=self.calls, may_be_late=False)
        return Unmet(expected, waited=waited, calls=self.calls)


def wait_for(scope: Scope, matcher: Matcher, *, timeout: float = WAIT) -> Steps[Call]:
    """Return the first call that matches, as soon as it is there.

    Raises:
        UnmetExpectationError: none came within `timeout` seconds, or it came and
            Segment would not let it through.
    """
    found = yield from wait_for_all(scope, matcher, 1, timeout=timeout)
    return found[0]


def wait_for_all(
    scope: Scope, matcher: Matcher, count: int, *, timeout: float = WAIT
) -> Steps[list[Call]]:
    """Return the calls that match, oldest first, as soon as there are `count` or more.

    Raises:
        UnmetExpectationError: fewer came within `timeout` seconds.
    """
    check_count(count, name="count")
    gathered = yield from gather(scope, matcher, count=count, deadline=Deadline(timeout))
    if len(gathered.calls) < count:
        yield from fail(scope, matcher, gathered.unmet(Expectation(minimum=count), waited=timeout))
    scope.asserted.update(call.cursor for call in gathered.calls)
    return gathered.calls


def settle(
    scope: Scope, *, quiet: float = 0.1, timeout: float = 5.0, deliveries: bool = True
) -> Steps[int]:
    """Return when nothing is in flight and nothing came for `quiet` seconds.

    Returns the cursor of the last call recorded.

    Args:
        quiet: seconds in which nothing came.
        timeout: seconds in which that must be.
        deliveries: whether those to destinations have to end, too, retries included.

    Raises:
        OperationError: 406, it did not become quiet within `timeout` seconds.
    """
    asked = Settle(source=scope.write_key, quiet=quiet, timeout=timeout, deliveries=deliveries)
    return ask("settle", asked, field="cursor")


def let_settle(write_key: str, deadline: Deadline) -> Steps[None]:
    """Return when nothing of a source is in flight, or the time is up."""
    try:
        yield OperationCall("settle", Settle(source=write_key, quiet=0.0, timeout=deadline.left()))
    except OperationError as refusal:
        if refusal.status != 406:
            raise


def gather(
    scope: Scope,
    matcher: Matcher,
    *,
    count: int,
    deadline: Deadline,
    after: int | None = None,
) -> Steps[Gathered]:
    """Collect matching calls until there are enough, or the time is up, or it is hopeless.

    Args:
        scope: which calls are looked at.
        matcher: which are meant.
        count: how many are enough.
        deadline: when to stop.
        after: from which cursor; from the scope's own by default.
    """
    check_matcher(matcher)
    cursor = scope.after if after is None else after
    found: list[Call] = []
    match = msgspec.structs.replace(matcher.match, source=scope.write_key)
    while True:
        # Where the client has the last word, one is enough to ask it.
        wanted = 1 if matcher.residual else max(1, count - len(found))
        try:
            waited: WaitedCalls = yield OperationCall(
                "wait_calls",
                WaitCalls(
                    match=match,
                    count=Count(min=wanted),
                    timeout=deadline.left(),
                    after=cursor,
                    explain=False,
                ),
            )
        except OperationError as refusal:
            call = _hopeless(refusal)
            if call is None:
                return Gathered(found, cursor)
            if matcher.means(call):
                return Gathered(found, cursor, hopeless=call)
            # It was not the one that is meant: nothing matched before it, go on behind it.
            cursor = call.cursor
            continue
        # What an earlier wait brought may have been cleared since.
        found = [call for call in found if call.cursor > waited.cleared]
        found += [call for call in waited.calls if matcher.matches(call)]
        cursor = waited.next
        if len(found) >= count:
            return Gathered(found, cursor, cleared=waited.cleared)


def check_count(count: int, *, name: str, least: int = 1) -> None:
    """Refuse what is not a count.

    Raises:
        ValueError: with what is allowed.
    """
    if type(count) is not int or count < least:
        raise ValueError(f"{name} is {count!r}: it must be a whole number of {least} or more")


def _hopeless(refusal: OperationError) -> Call | None:
    """Return the call that ended a wait, None when its time was up.

    Raises:
        OperationError: the refusal itself, when it is another.
    """
    if refusal.status != 406:
        raise refusal
    if refusal.code != "dropped":
        return None
    return msgspec.convert(refusal.details.get("call"), Call)
