"""The labelled share: messages with one mistake, and the finding that each must give.

Only mistakes are used that the plans of the run find, each at its strictness, so that
what a server says can be held against the label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import Raw

from mockseg.catalogue.breakages import breakages
from mockseg.domain.spec import check
from mockseg.json_types import encode

if TYPE_CHECKING:
    from mockseg.catalogue.breakages import Breakage
    from mockseg.catalogue.model import CataloguePlan
    from mockseg.json_types import JsonObject
    from mockseg.plans.planset import PlanSet

__all__ = ["Broken", "Mistake", "findings"]

# What `message_for` puts in, to be replaced by somebody's.
_NOBODYS_USER: Final = "user-1"
_NOBODYS_VISITOR: Final = "visitor-1"
_IDS: Final = {"userId": _NOBODYS_USER, "anonymousId": _NOBODYS_VISITOR}


def findings(message: JsonObject, checks: PlanSet) -> set[str]:
    """Give the codes of all that is found in a message: by the Spec, else by the plans."""
    type_ = message.get("type")
    type_ = type_ if isinstance(type_, str) else ""
    discards = {discard.code for discard in check(message, type_)}
    if discards:
        return discards
    event = message.get("event")
    return {violation.code for violation in checks.check(message, type=type_, event=event)}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A message with one mistake.

    Attributes:
        message: without messageId and time; not to be changed.
        code: of the finding that it must give.
        routed: whether its type can be read, so that it may be sent to its own route.
    """

    message: JsonObject
    code: str
    routed: bool

    def told_by(self, user_id: str, *, message_id: str, timestamp: str) -> JsonObject:
        """Give the message as somebody's."""
        message = self.message | {"messageId": message_id, "timestamp": timestamp}
        for field, nobodys in _IDS.items():
            if message.get(field) == nobodys:
                message[field] = user_id
        return message


def _half_encoded(message: JsonObject) -> JsonObject:
    """Give a message without its time whose parts are JSON already, as far as they are large."""
    return {
        key: Raw(encode(value)) if isinstance(value, dict | list) else value
        for key, value in message.items()
        if key != "timestamp"
    }


class Broken:
    """The mistakes of all plans of a run, found when they are first asked for.

    Args:
        plans: the plans, at the strictness of the run.
        checks: all of them, compiled.
        types: the only types of call, or empty for all.
    """

    def __init__(
        self, plans: tuple[CataloguePlan, ...], checks: PlanSet, types: frozenset[str]
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._checks = checks
        self._types = types
        self._of_rule: dict[tuple[str, str], tuple[Mistake, ...]] = {}
        self._of_edge: dict[str, tuple[Mistake, ...]] = {}

    def of_event(self, plan: str, name: str) -> tuple[Mistake, ...]:
        """Give the ways to break an event against its plan; may be empty."""
        found = self._of_rule.get((plan, name))
        if found is None:
            whole = self._plans[plan]
            rules = (rule for rule in whole.rules if rule.name == name and rule.type != "COMMON")
            found = self._kept(tuple(each for rule in rules for each in breakages(whole, rule)))
            self._of_rule[plan, name] = found
        return found

    def of_edge(self, plan: str) -> tuple[Mistake, ...]:
        """Give the ways to break the calls of a plan so that Segment discards them."""
        found = self._of_edge.get(plan)
        if found is None:
            whole = breakages(self._plans[plan])
            found = self._kept(tuple(each for each in whole if each.kind == "discard"))
            self._of_edge[plan] = found
        return found

    def _kept(self, candidates: tuple[Breakage, ...]) -> tuple[Mistake, ...]:
        return tuple(
            Mistake(
                message=_half_encoded(each.message),
                code=each.code,
                routed=each.field != "type",
            )
            for each in candidates
            # By its messageId a call is found again, so that one stays whole.
            if each.field != "messageId"
            and (not self._types or each.type.lower() in self._types)
            and self._is_found(each)
        )

    def _is_found(self, breakage: Breakage) -> bool:
        return breakage.code in findings(breakage.message, self._checks)
