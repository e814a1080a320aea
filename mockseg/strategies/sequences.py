"""Sequences of messages: journeys of users, what networks do to them, and a state machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.catalogue.envelope import Wrapping, spoken_fields
from mockseg.catalogue.journeys import Journey, Weighted, mixed
from mockseg.catalogue.journeys import journeys as journeys_of
from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import FoundRule, PlanLike, get, matches_of
from mockseg.clock import NANOSECONDS
from mockseg.domain.message import holder_of
from mockseg.domain.timestamps import format_moment
from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject
from mockseg.plans.model import STRICTNESSES, Plan
from mockseg.schemas.compiled import compile_schema
from mockseg.strategies.chooser import fresh
from mockseg.strategies.events import messages_of
from mockseg.strategies.realistic import palette_of
from mockseg.suggestions import unknown


class JourneyMachine(RuleBasedStateMachine):
    """Users who go their ways through a source's events, several at a time.

    Made by :func:`journey_machine`. A subclass says what happens to a message in
    :meth:`deliver` and adds invariants and rules of its own::

        class Consumer(journey_machine("userguiding")):
            def __init__(self):
                super().__init__()
                self.app = App()

            def deliver(self, message):
                self.app.handle(message)

        TestConsumer = Consumer.TestCase

    Attributes:
        ways: the journeys that users may go.
        visits: the users so far.
        sent: all messages in the order in which they were made.
        held: messages that are on a slow network: delivered later, or never.
    """

    ways: ClassVar[tuple[Way, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.visits: list[Visit] = []
        self.sent: list[JsonObject] = []
        self.held: list[JsonObject] = []

    def deliver(self, message: JsonObject) -> None:
        """Take a message; a subclass says what happens to it.

        Raises:
            NotImplementedError: the subclass does not say.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method deliver(self, message)")

    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        visit = data.draw(visits(self.ways), label="visit")
        # Two users may have drawn the same name.
        visit.visitor = f"{visit.visitor}-{len(self.visits)}"
        self.visits.append(visit)
        event = data.draw(st.sampled_from(visit.way.journey.starts), label="event")
        self._happen(data, visit, event, late=False)

    @precondition(lambda self: self.visits)
    @rule(data=st.data(), late=st.booleans())
    def go_on(self, data: st.DataObject, late: bool) -> None:  # noqa: FBT001  (drawn)
        visit = data.draw(st.sampled_from(self.visits), label="visit")
        assert visit.at is not None  # noqa: S101  (who set out is somewhere)
        turns = visit.way.journey.turns[visit.at]
        event = turns[data.draw(st.integers(0, turns.total - 1), label="turn")]
        if event is not None:
            self._happen(data, visit, event, late=late)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """Deliver a message again that was sent before, as a client does that saw no answer."""
        message = data.draw(st.sampled_from(self.sent), label="message")
        self.deliver(deepcopy(message))

    @precondition(lambda self: self.held)
    @rule()
    def deliver_late(self) -> None:
        """Deliver what was held up the longest."""
        self.deliver(self.held.pop(0))

    def _happen(self, data: st.DataObject, visit: Visit, event: str, *, late: bool) -> None:
        draw: Any = data.draw
        for message in visit.next_messages(draw, event):
            self.sent.append(message)
            if late:
                self.held.append(deepcopy(message))
            else:
                self.deliver(deepcopy(message))


def journey_machine(plan: PlanLike, *, name: str | None = None) -> type[JourneyMachine]:
    """Make the state machine of a plan's journeys.

    Args:
        plan: as for :func:`mockseg.strategies.journeys`.
        name: one of its journeys; all of them when None.

    Raises:
        PlanError: unknown plan or journey.
    """
    made = ways_of(plan, name=name)

    class Machine(JourneyMachine):
        ways = made

    Machine.__name__ = Machine.__qualname__ = "JourneyMachine"
    return Machine


T = TypeVar("T")

# 2026-01-15T09:30:00Z, the time of the catalogue's examples.
_START: Final = 1_768_469_400
_WRAPPING: Final = Wrapping(timestamp=False)
_IDS: Final = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
# The way, its start, and whether it leads to an identify call.
_AT_THE_START: Final = 3
_PAUSES: Final = st.integers(0, 600_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A journey with the strategies of its events.

    Attributes:
        journey: the journey.
        events: the messages of each event.
        keeps: of each event, the properties that have one value throughout, each with what
            tells whether the event allows a value.
    """

    journey: Journey
    events: Mapping[str, SearchStrategy[JsonObject]]
    keeps: Mapping[str, Mapping[str, Callable[[Json], bool]]]
    planned: Mapping[str, frozenset[str]]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One user on a way.

    Attributes:
        way: the way.
        visitor: the anonymousId.
        user: the userId that the user has or will have.
        known: whether the user is identified by now.
        moment_ms: the time of the last message, milliseconds since 1970.
        kept: the values that have been drawn for what is kept.
        at: the last event, or None before the first.
        sent: how many messages there were.
    """

    way: Way
    visitor: str
    user: str
    known: bool
    moment_ms: int
    kept: dict[str, Json]
    at: str | None = None
    sent: int = 0

    def next_messages(self, draw: DrawFn, event: str) -> list[JsonObject]:
        """Return what is sent when this event happens: it, and an identify call before it."""
        messages = []
        message = draw(self.way.events[event])
        if not self.known and event == self.way.journey.identified_at:
            self.known = True
            if message["type"] != "identify":
                messages.append(self._stamped(draw, {"type": "identify", "traits": {}}, event))
        body = message.get(holder_of(message["type"]), {})
        for name, fits in self.way.keeps[event].items():
            if body.get(name) is not None:
                kept = self.kept.setdefault(name, body[name])
                # Not every event allows the property the same values.
                body[name] = kept if fits(kept) else body[name]
        if "user_id" in body and isinstance(body["user_id"], str) and self.way.journey.keeps:
            body["user_id"] = self.user
        self.at = event
        messages.append(self._stamped(draw, message, event))
        return messages

    def _stamped(self, draw: DrawFn, message: JsonObject, event: str) -> JsonObject:
        self.moment_ms += 1 + draw(_PAUSES)
        self.sent += 1
        of_plan = self.way.planned[event]
        head: JsonObject = {
            key: message[key] for key in ("type", "event", "name") if key in message
        }
        if self.known:
            head["userId"] = self.user
        if not self.known or self.way.journey.identified_at is not None:
            head["anonymousId"] = self.visitor
        head["messageId"] = f"{self.visitor}-{self.sent}"
        head["timestamp"] = format_moment(self.moment_ms * (NANOSECONDS // 1000))
        # Without the ids of the visit where the plan has an opinion of them.
        head = {key: value for key, value in head.items() if key == "type" or key not in of_plan}
        own = {"userId", "anonymousId", *head}
        rest = {key: value for key, value in message.items() if key in of_plan or key not in own}
        return head | rest


def journeys(
    plan: PlanLike, *, name: str | None = None, max_size: int = 20, realistic: bool = False
) -> SearchStrategy[list[JsonObject]]:
    """Return what a user sends on the way through a source's events, in order.

    Every message has a messageId of its own and a later timestamp than the one before;
    what belongs together (the guide, the survey) keeps its ids; a visitor who is
    identified on the way is anonymous before.

    Args:
        plan: as for :func:`mockseg.strategies.event`; in a plan of your own any event may
            follow any other, which is the journey ``mix``.
        name: one of its journeys; any of them when None.
        max_size: the most messages.
        realistic: as for :func:`mockseg.strategies.event`.

    Raises:
        PlanError: unknown plan or journey.
    """
    ways = ways_of(plan, name=name, realistic=realistic)
    # The road is drawn before and apart from what is sent on it: so roads differ as much as
    # messages do, and the simplest road is short however many messages there may be.
    return st.binary(min_size=_AT_THE_START, max_size=max_size + _AT_THE_START).flatmap(
        lambda code: fresh(_journey(ways, max_size, code))
    )


def ways_of(plan: PlanLike, *, name: str | None = None, realistic: bool = False) -> tuple[Way, ...]:
    """Return the journeys of a plan with the strategies of their events.

    Raises:
        PlanError: unknown plan or journey.
    """
    if isinstance(plan, Plan) and plan.slug in catalogues() and _is_of_catalogue(plan):
        plan = plan.slug
    made = _ways(plan, realistic) if isinstance(plan, str) else (_mix(plan, realistic=realistic),)
    if name is None:
        return made
    known = tuple(way.journey.name for way in made)
    if name not in known:
        raise PlanError(
            unknown("journey", name, known, label="Known"),
            file=f"catalogue, plan {plan}" if isinstance(plan, str) else made[0].journey.plan,
        )
    return tuple(way for way in made if way.journey.name == name)


def _is_of_catalogue(plan: Plan) -> bool:
    """Return whether a plan is the catalogue's, not one of a user's own with the same name."""
    return any(plan == load(plan.slug, strictness=form) for form in STRICTNESSES)


def duplicated(
    sequences: SearchStrategy[list[JsonObject]], *, most: int = 3
) -> SearchStrategy[list[JsonObject]]:
    """Return sequences in which some messages are delivered again, at once or later.

    A message without a messageId gets one, by which a duplicate can be known.

    Args:
        sequences: what was sent.
        most: how many deliveries too many there may be.
    """
    return _duplicated(sequences, most)


def reordered(
    sequences: SearchStrategy[list[JsonObject]], *, reach: int = 3
) -> SearchStrategy[list[JsonObject]]:
    """Return sequences in which some messages come later than they were sent.

    Args:
        sequences: what was sent.
        reach: how many places late a message may come.
    """
    return _reordered(sequences, st.integers(0, reach))


@lru_cache(maxsize=64)
def _ways(plan: str, realistic: bool) -> tuple[Way, ...]:  # noqa: FBT001  (a key of the cache)
    return tuple(
        _way(
            journey,
            {event: get(event, plan=plan, strictness="strict") for event in journey.follows},
            realistic=realistic,
        )
        for journey in journeys_of(plan)
    )


def _mix(plan: PlanLike, *, realistic: bool) -> Way:
    matches: dict[str, FoundRule] = {}
    of_plan = matches_of(plan)
    for match in of_plan:
        if match.rule.type != "COMMON":
            name = match.rule.name
            if name in matches:
                name = f"{name} ({match.rule.type}, version {match.version})"
            matches[name] = match
    if not matches:
        raise PlanError(
            "has no rule for a call, so there is nothing to send", file=of_plan[0].plan.slug
        )
    journey = mixed(of_plan[0].plan.slug, dict.fromkeys(matches, 1))
    return _way(
        journey,
        matches,
        realistic=realistic,
        planned={event: frozenset(spoken_fields(each)) for event, each in matches.items()},
    )


def _way(
    journey: Journey,
    matches: Mapping[str, FoundRule],
    *,
    realistic: bool,
    planned: Mapping[str, frozenset[str]] | None = None,
) -> Way:
    palettes = {
        event: palette_of(match.rule.type, realistic=realistic) for event, match in matches.items()
    }
    return Way(
        journey=journey,
        events={
            event: messages_of(match, palette=palettes[event], wrapping=_WRAPPING)
            for event, match in matches.items()
        },
        keeps={event: _keeps(journey, match) for event, match in matches.items()},
        planned=dict.fromkeys(matches, frozenset()) if planned is None else planned,
    )


def _keeps(journey: Journey, match: FoundRule) -> dict[str, Callable[[Json], bool]]:
    return {
        name: compile_schema(sub).is_valid
        for name, sub in match.rule.body.get("properties", {}).items()
        if name in journey.keeps and isinstance(sub, dict)
    }


@st.composite
def visits(draw: DrawFn, ways: tuple[Way, ...]) -> Visit:
    way = ways[draw(st.integers(0, len(ways) - 1))]
    return Visit(
        way=way,
        visitor=draw(_IDS),
        user=draw(_IDS),
        known=way.journey.identified_at is None,
        moment_ms=(_START + draw(st.integers(0, 86_400))) * 1000,
        kept={},
    )


class _Road:
    """Reads the turns of a journey from bytes; behind their end it is the simplest turn."""

    def __init__(self, code: bytes) -> None:
        self._rest = iter(code)

    def along(self, turns: Weighted[T]) -> T:
        """Take one of several ways; where there is one only, nothing is read."""
        if len(turns.items) == 1:
            return turns[0]
        return turns[next(self._rest, 0) % turns.total]

    def of(self, choices: Sequence[T]) -> T:
        return self.along(Weighted((choice, 1) for choice in choices))


@st.composite
def _journey(draw: DrawFn, ways: tuple[Way, ...], max_size: int, code: bytes) -> list[JsonObject]:
    road = _Road(code)
    way = road.of(ways)
    visit = draw(visits((way,)))
    event: str | None = road.along(way.journey.turns[None])
    messages: list[JsonObject] = []
    # Left to the weights, few visitors would ever become users.
    purposeful = not visit.known and road.of((False, True))
    while event is not None and len(messages) < max_size:
        messages += visit.next_messages(draw, event)
        after = way.journey.onward.get(event) if purposeful and not visit.known else None
        event = road.along(way.journey.turns[event]) if after is None else road.of(after)
    return messages[:max_size]


@st.composite
def _duplicated(
    draw: DrawFn, sequences: SearchStrategy[list[JsonObject]], most: int
) -> list[JsonObject]:
    sent = draw(sequences)
    arrived: list[JsonObject] = []
    for count, message in enumerate(sent):
        known = message if message.get("messageId") else {**message, "messageId": f"id-{count}"}
        arrived.append(known)
    if not arrived:
        return arrived
    for _ in range(draw(st.integers(0, most))):
        index = draw(st.integers(0, len(arrived) - 1))
        later = draw(st.integers(0, len(arrived) - 1 - index))
        arrived.insert(index + 1 + later, deepcopy(arrived[index]))
    return arrived


@st.composite
def _reordered(
    draw: DrawFn, sequences: SearchStrategy[list[JsonObject]], delays: SearchStrategy[int]
) -> list[JsonObject]:
    sent: list[Any] = draw(sequences)
    # Half a place tells a message that comes late from the one that it then comes beside.
    delayed = [(index, draw(delays)) for index in range(len(sent))]
    order = sorted((index + late + (0.5 if late else 0), index) for index, late in delayed)
    return [sent[index] for _, index in order]
