"""What changed between two plans, for a reviewer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mockseg.json_types import Json, JsonObject, as_object, canonical
from mockseg.plans.model import Plan, Rule
from mockseg.printable import printable
from mockseg.schemas.tree import DEFINITIONS, NO_PLACE, Path
from mockseg.schemas.vocabulary import field_of, listed, shown

_Kind: TypeAlias = Literal["added", "removed", "changed"]
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
# Keywords that say nothing about which calls are good.
_REMARKS: Final = frozenset(
    {"$comment", "$id", "$schema", "default", "description", "examples", "labels", "title"}
)
# What says as much as the keyword left out.
_NOTHING_LIMITED: Final = {"additionalProperties": True, "uniqueItems": False}
_LOWEST: Final = frozenset(
    {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
)
_HIGHEST: Final = frozenset(
    {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
)
# Compared in this order, before other keywords.
_STRUCTURE: Final = ("type", "enum", "required", "properties", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two plans.

    Attributes:
        kind: whether it is new, gone or different.
        rule: the rule's name, such as ``TRACK "Guide Started"``.
        field: where in a message, dotted; empty for the rule itself.
        what: what it is about: ``rule``, ``property``, ``required``, ``type``, ``enum`` or
            another keyword of JSON Schema.
        text: one sentence without rule and field.
        tightens: whether calls that were good before may now be bad.
    """

    kind: _Kind
    rule: str
    field: str
    what: str
    text: str
    tightens: bool


def diff(before: Plan, after: Plan) -> tuple[Change, ...]:
    """Return what changed from one plan to another, rules in the order of the plans."""
    old = {(rule.type, rule.key, rule.version): rule for rule in before.rules}
    new = {(rule.type, rule.key, rule.version): rule for rule in after.rules}
    found: list[Change] = []
    for identity in dict.fromkeys([*old, *new]):
        was, now = old.get(identity), new.get(identity)
        if was is None and now is not None:
            found.append(_rule_change("added", now, "new rule"))
        elif now is None and was is not None:
            found.append(_rule_change("removed", was, "no longer planned"))
        elif was is not None and now is not None:
            found += _schemas(now.label, was.schema, now.schema, ())
            if (was.title, was.description) != (now.title, now.description):
                found.append(_rule_change("changed", now, "title or description reworded"))
    return tuple(found)


def diff_text(changes: tuple[Change, ...]) -> str:
    """Write the changes for a reviewer, by rule; an exclamation mark tells what tightens."""
    if not changes:
        return "no changes\n"
    lines: list[str] = []
    rule = None
    for change in changes:
        if change.rule != rule:
            rule = change.rule
            lines.append(printable(rule))
        field = f"{change.field}: " if change.field else ""
        mark = "!" if change.tightens else " "
        lines.append(printable(f" {mark}{_SIGNS[change.kind]} {field}{change.text}"))
    tight = sum(change.tightens for change in changes)
    noun = "change" if len(changes) == 1 else "changes"
    lines.append(f"{len(changes)} {noun}, {tight} may make calls bad that were good (!)")
    return "\n".join(lines) + "\n"


def _rule_change(kind: _Kind, rule: Rule, text: str) -> Change:
    # An event that was removed is unplanned from now on.
    return Change(
        kind=kind, rule=rule.label, field="", what="rule", text=text, tightens=kind == "removed"
    )


def _schemas(rule: str, was: Json, now: Json, where: Path) -> Iterator[Change]:
    if canonical(was) == canonical(now):
        return
    if not isinstance(was, dict) or not isinstance(now, dict):
        yield _change(rule, where, "schema", was, now, tightens=now is not True)
        return
    others = sorted({*was, *now}.difference(_STRUCTURE, _REMARKS, DEFINITIONS))
    for keyword in (*_STRUCTURE, *others, *DEFINITIONS):
        old, new = was.get(keyword, NO_PLACE), now.get(keyword, NO_PLACE)
        if not _differ(old, new):
            continue
        if keyword == "required":
            yield from _required(rule, was, now, where)
        elif keyword == "properties":
            yield from _properties(rule, was, now, where)
        elif keyword == "enum" and isinstance(old, list) and isinstance(new, list):
            yield from _values(rule, old, new, where)
        elif keyword == "items" and isinstance(old, dict) and isinstance(new, dict):
            yield from _schemas(rule, old, new, (*where, "*"))
        else:
            yield _change(rule, where, keyword, old, new, tightens=_tightens(keyword, old, new))


def _tightens(keyword: str, old: Json, new: Json) -> bool:
    """Return whether values that were good may be bad after a change of a keyword."""
    if keyword == "type":
        return not _type_set(old) <= _type_set(new)
    if keyword in DEFINITIONS:
        return True
    if new is NO_PLACE or new is _NOTHING_LIMITED.get(keyword, NO_PLACE):
        return False
    if old is not NO_PLACE and keyword in _LOWEST:
        return bool(new > old)
    if old is not NO_PLACE and keyword in _HIGHEST:
        return bool(new < old)
    return True


def _values(rule: str, old: list[Json], new: list[Json], where: Path) -> Iterator[Change]:
    before, after = {canonical(each) for each in old}, {canonical(each) for each in new}
    came = [each for each in new if canonical(each) not in before]
    gone = [each for each in old if canonical(each) not in after]
    if came:
        yield _found("added", rule, where, "enum", f"now also allowed: {listed(came)}")
    if gone:
        text = f"no longer allowed: {listed(gone)}"
        yield _found("removed", rule, where, "enum", text, tightens=True)


def _required(rule: str, was: JsonObject, now: JsonObject, where: Path) -> Iterator[Change]:
    before, after = _names(was, "required"), _names(now, "required")
    # Where a property itself was dropped from the plan, that says it all.
    gone = set(_names(was, "properties")).difference(_names(now, "properties"))
    for name in [name for name in after if name not in before]:
        yield _found("added", rule, (*where, name), "required", "now required", tightens=True)
    for name in [name for name in before if name not in after and name not in gone]:
        yield _found("removed", rule, (*where, name), "required", "now optional")


def _properties(rule: str, was: JsonObject, now: JsonObject, where: Path) -> Iterator[Change]:
    before, after = as_object(was.get("properties")), as_object(now.get("properties"))
    for name in dict.fromkeys([*before, *after]):
        place = (*where, name)
        if name in before and name in after:
            yield from _schemas(rule, before[name], after[name], place)
        elif name in after:
            # Where other properties were not allowed at all, a new one only loosens.
            tightens = _limits(after[name]) and was.get("additionalProperties") is not False
            text = f"new property{_typed(after[name])}"
            yield _found("added", rule, place, "property", text, tightens=tightens)
        else:
            tightens = now.get("additionalProperties") is False
            text = f"property no longer planned{_typed(before[name])}"
            yield _found("removed", rule, place, "property", text, tightens=tightens)


def _found(
    kind: _Kind, rule: str, where: Path, what: str, text: str, *, tightens: bool = False
) -> Change:
    field = field_of(where)
    return Change(kind=kind, rule=rule, field=field, what=what, text=text, tightens=tightens)


def _change(rule: str, where: Path, what: str, was: Json, now: Json, *, tightens: bool) -> Change:
    kind: _Kind = "changed"
    text = f"{what} {shown(was)} -> {shown(now)}"
    if was is NO_PLACE:
        kind, text = "added", f"{what} added: {shown(now)}"
    elif now is NO_PLACE:
        kind, text = "removed", f"{what} removed, was {shown(was)}"
    return _found(kind, rule, where, what, text, tightens=tightens)


def _differ(was: Json, now: Json) -> bool:
    if was is NO_PLACE or now is NO_PLACE:
        return was is not now
    return canonical(was) != canonical(now)


def _type_set(value: Json) -> set[str]:
    if value is NO_PLACE:
        return {"array", "boolean", "integer", "null", "number", "object", "string"}
    types = set(value) if isinstance(value, list) else {str(value)}
    return types | {"integer"} if "number" in types else types


def _typed(schema: Json) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return "" if kind is None else f" ({' or '.join(kind) if isinstance(kind, list) else kind})"


def _limits(schema: Json) -> bool:
    return schema is False or (isinstance(schema, dict) and bool(set(schema) - _REMARKS))


def _names(node: JsonObject, keyword: str) -> list[str]:
    value = node.get(keyword)
    return [str(name) for name in value] if isinstance(value, list | dict) else []
