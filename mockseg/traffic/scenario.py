"""What is asked of a run, and everything that it plays with, prepared before it begins.

Of the mistakes only those are made that the plans of the run find, each at its strictness, so
that a server's findings can be compared with the label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from math import lcm
from typing import Final

from mockseg.catalogue.envelope import Wrapping, built
from mockseg.catalogue.journeys import Journey, Weighted, journeys, mixed
from mockseg.catalogue.loader import load
from mockseg.catalogue.lookup import FoundRule
from mockseg.catalogue.mistakes import Breakage, breakages, edge_breakages
from mockseg.domain.message import holder_of
from mockseg.domain.spec import check
from mockseg.errors import ConfigError, PlanError
from mockseg.json_types import Json, JsonObject, as_text
from mockseg.plans.model import Plan, Rule, Strictness
from mockseg.plans.planset import PlanSet
from mockseg.schemas.values import Builder
from mockseg.suggestions import unknown
from mockseg.traffic.draw import Draw, SeededChooser
from mockseg.traffic.event_templates import STAMPED, EventTemplate, Variant
from mockseg.traffic.ids import IdForm, MessageIds
from mockseg.traffic.people import People
from mockseg.traffic.schedule import Schedule


def findings(message: JsonObject, checks: PlanSet) -> set[str]:
    """Return the codes of all that is found in a message: by the Spec, else by the plans."""
    type_ = as_text(message.get("type"))
    discards = {discard.code for discard in check(message, type_)}
    if discards:
        return discards
    event = message.get("event")
    return {violation.code for violation in checks.check(message, type=type_, event=event)}


MOST_USERS = 10_000_000

_EXAMPLES: Final = 4
_TRIES: Final = 200
# Whose ids examples are tried with.
_UUID: Final = "00000000-0000-4000-a000-000000000000"
_EMAIL: Final = "someone@example.net"
_WRAPPING: Final = Wrapping(context=False, timestamp=False, plain=True)
_OUTSIDE: Final = frozenset({"type", "event", "userId", "anonymousId", "messageId", "timestamp"})
# What Segment itself takes in these fields, whatever a plan allows there.
_OBJECTS: Final = frozenset({"context", "integrations", "properties", "traits"})
_TEXTS: Final = frozenset({"name", "category", "groupId", "previousId"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Which people do what, when; the same recipe gives the same bytes.

    Attributes:
        schedule: when calls are due.
        start_ns: the moment of the beginning.
        catalogue: names of plans of the catalogue.
        plans: the user's own plans.
        strictness: of the catalogue's plans where they decide what is broken.
        users: how many people, from 1.
        seed: any text.
        invalid: share of calls that are broken on purpose, 0 to 1.
        duplicates: share of calls that were sent before.
        late: share of calls that happened long before they are sent.
        locale: where the people live, as faker names it.
        mix: weights by event, instead of journeys; empty for those.
        span_ns: over which time the calls happened, or None for the schedule's own.
        share: which part of all people this is; no two parts have a person in common.
        types: the only types of call, or empty for all.
    """

    schedule: Schedule
    start_ns: int
    catalogue: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = ()
    strictness: Strictness = "lenient"
    users: int = 100
    seed: str = "0"
    invalid: float = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    locale: str = "en_US"
    mix: Mapping[str, int] = field(default_factory=dict)
    span_ns: int | None = None
    share: int = 0
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """A journey with what each of its events sends.

    Attributes:
        journey: the graph.
        events: by name.
    """

    journey: Journey
    events: Mapping[str, EventTemplate]


class Scenario:
    """What a run plays with.

    Args:
        recipe: what is asked.
        people: for their words.

    Attributes:
        routes: what people do: each plan as often as it has journeys, these in their shares.
        violations: messages of an event that violate its plan, by plan and event.
        discards: messages of a plan that Segment discards, by plan.
        checks: the plans at the strictness of the run, compiled.
        types: the types of call of the plans' events.
        with_baseline: whether baseline calls come between: people look at pages and sign up.

    Raises:
        ConfigError: no plan is named, or the mix names an unknown event.
        PlanError: the catalogue has no such plan, or nothing satisfies a rule.
    """

    def __init__(self, recipe: Recipe, people: People) -> None:
        if not recipe.catalogue and not recipe.plans:
            raise ConfigError(
                "no events to send: name plans of the catalogue (--catalogue ecommerce) or your own"
                " (--plan FILE)"
            )
        names = tuple(dict.fromkeys(recipe.catalogue))
        # What is good is good for the strictest reader; what is broken, for the run's.
        strict = [load(name, strictness="strict") for name in names]
        lenient = [load(name, strictness=recipe.strictness) for name in names]
        own = [with_examples(plan, seed=recipe.seed) for plan in recipe.plans]
        self.checks = PlanSet([*lenient, *own])
        self._recipe = recipe
        self._people = people
        self._templates: dict[tuple[str, str], EventTemplate] = {}
        self.routes = _in_shares(self._routes(strict, own))
        self.with_baseline = not recipe.mix
        self.types = frozenset(
            variant.type for event in self._templates.values() for variant in event.variants
        )
        if not self.types:
            raise ConfigError(
                "the plans exclude each other: no event of one satisfies all; name fewer of them"
            )
        self.violations: dict[tuple[str, str], tuple[Breakage, ...]] = {}
        self.discards: dict[str, tuple[Breakage, ...]] = {}
        for plan in (*lenient, *own) if recipe.invalid else ():
            self.discards[plan.slug] = self._usable(edge_breakages(plan))
            for name in dict.fromkeys(rule.name for rule in plan.rules if rule.type != "COMMON"):
                rules = (rule for rule in plan.rules if rule.name == name and rule.type != "COMMON")
                broken = (each for rule in rules for each in breakages(plan, rule))
                self.violations[plan.slug, name] = self._usable(broken)

    def _usable(self, candidates: Iterable[Breakage]) -> tuple[Breakage, ...]:
        types = self._recipe.types
        return tuple(
            each
            for each in candidates
            # By its messageId a call is found again, so that one stays whole.
            if each.field != "messageId"
            and (not types or each.type.lower() in types)
            and each.code in findings(each.message, self.checks)
        )

    def _routes(self, strict: list[Plan], own: list[Plan]) -> list[Route]:
        events = {plan.slug: self._events(plan) for plan in (*strict, *own)}
        if not self._recipe.mix:
            ways = [
                *(journey for plan in strict for journey in journeys(plan.slug)),
                *(mixed(plan.slug, dict.fromkeys(events[plan.slug], 1)) for plan in own),
            ]
            return [Route(way, events[way.plan]) for way in ways]
        every = {
            name: each for of_plan in reversed(events.values()) for name, each in of_plan.items()
        }
        for name in self._recipe.mix:
            if name not in every:
                see = "mockseg catalogue show PLAN"
                sentence = unknown("event", name, every, see=see, label="Known")
                raise ConfigError(f"the mix: {sentence}")
        return [Route(mixed("mix", self._recipe.mix), every)]

    def _events(self, plan: Plan) -> dict[str, EventTemplate]:
        checks, seed = PlanSet((plan,)), self._recipe.seed
        made: dict[str, EventTemplate] = {}
        for name in dict.fromkeys(rule.name for rule in plan.rules if rule.name != "common"):
            variants = (
                Variant(plan, rule, example=number, checks=checks, people=self._people, seed=seed)
                for rule in plan.rules
                if rule.name == name
                for number in range(len(rule.examples))
            )
            usable = tuple(each for each in variants if each.is_good_for(self.checks))
            made[name] = EventTemplate(plan.slug, name, usable)
        self._templates |= {(plan.slug, name): each for name, each in made.items()}
        return made


def _in_shares(routes: list[Route]) -> Weighted[Route]:
    of_plan: dict[str, list[int]] = {}
    for route in routes:
        of_plan.setdefault(route.journey.plan, []).append(route.journey.share)
    whole = lcm(*map(sum, of_plan.values()))
    each = {plan: whole * len(shares) // sum(shares) for plan, shares in of_plan.items()}
    return Weighted((route, each[route.journey.plan] * route.journey.share) for route in routes)


def with_examples(plan: Plan, *, seed: str) -> Plan:
    """Return the rules of a plan for calls, each with examples: its own, or values of its schema.

    Args:
        plan: the user's plan.
        seed: of the run.

    Raises:
        PlanError: no message satisfies a rule, or the plan has no rule for calls.
    """
    made = _Examples(plan, seed=seed)
    rules = tuple(
        rule if rule.type == "COMMON" else replace(rule, examples=made.of(rule))
        for rule in plan.rules
    )
    if all(rule.type == "COMMON" for rule in rules):
        raise PlanError("has no rule for a call, so there is nothing to send", file=plan.name)
    return replace(plan, rules=rules)


class _Examples:
    """Makes examples of the rules of a user's plan.

    Args:
        plan: the plan.
        seed: of the run.
    """

    def __init__(self, plan: Plan, *, seed: str) -> None:
        self._plan, self._seed = plan, seed
        self._checks = PlanSet((plan,))
        self._ids: JsonObject = {
            field: IdForm(field, (plan,), seed=seed).of(0, uuid=_UUID, email=_EMAIL)
            for field in ("userId", "anonymousId")
        }
        self._ids["messageId"] = MessageIds((plan,), seed=seed).example()

    def of(self, rule: Rule) -> tuple[JsonObject, ...]:
        """Return the examples that a rule has, or values of its schema.

        Raises:
            PlanError: no message satisfies the rule.
        """
        plan, match = self._plan, FoundRule(self._plan, rule)
        if rule.examples:
            return tuple(_example(each, rule) for each in rule.examples)
        draw = Draw(self._seed, plan.slug, rule.type, rule.key, rule.version)
        builder: Builder[Callable[[], Json]] = Builder(SeededChooser(draw), file=plan.name)
        value = built(builder, match, rule.type.lower(), _WRAPPING)
        drawn = [_example(value(), rule) for _ in range(_EXAMPLES)]
        more = (_example(value(), rule) for _ in range(_TRIES))
        good = (each for each in chain(drawn, more) if not self._wrong(each, rule))
        found = tuple(islice(good, _EXAMPLES))
        if not found:
            raise PlanError(
                f"no call of traffic satisfies {rule.label}: {self._wrong(drawn[0], rule)}; give"
                ' the rule an array of "examples", such as [{"properties": {...}}]; the ids of'
                " users are UUIDs where the plan allows them",
                file=plan.name,
            )
        return found

    def _wrong(self, example: JsonObject, rule: Rule) -> str:
        """Return what the plan finds in a call with this example; empty if it is good."""
        message = STAMPED | example | {"type": rule.type.lower()} | self._ids
        event = rule.key if rule.type == "TRACK" else None
        if event is not None:
            message["event"] = event
        elif rule.key is not None:
            message["name"] = rule.key
        found = self._checks.check(message, type=rule.type.lower(), event=event)
        return found[0].description if found else ""


def _example(made: JsonObject, rule: Rule) -> JsonObject:
    example = {
        key: value
        for key, value in made.items()
        if key not in _OUTSIDE
        and (key not in _OBJECTS or isinstance(value, dict))
        and (key not in _TEXTS or (isinstance(value, str) and value))
    }
    example.setdefault(holder_of(rule.type.lower()), {})
    if rule.type == "GROUP":
        example.setdefault("groupId", "company-1")
    if rule.type == "ALIAS":
        example.setdefault("previousId", "visitor-1")
    return example
