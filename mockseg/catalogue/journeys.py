"""Which events follow which: the ways that users go through a source's events.

For traffic and strategies. A journey is a graph with weights; nothing that receives
events may rely on its order, as events come late, twice or not at all, and a guide was
seen to be completed before it started (UG-X20).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Final, Generic, NamedTuple, TypeVar

from mockseg.catalogue.loader import load, read_journeys
from mockseg.catalogue.spelling import snake_case
from mockseg.json_types import JsonObject
from mockseg.plans.model import Plan

T = TypeVar("T")

_GO_ON: Final = 3
_LARGEST_TABLE: Final = 4096


class Weighted(Generic[T]):
    """Things to choose from, each as often as it weighs, in their order.

    Args:
        pairs: each thing with its weight, a whole number of 0 or more; one at least above 0.
    """

    __slots__ = ("_bounds", "_table", "items", "total")

    def __init__(self, pairs: Iterable[tuple[T, int]]) -> None:
        kept = [(item, weight) for item, weight in pairs if weight > 0]
        self.items = [item for item, _ in kept]
        self._bounds = list(accumulate(weight for _, weight in kept))
        self.total = self._bounds[-1]
        # Each thing as often as it weighs: traffic chooses tens of thousands of times a second.
        repeated = self.total <= _LARGEST_TABLE
        self._table = [item for item, weight in kept for _ in range(weight)] if repeated else []

    def __getitem__(self, place: int) -> T:
        return self._table[place] if self._table else self.items[bisect_right(self._bounds, place)]

    def pick(self, random: Callable[[], float]) -> T:
        if self._table:
            return self._table[int(random() * self.total)]
        return self[int(random() * self.total)]


class Follow(NamedTuple):
    """What may come next.

    Attributes:
        event: the name of a rule of the plan, or None where the journey ends.
        weight: how likely it is beside the others, a whole number from 1.
    """

    event: str | None
    weight: int


class JourneyPage(NamedTuple):
    """A page of the site on which an event happens.

    Attributes:
        name: as the page call says it.
        path: on the site; ``{}`` is for the number of the thing that it shows.
    """

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One way of users through the events of a plan.

    Attributes:
        plan: the plan's name.
        name: the journey's name, unique in the plan.
        title: what happens, in one sentence.
        starts: the events that it may start with.
        begin: how often it starts with each of them, where not equally often.
        follows: what may come after each event; every event of the journey is a key.
        habits: what people do after each event, as often as they do it, for traffic. Tests want
            to see the rare steps too, so strategies go by ``turns``.
        share: how often people go this way beside the other journeys of the plan.
        pages: the pages that open with an event, by event.
        keeps: the properties that have one value throughout, where an event has them.
        identified_at: the event with which a visitor becomes a user: before it there is an
            anonymousId only, and an identify call comes with it. None if the user is
            known from the start.
        turns: what may come after each event, those first from which the end is nearest,
            because it is the simplest; None comes before the first and after the last.
        onward: of each event from which it can still come to ``identified_at``, the events
            that lead there on the shortest way.
    """

    plan: str
    name: str
    title: str
    starts: tuple[str, ...]
    follows: Mapping[str, tuple[Follow, ...]]
    begin: Mapping[str, int] = field(default_factory=dict)
    habits: Mapping[str | None, Weighted[str | None]] = field(default_factory=dict, compare=False)
    share: int = 1
    pages: Mapping[str, JourneyPage] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    identified_at: str | None = None
    turns: Mapping[str | None, Weighted[str | None]] = field(init=False, compare=False, repr=False)
    onward: Mapping[str, tuple[str, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        away = self._steps_to(None)
        turns: dict[str | None, Weighted[str | None]] = {
            event: Weighted(sorted(after, key=lambda each: away.get(each[0], len(away))))
            for event, after in self.follows.items()
        }
        turns[None] = Weighted((event, self.begin.get(event, 1)) for event in self.starts)
        object.__setattr__(self, "turns", turns)
        object.__setattr__(self, "habits", turns | dict(self.habits))
        steps = {} if self.identified_at is None else self._steps_to(self.identified_at)
        onward = {
            event: tuple(
                follow.event
                for follow in self.follows[event]
                if follow.event is not None and steps.get(follow.event) == distance - 1
            )
            for event, distance in steps.items()
            if event is not None and distance
        }
        object.__setattr__(self, "onward", onward)

    def _steps_to(self, goal: str | None) -> dict[str | None, int]:
        away: dict[str | None, int] = {goal: 0}
        waiting = [goal]
        while waiting:
            event = waiting.pop(0)
            for before, after in self.follows.items():
                if before not in away and any(follow.event == event for follow in after):
                    away[before] = away[event] + 1
                    waiting.append(before)
        return away


@cache
def journeys(plan: str) -> tuple[Journey, ...]:
    """Return the journeys of a plan; together they go through all of its events.

    Raises:
        PlanError: unknown plan.
    """
    loaded = load(plan, strictness="strict")
    entry = read_journeys()[plan]
    if isinstance(entry, dict):
        # A source with two documents goes the same ways; the events have other names.
        ways = (_renamed(way, plan) for way in read_journeys()[entry["like"]])
        return tuple(_journey(way, loaded) for way in ways if way["starts"])
    return tuple(_journey(way, loaded) for way in entry)


def mixed(plan: str, weights: Mapping[str, int]) -> Journey:
    """Return the journey of a plan that has none: every event may follow every other.

    After each step, three of four users do one thing more.

    Args:
        plan: the plan's name.
        weights: of the events.
    """
    ways = (Follow(event, _GO_ON * weight) for event, weight in weights.items())
    after = (*ways, Follow(None, sum(weights.values())))
    return Journey(
        plan=plan,
        name="mix",
        title="Any event follows any other.",
        starts=tuple(weights),
        begin=weights,
        follows=dict.fromkeys(weights, after),
    )


def _journey(way: JsonObject, plan: Plan) -> Journey:
    return Journey(
        plan=plan.slug,
        name=way["name"],
        title=way["title"],
        starts=tuple(way["starts"]),
        follows={
            event: tuple(Follow(name or None, weight) for name, weight in after.items())
            for event, after in way["follows"].items()
        },
        habits={
            event or None: Weighted((name or None, weight) for name, weight in after.items())
            for event, after in way.get("habits", {}).items()
        },
        share=way.get("share", 1),
        pages={event: JourneyPage(**page) for event, page in way.get("pages", {}).items()},
        keeps=tuple(way["keeps"]),
        identified_at=way.get("identifiedAt"),
    )


def _renamed(way: JsonObject, plan: str) -> JsonObject:
    """Return a journey with the names of another document, without events that it lacks."""
    lenient, strict = load(plan), load(plan, strictness="strict")
    names = {"": ""}
    for event in way["follows"]:
        rule = lenient.rule(event)
        if rule is not None and strict.rule(rule.name) is not None:
            names[event] = rule.name
    follows = {
        names[event]: {names[name]: weight for name, weight in after.items() if name in names}
        for event, after in way["follows"].items()
        if event in names
    }
    starts = [names[event] for event in way["starts"] if event in names]
    met = _reached(starts, follows)
    return {
        **way,
        "starts": starts,
        "follows": {event: after or {"": 1} for event, after in follows.items() if event in met},
        "keeps": [snake_case(name) for name in way["keeps"]],
    }


def _reached(starts: list[str], follows: JsonObject) -> set[str]:
    """Return the events that a journey can come to; some led there by events that are gone."""
    met: set[str] = set()
    waiting = list(starts)
    while waiting:
        event = waiting.pop()
        if event and event not in met:
            met.add(event)
            waiting.extend(follows[event])
    return met
