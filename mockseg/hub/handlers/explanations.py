"""Why calls were not there as often as expected: what the server finds in its journal.

The text is made by :mod:`mockseg.matching.explain`; here is what it is made of. A failed wait
carries it in its 406, and a client whose matcher says more than match keys can asks for the
calls that come nearest and judges them itself.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec
from msgspec.structs import replace

from mockseg.clock import breathe
from mockseg.domain.call import Call, KeptCall, call_cursor
from mockseg.domain.lost import NOTHING_LOST
from mockseg.errors import OperationError
from mockseg.hub.call_search import CallSearch
from mockseg.hub.destinations import Destinations
from mockseg.hub.sources import Sources
from mockseg.hub.waiters import Waiters
from mockseg.hub.waits import CallWaiter, check_count, compiled, wait_for_calls
from mockseg.journal.memory import MemoryJournal
from mockseg.json_types import JsonObject
from mockseg.matching.evidence import (
    MAX_NEAR,
    MAX_SHOWN,
    Evidence,
    Expectation,
    Selection,
)
from mockseg.matching.explain import explain, explain_delivery, explain_not_quiet
from mockseg.matching.explanation import CallElsewhere, LateCall
from mockseg.matching.match import Match, accepted_by_default
from mockseg.matching.matcher import matcher_of
from mockseg.matching.nearest import Ranking
from mockseg.matching.render import before_window
from mockseg.operations.calls import WaitCalls
from mockseg.operations.deliveries import WaitDeliveries
from mockseg.operations.explanations import ExplainCalls, Explained
from mockseg.operations.requests import RefusalCounter

# How many of the newest calls are looked at: for similar ones in the source, and in all others.
_MAX_SEEN = 2000
# Decoding and comparing this many calls takes some milliseconds; then the loop goes on.
_PORTION = 20
# Of how many calls the deliveries are told.
_MAX_DELIVERED = 100


async def explain_calls(
    asked: ExplainCalls, *, journal: MemoryJournal, sources: Sources, waiters: Waiters[CallWaiter]
) -> Explained:
    check_count(asked.count)
    survey = _Survey(asked, journal=journal, sources=sources, waiters=waiters)
    await survey.walk()
    explained = msgspec.convert(explain(await survey.evidence()).as_json(), Explained)
    if not asked.candidates:
        return explained
    return replace(explained, candidates=[call.view() for call in survey.candidates()])


async def explain_wait(
    asked: ExplainCalls,
    *,
    quiet: float,
    journal: MemoryJournal,
    sources: Sources,
    waiters: Waiters[CallWaiter],
) -> JsonObject:
    """Return what the 406 of a wait says of its reason.

    Args:
        asked: what was waited for.
        quiet: seconds of silence that did not come although the calls did, or 0.
        journal: to look into.
        sources: of the calls.
        waiters: for calls that are late.
    """
    survey = _Survey(asked, journal=journal, sources=sources, waiters=waiters)
    await survey.walk()
    evidence = await survey.evidence(last=bool(quiet))
    explanation = explain_not_quiet(evidence, quiet=quiet) if quiet else explain(evidence)
    explained = msgspec.convert(explanation.as_json(), Explained)
    shown: JsonObject = msgspec.to_builtins(explained)
    del shown["candidates"]
    return shown


async def explain_deliveries(
    asked: WaitDeliveries,
    *,
    destinations: Destinations,
    journal: MemoryJournal,
    sources: Sources,
    waiters: Waiters[CallWaiter],
) -> JsonObject:
    """Return what the 406 of a wait for deliveries says of its reason.

    Where no call is meant at all, the call itself is what is missing, and is explained.
    """
    missing = ExplainCalls(match=asked.match, waited=asked.timeout)
    survey = _Survey(missing, journal=journal, sources=sources, waiters=waiters)
    await survey.walk()
    calls = survey.found()
    if not calls:
        return await explain_wait(
            missing, quiet=0.0, journal=journal, sources=sources, waiters=waiters
        )
    key, ledger = asked.match.source, destinations.ledger
    explanation = explain_delivery(
        matcher_of(asked.match).describe(),
        calls=[call.view() for call in calls],
        deliveries=[kept.view() for call in calls for kept in ledger.of_call(call.cursor)],
        destinations=[] if key is None else [each.id for each in destinations.of(key)],
        to=asked.destination,
        state=asked.state,
        reason=asked.reason,
        times=asked.count if asked.count > 1 else None,
    )
    return explanation.as_json()


class _Survey:
    """One walk over the calls of a source, the oldest first.

    Raises:
        OperationError: 422, ``where`` cannot be read.
    """

    def __init__(
        self,
        asked: ExplainCalls,
        *,
        journal: MemoryJournal,
        sources: Sources,
        waiters: Waiters[CallWaiter],
    ) -> None:
        match = asked.match
        self._journal = journal
        self._sources = sources
        self._waiters = waiters
        self._asked = asked
        self._key = match.source
        minimum, maximum = asked.count.bounds
        self._expected = Expectation(minimum=minimum, maximum=maximum)
        self._meant = replace(match, source=None, verdict="any", good=None)
        self._means = compiled(self._meant)
        self._is_right = compiled(Match(verdict=accepted_by_default(match), good=match.good))
        self._found: list[KeptCall] = []
        self._unaccepted: list[KeptCall] = []
        self._rest: deque[KeptCall] = deque(maxlen=_MAX_SEEN)
        self._matcher = matcher_of(match)
        self._near = Ranking(self._matcher)
        self._recorded = 0
        self._by_event: dict[str, int] = {}
        self._end = 0

    async def walk(self) -> None:
        journal, key, after = self._journal, self._key, self._asked.after
        search = CallSearch(journal, source=key, match=self._meant)
        oldest = journal.calls_after(0, limit=1, source=key)
        if oldest and after < oldest[0].cursor and await search.is_narrow():
            # All calls are counted, few of them are meant, and of the others the newest are enough.
            self._end = journal.cursor
            self._recorded = journal.count(key)[0]
            self._by_event = journal.counts(key).by_name()
            async for calls in search.after(until=self._end + 1):
                self._take(calls)
            await self._take_others()
        else:
            async for portion in journal.scan(after=after, source=key):
                self._recorded += len(portion)
                for call in portion:
                    name = call.event or call.type
                    self._by_event[name] = self._by_event.get(name, 0) + 1
                    if self._means(call):
                        self._take([call])
                    else:
                        self._rest.append(call)
            self._end = journal.cursor
        for number, call in enumerate(tuple(self._rest)):
            self._near.look(call.view())
            if number % _PORTION == _PORTION - 1:
                await breathe()

    def _take(self, calls: Iterable[KeptCall]) -> None:
        for call in calls:
            (self._found if self._is_right(call) else self._unaccepted).append(call)

    async def _take_others(self) -> None:
        """Take the newest of the calls that are not meant."""
        portions = self._journal.scan_back(before=self._end + 1, source=self._key)
        async for portion in portions:
            others = [call for call in portion if not self._means(call)]
            self._rest.extendleft(others[: _MAX_SEEN - len(self._rest)])
            if len(self._rest) == _MAX_SEEN:
                return

    async def evidence(self, *, last: bool = False) -> Evidence:
        """Return what was found.

        Args:
            last: of the calls that are as expected show the last instead of the first.
        """
        late = self._just_too_late() + await self._later()
        found = self._found[-MAX_SHOWN:] if last else self._found
        dropped = [call for call in self._unaccepted if not _repeats(call)]
        duplicates = [call for call in self._unaccepted if _repeats(call)]
        selected = [_selection(calls) for calls in (found, dropped, duplicates)]
        near = self._near.best(MAX_NEAR)
        refused = await self._refused()
        lost = self._sources.lost(self._key)
        shown = [call for selection in selected for call in selection.calls]
        return Evidence(
            matcher=self._matcher,
            expected=self._expected,
            found=Selection(selected[0].calls, len(self._found)),
            dropped=selected[1],
            duplicates=selected[2],
            originals=self._originals(selected[2].calls),
            near=tuple(near),
            sampled=self._recorded > _MAX_SEEN,
            recorded=self._recorded,
            by_event=self._by_event,
            source=self._key or "",
            everywhere=self._key is None,
            elsewhere=tuple(await self._elsewhere()),
            late=tuple(late),
            before_window=before_window(
                [*shown, *(each.call for each in near)], self._asked.opened_at
            ),
            lost=lost if lost.inside(after=self._asked.after) else NOTHING_LOST,
            refused=refused.total,
            refusals=tuple(refused.kinds),
            waited=self._asked.waited,
        )

    def found(self) -> list[KeptCall]:
        """Return the newest calls that are as expected."""
        return self._found[-_MAX_DELIVERED:]

    def candidates(self) -> Iterable[KeptCall]:
        """Return the calls that come nearest: those that match, then the others."""
        most = self._asked.candidates
        ranked = [near.call.cursor for near in self._near.ranked()]
        rest = {call.cursor: call for call in self._rest}
        others = (call for call in reversed(self._rest) if call.cursor not in set(ranked))
        return islice(
            (
                *reversed(self._found),
                *reversed(self._unaccepted),
                *(rest[cursor] for cursor in ranked),
                *others,
            ),
            most,
        )

    def _just_too_late(self) -> list[LateCall]:
        """Take what came between the end of the wait and this walk for late.

        A client that judges more than the match says knows better what it has found in time.
        """
        late: list[KeptCall] = []
        if self._asked.late and not self._asked.candidates:
            while self._found and self._expected.met_by(len(self._found)):
                late.append(self._found.pop())
        return [LateCall(call.view(), 0.0) for call in late[: -MAX_SHOWN - 1 : -1]]

    async def _later(self) -> list[LateCall]:
        """Wait a moment longer for a call that did not come in time."""
        enough = len(self._found) >= self._expected.minimum
        if not self._asked.late or (enough and not self._asked.candidates):
            return []
        started = time.monotonic()
        asked = WaitCalls(
            match=self._asked.match, timeout=self._asked.late, after=self._end, explain=False
        )
        try:
            waited = await wait_for_calls(
                asked, journal=self._journal, sources=self._sources, waiters=self._waiters
            )
        except OperationError:
            return []
        after_seconds = time.monotonic() - started
        return [LateCall(call, after_seconds) for call in waited.calls]

    def _originals(self, duplicates: Sequence[Call]) -> dict[str, Call]:
        originals: dict[str, Call] = {}
        for each in duplicates:
            kept = self._journal.call(call_cursor(each.duplicate_of or "") or 0)
            inside = kept is not None and kept.cursor > self._asked.after
            if kept is not None and inside and kept.source == each.source:
                originals[each.duplicate_of or ""] = kept.view()
        return originals

    async def _elsewhere(self) -> list[CallElsewhere]:
        """Look for the call under other write keys: since this source was opened, or its window."""
        if self._key is None:
            return []
        own = self._sources.get(self._key)
        opened = 0 if own is None else own.opened_cursor
        found: deque[KeptCall] = deque(maxlen=MAX_SHOWN)
        after = max(self._asked.after, opened, self._end - _MAX_SEEN)
        async for portion in self._journal.scan(after=after):
            found.extend(
                call
                for call in portion
                if call.source != self._key
                and call.cursor <= self._end
                and (self._is_right(call) or _has_no_key(call))
                and self._means(call)
            )
        shown: list[CallElsewhere] = []
        for call in reversed(found):
            source = self._sources.get(call.source)
            claimed = source is not None and self._sources.is_claimed(source)
            name = "" if source is None else source.behaviour.name
            shown.append(CallElsewhere(call.view(), claimed, name))
        return shown

    async def _refused(self) -> RefusalCounter:
        refused = RefusalCounter()
        after, journal = self._asked.after_request, self._journal
        oldest = journal.requests_after(0, limit=1, source=self._key)
        if oldest and after < oldest[0].number:
            # All kept ones are counted.
            for kind, count in journal.counts(self._key).refusals.items():
                refused.add_kind(kind, count)
            return refused
        async for page in journal.scan_requests(after=after, source=self._key):
            for request in page:
                refused.add(request)
        return refused


def _selection(calls: Sequence[KeptCall]) -> Selection:
    return Selection(tuple(call.view() for call in calls[:MAX_SHOWN]), len(calls))


def _has_no_key(call: KeptCall) -> bool:
    return call.source == "" and {each.code for each in call.findings} == {"unknown_source"}


def _repeats(call: KeptCall) -> bool:
    return call.remark is not None and call.remark.duplicate_of != 0
