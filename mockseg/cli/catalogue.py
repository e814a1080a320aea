from __future__ import annotations

import click
import msgspec

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import FoundRule, find, get, nearest_names
from mockseg.catalogue.samples import message_for
from mockseg.cli.flags import json_flag
from mockseg.cli.group import Group
from mockseg.cli.output import say, say_json, say_table, shorten, warn
from mockseg.cli.value_completion import Text
from mockseg.json_types import JsonObject, encode
from mockseg.plans.model import Plan, Strictness, plan_to_json
from mockseg.plans.rule_words import describe

_PLAN = Text(catalogues)
_COLUMNS = ("Property", "Type", "Required", "Rule", "Example")
_SEPARATORS = str.maketrans("", "", " _-.")


@click.group(name="catalogue", cls=Group)
def command() -> None:
    """Show the events that documents describe, plan by plan.

    What is shown is exactly the document, unless --lenient asks for what mockseg accepts.
    """


@command.command(name="list")
@json_flag("All names, as one JSON object.")
def list_command(*, as_json: bool) -> None:
    """List the plans that ship with mockseg."""
    plans = [load(name, strictness="strict") for name in catalogues()]
    events = sum(rule.type == "TRACK" for plan in plans for rule in plan.rules)
    rules = sum(len(plan.rules) for plan in plans)
    if as_json:
        listed = [
            {
                "name": plan.slug,
                "title": plan.name,
                "description": plan.description,
                "document": plan.document,
                "rules": [
                    {"type": rule.type, "name": rule.name, "title": rule.title}
                    for rule in plan.rules
                ],
            }
            for plan in plans
        ]
        say_json({"plans": listed, "rules": rules, "trackEvents": events}, indented=True)
        return
    widest = max(len(plan.slug) for plan in plans)
    for plan in plans:
        say(f"{plan.slug:{widest}}  {len(plan.rules):3}  {plan.name}")
        say(f"{'':{widest}}       {plan.document}")
    say(f"{len(plans)} plans, {rules} rules, {events} of them for track events")
    say('Show one with: mockseg catalogue show PLAN, or show "EVENT"')


def _show_plan(plan: Plan) -> None:
    say(f"{plan.name} ({plan.slug}, {plan.strictness})")
    say(plan.description)
    say(f"Document: {plan.document}")
    say(f"Sent by:  {plan.wire.channel}, as {' and '.join(plan.wire.calls)}")
    say()
    widest = max(len(rule.name) for rule in plan.rules)
    for rule in plan.rules:
        say(f"{rule.type:8}  {rule.name:{widest}}  {rule.title}")
    say()
    say(f"{len(plan.rules)} rules")


def _show_event(match: FoundRule) -> None:
    plan, rule = match.plan, match.rule
    say(f"{rule.name} ({rule.type}, plan {plan.slug}, {plan.strictness})")
    say(rule.title)
    say(f"Document: {rule.document}")
    if rule.aliases:
        say(f"Also as:  {', '.join(rule.aliases)}")
    rows = [
        (
            *msgspec.structs.astuple(row)[:-1],
            "" if row.example is None else shorten(encode(row.example).decode(), longest=60),
        )
        for row in describe(rule)
    ]
    if rows:
        say()
        say_table(_COLUMNS, rows)
    say()
    say("Example:")
    say_json(message_for(plan, rule), indented=True)


def _event_json(match: FoundRule) -> JsonObject:
    plan, rule = match.plan, match.rule
    return {
        "plan": plan.slug,
        "strictness": plan.strictness,
        "type": rule.type,
        "name": rule.name,
        "title": rule.title,
        "document": rule.document,
        "aliases": list(rule.aliases),
        "properties": [msgspec.structs.asdict(row) for row in describe(rule)],
        "sample": message_for(plan, rule),
        "examples": list(rule.examples),
        "jsonSchema": rule.schema,
    }


@command.command(name="show")
@click.argument("name", metavar='PLAN|"EVENT"', type=_PLAN)
@click.option("--plan", metavar="PLAN", type=_PLAN, help="Look for the event in this plan only.")
@click.option(
    "--strict/--lenient",
    "strict",
    default=True,
    help="Exactly the document, or what either document of the source allows.  [--strict]",
)
@json_flag("A plan as Segment's JSON; an event with its schema.")
def _show_command(*, name: str, plan: str | None, strict: bool, as_json: bool) -> None:
    """Show a plan, or an event: properties, types, rules, an example, its document.

    An event may also be named by its name without the vendor's suffix, or in other case.
    Exit 2 when no event has that name; the nearest names are printed.
    """
    strictness: Strictness = "strict" if strict else "lenient"
    if plan is None and name in catalogues():
        chosen = load(name, strictness=strictness)
        if as_json:
            say_json(plan_to_json(chosen), indented=True)
        else:
            _show_plan(chosen)
        return
    shown, others = _matches(name, plan=plan, strictness=strictness)
    if as_json:
        say_json({"events": [_event_json(match) for match in shown + others]}, indented=True)
        return
    for place, match in enumerate(shown):
        if place:
            say()
        _show_event(match)
    if others:
        places = ", ".join(f"{each.rule.name} (--plan {each.plan.slug})" for each in others)
        say()
        say(f"Also in other plans: {places}")


def _matches(
    name: str, *, plan: str | None, strictness: Strictness
) -> tuple[list[FoundRule], list[FoundRule]]:
    """Find what a name means: the rules to show, and those of the same name in other plans.

    Raises:
        PlanError: no event has that name; the sentence has the nearest names.
    """
    # A lenient plan knows the spellings that were seen in the wild.
    found = _known(find(name, plan=plan, strictness="lenient"), strictness)
    if not found:
        for near in nearest_names(name, plan=plan, strictness=strictness):
            if _core(near) == _core(name):
                found += _known(find(near, plan=plan, strictness=strictness), strictness)
    if not found:
        get(name, plan=plan, strictness=strictness)
        raise AssertionError  # pragma: no cover - it was looked for in the same way
    first = found[0]
    if first.rule.name != name:
        warn(f'no event is called exactly "{shorten(name)}"; this is "{first.rule.name}"')
    shown = [
        each
        for each in found
        if each.plan.slug == first.plan.slug and each.rule.name == first.rule.name
    ]
    return shown, [each for each in found if each not in shown]


def _known(matches: tuple[FoundRule, ...], strictness: Strictness) -> list[FoundRule]:
    known: list[FoundRule] = []
    for match in matches:
        plan = load(match.plan.slug, strictness=strictness)
        rule = plan.rule(match.rule.name, type=match.rule.type)
        if rule is not None:
            known.append(FoundRule(plan, rule))
    return known


def _core(name: str) -> str:
    """Return a name without case, separators and the suffix of its vendor."""
    return name.partition("(")[0].casefold().translate(_SEPARATORS)
