"""Operations on the rules of plans."""

from __future__ import annotations

from collections.abc import Iterable

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.samples import message_for
from mockseg.errors import OperationError
from mockseg.hub.call_search import CallSearch
from mockseg.hub.sources import Sources
from mockseg.journal.memory import MemoryJournal
from mockseg.json_types import Json
from mockseg.matching.match import ScalarMatch
from mockseg.operations.plans import GetRule, RuleDetails, RuleList
from mockseg.plans.coverage import Coverage
from mockseg.plans.model import Plan, Rule
from mockseg.plans.rule_words import describe
from mockseg.suggestions import unknown


async def get_rule(asked: GetRule, *, sources: Sources, journal: MemoryJournal) -> RuleList:
    plan = _plan(asked, sources)
    rules = [rule for rule in plan.rules if asked.event in {rule.name, *rule.aliases}]
    if not rules:
        names = dict.fromkeys(rule.name for rule in plan.rules)
        raise _unknown("event", asked.event, names)
    coverage = Coverage(plan)
    if asked.source is not None:
        await _count(coverage, rules, asked.source, sources, journal)
    return RuleList(
        plan=plan.name,
        slug=plan.slug,
        rules=[_details(plan, rule, coverage) for rule in rules],
    )


def _plan(asked: GetRule, sources: Sources) -> Plan:
    if asked.source is None:
        if asked.plan not in catalogues():
            raise _unknown("plan", asked.plan, catalogues())
        return load(asked.plan)
    plans = {plan.slug: plan for plan in sources.plans_of(asked.source).set.plans}
    if asked.plan not in plans:
        raise _unknown("plan", asked.plan, plans)
    return plans[asked.plan]


def _unknown(kind: str, name: str, known: Iterable[str]) -> OperationError:
    return OperationError(unknown(kind, name, known), status=404, code=f"unknown_{kind}")


async def _count(
    coverage: Coverage, rules: list[Rule], key: str, sources: Sources, journal: MemoryJournal
) -> None:
    """Count the calls that the rules may be about; others need not be decoded."""
    source = sources.get(key)
    asserted = source.asserted if source is not None else frozenset[int]()
    for match in _meant(rules):
        async for portion in CallSearch(journal, source=key, match=match).after():
            for call in portion:
                message = call.message()
                coverage.saw(message)
                if call.cursor in asserted:
                    coverage.asserted(message)


def _meant(rules: list[Rule]) -> list[ScalarMatch]:
    """Return which calls the rules may be about: each call matches one at most."""
    events = dict.fromkeys(name for rule in rules if rule.type == "TRACK" for name in rule.keys)
    types = dict.fromkeys(rule.type.lower() for rule in rules if rule.type != "TRACK")
    return [
        *(ScalarMatch(type="track", event=name) for name in events),
        *(ScalarMatch(type=type_) for type_ in types),
    ]


def _details(plan: Plan, rule: Rule, coverage: Coverage) -> RuleDetails:
    found: dict[str, Json] = {}
    for each in coverage.as_json()["rules"]:
        if (each["type"], each["key"], each["version"]) == (rule.type, rule.key, rule.version):
            found = each
    return RuleDetails(
        label=rule.label,
        type=rule.type,
        key=rule.key,
        version=rule.version,
        title=rule.title,
        description=rule.description,
        aliases=rule.aliases,
        properties=describe(rule),
        sample=message_for(plan, rule) if rule.examples else None,
        schema=rule.schema,
        seen=found.get("seen", 0),
        asserted=found.get("asserted", 0),
        exercised=found.get("exercised", []),
        missing=found.get("missing", []),
    )
