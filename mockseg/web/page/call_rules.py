"""The rules of plans that judged a call: which keyword failed, what is allowed, a good message."""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from mockseg import json_types
from mockseg.catalogue.samples import message_for
from mockseg.domain.call import Call
from mockseg.domain.findings import Finding, Violation
from mockseg.json_types import JsonObject
from mockseg.plans.model import Plan, Rule
from mockseg.plans.planset import PlanSet
from mockseg.plans.rule_words import BrokenKeyword, PropertyRow, broken_keyword, describe
from mockseg.web.page.plans import rule_address

# What a keyword says is shown up to this length; of a longer one only that it is there.
_LONGEST: Final = 400
# Of those findings that are told one by one.
_MOST_BROKEN: Final = 100

_ITEM: Final = re.compile(r"\.\d+(?=\.|\Z)")


@dataclasses.dataclass(frozen=True, slots=True)
class Broken:
    """What a finding breaks.

    Attributes:
        id: by which a link leads to it.
        finding: the finding.
        path: JSON pointer of the keyword that failed.
        keywords: of the schema around it: name, value as JSON, and whether it is the one that
            failed.
        allowed: what the rule says of the property, or None.
    """

    id: str
    finding: Violation
    path: str
    keywords: list[tuple[str, str, bool]]
    allowed: PropertyRow | None


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A rule that judged the call.

    Attributes:
        plan: its name in findings.
        label: the rule in one line.
        address: of the rule.
        broken: what of it is broken; nothing where the call satisfies it.
        sample: a message that it allows; None where the plan has no example.
    """

    plan: str
    label: str
    address: str
    broken: list[Broken]
    sample: JsonObject | None


def judged_by(call: Call, plans: PlanSet) -> list[Judged]:
    """Return the rules that judge a call by the plans that its source has now."""
    violations = [
        (place, finding)
        for place, finding in enumerate(call.findings[:_MOST_BROKEN], 1)
        if isinstance(finding, Violation) and finding.schema_path
    ]
    found, told = [], set[int]()
    for slug, rule in plans.judging(call.message, type=call.type, event=call.event):
        (plan,) = [each for each in plans.plans if each.slug == slug][:1]
        broken, rows = [], {row.property: row for row in describe(rule)}
        for place, finding in violations:
            failed = broken_keyword(rule, finding.schema_path) if finding.plan == slug else None
            if failed is not None and place not in told:
                told.add(place)
                broken.append(_broken(place, finding, failed, rows))
        found.append(_judged(plan, rule, call.source, broken))
    return found


def rule_places(judged: list[Judged], findings: tuple[Finding, ...]) -> list[str]:
    """Return for each finding the id of the rule that it breaks; an empty text without one."""
    known = {each.id for rule in judged for each in rule.broken}
    ids = [_id(place) for place in range(1, len(findings) + 1)]
    return [each if each in known else "" for each in ids]


def _id(place: int) -> str:
    """Return a number's name: nothing of a plan becomes an id."""
    return f"rule-{place}"


def _broken(
    place: int, finding: Violation, failed: BrokenKeyword, rows: dict[str, PropertyRow]
) -> Broken:
    around = failed.around or {failed.name: failed.value}
    return Broken(
        id=_id(place),
        finding=finding,
        path=finding.schema_path,
        keywords=[
            (name, _text(value, is_whole=name == failed.name), name == failed.name)
            for name, value in around.items()
        ],
        allowed=rows.get(_ITEM.sub("[]", finding.field)),
    )


def _text(value: object, *, is_whole: bool) -> str:
    text = json_types.encode(value).decode("utf-8", "replace")
    if len(text) <= _LONGEST or is_whole:
        return text
    return "{…}" if isinstance(value, dict) else "[…]"


def _judged(plan: Plan, rule: Rule, source: str, broken: list[Broken]) -> Judged:
    return Judged(
        plan=plan.slug,
        label=rule.label,
        address=rule_address(plan.slug, rule.name, source),
        broken=broken,
        sample=message_for(plan, rule) if rule.examples else None,
    )
