"""Verbs that wait: for calls, and for silence.

The server waits on the part of a matcher that JSON can say; what it finds the client
judges whole, and goes on from there until the time is up.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec

from mockseg.client.operation_call import OperationCall
from mockseg.client.scope import WAIT, Deadline
from mockseg.client.verbs.reading import check_matcher
from mockseg.client.verbs.unmet import Unmet, fail
from mockseg.domain.call import Call
from mockseg.errors import OperationError
from mockseg.matching.evidence import Expectation
from mockseg.operations.calls import Count, Settle, WaitCalls

if TYPE_CHECKING:
    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.matching.matcher import Matcher
    from mockseg.operations.calls import Settled, WaitedCalls


# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


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
        """Return what was not met after this many seconds."""
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


def settle(scope: Scope, *, quiet: float = 0.1, timeout: float = 5.0) -> Steps[int]:
    """Return when nothing is in flight and nothing came for `quiet` seconds.

    Returns the cursor of the last call recorded.

    Raises:
        OperationError: 406, it did not become quiet within `timeout` seconds.
    """
    settled: Settled = yield OperationCall(
        "settle", Settle(source=scope.write_key, quiet=quiet, timeout=timeout)
    )
    return settled.cursor


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
        wanted = 1 if matcher.has_residue else max(1, count - len(found))
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
