"""From anybody's tracking plan to events that can be made: with an example for each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.catalogue.model import CataloguePlan, CatalogueRule, Wire
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.errors import PlanError
from mockseg.plans.planset import PlanSet
from mockseg.traffic.draw import Draw
from mockseg.traffic.kinds import STAMPED
from mockseg.traffic.plain_schema import plain
from mockseg.traffic.schema_values import SchemaValues

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.model import Plan, Rule

__all__ = ["catalogue_plan"]

_EXAMPLES: Final = 4
_TRIES: Final = 200
_OUTSIDE: Final = frozenset({"type", "event", "userId", "anonymousId", "messageId", "timestamp"})
# What Segment itself takes in these fields, whatever a plan allows there.
_OBJECTS: Final = frozenset({"context", "integrations", "properties", "traits"})
_TEXTS: Final = frozenset({"name", "category", "groupId", "previousId"})


def catalogue_plan(plan: Plan, *, seed: str) -> CataloguePlan:
    """Make examples for every rule of a plan.

    Where a rule has ``examples`` of its own, as the catalogue writes them, those are used.

    Args:
        plan: the user's plan.
        seed: of the run.

    Raises:
        PlanError: no message was found that a rule likes, or the plan has no rule for calls.
    """
    checks = PlanSet((plan,))
    newest: dict[tuple[str, str | None], Rule] = {}
    for rule in plan.rules:
        if rule.type != "COMMON":
            newest[rule.type, rule.key] = rule
    if not newest:
        raise PlanError("has no rule for a call, so there is nothing to send", file=plan.name)
    rules = tuple(
        CatalogueRule(
            type=rule.type,
            key=rule.key or "",
            title=rule.title,
            document=plan.name,
            schema=plain(rule.schema),
            examples=_examples(plan, rule, checks, seed=seed),
        )
        for rule in newest.values()
    )
    return CataloguePlan(
        name=plan.slug,
        title=plan.name,
        description=plan.description,
        document=plan.name,
        strictness="strict",
        caseless=plan.caseless,
        rules=rules,
        wire=Wire(channel="browser", calls=MESSAGE_TYPES, context={}, regions=("us", "eu")),
    )


def _examples(plan: Plan, rule: Rule, checks: PlanSet, *, seed: str) -> tuple[JsonObject, ...]:
    values = SchemaValues(Draw(seed, plan.slug, rule.type, rule.key))
    given = rule.extra.get("examples")
    if isinstance(given, list) and given and all(isinstance(each, dict) for each in given):
        return tuple(_example(each, rule) for each in given)
    found: list[JsonObject] = []
    for _ in range(_TRIES):
        example = _example(values.made(rule.schema), rule)
        if _is_good(example, rule, checks):
            found.append(example)
            if len(found) == _EXAMPLES:
                break
    if not found:
        raise PlanError(
            f"no message was found that satisfies {rule.name}; give the rule an array of"
            ' "examples", such as [{"properties": {...}}]',
            file=plan.name,
        )
    return tuple(found)


def _example(made: Json, rule: Rule) -> JsonObject:
    message = made if isinstance(made, dict) else {}
    example = {
        key: value
        for key, value in message.items()
        if key not in _OUTSIDE
        and (key not in _OBJECTS or isinstance(value, dict))
        and (key not in _TEXTS or (isinstance(value, str) and value))
    }
    example.setdefault("traits" if rule.type in {"IDENTIFY", "GROUP"} else "properties", {})
    if rule.type == "GROUP":
        example.setdefault("groupId", "company-1")
    if rule.type == "ALIAS":
        example.setdefault("previousId", "visitor-1")
    return example


def _is_good(example: JsonObject, rule: Rule, checks: PlanSet) -> bool:
    message = STAMPED | example | {"type": rule.type.lower(), "userId": "u", "anonymousId": "a"}
    event = rule.key if rule.type == "TRACK" else None
    if event is not None:
        message["event"] = event
    elif rule.key is not None:
        message["name"] = rule.key
    return not checks.check(message, type=rule.type.lower(), event=event)
