"""What of a plan was seen: counted while calls come, reported at the end.

Not on the way of a call into the journal: whoever wants coverage records calls after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mockseg.errors import PlanError
from mockseg.plans.coverage_items import Item, exercised, items_of
from mockseg.plans.model import Plan, Rule
from mockseg.plans.planset import PlanSet
from mockseg.plans.soundness import sound_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.json_types import Json, JsonObject
    from mockseg.plans.compiled import CompiledSchema

__all__ = ["Coverage", "CoverageReport", "RuleReport"]

# Names that no plan knows, kept apart; beyond, calls are counted together.
_MOST_UNPLANNED: Final = 1000


class _Tally:
    """What was seen of one rule."""

    __slots__ = ("_compiled", "asserted", "items", "open", "plan", "rule", "seen")

    def __init__(self, plan: str, rule: Rule) -> None:
        self.plan = plan
        self.rule = rule
        self.seen = 0
        self.asserted = 0
        self.items = items_of(rule.schema)
        # What is still to be exercised; empties while calls come.
        self.open: dict[str, Item] = {item.name: item for item in self.items}
        self._compiled: CompiledSchema | None = None

    @property
    def identity(self) -> tuple[str, str, str | None, int]:
        return (self.plan, self.rule.type, self.rule.key, self.rule.version)

    def check_items(self, names: list[str]) -> None:
        if {item.name for item in self.items} != set(names):
            raise ValueError(f"{self.rule.name} allows other things")

    def saw(self, message: JsonObject) -> None:
        self.seen += 1
        if not self.open:
            return
        if self._compiled is None:
            self._compiled = sound_schema(
                self.rule.schema, file=self.plan, place=f"{self.rule.name}.jsonSchema"
            )
        for name, item in list(self.open.items()):
            if exercised(item, message, self._compiled):
                del self.open[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """What was seen of one rule.

    Attributes:
        plan: the plan's short name.
        rule: the rule.
        seen: how many calls it judged.
        asserted: how many of them an assertion matched.
        items: how many things it allows.
        missing: those that no call exercised.
    """

    plan: str
    rule: Rule
    seen: int
    asserted: int
    items: int
    missing: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """What was seen of one or more plans.

    Attributes:
        rules: one for each rule but the COMMON ones, in the order of the plans.
        unplanned: events that no plan knows, with how many calls.
        percent: of all rules and of all that they allow, what was exercised; rounded
            down to a tenth, so that 100.0 means all.
    """

    rules: tuple[RuleReport, ...]
    unplanned: tuple[tuple[str, int], ...]
    percent: float

    @property
    def never_seen(self) -> tuple[RuleReport, ...]:
        """Give what was planned and never seen."""
        return tuple(each for each in self.rules if not each.seen)

    @property
    def never_asserted(self) -> tuple[RuleReport, ...]:
        """Give what was seen and never asserted on."""
        return tuple(each for each in self.rules if each.seen and not each.asserted)

    @property
    def partly_exercised(self) -> tuple[RuleReport, ...]:
        """Give the rules that were seen, but not all of what they allow."""
        return tuple(each for each in self.rules if each.seen and each.missing)

    def reaches(self, threshold: float) -> bool:
        """Tell whether the coverage is at least so many per cent."""
        return self.percent >= threshold


class Coverage:
    """Counts what of one or more plans is seen and asserted on.

    Args:
        plans: a plan, or all plans of a source.
    """

    def __init__(self, plans: Plan | Iterable[Plan]) -> None:
        self.plans = (plans,) if isinstance(plans, Plan) else tuple(plans)
        self._set = PlanSet(self.plans)
        tallies = [
            _Tally(plan.slug, rule)
            for plan in self.plans
            for rule in plan.rules
            if rule.type != "COMMON"
        ]
        self._tallies = {tally.identity: tally for tally in tallies}
        self._unplanned: dict[str, int] = {}

    def saw(self, message: JsonObject) -> None:
        """Count a message, good or bad, in its normalised form."""
        for tally in self._found(message):
            tally.saw(message)

    def asserted(self, message: JsonObject) -> None:
        """Count that an assertion matched a message; it was seen before."""
        for tally in self._found(message, count_unplanned=False):
            tally.asserted += 1

    def merge(self, other: Coverage) -> None:
        """Add what another source or run saw of the same plans.

        Raises:
            PlanError: the other one has a plan of the same name with other rules.
        """
        for identity, theirs in other._tallies.items():
            mine = self._tallies.setdefault(identity, _Tally(theirs.plan, theirs.rule))
            if mine.items != theirs.items:
                raise PlanError(
                    f"{mine.rule.name} differs between the two coverages; allowed is merging "
                    "what was seen of the same plan",
                    file=mine.plan,
                )
            mine.seen += theirs.seen
            mine.asserted += theirs.asserted
            for name in [name for name in mine.open if name not in theirs.open]:
                del mine.open[name]
        known = {plan.slug for plan in self.plans}
        self.plans += tuple(plan for plan in other.plans if plan.slug not in known)
        self._set = PlanSet(self.plans)
        for event, seen in other._unplanned.items():
            if not self._set.knows(event):
                self._count_unplanned(event, seen)

    def report(self) -> CoverageReport:
        """Tell what was seen so far."""
        rules = tuple(
            RuleReport(
                plan=tally.plan,
                rule=tally.rule,
                seen=tally.seen,
                asserted=tally.asserted,
                items=len(tally.items),
                missing=tuple(tally.open.values()),
            )
            for tally in self._tallies.values()
        )
        total = sum(1 + each.items for each in rules)
        hit = sum(bool(each.seen) + each.items - len(each.missing) for each in rules)
        return CoverageReport(
            rules=rules,
            unplanned=tuple(sorted(self._unplanned.items())),
            percent=math.floor(1000 * hit / total) / 10 if total else 100.0,
        )

    def as_json(self) -> JsonObject:
        """Write what was counted, to be merged elsewhere or later."""
        return {
            "rules": [
                {
                    "plan": tally.plan,
                    "type": tally.rule.type,
                    "key": tally.rule.key,
                    "version": tally.rule.version,
                    "seen": tally.seen,
                    "asserted": tally.asserted,
                    "exercised": [item.name for item in tally.items if item.name not in tally.open],
                    "missing": list(tally.open),
                }
                for tally in self._tallies.values()
            ],
            "unplanned": [{"event": e, "seen": n} for e, n in sorted(self._unplanned.items())],
            "percent": self.report().percent,
        }

    @classmethod
    def from_json(cls, document: Json, *, plans: Plan | Iterable[Plan]) -> Coverage:
        """Read what was counted of these plans.

        Raises:
            PlanError: the document is no coverage, or one of other plans.
        """
        coverage = cls(plans)
        file = ", ".join(plan.slug for plan in coverage.plans)
        try:
            for entry in document["rules"]:
                identity = (entry["plan"], entry["type"], entry["key"], entry["version"])
                tally = coverage._tallies[identity]
                tally.check_items([*entry["exercised"], *entry["missing"]])
                tally.seen += int(entry["seen"])
                tally.asserted += int(entry["asserted"])
                for name in entry["exercised"]:
                    tally.open.pop(name, None)
            for entry in document["unplanned"]:
                coverage._count_unplanned(str(entry["event"]), int(entry["seen"]))
        except (KeyError, TypeError, ValueError) as error:
            raise PlanError(
                f"no coverage of this plan: {error}; allowed is what Coverage.as_json wrote "
                "for the same plan",
                file=file,
            ) from None
        return coverage

    def _found(self, message: JsonObject, *, count_unplanned: bool = True) -> list[_Tally]:
        kind = str(message.get("type"))
        event = message.get("event")
        event = event if isinstance(event, str) else None
        rules = self._set.rules_for(message, type=kind, event=event)
        if rules:
            return [self._tallies[plan, rule.type, rule.key, rule.version] for plan, rule in rules]
        if count_unplanned and kind == "track" and event is not None and self._set.events:
            self._count_unplanned(event, 1)
        return []

    def _count_unplanned(self, event: str, seen: int) -> None:
        if event not in self._unplanned and len(self._unplanned) >= _MOST_UNPLANNED:
            event = "(others)"
        self._unplanned[event] = self._unplanned.get(event, 0) + seen
