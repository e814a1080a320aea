"""Finding plans and events: the catalogue's by name, the user's own in every form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mockseg.catalogue.loader import catalogues, load
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.errors import PlanError
from mockseg.json_types import JsonObject
from mockseg.plans.model import Plan, Rule, Strictness, plan_from_json, read_plan
from mockseg.suggestions import nearest_names as most_alike
from mockseg.suggestions import unknown

# A plan's name in the catalogue, a file, a plan that was read, or a plan's JSON.
PlanLike: TypeAlias = "str | Path | Plan | dict[str, Any]"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FoundRule:
    """A rule and the plan that it stands in; the same only if both are the very same objects."""

    plan: Plan
    rule: Rule

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FoundRule) and self.plan is other.plan and self.rule is other.rule

    def __hash__(self) -> int:
        return hash((id(self.plan), id(self.rule)))

    @property
    def schemas(self) -> tuple[JsonObject, ...]:
        return (self.rule.schema, *self.plan.common)

    @property
    def version(self) -> int:
        """The version to ask for in ``context.protocols``; 0 if the rule has only one."""
        identity = (self.rule.type, self.rule.key)
        versions = [each for each in self.plan.rules if (each.type, each.key) == identity]
        return self.rule.version if len(versions) > 1 else 0


def plan_of(plan: PlanLike, *, strictness: Strictness = "strict") -> Plan:
    """Return a plan that is given in any form.

    Args:
        plan: a name of the catalogue, a file, a plan, or its JSON.
        strictness: of a plan of the catalogue.

    Raises:
        PlanError: unknown or invalid plan.
    """
    if isinstance(plan, str):
        return load(plan, strictness=strictness)
    if isinstance(plan, Path):
        return read_plan(plan)
    return plan if isinstance(plan, Plan) else plan_from_json(plan, file="plan")


def matches_of(plan: PlanLike, *, strictness: Strictness = "strict") -> tuple[FoundRule, ...]:
    """Return all rules of a plan.

    Raises:
        PlanError: unknown or invalid plan, or it has no rules.
    """
    found = plan_of(plan, strictness=strictness)
    if not found.rules:
        raise PlanError("the plan has no rules, so there is nothing to make", file=found.slug)
    return tuple(FoundRule(found, rule) for rule in found.rules)


def find(
    name: str, *, plan: PlanLike | None = None, strictness: Strictness = "lenient"
) -> tuple[FoundRule, ...]:
    """Return the rules of this name, in all plans of the catalogue or in one; maybe none.

    Rules of exactly this name come first, then those that it is another spelling of.

    Raises:
        PlanError: unknown plan.
    """
    exact: list[FoundRule] = []
    others: list[FoundRule] = []
    for each in _plans(plan, strictness):
        named = [rule for rule in each.rules if rule.name == name]
        exact.extend(FoundRule(each, rule) for rule in named)
        if not named and (rule := each.rule(name)) is not None:
            others.append(FoundRule(each, rule))
    return (*exact, *others)


def get(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the JSON
    strictness: Strictness = "lenient",
) -> FoundRule:
    """Return the one rule of this name; of several the first.

    Args:
        name: an event's name, or ``identify``, ``page`` and the like.
        plan: the plan to look in; all of the catalogue when None.
        type: the type of call, in any case, where a name has several.
        strictness: of the catalogue's plans.

    Raises:
        PlanError: no rule has this name; the sentence names what is nearest.
    """
    if not isinstance(name, str):
        raise PlanError(f"an event's name is a string, not {name!r}", file="catalogue")
    wanted = None if type is None else checked_type(type).upper()
    plans = _plans(plan, strictness)
    if not any(each.rules for each in plans):
        matches_of(plans[0])
    for each in plans if plan is not None else (None,):
        for match in find(name, plan=each, strictness=strictness):
            if wanted in {None, match.rule.type}:
                return match
    names = dict.fromkeys(
        rule.name for each in plans for rule in each.rules if wanted in {None, rule.type}
    )
    see, where = "", plans[0].slug
    if plan is None:
        see, where = "mockseg catalogue list", "catalogue"
    elif plans[0].slug in catalogues():
        see, where = f"mockseg catalogue show {where}", f"catalogue, plan {where}"
    kind = "event" if wanted is None else f"{wanted} rule"
    raise PlanError(unknown(kind, name, names, see=see, label="Known", most=3), file=where)


def nearest_names(
    name: str, *, plan: str | None = None, limit: int = 5, strictness: Strictness = "lenient"
) -> tuple[str, ...]:
    """Return the names of rules that are most like this one, the nearest first.

    Raises:
        PlanError: unknown plan.
    """
    spellings = {
        spelling: rule.name
        for each in _plans(plan, strictness)
        for rule in each.rules
        for spelling in (*rule.aliases, rule.name)
    }
    alike = most_alike(name, tuple(spellings), limit=len(spellings))
    return tuple(dict.fromkeys(spellings[each] for each in alike))[:limit]


def checked_type(name: str) -> str:
    """Return the type of a call in lower case.

    Raises:
        PlanError: the Spec has no such type.
    """
    kind = str(name).lower()
    if kind not in (*MESSAGE_TYPES, "common"):
        raise PlanError(unknown("type of call", kind, MESSAGE_TYPES), file="Spec")
    return kind


def _plans(plan: PlanLike | None, strictness: Strictness) -> tuple[Plan, ...]:
    if plan is None:
        return tuple(load(name, strictness=strictness) for name in catalogues())
    return (plan_of(plan, strictness=strictness),)
