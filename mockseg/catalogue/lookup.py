"""Finding an event by its name, over all plans of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockseg import suggestions
from mockseg.catalogue.loader import catalogues, load
from mockseg.errors import PlanError

if TYPE_CHECKING:
    from mockseg.catalogue.model import CataloguePlan, CatalogueRule, Strictness

__all__ = ["Match", "find", "get", "nearest_names"]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that a name means, and the plan that it stands in."""

    plan: CataloguePlan
    rule: CatalogueRule


def find(
    name: str, *, plan: str | None = None, strictness: Strictness = "lenient"
) -> tuple[Match, ...]:
    """Give the rules that are called so, in all plans or one; empty when none is.

    Rules of exactly this name come first, then those that it is another spelling of.

    Raises:
        PlanError: there is no such plan.
    """
    exact: list[Match] = []
    others: list[Match] = []
    for each in _plans(plan, strictness):
        named = [rule for rule in each.rules if rule.name == name]
        exact.extend(Match(each, rule) for rule in named)
        if not named and (rule := each.rule(name)) is not None:
            others.append(Match(each, rule))
    return (*exact, *others)


def get(
    name: str,
    *,
    plan: str | None = None,
    type: str | None = None,  # noqa: A002  # the word of the JSON
    strictness: Strictness = "lenient",
) -> Match:
    """Give the one rule that is called so; of several the first.

    Args:
        name: an event's name, or ``identify``, ``page`` and the like.
        plan: the plan to look in; all of them when None.
        type: the rule's type in capitals, where a name has several.
        strictness: of the plans.

    Raises:
        PlanError: nothing is called so; the sentence names what is nearest.
    """
    for match in find(name, plan=plan, strictness=strictness):
        if type is None or match.rule.type == type:
            return match
    where = f"catalogue, plan {plan}" if plan else "catalogue"
    names = dict.fromkeys(
        rule.name
        for each in _plans(plan, strictness)
        for rule in each.rules
        if type is None or rule.type == type
    )
    kind = "event" if type is None else f"{type} rule"
    see = "mockseg catalogue list" if plan is None else f"mockseg catalogue show {plan}"
    raise PlanError(
        suggestions.unknown(kind, name, names, see=see, label="Known", most=3), file=where
    )


def nearest_names(
    name: str, *, plan: str | None = None, limit: int = 5, strictness: Strictness = "lenient"
) -> tuple[str, ...]:
    """Give the names of rules that are most like this one, the nearest first.

    Raises:
        PlanError: there is no such plan.
    """
    spellings = {
        spelling: rule.name
        for each in _plans(plan, strictness)
        for rule in each.rules
        for spelling in (*rule.aliases, rule.name)
    }
    alike = suggestions.nearest_names(name, tuple(spellings), limit=len(spellings))
    return tuple(dict.fromkeys(spellings[each] for each in alike))[:limit]


def _plans(plan: str | None, strictness: Strictness) -> tuple[CataloguePlan, ...]:
    names = catalogues() if plan is None else (plan,)
    return tuple(load(name, strictness=strictness) for name in names)
