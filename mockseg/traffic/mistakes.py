"""The labelled share: messages with one mistake, and the finding that each must give.

Only mistakes are used that the plans of the run find, each at its strictness, so that
what a server says can be held against the label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import Raw

from mockseg.catalogue.mistakes import breakages, edge_breakages
from mockseg.domain.spec import check
from mockseg.json_types import encode

if TYPE_CHECKING:
    from mockseg.catalogue.mistakes import Breakage
    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan
    from mockseg.plans.planset import PlanSet


# What `message_for` puts in, to be replaced by a person's.
_IDS: Final = {"userId": "user-1", "anonymousId": "visitor-1"}


def findings(message: JsonObject, checks: PlanSet) -> set[str]:
    """Return the codes of all that is found in a message: by the Spec, else by the plans."""
    type_ = message.get("type")
    type_ = type_ if isinstance(type_, str) else ""
    discards = {discard.code for discard in check(message, type_)}
    if discards:
        return discards
    event = message.get("event")
    return {violation.code for violation in checks.check(message, type=type_, event=event)}


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A message with one mistake.

    Attributes:
        message: without messageId and time, its large parts JSON already; not to be changed.
        code: of the finding that it must give.
        routed: whether its type can be read, so that it may be sent to its own route.
    """

    message: JsonObject
    code: str
    routed: bool

    def sent_by(self, user_id: str, *, message_id: str, timestamp: str) -> JsonObject:
        """Return the message as a person's."""
        message = self.message | {"messageId": message_id, "timestamp": timestamp}
        for field, placeholder in _IDS.items():
            if message.get(field) == placeholder:
                message[field] = user_id
        return message


class Mistakes:
    """The mistakes of all plans of a run, found when they are first asked for.

    Args:
        plans: the plans, at the strictness of the run.
        checks: all of them, compiled.
        types: the only types of call, or empty for all.
    """

    def __init__(self, plans: tuple[Plan, ...], checks: PlanSet, types: frozenset[str]) -> None:
        self._plans = {plan.slug: plan for plan in plans}
        self._checks = checks
        self._types = types
        self._of_rule: dict[tuple[str, str], tuple[LabelledMessage, ...]] = {}
        self._of_edge: dict[str, tuple[LabelledMessage, ...]] = {}

    def of_event(self, plan: str, name: str) -> tuple[LabelledMessage, ...]:
        """Return the ways to break an event against its plan; may be empty."""
        found = self._of_rule.get((plan, name))
        if found is None:
            whole = self._plans[plan]
            rules = (rule for rule in whole.rules if rule.name == name and rule.type != "COMMON")
            found = self._kept(tuple(each for rule in rules for each in breakages(whole, rule)))
            self._of_rule[plan, name] = found
        return found

    def of_edge(self, plan: str) -> tuple[LabelledMessage, ...]:
        """Return the ways to break the calls of a plan so that Segment discards them."""
        found = self._of_edge.get(plan)
        if found is None:
            found = self._kept(edge_breakages(self._plans[plan]))
            self._of_edge[plan] = found
        return found

    def _kept(self, candidates: tuple[Breakage, ...]) -> tuple[LabelledMessage, ...]:
        return tuple(
            LabelledMessage(
                message={
                    key: Raw(encode(value)) if isinstance(value, dict | list) else value
                    for key, value in each.message.items()
                    if key != "timestamp"
                },
                code=each.code,
                routed=each.field != "type",
            )
            for each in candidates
            # By its messageId a call is found again, so that one stays whole.
            if each.field != "messageId"
            and (not self._types or each.type.lower() in self._types)
            and each.code in findings(each.message, self._checks)
        )
