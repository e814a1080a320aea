"""``mockseg catalogue show``: one plan, or one event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.lookup import Match, find, get, nearest_names
from mockseg.cli.catalogue_text import event_json, event_text, plan_text
from mockseg.cli.output import on_terminal, say, say_json, say_text, shorten, warn
from mockseg.plans.model import plan_to_json

if TYPE_CHECKING:
    from mockseg.plans.model import Strictness


_SEPARATORS = str.maketrans("", "", " _-.")


@click.command(name="show")
@click.argument("name", metavar='PLAN|"EVENT"')
@click.option("--plan", metavar="PLAN", help="Look for the event in this plan only.")
@click.option(
    "--strict/--lenient",
    "strict",
    default=True,
    help="Exactly the document, or what either document of the source allows.  [--strict]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="A plan as Segment's JSON; an event with its schema."
)
def show_command(*, name: str, plan: str | None, strict: bool, as_json: bool) -> None:
    """Show a plan, or an event: properties, types, rules, an example, its document.

    An event may also be named by its name without the vendor's suffix, or in other case.
    Exit 2 when nothing is called so; the nearest names are told.
    """
    strictness: Strictness = "strict" if strict else "lenient"
    if plan is None and name in catalogues():
        chosen = load(name, strictness=strictness)
        if as_json:
            say_json(plan_to_json(chosen), indented=True)
        else:
            say_text(plan_text(chosen))
        return
    shown, others = _matches(name, plan=plan, strictness=strictness)
    if as_json:
        say_json({"events": [event_json(match) for match in shown + others]}, indented=True)
        return
    width = None
    if on_terminal():
        import shutil

        width = shutil.get_terminal_size().columns
    say_text("\n\n".join(event_text(match, width=width) for match in shown))
    if others:
        places = ", ".join(f"{each.rule.name} (--plan {each.plan.slug})" for each in others)
        say()
        say(f"Also in other plans: {places}")


def _matches(
    name: str, *, plan: str | None, strictness: Strictness
) -> tuple[list[Match], list[Match]]:
    """Find what a name means: the rules to show, and those of the same name in other plans.

    Raises:
        PlanError: nothing is called so; the sentence has the nearest names.
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
        said = f'no event is called exactly "{shorten(name)}"; this is "{first.rule.name}"'
        warn(said)
    shown = [
        each
        for each in found
        if each.plan.slug == first.plan.slug and each.rule.name == first.rule.name
    ]
    return shown, [each for each in found if each not in shown]


def _known(matches: tuple[Match, ...], strictness: Strictness) -> list[Match]:
    """Give the same rules as the plans of this strictness have them."""
    known: list[Match] = []
    for match in matches:
        plan = load(match.plan.slug, strictness=strictness)
        rule = plan.rule(match.rule.name, type=match.rule.type)
        if rule is not None:
            known.append(Match(plan, rule))
    return known


def _core(name: str) -> str:
    """Give a name without case, separators and the suffix of its vendor."""
    return name.partition("(")[0].casefold().translate(_SEPARATORS)
