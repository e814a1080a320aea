"""What of a plan was seen: counted while calls come, reported at the end.

What a rule allows is counted one by one: properties, values of enums, branches. Calls are
recorded after they are in the journal, never on their way into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject, as_object, canonical
from mockseg.plans.model import Plan, Rule
from mockseg.plans.planset import PlanSet
from mockseg.schemas.compiled import CompiledSchema
from mockseg.schemas.soundness import sound_schema
from mockseg.schemas.tree import Path, dereference, json_pointer, lookup
from mockseg.schemas.vocabulary import field_of, shown

# Stands for every item of a list in the path of a value.
ANY: Final = "*"

# Objects of the envelope, which every call has: no news that they were seen.
_ENVELOPE: Final = frozenset({"properties", "traits", "context", "integrations"})
_DEEPEST: Final = 12
_LONGEST_ENUM: Final = 200
_MOST_ITEMS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a rule allows and a call can exercise.

    Attributes:
        kind: a property that may be sent, a value of an enum, or a branch of the rule.
        name: for people, and unique in its rule.
        path: where in the message; ``*`` is every item of a list.
        value: the value, of a ``value``.
        pointer: of a ``branch`` the schema that decides, such as ``#/allOf/0/if``.
        holds: of a ``branch`` whether that schema must hold or must not.
    """

    kind: Literal["property", "value", "branch"]
    name: str
    path: Path
    value: Json = None
    pointer: str = ""
    holds: bool = True


def items_of(schema: JsonObject) -> tuple[Item, ...]:
    """Return everything that a rule's schema allows, in its order, each once; at most 5000."""
    found: dict[str, Item] = {}
    for item in islice(_walk(schema, (), (), frozenset()), _MOST_ITEMS):
        found.setdefault(item.name, item)
    return tuple(found.values())


def exercised(item: Item, message: JsonObject, compiled: CompiledSchema) -> bool:
    values = _values(message, item.path)
    if item.kind == "property":
        return bool(values)
    if item.kind == "value":
        wanted = canonical(item.value)
        return any(canonical(value) == wanted for value in values)
    test = compiled.part(item.pointer)
    return test is not None and any(_holds(test, value) is item.holds for value in values)


def _holds(test: Callable[[Json], bool], value: Json) -> bool | None:
    try:
        return test(value)
    except ValueError:
        # Not JSON: neither holds nor does not.
        return None


def _values(message: Json, path: Path) -> list[Json]:
    values: list[Json] = [message]
    for token in path:
        if token == ANY:
            values = [item for value in values if isinstance(value, list) for item in value]
        else:
            values = [
                value[token] for value in values if isinstance(value, dict) and token in value
            ]
    return values


def _walk(
    root: JsonObject, at: Path, where: Path, trail: frozenset[tuple[Path, Path]]
) -> Iterator[Item]:
    at = dereference(root, at)
    node = lookup(root, at)
    if not isinstance(node, dict) or (at, where) in trail or len(where) > _DEEPEST:
        return
    trail |= {(at, where)}
    for name, sub in as_object(node.get("properties")).items():
        if sub is False:
            continue
        below = (*where, name)
        if where or name not in _ENVELOPE:
            yield Item(kind="property", name=field_of(below), path=below)
        yield from _walk(root, (*at, "properties", name), below, trail)
    for value in _sequence(node, "enum")[:_LONGEST_ENUM]:
        name = f"{field_of(where)} = {shown(value)}"
        yield Item(kind="value", name=name, path=where, value=value)
    if isinstance(node.get("items"), dict):
        yield from _walk(root, (*at, "items"), (*where, ANY), trail)
    for index, _ in enumerate(_sequence(node, "allOf")):
        yield from _walk(root, (*at, "allOf", index), where, trail)
    yield from _conditions(root, node, at, where, trail)
    yield from _alternatives(root, node, at, where, trail)


def _conditions(
    root: JsonObject,
    node: JsonObject,
    at: Path,
    where: Path,
    trail: frozenset[tuple[Path, Path]],
) -> Iterator[Item]:
    if "if" in node:
        condition = _described(root, (*at, "if"), where)
        for keyword, holds in (("then", True), ("else", False)):
            if keyword not in node:
                continue
            yield Item(
                kind="branch",
                name=f"{'if' if holds else 'unless'} {condition}",
                path=where,
                pointer=f"#{json_pointer((*at, 'if'))}",
                holds=holds,
            )
            yield from _walk(root, (*at, keyword), where, trail)
    for name, sub in as_object(node.get("dependencies")).items():
        if isinstance(sub, dict):
            yield from _walk(root, (*at, "dependencies", name), where, trail)


def _alternatives(
    root: JsonObject,
    node: JsonObject,
    at: Path,
    where: Path,
    trail: frozenset[tuple[Path, Path]],
) -> Iterator[Item]:
    for keyword in ("anyOf", "oneOf"):
        for index, _ in enumerate(_sequence(node, keyword)):
            inner = (*at, keyword, index)
            yield Item(
                kind="branch",
                name=f"{field_of(where)} as {_described(root, inner, where)}",
                path=where,
                pointer=f"#{json_pointer(inner)}",
            )
            yield from _walk(root, inner, where, trail)


def _described(root: JsonObject, at: Path, where: Path) -> str:
    node = lookup(root, dereference(root, at))
    if not isinstance(node, dict):
        return shown(node)
    if isinstance(node.get("title"), str):
        return str(node["title"])
    parts = []
    for name, sub in as_object(node.get("properties")).items():
        allowed = _allowed(sub)
        if allowed:
            values = " or ".join(shown(value) for value in allowed[:5])
            parts.append(f"{field_of((*where, name))} is {values}")
    if parts:
        return " and ".join(parts)
    if allowed := _allowed(node):
        return " or ".join(shown(value) for value in allowed[:5])
    words = [f"{node['type']}" if isinstance(node.get("type"), str) else ""]
    words += [f"{key} {node[key]}" for key in ("format", "pattern") if key in node]
    required = [field_of((*where, str(name))) for name in _sequence(node, "required")]
    words += [f"with {' and '.join(required)}"] if required else []
    return " ".join(filter(None, words)) or f"#{json_pointer(at)}"


def _allowed(node: Json) -> list[Json]:
    if not isinstance(node, dict):
        return []
    return [node["const"]] if "const" in node else _sequence(node, "enum")


def _sequence(node: JsonObject, keyword: str) -> list[Json]:
    value = node.get(keyword)
    return value if isinstance(value, list) else []


# Names that no plan knows, kept apart; beyond, calls are counted together.
_MOST_UNPLANNED: Final = 1000


class _RuleCoverage:
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
            raise ValueError(f"{self.rule.label} allows other things")

    def saw(self, message: JsonObject) -> None:
        self.seen += 1
        if not self.open:
            return
        if self._compiled is None:
            self._compiled = sound_schema(
                self.rule.schema, file=self.plan, place=f"{self.rule.label}.jsonSchema"
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
        return tuple(each for each in self.rules if not each.seen)

    @property
    def never_asserted(self) -> tuple[RuleReport, ...]:
        return tuple(each for each in self.rules if each.seen and not each.asserted)

    @property
    def partly_exercised(self) -> tuple[RuleReport, ...]:
        return tuple(each for each in self.rules if each.seen and each.missing)

    def reaches(self, threshold: float) -> bool:
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
            _RuleCoverage(plan.slug, rule)
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
            mine = self._tallies.setdefault(identity, _RuleCoverage(theirs.plan, theirs.rule))
            if mine.items != theirs.items:
                raise PlanError(
                    f"{mine.rule.label} differs between the two coverages; allowed is merging "
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
            PlanError: invalid coverage, or it is of other plans.
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

    def _found(self, message: JsonObject, *, count_unplanned: bool = True) -> list[_RuleCoverage]:
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
