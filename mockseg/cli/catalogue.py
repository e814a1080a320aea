"""``mockseg catalogue``: every documented event, as a person reads it."""

from __future__ import annotations

import click

from mockseg.catalogue.loader import catalogues, load
from mockseg.cli.catalogue_samples import samples_command
from mockseg.cli.catalogue_show import show_command
from mockseg.cli.noun import Noun
from mockseg.cli.output import say, say_json


@click.group(name="catalogue", cls=Noun)
def command() -> None:
    """Show the events that documents describe, plan by plan.

    What is shown is exactly the document, unless --lenient asks for what mockseg accepts.
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="All names, as one JSON object.")
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


command.add_command(show_command)
command.add_command(samples_command)
