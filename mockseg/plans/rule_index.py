"""Which rule of a plan is for a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg.plans.model import KEYED
from mockseg.plans.soundness import sound_schema

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject
    from mockseg.plans.compiled import CompiledSchema
    from mockseg.plans.model import Plan, Rule

__all__ = ["VIEWED", "PlanIndex", "Versions", "version_wanted"]

# A plan without rules for pages may plan them as this track event (Protocols, FAQ).
VIEWED: Final = {"page": "Page Viewed", "screen": "Screen Viewed"}


class Versions:
    """The rules of one plan for one event, by version; compiled at first use.

    Attributes:
        plan: the plan's short name.
        only: whether there is one version, so that no message has to be asked.
    """

    __slots__ = ("_compiled", "_oldest", "_rules", "only", "plan")

    def __init__(self, rules: list[Rule], *, plan: str) -> None:
        self._rules = {rule.version: rule for rule in rules}
        self._oldest = min(self._rules)
        self._compiled: dict[int, CompiledSchema] = {}
        self.plan = plan
        self.only = len(rules) == 1

    def rule(self, message: JsonObject) -> Rule:
        """Give the rule of the version that a message asks for, else of the oldest."""
        if self.only:
            return self._rules[self._oldest]
        wanted = version_wanted(message)
        return self._rules[wanted if wanted in self._rules else self._oldest]

    def compiled(self, rule: Rule) -> CompiledSchema:
        """Give the compiled schema of one of the rules.

        Raises:
            PlanError: the plan was read without a check, and this schema is wrong.
        """
        found = self._compiled.get(rule.version)
        if found is None:
            found = sound_schema(rule.schema, file=self.plan, place=f"{rule.name}.jsonSchema")
            self._compiled[rule.version] = found
        return found


class PlanIndex:
    """One plan, to be asked for the rule of a call.

    Attributes:
        common: the COMMON rules.
        events: the keys of the track rules, without other spellings.
    """

    __slots__ = ("_exact", "_folded", "common", "events")

    def __init__(self, plan: Plan) -> None:
        grouped: dict[tuple[str, str | None], list[Rule]] = {}
        for rule in plan.rules:
            key = rule.key if rule.type in KEYED else None
            grouped.setdefault((rule.type.lower(), key), []).append(rule)
        common = [name for name in grouped if name[0] == "common"]
        self.common = tuple(Versions(grouped.pop(name), plan=plan.slug) for name in common)
        self._exact = {name: Versions(rules, plan=plan.slug) for name, rules in grouped.items()}
        self.events = tuple(key for kind, key in self._exact if kind == "track" and key)
        for (kind, _), rules in grouped.items():
            for alias in (alias for rule in rules for alias in rule.aliases):
                self._exact.setdefault((kind, alias), self._exact[kind, rules[0].key])
        for kind, event in VIEWED.items():
            viewed = self._exact.get(("track", event))
            if viewed is not None and not any(known == kind for known, _ in self._exact):
                self._exact[kind, None] = viewed
        self._folded: dict[tuple[str, str], Versions] | None = None
        if plan.caseless:
            self._folded = {}
            for (kind, name), versions in self._exact.items():
                if name is not None:
                    self._folded.setdefault((kind, name.casefold()), versions)

    def find(self, kind: str, name: str | None) -> Versions | None:
        """Give the rules for calls of a type with this event or page name."""
        if name is not None:
            found = self._exact.get((kind, name))
            if found is None and self._folded is not None:
                found = self._folded.get((kind, name.casefold()))
            if found is not None or kind == "track":
                return found
        return self._exact.get((kind, None))


def version_wanted(message: JsonObject) -> int | None:
    """Give the event version that a message asks for, or None if it asks for none or nonsense.

    Source: Segment's "Dynamically validate track events against an event version":
    ``context.protocols.event_version``, an integer.
    """
    context = message.get("context")
    protocols = context.get("protocols") if isinstance(context, dict) else None
    version = protocols.get("event_version") if isinstance(protocols, dict) else None
    if isinstance(version, bool) or not isinstance(version, int | float):
        return None
    # JSON does not tell 2 from 2.0.
    return int(version) if version == version // 1 else None
