"""Operations on faults: add, list, clear; and the fate of each message."""

from __future__ import annotations

from collections.abc import Iterator

from mockseg.clock import NANOSECONDS
from mockseg.domain.call import KeptCall, call_id
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.lost import NOTHING_LOST
from mockseg.domain.reading import read_batch, read_message
from mockseg.domain.request import KeptRequest
from mockseg.domain.timestamps import format_moment
from mockseg.errors import OperationError
from mockseg.faults.rule import Rule, RuleState
from mockseg.faults.scenarios import SCENARIOS
from mockseg.faults.truth import FATES, Attempt, AttemptEnd, Fate, fate_of, summary_of
from mockseg.hub.call_search import CallSearch
from mockseg.hub.fault_preview import hits_of
from mockseg.hub.fault_registry import Fault, FaultRegistry
from mockseg.hub.sources import Sources
from mockseg.journal.memory import MemoryJournal
from mockseg.matching.match import ScalarMatch
from mockseg.operations.base import OfSource
from mockseg.operations.faults import (
    AddFault,
    AskTruth,
    AttemptView,
    ClearFaults,
    FaultList,
    FaultPreview,
    FaultsCleared,
    FaultView,
    MessageTruth,
    Released,
    ReleaseHeld,
    RuleView,
    Truth,
)
from mockseg.suggestions import quoted, unknown

# Maximum number of requests that a preview names.
_MOST_HITS = 20


async def add_fault(asked: AddFault, *, faults: FaultRegistry) -> FaultView:
    return _view(faults.add(asked))


async def preview_fault(
    asked: AddFault, *, faults: FaultRegistry, sources: Sources, journal: MemoryJournal
) -> FaultPreview:
    fault = faults.make(asked)
    looked_at, hits = await hits_of(fault, journal)
    return FaultPreview(
        sentence=_sentence(fault, sources),
        rules=_view(fault).rules,
        looked_at=looked_at,
        fired=len(hits),
        requests=hits[: -_MOST_HITS - 1 : -1],
    )


def _sentence(fault: Fault, sources: Sources) -> str:
    if fault.source is None:
        whose = "each source"
    elif fault.source:
        source = sources.get(fault.source)
        whose = f"source {quoted((source and source.behaviour.name) or fault.source)}"
    else:
        whose = "requests without a write key"
    return f"Of {whose}: {'; then '.join(rule.sentence for rule in fault.rules)}"


async def list_faults(asked: OfSource, *, faults: FaultRegistry) -> FaultList:
    """Return the faults of a source, those of every source among them; or all."""
    return FaultList(
        faults=[
            _view(fault)
            for fault in faults
            if asked.source is None or fault.source in {None, asked.source}
        ],
        scenarios={name: scenario.says for name, scenario in SCENARIOS.items()},
        held=faults.delays.count(asked.source),
    )


async def release_held(asked: ReleaseHeld, *, faults: FaultRegistry) -> Released:
    return Released(released=faults.delays.release(source=asked.source))


async def clear_faults(asked: ClearFaults, *, faults: FaultRegistry) -> FaultsCleared:
    if [asked.id is not None, asked.source is not None, asked.all].count(True) != 1:
        raise OperationError(
            "say which faults: one of id=<id>, source=<write key> and all=true",
            status=422,
            code="invalid_parameter",
            details={"allowed": ["id", "source", "all"]},
        )
    gone = [
        fault
        for fault in faults
        if asked.all
        or (asked.id is not None and fault.id == asked.id)
        or (asked.source is not None and fault.source == asked.source)
    ]
    if asked.id is not None and not gone:
        ids = [fault.id for fault in faults]
        sentence = unknown("fault", asked.id, ids, see="GET /faults", label="Known")
        raise OperationError(sentence, status=404, code="unknown_fault")
    cleared = FaultsCleared(faults=[_view(fault) for fault in gone])
    for fault in gone:
        faults.remove(fault)
    return cleared


def _view(fault: Fault) -> FaultView:
    rules = [
        _rule_view(rule, [states[place] for states in fault.states.values()])
        for place, rule in enumerate(fault.rules)
    ]
    return FaultView(
        id=fault.id,
        source=fault.source,
        scenario=fault.scenario,
        seed=fault.seed,
        rules=rules,
        fired=sum(rule.fired for rule in rules),
    )


def _rule_view(rule: Rule, states: list[RuleState]) -> RuleView:
    return RuleView(
        match=rule.match,
        effect=rule.effect,
        words=rule.effect.words,
        times=rule.times,
        until=None if rule.until_ns is None else format_moment(rule.until_ns),
        probability=rule.probability,
        matched=sum(state.matched for state in states),
        fired=sum(state.fired for state in states),
    )


# --- the fate of each message


class _Stories:
    """The attempts of each message, in the order in which messages came first.

    Args:
        only: the one messageId that is of interest; all if omitted.
    """

    def __init__(self, *, only: str | None = None) -> None:
        self.by_id: dict[str, list[Attempt]] = {}
        # Cursors of their first calls.
        self.calls: dict[str, int] = {}
        self.nameless = 0
        self._only = None if only is None else _known_as(only)

    def take(self, request: KeptRequest, journal: MemoryJournal) -> None:
        if request.fault is not None and not request.fault.stored:
            for message_id in _ids_in(request):
                if message_id:
                    self._add(message_id, request, "unstored")
                else:
                    self.nameless += 1
            return
        for call in journal.calls_of(request):
            self._add(call.message_id, request, _end(call))
            self.calls.setdefault(_known_as(call.message_id), call.cursor)

    def _add(
        self,
        message_id: str,
        request: KeptRequest,
        end: AttemptEnd,
    ) -> None:
        known_as = _known_as(message_id)
        if self._only is not None and known_as != self._only:
            return
        attempt = Attempt(request.number, request.received_ns, request.answer.status, end)
        self.by_id.setdefault(known_as, []).append(attempt)


async def truth(asked: AskTruth, *, journal: MemoryJournal, sources: Sources) -> Truth:
    stories = _Stories()
    async for page in journal.scan_requests(after=asked.after, source=asked.source):
        for request in page:
            stories.take(request, journal)
    by_fate: dict[Fate, list[tuple[int, ...]]] = {fate: [] for fate in FATES}
    # Those of which there is something to tell come first.
    eventful: list[MessageTruth] = []
    plain: list[MessageTruth] = []
    for message_id, attempts in stories.by_id.items():
        fate = fate_of(attempts)
        by_fate[fate].append(tuple(attempt.status for attempt in _once(attempts)))
        group = eventful if fate != "delivered once" or len(attempts) > 1 else plain
        if len(group) < asked.limit and asked.fate in {None, fate}:
            cursor = stories.calls.get(message_id)
            call = None if cursor is None else call_id(cursor)
            group.append(MessageTruth(message_id, fate, _attempt_views(attempts), call))
    lost = sources.lost(asked.source)
    if not lost.inside(after=0, after_request=asked.after):
        # All that was lost came before.
        lost = NOTHING_LOST
    messages = (eventful + plain)[: asked.limit]
    return Truth(
        summary=summary_of(by_fate, nameless=stories.nameless, lost=lost),
        total=len(stories.by_id),
        fates={fate: len(by_fate[fate]) for fate in FATES},
        messages=messages,
        left_out=(len(stories.by_id) if asked.fate is None else len(by_fate[asked.fate]))
        - len(messages),
        nameless=stories.nameless,
        evicted=lost.calls,
        lost=lost,
    )


async def attempts_of(message_id: str, *, source: str, journal: MemoryJournal) -> list[AttemptView]:
    """Return each request of a source that carried this messageId, oldest first."""
    known_as = _known_as(message_id)
    found: dict[int, KeptRequest] = {}
    # An index knows whole ids, and of one over the limit the rest says nothing.
    is_whole = len(message_id) <= MAX_MESSAGE_ID_CHARACTERS
    match = ScalarMatch(message_id=message_id) if is_whole else None
    async for portion in CallSearch(journal, source=source, match=match).after():
        for call in portion:
            if call.message_id.startswith(known_as) and _known_as(call.message_id) == known_as:
                found[call.request.number] = call.request
    async for page in journal.scan_without_calls(source=source):
        # No call tells which ids an unstored request had.
        found.update((each.number, each) for each in page if each.fault and not each.fault.stored)
    stories = _Stories(only=message_id)
    for number in sorted(found):
        stories.take(found[number], journal)
    return [view for attempts in stories.by_id.values() for view in _attempt_views(attempts)]


def _attempt_views(attempts: list[Attempt]) -> list[AttemptView]:
    """The attempts of one message, each with the seconds since the one before."""
    gaps = [
        None if place == 0 else (attempt.at_ns - attempts[place - 1].at_ns) / NANOSECONDS
        for place, attempt in enumerate(attempts)
    ]
    return [
        AttemptView(f"req-{attempt.request}", attempt.status, gap, attempt.end)
        for attempt, gap in zip(attempts, gaps, strict=True)
    ]


def _once(attempts: list[Attempt]) -> Iterator[Attempt]:
    """Yield one attempt for each request, also where a batch has a messageId twice."""
    last = 0
    for attempt in attempts:
        if attempt.request != last:
            yield attempt
        last = attempt.request


def _ids_in(request: KeptRequest) -> list[str]:
    """Read again which messages a request carried of which no call was made; empty: no id."""
    outline = read_batch(request.body)
    if not outline.items:
        outline = read_message(request.body)
    ids = []
    for _, message in outline.items:
        if not isinstance(message, dict) or "batch" in message:
            continue
        message_id = message.get("messageId")
        ids.append(message_id if isinstance(message_id, str) else "")
    return ids


def _known_as(message_id: str) -> str:
    """Return what an id is known as: one character over the limit tells it from all others."""
    return message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]


def _end(call: KeptCall) -> AttemptEnd:
    if call.verdict == "accepted":
        return "accepted"
    if call.verdict == "rejected":
        return "unstored"
    return "duplicate" if call.is_duplicate else "dropped"
