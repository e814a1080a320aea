"""Which events follow which: the ways that users go through a source's events.

For traffic and strategies. A journey is a graph with weights; nothing that receives
events may rely on its order, as events come late, twice or not at all, and a guide was
seen to be completed before it started (UG-X20).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.loader import load, read_journeys
from mockseg.catalogue.spelling import snake_case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mockseg.catalogue.model import CataloguePlan
    from mockseg.json_types import JsonObject

__all__ = ["Follow", "Journey", "journeys", "mixed"]

_GO_ON: Final = 3


@dataclass(frozen=True, slots=True)
class Follow:
    """What may come next.

    Attributes:
        event: the name of a rule of the plan, or None where the journey ends.
        weight: how likely it is beside the others, a whole number from 1.
    """

    event: str | None
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One way of users through the events of a plan.

    Attributes:
        plan: the plan's name.
        name: the journey's name, unique in the plan.
        title: what happens, in one sentence.
        starts: the events that it may start with.
        follows: what may come after each event; every event of the journey is a key.
        keeps: the properties that have one value throughout, where an event has them.
        identified_at: the event with which a visitor becomes a user: before it there is an
            anonymousId only, and an identify call comes with it. None if the user is
            known from the start.
    """

    plan: str
    name: str
    title: str
    starts: tuple[str, ...]
    follows: Mapping[str, tuple[Follow, ...]]
    keeps: tuple[str, ...] = ()
    identified_at: str | None = None


@cache
def journeys(plan: str) -> tuple[Journey, ...]:
    """Give the journeys of a plan; together they go through all of its events.

    Raises:
        PlanError: there is no such plan.
    """
    loaded = load(plan, strictness="strict")
    entry = read_journeys()[plan]
    if isinstance(entry, dict):
        # A source with two documents goes the same ways; the events have other names.
        ways = (_renamed(way, plan) for way in read_journeys()[entry["like"]])
        return tuple(_journey(way, loaded) for way in ways if way["starts"])
    return tuple(_journey(way, loaded) for way in entry)


def mixed(plan: str, events: Sequence[str]) -> Journey:
    """Return the journey of a plan that has none: every event may follow every other.

    Of four users who did something, three do one thing more.

    Args:
        plan: the plan's name.
        events: the names of its rules.
    """
    after = (*(Follow(event, _GO_ON) for event in events), Follow(None, len(events)))
    return Journey(
        plan=plan,
        name="mix",
        title="Any event follows any other.",
        starts=tuple(events),
        follows=dict.fromkeys(events, after),
    )


def _journey(way: JsonObject, plan: CataloguePlan) -> Journey:
    return Journey(
        plan=plan.name,
        name=way["name"],
        title=way["title"],
        starts=tuple(way["starts"]),
        follows={
            event: tuple(Follow(name or None, weight) for name, weight in after.items())
            for event, after in way["follows"].items()
        },
        keeps=tuple(way["keeps"]),
        identified_at=way.get("identifiedAt"),
    )


def _renamed(way: JsonObject, plan: str) -> JsonObject:
    """Tell a way in the names of another document, without the events that it does not have."""
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
    """Give the events that a journey can come to; some led there by events that are gone."""
    met: set[str] = set()
    waiting = list(starts)
    while waiting:
        event = waiting.pop()
        if event and event not in met:
            met.add(event)
            waiting.extend(follows[event])
    return met
