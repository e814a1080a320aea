"""The faults of a server: which there are, and which request they hit.

Nothing here is asked while there are none: the data plane looks at one attribute.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from mockseg.clock import NANOSECONDS, ShiftedClock
from mockseg.conversion import invalid
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS, MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.reading import Reading
from mockseg.domain.request import Answer, Arrival, FaultMark
from mockseg.domain.timestamps import parse_moment
from mockseg.errors import OperationError
from mockseg.faults.effect import NO_ANSWER, Effect, Served, served
from mockseg.faults.routes import TOKEN
from mockseg.faults.rule import FaultMatch, RequestFacts, Rule, RuleState, SentMessage, make_rule
from mockseg.faults.scenarios import SCENARIOS
from mockseg.hub.sources import Source, Sources
from mockseg.json_types import as_text
from mockseg.operations.faults import AddFault
from mockseg.suggestions import unknown_parameter


class Delays:
    """All requests of a server that are held back. For the event loop's thread only.

    Args:
        changed: called when one of them is let go.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        # What lets each go, with its source and the fault that holds it back.
        self._held: dict[asyncio.Future[None], tuple[str, str]] = {}

    def count(self, source: str | None = None) -> int:
        return sum(source in {None, key} for key, _ in self._held.values())

    async def hold(self, source: Source, fault: str, seconds: float | None) -> bool:
        """Hold a request back; True when its time has come, False when it is let go before.

        Args:
            source: whose it is; its clock counts.
            fault: the id of the fault that does it.
            seconds: None for ever.
        """
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waited: set[asyncio.Future[None]] = {released}
        if seconds is not None:
            end_ns = source.clock.now_ns() + round(seconds * NANOSECONDS)
            waited.add(asyncio.ensure_future(_sleep_until(source.clock, end_ns)))
        self._held[released] = (source.key, fault)
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            return not released.done()
        finally:
            for future in waited:
                future.cancel()
            del self._held[released]
            self._changed()

    def release(self, *, source: str | None = None, fault: str | None = None) -> int:
        """Let go what is held back of a source, by a fault, or both; everything without.

        Returns:
            Number of requests.
        """
        found = [
            released
            for released, (key, by) in self._held.items()
            if source in {None, key} and fault in {None, by} and not released.done()
        ]
        for released in found:
            released.set_result(None)
        return len(found)


async def _sleep_until(clock: ShiftedClock, end_ns: int) -> None:
    """Sleep until a moment, which may have come before this began to run."""
    left_ns = end_ns - clock.now_ns()
    if left_ns > 0:
        await clock.sleep(left_ns / NANOSECONDS)


@dataclasses.dataclass(frozen=True, slots=True)
class FaultedRequest:
    """What a fault does to one request.

    Attributes:
        fault: its id.
        effect: what it does.
        delay: seconds before the answer, as they were drawn.
        source: whose request it is.
    """

    fault: str
    effect: Effect
    delay: float
    source: Source

    def mark(self, usual: Answer) -> FaultMark:
        return FaultMark(
            id=self.fault, words=self.effect.words, stored=self.effect.stores, usual=usual.status
        )

    def serve(self, usual: Answer) -> Served:
        return served(
            self.effect,
            usual,
            # Clients reckon with moments in headers by the second of the answer.
            now_ns=self.source.clock.now_ns() + round(self.delay * NANOSECONDS),
            plain=self.source.behaviour.plain_errors,
        )

    def kept(self, usual: Answer) -> Answer:
        return self.serve(usual).answer if self.effect.answers else NO_ANSWER


MOST_FAULTS = 1000
# How often a rule that chooses among requests hits by default.
_FEW = 1000


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """A fault that is in force: its rules, and what they have counted in each source.

    Attributes:
        id: names it.
        source: its write key, or None for all.
        scenario: whose rules these are, or None.
        seed: of chances.
        rules: in the order in which they are looked at.
        states: by source, one for each rule.
    """

    id: str
    source: str | None
    scenario: str | None
    seed: int
    rules: tuple[Rule, ...]
    states: dict[str, list[RuleState]] = dataclasses.field(default_factory=dict)

    def judge(self, key: str, facts: RequestFacts) -> Iterator[tuple[Rule, RuleState, float]]:
        """Yield each rule that would hit a request, with its state and the delay it draws."""
        states = self.states.get(key)
        if states is None:
            states = self.states[key] = [RuleState() for _ in self.rules]
        for rule, state in zip(self.rules, states, strict=True):
            draw = state.hits(rule, facts)
            if draw is not None:
                yield rule, state, state.delay(rule, draw)


def _told(fault: Fault) -> str:
    """Return a fault as the history of its source names it."""
    return f"{fault.id}: {'; then '.join(rule.sentence for rule in fault.rules)}"


class FaultRegistry:
    """All faults of a server.

    Args:
        sources: whose requests they hit.
        seed: of chances, for faults that name none.
        changed: called when a request that was held back is let go.

    Attributes:
        armed: whether there are any.
        delays: what they hold back.
    """

    def __init__(self, sources: Sources, *, seed: int, changed: Callable[[], object]) -> None:
        self._sources = sources
        self._seed = seed
        self._faults: dict[str, Fault] = {}
        self._added = 0
        self.armed = False
        self.delays = Delays(changed)

    # --- which there are

    def __iter__(self) -> Iterator[Fault]:
        """Yield the faults in the order in which they are looked at: a source's own first."""
        return iter(sorted(self._faults.values(), key=lambda fault: fault.source is None))

    def __len__(self) -> int:
        return len(self._faults)

    def count(self, source: str | None) -> int:
        """Return how many hit a source, those of every source among them; or how many there are."""
        if source is None:
            return len(self._faults)
        return sum(fault.source in {None, source} for fault in self._faults.values())

    @property
    def changes(self) -> int:
        """How often one was added or taken away."""
        return 2 * self._added - len(self._faults)

    def add(self, asked: AddFault) -> Fault:
        """Put a fault in force.

        Raises:
            OperationError: 422 with the field and what is allowed; nothing is changed.
        """
        fault = self.make(asked)
        self._added += 1
        self._faults[fault.id] = fault
        self._sources.watch(fault.source)
        self.armed = True
        self._sources.history.fault_added(fault.source, _told(fault))
        if fault.source is not None and (named := self._sources.get(fault.source)) is not None:
            named.restored("faults")
        return fault

    def make(self, asked: AddFault) -> Fault:
        """Return the fault that would be put in force.

        Raises:
            OperationError: 422 with the field and what is allowed.
        """
        if len(self._faults) >= MOST_FAULTS:
            raise OperationError(
                f"there are {MOST_FAULTS} faults already; remove some first",
                status=422,
                code="too_many_faults",
                details={"allowed": MOST_FAULTS},
            )
        seed = self._seed if asked.seed is None else asked.seed
        rules = _rules_of(asked, seed=seed, now_ns=self._sources.clock_of(asked.source).now_ns())
        return Fault(
            id=f"fault-{self._added + 1}",
            rules=rules,
            source=rules[0].match.source if asked.source is None else asked.source,
            scenario=asked.scenario,
            seed=seed,
        )

    def has(self, key: str) -> bool:
        return any(fault.source == key for fault in self._faults.values())

    def remove(self, fault: Fault) -> None:
        """Take a fault away; what it holds back is let go."""
        del self._faults[fault.id]
        self._sources.unwatch(fault.source)
        self.armed = bool(self._faults)
        self.delays.release(fault=fault.id)
        self._sources.history.fault_removed(fault.source, _told(fault))

    def reset_source(self, key: str) -> None:
        """Count from nothing in a source, and let go what is held back there."""
        self.delays.release(source=key)
        for fault in self._faults.values():
            fault.states.pop(key, None)

    def drop_source(self, key: str) -> None:
        self.reset_source(key)
        for fault in [fault for fault in self if fault.source == key]:
            self.remove(fault)

    # --- which requests they hit

    def hit(self, arrival: Arrival, read: Reading, source: Source) -> FaultedRequest | None:
        """Return what happens to a request for tracking, None when no fault hits it.

        Args:
            arrival: the request.
            read: what it holds.
            source: whose it is. Its dedup window learns of messages that are not stored.
        """
        window, now_ns = self._sources.window_of(source), arrival.received_ns or source.time_ns()
        type_ = arrival.route.type
        sent = sent_messages(read, source=source.key, type_=type_, now_ns=now_ns)
        attempts = {}
        for message in sent:
            known_as = message.message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]
            if known_as:
                first = window.first(known_as, now_ns)
                attempts[known_as] = window.attempt(known_as, known=bool(first))
        facts = RequestFacts(
            route=arrival.route.path,
            tracking=True,
            messages=sent,
            attempt=max(attempts.values(), default=1),
            now_ns=now_ns,
        )
        chosen = self._choose(source, facts)
        if chosen is not None and not chosen.effect.stores:
            for known_as, attempt in attempts.items():
                window.carried(known_as, attempt)
        return chosen

    def hit_fetch(self, route: str, key: str) -> FaultedRequest | None:
        """Return what happens to a request for settings, script or token."""
        source = self._sources.use(key[:MAX_WRITE_KEY_CHARACTERS])
        facts = RequestFacts(
            route=route, tracking=False, messages=(), attempt=1, now_ns=source.time_ns()
        )
        return self._choose(source, facts)

    def _choose(self, source: Source, facts: RequestFacts) -> FaultedRequest | None:
        """Let all rules count the request; the first that would hit it does."""
        chosen = None
        for fault in self:
            if fault.source not in {None, source.key}:
                continue
            for rule, state, delay in fault.judge(source.key, facts):
                if chosen is None:
                    state.fired += 1
                    chosen = FaultedRequest(fault.id, rule.effect, delay, source)
        return chosen


def sent_messages(read: Reading, *, source: str, type_: str, now_ns: int) -> list[SentMessage]:
    """Return the messages of a request that no call was made of.

    Args:
        read: what it holds.
        source: the write key.
        type_: the message type that its path names, or empty.
        now_ns: when it came.
    """
    sent = []
    for _, message in read.items:
        if not isinstance(message, dict):
            continue
        own_type = as_text(type_ or message.get("type"))
        event, user_id = message.get("event"), message.get("userId")
        sent.append(
            SentMessage(
                source=source,
                type=own_type,
                event=event if isinstance(event, str) and own_type == "track" else None,
                user_id=user_id if isinstance(user_id, str) else None,
                message_id=as_text(message.get("messageId")),
                raw=message,
                shared=read.shared,
                received_ns=now_ns,
            )
        )
    return sent


def _rules_of(asked: AddFault, *, seed: int, now_ns: int) -> tuple[Rule, ...]:
    """Make the rules of a fault: one, or those of a scenario.

    Args:
        asked: what is to be.
        seed: of chances.
        now_ns: the moment by the clock that it follows.

    Raises:
        OperationError: 422 with the field and what is allowed.
    """
    _check_source(asked)
    until_ns = _until(asked, now_ns)
    if asked.scenario is not None:
        rules = _of_scenario(asked, seed=seed, until_ns=until_ns)
    else:
        if asked.effect is None:
            raise invalid(
                "effect",
                "a fault needs an effect, or a scenario",
                allowed=["effect", "scenario"],
            )
        probability = 1.0 if asked.probability is UNSET else asked.probability
        rule = make_rule(
            asked.match,
            asked.effect,
            times=_times(asked, until_ns, probability),
            until_ns=until_ns,
            probability=probability,
            seed=seed,
        )
        rules = (rule,)
    if asked.source and any(rule.route == TOKEN for rule in rules):
        raise invalid(
            "source",
            "`source` cannot match: a request for a token names no write key",
            allowed="no source",
        )
    return rules


def _check_source(asked: AddFault) -> None:
    inner = asked.match.source
    if inner is not None and asked.source is not None and inner != asked.source:
        raise invalid(
            "match.source",
            f"`match.source` is {inner[:100]!r} and `source` is {asked.source[:100]!r}",
            allowed="one of them, or the same",
        )


def _until(asked: AddFault, now_ns: int) -> int | None:
    if asked.until is None:
        return None
    if not isinstance(asked.until, str):
        return now_ns + round(asked.until * NANOSECONDS)
    moment = parse_moment(asked.until)
    if moment is None:
        raise invalid(
            "until",
            f'`until` is "{asked.until[:60]}", which is not a moment',
            allowed="seconds from now, or ISO 8601 such as 2026-01-31T12:00:00Z",
        )
    if moment <= now_ns:
        raise invalid(
            "until",
            f'`until` is "{asked.until[:60]}", which has passed: the fault would hit nothing',
            allowed="a moment to come, by the clock of the source",
        )
    return moment


def _times(asked: AddFault, until_ns: int | None, probability: float) -> int | None:
    """Return how often a rule may hit: there is always an end, unless the client wants none."""
    if asked.times == "unlimited":
        return None
    if isinstance(asked.times, int):
        return asked.times
    if until_ns is not None:
        return None
    match, effect = asked.match, asked.effect
    chooses = probability < 1 or match.every is not None or match.attempt is not None
    patches = effect is not None and any(
        patch is not None for patch in (effect.settings, effect.http_config, effect.token)
    )
    return _FEW if chooses or patches else 1


def _of_scenario(asked: AddFault, *, seed: int, until_ns: int | None) -> tuple[Rule, ...]:
    assert asked.scenario is not None  # noqa: S101  (the caller has looked)
    scenario = SCENARIOS.get(asked.scenario)
    if scenario is None:
        raise unknown_parameter("scenario", "scenario", asked.scenario, SCENARIOS)
    for name in ("effect", "times", "probability"):
        # Not by equality: an effect has a dict in it, which a set would want to hash.
        if not any(getattr(asked, name) is nothing for nothing in (None, UNSET)):
            raise invalid(
                name,
                f"`{name}` contradicts `scenario`, whose rules have their own",
                allowed=["source", "match", "until", "seed"],
            )
    return tuple(
        make_rule(
            _narrowed(rule.get("match", {}), asked.match),
            msgspec.convert(rule["effect"], Effect),
            times=rule["times"],
            until_ns=until_ns,
            probability=rule.get("probability", 1.0),
            seed=seed,
        )
        for rule in scenario.rules
    )


def _narrowed(own: dict[str, Any], given: FaultMatch) -> FaultMatch:
    more = msgspec.to_builtins(given)
    for name, value in own.items():
        if more.get(name, value) != value:
            raise invalid(
                f"match.{name}",
                f"`match.{name}` contradicts the scenario, which has {value!r}",
                allowed=value,
            )
    return msgspec.convert({**own, **more}, FaultMatch)
