"""The faults of a server: which there are, and which request they hit.

Nothing here is asked while there are none: the data plane looks at one attribute.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import msgspec

from mockseg.clock import NANOSECONDS
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS, MAX_WRITE_KEY_CHARACTERS
from mockseg.domain.request import FaultMark
from mockseg.errors import ConfigError, OperationError
from mockseg.faults.rule import Passing, RuleState, Sent
from mockseg.faults.served import NO_ANSWER, Served, served
from mockseg.hub import ingest
from mockseg.hub.answers import SUCCESS
from mockseg.hub.fault_rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.clock import ShiftedClock
    from mockseg.domain.reading import Reading
    from mockseg.domain.request import Answer, Arrival
    from mockseg.faults.effect import Effect
    from mockseg.faults.rule import Rule
    from mockseg.hub.hub import Hub
    from mockseg.hub.sources import Source
    from mockseg.operations.faults import AddFault


class Delays:
    """All requests of a server that are held back, by source. For the event loop's thread only.

    Args:
        changed: called when one of them is let go.
    """

    __slots__ = ("_changed", "_held")

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._held: dict[str, dict[asyncio.Future[None], str]] = {}

    def count(self, source: str | None = None) -> int:
        """Count what is held back of a source, or of all."""
        if source is None:
            return sum(len(held) for held in self._held.values())
        return len(self._held.get(source, ()))

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
            waited.add(asyncio.ensure_future(_until(source.clock, end_ns)))
        held = self._held.setdefault(source.key, {})
        held[released] = fault
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            return not released.done()
        finally:
            for future in waited:
                future.cancel()
            del held[released]
            if not held and self._held.get(source.key) is held:
                del self._held[source.key]
            self._changed()

    def release(self, *, source: str | None = None, fault: str | None = None) -> None:
        """Let go what is held back of a source, by a fault, or both; of all without."""
        of_source = [self._held[source]] if source in self._held else []
        for held in self._held.values() if source is None else of_source:
            for released, by in held.items():
                if (fault is None or by == fault) and not released.done():
                    released.set_result(None)


async def _until(clock: ShiftedClock, end_ns: int) -> None:
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

    @property
    def mark(self) -> FaultMark:
        """Give what is kept of it with the request."""
        return FaultMark(id=self.fault, words=self.effect.words, stored=self.effect.stores)

    def serve(self, usual: Answer) -> Served:
        """Make the answer out of the usual one."""
        return served(
            self.effect,
            usual,
            # Clients reckon with moments in headers by the second of the answer.
            now_ns=self.source.clock.now_ns() + round(self.delay * 1_000_000_000),
            plain=self.source.error_body == "text",
        )

    def kept(self, usual: Answer) -> Answer:
        """Give what the journal keeps as the answer."""
        return self.serve(usual).answer if self.effect.answers else NO_ANSWER


MOST_FAULTS = 1000


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

    __slots__ = ("id", "rules", "scenario", "seed", "source", "states")

    def __init__(
        self,
        id_: str,
        rules: tuple[Rule, ...],
        *,
        source: str | None,
        scenario: str | None,
        seed: int,
    ) -> None:
        self.id = id_
        self.source = source
        self.scenario = scenario
        self.seed = seed
        self.rules = rules
        self.states: dict[str, list[RuleState]] = {}

    def judge(self, key: str, passing: Passing) -> Iterator[tuple[Rule, RuleState, float]]:
        """Give each rule that would hit a request, with its state and the delay it draws."""
        states = self.states.get(key)
        if states is None:
            states = self.states[key] = [RuleState() for _ in self.rules]
        for rule, state in zip(self.rules, states, strict=True):
            draw = state.hits(rule, passing)
            if draw is not None:
                yield rule, state, state.delay(rule, draw)


class FaultRegistry:
    """All faults of a server.

    Attributes:
        armed: whether there are any.
        delays: what they hold back.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._faults: dict[str, Fault] = {}
        self._added = 0
        self.armed = False
        self.delays = Delays(hub.bell.ring)

    # --- which there are

    def __iter__(self) -> Iterator[Fault]:
        """Give the faults in the order in which they are looked at."""
        faults = self._faults.values()
        yield from [fault for fault in faults if fault.source is not None]
        yield from [fault for fault in faults if fault.source is None]

    def add(self, asked: AddFault, *, place: str = "") -> Fault:
        """Put a fault in force.

        Args:
            asked: what is to be.
            place: the file that says so, or empty.

        Raises:
            OperationError: 422 with the field and what is allowed; nothing is changed.
            ConfigError: the same, of a file.
        """
        source = None if asked.source is None else self._hub.sources.get(asked.source)
        clock = self._hub.clock if source is None else source.clock
        try:
            self._check_room()
            seed = self._hub.seed if asked.seed is None else asked.seed
            rules = rules_of(asked, seed=seed, now_ns=clock.now_ns())
        except OperationError as refusal:
            if place:
                raise ConfigError(f"faults: {place}: {refusal.message}") from None
            raise
        self._added += 1
        fault = Fault(
            f"fault-{self._added}",
            rules,
            source=rules[0].match.source if asked.source is None else asked.source,
            scenario=asked.scenario,
            seed=seed,
        )
        self._faults[fault.id] = fault
        self._hub.sources.watch(fault.source)
        self.armed = True
        if fault.source is not None and (named := self._hub.sources.get(fault.source)) is not None:
            named.restored("faults")
        return fault

    def _check_room(self) -> None:
        if len(self._faults) >= MOST_FAULTS:
            raise OperationError(
                f"there are {MOST_FAULTS} faults already; take some away first",
                status=422,
                code="too_many_faults",
                details={"allowed": MOST_FAULTS},
            )

    def has(self, key: str) -> bool:
        """Return whether a source has faults of its own."""
        return any(fault.source == key for fault in self._faults.values())

    def get(self, id_: str) -> Fault | None:
        """Give a fault."""
        return self._faults.get(id_)

    def remove(self, fault: Fault) -> None:
        """Take a fault away; what it holds back is let go."""
        if self._faults.pop(fault.id, None) is not None:
            self._hub.sources.unwatch(fault.source)
        self.armed = bool(self._faults)
        self.delays.release(fault=fault.id)

    def begin_anew(self, key: str) -> None:
        """Count from nothing in a source, and let go what is held back there."""
        self.delays.release(source=key)
        for fault in self._faults.values():
            fault.states.pop(key, None)

    def drop_source(self, key: str) -> None:
        """Forget a source with its faults."""
        self.begin_anew(key)
        for fault in [fault for fault in self if fault.source == key]:
            self.remove(fault)

    # --- whom they hit

    def accept(self, arrival: Arrival) -> tuple[Answer, FaultedRequest | None]:
        """Accept a request as the hub does, unless a fault hits it.

        Gives the usual answer, and what becomes of it instead, or None.
        """
        hub = self._hub
        read = ingest.read(arrival)
        source = hub.sources.use(ingest.filed_under(arrival, ingest.key_of(arrival, read)))
        window, now_ns = hub.window_of(source), arrival.received_ns or source.time_ns()
        sent = _sent(source, arrival, read, now_ns=now_ns)
        attempts = {}
        for message in sent:
            known_as = message.message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]
            if known_as:
                first = window.first(known_as, now_ns)
                attempts[known_as] = window.attempt(known_as, known=bool(first))
        passing = Passing(
            route=arrival.route.path,
            tracking=True,
            messages=sent,
            attempt=max(attempts.values(), default=1),
            now_ns=now_ns,
        )
        broken = self._choose(source, passing)
        if broken is None or broken.effect.stores:
            return hub.accept(arrival, broken), broken
        for known_as, attempt in attempts.items():
            window.carried(known_as, attempt)
        named = msgspec.structs.replace(arrival, key=source.key)
        hub.record(named, broken.kept(SUCCESS), broken.mark)
        return SUCCESS, broken

    def choose(self, route: str, key: str) -> FaultedRequest | None:
        """Choose what becomes of a request that brings no calls: for settings, script or token."""
        source = self._hub.sources.use(key[:MAX_WRITE_KEY_CHARACTERS])
        passing = Passing(
            route=route, tracking=False, messages=(), attempt=1, now_ns=source.time_ns()
        )
        return self._choose(source, passing)

    def _choose(self, source: Source, passing: Passing) -> FaultedRequest | None:
        """Let all rules count the request; the first that would hit it does."""
        chosen = None
        for fault in self:
            if fault.source is not None and fault.source != source.key:
                continue
            for rule, state, delay in fault.judge(source.key, passing):
                if chosen is None:
                    state.fired += 1
                    chosen = FaultedRequest(fault.id, rule.effect, delay, source)
        return chosen


def _sent(source: Source, arrival: Arrival, read: Reading, *, now_ns: int) -> list[Sent]:
    """Give the messages of a request as rules look at them."""
    sent = []
    for _, message in read.items:
        if not isinstance(message, dict):
            continue
        type_ = arrival.route.type or message.get("type")
        type_ = type_ if isinstance(type_, str) else ""
        event, user_id = message.get("event"), message.get("userId")
        message_id = message.get("messageId")
        sent.append(
            Sent(
                source=source.key,
                type=type_,
                event=event if isinstance(event, str) and type_ == "track" else None,
                user_id=user_id if isinstance(user_id, str) else None,
                message_id=message_id if isinstance(message_id, str) else "",
                raw=message,
                shared=read.shared,
                received_ns=now_ns,
            )
        )
    return sent
