"""One plan, to be asked for the rule of a call; its schemas are compiled when they are used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mockseg.json_types import JsonObject, as_object
from mockseg.plans.model import KEYED, Plan, Rule
from mockseg.plans.protocols import planned_names
from mockseg.schemas.compiled import BadSchemaError, CompiledSchema, compile_schema
from mockseg.schemas.soundness import sound_schema

# A plan without rules for pages may plan them as this track event (Protocols, FAQ).
VIEWED: Final = {"page": "Page Viewed", "screen": "Screen Viewed"}


class Versions:
    """The rules of one plan for one event, by version; compiled at first use.

    Attributes:
        plan: the plan's short name.
        only: whether there is one version, so that no message has to be asked.
    """

    __slots__ = ("_compiled", "_oldest", "_planned", "_rules", "only", "plan")

    def __init__(self, rules: list[Rule], *, plan: str) -> None:
        self._rules = {rule.version: rule for rule in rules}
        self._oldest = min(self._rules)
        self._compiled: dict[int, CompiledSchema] = {}
        self._planned: dict[tuple[int, str], frozenset[str]] = {}
        self.plan = plan
        self.only = len(rules) == 1

    def rule(self, message: JsonObject) -> Rule:
        """Return the rule of the version that a message asks for, else of the oldest."""
        if self.only:
            return self._rules[self._oldest]
        wanted = version_wanted(message)
        return self._rules[wanted if wanted in self._rules else self._oldest]

    def compiled(self, rule: Rule) -> CompiledSchema:
        """Return the compiled schema of one of the rules.

        Raises:
            PlanError: the plan was read without a check, and this schema is wrong.
        """
        found = self._compiled.get(rule.version)
        if found is None:
            try:
                # It was checked when the plan was read, which takes many times longer.
                found = compile_schema(rule.schema)
            except BadSchemaError:
                found = sound_schema(rule.schema, file=self.plan, place=f"{rule.label}.jsonSchema")
            self._compiled[rule.version] = found
        return found

    def compiling(self) -> Iterator[None]:
        """Compile the rules of all versions, step by step."""
        for rule in self._rules.values():
            self.compiled(rule)
            yield

    def accepts(self, message: JsonObject) -> bool:
        """Return whether a message satisfies the rule for it; one that is not JSON does not."""
        try:
            return self.compiled(self.rule(message)).is_valid(message)
        except ValueError:
            return False

    def planned_names(self, message: JsonObject, holder: str) -> frozenset[str]:
        """Return the properties or traits that the rule for a message knows."""
        rule = self.rule(message)
        found = self._planned.get((rule.version, holder))
        if found is None:
            found = frozenset(planned_names(rule.schema, holder))
            self._planned[rule.version, holder] = found
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

    def compiling(self) -> Iterator[None]:
        """Compile all rules, step by step, so that no call has to wait for it."""
        for versions in {id(each): each for each in (*self.common, *self._exact.values())}.values():
            yield from versions.compiling()

    def find(self, kind: str, name: str | None) -> Versions | None:
        if name is not None:
            found = self._exact.get((kind, name))
            if found is None and self._folded is not None:
                found = self._folded.get((kind, name.casefold()))
            if found is not None or kind == "track":
                return found
        return self._exact.get((kind, None))


def version_wanted(message: JsonObject) -> int | None:
    """Return the event version that a message asks for, or None if it asks for none or nonsense.

    Source: Segment's "Dynamically validate track events against an event version":
    ``context.protocols.event_version``, an integer.
    """
    protocols = as_object(as_object(message.get("context")).get("protocols"))
    version = protocols.get("event_version")
    if isinstance(version, bool) or not isinstance(version, int | float):
        return None
    # JSON does not tell 2 from 2.0.
    return int(version) if version == version // 1 else None
