"""Assertions about all that a source recorded: good, in order, one identity, a golden file."""

from __future__ import annotations

import dataclasses
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.client.allowance import is_resend, was_refused
from mockseg.client.operation_call import FileWork, Steps
from mockseg.client.scope import WAIT, WITHIN_SECONDS, Deadline, Scope
from mockseg.client.verbs.reading import call_pages, check_matcher, matchers_of, requests
from mockseg.client.verbs.unmet import lost_inside, raise_unmet, refuse_if_evicted
from mockseg.client.verbs.waiting import gather, settle, wait_for
from mockseg.domain.call import Call
from mockseg.errors import ConfigError, OperationError, UnmetExpectationError, UnreadableFileError
from mockseg.files import read_json
from mockseg.matching.matcher import Matcher
from mockseg.matching.matchers import any_call
from mockseg.matching.values import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockseg.domain.lost import Lost
    from mockseg.json_types import Json, JsonObject
    from mockseg.matching.explanation import Explanation
    from mockseg.operations.requests import RequestView

# What is another one in every run: the noise list of Segment's library-e2e-tester
# (facts/segment-api.md §1.9); so are empty objects.
VOLATILE = (
    *("messageId", "timestamp", "receivedAt", "sentAt", "originalTimestamp", "channel"),
    *("version", "projectId", "writeKey", "_metadata", "context.library"),
)
# An app that sends more than the golden file has does so at once, or within this time.
_MORE_SECONDS = 0.1


def assert_matches_golden(
    scope: Scope,
    path: str | Path,
    *,
    ignore: Iterable[str] = (),
    update: bool = False,
    wait: float = WAIT,
) -> Steps[None]:
    """Fail when the calls are not those of a golden file, in their order.

    Not looked at are empty objects and what is new in every run
    (:data:`~mockseg.client.verbs.judging.VOLATILE`).

    Args:
        path: the file, a JSON array of messages.
        ignore: more fields not to look at, dotted.
        update: write the file instead.
        wait: seconds in which the calls must come.

    Raises:
        UnmetExpectationError: they differ, or the file does not exist.
        ConfigError: the file is not a golden file, or cannot be written.
    """
    ignored, file = _paths(ignore), Path(path)
    if update:
        yield from settled(scope, quiet=max(_MORE_SECONDS, min(wait, 0.3)), timeout=wait + 5)
        seen = yield from call_pages(scope)
        yield from refuse_if_evicted(scope, "that the golden file would hold all calls")
        stable = [_stable(call, ignored) for call in seen]
        yield FileWork(partial(_write, file, stable))
        return
    golden: list[JsonObject] | None = yield FileWork(partial(_read, file))
    if golden is None:
        raise UnmetExpectationError(
            f"the golden file {file} does not exist; write it from what is recorded now with"
            " update=True (pytest --mockseg-update-goldens), and look at it"
        )
    count = max(1, len(golden))
    yield from gather(scope, any_call(verdict=ANY), count=count, deadline=Deadline(wait))
    yield from settled(scope, quiet=_MORE_SECONDS, timeout=wait + 5)
    seen = yield from call_pages(scope)
    lost = yield from lost_inside(scope)
    from mockseg.matching.explain_source import explain_golden

    # The file may have been written with another list.
    wanted = [_without(message, ignored) for message in golden]
    got = [_stable(call, ignored) for call in seen]
    explanation = explain_golden(wanted, got, seen, path=file.name, lost=lost)
    if explanation is not None:
        raise_unmet(explanation, scope=scope, calls=seen)
    yield from refuse_if_evicted(scope, "that the calls are those of the golden file")


def _paths(ignore: Iterable[str]) -> tuple[list[str], ...]:
    if isinstance(ignore, str):
        raise TypeError(f"ignore is a list of fields such as [{ignore!r}]: got {ignore!r}")
    return tuple(each.split(".") for each in (*VOLATILE, *ignore))


def _stable(call: Call, ignored: tuple[list[str], ...]) -> JsonObject:
    message: Any = call.message or {"raw": call.raw}
    stable = _without(message, ignored)
    return stable if call.verdict == "accepted" else {**stable, "(verdict)": call.verdict}


def _without(message: JsonObject, ignored: tuple[list[str], ...]) -> JsonObject:
    stripped = json_types.decode(json_types.encode(message))
    for path in ignored:
        _remove(stripped, path)
    return _without_empty(stripped) or {}


def _remove(value: Json, path: list[str]) -> None:
    if isinstance(value, list):
        for member in value:
            _remove(member, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.pop(path[0], None)
        elif path[0] in value:
            _remove(value[path[0]], path[1:])


def _without_empty(value: Json) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(member) for key, member in value.items()}
        return {key: member for key, member in kept.items() if member != {}}
    if isinstance(value, list):
        return [_without_empty(member) for member in value]
    return value


def _read(path: Path) -> list[JsonObject] | None:
    """Return a golden file, None when it does not exist.

    Raises:
        ConfigError: it is not a golden file.
    """
    try:
        golden = read_json(path)
    except UnreadableFileError as error:
        if error.missing:
            return None
        raise ConfigError(f"the golden file {path} cannot be read: {error.reason}") from None
    if not isinstance(golden, list) or not all(isinstance(each, dict) for each in golden):
        raise ConfigError(f"the golden file {path} is not a JSON array of messages")
    return golden


def _write(path: Path, golden: list[JsonObject]) -> None:
    """Write a golden file, whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs at once leave one file or the other, never half of each.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json_types.pretty(golden) + "\n")
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise ConfigError(f"the golden file {path} cannot be written: {error.strerror}") from None


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

            matched = sum(call.cursor in scope.asserted for call in seen.values())
            explanation = explain_others(others, asserted=matched)
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


def _fail_order(scope: Scope, wanted: list[Matcher]) -> Steps[None]:
    from mockseg.matching import explain_source

    seen = yield from call_pages(scope)
    lost = yield from lost_inside(scope)
    if (explanation := explain_source.explain_order(wanted, seen, lost=lost)) is not None:
        raise_unmet(explanation, scope=scope, calls=seen)


def _explain_bad(seen: list[Call], refused: list[RequestView], *, lost: Lost) -> Explanation:
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
    """Wait until no call is in flight, and fail as an assertion does when that takes too long.

    What destinations do with calls changes nothing about them.
    """
    try:
        yield from settle(scope, quiet=quiet, timeout=timeout, deliveries=False)
    except OperationError as refusal:
        if refusal.status != 406:
            raise
        raise UnmetExpectationError(refusal.message) from None
