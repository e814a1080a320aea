"""What a rule says of each property, as a tree, with what calls exercised and what never was."""

from __future__ import annotations

import dataclasses
from typing import Final

from mockseg.operations.plans import RuleDetails
from mockseg.plans.rule_words import PropertyRow

_SHOWN: Final = 500


@dataclasses.dataclass(slots=True)
class RuleNode:
    """A property of a rule.

    Attributes:
        name: its own; ``[]`` after it where the members are those of each item of a list.
        row: what the rule says of it; None where it only says something of what is in it.
        members: of it.
        exercised: whether calls had it; None where that is not counted.
        values: that are allowed one by one, each with whether calls had it.
    """

    name: str
    row: PropertyRow | None = None
    members: dict[str, RuleNode] = dataclasses.field(default_factory=dict)
    exercised: bool | None = None
    values: list[tuple[str, bool]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class RuleTree:
    """A rule as a tree.

    Attributes:
        members: at its root.
        left_out: number of properties that are not in it.
        never: what else was never exercised, such as branches.
    """

    members: list[RuleNode]
    left_out: int
    never: list[str]


def rule_tree(rule: RuleDetails) -> RuleTree:
    root = RuleNode("")
    known = dict.fromkeys(rule.exercised, True) | dict.fromkeys(rule.missing, False)
    values: dict[str, list[tuple[str, bool]]] = {}
    for name, was in known.items():
        place, equals, value = name.partition(" = ")
        if equals:
            values.setdefault(place, []).append((value, was))
    told: set[str] = set()
    for row in rule.properties[:_SHOWN]:
        node = root
        for part in row.property.split("."):
            name = part.removesuffix("[]")
            node = node.members.setdefault(name, RuleNode(name))
            node.name = part if part != name else node.name
        place = row.property.replace("[]", ".*")
        node.row = row
        node.exercised = known.get(place)
        # Those of a list are the values of its items.
        for each in (place, f"{place}.*"):
            node.values += values.get(each, [])
            told |= {each, *(f"{each} = {value}" for value, _ in values.get(each, []))}
    return RuleTree(
        members=list(root.members.values()),
        left_out=max(0, len(rule.properties) - _SHOWN),
        never=[name for name in rule.missing if name not in told],
    )
