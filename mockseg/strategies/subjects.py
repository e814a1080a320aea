"""What messages are made of: a rule, of the catalogue or of the user's own plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import get
from mockseg.catalogue.model import CataloguePlan
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.errors import PlanError
from mockseg.plans.coverage_items import items_of
from mockseg.plans.model import Plan, plan_from_json, read_plan
from mockseg.plans.schema_tree import IN_PLACE, children
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from mockseg.catalogue.model import CatalogueRule, Strictness
    from mockseg.json_types import JsonObject

__all__ = ["PlanLike", "Subject", "checked_type", "plan_of", "subject_of", "subjects_of"]

# A plan's name in the catalogue, a file, a plan that was read, or a plan's JSON.
PlanLike: TypeAlias = "str | Path | CataloguePlan | Plan | dict[str, Any]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A rule with all that a message of it needs.

    Attributes:
        plan: the plan's name.
        name: the rule's name for people.
        type: the rule's type in capitals.
        keys: the names that the event may have, its own first; empty where it has none.
        schema: over the whole message.
        common: the schemas that hold for every call of the plan.
        version: to be asked for in ``context.protocols``; 0 where no other is known.
        context: what every call's context holds.
        user_id_property: the property that repeats the userId, or None.
        whole: the plan as the catalogue has it, or None.
        rule: the rule as the catalogue has it, or None.
    """

    plan: str
    name: str
    type: str
    keys: tuple[str, ...]
    schema: JsonObject
    common: tuple[JsonObject, ...] = ()
    version: int = 0
    context: JsonObject
    user_id_property: str | None = None
    whole: CataloguePlan | None = None
    rule: CatalogueRule | None = None

    def fields(self) -> tuple[str, ...]:
        """Give the fields of the message that the plan speaks of."""
        found: dict[str, None] = {}
        waiting: list[Any] = [*self.common, self.schema]
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, dict):
                continue
            found |= dict.fromkeys((*schema.get("properties", {}), *schema.get("required", ())))
            waiting += [sub for step, sub in children(schema) if step[0] in IN_PLACE]
        return tuple(found)

    @property
    def weight(self) -> int:
        """Give how often it is drawn beside others: more for branches and long enumerations."""
        kinds = [item.kind for item in items_of(self.schema)]
        return 3 + kinds.count("branch") + kinds.count("value") // 3


def subjects_of(plan: PlanLike, *, strictness: Strictness = "strict") -> tuple[Subject, ...]:
    """Give all rules of a plan that messages can be made of.

    Raises:
        PlanError: there is no such plan, or it is none.
    """
    if isinstance(plan, str):
        return _of_catalogue(plan, strictness)
    if isinstance(plan, CataloguePlan):
        return _from_catalogue(plan)
    return _from_plan(plan_of(plan))


def subject_of(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "strict",
) -> Subject:
    """Give the one rule that is called so.

    Args:
        name: an event's name, or ``identify``, ``page`` and the like.
        plan: the plan that it stands in; the first of the catalogue that knows it when None.
        type: the type of call, where one name has several.
        strictness: of the catalogue's plans.

    Raises:
        PlanError: nothing is called so; the sentence names what is nearest.
    """
    _check_name(name)
    wanted = None if type is None else checked_type(type).upper()
    if plan is None or isinstance(plan, str):
        match = get(name, plan=plan, type=wanted, strictness=strictness)
        for subject in _of_catalogue(match.plan.name, strictness):
            if subject.rule is match.rule:
                return subject
    subjects = subjects_of(plan, strictness=strictness) if plan is not None else ()
    for subject in subjects:
        if name in (subject.name, *subject.keys) and wanted in (None, subject.type):
            return subject
    known = tuple(subject.name for subject in subjects)
    raise PlanError(unknown("event", name, known, label="Known"), file=_file(plan))


def plan_of(plan: PlanLike, *, strictness: Strictness = "strict") -> Plan:
    """Give a plan as validators have it.

    Raises:
        PlanError: there is no such plan, or it is none.
    """
    if isinstance(plan, str):
        return _validated(plan, strictness)
    if isinstance(plan, CataloguePlan):
        return plan_from_json(plan.to_json(), file=plan.name, check=False)
    if isinstance(plan, Path):
        return read_plan(plan)
    if isinstance(plan, Plan):
        return plan
    return plan_from_json(plan, file="plan")


def checked_type(name: str) -> str:
    """Give the type of a call in lower case.

    Raises:
        PlanError: the Spec has no such type.
    """
    kind = str(name).lower()
    if kind not in (*MESSAGE_TYPES, "common"):
        raise PlanError(unknown("type of call", kind, MESSAGE_TYPES), file="Spec")
    return kind


@lru_cache(maxsize=64)
def _of_catalogue(name: str, strictness: Strictness) -> tuple[Subject, ...]:
    return _from_catalogue(load(name, strictness=strictness))


@lru_cache(maxsize=64)
def _validated(name: str, strictness: Strictness) -> Plan:
    plan = load(name, strictness=strictness)
    return plan_from_json(plan.to_json(), file=name, check=False)


def _from_catalogue(plan: CataloguePlan) -> tuple[Subject, ...]:
    common = tuple(rule.schema for rule in plan.rules if rule.type == "COMMON")
    return tuple(
        Subject(
            plan=plan.name,
            name=rule.name,
            type=rule.type,
            keys=(rule.key, *rule.aliases) if rule.key else (),
            schema=rule.schema,
            common=common,
            context=plan.wire.context,
            user_id_property=plan.wire.user_id_property,
            whole=plan,
            rule=rule,
        )
        for rule in plan.rules
    )


def _from_plan(plan: Plan) -> tuple[Subject, ...]:
    common = tuple(rule.schema for rule in plan.rules if rule.type == "COMMON")
    identities = [(rule.type, rule.key) for rule in plan.rules]
    subjects = tuple(
        Subject(
            plan=plan.slug,
            name=rule.key or rule.type.lower(),
            type=rule.type,
            keys=(rule.key, *rule.aliases) if rule.key else (),
            schema=rule.schema,
            common=common,
            version=rule.version if identities.count((rule.type, rule.key)) > 1 else 0,
            context={},
        )
        for rule in plan.rules
    )
    if not subjects:
        raise PlanError("the plan has no rules, so there is nothing to make", file=plan.slug)
    return subjects


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise PlanError(f"an event's name is a string, not {name!r}", file="catalogue")


def _file(plan: object) -> str:
    if isinstance(plan, CataloguePlan):
        return plan.name
    if isinstance(plan, Plan):
        return plan.slug
    if isinstance(plan, dict):
        return "plan"
    return f"catalogue, plan {plan}" if plan in catalogues() else str(plan)
