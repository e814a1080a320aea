"""Every way to break the events of a plan, with the finding that each must give.

Pure data for strategies, traffic and tests: nothing is validated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from mockseg.catalogue.discards import discard_faults
from mockseg.catalogue.faults import faults
from mockseg.catalogue.messages import message_for
from mockseg.catalogue.spelling import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.catalogue.model import CataloguePlan, CatalogueRule
    from mockseg.json_types import Json, JsonObject

__all__ = ["Breakage", "breakages"]

_NOBODYS: Final = "Nothing Anybody Planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """A broken message, labelled.

    Attributes:
        id: its name, unique in the catalogue at one strictness.
        plan: the plan's name.
        rule: the rule's name; the message is an event of it but for the mistake.
        type: the rule's type in capitals.
        description: what is wrong, in one sentence.
        message: the whole message; not to be changed.
        kind: ``violation`` of the plan, or ``discard`` by Segment's edge.
        code: the code of the finding that it must give; it may give others too.
        field: the field of that finding, as Segment writes it.
        when: the branch of a conditional rule that is broken; empty otherwise.
    """

    id: str
    plan: str
    rule: str
    type: str
    description: str
    message: JsonObject
    kind: Literal["violation", "discard"]
    code: str
    field: str
    when: str = ""


def breakages(plan: CataloguePlan, rule: CatalogueRule | None = None) -> tuple[Breakage, ...]:
    """Give every way to break a rule, or all rules of a plan.

    For a whole plan there are also the ways to break each type of call so that Segment
    discards it, made from the first rule of that type.

    Args:
        plan: the plan; what breaks it depends on its strictness.
        rule: one of its rules, or None for all.
    """
    if rule is not None:
        return (*_violations(plan, rule), *_unplanned(plan, rule))
    first: dict[str, CatalogueRule] = {}
    for each in plan.rules:
        if each.type != "COMMON":
            first.setdefault(each.type, each)
    rules = (breakage for each in plan.rules for breakage in breakages(plan, each))
    discards = (breakage for each in first.values() for breakage in _discards(plan, each))
    return (*rules, *discards)


def _violations(plan: CataloguePlan, rule: CatalogueRule) -> Iterator[Breakage]:
    message = message_for(plan, rule)
    for fault in faults(rule.schema, message, values=_values(rule)):
        field = ".".join(map(str, fault.path)) or "(root)"
        yield Breakage(
            id=_id(plan, rule, fault.code, field, fault.detail, slug(fault.when)),
            plan=plan.name,
            rule=rule.name,
            type=rule.type,
            description=fault.description,
            message=fault.message,
            kind="violation",
            code=fault.code,
            field=field,
            when=fault.when,
        )


def _values(rule: CatalogueRule) -> dict[str, Json]:
    """Give a good value for each property that an example shows."""
    values: dict[str, Json] = {}
    for example in rule.examples:
        values |= example.get("properties", {})
    return values


def _unplanned(plan: CataloguePlan, rule: CatalogueRule) -> Iterator[Breakage]:
    """Give messages whose event is nearly the rule's, and one of an event that is nobody's."""
    if rule.type != "TRACK":
        return
    message = message_for(plan, rule)
    for detail, name in _near_misses(rule.key).items():
        if plan.rule(name, type="TRACK") is None:
            yield Breakage(
                id=_id(plan, rule, "unplanned_event", "event", detail),
                plan=plan.name,
                rule=rule.name,
                type=rule.type,
                description=f'the event is called "{name}"',
                message={**message, "event": name},
                kind="violation",
                code="unplanned_event",
                field="event",
            )


def _near_misses(key: str) -> dict[str, str]:
    middle = len(key) // 2
    return {
        "capitals": key.upper(),
        "lower-case": key.lower(),
        "underscores": "_".join(key.split()),
        "blank-at-the-end": f"{key} ",
        "missing-letter": key[:middle] + key[middle + 1 :],
        "without-suffix": key.partition(" (")[0],
        "nobodys": _NOBODYS,
    }


def _discards(plan: CataloguePlan, rule: CatalogueRule) -> Iterator[Breakage]:
    for fault in discard_faults(message_for(plan, rule)):
        yield Breakage(
            id=_id(plan, rule, fault.code, fault.field or "(root)", fault.detail),
            plan=plan.name,
            rule=rule.name,
            type=rule.type,
            description=fault.description,
            message=fault.message,
            kind="discard",
            code=fault.code,
            field=fault.field,
        )


def _id(plan: CataloguePlan, rule: CatalogueRule, *parts: str) -> str:
    names = (plan.name, slug(rule.name), rule.type.lower(), *parts)
    return "/".join(name for name in names if name)
