"""Sequences of messages: ways of users through a source's events, and what networks do to them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hypothesis import strategies as st

from mockseg.catalogue.journeys import journeys as journeys_of
from mockseg.catalogue.journeys import mixed
from mockseg.catalogue.loader import catalogues
from mockseg.catalogue.model import CataloguePlan
from mockseg.domain.timestamps import format_moment
from mockseg.errors import PlanError
from mockseg.plans.compiled import compile_schema
from mockseg.strategies.envelope import BODIES, Wrapping
from mockseg.strategies.events import messages_of
from mockseg.strategies.fresh import fresh
from mockseg.strategies.realistic import palette_of
from mockseg.strategies.subjects import subject_of, subjects_of
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from mockseg.catalogue.journeys import Journey
    from mockseg.json_types import Json, JsonObject
    from mockseg.strategies.subjects import PlanLike, Subject

__all__ = ["Visit", "Way", "duplicated", "journeys", "reordered", "visits", "ways_of"]

T = TypeVar("T")

_SECOND: Final = 1_000_000_000
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
        follows: after each event the events that may come, as often as their weights say,
            those first from which the end is nearest, because it is the simplest; None is
            the end.
        planned: of each event the fields of the message that the user's own plan speaks of,
            whose values are the plan's; none for plans of the catalogue.
        onward: of each event from which it can still come to that with which a visitor
            becomes a user, the events that lead there on the shortest way.
    """

    journey: Journey
    events: Mapping[str, SearchStrategy[JsonObject]]
    keeps: Mapping[str, Mapping[str, Callable[[Json], bool]]]
    follows: Mapping[str, tuple[str | None, ...]]
    onward: Mapping[str, tuple[str, ...]]
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
        """Give what is sent when this event happens: it, and an identify call before it."""
        messages = []
        message = draw(self.way.events[event])
        if not self.known and event == self.way.journey.identified_at:
            self.known = True
            if message["type"] != "identify":
                messages.append(self._stamped(draw, {"type": "identify", "traits": {}}, event))
        body = message.get(BODIES.get(message["type"], "properties"), {})
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
        """Say who it was and when, and give it an id of its own."""
        self.moment_ms += 1 + draw(_PAUSES)
        self.sent += 1
        of_plan = self.way.planned[event]
        planned = {name: message[name] for name in of_plan if name in message}
        head: JsonObject = {"type": message.pop("type")}
        for name in ("event", "name"):
            if name in message:
                head[name] = message.pop(name)
        message.pop("userId", None)
        message.pop("anonymousId", None)
        if self.known:
            head["userId"] = self.user
        if not self.known or self.way.journey.identified_at is not None:
            head["anonymousId"] = self.visitor
        head["messageId"] = f"{self.visitor}-{self.sent}"
        head["timestamp"] = format_moment(self.moment_ms * (_SECOND // 1000))
        if of_plan:
            # Without the ids of the visit where the plan has an opinion of them.
            head = {name: value for name, value in head.items() if name not in of_plan}
        return head | message | planned


def journeys(
    plan: PlanLike, *, name: str | None = None, max_size: int = 20, realistic: bool = False
) -> SearchStrategy[list[JsonObject]]:
    """Give what a user sends on the way through a source's events, in order.

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
        PlanError: there is no such plan or journey.
    """
    ways = ways_of(plan, name=name, realistic=realistic)
    # The road is drawn before and apart from what is sent on it: so roads differ as much as
    # messages do, and the simplest road is short however many messages there may be.
    return st.binary(min_size=_AT_THE_START, max_size=max_size + _AT_THE_START).flatmap(
        lambda code: fresh(_journey(ways, max_size, code))
    )


def ways_of(plan: PlanLike, *, name: str | None = None, realistic: bool = False) -> tuple[Way, ...]:
    """Give the journeys of a plan with the strategies of their events.

    Raises:
        PlanError: there is no such plan or journey.
    """
    if isinstance(plan, CataloguePlan) and plan.name in catalogues():
        plan = plan.name
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


def duplicated(
    sequences: SearchStrategy[list[JsonObject]], *, most: int = 3
) -> SearchStrategy[list[JsonObject]]:
    """Give sequences in which some messages are delivered again, at once or later.

    A message without a messageId gets one, by which a duplicate can be known.

    Args:
        sequences: what was sent.
        most: how many deliveries too many there may be.
    """
    return _duplicated(sequences, most)


def reordered(
    sequences: SearchStrategy[list[JsonObject]], *, reach: int = 3
) -> SearchStrategy[list[JsonObject]]:
    """Give sequences in which some messages come later than they were sent.

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
            {event: subject_of(event, plan=plan) for event in journey.follows},
            realistic=realistic,
        )
        for journey in journeys_of(plan)
    )


def _mix(plan: PlanLike, *, realistic: bool) -> Way:
    """Return the one way through a plan that has no journeys."""
    subjects: dict[str, Subject] = {}
    of_plan = subjects_of(plan)
    for subject in of_plan:
        if subject.type != "COMMON":
            name = subject.name
            if name in subjects:
                name = f"{name} ({subject.type}, version {subject.version})"
            subjects[name] = subject
    if not subjects:
        raise PlanError("has no rule for a call, so there is nothing to send", file=of_plan[0].plan)
    journey = mixed(of_plan[0].plan, tuple(subjects))
    return _way(
        journey,
        subjects,
        realistic=realistic,
        planned={event: frozenset(each.fields()) for event, each in subjects.items()},
    )


def _way(
    journey: Journey,
    subjects: Mapping[str, Subject],
    *,
    realistic: bool,
    planned: Mapping[str, frozenset[str]] | None = None,
) -> Way:
    palette = palette_of(realistic=realistic)
    to_end = _steps(journey, None)
    follows: dict[str, tuple[str | None, ...]] = {}
    for event, after in journey.follows.items():
        ordered = sorted(after, key=lambda follow: to_end.get(follow.event, len(to_end)))
        follows[event] = tuple(each.event for each in ordered for _ in range(each.weight))
    return Way(
        journey=journey,
        events={
            event: messages_of(subject, palette=palette, wrapping=_WRAPPING)
            for event, subject in subjects.items()
        },
        keeps={event: _keeps(journey, subject) for event, subject in subjects.items()},
        follows=follows,
        onward=_onward(journey),
        planned=dict.fromkeys(subjects, frozenset()) if planned is None else planned,
    )


def _steps(journey: Journey, goal: str | None) -> dict[str | None, int]:
    """Give how many steps it is from each event to a goal, if it can be reached."""
    away: dict[str | None, int] = {goal: 0}
    waiting = [goal]
    while waiting:
        event = waiting.pop(0)
        for before, after in journey.follows.items():
            if before not in away and any(follow.event == event for follow in after):
                away[before] = away[event] + 1
                waiting.append(before)
    return away


def _onward(journey: Journey) -> dict[str, tuple[str, ...]]:
    if journey.identified_at is None:
        return {}
    away = _steps(journey, journey.identified_at)
    return {
        event: tuple(
            follow.event
            for follow in journey.follows[event]
            if follow.event is not None and away.get(follow.event) == steps - 1
        )
        for event, steps in away.items()
        if event is not None and steps
    }


def _keeps(journey: Journey, subject: Subject) -> dict[str, Callable[[Json], bool]]:
    """Give the properties of an event that the journey keeps."""
    if not journey.keeps:
        return {}
    holder = BODIES.get(subject.type.lower(), "properties")
    body = subject.schema.get("properties", {}).get(holder, {})
    return {
        name: compile_schema(sub).is_valid
        for name, sub in body.get("properties", {}).items()
        if name in journey.keeps and isinstance(sub, dict)
    }


@st.composite
def visits(draw: DrawFn, ways: tuple[Way, ...]) -> Visit:
    """Draw a user at the beginning of a way."""
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

    def turn(self, choices: Sequence[T]) -> T:
        """Take one of several ways; where there is one only, nothing is read."""
        if all(choice is choices[0] for choice in choices):
            return choices[0]
        return choices[next(self._rest, 0) % len(choices)]


@st.composite
def _journey(draw: DrawFn, ways: tuple[Way, ...], max_size: int, code: bytes) -> list[JsonObject]:
    road = _Road(code)
    way = road.turn(ways)
    visit = draw(visits((way,)))
    event: str | None = road.turn(way.journey.starts)
    messages: list[JsonObject] = []
    # Left to the weights, few visitors would ever become users.
    purposeful = not visit.known and road.turn((False, True))
    while event is not None and len(messages) < max_size:
        messages += visit.next_messages(draw, event)
        after = way.onward.get(event) if purposeful and not visit.known else None
        event = road.turn(way.follows[event] if after is None else after)
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
