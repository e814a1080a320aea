"""Everything that a run plays with, prepared: plans, events, ways, mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.catalogue.loader import load
from mockseg.errors import ConfigError
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.traffic.broken import Broken
from mockseg.traffic.draw import Weighted
from mockseg.traffic.from_plan import catalogue_plan
from mockseg.traffic.kinds import kind_of
from mockseg.traffic.ways import Way, journey_ways, mix_way

if TYPE_CHECKING:
    from mockseg.catalogue.model import CataloguePlan, Strictness
    from mockseg.plans.model import Plan
    from mockseg.traffic.kinds import Kind
    from mockseg.traffic.people import People
    from mockseg.traffic.recipe import Recipe

__all__ = ["Stage"]


class Stage:
    """What a run plays with.

    Args:
        recipe: what is asked.
        people: for their words.

    Attributes:
        ways: what people do, all equally likely.
        broken: the mistakes that can be made.
        checks: the plans at the strictness of the run, compiled.
        types: the types of call of the plans' events.
        lived: whether the calls of a life come between.

    Raises:
        ConfigError: there is no plan, or the mix names an event that there is not.
        PlanError: there is no such plan of the catalogue, or nothing satisfies a rule.
    """

    def __init__(self, recipe: Recipe, people: People) -> None:
        if not recipe.catalogue and not recipe.plans:
            raise ConfigError("no events to make traffic of: name plans of the catalogue or a file")
        names = tuple(dict.fromkeys(recipe.catalogue))
        # What is good is good for the strictest reader; what is broken, for the run's.
        strict = {name: load(name, strictness="strict") for name in names}
        own = {plan.slug: catalogue_plan(plan, seed=recipe.seed) for plan in recipe.plans}
        self.checks = PlanSet(
            [*(_compiled(name, recipe.strictness) for name in names), *recipe.plans]
        )
        self._recipe = recipe
        self._people = people
        self._kinds: dict[tuple[str, str], Kind] = {}
        sets = {name: PlanSet((_compiled(name, "strict"),)) for name in names}
        sets |= {plan.slug: PlanSet((plan,)) for plan in recipe.plans}
        self.ways = Weighted((way, 1) for way in self._ways(strict, own, sets))
        self.lived = not recipe.mix
        self.types = frozenset(
            variant.type for kind in self._kinds.values() for variant in kind.variants
        )
        if not self.types:
            raise ConfigError(
                "the plans exclude each other: no event of one satisfies all; name fewer of them"
            )
        lenient = {name: load(name, strictness=recipe.strictness) for name in names}
        self.broken = Broken(tuple((lenient | own).values()), self.checks, recipe.types)
        if recipe.invalid:
            # Before the run: while it goes on nobody has time to look for mistakes.
            for plan, name in self._kinds:
                self.broken.of_event(plan, name)
                self.broken.of_edge(plan)

    def _ways(
        self,
        strict: dict[str, CataloguePlan],
        own: dict[str, CataloguePlan],
        sets: dict[str, PlanSet],
    ) -> list[Way]:
        def kind(plan: CataloguePlan, name: str) -> Kind:
            key = (plan.name, name)
            if key not in self._kinds:
                self._kinds[key] = kind_of(
                    plan,
                    name,
                    checks=sets[plan.name],
                    everything=self.checks,
                    people=self._people,
                    seed=self._recipe.seed,
                )
            return self._kinds[key]

        def all_kinds(plan: CataloguePlan) -> list[Kind]:
            names = dict.fromkeys(rule.name for rule in plan.rules if rule.name != "common")
            return [kind(plan, name) for name in names]

        if self._recipe.mix:
            every = [each for plan in (strict | own).values() for each in all_kinds(plan)]
            return [mix_way(every, self._recipe.mix, lived=False)]
        ways = [
            way
            for plan in strict.values()
            for way in journey_ways(plan, lambda name, plan=plan: kind(plan, name))  # type: ignore[misc]  # a default binds the loop's plan
        ]
        return ways + [mix_way(all_kinds(plan), {}, lived=True) for plan in own.values()]


def _compiled(name: str, strictness: Strictness) -> Plan:
    return plan_from_json(load(name, strictness=strictness).to_json(), file=name, check=False)
