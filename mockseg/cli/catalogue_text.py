"""A plan and an event of the catalogue, for people and as JSON."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mockseg.catalogue.describe import describe
from mockseg.catalogue.messages import message_for
from mockseg.cli.output import shorten
from mockseg.json_types import JsonObject, encode, pretty

if TYPE_CHECKING:
    from mockseg.catalogue.lookup import Match
    from mockseg.plans.model import Plan


# Wider than any row: what goes to a pipe is not folded.
_UNFOLDED = 4000
_NARROWEST = 60
_COLUMNS = ("Property", "Type", "Required", "Rule", "Example")


def plan_text(plan: Plan) -> str:
    """Draw a plan: what it is about, and a line for each of its rules."""
    lines = [
        f"{plan.name} ({plan.slug}, {plan.strictness})",
        plan.description,
        f"Document: {plan.document}",
        f"Sent by:  {plan.wire.channel}, as {' and '.join(plan.wire.calls)}",
        "",
    ]
    widest = max(len(rule.name) for rule in plan.rules)
    lines += [f"{rule.type:8}  {rule.name:{widest}}  {rule.title}" for rule in plan.rules]
    return "\n".join([*lines, "", f"{len(plan.rules)} rules"])


def event_text(match: Match, *, width: int | None) -> str:
    """Draw an event: its properties as a table, then a whole call.

    Args:
        match: the event's rule and its plan.
        width: of the terminal in characters; None where nothing is to be folded.
    """
    plan, rule = match.plan, match.rule
    lines = [
        f"{rule.name} ({rule.type}, plan {plan.slug}, {plan.strictness})",
        rule.title,
        f"Document: {rule.document}",
    ]
    if rule.aliases:
        lines.append(f"Also as:  {', '.join(rule.aliases)}")
    rows = describe(rule)
    if rows:
        lines += ["", _table(match, width=width)]
    lines += ["", "Example:", pretty(message_for(plan, rule))]
    return "\n".join(lines)


def event_json(match: Match) -> JsonObject:
    """Give all that is known of an event as JSON."""
    plan, rule = match.plan, match.rule
    return {
        "plan": plan.slug,
        "strictness": plan.strictness,
        "type": rule.type,
        "name": rule.name,
        "title": rule.title,
        "document": rule.document,
        "aliases": list(rule.aliases),
        "properties": [
            {
                "property": row.property,
                "type": row.type,
                "required": row.required,
                "rule": row.rule,
                "example": row.example,
            }
            for row in describe(rule)
        ],
        "sample": message_for(plan, rule),
        "examples": list(rule.examples),
        "jsonSchema": rule.schema,
    }


def _table(match: Match, *, width: int | None) -> str:
    table = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        column.overflow = "fold"
    for row in describe(match.rule):
        example = "" if row.example is None else shorten(encode(row.example).decode(), longest=60)
        cells = (row.property, row.type, row.required, row.rule, example)
        # Plain texts: brackets in them mean nothing.
        table.add_row(*(Text(cell) for cell in cells))
    stream = io.StringIO()
    columns = _UNFOLDED if width is None else max(width, _NARROWEST)
    Console(file=stream, width=columns, color_system=None, legacy_windows=False).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip("\n").split("\n"))
