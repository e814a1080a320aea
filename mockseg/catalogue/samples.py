"""Whole messages of the documented events, as their sources put them on the wire."""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from mockseg.catalogue.lookup import get
from mockseg.errors import PlanError
from mockseg.json_types import JsonObject
from mockseg.plans.model import Plan, Rule

_TIMESTAMP: Final = "2026-01-15T09:30:00.000Z"
_VISITOR: Final = "visitor-1"


def message_for(
    plan: Plan,
    rule: Rule,
    *,
    example: int = 0,
    user_id: str | None = "user-1",
    anonymous_id: str | None = None,
) -> JsonObject:
    """Make a whole message of one of a rule's examples.

    The userId is there if available, and then repeated among the properties where the
    source does so (Segment's page about UserGuiding); else there is an anonymousId.

    Args:
        plan: the plan, for how its source sends.
        rule: one of its rules.
        example: which of the rule's examples, from 0.
        user_id: the user; None for a visitor who is not identified.
        anonymous_id: the anonymous id; given by itself without a user.
    """
    body = deepcopy(rule.examples[example])
    message: JsonObject = {"type": body.pop("type", None) or rule.type.lower()}
    if rule.key and rule.type == "TRACK":
        message["event"] = rule.key
    elif rule.key and rule.type != "COMMON":
        message["name"] = rule.key
    message |= {key: body.pop(key) for key in ("event", "name") if key in body}
    if user_id is not None:
        message["userId"] = user_id
    if anonymous_id is None and user_id is None:
        anonymous_id = body.get("anonymousId", _VISITOR)
    if anonymous_id is not None:
        body["anonymousId"] = anonymous_id
    message["timestamp"] = _TIMESTAMP
    context = {**deepcopy(plan.wire.context), **body.pop("context", {})}
    if context:
        message["context"] = context
    message |= body
    if user_id is not None and plan.wire.user_id_property and "properties" in message:
        message["properties"][plan.wire.user_id_property] = user_id
    return message


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
        user_id: the user; None for a visitor who is not identified.
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
