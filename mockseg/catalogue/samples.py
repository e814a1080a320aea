"""Whole messages of the documented events, as their sources put them on the wire."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import get
from mockseg.catalogue.messages import message_for
from mockseg.catalogue.mistakes import breakages
from mockseg.catalogue.spelling import slug
from mockseg.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mockseg.catalogue.mistakes import Breakage
    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan, Rule


_SPEC: Final = "spec"


def sample(
    event: str,
    *,
    plan: str | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    example: int = 0,
    user_id: str | None = "user-1",
    anonymous_id: str | None = None,
) -> JsonObject:
    """Return one message of a documented event, the same at every call.

    It has no messageId, which Segment then assigns, so that it may be sent many times
    without being taken for a duplicate.

    Args:
        event: the event's name, or ``identify``, ``page`` and the like.
        plan: the plan that it stands in; the first that knows it when None.
        type: the type of call (``screen``), where one name has several.
        example: which of the event's examples, from 0.
        user_id: the user; None for somebody who is not identified.
        anonymous_id: the anonymous id; given by itself without a user.

    Raises:
        PlanError: no such plan, event or example; the sentence names what is nearest.
    """
    match = get(event, plan=plan, type=None if type is None else type.upper())
    count = len(match.rule.examples)
    if not 0 <= example < count:
        raise PlanError(
            f"{match.rule.name} has no example {example}; allowed are 0 to {count - 1}",
            file=f"catalogue, plan {match.plan.slug}",
        )
    return message_for(
        match.plan, match.rule, example=example, user_id=user_id, anonymous_id=anonymous_id
    )


def samples(plans: Iterable[str] | None = None) -> Iterator[tuple[str, JsonObject]]:
    """Return a file for each event with a good message, and one with its labelled bad ones.

    The bad ones are a choice from those of the strict plan: one of each kind at each
    place, and wrong types not deeper than the properties of the event themselves.
    :func:`mockseg.catalogue.mistakes.breakages` knows them all.

    Yields:
        The path of the file with ``/`` and without a leading one, and its JSON.

    Raises:
        PlanError: unknown .
    """
    for name in catalogues() if plans is None else plans:
        plan = load(name, strictness="strict")
        for rule in plan.rules:
            stem = f"{name}/{_stem(plan, rule)}"
            yield f"{stem}.json", message_for(plan, rule)
            yield f"{stem}.invalid.json", _invalid(plan, rule)


def _stem(plan: Plan, rule: Rule) -> str:
    if [other.name for other in plan.rules].count(rule.name) > 1:
        return f"{slug(rule.name)}.{rule.type.lower()}"
    return slug(rule.name)


def _invalid(plan: Plan, rule: Rule) -> JsonObject:
    chosen: dict[tuple[str, ...], Breakage] = {}
    for each in breakages(plan, rule):
        if each.code == "invalid_type" and each.field.count(".") > 1:
            continue
        many = each.code in {"invalid_type", "not_allowed"}
        chosen.setdefault((each.code, each.field) if many else (each.id,), each)
    return {
        "plan": plan.slug,
        "strictness": plan.strictness,
        "event": rule.name,
        "type": rule.type,
        "invalid": [
            {
                "id": each.id,
                "description": each.description,
                "finding": {"kind": each.kind, "code": each.code, "field": each.field},
                "message": deepcopy(each.message),
            }
            for each in chosen.values()
        ],
    }
